"""Faults of expressions and packs are shown whole: message, place, line, caret and hint."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from goldline.core.errors import GoldlineError
from goldline.core.policy.diagnostic import Diagnostic, PolicyError
from goldline.core.policy.expression import parse
from goldline.core.policy.pack import load
from goldline.market.vocabulary import vocabulary
from tests.policy.book import BOOK, edited, pack
from tests.policy.oracle import TYPES

SNAPSHOTS = Path(__file__).parent / "snapshots"

EXPRESSIONS = (
    "piad * 0.01", "Paid", "paid * fee", "paid + n", "paid > a_at", "n / 0", "paid / (0)", "n / paid", "now()",
    "current_date", "a_at < now", "lower(who)", "celi(n)", "sum(paid)", "count(*)", "sum(paid) over ()", "(select 1)",
    "paid in (select 1)", "exists(select 1)", "*", "f.paid", '"paid"', "paid -- more", "paid /* more */", "paid; fee",
    "$1", "?", ":name", "paid::text", "cast(paid as text)", "who || 'x'", "paid % 2", "who like 'a%'", "who < 'x'",
    "ok is true", "paid = null", "a_at + 2", "a_at + b_at", "interval '1 month' < b_at - a_at", "b_at - a_at > 3",
    "a_at + interval 'soon'", "interval '200 years' > b_at - a_at", "clamp(paid, 50, 2)", "clamp(paid, 2)",
    "round(paid, n)", "round(who)", "case who when 'x' then 1 end", "case when paid then 1 end",
    "case when ok then 1 else 'x' end", "paid in (fee, 2)", "1e5", "0.123456789", "1234567890123456", "E'x'", "$$x$$",
    "paid +", "abs(", "'open", "", "   ", "null", "broken('ship-by')", "random()", "not paid", "ok and who",
    "paid * 100 * 100 * 100 * 100 * 100 * 100 * 100 * 100", "deadline(who, a_at)", "deadline(a_at, a_at, who)",
    "piad > 2 and ok = 3 and lower(who) = 'x'", "coalesce(a_at, 'x')", "least(who, 'x')", "paid > all(fee)",
    "pg_sleep(9)",
)  # fmt: skip


_SHARED = '\'carrier\' end"\nshare = {{ merchant = {{ for = "{}", part = {} }}, {} }}'


def faults(text: str) -> tuple[Diagnostic, ...]:
    """What is wrong with an expression."""
    with pytest.raises(PolicyError) as caught:
        parse(text, types=TYPES, want=None, currency="CNY")
    return caught.value.diagnostics


def compare(name: str, text: str) -> None:
    """Compare with the kept text; GOLDLINE_SNAPSHOTS=write keeps the new one, to be read before it is committed."""
    path = SNAPSHOTS / f"{name}.txt"
    if os.environ.get("GOLDLINE_SNAPSHOTS") == "write":
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


def test_faults_of_expressions() -> None:
    """Every refused expression says what was wrong, where, and what to do."""
    compare("expressions", "\n".join(each.as_text() + "\n" for text in EXPRESSIONS for each in faults(text)))


def test_every_fault_of_an_expression_is_named() -> None:
    """One pass finds all the faults, in order of place."""
    found = faults("piad > 2 and ok = 3 and lower(who) = 'x'")
    assert [(each.column, each.message) for each in found] == [
        (1, "unknown fact 'piad'"),
        (14, "'=' compares values of one type, not true or false and a number"),
        (25, "the function 'lower' is not allowed"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ok and " * 300 + "ok", "the expression has 2102 characters; the most is 2000"),
        ("(" * 41 + "ok" + ")" * 41, "brackets are nested 41 deep; the most is 40"),
        ("not " * 60 + "ok", "the expression is nested more than 40 deep"),
        ("not " * 498 + "ok", "the expression is nested more than 40 deep"),
        (" + ".join(["n"] * 60), "the expression is nested more than 40 deep"),
        ("clamp(" * 30 + "n" + ",1,2)" * 30, "this is too complicated"),
    ],
)
def test_sizes_are_bounded(text: str, message: str) -> None:
    """Too long, too deep or too large when compiled: refused quickly, whatever the text."""
    assert message in [each.message for each in faults(text)]


PACKS = {
    "syntax": [("id       = ", "id       ")],
    "names": [('made_at   = "paid_at"', 'made_at   = "piad_at"'), ("broken('ship-by')", "broken('shipby')")],
    "keys": [("grace     =", "grase     ="), ('as   = "coupon"', 'kind = "coupon"'), ("limit = 5000", "limti = 5000")],
    "types": [
        ('grace     = "2 hours"', "grace     = 2"), ("cap       = 50", 'cap       = "much"'),
        ('due_at    = "ship_by"', 'due_at    = "paid_amount"'), ('kept_at = "delivered_at"', "kept_at = 2026-01-01"),
        ("on        = ", "on        = 3 # "), ("title    = {", 'title    = "Shop" # {'),
    ],
    "amounts": [
        ("cap       = 50", "cap       = -1"), ("limit = 100000", "limit = 0.001"), ("limit = 5000", "limit = 1e30"),
    ],
    "words": [(', "zh-Hans" = "按时送达"', ""), ('en = "Shop", ', ""), ('en = "Delivered on time"', 'en = " "')],
    "choices": [
        ('currency = "CNY"', 'currency = "CNX"'), ('as   = "refund"', 'as   = "gift"'), ('"month"', '"moon"'),
        ('on      = "order"', 'on      = "ordre"'), ("'carrier' end", "'courier' end"),
    ],
    "dates": [
        ("until = 2026-07-01", "until = 2025-07-01"),
        ('from = 2026-07-01, by = "paid_at"', 'from = 2026-02-28, by = "x"'),
    ],
    "shares": [("'carrier' end\"", _SHARED.format("ship-bye", "1.5", "courier = 0.5"))],
    "parts": [("'carrier' end\"", _SHARED.format("ship-by", "0.5", 'carrier = { for = "ship-by", part = 0.4 }'))],
    "fact": [('until = 2026-07-01, by = "paid_at"', 'until = 2026-07-01, by = "paid_amount"')],
    "overlap": [("from = 2026-07-01", "from = 2026-06-30")],
    "twice": [("from = 2026-07-01,", "from = 2026-01-01, until = 2026-07-01,")],
    "undated": [('effective = { from = 2026-07-01, by = "paid_at" }\n', "")],
    "missing": [('due_at    = "ship_by"\n', ""), ('[pack]\nid       = "shop"\n', "[pack]\n"), ('pay   = "5"\n', "")],
    "ids": [('id       = "shop"', 'id       = "Shop!"'), ('id      = "deliver-by"', 'id      = "deliver_by"')],
    "escaped": [('due_at    = "ship_by"', 'due_at    = "ship\\u005Fbyy"'), ("paid_amount * 0.05", "按时 * 0.05")],
    "grace": [('grace     = "2 hours"', 'grace     = "1 month"'), ('after = "48 hours"', 'after = "soon"')],
    "macro": [('excused   = "cancelled_at <= ship_by"', "excused   = \"broken('deliver-by')\"")],
}  # fmt: skip


@pytest.mark.parametrize("name", PACKS)
def test_faults_of_packs(name: str) -> None:
    """Every fault of a pack is told at once, with its file, line and caret."""
    with pytest.raises(PolicyError) as caught:
        pack(edited(*PACKS[name]))
    compare(f"pack-{name}", caught.value.as_text() + "\n")


def test_multi_line_expressions_keep_their_place() -> None:
    """A fault inside a text of several lines is shown on its own line."""
    text = edited(('excused   = "cancelled_at <= ship_by"', 'excused   = """\n  cancelled_at\n    <= shipby"""'))
    with pytest.raises(PolicyError) as caught:
        pack(text)
    line = text.split("\n").index('    <= shipby"""') + 1
    assert [(each.line, each.column, each.message) for each in caught.value.diagnostics] == [
        (line, 8, "unknown fact 'shipby'")
    ]


def test_carets_stand_under_wide_letters() -> None:
    """Chinese letters take two columns of a terminal, and the caret allows for it."""
    shown = Diagnostic("a.toml", 1, 4, "wrong", None, "准时 x = 1", 1).as_text().split("\n")
    assert shown[-1] == "  | " + " " * 5 + "^"


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"# nothing\n", b"promise = 3\n", b"[pack]\n", b"pack = []\n"])
def test_hopeless_files(tmp_path: Path, content: bytes) -> None:
    """An empty file, a file in another encoding or of another shape is refused with a sentence."""
    path = tmp_path / "policies.toml"
    path.write_bytes(content)
    with pytest.raises(GoldlineError) as caught:
        load(path, vocabulary())
    assert caught.value.message
    assert caught.value.where is not None
    assert str(path) in caught.value.where


def test_unknown_pack() -> None:
    """A name that is no pack is answered with those there are."""
    with pytest.raises(GoldlineError) as caught:
        load("olits", vocabulary())
    assert (caught.value.code, caught.value.hint) == ("pack_missing", "did you mean 'olist'?")


def test_the_book_itself_is_sound() -> None:
    """The book the faults are made from has none."""
    assert [each.policy for each in pack(BOOK).promises] == ["shop.ship-by", "shop.ship-by", "shop.deliver-by"]

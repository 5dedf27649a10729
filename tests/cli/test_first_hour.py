"""What somebody meets in the first hour: nothing made in silence, nothing said twice, every number with its meaning."""

from __future__ import annotations

import json
import socket
import tomllib
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from goldline.core.doctor import NO_POLICY
from goldline.core.refusal import explain
from goldline.core.settings import settings
from goldline.core.spelling import closest
from goldline.market.events import catalogue
from goldline.market.vocabulary import vocabulary
from goldline.surfaces.cli.factdocs import facts_page, settings_page
from goldline.surfaces.cli.permissiondocs import permissions_page
from goldline.surfaces.cli.program import FAILED, counted
from goldline.surfaces.web.permission import matrix
from tests.cli.conftest import Goldline
from tests.policy.book import edited

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("facts.md", facts_page(vocabulary())),
        ("settings.md", settings_page()),
        ("permissions.md", permissions_page(matrix())),
    ],
)
def test_the_reference_pages_are_up_to_date(name: str, text: str) -> None:
    """What is committed is what the source says; `goldline docs` writes it."""
    assert (REFERENCE / name).read_text(encoding="utf-8") == text, f"{name} is stale: run `make docs`"


@pytest.mark.parametrize("page", ["facts", "settings", "permissions"])
def test_the_pages_are_written(goldline: Goldline, tmp_path: Path, page: str) -> None:
    """Into the folder named."""
    assert goldline("docs", page, "--out", tmp_path).code == 0
    assert (tmp_path / f"{page}.md").read_text(encoding="utf-8").startswith("# ")


def test_without_a_policy_it_is_said(goldline: Goldline) -> None:
    """By an empty report as by the doctor."""
    assert NO_POLICY in goldline("report", "promises").err
    told = goldline("report", "promises", "--format", "json")
    assert (json.loads(told.out), NO_POLICY in told.err) == ([], True)
    assert NO_POLICY in goldline("doctor").out


def test_looking_and_trying_make_no_record(goldline: Goldline, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Cases run in a database that is thrown away; report and doctor say that there is no record, and make none."""
    monkeypatch.delenv("DATABASE_URL")
    settings.cache_clear()
    tried = goldline("policy", "test", "demo")
    assert (tried.code, "thrown away" in tried.err, "0 failed" in tried.err) == (0, True, True)
    assert "no Goldline record here yet" in goldline("report", "promises").err
    assert "no record yet" in goldline("doctor").out
    settings.cache_clear()
    assert not (tmp_path / "home" / "postgres").exists()


def test_a_run_sums_up(goldline: Goldline, database: Connection[Any], tmp_path: Path) -> None:
    """What it folded and found, over how many partitions, and who else holds some."""
    path = tmp_path / "e.csv"
    path.write_text("type,id,time,order_id\norder.accepted,e1,2026-08-10T12:00:00Z,o1\n")
    goldline("import", "events", path)
    assert goldline("run", "--until-idle").err == "1 event folded, 0 findings made, 2 partitions.\n"
    database.execute("UPDATE partition SET holder = 'w9', leased_until = now() + interval '1 hour' WHERE id = 1")
    database.commit()
    assert goldline("run", "--until-idle").err.endswith("2 partitions. Other workers hold 1 (w9).\n")


def test_a_pack_without_cases_is_not_a_success_in_silence(goldline: Goldline, tmp_path: Path) -> None:
    """It is said that nothing was tested, and where cases belong."""
    packs = Path(__file__).parents[2] / "src" / "goldline" / "market" / "packs"
    (tmp_path / "policies.toml").write_bytes((packs / "olist" / "policies.toml").read_bytes())
    told = goldline("policy", "test", tmp_path)
    assert "nothing was tested" in told.err
    assert "cases.toml" in told.err
    (tmp_path / "bare").mkdir()
    bare = goldline("policy", "check", tmp_path / "bare")
    assert (bare.code, "holds no policies.toml" in bare.err) == (FAILED, True)


def test_bounds_are_days_of_the_packs_zone(goldline: Goldline, tmp_path: Path) -> None:
    """As the author wrote them, not as UTC has them."""
    path = tmp_path / "policies.toml"
    path.write_text(edited(), encoding="utf-8")
    told = goldline("policy", "explain", path)
    assert told.code == 0, told.err
    lines = [line for line in told.out.splitlines() if line.startswith("  in force")]
    written = {str(each["effective"][edge]) for each in tomllib.loads(edited())["promise"] if "effective" in each
               for edge in ("from", "until") if edge in each["effective"]}  # fmt: skip
    assert written
    assert all(any(day in line for line in lines) for day in written)


def test_a_link_says_whose_address_it_has(goldline: Goldline, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until a public address is set."""
    assert "GOLDLINE_PUBLIC_URL" in goldline("link", "o1").err
    monkeypatch.setenv("GOLDLINE_PUBLIC_URL", "https://shop.example")
    settings.cache_clear()
    assert "GOLDLINE_PUBLIC_URL" not in goldline("link", "o1").err


def test_a_demo_whose_port_is_taken(goldline: Goldline) -> None:
    """Names only options that the demo has."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        told = goldline("demo", "--port", other.getsockname()[1])
    assert (told.code, "--host" in told.err, "--port" in told.err) == (FAILED, False, True)


def test_a_column_named_data_is_refused(goldline: Goldline, tmp_path: Path) -> None:
    """One column a field; the sentence says so."""
    path = tmp_path / "e.csv"
    path.write_text('type,id,time,data\norder.accepted,e1,2026-08-10T12:00:00Z,"{}"\n')
    told = goldline("import", "events", path)
    assert (told.code, "one column for each of its fields" in told.err) == (FAILED, True)


def test_a_rule_that_does_not_exist_names_those_that_do() -> None:
    """Not the sentence about identifiers."""
    raw = json.dumps(
        {"specversion": "1.0", "id": "e", "source": "s", "type": "order.paid", "time": "2026-08-10T09:00:00Z",
         "data": {"order_id": "o1", "paid_minor": 1, "currency": "CNY", "ship_rule": "48h"}}
    ).encode()  # fmt: skip
    with pytest.raises(Exception, match="regex") as caught:
        catalogue().checked_decoder().decode(raw)
    reason = explain(raw, caught.value, catalogue()).reason
    assert reason.startswith('`data.ship_rule` is "48h", which is none of these.')
    assert "hours:48" in reason


@pytest.mark.parametrize(
    ("word", "names", "meant"),
    [
        ("order.payed", ["order.placed", "order.paid"], "order.paid"),
        ("PAID_AT", ["paid_at", "placed_at"], "paid_at"),
        ("zzz", ["order.paid"], None),
    ],
)
def test_the_name_that_was_meant(word: str, names: list[str], meant: str | None) -> None:
    """Of two alike, the one that begins alike."""
    assert closest(word, names) == meant


@pytest.mark.parametrize(("count", "text"), [(0, "0 keys"), (1, "1 key"), (1200, "1,200 keys")])
def test_numbers_and_nouns_agree(count: int, text: str) -> None:
    """One key, two keys."""
    assert counted(count, "key") == text

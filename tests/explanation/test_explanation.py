"""Explanations: promises, clocks, evidence, values, money and a sentence, in English and Chinese."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import Connection, sql
from psycopg.types.json import Jsonb

from goldline.core.judge.explanation import explain
from goldline.core.judge.sentence import amount, duration
from goldline.core.judge.telling import told
from goldline.core.judge.told import Explanation, PromiseTold
from goldline.core.policy.published import load_published, publish
from goldline.market.vocabulary import vocabulary
from tests.policy.book import edited, pack

Database = Connection[Any]
PAID = datetime(2026, 3, 1, tzinfo=UTC)
DUE = datetime(2026, 3, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)
FINDING = "00000000-0000-0000-0000-00000000000a"
REMEDY = "00000000-0000-0000-0000-00000000000b"
ENTRY = "00000000-0000-0000-0000-00000000000c"


def order(database: Database, **facts: Any) -> None:
    """An order of 500.00 CNY, to ship by 3 March, with these facts, under the published book."""
    publish(database, pack(edited()), vocabulary(), PAID)
    row = {"partition": 1, "key": "o-1", "paid_at": PAID, "paid_amount": 50_000, "ship_by": DUE, **facts}
    names, marks = sql.SQL(", ").join(map(sql.Identifier, row)), sql.SQL(", ").join([sql.Placeholder()] * len(row))
    database.execute(sql.SQL("INSERT INTO fact_order ({}) VALUES ({})").format(names, marks), list(row.values()))


def finding(database: Database, status: str = "standing", nodes: list[Mapping[str, Any]] | None = None) -> None:
    """The finding of the late hand-over, as a step records it."""
    database.execute(
        "INSERT INTO finding (partition, id, policy, version, subject, key, due_at, found_at, facts, nodes, status)"
        " VALUES (1, %s, 'shop.ship-by', 1, 'order', 'o-1', %s, %s, '{}', %s, %s)",
        [FINDING, DUE, DUE + 2 * HOUR, Jsonb(nodes or []), status],
    )


def remedy(database: Database, state: str = "paid", charged_to: str = "merchant:m-1", why: str | None = None) -> None:
    """Its coupon of 5.00 CNY, with the posting that charged the merchant."""
    database.execute(
        "INSERT INTO remedy (partition, id, finding_id, policy, key, kind, payee, bearer, charged_to, asked_minor,"
        " amount_minor, currency, state, why, accrued_at) VALUES (1, %s, %s, 'shop.ship-by', 'o-1', 'coupon',"
        " 'consumer:c-1', 'merchant:m-1', %s, 500, 500, 'CNY', %s, %s, %s)",
        [REMEDY, FINDING, charged_to, state, why, DUE + 2 * HOUR],
    )
    database.execute(
        "INSERT INTO posting (partition, entry, line, account, currency, amount_minor, reason, remedy_id, posted_at)"
        " SELECT 1, %s, n, a, 'CNY', m, 'accrue', %s, %s"
        " FROM (VALUES (0, 'merchant:m-1', -500), (1, 'clearing:payout', 500)) v(n, a, m)",
        [ENTRY, REMEDY, DUE + 2 * HOUR],
    )


def explained(database: Database, now: datetime) -> Explanation:
    """The order explained."""
    words = vocabulary()
    found = explain(database, words, load_published(database, words), "order", "o-1", now)
    assert found is not None
    return found


def shipping(database: Database, now: datetime) -> PromiseTold:
    """What is told of the shipping promise, the only one made."""
    (promise,) = explained(database, now).promises
    assert promise.policy == "shop.ship-by"
    return promise


def test_a_promise_still_open(database: Database) -> None:
    """A pending promise says when it is due and how long is left."""
    order(database)
    promise = shipping(database, DUE - 3 * HOUR)
    assert (promise.state, promise.made_at, promise.due_at, promise.kept_at) == ("pending", PAID, DUE, None)
    assert (promise.grace_s, promise.judge_at) == (7200, DUE + 2 * HOUR)
    assert promise.summary == {
        "en": "Ships on time: due 2026-03-03 00:00:00Z, 3 h left.",
        "zh-Hans": "按时发货：截止时间 2026-03-03 00:00:00Z，还剩 3 小时。",
    }


@pytest.mark.parametrize(
    ("facts", "now", "state", "english"),
    [
        ({"picked_up_at": DUE - HOUR}, DUE, "kept", "Ships on time: kept, 1 h before the deadline."),
        ({"picked_up_at": DUE}, DUE, "kept", "Ships on time: kept at the deadline."),
        ({"cancelled_at": PAID + HOUR}, DUE, "excused", "Ships on time: excused."),
        ({}, DUE + HOUR, "pending", "Ships on time: 1 h past the deadline, within the time for evidence."),
        ({}, DUE + 26 * HOUR, "broken", "Ships on time: not kept, 1 d 2 h past the deadline; being judged."),
    ],
)
def test_states_in_a_sentence(
    database: Database, facts: dict[str, Any], now: datetime, state: str, english: str
) -> None:
    """Each state has its sentence."""
    order(database, **facts)
    promise = shipping(database, now)
    assert (promise.state, promise.summary["en"]) == (state, english)


def test_a_breach_that_was_paid(database: Database) -> None:
    """What was paid, by whom, on which postings."""
    order(database, picked_up_at=DUE + 5 * HOUR)
    finding(database)
    remedy(database)
    promise = shipping(database, DUE + 9 * HOUR)
    assert promise.summary == {
        "en": "Ships on time: 5 h late; 5.00 CNY coupon paid, borne by the merchant.",
        "zh-Hans": "按时发货：晚了 5 小时；5.00 CNY 优惠券已支付，由商家承担。",
    }
    (owed,) = promise.remedies
    assert [(line.account, line.amount_minor, line.reason) for line in owed.postings] == [
        ("merchant:m-1", -500, "accrue"),
        ("clearing:payout", 500, "accrue"),
    ]


def test_an_exonerated_breach(database: Database) -> None:
    """Late evidence clears the merchant; the consumer keeps the coupon, and the platform bears it."""
    order(database, picked_up_at=DUE - HOUR)
    finding(database, status="exonerated")
    remedy(database, charged_to="platform")
    assert shipping(database, DUE + 9 * HOUR).summary["en"] == (
        "Ships on time: kept, 1 h before the deadline; found broken before, since exonerated;"
        " 5.00 CNY coupon paid, charged to the merchant first and now borne by the platform."
    )


def test_held_money_says_why(database: Database) -> None:
    """A remedy that waits for a person says for what."""
    order(database)
    finding(database)
    remedy(database, state="held", why="budget")
    summary = shipping(database, DUE + 9 * HOUR).summary
    assert summary["en"].endswith("5.00 CNY coupon held (the budget is spent), borne by the merchant.")
    assert summary["zh-Hans"].endswith("5.00 CNY 优惠券待复核（预算已用完），由商家承担。")


def test_every_node_has_its_value(database: Database) -> None:
    """Each clause is shown as written, with the value of each of its nodes; evidence says what it is."""
    order(database, picked_up_at=DUE - HOUR)
    promise = shipping(database, DUE)
    values = {(clause.name, node.label): node.value for clause in promise.clauses for node in clause.nodes}
    assert values["excused", "cancelled_at <= ship_by"] is None
    assert values["pay", "paid_amount * 0.01"] == 500
    assert values["pay", "clamp(paid_amount * 0.01, 2, 50)"] == 500
    evidence = {each.name: (each.value, each.about) for each in promise.evidence}
    assert evidence["picked_up_at"] == (DUE - HOUR, "the carrier's pickup scan")


def test_a_finding_keeps_what_it_saw(database: Database) -> None:
    """The values of a standing finding are those it was judged on, not those of today."""
    order(database)
    finding(database, nodes=[{"label": "paid_amount * 0.01", "value": 999}])
    promise = shipping(database, DUE + 9 * HOUR)
    assert [n.value for c in promise.clauses for n in c.nodes if n.label == "paid_amount * 0.01"] == [999]


def test_a_finding_is_told_with_the_facts_it_saw(database: Database) -> None:
    """A fact that came after the finding is evidence of today; the values beside the decision are as seen then."""
    order(database, picked_up_at=DUE + 5 * HOUR, paid_amount=100_000)
    finding(database, nodes=[{"label": "paid_amount * 0.01", "value": 500}])
    database.execute("UPDATE finding SET facts = %s", [Jsonb({"paid_amount": 50_000, "picked_up_at": None})])
    promise = shipping(database, DUE + 9 * HOUR)
    values = {node.label: node.value for clause in promise.clauses for node in clause.nodes}
    assert (values["paid_amount"], values["paid_amount * 0.01"], values["picked_up_at"]) == (50_000, 500, None)
    today = {each.name: each.value for each in promise.evidence}
    assert (today["paid_amount"], today["picked_up_at"]) == (100_000, DUE + 5 * HOUR)
    assert promise.seen_at == DUE + 2 * HOUR
    text = told(explained(database, DUE + 9 * HOUR), "en").split("\n")
    assert "  evidence (as known now)" in text
    assert "  values (as seen at the finding, 2026-03-03 02:00:00Z)" in text
    paid = [line.partition("  (")[0] for line in text if line.lstrip().startswith("paid_amount = ")]
    assert paid == ["    paid_amount = 1,000.00 CNY", "      paid_amount = 500.00 CNY"]


def test_values_without_a_finding_are_of_now(database: Database) -> None:
    """Nothing was found: what is shown is what is known."""
    order(database)
    assert shipping(database, DUE).seen_at is None
    assert "  values (as known now)" in told(explained(database, DUE), "en")


def test_a_later_remedy_says_after_what_time(database: Database) -> None:
    """The clauses of a remedy that is owed later say how long after the deadline."""
    order(database)
    later = {clause.after_s for clause in shipping(database, DUE).clauses if clause.name == "pay"}
    text = told(explained(database, DUE), "en")
    assert all(f"pay ({duration(each, 'en')} after the deadline): " in text for each in later - {0})
    assert later - {0}


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(100_379, "CNY", "1,003.79 CNY"), (-5, "CNY", "-0.05 CNY"), (1_234_567, "JPY", "1,234,567 JPY")],
)
def test_amounts(minor: int, currency: str, text: str) -> None:
    """In major units, thousands apart."""
    assert amount(minor, currency) == text


def test_rules_that_change_are_compiled_again(database: Database) -> None:
    """After publishing, the next explanation is by the new rules."""
    order(database)
    assert shipping(database, DUE).title["en"] == "Ships on time"
    publish(database, pack(edited(('en = "Ships on time"', 'en = "Leaves on time"'))), vocabulary(), PAID)
    assert shipping(database, DUE).title["en"] == "Leaves on time"


def test_an_unknown_subject(database: Database) -> None:
    """Nothing is known, nothing is explained."""
    order(database)
    words = vocabulary()
    assert explain(database, words, load_published(database, words), "order", "o-2", DUE) is None


def test_renderings(database: Database) -> None:
    """JSON is plain and complete; text is in the language asked for."""
    order(database, picked_up_at=DUE + 5 * HOUR, deliver_by=DUE)
    finding(database)
    remedy(database)
    found = explained(database, DUE + 9 * HOUR)
    plain = json.loads(found.as_json())
    (ship,) = [each for each in plain["promises"] if each["policy"] == "shop.ship-by"]
    assert (ship["due_at"], ship["findings"][0]["remedies"][0]["amount_minor"]) == ("2026-03-03T00:00:00Z", 500)
    english, chinese = told(found, "en"), told(found, "zh-Hans")
    assert "      paid_amount * 0.01 = 5.00 CNY" in english.split("\n")
    assert "    picked_up_at = 2026-03-03 05:00:00Z  (the carrier's pickup scan)" in english.split("\n")
    assert "由商家承担" in chinese
    assert "broken('ship-by') = 是" in chinese
    assert "消费者:c-1" in chinese
    assert not [word for word in (" accrue", "standing", "merchant:", "made_at:", "pay:") if word in chinese]


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [(0, "0 s", "0 秒"), (59.9, "59 s", "59 秒"), (18_000, "5 h", "5 小时"), (90_061, "1 d 1 h", "1 天 1 小时"),
     (86_460, "1 d", "1 天"), (-2400, "40 min", "40 分钟")],
)  # fmt: skip
def test_lengths_of_time(seconds: float, english: str, chinese: str) -> None:
    """The two largest units are enough."""
    assert (duration(seconds, "en"), duration(seconds, "zh-Hans")) == (english, chinese)


def test_a_finding_of_a_withdrawn_policy_is_shown(database: Database) -> None:
    """The rule is gone, what it decided is not: it is told by the version it was judged by, with its money."""
    order(database)
    finding(database, nodes=[{"label": "due_at", "value": None}])
    remedy(database)
    words = vocabulary()
    promises = edited().split("\n[[promise]]\n")
    del promises[1:3]  # both versions of ship-by
    without = "\n[[promise]]\n".join(promises).replace("broken('ship-by')", "ship_by is null")
    publish(database, pack(without), words, PAID)
    assert all(each.policy != "shop.ship-by" for each in load_published(database, words).promises)
    promise = shipping(database, DUE + 3 * HOUR)
    assert (promise.state, promise.recorded, promise.version) == ("broken", None, 1)
    assert (promise.due_at, promise.remedies[0].amount_minor) == (DUE, 500)
    assert [each.name for each in promise.clauses][:3] == ["made_at", "due_at", "kept_at"]
    assert promise.summary["en"].endswith("borne by the merchant; this promise is no longer made.")
    assert promise.summary["zh-Hans"].endswith("由商家承担；该承诺已不再作出。")


@pytest.mark.parametrize(("kept_at", "state"), [(None, "excused"), (DUE, "kept")])
def test_an_exonerated_finding_of_a_promise_no_longer_made_is_shown(
    database: Database, kept_at: datetime | None, state: str
) -> None:
    """What made the promise is no longer known; its finding and what was paid are still told."""
    order(database, paid_at=None)
    finding(database, status="exonerated")
    database.execute("UPDATE finding SET kept_at = %s, made_at = %s", [kept_at, PAID])
    remedy(database, charged_to="platform")
    promise = shipping(database, DUE + 3 * HOUR)
    assert (promise.state, promise.made_at, promise.remedies[0].charged_to) == (state, PAID, "platform")
    assert "found broken before, since exonerated" in promise.summary["en"]

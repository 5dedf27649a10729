"""A consumer is erased: nothing of the identifier is left in any table, the books balance, others are untouched."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg import Connection, sql
from psycopg.types.json import Jsonb

from goldline.core import audit
from goldline.core.erasure import erase, pseudonym_of, rehearse
from goldline.core.errors import GoldlineError
from goldline.market.vocabulary import vocabulary
from tests.web.events import placed, raw
from tests.web.market import NOW

CONSUMER, OTHER, SECRET = "consumer-48211234", "consumer-482112345", "s" * 48
OLGA = audit.Actor("operator", "olga")


def occurrences(database: Connection[Any], text: str) -> dict[str, int]:
    """Every column of every table of the record, whatever its type, in which a text occurs."""
    columns = database.execute(
        "SELECT c.relname, a.attname, format_type(a.atttypid, NULL) FROM pg_class c JOIN pg_attribute a"
        " ON a.attrelid = c.oid WHERE c.relnamespace = 'goldline'::regnamespace AND c.relkind = 'r' AND a.attnum > 0"
        " AND NOT a.attisdropped"
    ).fetchall()
    found = {}
    for table, column, kind in columns:
        value = "encode({}, 'escape')" if kind == "bytea" else "{}::text"
        statement = sql.SQL("SELECT count(*) FROM goldline.{} WHERE strpos(" + value + ", %s) > 0")  # type: ignore[arg-type]
        (number,) = database.execute(statement.format(sql.Identifier(table), sql.Identifier(column)), [text]).fetchone()
        if number:
            found[f"{table}.{column}"] = number
    return found


@pytest.fixture
def known(database: Connection[Any], market: str) -> Connection[Any]:
    """The market's consumer, known in every table that can know one; and another whose name begins alike."""
    assert market
    account = f"consumer:{CONSUMER}"
    database.execute(
        "INSERT INTO decision (id, policy, version, question, partition, key, asked_as, asker, consumer_id, answer,"
        " reasons, held, amount_minor, spent_minor, currency, decided_at, via, facts, nodes) VALUES"
        " (gen_random_uuid(), 'd', 1, 'q', 0, 'late', 'r', %s, %s, 'pay', '{}', '{}', 1, 1, 'CNY', %s, 'cli', %s,"
        " '[]')",
        [account, CONSUMER, NOW, Jsonb({"consumer_id": CONSUMER, "paid_minor": 1})],
    )
    database.execute("UPDATE remedy SET state = 'paid' WHERE payee = %s", [account])
    database.execute("INSERT INTO exposure VALUES ('d', %s, '2026-08-01', 5)", [account])
    database.execute(
        "INSERT INTO quarantine (via, code, reason, body) VALUES ('api:x', 'invalid', %s, %s)",
        [f"the buyer {CONSUMER} is unknown", raw({**placed("o-9"), "data": {"consumer_id": CONSUMER}})],
    )
    database.execute("INSERT INTO wake VALUES (0, %s, 'consumer', %s)", [NOW, CONSUMER])
    database.execute("INSERT INTO fact_consumer (partition, key) VALUES (0, %s), (0, %s)", [CONSUMER, OTHER])
    database.execute(
        "INSERT INTO review_note (case_id, at, author, words) VALUES (gen_random_uuid(), %s, 'ada', %s)",
        [NOW, f"{CONSUMER} called; not {OTHER}."],
    )
    content = {"finding": {"facts": {"consumer_id": CONSUMER}}}
    database.execute(
        "INSERT INTO statement_of_reasons VALUES (gen_random_uuid(), 'merchant:m-17', %s, 'x', %s)",
        [Jsonb(content), NOW],
    )
    return database


def test_nothing_of_it_is_left(known: Connection[Any]) -> None:
    """In text, JSON and bytes; the ledger's amounts are the same under the pseudonym, and the trail says who did it."""
    before = occurrences(known, CONSUMER)
    assert {place.partition(".")[0].partition("_p")[0] for place in before} >= {
        "inbox", "fact_order", "remedy", "posting", "decision", "exposure", "quarantine", "wake", "fact_consumer",
        "outbox", "review_note", "statement_of_reasons",
    }  # fmt: skip
    money = "SELECT account, currency, sum(amount_minor) FROM posting GROUP BY 1, 2 ORDER BY 3, 2, 1"
    sums = known.execute(money).fetchall()
    with known.transaction():
        done = erase(known, vocabulary(), CONSUMER, SECRET, OLGA, NOW)
    others = occurrences(known, OTHER)
    assert occurrences(known, CONSUMER) == others, "only the one whose name begins alike is there"
    assert done.left == {}
    assert done.pseudonym == pseudonym_of(CONSUMER, SECRET) != pseudonym_of(CONSUMER, "t" * 48)
    after = known.execute(money).fetchall()
    renamed = [(who.replace(done.pseudonym, CONSUMER), *rest) for who, *rest in after]
    assert sorted(renamed) == sorted(sums)
    (entry,) = audit.records(known)
    assert (entry.action, entry.subject) == ("consumer.erase", f"consumer:{done.pseudonym}")
    assert audit.verify(known).fault is None


def test_the_rehearsal_says_the_same_and_writes_nothing(known: Connection[Any]) -> None:
    """Row for row; and a consumer nobody knows is refused."""
    before = occurrences(known, CONSUMER)
    foretold = rehearse(known, vocabulary(), CONSUMER, SECRET)
    assert occurrences(known, CONSUMER) == before
    with known.transaction():
        assert erase(known, vocabulary(), CONSUMER, SECRET, OLGA, NOW) == foretold
    with pytest.raises(GoldlineError) as caught, known.transaction():
        erase(known, vocabulary(), CONSUMER, SECRET, OLGA, NOW)
    assert caught.value.code == "not_found"
    with pytest.raises(GoldlineError) as caught:
        rehearse(known, vocabulary(), CONSUMER, SECRET)
    assert caught.value.code == "not_found", "a name spelt wrongly is found out before it is too late"


def test_an_order_of_the_same_id_keeps_its_own(known: Connection[Any]) -> None:
    """Ids are each kind's own: an order, its parcel's news, findings, wakes and money stay under it, and are told."""
    known.execute("UPDATE fact_order SET key = %s WHERE key = (SELECT min(key) FROM fact_order)", [CONSUMER])
    known.execute("INSERT INTO wake VALUES (0, %s, 'order', %s)", [NOW, CONSUMER])
    known.execute("INSERT INTO noted_parcel (key) VALUES (%s)", [CONSUMER])
    known.execute("UPDATE finding SET subject = 'order', key = %s", [CONSUMER])
    known.execute("UPDATE remedy SET key = %s", [CONSUMER])
    kept = ("fact_order.key", "wake.key", "noted_parcel.key", "finding.key", "remedy.key")
    with known.transaction():
        done = erase(known, vocabulary(), CONSUMER, SECRET, OLGA, NOW)
    assert set(kept) <= set(done.left)
    assert known.execute("SELECT subject FROM wake WHERE key = %s", [CONSUMER]).fetchall() == [("order",)]
    assert known.execute("SELECT subject FROM wake WHERE key = %s", [done.pseudonym]).fetchall() == [("consumer",)]


def test_what_is_not_a_consumer_is_not_erased(known: Connection[Any]) -> None:
    """An order's number given by mistake finds nobody, and changes nothing."""
    order = "order-7731"
    known.execute("UPDATE fact_order SET key = %s WHERE key = (SELECT min(key) FROM fact_order)", [order])
    with pytest.raises(GoldlineError) as caught, known.transaction():
        erase(known, vocabulary(), order, SECRET, OLGA, NOW)
    assert caught.value.code == "not_found"


def test_what_came_since_is_erased_to_the_same_pseudonym(known: Connection[Any]) -> None:
    """A late row of the consumer's makes no second one; one's own name is not taken for a merchant's of the same id."""
    with known.transaction():
        erase(known, vocabulary(), CONSUMER, SECRET, OLGA, NOW)
    known.execute("INSERT INTO fact_consumer (partition, key) VALUES (0, %s)", [CONSUMER])
    known.execute("INSERT INTO parked (partition, root, why) VALUES (0, 'o-1', 'x')")
    known.execute("UPDATE finding SET merchant_id = %s", [CONSUMER])
    with known.transaction():
        again = erase(known, vocabulary(), CONSUMER, SECRET, OLGA, NOW)
    keys = [key for (key,) in known.execute("SELECT key FROM fact_consumer ORDER BY key")]
    assert keys == [OTHER, pseudonym_of(CONSUMER, SECRET)]
    assert set(again.left) == {"finding.merchant_id"}


def test_what_is_owed_is_paid_first(known: Connection[Any]) -> None:
    """A remedy that is not settled could not be paid to a pseudonym."""
    known.execute("UPDATE remedy SET state = 'accrued' WHERE payee = %s", [f"consumer:{CONSUMER}"])
    with pytest.raises(GoldlineError) as caught, known.transaction():
        erase(known, vocabulary(), CONSUMER, SECRET, OLGA, NOW)
    assert caught.value.code == "owed"

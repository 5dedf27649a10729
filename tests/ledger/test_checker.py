"""The judge of fault tests is judged: each kind of damage is found, and a sound database is not accused."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from goldline.core.outbox.dispatch import Dispatcher
from goldline.core.outbox.httpprovider import HttpProvider
from tests.checkers.checker import Report, check
from tests.doubles.provider import FakeProvider, read_log
from tests.outbox.stock import NOW, add_remedies, remedy_id

Database = Connection[tuple[Any, ...]]


@pytest.fixture
def log(database: Database, database_url: str, tmp_path: Path) -> Path:
    """A sound database: four remedies paid, one inbox row done. The provider's log."""
    path = tmp_path / "payouts.ndjson"
    add_remedies(database, 4)
    with FakeProvider(path) as provider, Dispatcher(database_url, {"*": HttpProvider(provider.url)}) as dispatcher:
        dispatcher.run_until_idle(NOW)
    database.execute(
        "INSERT INTO inbox (partition, via, events, body, done_at) VALUES (0, 'test', 1, %s, now())",
        [b'[{"id": "e1"}]'],
    )
    database.commit()
    assert check(database, path, ["e1"]).ok
    return path


def kinds(report: Report) -> set[str]:
    """The kinds of damage found."""
    return {each.name for each in fields(report) if getattr(report, each.name)}


def rewrite(log: Path, lines: list[dict[str, Any]]) -> None:
    """Replace the provider's log."""
    log.write_text("".join(json.dumps(each) + "\n" for each in lines), encoding="utf-8")


def test_damage_outside_is_found(database: Database, log: Path) -> None:
    """A payout missing, doubled, of another amount or without a remedy."""
    lines = read_log(log)
    for damaged, kind in [
        (lines[1:], "lost"),
        ([*lines, lines[0]], "doubled"),
        ([{**lines[0], "amount_minor": 251}, *lines[1:]], "wrong"),
        ([{**lines[0], "payee": "consumer:other"}, *lines[1:]], "wrong"),
        ([*lines, {**lines[0], "key": "nobody"}], "stray"),
    ]:
        rewrite(log, damaged)
        assert kinds(check(database, log)) == {kind}


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        ("DELETE FROM posting WHERE reason = 'settle' AND line = 1", {"unbalanced"}),
        ("DELETE FROM posting WHERE reason = 'settle'", {"unbalanced", "uncleared"}),
        ("UPDATE posting SET currency = 'USD' WHERE reason = 'settle'", {"unbalanced", "uncleared"}),
        ("UPDATE remedy SET charged_to = 'platform'", {"unbalanced"}),
        ("UPDATE remedy SET state = 'refused'", {"unbalanced", "stray"}),
        ("UPDATE remedy SET state = 'accrued'", {"unbalanced", "uncleared", "unfinished"}),
        ("UPDATE outbox SET state = 'ready'", {"unfinished"}),
        ("UPDATE inbox SET done_at = NULL", {"unfinished"}),
        ("DELETE FROM inbox", {"lost"}),
        ("DELETE FROM remedy", {"stray"}),
    ],
)
def test_damage_inside_is_found(database: Database, log: Path, damage: str, found: set[str]) -> None:
    """A damaged table is found, by the right kind."""
    database.execute(damage)
    assert kinds(check(database, log, ["e1"])) == found


def test_a_second_posting_is_found(database: Database, log: Path) -> None:
    """The same settlement under another entry is a doubled one."""
    database.execute(
        "INSERT INTO posting (partition, entry, line, account, currency, amount_minor, reason, remedy_id, posted_at)"
        " SELECT partition, gen_random_uuid(), 0, 'platform', currency, 0, reason, remedy_id, posted_at"
        " FROM posting WHERE remedy_id = %s AND reason = 'settle' AND line = 0",
        [remedy_id(0)],
    )
    assert kinds(check(database, log)) == {"doubled"}


def test_a_replay_that_differs_is_found(database: Database, log: Path) -> None:
    """What the replay says is part of the report."""
    report = check(database, log, replay=lambda _: ["fact_order o1: paid_at differs"])
    assert kinds(report) == {"differs"}
    assert "paid_at differs" in str(report)


def test_a_line_cut_by_a_crash_was_never_answered_for(log: Path) -> None:
    """A last line without its end is not a payout."""
    whole = read_log(log)
    with log.open("a", encoding="utf-8") as file:
        file.write('{"key": "half')
    assert read_log(log) == whole

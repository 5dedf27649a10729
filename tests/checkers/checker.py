"""The judge of every fault test: reads the database and the provider's own log, and says what is wrong.

    python -m tests.checkers.checker --database URL --log payouts.ndjson

It shares no code with the engine beyond the tables, so a fault in the engine does not hide itself.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection

from tests.doubles.provider import read_log

# Payouts into our own books leave no line at a provider.
OWN_BOOKS = "credit:"
Replay = Callable[[Connection[Any]], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that is wrong, by kind; each item is a sentence. `ok` when there is nothing."""

    lost: list[str] = field(default_factory=list)
    """Paid in our books and not by the provider, or accepted and not in the inbox."""
    doubled: list[str] = field(default_factory=list)
    """Paid more than once by the provider, or posted more than once."""
    stray: list[str] = field(default_factory=list)
    """Paid by the provider without a remedy that says so."""
    wrong: list[str] = field(default_factory=list)
    """Paid with another amount, currency or payee."""
    unbalanced: list[str] = field(default_factory=list)
    """Entries that do not sum to zero, or a remedy whose postings do not fit its state."""
    uncleared: list[str] = field(default_factory=list)
    """Clearing that does not hold exactly what is open."""
    unfinished: list[str] = field(default_factory=list)
    """Inbox rows not folded, remedies and outbox rows still open."""
    differs: list[str] = field(default_factory=list)
    """What a replay into a fresh database does differently."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not any(getattr(self, each.name) for each in fields(self))

    def __str__(self) -> str:
        found = [(each.name, getattr(self, each.name)) for each in fields(self)]
        return "\n".join(f"{name} {len(items)}: {'; '.join(items[:5])}" for name, items in found if items) or "ok"


def check(
    connection: Connection[Any],
    provider_log: Path | None = None,
    sent_events: Iterable[str] | None = None,
    *,
    replay: Replay | None = None,
    idle: bool = True,
) -> Report:
    """Judge a database after a fault.

    `sent_events` are the ids of events that were acknowledged. `replay` feeds the inbox to a fresh database and
    answers the differences. `idle` says that everything should be finished by now.
    """
    report = Report()
    _check_payouts(connection, read_log(provider_log) if provider_log else [], report, whole=provider_log is not None)
    _check_entries(connection, report)
    _check_remedies(connection, report)
    _check_shares(connection, report)
    _check_clearing(connection, report)
    if sent_events is not None:
        _check_accepted(connection, set(sent_events), report)
    if idle:
        _check_finished(connection, report)
    if replay is not None:
        report.differs.extend(replay(connection))
    return report


def _check_payouts(connection: Connection[Any], lines: list[dict[str, Any]], report: Report, *, whole: bool) -> None:
    counts = Counter(each["key"] for each in lines)
    report.doubled.extend(f"{key} paid {count} times" for key, count in counts.items() if count > 1)
    by_key = {each["key"]: each for each in lines}
    remedies = {
        str(row[0]): row[1:]
        for row in connection.execute(
            "SELECT id, state, payee, amount_minor, currency, coalesce(provider_ref, '') FROM remedy"
        )
    }
    for key, line in by_key.items():
        _check_line(key, line, remedies.get(key), report)
    for key, (state, _, _, _, ref) in remedies.items():
        if whole and state == "paid" and key not in by_key and not ref.startswith(OWN_BOOKS):
            report.lost.append(f"remedy {key} is paid in our books only")


def _check_line(key: str, line: dict[str, Any], remedy: tuple[Any, ...] | None, report: Report) -> None:
    if remedy is None:
        report.stray.append(f"{key} was paid and there is no such remedy")
        return
    state, payee, amount_minor, currency, _ = remedy
    # Accrued and unknown ones are still being asked about; if nothing is, `unfinished` says so.
    if state not in ("paid", "accrued", "unknown"):
        report.stray.append(f"{key} was paid and the remedy is {state}")
    if (line["payee"], line["amount_minor"], line["currency"]) != (payee, amount_minor, currency):
        report.wrong.append(f"{key}: paid {line['amount_minor']} {line['currency']} to {line['payee']}")


def _check_entries(connection: Connection[Any], report: Report) -> None:
    rows = connection.execute(
        "SELECT partition, entry, currency, sum(amount_minor) FROM posting"
        " GROUP BY partition, entry, currency HAVING sum(amount_minor) <> 0"
    )
    report.unbalanced.extend(f"entry {row[1]} is off by {row[3]} {row[2]}" for row in rows)
    rows = connection.execute(
        "SELECT remedy_id, reason, count(DISTINCT entry) FROM posting WHERE reason IN ('accrue', 'settle', 'refuse')"
        " GROUP BY remedy_id, reason HAVING count(DISTINCT entry) > 1"
    )
    report.doubled.extend(f"remedy {row[0]} posted {row[1]} {row[2]} times" for row in rows)


# What an account of a remedy must hold in each state, as a multiple of its amount.
_EXPECTED = {
    "accrued": (0, 1),
    "unknown": (0, 1),
    "paid": (1, 0),
    "refused": (0, 0),
    "held": (0, 0),
    "void": (0, 0),
}


def _check_remedies(connection: Connection[Any], report: Report) -> None:
    rows = connection.execute(
        """
        SELECT r.id, r.state, r.amount_minor, coalesce(sum(p.amount_minor) FILTER (WHERE p.account = r.payee), 0),
               coalesce(sum(p.amount_minor) FILTER (WHERE p.account = 'clearing:payout'), 0),
               coalesce(sum(p.amount_minor) FILTER (WHERE p.account IN (r.charged_to, r.share_to)), 0),
               coalesce(bool_and(p.currency = r.currency), true)
        FROM remedy r LEFT JOIN posting p ON p.remedy_id = r.id
        GROUP BY r.id, r.state, r.amount_minor
        """
    )
    for remedy, state, amount, received, clearing, charged, one_currency in rows:
        payee, cleared = _EXPECTED[state]
        wanted = (payee * amount, cleared * amount, -(payee + cleared) * amount, True)
        if (received, clearing, charged, one_currency) != wanted:
            report.unbalanced.append(f"remedy {remedy} is {state} with {amount}: {received}, {clearing}, {charged}")


def _check_shares(connection: Connection[Any], report: Report) -> None:
    """Each of two bearers gave its own part; where one account bears both, it gave the whole, as checked above."""
    rows = connection.execute(
        """
        SELECT r.id, r.share_minor, r.amount_minor, r.state,
               coalesce(sum(p.amount_minor) FILTER (WHERE p.account = r.share_to), 0)
        FROM remedy r LEFT JOIN posting p ON p.remedy_id = r.id
        WHERE r.share_to <> r.charged_to GROUP BY r.id, r.share_minor, r.amount_minor, r.state
        """
    )
    for remedy, share, amount, state, given in rows:
        owed = share if state in ("accrued", "unknown", "paid") else 0
        if not 0 < share < amount or given != -owed:
            report.unbalanced.append(f"remedy {remedy} is {state}: of {amount} its sharer owes {owed} and gave {given}")


def _check_clearing(connection: Connection[Any], report: Report) -> None:
    rows = connection.execute(
        """
        SELECT currency, sum(clearing), sum(open) FROM (
            SELECT currency, amount_minor AS clearing, 0 AS open FROM posting WHERE account = 'clearing:payout'
            UNION ALL
            SELECT currency, 0, amount_minor FROM remedy WHERE state IN ('accrued', 'unknown')
        ) AS both_sides GROUP BY currency HAVING sum(clearing) <> sum(open)
        """
    )
    report.uncleared.extend(f"clearing holds {row[1]} {row[0]}, open are {row[2]}" for row in rows)


def _check_accepted(connection: Connection[Any], sent: set[str], report: Report) -> None:
    found: set[str] = set()
    for (body,) in connection.execute("SELECT body FROM inbox"):
        found.update(event["id"] for event in json.loads(body))
    report.lost.extend(f"event {each} was acknowledged and is not in the inbox" for each in sorted(sent - found))


def _check_finished(connection: Connection[Any], report: Report) -> None:
    questions = {
        "inbox row {} is not folded": "SELECT id FROM inbox WHERE done_at IS NULL",
        "remedy {} is still open": "SELECT id FROM remedy WHERE state IN ('accrued', 'unknown')",
        "payout {} still waits": "SELECT key FROM outbox WHERE kind = 'payout' AND state IN ('ready', 'unknown')",
    }
    for sentence, question in questions.items():
        rows = connection.execute(question).fetchall()
        report.unfinished.extend(sentence.format(row[0]) for row in rows)


def main() -> None:
    """Check one database, print what is wrong, exit 1 if anything is."""
    parser = argparse.ArgumentParser(description="Judge a database after a fault test.")
    parser.add_argument("--database", required=True)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--sent", type=Path, help="a file with the id of an acknowledged event on each line")
    given = parser.parse_args()
    sent = given.sent.read_text(encoding="utf-8").split() if given.sent else None
    with psycopg.connect(given.database, options="-c search_path=goldline,public") as connection:
        report = check(connection, given.log, sent)
    print(report)  # noqa: T201 - its output
    sys.exit(0 if report.ok else 1)


if __name__ == "__main__":
    main()

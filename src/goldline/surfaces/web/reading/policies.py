"""Policies as published, and how their promises stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import dict_row

from goldline.surfaces.web.engine import Connection


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One published version, with the `[[promise]]` table it was published from."""

    policy: str
    version: int
    pack: str
    subject: str
    kind: str
    effective_from: datetime | None
    effective_until: datetime | None
    digest: str
    body: dict[str, Any]
    published_at: datetime
    published_by: str

    @property
    def title(self) -> dict[str, str] | str:
        """Its title in every language; its id when it has none."""
        return self.body.get("title") or self.policy

    @property
    def currency(self) -> str:
        """The currency of its money; empty for a body stored without one."""
        return str(self.body.get("currency") or "")

    @property
    def clauses(self) -> list[tuple[str, str]]:
        """What it says beside its texts: name and expression or value, remedies numbered."""
        return list(_clauses(self.body, ""))

    @property
    def clause(self) -> str | None:
        """The published text it comes from."""
        return self.body.get("clause")

    @property
    def grade(self) -> str | None:
        """How sure that is."""
        return self.body.get("grade")

    @property
    def about(self) -> dict[str, str] | str | None:
        """What the consumer is promised, in every language."""
        return self.body.get("about")


# Texts are shown as such; the rest is bookkeeping of the engine.
TEXTS = frozenset({"id", "on", "title", "about", "occurrences", "replaces"})


# As an author writes them; the database gives keys back in an order of its own.
ORDER = ("made_at", "due_at", "kept_at", "excused", "effective", "grace", "cap", "budget", "breaker")
REMEDY_ORDER = ("pay", "as", "from", "when", "after")


def _place(name: str) -> tuple[int, str]:
    known = (*ORDER, *REMEDY_ORDER)
    return (known.index(name) if name in known else len(known), name)


def _clauses(table: dict[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in sorted(table.items(), key=lambda item: _place(item[0])):
        if isinstance(value, dict) and name not in TEXTS:
            yield from _clauses(value, f"{prefix}{name}.")
        elif isinstance(value, list) and all(isinstance(each, dict) for each in value):
            for ordinal, each in enumerate(value, 1):
                yield from _clauses(each, f"{prefix}{name} {ordinal}: ")
        elif name not in TEXTS and value is not None:
            yield f"{prefix}{name}", str(value)


def policies(connection: Connection) -> list[PolicyVersion]:
    """Every published version, the newest of each policy first."""
    with connection.cursor(row_factory=dict_row) as reader:
        rows = reader.execute(
            "SELECT policy, version, pack, subject, kind, effective_from, effective_until, digest, body, published_at, "
            "published_by FROM policy_version WHERE kind <> 'withdrawn' ORDER BY policy, version DESC"
        ).fetchall()
    return [PolicyVersion(**row) for row in rows]


def titles(connection: Connection) -> dict[str, dict[str, str] | str]:
    """The title of each policy, by its newest version."""
    found: dict[str, dict[str, str] | str] = {}
    for each in policies(connection):
        found.setdefault(each.policy, each.title)
    return found


def sources(connection: Connection) -> dict[tuple[str, int], PolicyVersion]:
    """Every version by its policy and number: where a finding's rule comes from."""
    return {(each.policy, each.version): each for each in policies(connection)}


def currencies(connection: Connection) -> list[str]:
    """The currencies promises are made in, in the order of their codes."""
    rows = connection.execute(
        "SELECT DISTINCT body ->> 'currency' FROM policy_version WHERE body ->> 'currency' IS NOT NULL ORDER BY 1"
    ).fetchall()
    return [row[0] for row in rows]


@dataclass(frozen=True, slots=True)
class Standing:
    """How one promise stands: subjects by verdict, and the money by currency."""

    promise: str
    made: int
    kept: int
    broken: int
    excused: int
    pending: int
    overturned: int
    remedies: int
    paid: dict[str, int]
    charged: dict[str, int]


def standings(connection: Connection) -> list[Standing]:
    """Every promise that was ever made or published, by its id."""
    verdicts = connection.execute("SELECT policy, state, sum(subjects)::bigint FROM tally GROUP BY 1, 2").fetchall()
    money = connection.execute(
        """SELECT policy, currency, count(*), sum(amount_minor) FILTER (WHERE state = 'paid'),
                  sum(amount_minor) FILTER (WHERE state NOT IN ('refused', 'void'))
           FROM remedy GROUP BY 1, 2"""
    ).fetchall()
    published = connection.execute("SELECT DISTINCT policy FROM policy_version").fetchall()
    names = sorted({row[0] for row in verdicts} | {row[0] for row in money} | {row[0] for row in published})
    return [_standing(name, verdicts, money) for name in names]


def _standing(name: str, verdicts: list[tuple[Any, ...]], money: list[tuple[Any, ...]]) -> Standing:
    counted = {_letter(state): int(subjects) for policy, state, subjects in verdicts if policy == name}
    own = [row[1:] for row in money if row[0] == name]
    kept, broken, excused, pending, overturned = (counted.get(letter, 0) for letter in "kbepo")
    return Standing(
        promise=name,
        made=kept + broken + excused + pending + overturned,
        kept=kept,
        broken=broken,
        excused=excused,
        pending=pending,
        overturned=overturned,
        remedies=sum(count for _, count, _, _ in own),
        paid={currency: int(paid) for currency, _, paid, _ in own if paid},
        charged={currency: int(charged) for currency, _, _, charged in own if charged},
    )


def _letter(state: str | bytes) -> str:
    # psycopg gives the one-byte type "char" as bytes.
    return state.decode() if isinstance(state, bytes) else state

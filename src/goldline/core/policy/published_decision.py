"""Decisions as published: versions that are added and never edited, kept beside the promises of their pack."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from psycopg import Connection
from psycopg.types.json import Jsonb

from goldline.core.errors import GoldlineError
from goldline.core.facts.subject import Vocabulary
from goldline.core.policy import clause
from goldline.core.policy.decision import Decision
from goldline.core.policy.decision_clause import decisions
from goldline.core.policy.definition import Definitions
from goldline.core.policy.diagnostic import Source
from goldline.core.policy.document import Document
from goldline.core.policy.pack import Pack
from goldline.core.policy.parameter import read_parameters
from goldline.core.policy.table import Table
from goldline.core.policy.tariff import read_tariffs

KIND: Final = "decision"
GONE: Final = "decision withdrawn"
_OURS: Final = ("currency", "replaces", "parameters", "tariffs")  # beside what the author wrote


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of policy_version that holds a decision or its withdrawal."""

    policy: str
    version: int
    pack: str
    kind: str
    digest: str
    body: dict[str, Any]


def publish_decisions(connection: Connection[Any], pack: Pack, now: datetime, by: str) -> int:
    """Write the versions of a pack that are new, in the caller's transaction; how many were written or withdrawn.

    What was decided keeps the version it was decided by, so a version may be replaced at any time.
    """
    rows = _rows(connection, pack.id)
    names = dict.fromkeys([*(each.policy for each in pack.decisions), *(each.policy for each in rows)])
    fresh = [each for policy in names for each in _changes(pack, policy, rows)]
    for row, decision in fresh:
        start, until = (decision.effective_from, decision.effective_until) if decision else (None, None)
        connection.execute(
            "INSERT INTO goldline.policy_version (policy, version, pack, subject, kind, effective_from,"
            " effective_until, digest, body, published_at, published_by)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [row.policy, row.version, row.pack, row.body["on"], row.kind, start, until, row.digest, Jsonb(row.body),
             now, by],
        )  # fmt: skip
    return len(fresh)


def load_decisions(connection: Connection[Any], vocabulary: Vocabulary) -> tuple[Decision, ...]:
    """The decisions in force, in order of policy and version. Raises GoldlineError('policy_stale')."""
    return tuple(_revived(row, vocabulary) for row in _standing(_rows(connection)))


def load_decision(connection: Connection[Any], policy: str, version: int, vocabulary: Vocabulary) -> Decision | None:
    """Any version ever published, replaced ones too: what was decided long ago."""
    rows = [row for row in _rows(connection, policy.partition(".")[0]) if row.kind == KIND]
    return next((_revived(row, vocabulary) for row in rows if (row.policy, row.version) == (policy, version)), None)


def _rows(connection: Connection[Any], pack: str | None = None) -> list[_Row]:
    found = connection.execute(
        "SELECT policy, version, pack, kind, digest, body FROM goldline.policy_version"
        " WHERE pack = coalesce(%s, pack) AND kind = ANY(%s) ORDER BY policy, version",
        [pack, [KIND, GONE]],
    )
    return [_Row(*row) for row in found]


def _standing(rows: Iterable[_Row]) -> list[_Row]:
    """The rows that no later row replaces."""
    rows = list(rows)
    replaced = {(row.policy, number) for row in rows for number in row.body.get("replaces", [])}
    return [row for row in rows if (row.policy, row.version) not in replaced and row.kind == KIND]


def _changes(pack: Pack, policy: str, rows: list[_Row]) -> list[tuple[_Row, Decision | None]]:
    """New rows of one decision: versions that are not standing, and a withdrawal when it has left the pack."""
    own = [row for row in rows if row.policy == policy]
    standing = {row.digest: row for row in _standing(own)}
    pairs = zip(pack.decision_bodies, pack.decisions, strict=True)
    wanted = {_digest(body): (body, each) for body, each in pairs if each.policy == policy}
    gone = sorted(row.version for digest, row in standing.items() if digest not in wanted)
    number = max((row.version for row in own), default=0)
    fresh: list[tuple[_Row, Decision | None]] = []
    for digest, (body, decision) in wanted.items():
        if digest not in standing:
            number += 1
            stored = {**body, "replaces": [] if fresh else gone}
            fresh.append((_Row(policy, number, pack.id, KIND, digest, stored), decision))
    if gone and not fresh:
        body = {"on": own[-1].body["on"], "replaces": gone}
        fresh.append((_Row(policy, number + 1, pack.id, GONE, _digest(body), body), None))
    return fresh


def _digest(body: Mapping[str, Any]) -> str:
    written = {key: value for key, value in body.items() if key != "replaces"}
    return hashlib.sha256(json.dumps(written, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _revived(row: _Row, vocabulary: Vocabulary) -> Decision:
    source = Source(f"published pack {row.pack}", "")
    document = Document(source, {}, {})
    written = {key: value for key, value in row.body.items() if key not in _OURS}
    figures = Table(document, ("parameters",), row.body.get("parameters", {}))
    tariffs = [Table(document, ("tariffs", n), each) for n, each in enumerate(row.body.get("tariffs", []))]
    known = Definitions(read_parameters(figures, {}), read_tariffs(tariffs, clause.usable_id))
    setting = clause.Setting(row.pack, str(row.body["currency"]), UTC, vocabulary, known)
    found = decisions([Table(document, ("decision", 0), written)], [setting])[0]
    if source.diagnostics or found is None:
        raise GoldlineError(
            f"The published decision '{row.policy}' no longer fits the vocabulary: {source.diagnostics[0].message}.",
            code="policy_stale",
            hint="Publish a corrected pack, or start the version of the engine it was published with.",
        )
    asleep = tuple(replace(each, version=row.version) for each in found.asleep)
    return replace(found, version=row.version, asleep=asleep)

"""Published rules: the versions an engine judges by, kept in the database and never edited.

Publishing a pack writes what is new and says which versions it replaces; what was judged keeps the version it was
judged by. A replaced version is no longer judged by, whatever its dates.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from psycopg import Connection, sql
from psycopg.types.json import Jsonb

from goldline.core.errors import GoldlineError
from goldline.core.facts.subject import Vocabulary
from goldline.core.policy import clause
from goldline.core.policy.appeal import Terms, read_terms
from goldline.core.policy.campaign import Campaign, read_campaign
from goldline.core.policy.decision import Decision
from goldline.core.policy.decision_clause import decisions
from goldline.core.policy.definition import Definitions
from goldline.core.policy.diagnostic import Source
from goldline.core.policy.document import Document
from goldline.core.policy.ladder import Gate, Ladder, read_gate, read_ladder
from goldline.core.policy.pack import Pack, zone_of
from goldline.core.policy.parameter import read_parameters
from goldline.core.policy.promise import Promise
from goldline.core.policy.score import Score, read_scores, readable
from goldline.core.policy.slot import Slot, slots
from goldline.core.policy.table import Table
from goldline.core.policy.tariff import read_tariffs

WITHDRAWN: Final = "withdrawn"
ARTICLES: Final = ("ladder", "gate", "score", "appeal", "campaign", "decision")
_OURS: Final = ("currency", "occurrences", "replaces", "parameters", "tariffs", "zone")  # beside what the author wrote
Policy = Promise | Ladder | Gate | Score | Terms | Campaign | Decision
_Article = TypeVar("_Article", Ladder, Gate, Score, Terms, Campaign, Decision)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Every version in use, in order of subject, policy and version. `epoch` grows whenever the rules change.

    `promises` holds the rules as well.
    `noticing` says that notices are in force, or were: without any, nobody looks for them.
    """

    epoch: int
    promises: tuple[Promise, ...]
    ladders: tuple[Ladder, ...] = ()
    gates: tuple[Gate, ...] = ()
    decisions: tuple[Decision, ...] = ()
    noticing: bool = False
    scores: tuple[Score, ...] = ()
    appeals: tuple[Terms, ...] = ()
    campaigns: tuple[Campaign, ...] = ()

    @property
    def noticed_epoch(self) -> int | None:
        """The epoch that what notices say is found by; None while nobody looks for any."""
        return self.epoch if self.noticing else None

    def of(self, kind: str) -> tuple[Promise, ...]:
        """Every version about one kind of subject."""
        return tuple(each for each in self.promises if each.subject == kind)

    def slots(self, kind: str) -> tuple[Slot, ...]:
        """The verdict slots of one kind of subject, in order of policy."""
        return slots(self.of(kind))

    def find(self, policy: str, version: int) -> Promise | None:
        """One version in use, or None."""
        wanted = (policy, version)
        return next((each for each in self.promises if (each.policy, each.version) == wanted), None)


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of policy_version."""

    policy: str
    version: int
    pack: str
    kind: str
    digest: str
    body: dict[str, Any]


def publish(
    connection: Connection[Any],
    pack: Pack,
    vocabulary: Vocabulary,
    now: datetime,
    by: str = "cli",
    *,
    rejudge: bool = False,
) -> int:
    """Make the pack the rules in force; how many versions were written or withdrawn. Publishing again changes nothing.

    Adds the verdict columns, bumps the rule set's epoch and schedules every subject concerned to be judged again,
    in one transaction: it commits, unless the caller has one open. A change to a version by which conduct was judged
    already would turn verdicts that are given: it raises GoldlineError('policy_in_use') unless `rejudge` asks for it.
    """
    with connection.transaction():
        # One publisher at a time; readers do not wait.
        connection.execute("SELECT epoch FROM goldline.ruleset FOR UPDATE")
        rows = _rows(connection, pack.id)
        fresh = [row for policy in _policies(pack, rows) for row in _changes(pack, policy, rows)]
        if not fresh:
            return 0
        if not rejudge:
            _refuse_rewriting(connection, pack, rows)
        for row, promise in fresh:
            _insert(connection, row, promise, now, by)
        connection.execute("UPDATE goldline.ruleset SET epoch = epoch + 1")
        rules = load_published(connection, vocabulary)
        changes = [(row, _kind_of(row, rows)) for row, _ in fresh]
        for subject in sorted({_subject_of(row) for row, kind in changes if kind not in ARTICLES}):
            _add_columns(connection, subject, rules.slots(subject))
            _judge_again(connection, subject)
        if any(
            kind == "ladder" or (row.body["replaces"] and kind not in ("campaign", "decision")) for row, kind in changes
        ):
            connection.execute(_COUNT_AGAIN)
    return len(fresh)


# A ladder that is new or gone changes what follows from violations that stand already.
_COUNT_AGAIN: Final = (
    "INSERT INTO goldline.account_due (account)"
    " SELECT DISTINCT coalesce('merchant:' || f.merchant_id, f.answerer) FROM goldline.finding f"
    " JOIN goldline.policy_version v ON v.policy = f.policy AND v.version = f.version AND v.kind = 'rule'"
    " WHERE coalesce(f.merchant_id, f.answerer) IS NOT NULL ON CONFLICT DO NOTHING"
)


# What may change in a version without turning a verdict or an amount that was given.
_TELLING: Final = (
    "title", "about", "clause", "grade", "effective", "budget", "breaker", "event", "side", "occurrences", "replaces",
    "rollout",
)  # fmt: skip


def _refuse_rewriting(connection: Connection[Any], pack: Pack, rows: list[_Row]) -> None:
    """Refuse to replace what conduct was judged by. A new date of effect beside the same words is no rewriting."""
    wanted = {(each.policy, _decides(body)) for each, body in _written(pack)}
    changed = sorted({row.policy for row in _standing(rows) if (row.policy, _decides(row.body)) not in wanted})
    used = connection.execute(
        "SELECT policy FROM goldline.tally WHERE policy = ANY(%(changed)s) AND subjects > 0"
        " UNION SELECT ladder FROM goldline.sanction WHERE ladder = ANY(%(changed)s) ORDER BY 1",
        {"changed": changed},
    ).fetchall()
    if used:
        names = ", ".join(policy for (policy,) in used)
        raise GoldlineError(
            f"Conduct was judged already by versions that this would replace: {names}.",
            code="policy_in_use",
            hint="Keep them, and add a version with an `effective` date from now on; or publish with --rejudge to turn"
            " verdicts, charges and findings of the past.",
        )


def _decides(body: Mapping[str, Any]) -> str:
    return json.dumps({key: value for key, value in body.items() if key not in _TELLING}, sort_keys=True, default=str)


def load_published(connection: Connection[Any], vocabulary: Vocabulary) -> RuleSet:
    """The rules in force. Raises GoldlineError('policy_stale') when one no longer fits the vocabulary."""
    epoch = ruleset_epoch(connection)
    standing = _standing(_rows(connection))
    packs = sorted({each.pack for each in standing})
    judged = [row for row in standing if row.kind not in ARTICLES]
    loaded = [p for pack in packs for p in _revived([r for r in judged if r.pack == pack], pack, vocabulary)]
    ordered = sorted(loaded, key=lambda each: (each.subject, each.policy, each.version))
    scores = tuple(_score(row, vocabulary) for row in standing if row.kind == "score")
    ladders = tuple(_ladder(row, vocabulary) for row in standing if row.kind == "ladder")
    gates = tuple(_gate(row, vocabulary, scores) for row in standing if row.kind == "gate")
    row = connection.execute("SELECT EXISTS (SELECT 1 FROM goldline.notice)").fetchone()
    ruled = tuple(_decision(row, vocabulary) for row in standing if row.kind == "decision")
    terms = tuple(_terms(row, vocabulary) for row in standing if row.kind == "appeal")
    noticing = bool(row and row[0])
    sweeping = tuple(_campaign(row, vocabulary) for row in standing if row.kind == "campaign")
    return RuleSet(
        epoch, tuple(ordered), ladders, gates, ruled, noticing=noticing, scores=scores, appeals=terms,
        campaigns=sweeping,
    )  # fmt: skip


def ruleset_epoch(connection: Connection[Any]) -> int:
    """The epoch of the rules in force: a worker whose own is lower compiles again."""
    row = connection.execute("SELECT epoch FROM goldline.ruleset").fetchone()
    return int(row[0]) if row else 0


def load_version(connection: Connection[Any], policy: str, version: int, vocabulary: Vocabulary) -> Promise | None:
    """Any version ever published, replaced ones too: what an old finding was judged by."""
    rows = [row for row in _rows(connection, policy.partition(".")[0]) if row.kind not in (WITHDRAWN, *ARTICLES)]
    wanted = next((row for row in rows if (row.policy, row.version) == (policy, version)), None)
    if wanted is None:
        return None
    # Its neighbours are needed too, because it may name them with broken('…').
    others = [row for row in _standing(rows) if row.policy != policy]
    revived = _revived([*others, wanted], wanted.pack, vocabulary)
    return next(each for each in revived if each.policy == policy)


def load_decision(connection: Connection[Any], policy: str, version: int, vocabulary: Vocabulary) -> Decision | None:
    """Any version ever published, replaced ones too: what was decided long ago."""
    rows = [row for row in _rows(connection, policy.partition(".")[0]) if row.kind == "decision"]
    return next((_decision(row, vocabulary) for row in rows if (row.policy, row.version) == (policy, version)), None)


def digest_of(body: Mapping[str, Any]) -> str:
    """sha256 of what the author wrote, whatever the order of its keys."""
    written = {key: value for key, value in body.items() if key not in ("occurrences", "replaces")}
    return hashlib.sha256(json.dumps(written, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def pack_digest(pack: Pack) -> str:
    """sha256 of everything a pack would put in force: what is approved is what is published."""
    told = sorted((each.policy, each.version, digest_of(body)) for each, body in _written(pack))
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _rows(connection: Connection[Any], pack: str | None = None) -> list[_Row]:
    found = connection.execute(
        "SELECT policy, version, pack, kind, digest, body FROM goldline.policy_version"
        " WHERE pack = coalesce(%s, pack) ORDER BY policy, version",
        [pack],
    )
    return [_Row(*row) for row in found]


def _standing(rows: Iterable[_Row]) -> list[_Row]:
    """The rows that no later row replaces."""
    rows = list(rows)
    replaced = {(row.policy, number) for row in rows for number in row.body.get("replaces", [])}
    return [row for row in rows if (row.policy, row.version) not in replaced and row.kind != WITHDRAWN]


def _policies(pack: Pack, rows: list[_Row]) -> list[str]:
    return list(dict.fromkeys([*(each.policy for each, _ in _written(pack)), *(each.policy for each in rows)]))


def _written(pack: Pack) -> list[tuple[Policy, Mapping[str, Any]]]:
    """Everything a pack would publish, with its body."""
    return [*zip(pack.promises, pack.bodies, strict=True), *pack.articles]


def _changes(pack: Pack, policy: str, rows: list[_Row]) -> list[tuple[_Row, Policy | None]]:
    """New rows of one policy: versions that are not standing, and a withdrawal when it has left the pack."""
    own = [row for row in rows if row.policy == policy]
    standing = {row.digest: row for row in _standing(own)}
    wanted = {digest_of(body): (body, each) for each, body in _written(pack) if each.policy == policy}
    gone = sorted(row.version for digest, row in standing.items() if digest not in wanted)
    number = max((row.version for row in own), default=0)
    waits = own[-1].body["occurrences"] if own else {}
    fresh: list[tuple[_Row, Policy | None]] = []
    for digest, (body, promise) in wanted.items():
        if digest in standing:
            continue
        number += 1
        waits = _waits(promise, waits) if isinstance(promise, Promise) else waits
        stored = {**body, "occurrences": waits, "replaces": [] if fresh else gone}
        fresh.append((_Row(policy, number, pack.id, promise.kind, digest, stored), promise))
    if gone and not fresh:
        body = {"on": _subject_of(own[-1]), "occurrences": waits, "replaces": gone}
        fresh.append((_Row(policy, number + 1, pack.id, WITHDRAWN, digest_of(body), body), None))
    return fresh


def _waits(promise: Promise, known: Mapping[str, int]) -> dict[str, int]:
    """Which occurrence stands for which wait in seconds, given before or now."""
    waits = {"0": 0, **known}
    for after_s in sorted({remedy.after_s for remedy in promise.remedies}):
        waits.setdefault(str(after_s), max(waits.values()) + 1)
    return waits


def _insert(connection: Connection[Any], row: _Row, promise: Policy | None, now: datetime, by: str) -> None:
    start, until = (getattr(promise, key, None) for key in ("effective_from", "effective_until"))
    connection.execute(
        "INSERT INTO goldline.policy_version (policy, version, pack, subject, kind, effective_from, effective_until,"
        " digest, body, published_at, published_by) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            row.policy,
            row.version,
            row.pack,
            _subject_of(row),
            row.kind,
            start,
            until,
            row.digest,
            Jsonb(row.body),
            now,
            by,
        ],
    )


def _subject_of(row: _Row) -> str:
    return str(row.body.get("on", "account"))


def _kind_of(row: _Row, rows: list[_Row]) -> str:
    """What a new row is, or withdraws: 'promise', 'gate'."""
    return (
        next(each.kind for each in reversed(rows) if each.policy == row.policy) if row.kind == WITHDRAWN else row.kind
    )


def _ladder(row: _Row, vocabulary: Vocabulary) -> Ladder:
    """A stored ladder, with its stored number."""
    table, setting = _setting(row, vocabulary)
    return _known(read_ladder(table, setting, dict.fromkeys(row.body.get("counts", ()), "")), row, table)


def _score(row: _Row, vocabulary: Vocabulary) -> Score:
    """A stored score, with its stored number."""
    table, setting = _setting(row, vocabulary)
    return _known(read_scores([table], setting)[0], row, table)


def _gate(row: _Row, vocabulary: Vocabulary, scores: tuple[Score, ...]) -> Gate:
    """A stored gate, with its stored number."""
    table, setting = _setting(row, vocabulary)
    return _known(read_gate(table, setting, readable(each for each in scores if each.pack == row.pack)), row, table)


def _terms(row: _Row, vocabulary: Vocabulary) -> Terms:
    """Stored terms of appeal, with their stored number."""
    table, setting = _setting(row, vocabulary)
    return _known(read_terms(table, setting), row, table)


def _campaign(row: _Row, vocabulary: Vocabulary) -> Campaign:
    """A stored campaign, with its stored number."""
    table, setting = _setting(row, vocabulary)
    return _known(read_campaign(table, setting), row, table)


def _decision(row: _Row, vocabulary: Vocabulary) -> Decision:
    """A stored decision, with its stored number; what of it sleeps has that number too."""
    table, setting = _setting(row, vocabulary)
    found = _known(decisions([table], [setting])[0], row, table)
    return replace(found, asleep=tuple(replace(each, version=row.version) for each in found.asleep))


def _setting(row: _Row, vocabulary: Vocabulary) -> tuple[Table, clause.Setting]:
    """The table an article was written as, and what it is read with."""
    document = Document(Source(f"published pack {row.pack}", ""), {}, {})
    table = Table(document, (row.kind,), {key: value for key, value in row.body.items() if key not in _OURS})
    zone = zone_of(str(row.body.get("zone", "UTC")))
    definitions = _definitions(document, 0, row.body)
    return table, clause.Setting(row.pack, str(row.body["currency"]), zone, vocabulary, definitions)


def _known(found: _Article | None, row: _Row, table: Table) -> _Article:
    if found is None:
        raise _stale(row.pack, table.document.source)
    return replace(found, version=row.version)


def _stale(pack: str, source: Source) -> GoldlineError:
    return GoldlineError(
        f"A published rule of pack '{pack}' no longer fits the vocabulary: {source.diagnostics[0].message}.",
        code="policy_stale",
        hint="Publish a corrected pack, or start the version of the engine it was published with.",
    )


def _revived(rows: list[_Row], pack: str, vocabulary: Vocabulary) -> list[Promise]:
    """The promises of stored rows of one pack, with their stored numbers."""
    source = Source(f"published pack {pack}", "")
    values = [{key: value for key, value in row.body.items() if key not in _OURS} for row in rows]
    document = Document(source, {}, {})
    tables = [Table(document, (row.kind, n), each) for n, (row, each) in enumerate(zip(rows, values, strict=True))]
    settings = [
        clause.Setting(pack, str(row.body["currency"]), UTC, vocabulary, _definitions(document, n, row.body))
        for n, row in enumerate(rows)
    ]
    read = clause.promises(tables, settings) if rows else []
    if source.diagnostics:
        raise _stale(pack, source)
    whole = [replace(p, version=row.version) for p, row in zip(read, rows, strict=True) if p is not None]
    return [_numbered(promise, row) for promise, row in zip(whole, rows, strict=True)]


def _definitions(document: Document, number: int, body: Mapping[str, Any]) -> Definitions:
    """The figures and tariffs a rule was published with."""
    figures = Table(document, ("parameters", number), body.get("parameters", {}))
    tables = [Table(document, ("tariffs", number, n), each) for n, each in enumerate(body.get("tariffs", []))]
    return Definitions(read_parameters(figures, {}), read_tariffs(tables, clause.usable_id))


def _numbered(promise: Promise, row: _Row) -> Promise:
    waits = row.body["occurrences"]
    remedies = tuple(replace(each, occurrence=waits[str(each.after_s)]) for each in promise.remedies)
    return replace(promise, remedies=remedies)


def _add_columns(connection: Connection[Any], kind: str, added: tuple[Slot, ...]) -> None:
    table = sql.Identifier("goldline", f"fact_{kind}")
    for slot in added:
        # The lock stops writers for an instant; better to fail than to queue everyone behind a long reader.
        connection.execute("SET LOCAL lock_timeout = '10s'")
        column = sql.Identifier(slot.column)
        connection.execute(sql.SQL('ALTER TABLE {} ADD COLUMN IF NOT EXISTS {} "char"').format(table, column))


def _judge_again(connection: Connection[Any], kind: str) -> None:
    # Due at once by any clock, that of a replay too: no event is older.
    statement = sql.SQL(
        "INSERT INTO goldline.wake (partition, wake_at, subject, key, forced)"
        " SELECT partition, '2000-01-01Z', %s, key, true FROM {}"
    )
    connection.execute(statement.format(sql.Identifier("goldline", f"fact_{kind}")), [kind])

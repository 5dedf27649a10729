"""Staging: a batch of events becomes one row of evidence a subject, ready for COPY.

Values are kept in PostgreSQL's binary COPY form from the start: four bytes of length, then the value big-endian.
Because staged instants and amounts are never negative, such bytes compare as the values do, and NULL (length -1,
`ff ff ff ff`) compares greater than any of them: merging a batch is comparing bytes, and writing it is joining them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from struct import Struct as Packer
from typing import Any
from zlib import crc32

import msgspec

from goldline.core.facts.event import Catalogue, EventType
from goldline.core.facts.merge import Fact, FactType
from goldline.core.facts.subject import Subject, Vocabulary
from goldline.core.facts.table import Record, evidence_columns, records

NULL = b"\xff\xff\xff\xff"
HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER = b"\xff\xff"
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

_eight = Packer("!iq").pack
_length = Packer("!i").pack
_count = Packer("!h").pack
_array_head = Packer("!iiiii").pack
_stamp = Packer("!i8sII").pack

Row = list[Any]
Apply = Callable[[Any, bytes, Row], None]


def instant(value: datetime) -> bytes:
    """An instant as a staged value: microseconds since 2000, as PostgreSQL keeps it."""
    return _eight(8, (value - EPOCH) // MICROSECOND)


def _amount(value: int) -> bytes:
    return _eight(8, value)


def _text(value: str) -> bytes:
    raw = value.encode()
    return _length(len(raw)) + raw


def _number(value: int) -> bytes:
    """A whole number, not negative, as PostgreSQL keeps it: digits to the base 10,000 without the last zeros.

    Such bytes do not compare as the numbers do: a number may be the value of a record, not the least or the greatest.
    """
    digits: list[int] = []
    rest = value
    while rest:
        rest, digit = divmod(rest, 10_000)
        digits.insert(0, digit)
    weight = max(len(digits) - 1, 0)
    while digits and digits[-1] == 0:
        digits.pop()
    body = b"".join(map(_count, (len(digits), weight, 0, 0, *digits)))
    return _length(len(body)) + body


_ENCODE: dict[FactType, Callable[[Any], bytes]] = {
    FactType.INSTANT: instant,
    FactType.MONEY: _amount,
    FactType.TEXT: _text,
    FactType.NUMBER: _number,
}


def _array(values: Iterable[bytes], element_oid: int) -> bytes:
    """A one-dimensional array without nulls, of values already in staged form."""
    items = list(values)
    body = _array_head(1, 0, element_oid, len(items), 1) + b"".join(items)
    return _length(len(body)) + body


class Stage:
    """The evidence of one batch for one subject kind.

    The first element of a row is its field count and key, the last its trail; joining a row gives its line of the COPY.
    """

    def __init__(self, subject: type[Subject], heard: frozenset[str] | None = None) -> None:
        self.subject = subject
        names = [name for name, _ in evidence_columns(subject, heard)]
        self.index = {name: at for at, name in enumerate(names, start=1)}
        self.rows: dict[str, Row] = {}
        self.blank: Row = [_count(len(names) + 1)] + [NULL] * len(names)
        self._unions = [(self.index[name], oid) for name, oid in _unions(subject) if name in self.index]
        self._trails: dict[str, dict[bytes, None]] = {}

    def open_row(self, key: str, trail: bytes) -> Row:
        """A new row for a key, fed by one inbox row."""
        row = self.touch(key)
        row[-1] = trail
        return row

    def touch(self, key: str) -> Row:
        """The row of a key, made without evidence if new: its subject is judged again."""
        found = self.rows.get(key)
        if found is None:
            found = self.rows[key] = self.blank.copy()
            found[0] += _text(key)
        return found

    def extend_trail(self, key: str, row: Row, trail: bytes) -> None:
        """Note a further inbox row on the trail of a row."""
        known = row[-1]
        row[-1] = trail
        if known is not NULL:
            self._trails.setdefault(key, {known[ELEMENT:]: None})[trail[ELEMENT:]] = None

    def copy_bytes(self) -> bytes:
        """The whole batch as one binary COPY of (key, *names)."""
        for key, trail in self._trails.items():
            self.rows[key][-1] = _array(trail, 20)
        for at, element_oid in self._unions:
            for row in self.rows.values():
                if row[at] is not NULL:
                    row[at] = _array(sorted(row[at], key=_content), element_oid)
        return b"".join([HEADER, *map(b"".join, self.rows.values()), TRAILER])


def trail_of(inbox_id: int) -> bytes:
    """The trail of a row fed by one inbox row: a one-element bigint array."""
    return _array([_eight(8, inbox_id)], 20)


ELEMENT = 24  # where the first element of an array starts: after its length and head


def _content(value: bytes) -> bytes:
    """A staged value without its length: what PostgreSQL sorts texts of "C" collation, and instants, by."""
    return value[4:]


_ELEMENT_OID = {FactType.SET: 25, FactType.INSTANTS: 1184}


def _unions(subject: type[Subject]) -> list[tuple[str, int]]:
    """The facts that are sets, each with the type of its elements."""
    return [(name, _ELEMENT_OID[fact.type]) for name, fact in subject.facts.items() if fact.rule == "union"]


class Stager:
    """Folds decoded events into the stages of every subject they feed.

    Built once per vocabulary, catalogue and event types `heard`; its stages have no columns for what others would feed.
    `stage` is the hot loop of the engine outside PostgreSQL.
    """

    def __init__(self, vocabulary: Vocabulary, catalogue: Catalogue, heard: frozenset[str]) -> None:
        self.vocabulary = vocabulary
        self.heard = heard
        indexes = {kind: stage.index for kind, stage in self.stages().items()}
        self._plans = {
            catalogue.trusted[kind.name]: _plans(vocabulary, kind, indexes) for kind in catalogue if kind.name in heard
        }

    def stages(self) -> dict[str, Stage]:
        """Empty stages, one a subject."""
        return {subject.kind: Stage(subject, self.heard) for subject in self.vocabulary}

    def stage(self, events: Iterable[Any], inbox_id: int, stages: dict[str, Stage]) -> None:
        """Merge the events of one inbox row, all of types that are heard, into the stages."""
        trail = trail_of(inbox_id)
        bound = {
            kind: [(stages[plan[0]], stages[plan[0]].rows, *plan[1:]) for plan in plans]
            for kind, plans in self._plans.items()
        }
        for event in events:
            at = instant(event.time)
            data = event.data
            for stage, rows, key_of, guard, actions in bound[type(event)]:
                key = key_of(data)
                row = rows.get(key)
                if row is None:
                    row = stage.open_row(key, trail)
                elif row[-1] is not trail:
                    stage.extend_trail(key, row, trail)
                firsts, others = actions if guard is None else actions[getattr(data, guard)]
                for column in firsts:
                    # NULL compares greater than any instant; `min` would cost a call.
                    if at < row[column]:  # noqa: PLR1730
                        row[column] = at
                for apply in others:
                    apply(event, at, row)


Plan = tuple[str, Callable[[Any], str], str | None, Any]
Index = dict[str, int]


def _plans(vocabulary: Vocabulary, kind: EventType, indexes: dict[str, Index]) -> list[Plan]:
    """What one event type does to each subject whose key it carries."""
    plans = []
    for subject in vocabulary:
        if subject.key in kind.data.__struct_fields__:
            plan = _plan(subject, kind, indexes[subject.kind])
            if plan is not None:
                plans.append(plan)
    return plans


def _key_of(subject: type[Subject]) -> Callable[[Any], str]:
    """The key of the subject in an event's data."""
    own = attrgetter(subject.key)
    if subject.within is None:
        return own
    root = attrgetter(subject.within)
    return lambda data: f"{root(data)}|{own(data)}"


def _plan(subject: type[Subject], kind: EventType, index: Index) -> Plan | None:
    feeds = _feeds(subject, kind, index)
    if not feeds:
        return None
    guards = {name for where, _ in feeds for name, _ in where}
    if not guards:
        return subject.kind, _key_of(subject), None, _actions([action for _, action in feeds])
    if len(guards) > 1:
        raise ValueError(f"{subject.__name__}: facts fed by {kind.name} may test one field, not {sorted(guards)}")
    values = {value for where, _ in feeds for _, accepted in where for value in accepted}
    table = _Dispatch(_actions([action for where, action in feeds if not where]))
    for value in values:
        table[value] = _actions([action for where, action in feeds if not where or value in where[0][1]])
    return subject.kind, _key_of(subject), guards.pop(), table


Actions = tuple[tuple[int, ...], tuple[Apply, ...]]  # columns that take the earliest time; everything else


def _actions(feeds: list[int | Apply]) -> Actions:
    return tuple(f for f in feeds if isinstance(f, int)), tuple(f for f in feeds if not isinstance(f, int))


class _Dispatch(dict[str, Actions]):
    """Actions by the value of the guard field, with an answer for every value."""

    def __init__(self, otherwise: Actions) -> None:
        super().__init__()
        self._otherwise = otherwise

    def __missing__(self, key: str) -> Actions:
        return self._otherwise


def _feeds(subject: type[Subject], kind: EventType, index: Index) -> list[tuple[Any, int | Apply]]:
    """Pairs of (conditions, action) for every fact the event type feeds; a bare column takes the earliest time."""
    feeds: list[tuple[Any, int | Apply]] = []
    for name, fact in subject.facts.items():
        if kind.name in fact.source.events and fact.rule not in ("first", "latest", "derived", "noticed"):
            feeds.append((fact.source.where, _apply_fact(fact, index[name])))
    feeds += [
        (record.source.where, _apply_record(subject, record, index))
        for record in records(subject)
        if kind.name in record.source.events
    ]
    return feeds


def _apply_fact(fact: Fact, at: int) -> int | Apply:
    if fact.rule == "first_at":
        return at
    if fact.rule == "last_at":
        return _last_at(at)
    if fact.type is FactType.INSTANTS:
        return _union_of_times(at)
    value_of = _value_of(fact)
    if fact.rule == "union":
        return _union(at, value_of)
    return _extreme(at, value_of, least=fact.rule == "least")


def _last_at(at: int) -> Apply:
    def apply(_event: Any, time: bytes, row: Row) -> None:
        if row[at] is NULL or time > row[at]:
            row[at] = time

    return apply


def _extreme(at: int, value_of: Callable[[Any], bytes], *, least: bool) -> Apply:
    def apply(event: Any, _time: bytes, row: Row) -> None:
        value = value_of(event)
        known = row[at]
        if value is not NULL and (known is NULL or ((value[4:] < known[4:]) is least and value != known)):
            row[at] = value

    return apply


def _union_of_times(at: int) -> Apply:
    def apply(_event: Any, time: bytes, row: Row) -> None:
        if row[at] is NULL:
            row[at] = {time}
        else:
            row[at].add(time)

    return apply


def _union(at: int, value_of: Callable[[Any], bytes]) -> Apply:
    def apply(event: Any, _time: bytes, row: Row) -> None:
        value = value_of(event)
        if value is not NULL:
            row[at] = {value} if row[at] is NULL else row[at] | {value}

    return apply


def _apply_record(subject: type[Subject], record: Record, index: Index) -> Apply:
    """The record of the earliest or latest event: its stamp decides, its values move together."""
    values = [(index[name], _value_of(subject.facts[name])) for name in record.names]
    stamp_at, latest = index[record.stamp], record.rule == "latest"
    given = attrgetter(f"data.{record.source.given}") if record.source.given else None

    def apply(event: Any, time: bytes, row: Row) -> None:
        if given is not None and given(event) is None:
            return
        staged = [value_of(event) for _, value_of in values]
        stamp = _stamp_of(event, time, staged)
        known = row[stamp_at]
        if known is NULL or (stamp > known if latest else stamp < known):
            row[stamp_at] = stamp
            for (at, _), value in zip(values, staged, strict=True):
                row[at] = value

    return apply


def _stamp_of(event: Any, time: bytes, staged: list[bytes]) -> bytes:
    """Order of two events that set the same record: time, then id, then content, so that every order agrees."""
    return _stamp(16, time[4:], crc32(event.id.encode()), crc32(b"".join(staged)))


def _value_of(fact: Fact) -> Callable[[Any], bytes]:
    if fact.field and "," in fact.field:
        return _line_of(fact.field.split(","))
    field = attrgetter(f"data.{fact.field}")
    kind = FactType.TEXT if fact.type is FactType.SET else fact.type
    encode, read = _ENCODE[kind], fact.read

    def value_of(event: Any) -> bytes:
        value = field(event)
        return NULL if value is None else encode(value)

    def read_value_of(event: Any) -> bytes:
        value = field(event)
        kept = None if value is None or read is None else read(value)
        return NULL if kept is None else encode(kept)

    return value_of if read is None else read_value_of


def _line_of(fields: list[str]) -> Callable[[Any], bytes]:
    """Several fields as one JSON array, instants in UTC: equal statements give equal lines."""

    def value_of(event: Any) -> bytes:
        values = [getattr(event.data, field) for field in fields]
        plain = [each.astimezone(UTC) if isinstance(each, datetime) else each for each in values]
        return _text(msgspec.json.encode(plain).decode())

    return value_of

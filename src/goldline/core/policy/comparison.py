"""Comparison: the cases of a pack judged by two rule books, so that a change shows whom it touches and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from psycopg import Connection

from goldline.core.policy.case import Case, CaseResult, judge_cases, read_cases, shown
from goldline.core.policy.pack import Pack
from goldline.core.policy.published import load_published

OUTCOME: Final = ("state", "amount", "bearer", "due_at")
_ABSENT: Final = "–"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One case: what the pack decides now, and what the other did; None where it has no such promise."""

    now: CaseResult
    before: CaseResult | None

    @property
    def changed(self) -> bool:
        """Whether the two decide differently: another verdict, amount, bearer or deadline."""
        return self.before is None or _outcome(self.now) != _outcome(self.before)

    def as_text(self, name: str) -> str:
        """Both sides of the outcome and of every node; what differs is marked. `name` says what it was judged by."""
        head = f"{self.now.case.where}: {self.now.case.policy}: {self.now.case.name}"
        word = ("CHANGE" if self.changed else "ok    ") if self.now.passed else "FAIL  "
        before = self.before.actual if self.before else {}
        keys = [key for key in (*OUTCOME, "version") if key in {**before, **self.now.actual, **self.now.case.expect}]
        lines = [f"{word} {head}", f"      {'':<10} {'expected':<26} {name:<26} this pack"]
        lines += [self._outcome_line(key, before) for key in keys]
        if self.before is None:
            lines.append(f"      {name} has no such promise")
        return "\n".join([*lines, *_nodes(self.now, self.before)])

    def _outcome_line(self, key: str, before: Mapping[str, str]) -> str:
        expected, actual = self.now.case.expect.get(key), self.now.actual.get(key, "none")
        wrong = expected is not None and actual != expected
        mark = "!" if wrong else "~" if self.before is not None and before.get(key, "none") != actual else " "
        old = before.get(key, "none" if self.before is not None else _ABSENT)
        return f"    {mark} {key:<10} {expected or _ABSENT:<26} {old:<26} {actual}"


def compare_cases(connection: Connection[Any], pack: Pack, other: Pack) -> list[Comparison]:
    """Judge every case beside the pack by both, in order; nothing is stored. Policies answer each other by their id."""
    cases = read_cases(pack)
    now = judge_cases(connection, pack, cases)
    shared = {n: replace(case, policy=f"{other.id}.{_id(case)}") for n, case in enumerate(cases)}
    known = {n: case for n, case in shared.items() if other.versions(case.policy)}
    before = dict(zip(known, judge_cases(connection, other, list(known.values())), strict=True))
    return [Comparison(result, before.get(n)) for n, result in enumerate(now)]


def published_pack(connection: Connection[Any], pack: Pack) -> Pack | None:
    """What is in force of a pack in this record; None where nothing is."""
    rules = load_published(connection, pack.vocabulary)
    own = tuple(promise for promise in rules.promises if promise.pack == pack.id)
    return replace(pack, promises=own, bodies=(), written=own) if own else None


def _id(case: Case) -> str:
    return case.policy.partition(".")[2]


def _outcome(result: CaseResult) -> tuple[str, ...]:
    return tuple(result.actual.get(key, "none") for key in OUTCOME)


def _nodes(now: CaseResult, before: CaseResult | None) -> Iterator[str]:
    """Every node of either side with both values: what only one side has is marked with a plus or a minus."""
    new, old = dict(now.nodes), dict(before.nodes) if before else {}
    for label in dict.fromkeys([*new, *old]):
        if label not in old:
            yield f"    {'+' if before else ' '} {label} = {shown(new[label])}"
        elif label not in new:
            yield f"    - {label} = {shown(old[label])}"
        elif new[label] != old[label]:
            yield f"    ~ {label} = {shown(old[label])} → {shown(new[label])}"
        else:
            yield f"      {label} = {shown(new[label])}"

"""Verdict slots: one column of a fact table per policy and occurrence, whatever the number of versions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from goldline.core.policy.promise import Promise, Remedy, Side


@dataclass(frozen=True, slots=True)
class Slot:
    """One clock of a policy on one kind of subject.

    Occurrence 0 is the breach itself; a further occurrence is 'still not kept `after_s` after the deadline'. Every
    version is listed in order; a version without this `after_s` simply has no verdict here.
    """

    policy: str
    occurrence: int
    column: str
    versions: tuple[Promise, ...]
    after_s: int

    @property
    def subject(self) -> str:
        """The kind of subject this slot is about."""
        return self.versions[0].subject

    def remedies(self, version: Promise) -> tuple[Remedy, ...]:
        """The remedies of one version that fall due at this occurrence."""
        return tuple(each for each in version.remedies if each.occurrence == self.occurrence)


def column_of(policy: str, occurrence: int) -> str:
    """The name of a slot's column: 'olist.ship-by', 1 → 'v_olist__ship_by_1'."""
    return f"v_{re.sub('-', '_', policy.replace('.', '__'))}_{occurrence}"


def slots(promises: Iterable[Promise]) -> tuple[Slot, ...]:
    """The slots of these promises, in order of policy appearance and occurrence."""
    grouped: dict[str, list[Promise]] = {}
    for promise in promises:
        grouped.setdefault(promise.policy, []).append(promise)
    return tuple(slot for policy, versions in grouped.items() for slot in _of_policy(policy, versions))


def answered_slot(side: Side, slot: Slot, known: Iterable[Slot]) -> Slot | None:
    """The breach that one side of a shared remedy of `slot` answers for; None where that promise is not in force."""
    policy = f"{slot.policy.partition('.')[0]}.{side.answers_for}"
    return next((each for each in known if each.policy == policy and each.occurrence == 0), None)


def _of_policy(policy: str, versions: list[Promise]) -> list[Slot]:
    after_s = {0: 0}
    holders: dict[int, list[Promise]] = {0: list(versions)}
    for promise in versions:
        for occurrence, wait_s in sorted({(each.occurrence, each.after_s) for each in promise.remedies} - {(0, 0)}):
            after_s[occurrence] = wait_s
            holders.setdefault(occurrence, []).append(promise)
    return [Slot(policy, n, column_of(policy, n), tuple(holders[n]), after_s[n]) for n in sorted(after_s)]

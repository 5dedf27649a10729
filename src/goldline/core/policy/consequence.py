"""Consequences: what a breach brings about beside money, said as an event of the same subject.

A clock that runs out may decide something: a request nobody answered is approved. What follows from that has clocks of
its own, so it must become a fact like any other, and facts come from events.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from goldline.core.facts.subject import Subject, Vocabulary
from goldline.core.policy.diagnostic import nearest
from goldline.core.policy.table import Table

PLATFORM: Final = "platform"
CONSUMER: Final = "consumer"


@dataclass(frozen=True, slots=True)
class Consequence:
    """An event the engine sends itself when the promise breaks. `data` is what it says beside the subject's own ids."""

    type: str
    data: Mapping[str, str]


def read_consequence(table: Table, subject: type[Subject] | None) -> Consequence | None:
    """The `event` of a promise, or None; what is wrong in it is noted."""
    inner = table.table("event")
    if inner is None:
        return None
    inner.allow(("type", "data"), "'event'")
    inner.require(("type",), "'event'")
    said, data = inner.text("type"), inner.table("data")
    if said is None or subject is None:
        return None
    known = sorted({name for fact in subject.facts.values() for name in fact.source.events})
    if said not in known:
        hint = nearest(said, known) or f"use one of {', '.join(known)}"
        inner.report("type", f"no fact of {subject.kind} comes from '{said}'", hint)
        return None
    texts = {key: text for key in data.values if (text := data.text(key)) is not None} if data else {}
    return Consequence(said, texts)


def bearers(vocabulary: Vocabulary) -> tuple[str, ...]:
    """Who may bear a remedy: the parties the subjects name, but not the one it is for, and the platform."""
    named = {party: None for subject in vocabulary for party in subject.parties if party != CONSUMER}
    return (*named, PLATFORM)


def sides(vocabulary: Vocabulary) -> tuple[str, ...]:
    """Whose clock a promise may be: all who may bear a remedy, and the consumer."""
    return (*bearers(vocabulary), CONSUMER)

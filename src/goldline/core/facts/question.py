"""Questions: what a decision is asked about a subject, answered from what is given and what stands in the record.

A question has three kinds of facts: those of its subject, those given with it (`Asked`), and those read from the
record at the moment of asking (`Seen`): the history of who asks and of whom it is about. Once read they are plain
values; a decision is a function of them and of nothing else, so it can be made again from what was recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, LiteralString

import msgspec

from goldline.core.errors import GoldlineError
from goldline.core.facts.merge import FactType
from goldline.core.facts.subject import Subject


@dataclass(frozen=True, slots=True)
class Asked:
    """A fact given with the question: the field of its body, its type, what it is."""

    field: str
    type: FactType
    about: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A fact read from the record when the question is asked: a column of one of the question's readings."""

    reading: str
    type: FactType
    about: str


ASKED_AT = "asked_at"
ASKER = "asker"
_OWN: dict[str, tuple[FactType, str]] = {
    ASKED_AT: (FactType.INSTANT, "when the question is asked"),
    ASKER: (FactType.TEXT, "who asks: the buyer, or the group of linked accounts the buyer belongs to"),
}


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer as the market needs it to tell the rest: amounts in minor units, `spent` when money was promised."""

    id: str
    key: str
    answer: str
    spent: bool
    amount_minor: int
    currency: str
    at: datetime
    facts: Mapping[str, Any]


class Question:
    """Base of a question. Class attributes made by `Asked` and `Seen` are its facts.

    `kind` is its name in policies, `of` the subject it is about, `body` the fields it is asked with, `key` the one that
    names an asking: asked again under the same key it is answered the same. `amount` and `currency` name the facts
    for what is asked for. `asker` is SQL over a row `o` of the subject that gives `whose` (who asks) and `accounts`
    (every account of theirs); `parties` names the facts for whom it concerns. `readings` are SQL over `o` and the
    row `q` of what is asked (with `asked_at`, `asker` and `accounts`), one row each. `always` names facts that are
    read although no ground names them.
    """

    kind: ClassVar[str]
    of: ClassVar[type[Subject]]
    body: ClassVar[type[msgspec.Struct]]
    key: ClassVar[str]
    amount: ClassVar[str]
    currency: ClassVar[str]
    parties: ClassVar[Mapping[str, str]]
    asker: ClassVar[LiteralString]
    readings: ClassVar[Mapping[str, LiteralString]]
    always: ClassVar[tuple[str, ...]] = ()
    asked: ClassVar[Mapping[str, Asked]]
    seen: ClassVar[Mapping[str, Seen]]

    def __init_subclass__(cls) -> None:
        cls.asked = {name: value for name, value in vars(cls).items() if isinstance(value, Asked)}
        cls.seen = {name: value for name, value in vars(cls).items() if isinstance(value, Seen)}
        names = [*cls.of.types(), *cls.asked, *cls.seen, *_OWN]
        twice = {name for name in names if names.count(name) > 1}
        assert not twice, f"{cls.kind} names a fact twice: {', '.join(sorted(twice))}"

    @classmethod
    def types(cls) -> dict[str, FactType]:
        """Name and type of every fact a ground may name."""
        own = {name: kind for name, (kind, _) in _OWN.items()}
        given = {name: each.type for name, each in cls.asked.items()}
        seen = {name: each.type for name, each in cls.seen.items()}
        return {**cls.of.types(), **given, **seen, **own}

    @classmethod
    def meaning(cls, name: str) -> str:
        """What a fact is, in words."""
        if name in _OWN:
            return _OWN[name][1]
        known: Mapping[str, Any] = {**cls.of.facts, **cls.asked, **cls.seen}
        return str(known[name].about)

    @classmethod
    def given(cls, body: msgspec.Struct) -> dict[str, Any]:
        """The facts given with one asking, by name."""
        return {name: getattr(body, each.field) for name, each in cls.asked.items()}

    @classmethod
    def refusal(cls, facts: Mapping[str, Any]) -> GoldlineError | None:
        """Why it cannot be asked as things stand, or None. `facts` are as read, amounts in minor units."""
        raise NotImplementedError

    @classmethod
    def told(cls, answered: Answered) -> list[bytes]:
        """The events, as JSON, that tell the rest of the engine what was asked and answered."""
        raise NotImplementedError

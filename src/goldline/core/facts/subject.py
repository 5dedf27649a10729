"""Subjects: the things promises are made about, each one row of typed facts.

Reading a subject class is reading the vocabulary: a policy may name these facts and no others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from goldline.core.facts.merge import Fact, FactType


class Subject:
    """Base of a subject. Class attributes made by the merge rules are its facts.

    `kind` is its name in policies and tables; `key` the field of an event's data that identifies it;
    `parties` says which fact names whom, for charging and paying; `currency_facts` names those that hold the least and
    the greatest currency seen, which differ when a subject was given two.
    """

    kind: ClassVar[str]
    key: ClassVar[str]
    parties: ClassVar[dict[str, str]] = {}
    currency_facts: ClassVar[tuple[str, str] | None] = None
    facts: ClassVar[dict[str, Fact]]

    def __init_subclass__(cls) -> None:
        cls.facts = {name: value for name, value in vars(cls).items() if isinstance(value, Fact)}

    @classmethod
    def types(cls) -> dict[str, FactType]:
        """Name and type of every fact, for checking expressions."""
        return {name: fact.type for name, fact in cls.facts.items()}


class Vocabulary:
    """The subjects an engine works with."""

    def __init__(self, subjects: Iterable[type[Subject]]) -> None:
        self.subjects = {each.kind: each for each in subjects}

    def __iter__(self) -> Iterator[type[Subject]]:
        return iter(self.subjects.values())

    def __getitem__(self, kind: str) -> type[Subject]:
        return self.subjects[kind]

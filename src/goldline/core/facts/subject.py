"""Subjects: the things promises are made about, each one row of typed facts.

Reading a subject class is reading the vocabulary: a policy may name these facts and no others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from psycopg import Connection

from goldline.core.facts.merge import Fact, FactType

if TYPE_CHECKING:
    from goldline.core.facts.question import Question


@dataclass(frozen=True, slots=True)
class Scope:
    """The facts of a subject that say whether a notice covers it: its region, merchant and category, when it began
    and when it would be due without any notice.
    """

    region: str
    merchant: str
    category: str
    begun_at: str
    due_at: str

    @property
    def facts(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(astuple(self))


class Subject:
    """Base of a subject. Class attributes made by the merge rules are its facts.

    `kind` is its name in policies and tables; `key` the field of an event's data that identifies it;
    `within` names the field of the root it is known within, whose id then begins its key: '<root>|<id>', because two
    orders may name a parcel or a refund alike, and whose facts it may inherit;
    `parties` says which fact names whom, for charging and paying;
    `currency_facts` names those that hold the least and the greatest currency seen, which differ when a subject was
    given two; `noted` names those whose news a watch waits for, while promises are made about the kind;
    `price` names what was paid for it and `given_back` the set of what went back already, by lines that begin with a
    case's id and an amount in minor units: together they bound what is refunded;
    `beside` names the facts to be shown as evidence wherever a promise reads the one they stand beside;
    `looked_up_by` names columns it is looked up by, each of which gets an index;
    `swept_as` names the event that tells that a campaign's sweep has found one of the kind;
    `scope` says by which facts a notice covers it. A subject that `announces` is itself a notice: its facts `terms`,
    `published_at` and `withdrawn_at` are put in force for the subjects it covers.
    """

    kind: ClassVar[str]
    key: ClassVar[str]
    within: ClassVar[str | None] = None
    parties: ClassVar[dict[str, str]] = {}
    currency_facts: ClassVar[tuple[str, str] | None] = None
    price: ClassVar[str | None] = None
    given_back: ClassVar[str | None] = None
    beside: ClassVar[dict[str, tuple[str, ...]]] = {}
    scope: ClassVar[Scope | None] = None
    announces: ClassVar[bool] = False
    noted: ClassVar[tuple[str, ...]] = ()
    looked_up_by: ClassVar[tuple[str, ...]] = ()
    swept_as: ClassVar[str | None] = None
    facts: ClassVar[dict[str, Fact]]
    root_kind: ClassVar[str | None]  # the kind it inherits facts from
    answerer: ClassVar[str | None]  # the party that answers for breaking a rule about it: the merchant, if it has one

    def __init_subclass__(cls) -> None:
        cls.facts = {name: value for name, value in vars(cls).items() if isinstance(value, Fact)}

        heirs = {fact.of for fact in cls.facts.values() if fact.of is not None}
        if len(heirs) > 1 or (heirs and cls.within is None):
            raise ValueError(f"{cls.__name__}: facts are inherited from the one subject it is within")
        cls.root_kind = heirs.pop() if heirs else None
        answering = [party for party in ("merchant", *cls.parties) if party in cls.parties and party != "consumer"]
        cls.answerer = answering[0] if answering else None

    @classmethod
    def types(cls) -> dict[str, FactType]:
        """Name and type of every fact, for checking expressions."""
        return {name: fact.type for name, fact in cls.facts.items()}


class Aggregate(Subject):
    """A subject counted from the rows of others: one row per owner and civil day. The key is '<owner>|<day>'.

    `owners` names, for each kind of subject counted, its fact that says whose day it is; `zones` the one whose time
    zone decides the day (`default_zone` where it is null or there is none). `holder` is the subject that the
    owner's id names, whose facts a score may read beside the day's.
    """

    owners: ClassVar[dict[str, str]]
    zones: ClassVar[dict[str, str]] = {}
    holder: ClassVar[type[Subject] | None] = None
    default_zone: ClassVar[str] = "Asia/Shanghai"

    @classmethod
    def counted(cls, kind: str) -> dict[str, Fact]:
        """The facts that are counted from one kind of subject."""
        return {name: fact for name, fact in cls.facts.items() if fact.tally is not None and fact.tally.of == kind}

    @classmethod
    def windows(cls) -> dict[str, Fact]:
        """The facts that sum others over several days."""
        return {name: fact for name, fact in cls.facts.items() if fact.window is not None}

    @classmethod
    def ends(cls) -> tuple[str, ...]:
        """The facts that hold the end of the day."""
        plain = (FactType.INSTANT, "counted")
        return tuple(name for name, fact in cls.facts.items() if (fact.type, fact.rule) == plain)


Watch = Callable[[Connection[Any]], Sequence[bytes]]


class Vocabulary:
    """The subjects an engine works with, the sanctions it may impose (their names in every language), and the
    questions that may be asked about the subjects.

    `watches` look now and then for what no single subject shows, from the notes of those that are `noted`. Each gives
    events, as raw CloudEvents, in the caller's transaction; their ids are made from what they tell of.
    """

    def __init__(
        self,
        subjects: Iterable[type[Subject]],
        actions: Mapping[str, Mapping[str, str]] | None = None,
        watches: Iterable[Watch] = (),
        questions: Iterable[type[Question]] = (),
    ) -> None:
        self.watches = tuple(watches)
        self.subjects = {each.kind: each for each in subjects}
        self.actions = dict(actions or {})
        self.questions = {each.kind: each for each in questions}
        seen: set[str] = set()
        for each in self:
            if each.root_kind is not None and each.root_kind not in seen:
                raise ValueError(f"{each.__name__} inherits from '{each.root_kind}', which must be listed before it")
            seen.add(each.kind)

    def __iter__(self) -> Iterator[type[Subject]]:
        return iter(self.subjects.values())

    @property
    def aggregates(self) -> tuple[type[Aggregate], ...]:
        """The subjects that are counted from others."""
        return tuple(each for each in self.subjects.values() if issubclass(each, Aggregate))

    def aggregates_of(self, subject: type[Subject]) -> tuple[type[Aggregate], ...]:
        """The aggregates counted from one subject."""
        return tuple(each for each in self.aggregates if each.counted(subject.kind))

    def heirs_of(self, subject: type[Subject]) -> tuple[type[Subject], ...]:
        """The subjects that inherit facts from one."""
        return tuple(each for each in self if each.root_kind == subject.kind)

    def __getitem__(self, kind: str) -> type[Subject]:
        return self.subjects[kind]

"""The engine: a vocabulary, a catalogue and a rule set, compiled to the statements a step runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from goldline.core.facts.event import Catalogue
from goldline.core.facts.fold import copy_statement, heirs_select
from goldline.core.facts.stage import Stager
from goldline.core.facts.subject import Subject, Vocabulary
from goldline.core.facts.table import inherited_columns
from goldline.core.judge.consequence import check_consequences
from goldline.core.judge.finding import FindingStatements, compile_findings
from goldline.core.judge.verdict import Judgement, compile_judgement, sweep_statement
from goldline.core.policy.promise import Promise
from goldline.core.policy.published import RuleSet
from goldline.core.policy.slot import Slot, slots


@dataclass(frozen=True, slots=True)
class Program:
    """What one partition runs for one kind of subject. `heirs` finds those whose inherited facts have changed."""

    subject: type[Subject]
    copy: str
    judgement: Judgement
    sweep: str
    findings: FindingStatements | None
    heirs: str | None = None


class Engine:
    """Everything a worker compiles once per rule set and uses for every step.

    A subject has facts for more kinds of events than one marketplace sends. What is staged, merged and written is
    what the event types heard so far can feed; it grows with them and never shrinks, so that it is soon compiled.
    """

    def __init__(self, vocabulary: Vocabulary, catalogue: Catalogue, ruleset: RuleSet) -> None:
        self.vocabulary = vocabulary
        self.catalogue = catalogue
        self.ruleset = ruleset
        self.heard: frozenset[str] = frozenset()
        self.stager = Stager(vocabulary, catalogue, self.heard)
        self.decoder = catalogue.trusted_decoder()
        self.slots: dict[str, tuple[Slot, ...]] = {
            subject.kind: slots(p for p in ruleset.promises if p.subject == subject.kind) for subject in vocabulary
        }
        check_consequences(vocabulary, catalogue, ruleset.promises)
        self._programs: dict[int, tuple[Program, ...]] = {}
        self._names = {kind: name for name, kind in catalogue.trusted.items()}

    def hear(self, events: Iterable[Any]) -> bool:
        """Take note of the types of decoded events before they are staged.

        True when one was new: stages and programs made before are too narrow for it and must be asked for again.
        """
        new = {self._names[kind] for kind in set(map(type, events))} - self.heard
        if new:
            self.heard |= new
            self.stager = Stager(self.vocabulary, self.catalogue, self.heard)
            self._programs.clear()
        return bool(new)

    @cached_property
    def promises(self) -> dict[str, Promise]:
        """The newest version of every policy: budgets and breakers are read from it."""
        return {promise.policy: promise for promise in self.ruleset.promises}

    @cached_property
    def has_consequences(self) -> bool:
        """Whether a finding may bring about an event."""
        return any(promise.event for promise in self.ruleset.promises)

    def programs(self, partition: int) -> tuple[Program, ...]:
        """The programs of a partition, compiled at first use."""
        if partition not in self._programs:
            self._programs[partition] = tuple(self._compile(subject, partition) for subject in self.vocabulary)
        return self._programs[partition]

    def _compile(self, subject: type[Subject], partition: int) -> Program:
        own = self.slots[subject.kind]
        findings = compile_findings(subject, own, partition) if own else None
        aggregates = self.vocabulary.aggregates_of(subject)
        judgement = compile_judgement(
            subject, own, partition, aggregates, self._passed_on(subject), self.ruleset.noticed_epoch, self.heard
        )
        heirs = heirs_select(subject, partition) if own and subject.root_kind is not None else None
        copy = copy_statement(subject, self.heard)
        return Program(subject, copy, judgement, sweep_statement(subject, partition), findings, heirs)

    def _passed_on(self, subject: type[Subject]) -> tuple[str, ...]:
        """The facts that subjects within this one inherit, of the kinds that promises are made about."""
        judged = [heir for heir in self.vocabulary.heirs_of(subject) if self.slots[heir.kind]]
        taken = [fact.expression or "" for heir in judged for _, fact in inherited_columns(heir)]
        return tuple(dict.fromkeys(taken))

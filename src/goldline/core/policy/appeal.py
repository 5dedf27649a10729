"""Terms of appeal: who may object to which decision, until when, for which reasons, and by when it is answered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from goldline.core.policy.clause import Setting, usable_id
from goldline.core.policy.definition import Use
from goldline.core.policy.diagnostic import nearest
from goldline.core.policy.parameter import GRADES
from goldline.core.policy.table import Table

PARTIES: Final = ("merchant", "creator", "carrier", "outlet")
_KEYS: Final = (
    "id", "for", "title", "about", "window", "answer", "once", "provisional", "reason", "clause", "grade",
)  # fmt: skip
_REASON_KEYS: Final = ("id", "title", "evidence")
_ANSWER: Final = re.compile(r"(hours|days|working_days):[1-9][0-9]{0,2}(/[A-Za-z0-9_.-]{1,40})?")


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason an appeal may name, and the kinds of evidence it needs; none where the platform checks it itself."""

    id: str
    title: Mapping[str, str]
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """One version of the terms of appeal of a pack for one kind of party.

    An appeal is filed within `window_s` of the decision and answered by the deadline rule `answer` in `zone`. With
    `once`, a decision that was answered is not appealed again. Sanctions of the `provisional` actions rest while the
    appeal is pending; by default none do.
    """

    policy: str
    version: int
    pack: str
    party: str
    title: Mapping[str, str]
    about: Mapping[str, str]
    window_s: int
    answer: str
    zone: str
    once: bool
    provisional: tuple[str, ...]
    reasons: tuple[Reason, ...]
    currency: str
    clause: str | None = None
    grade: str | None = None

    @property
    def kind(self) -> str:
        """'appeal'."""
        return "appeal"

    @property
    def subject(self) -> str:
        """Appeals are about accounts."""
        return "account"

    @property
    def uses(self) -> frozenset[Use]:
        """It names no parameters."""
        return frozenset()

    def reason(self, name: str) -> Reason | None:
        """The reason of that id."""
        return next((each for each in self.reasons if each.id == name), None)


def read_terms(table: Table, setting: Setting) -> Terms | None:
    """The terms of one [[appeal]] table, or None with their faults noted."""
    table.allow(_KEYS, "an appeal")
    complete = table.require(("id", "for", "title", "about", "window", "answer", "reason"), "the appeal")
    before = len(table.document.source.diagnostics)
    own_id, party = usable_id(table, "id") or "", table.choice("for", PARTIES)
    title, about = table.words("title"), table.words("about")
    window_s, answer = table.seconds("window"), _answer(table)
    once, provisional = table.values.get("once", False), _provisional(table, setting)
    if not isinstance(once, bool):
        table.report("once", "'once' must be true or false")
    reasons = _reasons(table)
    clause, grade = table.text("clause"), table.choice("grade", GRADES)
    if len(table.document.source.diagnostics) > before or not complete:
        return None
    assert party is not None
    assert window_s is not None
    assert answer is not None, "what is required and free of faults is there"
    return Terms(
        policy=f"{setting.pack}.{own_id}", version=1, pack=setting.pack, party=party, title=title, about=about,
        window_s=window_s, answer=answer, zone=str(setting.zone), once=bool(once), provisional=provisional,
        reasons=reasons, currency=setting.currency, clause=clause, grade=grade,
    )  # fmt: skip


def _answer(table: Table) -> str | None:
    answer = table.text("answer")
    if answer is not None and _ANSWER.fullmatch(answer) is None:
        hint = "write it as working_days:5, days:14 or hours:48; a calendar may follow: working_days:5/cn"
        table.report("answer", f"'{answer}' is no deadline rule", hint)
        return None
    return answer


def _provisional(table: Table, setting: Setting) -> tuple[str, ...]:
    known = setting.vocabulary.actions
    for each in table.texts("provisional"):
        if each not in known:
            hint = nearest(each, known) or f"use {', '.join(known)}"
            table.report("provisional", f"there is no sanction '{each}'", hint)
    return table.texts("provisional")


def _reasons(table: Table) -> tuple[Reason, ...]:
    found: dict[str, Reason] = {}
    for inner in table.tables("reason", "appeal.reason"):
        inner.allow(_REASON_KEYS, "a reason")
        inner.require(("id", "title"), "the reason")
        own_id, evidence = usable_id(inner, "id"), inner.texts("evidence")
        if own_id in found:
            inner.report("id", f"there are two reasons '{own_id}'", "give each an id of its own")
        if own_id is not None:
            found[own_id] = Reason(own_id, inner.words("title"), evidence)
    return tuple(found.values())


def terms_for(terms: tuple[Terms, ...], policy: str, party: str) -> Terms | None:
    """The terms under which a party may object to a decision of that policy: those of its pack."""
    pack = policy.partition(".")[0]
    return next((each for each in terms if each.pack == pack and each.party == party), None)


def plain(terms: Terms) -> dict[str, Any]:
    """The terms as plain values, for answers and statements."""
    return {
        "terms": terms.policy, "version": terms.version, "window_s": terms.window_s, "answer": terms.answer,
        "zone": terms.zone, "once": terms.once, "suspends": list(terms.provisional),
        "reasons": [{"id": r.id, "title": dict(r.title), "evidence": list(r.evidence)} for r in terms.reasons],
    }  # fmt: skip

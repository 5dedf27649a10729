"""What an explanation says: promises, their evidence and clauses, what was found, owed and posted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from goldline.core.facts.coverage import NoticeTold
from goldline.core.facts.merge import FactType
from goldline.core.policy.expression import Type


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact a promise reads, as it stands now."""

    name: str
    value: Any
    about: str
    type: FactType


@dataclass(frozen=True, slots=True)
class NodeValue:
    """A sub-expression and its value: instants as text, intervals in seconds, amounts in minor units."""

    label: str
    value: Any
    type: Type | None


@dataclass(frozen=True, slots=True)
class Clause:
    """One expression of a promise as it was written, and the values of its nodes. `name` is its key in the pack.

    `after_s` is how long after the deadline the remedy it belongs to is owed; 0 elsewhere.
    """

    name: str
    text: str
    nodes: tuple[NodeValue, ...]
    after_s: int = 0


@dataclass(frozen=True, slots=True)
class Posting:
    """One line of the ledger."""

    entry: str
    line: int
    account: str
    amount_minor: int
    currency: str
    reason: str
    posted_at: datetime


@dataclass(frozen=True, slots=True)
class RemedyTold:
    """What was owed for a finding. `bearer` was charged first; `charged_to` bears it now; `why` says why it is held.

    Where two bear it, `sharer` was charged `share_minor` of it and `share_to` bears that part now.
    """

    id: str
    kind: str
    payee: str
    bearer: str
    charged_to: str
    asked_minor: int
    amount_minor: int
    currency: str
    state: str
    why: str | None
    accrued_at: datetime
    settled_at: datetime | None
    provider_ref: str | None
    postings: tuple[Posting, ...]
    sharer: str | None = None
    share_to: str | None = None
    share_minor: int = 0


@dataclass(frozen=True, slots=True)
class FindingTold:
    """A breach as it was found: what it was judged on stays as it was seen. `clauses` hold the stored values."""

    id: str
    policy: str
    version: int
    occurrence: int
    made_at: datetime | None
    due_at: datetime
    kept_at: datetime | None
    found_at: datetime
    status: str
    status_at: datetime | None
    status_why: Any
    facts: Mapping[str, Any]
    nodes: tuple[NodeValue, ...]
    remedies: tuple[RemedyTold, ...]


@dataclass(frozen=True, slots=True)
class PromiseTold:
    """One promise made about the subject, and what became of it. `recorded` is the verdict the last step wrote.

    One that is no longer made but has findings has none recorded; it is told as it was found. `evidence` is what is
    known now. `seen_at` is when the finding was made that the values of `clauses`, facts among them, were stored with;
    without it they are those of now. `side` says whose clock it is, where that is not the seller's.
    """

    policy: str
    version: int
    title: Mapping[str, str]
    about: Mapping[str, str]
    state: str
    recorded: str | None
    made_at: datetime
    due_at: datetime
    grace_s: int
    judge_at: datetime
    kept_at: datetime | None
    currency: str
    evidence: tuple[Evidence, ...]
    clauses: tuple[Clause, ...]
    findings: tuple[FindingTold, ...]
    summary: Mapping[str, str]
    clause: str | None = None
    grade: str | None = None
    side: str | None = None
    seen_at: datetime | None = None

    @property
    def remedies(self) -> tuple[RemedyTold, ...]:
        """Every remedy of every finding."""
        return tuple(remedy for finding in self.findings for remedy in finding.remedies)


@dataclass(frozen=True, slots=True)
class Explanation:
    """One subject explained at one time. `facts` are all that is known of it, without what is unknown.

    `within` are the subjects within it about which something was promised, each explained likewise; `notices`
    move or void its clocks.
    """

    kind: str
    key: str
    now: datetime
    facts: Mapping[str, Any]
    promises: tuple[PromiseTold, ...]
    within: tuple[Explanation, ...] = ()
    notices: tuple[NoticeTold, ...] = ()

    def as_json(self) -> bytes:
        """The whole as JSON in UTF-8: instants in RFC 3339, amounts in minor units, decimals as text."""
        return msgspec.json.encode(self)

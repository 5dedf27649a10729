"""The shapes of the API's answers, as its description (OpenAPI) publishes them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from ninja import Field, Schema


class ProblemError(Schema):
    """One fault of a request: where, and what."""

    pointer: str
    detail: str


class Problem(Schema):
    """An RFC 9457 problem (application/problem+json)."""

    type: str = Field(examples=["urn:goldline:problem:not_found"])
    title: str
    status: int
    detail: str
    code: str = Field(description="Stable, for programs.")
    errors: list[ProblemError]


class QuarantinedEvent(Schema):
    """An event of the request that was set aside, and why."""

    index: int = Field(description="Its place in the batch, from 0.")
    code: str
    reason: str


class Receipt(Schema):
    """What became of the events of one request. It is given after they were committed."""

    accepted: int
    quarantined: list[QuarantinedEvent]


class GateGround(Schema):
    """A sanction that closes or limits a gate."""

    sanction_id: UUID
    action: str
    ladder: str
    rule: str
    nth: int
    value: float | None
    starts_at: datetime
    ends_at: datetime | None
    until: str | None = Field(description="The condition that lifts it, as the policy writes it.")


class GateAnswer(Schema):
    """Whether an account may pass a gate now."""

    gate: str
    account: str
    state: str = Field(description="open, limited or closed")
    limit: float | None
    until: datetime | None
    grounds: list[GateGround]
    requires: str | None = Field(None, description="What its standing must meet, as the policy writes it.")
    met: bool | None = Field(
        None, description="Whether the last standing kept meets it; an account without one does not."
    )
    score: float | None = None
    scored_on: date | None = None


class Reason(Schema):
    """One reason of an answer, as a consumer may read it. The Chinese is under `zh-Hans`."""

    id: str
    en: str
    zh_hans: str = Field(alias="zh-Hans")


class Decision(Schema):
    """An answer given at once. Amounts are in minor units; `granted_minor` is 0 unless money was granted."""

    id: UUID
    answer: str
    reasons: list[Reason]
    order_id: str
    asked_as: str
    amount_minor: int
    granted_minor: int
    currency: str
    policy: str
    version: int
    decided_at: datetime
    facts: dict[str, Any] | None = None
    nodes: list[Any] | None = None


class DecisionInBrief(Schema):
    """A decision in a list."""

    id: UUID
    policy: str
    version: int
    key: str
    asked_as: str
    answer: str
    reasons: list[str]
    amount_minor: int
    spent_minor: int
    currency: str
    decided_at: datetime


class Decisions(Schema):
    """A page of decisions."""

    data: list[DecisionInBrief]
    next_cursor: str | None


class Sanction(Schema):
    """What followed for an account from a finding that stands."""

    id: UUID
    account: str
    ladder: str
    version: int
    rule: str
    finding_id: UUID
    nth: int
    step: int
    action: str
    value: float | None
    amount_minor: int | None
    currency: str | None
    until: str | None
    starts_at: datetime
    ends_at: datetime | None
    released_at: datetime | None
    revoked_at: datetime | None


class Sanctions(Schema):
    """A page of sanctions, newest first."""

    data: list[Sanction]
    next_cursor: str | None


class AuditRecord(Schema):
    """One change by a person or a key."""

    seq: int
    at: datetime
    actor_kind: str
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]
    hash: str


class AuditTrail(Schema):
    """A page of the audit trail, newest first."""

    data: list[AuditRecord]
    next_cursor: str | None


class RemedyInBrief(Schema):
    """What is owed for a finding."""

    id: UUID
    kind: str
    amount_minor: int
    currency: str
    state: str
    charged_to: str
    share_to: str | None = Field(None, description="Who bears a part of it, where two do.")
    share_minor: int = Field(0, description="How much that part is.")


class Finding(Schema):
    """A broken promise."""

    id: UUID
    policy: str
    version: int
    subject: str
    key: str
    occurrence: int
    made_at: datetime | None
    due_at: datetime
    kept_at: datetime | None
    found_at: datetime
    merchant_id: str | None
    status: str
    status_at: datetime | None
    revision: int
    remedies: list[RemedyInBrief]


class Findings(Schema):
    """A page of findings, newest first."""

    data: list[Finding]
    next_cursor: str | None


class Delivery(Schema):
    """A message or payout that leaves Goldline, with its last try."""

    id: int
    kind: str
    key: str
    topic: str
    endpoint_id: int | None
    endpoint_url: str | None
    created_at: datetime
    state: str
    attempts: int
    next_try_at: datetime
    settled_at: datetime | None
    tried_at: datetime | None
    took_ms: int | None
    outcome: str | None
    status_code: int | None
    detail: str | None


class Deliveries(Schema):
    """A page of deliveries, newest first."""

    data: list[Delivery]
    next_cursor: str | None


class Quarantined(Schema):
    """An event set aside, without its body."""

    id: int
    received_at: datetime
    via: str
    code: str
    reason: str
    event_id: str | None
    event_type: str | None
    state: str
    attempts: int
    settled_at: datetime | None
    body_bytes: int


class Quarantine(Schema):
    """A page of the quarantine, newest first."""

    data: list[Quarantined]
    next_cursor: str | None


class Redriven(Schema):
    """What a re-drive did."""

    accepted: int
    stayed: list[dict[str, Any]] = Field(description="What could still not be taken: id and reason.")


class Promise(Schema):
    """How one promise stands, in subjects and in minor units of each currency."""

    promise: str
    made: int
    kept: int
    broken: int
    excused: int
    overturned: int = 0
    pending: int
    remedies: int
    paid: dict[str, int]
    charged: dict[str, int]


class Promises(Schema):
    """Every promise."""

    data: list[Promise]


class Notice(Schema):
    """A notice, and how many subjects it moves or voids. A list or bound that is null limits nothing."""

    id: str
    kind: str
    subject: str
    regions: list[str] | None
    merchants: list[str] | None
    categories: list[str] | None
    begun_from: datetime | None
    begun_until: datetime | None
    due_from: datetime | None
    due_until: datetime | None
    moved_to: datetime | None
    moved_s: int | None
    reason: dict[str, str]
    clause: str | None
    published_at: datetime
    withdrawn_at: datetime | None
    covered: int
    looked: int
    carried: bool


class Notices(Schema):
    """Every notice."""

    data: list[Notice]

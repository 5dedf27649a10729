"""Appeals, cases and plans for the surfaces: lists and single ones, each masked for who reads it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any, Final, get_args
from uuid import UUID

from psycopg.rows import dict_row

from goldline.core.account import rectification, statement
from goldline.core.account.statement import READERS, Reader, Statement
from goldline.core.errors import GoldlineError
from goldline.core.judge.sentence import Language
from goldline.core.policy.appeal import Terms, plain, terms_for
from goldline.market.sanction import ACTIONS
from goldline.surfaces.web.engine import Connection
from goldline.surfaces.web.reading.explanation import rules
from goldline.surfaces.web.reading.page import Conditions, Listing, Row, Slice, fetch

# A claimed appeal is one whose case somebody holds now: there is no second place where that is kept.
_APPEALS: Final = Listing(
    rows="""
    SELECT a.id, a.account, a.finding_id, a.sanction_id, a.terms, a.version, a.reason, a.words, a.filed_at,
           a.answer_by, a.breached_at, a.asked_words, a.evidence_by, a.decided_at, a.answer,
           CASE WHEN a.state IN ('filed', 'evidence_asked') AND EXISTS (SELECT FROM review_case c
                WHERE c.kind = 'appeal' AND c.subject = a.id::text AND c.state = 'open' AND c.known IS NULL
                AND c.claimed_until > coalesce((SELECT at FROM driven_clock), clock_timestamp()))
                THEN 'claimed' ELSE a.state END AS state
    FROM appeal a""",
    key=(("filed_at", "timestamptz"), ("id", "uuid")),
    around="""
    SELECT page.*, coalesce((SELECT jsonb_agg(jsonb_build_object('sha256', encode(e.sha256, 'hex'), 'kind', e.kind,
        'name', e.name, 'media_type', e.media_type, 'size_bytes', octet_length(e.body), 'personal', e.personal)
        ORDER BY e.added_at, e.sha256) FROM evidence e WHERE e.appeal_id = page.id), '[]') AS evidence FROM page""",
)
# What a reviewer sees: neither that the answer is known nor who gave it.
_CASES: Final = Listing(
    rows="""
    SELECT id, kind, subject, account, language, category, priority, level, state, opened_at, answer_by, epoch, holder,
           claimed_until, sla_at, held_until, held_why
    FROM review_case""",
    key=(("opened_at", "timestamptz"), ("id", "uuid")),
    around="""
    SELECT page.*, coalesce((SELECT jsonb_agg(jsonb_build_object('at', n.at, 'author', n.author, 'words', n.words)
        ORDER BY n.id) FROM review_note n WHERE n.case_id = page.id), '[]') AS notes FROM page""",
)
_DECIDED: Final = ("decided_at", "answer")


def appeals(
    connection: Connection, account: str, state: str, cursor: str | None, limit: int, *,
    due_before: datetime | None = None,
) -> Slice:  # fmt: skip
    """One page of appeals, newest first; `state` is one of the stored ones. With `due_before` those that wait alone."""
    conditions = Conditions()
    conditions.add("a.state IN ('filed', 'evidence_asked') AND a.answer_by < %s", due_before)
    conditions.add("a.account = %s", account)
    conditions.add("a.state = %s", state)
    return fetch(connection, _APPEALS, conditions, cursor, limit)


def appeal(connection: Connection, appeal_id: UUID, account: str = "") -> Row:
    """One appeal with its evidence; with `account`, only that account's. Raises GoldlineError('not_found')."""
    conditions = Conditions()
    conditions.add("a.id = %s", appeal_id)
    conditions.add("a.account = %s", account)
    found = fetch(connection, _APPEALS, conditions).rows
    if not found:
        raise GoldlineError("There is no such appeal.", code="not_found")
    return found[0]


def cases(
    connection: Connection, state: str, kind: str, holder: str, cursor: str | None, limit: int, *, account: str = "",
    due_before: datetime | None = None,
) -> Slice:  # fmt: skip
    """One page of reviewers' cases, newest first."""
    conditions = Conditions()
    conditions.add("state = %s", state)
    conditions.add("kind = %s", kind)
    conditions.add("holder = %s", holder)
    conditions.add("account = %s", account)
    conditions.add("answer_by < %s", due_before)
    return fetch(connection, _CASES, conditions, cursor, limit)


def case(connection: Connection, case_id: UUID) -> Row:
    """One case with what it is about, as its holder may see it. Raises GoldlineError('not_found')."""
    conditions = Conditions()
    conditions.add("id = %s", case_id)
    found = fetch(connection, _CASES, conditions).rows
    if not found:
        raise GoldlineError("There is no such case.", code="not_found")
    row = found[0]
    return {**row, "appeal": _undecided(appeal(connection, UUID(row["subject"]))) if row["kind"] == "appeal" else None}


def _undecided(row: Row) -> Row:
    """As it stood when it was filed: a sample that showed its answer would measure nothing."""
    return {**row, "state": "filed", **dict.fromkeys(_DECIDED)}


def told(connection: Connection, sanction_id: UUID, reader: str, lang: str) -> Statement:
    """A sanction's statement of reasons. Raises GoldlineError('not_found' or 'invalid')."""
    who, language = _readers(reader, lang)
    terms = _terms(connection, sanction_id)
    window_s = terms.window_s if terms else None
    return statement.find(connection, sanction_id, who, language, actions=ACTIONS, window_s=window_s)


def told_of_finding(connection: Connection, finding_id: UUID, reader: str, lang: str) -> Statement:
    """The statement of a finding and its charge. Raises GoldlineError('not_found' or 'invalid')."""
    who, language = _readers(reader, lang)
    row = connection.execute(
        "SELECT policy, coalesce(split_part(answerer, ':', 1), 'merchant') FROM finding WHERE id = %s", (finding_id,)
    ).fetchone()
    terms = terms_for(rules(connection).appeals, *row) if row else None
    return statement.of_finding(connection, finding_id, who, language, window_s=terms.window_s if terms else None)


def _readers(reader: str, lang: str) -> tuple[Reader, Language]:
    who: Reader | None = next((each for each in READERS if each == reader), None)
    language: Language | None = next((each for each in get_args(Language) if each == lang), None)
    if who is None or language is None:
        raise GoldlineError(
            "A statement has a reader and a language.", code="invalid", where="reader" if who is None else "lang",
            hint=f"Readers: {', '.join(READERS)}. Languages: en, zh-Hans.",
        )  # fmt: skip
    return who, language


def _terms(connection: Connection, sanction_id: UUID) -> Terms | None:
    row = connection.execute("SELECT ladder, account FROM sanction WHERE id = %s", (sanction_id,)).fetchone()
    return terms_for(rules(connection).appeals, row[0], row[1].partition(":")[0]) if row else None


def terms(connection: Connection) -> list[dict[str, Any]]:
    """The terms of appeal in force."""
    return [{"for": each.party, **plain(each)} for each in rules(connection).appeals]


def plans(connection: Connection, account: str) -> list[dict[str, Any]]:
    """An account's plans to mend, newest first."""
    return [asdict(each) for each in rectification.plans(connection, account)]


def mass_overturns(connection: Connection, limit: int = 50) -> list[Row]:
    """Mass overturnings, newest first, with how far they have come."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute("SELECT * FROM mass_overturn ORDER BY begun_at DESC LIMIT %s", (limit,)).fetchall()


def account_of(connection: Connection, sanction_id: UUID) -> str:
    """Whose sanction it is. Raises GoldlineError('not_found')."""
    row = connection.execute("SELECT account FROM sanction WHERE id = %s", (sanction_id,)).fetchone()
    if row is None:
        raise GoldlineError("There is nothing of that id.", code="not_found")
    return str(row[0])

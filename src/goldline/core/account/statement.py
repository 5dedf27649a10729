"""Statements of reasons: why a decision was taken against an account, told to four readers in two languages.

What is told is kept when the sanction is imposed and never edited: the facts as seen, the versions, the effect. The
fields are those the EU's Digital Services Act asks for in article 17(3), by its letters.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from psycopg import Connection

from goldline.core.account.phrase import PHRASES, Lang, amount_of, phrase
from goldline.core.errors import GoldlineError
from goldline.core.judge.sentence import duration, instant

Reader = Literal["consumer", "account", "reviewer", "auditor"]
READERS: Final[tuple[Reader, ...]] = ("consumer", "account", "reviewer", "auditor")
_DEPTH: Final[dict[Reader, int]] = {"consumer": 0, "account": 1, "reviewer": 2, "auditor": 3}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a statement: a stable name, the letter of DSA article 17(3) it answers, its label and its text."""

    name: str
    dsa: str | None
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement in one language for one reader. `digest` is that of the content it was made from.

    `about` is the sanction, or the finding where it is about a charge alone.
    """

    about: UUID
    account: str
    reader: Reader
    lang: Lang
    issued_at: datetime
    digest: str
    lines: tuple[Line, ...]

    def plain(self) -> dict[str, Any]:
        """For an answer in JSON."""
        return {
            "about": str(self.about), "account": self.account, "reader": self.reader, "lang": self.lang,
            "issued_at": self.issued_at.isoformat(), "digest": self.digest,
            "lines": [{"name": x.name, "dsa": x.dsa, "label": x.label, "text": x.text} for x in self.lines],
        }  # fmt: skip

    def text(self) -> str:
        """As a paragraph a line."""
        return "\n".join(f"{each.label}{PHRASES[self.lang]['colon']}{each.text}" for each in self.lines)


def issue(connection: Connection[Any], sanction_ids: Sequence[UUID], now: datetime) -> None:
    """Keep what these new sanctions' statements are made from, in the transaction that imposes them."""
    if not sanction_ids:
        return
    rows = connection.execute(_CONTENT, {"ids": list(sanction_ids)}).fetchall()
    connection.cursor().executemany(
        "INSERT INTO statement_of_reasons (sanction_id, account, content, digest, issued_at)"
        " VALUES (%s, %s, %s::jsonb, %s, %s) ON CONFLICT DO NOTHING",
        [(ident, account, json.dumps(content), digest_of(content), now) for ident, account, content in rows],
    )


# The rules' own words are stored too: a pack that is withdrawn later takes nothing away from what was said.
_CONTENT: Final = """
    SELECT s.id, s.account, jsonb_build_object(
        'sanction', jsonb_build_object('action', s.action, 'value', s.value, 'amount_minor', s.amount_minor,
            'currency', s.currency, 'starts_at', s.starts_at, 'ends_at', s.ends_at, 'until', s.until, 'nth', s.nth,
            'step', s.step, 'ladder', s.ladder, 'version', s.version),
        'finding', jsonb_build_object('id', f.id, 'policy', f.policy, 'version', f.version, 'subject', f.subject,
            'key', f.key, 'made_at', f.made_at, 'due_at', f.due_at, 'found_at', f.found_at, 'facts', f.facts,
            'nodes', f.nodes),
        'rule', jsonb_build_object('title', r.body -> 'title', 'about', r.body -> 'about', 'when', r.body -> 'when',
            'clause', r.body -> 'clause', 'grade', r.body -> 'grade', 'digest', r.digest),
        'ladder', jsonb_build_object('title', l.body -> 'title', 'about', l.body -> 'about',
            'clause', l.body -> 'clause', 'grade', l.body -> 'grade', 'zone', l.body -> 'zone',
            'window', l.body -> 'window', 'digest', l.digest),
        'appeal', (SELECT jsonb_build_object('policy', a.policy, 'version', a.version, 'window', a.body -> 'window',
            'answer', a.body -> 'answer', 'provisional', a.body -> 'provisional')
            FROM policy_version a WHERE a.kind = 'appeal' AND a.pack = split_part(s.ladder, '.', 1)
            AND a.body ->> 'for' = split_part(s.account, ':', 1) ORDER BY a.published_at DESC, a.version DESC LIMIT 1),
        'automated', true)
    FROM sanction s
    JOIN finding f ON f.id = s.finding_id
    LEFT JOIN policy_version r ON r.policy = f.policy AND r.version = f.version
    LEFT JOIN policy_version l ON l.policy = s.ladder AND l.version = s.version
    WHERE s.id = ANY(%(ids)s)"""


def digest_of(content: Mapping[str, Any]) -> str:
    """sha256 of the content, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def find(
    connection: Connection[Any],
    sanction_id: UUID,
    reader: Reader,
    lang: Lang,
    *,
    actions: Mapping[str, Mapping[str, str]],
    window_s: int | None,
) -> Statement:
    """The statement of one sanction. `actions` names the sanctions; `window_s` is how long an appeal may be filed.

    Raises GoldlineError('not_found'), and ('statement_altered') when the stored content no longer has its digest.
    """
    row = connection.execute(
        "SELECT t.account, t.content, t.digest, t.issued_at, s.revoked_at, s.released_at, s.waived_at FROM"
        " statement_of_reasons t JOIN sanction s ON s.id = t.sanction_id WHERE t.sanction_id = %s",
        (sanction_id,),
    ).fetchone()
    if row is None:
        raise GoldlineError(f"There is no statement for the sanction {sanction_id}.", code="not_found")
    account, content, digest, issued_at, *ended = row
    if digest_of(content) != digest:
        raise GoldlineError(
            f"The statement of sanction {sanction_id} has been changed after it was issued.", code="statement_altered",
            hint="Restore it from a backup; the trail says who had access.",
        )  # fmt: skip
    title = actions.get(content["sanction"]["action"], {})
    told = tuple(render(content, reader, lang, issued_at, window_s=window_s, title=title, ended=ended))
    return Statement(sanction_id, account, reader, lang, issued_at, digest, told)


# A finding's own facts, versions and the conduct's times never change; what was charged is what its remedies say.
_OF_FINDING: Final = """
    SELECT coalesce('merchant:' || f.merchant_id, f.answerer), f.found_at, f.status, f.status_at, jsonb_build_object(
        'sanction', jsonb_build_object('action', CASE WHEN c.amount > 0 THEN 'charge' ELSE 'finding' END, 'value', null,
            'amount_minor', CASE WHEN c.amount > 0 THEN c.amount END, 'currency', c.currency, 'starts_at', f.found_at,
            'ends_at', null, 'until', null, 'nth', null, 'step', null, 'ladder', null, 'version', null),
        'finding', jsonb_build_object('id', f.id, 'policy', f.policy, 'version', f.version, 'subject', f.subject,
            'key', f.key, 'made_at', f.made_at, 'due_at', f.due_at, 'found_at', f.found_at, 'facts', f.facts,
            'nodes', f.nodes),
        'rule', jsonb_build_object('title', r.body -> 'title', 'about', r.body -> 'about', 'when', r.body -> 'when',
            'clause', r.body -> 'clause', 'grade', r.body -> 'grade', 'digest', r.digest),
        'ladder', null,
        'appeal', (SELECT jsonb_build_object('policy', a.policy, 'version', a.version, 'provisional', '[]'::jsonb)
            FROM policy_version a WHERE a.kind = 'appeal' AND a.pack = split_part(f.policy, '.', 1)
            AND a.body ->> 'for' = split_part(coalesce('merchant:' || f.merchant_id, f.answerer), ':', 1)
            ORDER BY a.published_at DESC, a.version DESC LIMIT 1),
        'automated', true)
    FROM finding f
    LEFT JOIN policy_version r ON r.policy = f.policy AND r.version = f.version
    CROSS JOIN LATERAL (SELECT coalesce(sum(m.amount_minor), 0)::bigint AS amount, min(m.currency) AS currency
        FROM remedy m WHERE m.finding_id = f.id AND m.bearer = coalesce('merchant:' || f.merchant_id, f.answerer)
            AND m.state NOT IN ('void', 'refused')) c
    WHERE f.id = %(id)s AND coalesce(f.merchant_id, f.answerer) IS NOT NULL AND f.rollout = 'act'"""
_CHARGE: Final[Mapping[str, Mapping[str, str]]] = {
    "charge": {"en": "charged", "zh-Hans": "扣款"}, "finding": {"en": "recorded", "zh-Hans": "记录在案"},
}  # fmt: skip


def of_finding(
    connection: Connection[Any], finding_id: UUID, reader: Reader, lang: Lang, *, window_s: int | None
) -> Statement:
    """The statement of a finding and of what was charged for it, where no sanction has one of its own.

    Raises GoldlineError('not_found').
    """
    row = connection.execute(_OF_FINDING, {"id": finding_id}).fetchone()
    if row is None:
        raise GoldlineError("There is nothing of that id.", code="not_found")
    account, found_at, status, status_at, content = row
    ended = [status_at if status != "standing" else None]
    title = _CHARGE[content["sanction"]["action"]]
    told = tuple(render(content, reader, lang, found_at, window_s=window_s, title=title, ended=ended))
    return Statement(finding_id, account, reader, lang, found_at, digest_of(content), told)


def render(
    content: Mapping[str, Any],
    reader: Reader,
    lang: Lang,
    issued_at: datetime,
    *,
    window_s: int | None,
    title: Mapping[str, str],
    ended: Sequence[datetime | None] = (),
) -> Iterator[Line]:
    """The lines for one reader: everybody the decision and its ground, the party its facts and redress, a reviewer the
    values of the rule, an auditor the versions and their digests.
    """
    depth = _DEPTH[reader]
    builders: tuple[tuple[int, str, str | None, Callable[[], str]], ...] = (
        (0, "decision", "a", lambda: _decision(content, title, lang)),
        (0, "facts", "b", lambda: _facts(content, lang, depth)),
        (0, "automated", "c", lambda: phrase("by_machine" if content["automated"] else "by_person", lang)),
        (0, "ground", "e", lambda: _ground(content, lang, depth)),
        (1, "count", "e", lambda: _count(content, lang)),
        (1, "duration", "a", lambda: _duration(content["sanction"], lang)),
        (0, "territory", "a", lambda: phrase("territory_scope", lang)),
        (1, "redress", "f", lambda: _redress(content, issued_at, window_s, lang)),
        (2, "values", None, lambda: _values(content)),
        (3, "source", None, lambda: _source(content)),
    )  # fmt: skip
    for least, name, letter, text in builders:
        if depth >= least and (name != "count" or content["ladder"]):
            yield Line(name, f"17(3)({letter})" if letter else None, phrase(name, lang), text())
    for key, at in zip(("revoked", "released", "waived"), ended, strict=False):
        if at is not None:
            yield Line(key, None, phrase(key, lang), instant(at))


def _decision(content: Mapping[str, Any], title: Mapping[str, str], lang: Lang) -> str:
    sanction = content["sanction"]
    said = title.get(lang) or sanction["action"]
    if sanction["amount_minor"] is not None and sanction["currency"]:
        return f"{said} {amount_of(sanction['amount_minor'], sanction['currency'])}"
    return f"{said} {_number(sanction['value'])}" if sanction["value"] is not None else str(said)


def _facts(content: Mapping[str, Any], lang: Lang, depth: int) -> str:
    finding, rule = content["finding"], content["rule"]
    about = (rule["about"] or {}).get(lang) or finding["policy"]
    told = phrase("facts_of", lang).format(about=about, at=_at(finding["due_at"]), found=_at(finding["found_at"]))
    if depth == 0:
        return told
    seen = "; ".join(f"{name} = {_value(value)}" for name, value in sorted(finding["facts"].items()))
    return f"{told} {phrase('seen', lang).format(facts=seen, key=finding['key'])}" if seen else told


def _ground(content: Mapping[str, Any], lang: Lang, depth: int) -> str:
    rule, finding = content["rule"], content["finding"]
    title = (rule["title"] or {}).get(lang) or finding["policy"]
    if depth == 0:
        return str(title)
    source = f", {rule['clause']}" if rule["clause"] else ""
    return phrase("rule_version", lang).format(
        title=title, policy=finding["policy"], version=finding["version"], source=source
    )


def _count(content: Mapping[str, Any], lang: Lang) -> str:
    ladder, sanction = content["ladder"], content["sanction"]
    title = (ladder["title"] or {}).get(lang) or sanction["ladder"]
    return phrase("nth", lang).format(nth=sanction["nth"], ladder=title, step=sanction["step"])


def _duration(sanction: Mapping[str, Any], lang: Lang) -> str:
    start = _at(sanction["starts_at"])
    if sanction["ends_at"] is None and sanction["until"] is None:
        key = "once" if sanction["action"] in ("fee", "charge", "finding") else "open_ended"
        return phrase(key, lang).format(start=start)
    parts = []
    if sanction["ends_at"] is not None:
        length_s = (_when(sanction["ends_at"]) - _when(sanction["starts_at"])).total_seconds()
        end = _at(sanction["ends_at"])
        parts.append(phrase("until_time", lang).format(start=start, end=end, length=duration(length_s, lang)))
    if sanction["until"] is not None:
        parts.append(phrase("until_condition", lang).format(start=start, until=sanction["until"]))
    return phrase("or_earlier", lang).join(parts)


def _redress(content: Mapping[str, Any], issued_at: datetime, window_s: int | None, lang: Lang) -> str:
    appeal = content["appeal"]
    if appeal is None or window_s is None:
        return phrase("no_terms", lang)
    end = issued_at + timedelta(seconds=window_s)
    rests = phrase("rests" if appeal["provisional"] else "goes_on", lang)
    return phrase("appeal_by", lang).format(end=instant(end), rests=rests)


def _values(content: Mapping[str, Any]) -> str:
    return "; ".join(f"{each['label']} = {_value(each['value'])}" for each in content["finding"]["nodes"])


def _source(content: Mapping[str, Any]) -> str:
    finding, sanction = content["finding"], content["sanction"]
    rule = f"finding {finding['id']}; {finding['policy']} v{finding['version']} sha256:{content['rule']['digest']}"
    if not content["ladder"]:
        return rule
    return f"{rule}; {sanction['ladder']} v{sanction['version']} sha256:{content['ladder']['digest']}"


def _when(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _at(text: str) -> str:
    return instant(_when(text))


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _value(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)

"""Releasing money, taking findings back in mass, publishing policies: done, or, where two are needed, asked for.

Two are needed where the setting `two_persons` says so. Below the amount one person may release alone within a day
nobody is asked; amounts add up, so that a large one is not released in small pieces.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

from goldline.core import approval, audit
from goldline.core.account import massoverturn
from goldline.core.account.actor import Actor as Decider
from goldline.core.account.massoverturn import Selection
from goldline.core.approval import Approval
from goldline.core.audit import Actor, Detail
from goldline.core.errors import GoldlineError
from goldline.core.ledger import limit
from goldline.core.ledger.clearing import held_by_breaker, release_held
from goldline.core.ledger.entry import NOBODY
from goldline.core.member import who_may
from goldline.core.money import Money
from goldline.core.policy.pack import Pack, load
from goldline.core.policy.published import pack_digest
from goldline.core.policy.published import publish as put_in_force
from goldline.core.settings import settings
from goldline.market.vocabulary import vocabulary
from goldline.surfaces.web.permission import matrix, require

DECIDE: Final = "approval.decide"
REMEDY, BREAKER, POLICY, OVERTURN = "remedy.release", "breaker.release", "policy.publish", "overturn.begin"
ALONE_WITHIN: Final = timedelta(hours=24)
LISTED_MAX: Final = 20  # ids in a record's detail; the number is always there


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: how many things were done, or the request that now waits for a second person.

    `begun` is the mass overturning that was begun.
    """

    done: int = 0
    asked: Approval | None = None
    begun: UUID | None = None


def needed(connection: Connection[Any]) -> bool:
    """Whether releasing and publishing need two people here and now."""
    chosen = settings()
    if chosen.two_persons != "auto":
        return chosen.two_persons == "on"
    return chosen.production and who_may(connection, matrix().roles(DECIDE)) > 1


def release_remedies(
    connection: Connection[Any], actor: Actor, ids: Sequence[UUID], now: datetime, why: str = ""
) -> Outcome:
    """Let held remedies go, or ask for it, in the caller's transaction. Nothing held is nothing done."""
    held = _held(connection, ids)
    if not held:
        return Outcome()
    if needed(connection) and not _alone(connection, actor, _sums(held), now):
        payload = {"remedies": [str(each) for each, _ in held], "amounts": _sums(held)}
        subject = f"remedy:{held[0][0]}" if len(held) == 1 else f"remedies:{len(held)}"
        return Outcome(asked=_ask(connection, actor, REMEDY, subject, payload, now, why))
    return Outcome(_release(connection, actor, held, now, {"why": why}))


def release_breaker(
    connection: Connection[Any], actor: Actor, policy: str, now: datetime, why: str, *, held: bool
) -> Outcome:
    """Let a policy's payouts flow again, with what was `held` meanwhile if asked, or ask for it.

    In the caller's transaction; `done` counts the remedies let go. Raises as `limit.release_breaker`.
    """
    waiting = _held(connection, held_by_breaker(connection, policy)) if held else []
    if not needed(connection):
        return Outcome(_flow(connection, actor, policy, waiting, now, why))
    tripped = [each.policy for each in limit.breakers(connection) if each.tripped_at is not None]
    if policy not in tripped:
        limit.release_breaker(connection, policy, actor.name, now, why=why)  # says what is wrong
    payload = {"policy": policy, "remedies": [str(each) for each, _ in waiting], "amounts": _sums(waiting)}
    return Outcome(asked=_ask(connection, actor, BREAKER, f"breaker:{policy}", payload, now, why))


def publish(
    connection: Connection[Any], actor: Actor, pack: str | Path, now: datetime, *, rejudge: bool = False, why: str = ""
) -> Outcome:
    """Put a pack in force, or ask for it, in the caller's transaction; `done` counts versions. Raises PolicyError."""
    loaded = load(pack, vocabulary())
    if not needed(connection):
        return Outcome(_publish(connection, actor, loaded, now, {"rejudge": rejudge}, rejudge=rejudge))
    place = str(pack) if str(pack) == loaded.id else str(Path(pack).resolve())
    payload = {"pack": place, "digest": pack_digest(loaded), "rejudge": rejudge}
    return Outcome(asked=_ask(connection, actor, POLICY, f"pack:{loaded.id}", payload, now, why))


def overturn(connection: Connection[Any], actor: Actor, selection: Selection, why: str, now: datetime) -> Outcome:
    """Begin to take the findings of a policy back, or ask for it where more money moves than one person may move alone.

    In the caller's transaction. How much moves is rehearsed. Raises as `massoverturn.begin`.
    """
    if not why.strip():
        raise GoldlineError("Say why the findings are wrong.", code="invalid", where="why")
    if not needed(connection):
        return Outcome(begun=_begin(connection, actor, selection, why, now, {}))
    would = _would(connection, selection, now)
    if would["findings"] == 0 or _alone(connection, actor, would["amounts"], now):
        return Outcome(begun=_begin(connection, actor, selection, why, now, would))
    payload = {**_plain(selection), **would}
    return Outcome(asked=_ask(connection, actor, OVERTURN, f"policy:{selection.policy}", payload, now, why))


def _would(connection: Connection[Any], selection: Selection, now: datetime) -> dict[str, Any]:
    """How many findings would fall, and how much would move, by currency, whoever gives or gets it."""
    findings, totals = 0, Counter[str]()
    for effect in massoverturn.rehearse(connection, vocabulary(), selection, now):
        findings += len(effect.findings)
        for (account, currency), amount in effect.money.items():
            totals[currency] += abs(amount) if account != "platform" else 0
    amounts = [f"{currency} {amount_minor}" for currency, amount_minor in sorted(totals.items()) if amount_minor]
    return {"findings": findings, "amounts": amounts}


def _begin(
    connection: Connection[Any], actor: Actor, selection: Selection, why: str, now: datetime, detail: Detail
) -> UUID:
    ident = massoverturn.begin(connection, selection, why, Decider("person", actor.name), now)
    audit.record(connection, actor, OVERTURN, f"mass:{ident}", {**detail, "policy": selection.policy, "why": why}, now)
    return ident


def _plain(selection: Selection) -> dict[str, Any]:
    bounds = {"since": selection.since, "until": selection.until}
    told = {name: at.isoformat() if at else None for name, at in bounds.items()}
    return {"policy": selection.policy, "version": selection.version, **told}


def _selection(payload: Mapping[str, Any]) -> Selection:
    since, until = (datetime.fromisoformat(payload[name]) if payload[name] else None for name in ("since", "until"))
    return Selection(payload["policy"], payload["version"], since, until)


def _perform_overturn(
    connection: Connection[Any], actor: Actor, asked: Approval, now: datetime, detail: Detail
) -> None:
    """Begin what was asked for, if it is still what was rehearsed then; workers take the bites."""
    selection = _selection(asked.payload)
    would = _would(connection, selection, now)
    if would != {name: asked.payload[name] for name in would}:
        raise _changed("Other findings would fall, or other amounts move, than when it was asked for.")
    _begin(connection, actor, selection, asked.why, now, {**detail, **would})


def approve(
    connection: Connection[Any], actor: Actor, role: str, identifier: int, now: datetime, why: str = ""
) -> Approval:
    """Approve a request and do what it asks, in the caller's transaction.

    Whoever approves must be one who may do it alone: raises GoldlineError('forbidden'), or as `approval.approve`.
    """
    require(role, approval.get(connection, identifier, now).operation, actor.name)
    done = approval.approve(
        connection, identifier, actor.name, now, lambda asked: _perform(connection, actor, asked, now), why
    )
    _note(connection, actor, "approve", done, now, why)
    return done


def refuse(connection: Connection[Any], actor: Actor, role: str, identifier: int, now: datetime, why: str) -> Approval:
    """Refuse a request, in the caller's transaction; raises GoldlineError('forbidden'), or as `approval.refuse`."""
    require(role, approval.get(connection, identifier, now).operation, actor.name)
    done = approval.refuse(connection, identifier, actor.name, now, why)
    _note(connection, actor, "refuse", done, now, why)
    return done


def _note(connection: Connection[Any], actor: Actor, decision: str, asked: Approval, now: datetime, why: str) -> None:
    detail = {"decision": decision, "operation": asked.operation, "for": asked.requested_by, "why": why}
    audit.record(connection, actor, DECIDE, f"approval:{asked.id}", detail, now)


def _perform(connection: Connection[Any], actor: Actor, asked: Approval, now: datetime) -> None:
    """Do exactly what was asked for; raises GoldlineError('changed') when that is no longer there."""
    detail: Detail = {"approval": asked.id, "asked_by": asked.requested_by, "why": asked.why}
    if asked.operation == POLICY:
        loaded = load(asked.payload["pack"], vocabulary())
        if pack_digest(loaded) != asked.payload["digest"]:
            raise _changed("The pack's files are not those the request was made for.")
        _publish(connection, actor, loaded, now, detail, rejudge=asked.payload["rejudge"])
        return
    if asked.operation == OVERTURN:
        _perform_overturn(connection, actor, asked, now, detail)
        return
    wanted = [UUID(each) for each in asked.payload["remedies"]]
    held = _held(connection, wanted)
    if len(held) != len(wanted) or _sums(held) != asked.payload["amounts"]:
        raise _changed("Not all that was asked for is held any more.")
    if asked.operation == BREAKER:
        let_go = _flow(connection, actor, asked.payload["policy"], held, now, asked.why, detail)
    else:
        let_go = _release(connection, actor, held, now, detail)
    if let_go != len(wanted):
        raise _changed("Somebody else released a part of it just now.")


def _changed(what: str) -> GoldlineError:
    return GoldlineError(what, code="changed", hint="Refuse it, and have it asked for again as things are now.")


def _ask(
    connection: Connection[Any], actor: Actor, operation: str, subject: str, payload: dict[str, Any], now: datetime,
    why: str,
) -> Approval:  # fmt: skip
    asked = approval.request(connection, operation, subject, payload, actor.name, now, why)
    if asked.requested_at == now:  # else it stands already, and is on the record
        detail = {"operation": operation, "about": subject, "why": why}
        audit.record(connection, actor, "approval.request", f"approval:{asked.id}", detail, now)
    return asked


Held = list[tuple[UUID, Money]]


def _held(connection: Connection[Any], ids: Sequence[UUID]) -> Held:
    """Those of the remedies that are held, with what each is worth."""
    rows = connection.execute(
        "SELECT id, amount_minor, currency FROM remedy WHERE id = ANY(%s) AND state = 'held' AND payee <> %s"
        " ORDER BY id",
        [list(ids), NOBODY],
    ).fetchall()
    return [(identifier, Money(amount_minor, currency)) for identifier, amount_minor, currency in rows]


def _sums(held: Held) -> list[str]:
    """What they come to, by currency, as 'CNY 12345' in minor units."""
    totals: dict[str, int] = {}
    for _, amount in held:
        totals[amount.currency] = totals.get(amount.currency, 0) + amount.amount_minor
    return [f"{currency} {amount_minor}" for currency, amount_minor in sorted(totals.items())]


def _alone(connection: Connection[Any], actor: Actor, sums: Sequence[str], now: datetime) -> bool:
    """Whether one person may move this much: with what they moved within a day it stays within the amount."""
    # Two releases by one person at once take turns, so that each sees the other's.
    connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"alone {actor.name}"])
    rows = connection.execute(
        "SELECT detail FROM audit WHERE actor = %s AND action = ANY(%s) AND at > %s",
        [actor.name, [REMEDY, BREAKER, OVERTURN], now - ALONE_WITHIN],
    ).fetchall()
    before = [detail for (text,) in rows if "approval" not in (detail := json.loads(text))]
    spent = [each for detail in before for each in detail.get("amounts", ())]
    limits = dict(each.split("=") for each in settings().alone_limits)
    for currency in {each.split()[0] for each in sums}:
        most = Money.parse(limits.get(currency, "0"), currency).amount_minor
        used = sum(int(each.split()[1]) for each in [*spent, *sums] if each.startswith(currency))
        if used > most:
            return False
    return True


def _release(connection: Connection[Any], actor: Actor, held: Held, now: datetime, detail: Detail) -> int:
    let_go = release_held(connection, [each for each, _ in held], actor.name, now)
    if let_go:
        audit.record(connection, actor, REMEDY, _subject(held), {**detail, **_told(held, let_go)}, now)
    return let_go


def _flow(
    connection: Connection[Any], actor: Actor, policy: str, held: Held, now: datetime, why: str,
    detail: Detail | None = None,
) -> int:  # fmt: skip
    limit.release_breaker(connection, policy, actor.name, now, why=why)
    let_go = release_held(connection, [each for each, _ in held], actor.name, now) if held else 0
    audit.record(
        connection, actor, BREAKER, f"breaker:{policy}", {"why": why, **(detail or {}), **_told(held, let_go)}, now
    )
    return let_go


def _publish(
    connection: Connection[Any], actor: Actor, loaded: Pack, now: datetime, detail: Detail, *, rejudge: bool
) -> int:
    changed = put_in_force(connection, loaded, vocabulary(), now, actor.name, rejudge=rejudge)
    if changed:
        told = {**detail, "versions": changed, "digest": pack_digest(loaded)}
        audit.record(connection, actor, POLICY, f"pack:{loaded.id}", told, now)
    return changed


def _told(held: Held, let_go: int) -> dict[str, Any]:
    return {"amounts": _sums(held), "remedies": [str(each) for each, _ in held[:LISTED_MAX]], "let_go": let_go}


def _subject(held: Held) -> str:
    return f"remedy:{held[0][0]}" if len(held) == 1 else f"remedies:{len(held)}"

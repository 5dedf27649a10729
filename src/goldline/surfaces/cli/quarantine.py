"""`goldline quarantine …`: what could not be taken in."""

from __future__ import annotations

import json

import click

from goldline.core import quarantine
from goldline.core.audit import Detail
from goldline.core.audit import record as record_change
from goldline.core.quarantine import Quarantined
from goldline.surfaces.cli.person import actor
from goldline.surfaces.cli.program import QUARANTINED, counted
from goldline.surfaces.cli.record import intake, present, record

BODY_SHOWN = 2_000


@click.group()
def group() -> None:
    """See, re-drive or drop what could not be taken in."""


@group.command(name="list")
@click.option("--state", type=click.Choice(quarantine.STATES), default="open", show_default=True)
@click.option("--code", help="Only this code: malformed, unknown_type, invalid, poison.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def listing(state: quarantine.State, code: str | None, limit: int, form: str) -> None:
    """The newest first, each with the reason why."""
    with record() as connection:
        found = quarantine.entries(connection, state=state, code=code, limit=limit)
        total = sum(quarantine.count(connection, state).values())
    if form == "json":
        click.echo(json.dumps([_as_dict(entry) for entry in found], ensure_ascii=False, indent=2))
        return
    for entry in found:
        click.echo(f"{entry.id}  {entry.received_at:%Y-%m-%d %H:%M:%S}Z  {entry.code}  {entry.via}  {entry.reason}")
    click.echo(f"{len(found):,} of {total:,} {state}.", err=True)


@group.command()
@click.argument("identifier", metavar="[ID]", type=int, required=False)
@click.option("--code", help="All with this code.")
@click.option("--all", "everything", is_flag=True, help="All that are open.")
def redrive(identifier: int | None, code: str | None, *, everything: bool) -> int:
    """Check again, and take in what passes now; the rest stays, with the reason of today."""
    _require_choice(identifier, code, everything=everything)
    with record() as connection:
        now = present(connection)
        done = quarantine.redrive(connection, intake(connection), now, identifier=identifier, code=code)
        detail = {"accepted": done.accepted, "stayed": len(done.stayed)}
        record_change(connection, actor(), "quarantine.redrive", _subject(identifier, code), detail, now)
        connection.commit()
    click.echo(f"{done.accepted:,} taken in.", err=True)
    if done.stayed:
        entry_id, reason = done.stayed[0]
        click.echo(
            f"goldline: {counted(len(done.stayed), 'event')} stayed in quarantine; the first, {entry_id}: {reason}",
            err=True,
        )
    return QUARANTINED if done.stayed else 0


@group.command()
@click.argument("identifier", metavar="[ID]", type=int, required=False)
@click.option("--code", help="All with this code.")
@click.option("--all", "everything", is_flag=True, help="All that are open.")
@click.option("--why", required=True, help="The reason, for the record.")
def drop(identifier: int | None, code: str | None, why: str, *, everything: bool) -> None:
    """Give up open ones for good. Their bodies are kept."""
    _require_choice(identifier, code, everything=everything)
    with record() as connection:
        now = present(connection)
        dropped = quarantine.drop(connection, now, why, identifier=identifier, code=code)
        detail: Detail = {"dropped": dropped, "why": why}
        record_change(connection, actor(), "quarantine.drop", _subject(identifier, code), detail, now)
        connection.commit()
    click.echo(f"{dropped:,} dropped.", err=True)


def _require_choice(identifier: int | None, code: str | None, *, everything: bool) -> None:
    if sum((identifier is not None, code is not None, everything)) != 1:
        raise click.UsageError("Name one by its ID, those of a --code, or --all.", click.get_current_context())


def _subject(identifier: int | None, code: str | None) -> str:
    return f"quarantine:{identifier or code or 'all'}"


def _as_dict(entry: Quarantined) -> dict[str, object]:
    return {
        "id": entry.id,
        "received_at": entry.received_at.isoformat(),
        "via": entry.via,
        "code": entry.code,
        "reason": entry.reason,
        "event_id": entry.event_id,
        "event_type": entry.event_type,
        "state": entry.state,
        "attempts": entry.attempts,
        "body": entry.body[:BODY_SHOWN].decode(errors="replace"),
    }

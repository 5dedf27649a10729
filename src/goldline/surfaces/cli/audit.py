"""`goldline audit …`: who changed what, and proof that the trail is as it was written."""

from __future__ import annotations

from pathlib import Path

import click

from goldline.core import audit
from goldline.core.settings import settings
from goldline.surfaces.cli.program import FAILED, counted
from goldline.surfaces.cli.record import present, record

FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def group() -> None:
    """See who changed what, and verify that the trail is as it was written."""


@group.command(name="list")
@click.option("--subject", help="Only what was done to this, as remedy:<id> or user:<name>.")
@click.option("--before", type=click.IntRange(1), help="Only records with a lower number.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
def listing(subject: str | None, before: int | None, limit: int) -> None:
    """The newest first."""
    with record() as connection:
        found = audit.records(connection, before=before, subject=subject, limit=limit)
    for each in found:
        who = f"{each.actor_kind}:{each.actor}"
        click.echo(f"{each.seq}  {each.at:%Y-%m-%d %H:%M:%S}Z  {who}  {each.action}  {each.subject}  {each.detail}")
    click.echo(f"{counted(len(found), 'record')}.", err=True)


@group.command()
@click.option("--file", "file", type=FILE, help="Where to append it; else the file of GOLDLINE_AUDIT_ANCHORS.")
def anchor(file: Path | None) -> None:
    """Append a signed anchor: what the chain's end is now. `goldline dispatch` does it every five minutes."""
    path = file or settings().anchor_file
    with record() as connection:
        made = audit.anchored(connection, audit.key_of(settings().secret_key), present(connection))
    append(path, made)
    click.echo(f"Record {made.seq:,} is anchored in {path}.", err=True)


@group.command()
@click.option("--anchor", "file", type=FILE, help="A file of anchors; else that of GOLDLINE_AUDIT_ANCHORS, if any.")
def verify(file: Path | None) -> int:
    """Walk the whole chain, compare it with its anchors, and name the first record that is not as it was written."""
    path = file or settings().anchor_file
    anchors = audit.read_anchors(lines(path), str(path)) if file or path.is_file() else []
    with record() as connection:
        seen = audit.verify(connection, anchors, audit.key_of(settings().secret_key))
    if seen.fault is not None:
        click.echo(f"goldline: record {seen.fault.seq:,} of the audit trail: {seen.fault.what}.", err=True)
        return FAILED
    click.echo(f"{counted(seen.records, 'record')}, {counted(seen.anchors, 'anchor')}: as written.", err=True)
    click.echo(seen.hash)
    if not anchors:
        click.echo("Without anchors a chain that was rewritten whole would not be seen.", err=True)
    return 0


def append(path: Path, made: audit.Anchor) -> None:
    """Add an anchor to a file, which is made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(audit.written(made) + "\n")


def lines(path: Path) -> list[str]:
    """The lines of a file of anchors. Raises GoldlineError('bad_anchor') when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        raise audit.unreadable(str(path), str(fault)) from fault

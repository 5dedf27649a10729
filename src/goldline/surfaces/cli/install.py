"""`goldline init` and `goldline doctor`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Final

import click

from goldline.core.database import connect
from goldline.core.doctor import examine, verdict
from goldline.core.settings import settings
from goldline.market.vocabulary import vocabulary
from goldline.surfaces.cli.record import ensure_installed, partitions, record_url

_COLOURS: Final = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command()
def init() -> None:
    """Create the database's tables, or bring them up to date. Running it again changes nothing."""
    with record_url(create=True) as url, connect(url, application="goldline cli") as connection:
        ensure_installed(connection)
        click.echo(f"The record is ready, with {partitions(connection)} partitions.", err=True)


@click.command()
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def doctor(form: str) -> int:
    """Say what is wrong with this installation, and how to mend it. The exit code is 1 when anything fails."""
    checks = examine(settings(), vocabulary())
    if form == "json":
        click.echo(json.dumps({"verdict": verdict(checks), "checks": [asdict(check) for check in checks]}, indent=2))
    else:
        for check in checks:
            click.secho(f"{check.state:<4}  {check.name:<10}  {check.message}", fg=_COLOURS[check.state])
            if check.hint:
                click.echo(f"{'':18}{check.hint}")
    return 1 if verdict(checks) == "fail" else 0

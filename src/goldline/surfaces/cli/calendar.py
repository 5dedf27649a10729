"""`goldline calendar …`: the working days that deadlines count."""

from __future__ import annotations

import re
from typing import Any

import click

from goldline.core import audit
from goldline.core.calendar import load_calendar
from goldline.surfaces.cli.person import actor
from goldline.surfaces.cli.record import present, record


class Years(click.ParamType):  # type: ignore[type-arg]  # generic in stubs only, before click 8.3
    """Whole years in a row, as 2026 or 2026-2027."""

    name = "years"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> range:
        """The years; fails with a sentence."""
        if isinstance(value, range):
            return value
        match = re.fullmatch(r"([0-9]{4})(?:-([0-9]{4}))?", value)
        if match is None:
            self.fail(f"{value!r} are not years; write them as 2026-2027.", param, ctx)
        return range(int(match[1]), int(match[2] or match[1]) + 1)


@click.group()
def group() -> None:
    """Load the working days that deadlines count."""


@group.command()
@click.argument("name")
@click.option("--country", required=True, help="Whose public holidays, by ISO 3166: CN, BR, DE.")
@click.option("--years", type=Years(), required=True, help="The first and the last, as 2026-2027.")
def load(name: str, country: str, years: range) -> None:
    """Fill the calendar NAME; 'default' is that of rules which name none. What it held before is replaced.

    Deadlines already resolved stay as they are.
    """
    with record() as connection:
        made = load_calendar(connection, name, country, years)
        detail: audit.Detail = {"country": country, "from": years[0], "until": years[-1]}
        audit.record(connection, actor(), "calendar.load", f"calendar:{name}", detail, present(connection))
        connection.commit()
    exchanged = f", {made.make_up} of them made up for on weekends" if made.make_up else ""
    click.echo(f"The calendar {name!r} holds {made.first} to {made.last}: {made.working} working days{exchanged}.",
               err=True)  # fmt: skip

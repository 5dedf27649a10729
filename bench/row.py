"""One measured line, and how lines are printed and kept."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: the median of `runs`. `reach` is what it must be, `aim` what we would like."""

    name: str
    what: str
    figure: float
    unit: str
    reach: float | None = None
    aim: float | None = None
    better: Literal["more", "less"] = "more"
    runs: tuple[float, ...] = ()
    detail: dict[str, Any] = field(default_factory=dict)

    def meets(self, wanted: float | None) -> bool | None:
        """Whether the figure is as good as `wanted`; None where nothing is wanted."""
        if wanted is None:
            return None
        return self.figure >= wanted if self.better == "more" else self.figure <= wanted


def median_row(name: str, what: str, unit: str, runs: Sequence[float], **rest: Any) -> Row:
    """A row whose figure is the median of its runs."""
    return Row(name, what, statistics.median(runs), unit, runs=tuple(runs), **rest)


def number(value: float | None) -> str:
    """For a reader: three figures at least, no false precision."""
    if value is None:
        return ""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def show(rows: Sequence[Row]) -> None:
    """Print the table on standard output, and what lies behind each row below it."""
    table = Table(title="Goldline on this machine", title_justify="left")
    table.add_column("what")
    for column in ("figure", "unit", "reach", "aim"):
        table.add_column(column, justify="left" if column == "unit" else "right", no_wrap=True)
    for row in rows:
        figure = number(row.figure)
        if row.meets(row.reach) is False:
            figure = f"[red]{figure}[/red]"
        elif row.meets(row.aim):
            figure = f"[bold green]{figure}[/bold green]"
        table.add_row(row.what, figure, row.unit, number(row.reach), number(row.aim))
    console = Console(soft_wrap=True)
    console.print(table)
    for row in rows:
        if row.detail:
            said = ", ".join(f"{key} {_plain(value)}" for key, value in row.detail.items())
            console.print(f"{row.name}: {said}", highlight=False)


def _plain(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    return number(value)


def as_json(row: Row) -> dict[str, Any]:
    """A row as plain values."""
    plain = asdict(row)
    plain["reached"], plain["aimed"] = row.meets(row.reach), row.meets(row.aim)
    return plain

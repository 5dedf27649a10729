"""`goldline docs …`: reference documents made from the source."""

from __future__ import annotations

from pathlib import Path

import click

from goldline.market.events import catalogue
from goldline.surfaces.cli.eventdocs import documents


@click.group()
def group() -> None:
    """Generate reference documents."""


@group.command()
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=Path("docs/reference"), show_default=True
)
def events(out: Path) -> None:
    """The event catalogue: a JSON Schema for each type, an AsyncAPI document and a reference page."""
    made = documents(catalogue())
    for name, text in made.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    click.echo(f"{len(made)} documents are in {out}.", err=True)

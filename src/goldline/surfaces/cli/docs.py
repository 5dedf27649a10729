"""`goldline docs …`: reference documents made from the source."""

from __future__ import annotations

from pathlib import Path

import click

from goldline.connectors.carriers.dialect import dialects
from goldline.core.policy.pack import load
from goldline.market.events import catalogue
from goldline.market.vocabulary import vocabulary
from goldline.surfaces.cli.eventdocs import documents
from goldline.surfaces.cli.factdocs import facts_page, settings_page
from goldline.surfaces.cli.permissiondocs import permissions_page
from goldline.surfaces.cli.rulebook import write
from goldline.surfaces.cli.scandocs import page
from goldline.surfaces.web.permission import matrix


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


@group.command()
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=Path("docs/reference"), show_default=True
)
def scans(out: Path) -> None:
    """The scan codes: what each code of each carrier's dialect means in the one vocabulary."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "scan-codes.md").write_text(page(dialects()), encoding="utf-8")
    click.echo(f"scan-codes.md is in {out}.", err=True)


@group.command()
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), default=Path("docs/rulebook.md"), show_default=True
)
@click.option("--pack", default="douyin", show_default=True, help="The pack whose rule book it is.")
def rulebook(out: Path, pack: str) -> None:
    """The rule book: each published rule, the policies that carry it, their cases and its grade."""
    write(load(pack, vocabulary()), out)
    click.echo(f"The rule book is in {out}.", err=True)


@group.command()
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=Path("docs/reference"), show_default=True
)
def facts(out: Path) -> None:
    """The subjects and facts that policies may name."""
    _write(out / "facts.md", facts_page(vocabulary()))


@group.command(name="settings")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=Path("docs/reference"), show_default=True
)
def settings_command(out: Path) -> None:
    """The settings of an installation."""
    _write(out / "settings.md", settings_page())


@group.command()
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=Path("docs/reference"), show_default=True
)
def permissions(out: Path) -> None:
    """Who may do what: every operation by role and by scope."""
    _write(out / "permissions.md", permissions_page(matrix()))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    click.echo(f"{path.name} is in {path.parent}.", err=True)

"""`goldline duplicates`: which captions of a file are the same, who published them, and which look mass produced."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click
from psycopg import Connection
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from goldline.connectors.captions import Refused, read_captions
from goldline.core import audit
from goldline.market.likeness.caption import Caption, plain
from goldline.market.likeness.cluster import CAREFUL, Method, group
from goldline.market.likeness.production import ContentCluster, content_cluster
from goldline.market.likeness.register import CaseTerms, Register
from goldline.surfaces.cli.person import actor
from goldline.surfaces.cli.program import QUARANTINED, counted
from goldline.surfaces.cli.record import present, record

BATCH: Final = 5_000
REASONS_TOLD: Final = 20
_PATH: Final = click.Path(path_type=Path, dir_okay=False)
Told = Callable[[str, int, int], None]


@click.command()
@click.argument("path", metavar="FILE", type=_PATH)
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.option("--least", type=click.IntRange(2), default=2, show_default=True, help="Items of the smallest cluster.")
@click.option("--careful", is_flag=True, help="Find heavier edits; for up to some ten thousand rows.")
@click.option(
    "--keep", is_flag=True, help="Add the items to the record's own, where they are compared with all before."
)
@click.option("--case-points", type=click.IntRange(0, 100), help="With --keep: open a case from this score on.")
@click.option("--case-items", type=click.IntRange(2), default=2, show_default=True, help="... and so many items.")
@click.option("--case-accounts", type=click.IntRange(1), default=2, show_default=True, help="... and accounts.")
def duplicates(path: Path, form: str, least: int, *, careful: bool, keep: bool, case_points: int | None,
               case_items: int, case_accounts: int) -> int:  # fmt: skip
    """Which captions of FILE are the same: .ndjson, .csv or .parquet with the columns id, account, at and text.

    Rows that are no captions are told with their line; the exit code is then 3. With --keep, running it again changes
    nothing, and a cluster has one case, however many accounts it has.
    """
    if (case_points is not None or careful) and careful == keep:
        raise click.UsageError("--case-points needs --keep, and --careful goes without it.")
    with _bar() as told:
        items, refused = _read(path, told)
        if keep:
            terms = CaseTerms(case_points, case_items, case_accounts) if case_points is not None else None
            with record(create=True) as connection:
                found = _keep(connection, items, terms, told)
        else:
            found = _clusters(items, CAREFUL if careful else Method(), told)
    kept = sorted((each for each in found if len(each.members) >= least), key=_rank)
    click.echo(_as_json(kept, refused)) if form == "json" else _show(kept)
    _tell(path, items, kept, refused)
    return QUARANTINED if refused else 0


def _read(path: Path, told: Told) -> tuple[list[Caption], list[Refused]]:
    size = path.stat().st_size if path.is_file() else 0
    items: list[Caption] = []
    refused: list[Refused] = []
    for row in read_captions(path, lambda position: told("reading", position, size)):
        if isinstance(row, Refused):
            refused.append(row)
        else:
            items.append(row)
    return items, refused


def _clusters(items: Sequence[Caption], method: Method, told: Told) -> list[ContentCluster]:
    """The clusters of a file by itself; of an id told twice the latest stays."""
    latest: dict[str, Caption] = {}
    for item in sorted(items, key=lambda each: (each.at, each.text, each.account)):
        latest[item.id] = item
    own = list(latest.values())
    texts = plain([item.text for item in own])
    roots = group(texts, method, lambda done, all_: told("comparing", done, all_)).roots.tolist()
    members: dict[int, list[int]] = {}
    for place, root in enumerate(roots):
        members.setdefault(root, []).append(place)
    return [
        content_cluster(f"c{number}", [own[place] for place in places], [texts[place] for place in places])
        for number, places in enumerate((each for each in members.values() if len(each) > 1), 1)
    ]


def _keep(
    connection: Connection[Any], items: Sequence[Caption], terms: CaseTerms | None, told: Told
) -> list[ContentCluster]:
    """Add the items to the record in batches, each committed; the clusters they belong to now."""
    register, now = Register(), present(connection)
    opened = 0
    for at in range(0, len(items), BATCH):
        batch = items[at : at + BATCH]
        added = register.add(connection, batch, now, terms)
        opened += len(added.cases)
        detail: dict[str, int | Sequence[str]] = {"items": len(batch), "cases": [str(case) for case in added.cases]}
        audit.record(connection, actor(), "duplicate.keep", "register:likeness", detail, now)
        connection.commit()
        told("adding", at + len(batch), len(items))
    click.echo(f"{counted(opened, 'case')} opened.", err=True)
    names = register.names(connection, [item.id for item in items])
    found = (register.cluster(connection, name) for name in names)
    return [cluster for cluster in found if cluster is not None]


def _rank(cluster: ContentCluster) -> tuple[int, int, str]:
    return -cluster.score.points, -len(cluster.members), cluster.members[0].id


def _as_json(clusters: Iterable[ContentCluster], refused: Iterable[Refused]) -> str:
    body = {
        "clusters": [_plain(cluster) for cluster in clusters],
        "refused": [{"place": each.place, "reason": each.reason} for each in refused],
    }
    return json.dumps(body, ensure_ascii=False, indent=2)


def _plain(cluster: ContentCluster) -> dict[str, Any]:
    return {
        "name": cluster.name,
        "score": cluster.score.points,
        "factors": {each.name: {"figure": each.figure, "value": each.value} for each in cluster.score.factors},
        "template": str(cluster.template),
        "template_share": cluster.template.share,
        "first_seen_at": cluster.first_seen_at.isoformat(),
        "last_seen_at": cluster.last_seen_at.isoformat(),
        "accounts": cluster.accounts,
        "members": [{"id": each.id, "account": each.account, "at": each.at.isoformat()} for each in cluster.members],
    }


def _show(clusters: Sequence[ContentCluster]) -> None:
    table = Table()
    for name in ("score", "items", "accounts"):
        table.add_column(name, justify="right")
    for name in ("first seen", "last seen", "what is the same"):
        table.add_column(name)
    for each in clusters:
        seen = (f"{at:%Y-%m-%d %H:%M}" for at in (each.first_seen_at, each.last_seen_at))
        counts = (str(each.score.points), f"{len(each.members):,}", f"{len(each.accounts):,}")
        table.add_row(*counts, *seen, str(each.template).replace("[", r"\["))
    Console().print(table)


def _tell(path: Path, items: Sequence[Caption], clusters: Sequence[ContentCluster], refused: Sequence[Refused]) -> None:
    within = sum(len(each.members) for each in clusters)
    said = f"{path.name}: {counted(len(items), 'item')}, {within:,} of them in {counted(len(clusters), 'cluster')}."
    click.echo(said, err=True)
    for each in refused[:REASONS_TOLD]:
        click.echo(f"goldline: {path.name}: {each.place}: {each.reason}", err=True)
    if len(refused) > REASONS_TOLD:
        rest = counted(len(refused) - REASONS_TOLD, "more row")
        click.echo(f"goldline: {path.name}: {rest} refused; `--format json` lists them all.", err=True)


@contextmanager
def _bar() -> Iterator[Told]:
    """A bar on standard error that says what is done; silent where nobody watches."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("reading", total=None)
        yield lambda what, done, total: progress.update(task, description=what, completed=done, total=total or None)

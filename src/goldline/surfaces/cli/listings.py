"""`goldline check-listings FILE`: listings held against themselves, and rows that cannot be read explained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import click

from goldline.connectors.listings import Refused, read_listings
from goldline.market.listingcheck import Mismatch, Offer, check, checks
from goldline.surfaces.cli.program import QUARANTINED, counted

_MOST_SHOWN: Final = 20


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def check_listings(file: Path, form: str) -> int:
    """Check the listings of FILE against themselves: title, attributes, quantities, year, brand, price.

    FILE is CSV with a header, or one JSON object a line (.jsonl), with listing_id and title, and where there are any
    category, brand, price_minor and attributes (a JSON object). What does not fit is evidence, not a verdict.
    """
    rows = list(read_listings(file))
    offers = [each for each in rows if isinstance(each, Offer)]
    bad = [each for each in rows if isinstance(each, Refused)]
    found = check(offers)
    told = [(offer, own) for offer, own in zip(offers, found, strict=True) if own]
    click.echo(_as_json(told, bad) if form == "json" else _as_text(told))
    for each in bad[:_MOST_SHOWN]:
        click.echo(f"{file.name}:{each.line}: {each.message}", err=True)
    more = f" ({len(bad) - _MOST_SHOWN} not shown)" if len(bad) > _MOST_SHOWN else ""
    click.echo(
        f"{counted(len(offers), 'listing')} checked, {len(told):,} with evidence,"
        f" {counted(len(bad), 'row')} not understood{more}.",
        err=True,
    )
    return QUARANTINED if bad else 0


def _as_json(told: list[tuple[Offer, list[Mismatch]]], bad: list[Refused]) -> str:
    listings = [{"listing_id": o.listing_id, "evidence": [each.plain() for each in own]} for o, own in told]
    rows = [{"line": each.line, "message": each.message} for each in bad]
    return json.dumps({"checks": checks()[0], "listings": listings, "bad_rows": rows}, ensure_ascii=False, indent=2)


def _as_text(told: list[tuple[Offer, list[Mismatch]]]) -> str:
    return "\n".join(
        f"{offer.listing_id}  {each.check}: '{each.said}' is said, {each.attribute} is '{each.stated}'  {offer.title}"
        for offer, own in told
        for each in own
    )

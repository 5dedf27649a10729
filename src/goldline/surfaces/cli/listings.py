"""`goldline check-listings FILE`: listings held against themselves, and rows that cannot be read explained."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from goldline.core.errors import GoldlineError
from goldline.market.listingcheck import Mismatch, Offer, check, checks
from goldline.surfaces.cli.program import QUARANTINED, counted

LARGEST_BYTES: Final = 200_000_000
_KNOWN: Final = ("listing_id", "title", "category", "brand", "price_minor", "attributes")
_MOST_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Bad:
    """A row that is no listing: its line, what is wrong and what to do."""

    line: int
    message: str


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def check_listings(file: Path, form: str) -> int:
    """Check the listings of FILE against themselves: title, attributes, quantities, year, brand, price.

    FILE is CSV with a header, or one JSON object a line (.jsonl), with listing_id and title, and where there are any
    category, brand, price_minor and attributes (a JSON object). What does not fit is evidence, not a verdict.
    """
    offers, bad = _read(file)
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


def _as_json(told: list[tuple[Offer, list[Mismatch]]], bad: list[Bad]) -> str:
    listings = [{"listing_id": o.listing_id, "evidence": [each.plain() for each in own]} for o, own in told]
    rows = [{"line": each.line, "message": each.message} for each in bad]
    return json.dumps({"checks": checks()[0], "listings": listings, "bad_rows": rows}, ensure_ascii=False, indent=2)


def _as_text(told: list[tuple[Offer, list[Mismatch]]]) -> str:
    return "\n".join(
        f"{offer.listing_id}  {each.check}: '{each.said}' is said, {each.attribute} is '{each.stated}'  {offer.title}"
        for offer, own in told
        for each in own
    )


def _read(file: Path) -> tuple[list[Offer], list[Bad]]:
    if file.stat().st_size > LARGEST_BYTES:
        raise GoldlineError("The file is larger than 200 MB.", code="too_large", where=str(file), hint="Split it.")
    offers: list[Offer] = []
    bad: list[Bad] = []
    try:
        for line, row in _rows(file):
            fault = row if isinstance(row, str) else _fault(row)
            if fault:
                bad.append(Bad(line, fault))
            else:
                assert not isinstance(row, str), "a text is a fault"
                offers.append(_offer(row))
    except UnicodeDecodeError as error:
        message = f"The file is not UTF-8 text (byte {error.start})."
        raise GoldlineError(message, code="unreadable", where=str(file), hint="Save it as UTF-8.") from None
    return offers, bad


def _rows(file: Path) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """Number and row of every line; a text in place of a row says what is wrong with it."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        if file.suffix in (".jsonl", ".ndjson"):
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield number, _parsed(line)
            return
        reader = csv.DictReader(lines)
        if not {"listing_id", "title"} <= set(reader.fieldnames or ()):
            message = "The file has no columns listing_id and title."
            raise GoldlineError(message, code="no_columns", where=str(file), hint=f"Known: {', '.join(_KNOWN)}.")
        for row in reader:
            plain = {name: value for name, value in row.items() if name in _KNOWN and value not in (None, "")}
            attributes = plain.get("attributes")
            if attributes is not None:
                read = _parsed(attributes)
                if isinstance(read, str):
                    yield reader.line_num, f"attributes: {read}"
                    continue
                plain["attributes"] = read
            if str(plain.get("price_minor", "0")).isdigit() and "price_minor" in plain:
                plain["price_minor"] = int(plain["price_minor"])
            yield reader.line_num, plain


def _parsed(text: str) -> dict[str, Any] | str:
    try:
        read = json.loads(text)
    except json.JSONDecodeError as error:
        return f"it is no JSON: {error.msg} at column {error.colno}; write one object"
    return read if isinstance(read, dict) else "it is no JSON object; write {…}"


def _fault(row: Mapping[str, Any]) -> str:
    """What is wrong with a row, or nothing."""
    for name in ("listing_id", "title"):
        if not isinstance(row.get(name), str) or not row[name].strip():
            return f"{name} is missing; every listing has one"
    for name in ("category", "brand"):
        if not isinstance(row.get(name, ""), str):
            return f"{name} is no text"
    price = row.get("price_minor", 0)
    if isinstance(price, bool) or not isinstance(price, int) or price < 0:
        return f"price_minor is {price!r}; write whole minor units: 1990 for 19.90"
    attributes = row.get("attributes", {})
    if not isinstance(attributes, dict) or not all(isinstance(value, str) for value in attributes.values()):
        return 'attributes are no object of texts; write {"材质": "棉"}'
    return ""


def _offer(row: Mapping[str, Any]) -> Offer:
    attributes = row.get("attributes", {})
    brand = row.get("brand") or attributes.get("品牌", "")
    return Offer(row["listing_id"], row["title"], row.get("category", ""), brand, row.get("price_minor"), attributes)

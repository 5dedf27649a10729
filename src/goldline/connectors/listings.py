"""Listings from files: CSV with a header, or one JSON object a line; packed as .gz or not.

A row that is no listing is told with its line and the reason; its neighbours are read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from goldline.connectors.rows import BadRow, FileError, Source, Table, opened
from goldline.market.listingcheck import Offer

LARGEST_BYTES: Final = 200_000_000
REQUIRED: Final = ("listing_id", "title")
KNOWN: Final = (*REQUIRED, "category", "brand", "price_minor", "attributes")


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that is no listing: its line, what is wrong and what to do."""

    line: int
    message: str


def read_listings(path: Path) -> Iterator[Offer | Refused]:
    """Every row as a listing or refused. Raises FileError when the file cannot be read as a whole."""
    with opened(path) as source:
        if source.size > LARGEST_BYTES:
            raise FileError("The file is larger than 200 MB.", code="too_large", where=str(path), hint="Split it.")
        packed = path.name.lower().removesuffix(".gz")
        rows = _objects(source) if packed.endswith((".jsonl", ".ndjson")) else _records(source)
        for line, row in rows:
            fault = row if isinstance(row, str) else _fault(row)
            yield Refused(line, fault) if isinstance(row, str) or fault else _offer(row)


def _objects(source: Source) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """Line and object of every line; a text in place of one says what is wrong with it."""
    for number, line in source.lines():
        if line.strip():
            yield number, _parsed(line)


def _records(source: Source) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """The same of the records of a CSV file; empty cells are absent, columns that nobody knows are left out."""
    table = Table(source, REQUIRED)
    for row in table:
        if isinstance(row, BadRow):
            yield row.line, row.why.reason
            continue
        cells = zip(table.columns, row.cells, strict=True)
        plain: dict[str, Any] = {name: cell for name, cell in cells if name in KNOWN and cell}
        if plain.get("price_minor", "").isdecimal():
            plain["price_minor"] = int(plain["price_minor"])
        read = _parsed(plain["attributes"]) if "attributes" in plain else {}
        yield row.line, f"attributes: {read}" if isinstance(read, str) else {**plain, "attributes": read}


def _parsed(text: str | bytes) -> dict[str, Any] | str:
    try:
        read = json.loads(text)
    except json.JSONDecodeError as error:
        return f"it is no JSON: {error.msg} at column {error.colno}; write one object"
    except UnicodeDecodeError as error:
        return f"it is not UTF-8 text (byte {error.start}); convert the file to UTF-8"
    return read if isinstance(read, dict) else "it is no JSON object; write {…}"


def _fault(row: Mapping[str, Any]) -> str:
    """What is wrong with a row, or nothing."""
    for name in REQUIRED:
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

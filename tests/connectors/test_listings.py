"""Listings from files: good rows are read whatever stands between them, and bad ones say why."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from goldline.connectors.listings import Refused, read_listings
from goldline.connectors.rows import FileError
from goldline.market.listingcheck import Offer


def test_a_cut_or_misspelt_row_spoils_no_other(tmp_path: Path) -> None:
    """A row cut in the middle, and one of another encoding, are told with their line; the rest is read."""
    file = tmp_path / "listings.csv.gz"
    rows = [b"listing_id,title,brand", b"a,one,x", b"b,two", b"c,\xd5\xe6,x", b'd,"four, whole",x']
    file.write_bytes(gzip.compress(b"\n".join(rows)))
    found = list(read_listings(file))
    assert [each.listing_id for each in found if isinstance(each, Offer)] == ["a", "d"]
    assert [each.line for each in found if isinstance(each, Refused)] == [3, 4]


def test_a_line_of_json_stands_alone(tmp_path: Path) -> None:
    """One object a line; what is no object, or no UTF-8, is told with its line."""
    file = tmp_path / "listings.jsonl"
    file.write_bytes(b'{"listing_id": "a", "title": "one"}\n[1]\n\n{"listing_id": "b", "title": "\xd5\xe6"}\n')
    found = list(read_listings(file))
    assert [each.listing_id for each in found if isinstance(each, Offer)] == ["a"]
    assert [each.line for each in found if isinstance(each, Refused)] == [2, 4]


@pytest.mark.parametrize("text", ["", "title\nx\n"])
def test_a_file_without_listings_is_refused_whole(tmp_path: Path, text: str) -> None:
    """An empty file, and a header without the columns that every listing has."""
    file = tmp_path / "listings.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(FileError):
        list(read_listings(file))

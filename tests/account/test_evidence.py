"""Evidence is what it says it is: bytes are checked against the type, and what could run is refused."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import pytest
from psycopg import Connection

from goldline.core.account.evidence import TYPES, Upload, carries_personal_data, check, fetch
from goldline.core.errors import GoldlineError


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    """A picture of one pixel."""
    parts = [(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)), *chunks,
             (b"IDAT", zlib.compress(b"\x00\x00")), (b"IEND", b"")]  # fmt: skip
    body = b"".join(struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in parts)
    return b"\x89PNG\r\n\x1a\n" + body


JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"\x00" * 20 + b"\xff\xd9"
PDF = b"%PDF-1.7\n1 0 obj <</Type /Catalog>> endobj\ntrailer\n%%EOF\n"
MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp41" + b"\x00\x00\x00\x08moov"
GOOD = {
    "image/png": png(), "image/jpeg": JPEG, "application/pdf": PDF, "video/mp4": MP4,
    "text/plain": "洪水 2026-03-02\n".encode(), "text/csv": b"order,late\no1,3 h\n",
}  # fmt: skip


@pytest.mark.parametrize("media_type", TYPES)
def test_each_type_is_taken_as_itself_and_as_nothing_else(media_type: str) -> None:
    """The true bytes pass; those of every other kind are refused under this type."""
    check(Upload("report", "file", media_type, GOOD[media_type]))
    for other, body in GOOD.items():
        # A table is text, and text may be a table of one column.
        if {other, media_type} <= {"text/plain", "text/csv"} or other == media_type:
            continue
        with pytest.raises(GoldlineError, match="not those of"):
            check(Upload("report", "file", media_type, body))


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("text/html", b"<p>"), ("image/svg+xml", b"<svg/>"), ("text/plain", b"<html><script>1</script>"),
        ("text/plain", b"  <SvG onload=1>"), ("text/csv", b"a,b\n=HYPERLINK(1),2\n"), ("text/csv", b"\"@SUM(1)\",2"),
        ("application/pdf", PDF.replace(b"/Catalog", b"/Catalog /OpenAction 2")), ("application/pdf", b"%PDF-1.7 cut"),
        ("image/png", png()[:-4] + b"<script>" * 9), ("image/png", b"MZ" + png()), ("text/plain", b"#!/bin/sh\n"),
        ("text/plain", b"\xff\xfe\x00"), ("text/plain", b"PK\x03\x04"), ("text/plain", b""),
        ("application/x-msdownload", b"MZ"), ("text/plain", b"a" * 8_000_001),
    ],
)  # fmt: skip
def test_what_could_run_or_pretends_is_refused(media_type: str, body: bytes) -> None:
    """Markup, scripts, formulas, active documents, programs, archives, broken and oversized files."""
    with pytest.raises(GoldlineError, check=lambda fault: fault.code == "evidence_refused"):
        check(Upload("report", "file", media_type, body))


@pytest.mark.parametrize("name", ["", "../x.png", "a\\b", "a\x00b", ".hidden", "x" * 121, 'q".png', "a:b"])
def test_a_name_is_only_a_name(name: str) -> None:
    """No path, no control character, nothing that a header or a file system would read otherwise."""
    with pytest.raises(GoldlineError, match="file's name"):
        check(Upload("report", name, "image/png", png()))


def test_a_photo_that_says_where_it_was_taken_is_marked() -> None:
    """EXIF and written notes in a picture are noted, so that whoever publishes it knows; a bare picture is not."""
    assert not carries_personal_data(Upload("r", "a", "image/png", png()))
    assert carries_personal_data(Upload("r", "a", "image/png", png((b"eXIf", b"II*\x00"))))
    exif = JPEG.replace(b"JFIF\x00", b"Exif\x00\x00")
    assert carries_personal_data(Upload("r", "a", "image/jpeg", exif))


def test_it_is_handed_out_as_a_download_only(database: Connection[Any]) -> None:
    """An attachment under a name of ours, unsniffed and sandboxed; changed bytes are not handed out."""
    from hashlib import sha256
    from uuid import UUID

    appeal, digest = UUID(int=1), sha256(PDF)
    database.execute(
        "INSERT INTO evidence VALUES (%s, %s, 'report', '\"><script>.pdf', 'application/pdf', %s, true, now(), 'm')",
        (appeal, digest.digest(), PDF),
    )
    found = fetch(database, appeal, digest.hexdigest())
    assert found.body == PDF
    assert found.headers["X-Content-Type-Options"] == "nosniff"
    assert found.headers["Content-Disposition"] == f'attachment; filename="evidence-{digest.hexdigest()[:12]}.pdf"'
    database.execute("UPDATE evidence SET body = 'other'")
    with pytest.raises(GoldlineError, match="digest"):
        fetch(database, appeal, digest.hexdigest())
    with pytest.raises(GoldlineError, match="no such file"):
        fetch(database, appeal, "../../etc")

"""Evidence of appeals: files that are what they say they are, kept with their digest, served as downloads only.

Nothing that a browser would run is taken. Signatures of the types: PNG (ISO/IEC 15948), JPEG (ISO/IEC 10918-1), PDF
(ISO 32000-1, 7.5.2), MP4 (ISO/IEC 14496-12, 4.3).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

from goldline.core.account import review
from goldline.core.account.actor import Actor
from goldline.core.account.trail import record
from goldline.core.errors import GoldlineError
from goldline.core.policy.published import RuleSet

LARGEST_BYTES: Final = 8_000_000
MOST_FILES: Final = 20
MOST_BYTES: Final = 40_000_000  # of one appeal
_NAME: Final = re.compile(r"[^\x00-\x1f\x7f/\\:*?\"<>|]{1,120}")
# Text that a browser or an office program would run, whatever its type says.
_ACTIVE: Final = re.compile(
    rb"<\s*(?:!doctype|html|head|body|script|svg|iframe|object|embed|\?xml|\?php)", re.IGNORECASE
)
_FORMULA: Final = re.compile(r"(?:^|[,;\t\n\r])\s*\"?[=@](?![\s\"]*(?:$|[,;\t\n\r]))")
_EXECUTABLE: Final = (b"MZ", b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"PK\x03\x04")


def _png(body: bytes) -> bool:
    return body.startswith(b"\x89PNG\r\n\x1a\n") and body[12:16] == b"IHDR" and b"IEND" in body[-16:]


def _jpeg(body: bytes) -> bool:
    return body.startswith(b"\xff\xd8\xff") and b"\xff\xd9" in body[-64:]


def _pdf(body: bytes) -> bool:
    active = re.search(rb"/(?:JavaScript|JS|Launch|EmbeddedFile|OpenAction)\b", body)
    return re.match(rb"%PDF-[12]\.[0-9]", body) is not None and b"%%EOF" in body[-1_024:] and active is None


def _mp4(body: bytes) -> bool:
    size = int.from_bytes(body[:4], "big")
    return body[4:8] == b"ftyp" and 16 <= size <= min(len(body), 512) and b"moov" in body


def _text(body: bytes) -> bool:
    if body.startswith(b"%PDF"):
        return False
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return not re.search(r"[\x00-\x08\x0e-\x1f]", text)


def _csv(body: bytes) -> bool:
    """Text without cells that a spreadsheet would work out."""
    return _text(body) and _FORMULA.search(body.decode("utf-8-sig")) is None


TYPES: Final[Mapping[str, tuple[str, Callable[[bytes], bool]]]] = {
    "image/png": ("png", _png), "image/jpeg": ("jpg", _jpeg), "application/pdf": ("pdf", _pdf),
    "video/mp4": ("mp4", _mp4), "text/plain": ("txt", _text), "text/csv": ("csv", _csv),
}  # fmt: skip
_PERSONAL: Final = ("image/jpeg", "image/png", "video/mp4", "application/pdf", "text/csv")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was sent: which kind of evidence it is, its name, the type it claims, its bytes."""

    kind: str
    name: str
    media_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that was taken. `personal` says that it may carry a place, a name or another trait of a person."""

    sha256: str
    size_bytes: int
    personal: bool


def check(upload: Upload) -> None:
    """Raise GoldlineError('evidence_refused') when it is too large, not what it says, or could run."""
    if not upload.body or len(upload.body) > LARGEST_BYTES:
        raise _refused(f"The file has {len(upload.body):,} bytes; it may have 1 to {LARGEST_BYTES:,}.", "body")
    if _NAME.fullmatch(upload.name) is None or upload.name.startswith("."):
        raise _refused(f"{upload.name[:64]!r} cannot be a file's name.", "name")
    known = TYPES.get(upload.media_type)
    if known is None:
        raise _refused(f"{upload.media_type[:64]!r} is not taken. Taken are: {', '.join(TYPES)}.", "media_type")
    _, fits = known
    if upload.body.startswith(_EXECUTABLE) or not fits(upload.body):
        raise _refused(f"The bytes are not those of {upload.media_type}, or hold something that could run.", "body")
    if upload.media_type.startswith("text/") and _ACTIVE.search(upload.body):
        raise _refused("The text holds markup or a script.", "body")


def _refused(message: str, where: str) -> GoldlineError:
    return GoldlineError(message, code="evidence_refused", where=where, hint="Send a picture, PDF, film, CSV or text.")


def carries_personal_data(upload: Upload) -> bool:
    """Whether the file may carry personal data: EXIF in a picture, anything in a film, a document or a table."""
    if upload.media_type == "image/png":
        return b"eXIf" in upload.body or b"tEXt" in upload.body or b"iTXt" in upload.body
    if upload.media_type == "image/jpeg":
        return b"Exif\x00\x00" in upload.body or b"http://ns.adobe.com/xap" in upload.body
    return upload.media_type in _PERSONAL


def add(
    connection: Connection[Any], rules: RuleSet, appeal_id: UUID, account: str, upload: Upload, actor: Actor,
    now: datetime,
) -> Kept:  # fmt: skip
    """Keep a file with a pending appeal of the account, in the caller's transaction. The same file again is kept once.

    Raises GoldlineError: 'not_found', 'appeal_settled', 'bad_evidence' for a kind the reason does not list,
    'evidence_refused'.
    """
    check(upload)
    row = connection.execute(
        "SELECT terms, reason, state FROM appeal WHERE id = %s AND account = %s FOR UPDATE", (appeal_id, account)
    ).fetchone()
    if row is None:
        raise GoldlineError("There is no such appeal of this account.", code="not_found")
    if row[2] not in ("filed", "evidence_asked"):
        raise GoldlineError("The appeal was settled already.", code="appeal_settled")
    _check_kind(rules, row[0], row[1], upload.kind)
    digest, personal = hashlib.sha256(upload.body).digest(), carries_personal_data(upload)
    _check_room(connection, appeal_id, digest, len(upload.body))
    connection.execute(
        "INSERT INTO evidence (appeal_id, sha256, kind, name, media_type, body, personal, added_at, added_by)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (appeal_id, digest, upload.kind, upload.name, upload.media_type, upload.body, personal, now, str(actor)),
    )
    connection.execute("UPDATE appeal SET state = 'filed' WHERE id = %s", (appeal_id,))
    review.wake(connection, "appeal", str(appeal_id))
    detail: dict[str, str | int | bool] = {
        "sha256": digest.hex(),
        "kind": upload.kind,
        "media_type": upload.media_type,
        "personal": personal,
    }
    record(connection, str(actor), "evidence.added", f"appeal:{appeal_id}", detail, now)
    return Kept(digest.hex(), len(upload.body), personal)


def _check_kind(rules: RuleSet, terms: str, reason: str, kind: str) -> None:
    found = next((each.reason(reason) for each in rules.appeals if each.policy == terms), None)
    # Terms that were withdrawn meanwhile list nothing any more; what was begun under them goes on.
    if found is not None and kind not in found.evidence:
        listed = ", ".join(found.evidence) or "none"
        raise GoldlineError(
            f"The reason {reason!r} has no evidence {kind[:64]!r}.", code="bad_evidence", where="kind",
            hint=f"It lists: {listed}.",
        )  # fmt: skip


def _check_room(connection: Connection[Any], appeal_id: UUID, digest: bytes, size: int) -> None:
    row = connection.execute(
        "SELECT count(*), coalesce(sum(octet_length(body)), 0) FROM evidence WHERE appeal_id = %s AND sha256 <> %s",
        (appeal_id, digest),
    ).fetchone()
    if row and (row[0] >= MOST_FILES or row[1] + size > MOST_BYTES):
        raise _refused(f"An appeal holds {MOST_FILES} files of {MOST_BYTES:,} bytes together at most.", "body")


@dataclass(frozen=True, slots=True)
class Download:
    """A file with the headers it must be served under, whatever page serves it."""

    body: bytes
    headers: Mapping[str, str]


def fetch(connection: Connection[Any], appeal_id: UUID, sha256: str) -> Download:
    """A file to hand out: as an attachment, unsniffed, sandboxed. Raises GoldlineError('not_found')."""
    digest = bytes.fromhex(sha256) if re.fullmatch(r"[0-9a-f]{64}", sha256) else b""
    row = connection.execute(
        "SELECT media_type, body FROM evidence WHERE appeal_id = %s AND sha256 = %s", (appeal_id, digest)
    ).fetchone()
    if row is None:
        raise GoldlineError("There is no such file.", code="not_found")
    if hashlib.sha256(row[1]).digest() != digest:
        raise GoldlineError("The stored file no longer has its digest.", code="evidence_altered")
    headers = {
        # Its own name is not used: it may say anything.
        "Content-Disposition": f'attachment; filename="evidence-{sha256[:12]}.{TYPES[row[0]][0]}"',
        "Content-Type": row[0],
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    return Download(row[1], headers)

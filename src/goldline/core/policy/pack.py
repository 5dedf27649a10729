"""Packs: a rule book as one TOML file, loaded whole or refused whole with everything that is wrong in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from goldline.core.errors import GoldlineError
from goldline.core.facts.subject import Vocabulary
from goldline.core.money import EXPONENTS
from goldline.core.policy import clause
from goldline.core.policy.diagnostic import Source, nearest
from goldline.core.policy.document import Document, read
from goldline.core.policy.promise import Promise
from goldline.core.policy.table import Table

FILE: Final = "policies.toml"
CASES_FILE: Final = "cases.toml"
LARGEST_BYTES: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class Pack:
    """A loaded rule book. `bodies` are the [[promise]] tables as JSON values, one for each of `promises`."""

    id: str
    currency: str
    zone: str
    title: Mapping[str, str]
    promises: tuple[Promise, ...]
    bodies: tuple[Mapping[str, Any], ...]
    path: Path
    vocabulary: Vocabulary

    def versions(self, policy: str) -> tuple[Promise, ...]:
        """Every version of one promise, by its full name or its id."""
        return tuple(each for each in self.promises if policy in (each.policy, each.id))


def load(path_or_name: str | Path, vocabulary: Vocabulary) -> Pack:
    """Load a pack from a file, a folder that holds policies.toml, or by the name of one that comes with the package.

    Raises `PolicyError` with every fault, or GoldlineError('pack_missing') when there is no such pack.
    """
    path = locate(path_or_name)
    return parse_pack(read_text(path), str(path_or_name if path_or_name == path else path), path, vocabulary)


def available() -> dict[str, Path]:
    """The packs that come with the package, by name: any room of the house may keep some."""
    house = Path(__file__).parents[2]
    return {path.parent.name: path for path in sorted(house.glob(f"*/packs/*/{FILE}"))}


def locate(path_or_name: str | Path) -> Path:
    """The policy file a path or a name means."""
    path = Path(path_or_name)
    if path.is_dir() and (path / FILE).is_file():
        return path / FILE
    if path.is_file():
        return path
    known = available()
    if str(path_or_name) in known:
        return known[str(path_or_name)]
    hint = nearest(str(path_or_name), known) or f"Packs here: {', '.join(known) or 'none'}."
    raise GoldlineError(f"There is no policy pack '{path_or_name}'.", code="pack_missing", hint=hint)


def read_text(path: Path) -> str:
    """The text of a policy or case file. Raises GoldlineError('pack_unreadable') when it is no UTF-8 text."""
    try:
        raw = path.read_bytes()
        if len(raw) > LARGEST_BYTES:
            raise GoldlineError("The file is larger than 2 MB.", code="pack_unreadable", where=str(path))
        return raw.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        message = f"The file is not UTF-8 text (byte {error.start})."
        hint = "Save it as UTF-8."
        raise GoldlineError(message, code="pack_unreadable", where=str(path), hint=hint) from None
    except OSError as error:
        message = f"The file cannot be read: {error.strerror}."
        raise GoldlineError(message, code="pack_unreadable", where=str(path)) from None


def parse_pack(text: str, file: str, path: Path, vocabulary: Vocabulary) -> Pack:
    """A pack from its text; `file` names it in diagnostics. Raises `PolicyError` with every fault."""
    source = Source(file, text)
    document = read(source)
    pack = _pack(document, path, vocabulary) if document is not None else None
    source.raise_faults()
    if pack is None:
        raise AssertionError("a pack is refused only with a reason")
    return pack


def _pack(document: Document, path: Path, vocabulary: Vocabulary) -> Pack | None:
    root = Table(document, (), document.values)
    root.allow(("pack", "promise"), "a policy file")
    head = root.table("pack")
    if head is None:
        document.source.report(0, 1, "the file has no [pack] table", 'start with [pack] id = "…", currency = "…"')
        return None
    head.allow(("id", "currency", "title", "zone"), "[pack]")
    head.require(("id", "currency", "title"), "[pack]")
    own_id, title = clause.usable_id(head, "id"), head.words("title")
    if own_id is not None and len(own_id) > _LONGEST_PACK:
        head.report("id", f"'{own_id}' is too long", f"a pack's id has {_LONGEST_PACK} characters at most")
    currency, (name, zone) = _currency(head), _zone(head)
    # Even with a broken head the promises are read, so that all faults come at once.
    setting = clause.Setting(own_id or "pack", currency or "EUR", zone, vocabulary)
    tables = root.tables("promise", "promise")
    if not tables and "promise" not in root.values:
        document.source.report(0, 1, "the file has no promises", "add a [[promise]] table")
    found = clause.promises(tables, setting)
    complete = tuple(each for each in found if each is not None)
    bodies = tuple(body(t.values, p, setting) for t, p in zip(tables, found, strict=True) if p is not None)
    return Pack(setting.pack, setting.currency, name, title, complete, bodies, path, vocabulary)


_LONGEST_PACK = 20


def _currency(head: Table) -> str | None:
    code = head.text("currency")
    if code is None or code in EXPONENTS:
        return code
    head.report("currency", f"unknown currency '{code}'", nearest(code, EXPONENTS) or "use an ISO 4217 code: CNY, BRL")
    return None


def _zone(head: Table) -> tuple[str, tzinfo]:
    name = head.text("zone")
    if name is None:
        return "UTC", UTC
    try:
        return name, ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        head.report("zone", f"unknown time zone '{name}'", "use an IANA name such as Asia/Shanghai")
        return "UTC", UTC


def body(values: Mapping[str, Any], promise: Promise, setting: clause.Setting) -> Mapping[str, Any]:
    """A [[promise]] table as JSON values that read back the same: dates resolved, amounts as texts."""
    plain: dict[str, Any] = _plain(values)
    if promise.by:
        bounds = {"from": promise.effective_from, "until": promise.effective_until}
        plain["effective"] = {key: at.isoformat() for key, at in bounds.items() if at} | {"by": promise.by}
    return {**plain, "currency": setting.currency}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, (date, datetime)) else value

"""Dialects: what a code of one vendor means in the one vocabulary of scans.

Every mapping is keyed by its dialect, because the same number means different things to different vendors: 202 is
'out for delivery' to one and 'nothing new for too long' to another. The tables lie in `dialects/`, one file each.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal, get_args
from zoneinfo import ZoneInfo

from goldline.core.errors import GoldlineError
from goldline.market.incident import INCIDENTS, Incident
from goldline.market.scan import ScanCode

Name = Literal["kuaidi100", "kdniao", "aftership", "seventeentrack", "karrio", "shopify", "epcis"]
NAMES: Final[tuple[Name, ...]] = get_args(Name)
GRADES: Final = {
    "F": "read in the vendor's own public documents or source code",
    "S": "read in public code that uses the vendor",
    "K": "our reading of a word the vendor does not define further",
    "U": "not known; the least that can be said",
}
_TABLES: Final = ("codes", "sub_codes", "pairs")


class DialectError(GoldlineError):
    """A dialect that does not exist, or whose table cannot be read."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one code of a vendor means.

    `word` is the vendor's own name of the code and also understood in its place; `about` says it in ours. A `vague`
    main code stands for sub-codes of different kinds, so one that is not listed cannot be guessed from it.
    """

    key: str
    scan: ScanCode
    incident: Incident | None
    word: str | None
    about: str
    grade: str
    vague: bool


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A code the dialect does not know. It goes to quarantine with this reason; it is never guessed."""

    reason: str


@dataclass(frozen=True, slots=True)
class Dialect:
    """One vendor's vocabulary. `zone` is that of times written without an offset, or None where the vendor names none.

    `codes` are main codes, `sub_codes` finer ones that decide by themselves, `pairs` a main and a sub-code ("a/b")
    that only together say something else.
    """

    name: Name
    title: str
    zone: ZoneInfo | None
    speaks_chinese: bool
    source: str
    codes: Mapping[str, Meaning]
    sub_codes: Mapping[str, Meaning]
    pairs: Mapping[str, Meaning]
    words: Mapping[str, Meaning]

    def read(self, code: str | None, sub: str | None = None) -> Meaning | Unmapped:
        """The meaning of a code with its sub-code, the finest that is listed."""
        main, fine = _folded(code), _folded(sub)
        if not main and not fine:
            return Unmapped("The scan has no code.")
        found = self.pairs.get(f"{main}/{fine}") or self.sub_codes.get(fine)
        if found is not None:
            return found
        found = self.codes.get(main) or self.words.get(main)
        if found is None or (found.vague and fine and fine != main):
            return Unmapped(
                f"The dialect '{self.name}' does not know the code {_shown(code, sub)}; "
                "add it to the dialect, then import again."
            )
        return found

    def meanings(self) -> tuple[Meaning, ...]:
        """Every meaning, in the order of the table."""
        return (*self.codes.values(), *self.sub_codes.values(), *self.pairs.values())


@cache
def dialect(name: str) -> Dialect:
    """The dialect of a vendor. Raises DialectError for a name that is none."""
    if name not in NAMES:
        raise DialectError(
            f"There is no dialect '{name}'.", code="unknown_dialect", hint=f"Name one of {', '.join(NAMES)}."
        )
    file = files(__package__) / "dialects" / f"{name}.toml"
    return parse(name, tomllib.loads(file.read_text(encoding="utf-8")))


def dialects() -> tuple[Dialect, ...]:
    """Every dialect."""
    return tuple(dialect(name) for name in NAMES)


def parse(name: Name, document: Mapping[str, Any]) -> Dialect:
    """A dialect from its document. Raises DialectError where a code's meaning is none."""
    head = document["dialect"]
    tables = {
        table: {_folded(key): _meaning(name, key, row, head["grade"]) for key, row in document.get(table, {}).items()}
        for table in _TABLES
    }
    words = {_folded(each.word): each for table in tables.values() for each in table.values() if each.word}
    zone = ZoneInfo(head["zone"]) if "zone" in head else None
    chinese = head.get("chinese", False)
    codes, sub_codes, pairs = (tables[each] for each in _TABLES)
    return Dialect(name, head["title"], zone, chinese, head["source"], codes, sub_codes, pairs, words)


def _meaning(name: str, key: str, row: Mapping[str, Any], grade: str) -> Meaning:
    scan, incident = row["is"], row.get("incident")
    own = row.get("grade", grade)
    known = scan in get_args(ScanCode) and (incident is None or incident in INCIDENTS) and own in GRADES
    if not known or not row["about"]:
        raise DialectError(
            f"The code '{key}' is given a meaning, incident or grade that does not exist.",
            code="bad_dialect",
            where=f"{name}.toml",
        )
    return Meaning(key, scan, incident, row.get("word"), row["about"], own, row.get("vague", False))


def _folded(code: str | None) -> str:
    """Vendors change the case of their codes between versions of an interface; no two codes differ by it alone."""
    return (code or "").strip().casefold()


def _shown(code: str | None, sub: str | None) -> str:
    text = "/".join(part.strip() for part in (code, sub) if part and part.strip())
    return repr(text[:60])

"""One table of a policy document, read key by key; what is wrong with a key is noted at its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal
from typing import Any

from goldline.core.policy.diagnostic import nearest
from goldline.core.policy.document import Document, Path
from goldline.core.policy.interval import interval_seconds

LANGUAGES = ("en", "zh-Hans")
LARGEST_MAJOR = Decimal(10) ** 12


@dataclass(frozen=True, slots=True)
class Table:
    """A table at a path of a document. Every reader returns None when the key is absent or wrong."""

    document: Document
    path: Path
    values: Mapping[str, Any]

    def report(self, key: str | None, message: str, hint: str | None = None, *, at_key: bool = False) -> None:
        """Note a fault at the value of a key, or at the table's own head."""
        path = self.path if key is None else (*self.path, key)
        self.document.report(path, message, hint, key=at_key or key is None)

    def allow(self, keys: Iterable[str], what: str) -> None:
        """Note every key that is not listed."""
        known = list(keys)
        for key in self.values:
            if key not in known:
                hint = nearest(key, known) or f"keys of {what}: {', '.join(known)}"
                self.report(key, f"unknown key '{key}' in {what}", hint, at_key=True)

    def require(self, keys: Iterable[str], what: str) -> bool:
        """Note every key that is missing; whether all are there."""
        missing = [key for key in keys if key not in self.values]
        for key in missing:
            self.report(None, f"{what} has no '{key}'", f"add a line that starts with {key} =")
        return not missing

    def text(self, key: str) -> str | None:
        """A text that is not empty."""
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, str):
            self.report(key, f"'{key}' must be a text, not {_kind(value)}", f'write {key} = "…"')
            return None
        if not value.strip():
            self.report(key, f"'{key}' is empty")
            return None
        return value

    def choice(self, key: str, choices: Iterable[str]) -> str | None:
        """One of a few words."""
        known = list(choices)
        value = self.text(key)
        if value is None or value in known:
            return value
        self.report(key, f"'{key}' cannot be '{value}'", nearest(value, known) or f"use {', '.join(known)}")
        return None

    def table(self, key: str) -> Table | None:
        """A table inside this one."""
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.report(key, f"'{key}' must be a table, not {_kind(value)}", f"write {key} = {{ … }}")
            return None
        return Table(self.document, (*self.path, key), value)

    def tables(self, key: str, heading: str) -> list[Table]:
        """A list of tables."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            self.report(key, f"'{key}' must be a list of tables", f"write [[{heading}]]", at_key=True)
            return []
        return [Table(self.document, (*self.path, key, n), each) for n, each in enumerate(value)]

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; empty when the key is absent."""
        value = self.values.get(key, [])
        if isinstance(value, list) and all(isinstance(each, str) and each.strip() for each in value):
            return tuple(value)
        self.report(key, f"'{key}' must be a list of texts", f'write {key} = ["…", "…"]')
        return ()

    def words(self, key: str) -> Mapping[str, str]:
        """A text in every language, English and Chinese at least."""
        inner = self.table(key)
        if inner is None:
            return {}
        for language in LANGUAGES:
            if language not in inner.values:
                hint = f'write {key} = {{ en = "…", "zh-Hans" = "…" }}'
                self.report(key, f"'{key}' has no text in {language}", hint)
        return {language: text for language in inner.values if (text := inner.text(language)) is not None}

    def minor(self, key: str, exponent: int) -> int | None:
        """An amount in major units, as minor units."""
        value = self.values.get(key)
        if value is None:
            return None
        amount = _decimal(value)
        if amount is None:
            self.report(key, f"'{key}' must be an amount, not {_kind(value)}", f"write {key} = 50")
        elif amount < 0:
            self.report(key, f"'{key}' is negative", "write an amount of at least 0")
        elif amount > LARGEST_MAJOR:
            self.report(key, f"'{key}' is too large", f"the most is {LARGEST_MAJOR:,f}")
        elif amount.scaleb(exponent) % 1:
            self.report(key, f"'{key}' has more decimals than the currency", f"it has {exponent}")
        else:
            return int(amount.scaleb(exponent))
        return None

    def portion(self, key: str) -> Decimal | None:
        """A part of a whole: above 0 and below 1."""
        value = self.values.get(key)
        part = None if value is None else _decimal(value)
        if value is not None and (part is None or not 0 < part < 1):
            self.report(key, f"'{key}' must lie between 0 and 1", f"write {key} = 0.5")
            return None
        return part

    def seconds(self, key: str) -> int | None:
        """A length of time."""
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, str):
            self.report(key, f"'{key}' must be a length of time, not {_kind(value)}", f'write {key} = "2 hours"')
            return None
        try:
            return interval_seconds(value)
        except ValueError as error:
            self.report(key, f"'{key}': {error}")
            return None

    def instant(self, key: str, zone: tzinfo) -> datetime | None:
        """A date or a time; one without an offset is in `zone`, and a date is its midnight."""
        at = _instant(self.values.get(key), zone)
        if at is None and key in self.values:
            self.report(key, f"'{key}' must be a date or a time", f"write {key} = 2026-01-01")
        return at

    def instants(self, key: str, zone: tzinfo) -> list[datetime]:
        """A list of them, earliest first."""
        value = self.values.get(key)
        read = [_instant(each, zone) for each in (value if isinstance(value, list) else [value])]
        known = sorted(at for at in read if at is not None)
        if len(known) < len(read):
            self.report(key, f"'{key}' must be a list of dates or times", f"write {key} = [2026-01-01T08:00:00Z]")
        return known


def _instant(value: Any, zone: tzinfo) -> datetime | None:
    if isinstance(value, str):
        value = _parsed(value)
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), zone).astimezone(UTC)
    return None


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal, str)):
        return None
    try:
        amount = Decimal(value)
    except ArithmeticError:
        return None
    return amount if amount.is_finite() else None


def _parsed(value: str) -> datetime | None:
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    names: dict[type, str] = {str: "a text", int: "a number", Decimal: "a number", dict: "a table", list: "a list"}
    return names.get(type(value), "a date or a time")

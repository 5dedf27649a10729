"""Tariffs: tables from a key (how long was promised, what kind of goods) to a rate with a floor and a cap.

`tariff('late-shipment', ship_by - paid_at, paid_amount)` gives the amount of the row the key falls into. A key that
counts (an interval, money, a number) needs rows that follow each other without a gap; `over` is outside a row, `upto`
inside. A text needs rows of words and one row for all others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from goldline.core.policy import term as terms
from goldline.core.policy.interval import interval_seconds
from goldline.core.policy.parameter import figure
from goldline.core.policy.table import Table
from goldline.core.policy.term import Kind, Term

KEYS: Final[tuple[Kind, ...]] = ("interval", "money", "number", "text")
_TARIFF_KEYS: Final = ("id", "by", "round", "rows")
_ROW_KEYS: Final = ("over", "upto", "is", "rate", "floor", "cap")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its bounds (numbers, or seconds) or its words, and what it gives. No words: every other text."""

    over: Decimal | None
    upto: Decimal | None
    words: tuple[str, ...]
    rate: Decimal
    floor: Decimal | None
    cap: Decimal | None


@dataclass(frozen=True, slots=True)
class Tariff:
    """A checked tariff. `places` are the decimals of the major unit its amounts are rounded to, half away from zero."""

    id: str
    by: Kind
    places: int | None
    rows: tuple[Row, ...]
    body: Mapping[str, Any]

    def amount(self, key: Term, base: Term, exponent: int) -> Term:
        """The amount for a key and a base, as a term; null when either is unknown."""
        label = f"tariff('{self.id}', {key.label}, {base.label})"
        values = [self._given(row, base, exponent) for row in self.rows]
        words = self.by == "text"
        last = values.pop() if words else None
        arms = tuple((self._within(row, key, exponent), value) for row, value in zip(self.rows, values, strict=False))
        chosen = terms.chosen(arms, last, "money", label) if arms else last
        assert chosen is not None, "a tariff has a row"
        return terms.relabelled(chosen, label, (key, base))

    def _given(self, row: Row, base: Term, exponent: int) -> Term:
        amount = terms.product(base, terms.number(row.rate, ""), "money", "")
        if row.floor is not None:
            amount = terms.call("greatest", (amount, _money(row.floor, exponent)), "money", "")
        if row.cap is not None:
            amount = terms.call("least", (amount, _money(row.cap, exponent)), "money", "")
        if self.places is not None:
            amount = terms.rounded(amount, self.places - exponent, "")
        # GREATEST skips nulls, and an unknown base must give nothing.
        known = terms.plain("boolean", "", f"({base.postgres} IS NOT NULL)", f"({base.duckdb} IS NOT NULL)", (base,))
        return terms.chosen(((known, amount),), None, "money", "")

    def _within(self, row: Row, key: Term, exponent: int) -> Term:
        if self.by == "text":
            listed = ", ".join("'" + word.replace("'", "''") + "'" for word in row.words)
            return terms.plain(
                "boolean", "", f"({key.postgres} IN ({listed}))", f"({key.duckdb} IN ({listed}))", (key,)
            )
        if row.upto is not None:
            return terms.compared(key, "<=", self._bound(row.upto, exponent), "")
        if row.over is not None:
            return terms.compared(key, ">", self._bound(row.over, exponent), "")
        return terms.plain("boolean", "", f"({key.postgres} IS NOT NULL)", f"({key.duckdb} IS NOT NULL)", (key,))

    def _bound(self, value: Decimal, exponent: int) -> Term:
        if self.by == "interval":
            return terms.span(int(value), "")
        return _money(value, exponent) if self.by == "money" else terms.number(value, "")


def _money(value: Decimal, exponent: int) -> Term:
    return terms.as_money(terms.number(value, ""), exponent)


def read_tariffs(tables: list[Table], plain_id: Any) -> dict[str, Tariff]:
    """The tariffs of a pack by id; faults are noted. `plain_id` reads an id."""
    found: dict[str, Tariff] = {}
    for table in tables:
        tariff = _tariff(table, plain_id)
        if tariff is None:
            continue
        if tariff.id in found:
            table.report("id", f"the tariff '{tariff.id}' appears twice", "give every tariff an id of its own")
        found[tariff.id] = tariff
    return found


def _tariff(table: Table, plain_id: Any) -> Tariff | None:
    before = len(table.document.source.diagnostics)
    table.allow(_TARIFF_KEYS, "a tariff")
    complete = table.require(("id", "by", "rows"), "the tariff")
    own_id, by = plain_id(table, "id"), next((each for each in KEYS if each == table.choice("by", KEYS)), None)
    places = _places(table)
    inner = table.tables("rows", "tariff.rows")
    if not complete or own_id is None or by is None:
        return None
    rows = [_row(each, by) for each in inner]
    if len(table.document.source.diagnostics) == before:
        _check_words(inner, rows) if by == "text" else _check_bounds(table, inner, rows)
    if len(table.document.source.diagnostics) > before:
        return None
    return Tariff(own_id, by, places, tuple(rows), table.values)


def _places(table: Table) -> int | None:
    places = table.values.get("round")
    if places is None or (isinstance(places, int) and not isinstance(places, bool) and -9 <= places <= terms.SCALE):
        return places
    table.report(
        "round", f"'round' must be a number of decimals, -9 to {terms.SCALE}", "write round = 0 for whole yuan"
    )
    return None


def _row(table: Table, by: Kind) -> Row:
    table.allow(_ROW_KEYS, "a row")
    table.require(("rate",), "the row")
    for key in ("over", "upto") if by == "text" else ("is",):
        if key in table.values:
            hint = "a text has no order: list words with is" if by == "text" else "give its bounds with over and upto"
            table.report(key, f"'{key}' does not fit a tariff by {by}", hint, at_key=True)
    rate, floor, cap = (_figure(table, key) for key in ("rate", "floor", "cap"))
    if floor is not None and cap is not None and floor > cap:
        table.report("cap", "'cap' is below 'floor'", "write the lowest amount as floor")
    return Row(_edge(table, "over", by), _edge(table, "upto", by), _words(table), rate or Decimal(0), floor, cap)


def _figure(table: Table, key: str) -> Decimal | None:
    value = table.values.get(key)
    if value is None:
        return None
    number = figure(value)
    if number is None or number < 0:
        table.report(key, f"'{key}' must be a number of at least 0", f"write {key} = 0.01")
    return number


def _edge(table: Table, key: str, by: Kind) -> Decimal | None:
    value = table.values.get(key)
    if by != "interval" or value is None:
        return _figure(table, key) if by != "text" else None
    try:
        return Decimal(interval_seconds(str(value)))
    except ValueError as error:
        table.report(key, f"'{key}': {error}")
        return None


def _words(table: Table) -> tuple[str, ...]:
    value = table.values.get("is", [])
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(each, str) for each in words):
        table.report("is", "'is' must be a list of words", 'write is = ["bullion"]')
        return ()
    return tuple(words)


def _check_bounds(table: Table, tables: list[Table], rows: list[Row]) -> None:
    """From the least to the greatest without a gap and without an overlap."""
    if not rows:
        table.report("rows", "the tariff has no rows", "write rows = [{ rate = 0.01 }]")
        return
    if rows[0].over is not None:
        tables[0].report("over", f"nothing is said up to {tables[0].values['over']}", "the first row has no 'over'")
    for (_, row), (inner, following) in pairwise(zip(tables, rows, strict=True)):
        _check_pair(inner, row, following)
    if rows[-1].upto is not None:
        tables[-1].report("upto", f"nothing is said over {tables[-1].values['upto']}", "the last row has no 'upto'")


def _check_pair(table: Table, row: Row, following: Row) -> None:
    if row.upto is None or following.over is None:
        key = "over" if "over" in table.values else None
        table.report(
            key, "this row overlaps the one before it", "end that one with 'upto' where this begins with 'over'"
        )
    elif following.over > row.upto:
        table.report("over", "there is a gap between this row and the one before it", "begin where that one ends")
    elif following.over < row.upto:
        table.report("over", "this row overlaps the one before it", "begin where that one ends")
    elif following.upto is not None and following.upto <= following.over:
        table.report("upto", "'upto' is not above 'over'")


def _check_words(tables: list[Table], rows: list[Row]) -> None:
    seen: set[str] = set()
    for inner, row in zip(tables, rows, strict=True):
        for word in row.words:
            if word in seen:
                inner.report("is", f"'{word}' is in two rows", "a word belongs to one row")
        seen |= set(row.words)
    others = [n for n, row in enumerate(rows) if not row.words]
    if others != [len(rows) - 1]:
        at = tables[others[0]] if others else tables[-1] if tables else None
        if at is not None:
            at.report(None, "the last row, and no other, is for all other words", "leave 'is' away there")

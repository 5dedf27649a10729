"""What the expressions of the value tests mean, said again in plain Python decimals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from typing import Any

from goldline.core.facts.merge import FactType

Row = Mapping[str, Any]
D = Decimal
WIDE = Context(prec=100)

TYPES = {
    "a_at": FactType.INSTANT, "b_at": FactType.INSTANT, "paid": FactType.MONEY, "fee": FactType.MONEY,
    "n": FactType.NUMBER, "who": FactType.TEXT, "ok": FactType.BOOLEAN,
}  # fmt: skip
T0 = datetime(2026, 3, 1, 8, tzinfo=UTC)
ROWS: tuple[Row, ...] = (
    {"a_at": T0, "b_at": T0 + timedelta(hours=48), "paid": 12345, "fee": 250, "n": D("1.5"), "who": "shop", "ok": True},
    {
        "a_at": T0,
        "b_at": T0 - timedelta(seconds=1),
        "paid": 1,
        "fee": 0,
        "n": D("-0.25"),
        "who": "it's 5%",
        "ok": False,
    },
    {"a_at": T0, "b_at": None, "paid": None, "fee": 333, "n": None, "who": None, "ok": None},
    {"a_at": None, "b_at": T0, "paid": 10**15, "fee": 999_999_999, "n": D("0"), "who": "", "ok": True},
    {"a_at": T0, "b_at": T0, "paid": 150, "fee": 50, "n": D("3.00000001"), "who": "shop", "ok": None},
)


def away(value: Decimal, places: int) -> Decimal:
    """Half away from zero."""
    return value.quantize(D(1).scaleb(-places), ROUND_HALF_UP, WIDE)


def div(top: Decimal, bottom: Decimal) -> Decimal | None:
    """A quotient to 8 decimals, null for a zero divisor."""
    return None if bottom == 0 else away(WIDE.divide(top, bottom), 8)


def null(function: Callable[..., Any]) -> Callable[..., Any]:
    """Null when any argument is."""
    return lambda *arguments: None if None in arguments else function(*arguments)


def both(one: bool | None, two: bool | None) -> bool | None:
    """Three-valued and."""
    return False if one is False or two is False else (None if None in (one, two) else True)


def either(one: bool | None, two: bool | None) -> bool | None:
    """Three-valued or."""
    return True if True in (one, two) else (None if None in (one, two) else False)


def least(*values: Any) -> Any:
    """The least of what is known."""
    return min((each for each in values if each is not None), default=None)


def greatest(*values: Any) -> Any:
    """The greatest of what is known."""
    return max((each for each in values if each is not None), default=None)


def clamp(value: Any, low: Any, high: Any) -> Any:
    """Held between two limits, null when any is."""
    return None if None in (value, low, high) else min(max(value, low), high)


def pay(value: Decimal | None) -> Decimal | None:
    """Whole minor units."""
    return None if value is None else away(value, 0)


_money = null(D)
_lt, _le, _eq = null(lambda a, b: a < b), null(lambda a, b: a <= b), null(lambda a, b: a == b)
_mul, _add, _sub = null(lambda a, b: a * b), null(lambda a, b: a + b), null(lambda a, b: a - b)
_not = null(lambda a: not a)
HOUR = timedelta(hours=1)


def _floor(value: Decimal, unit: int) -> Decimal:
    return (value / unit).to_integral_value(ROUND_FLOOR) * unit


def _ceil(value: Decimal, unit: int) -> Decimal:
    return (value / unit).to_integral_value(ROUND_CEILING) * unit


# Each expression with its meaning. Money comes back in minor units of a currency with two decimals.
CASES: tuple[tuple[str, Callable[[Row], Any]], ...] = (
    ("paid", lambda r: pay(_money(r["paid"]))),
    ("paid * 0.01", lambda r: pay(_mul(_money(r["paid"]), D("0.01")))),
    ("paid * 0.005", lambda r: pay(_mul(_money(r["paid"]), D("0.005")))),
    ("0.015 * paid", lambda r: pay(_mul(_money(r["paid"]), D("0.015")))),
    ("-paid * 0.005", lambda r: pay(_mul(_money(r["paid"]), D("-0.005")))),
    ("clamp(paid * 0.01, 2, 50)", lambda r: pay(clamp(_mul(_money(r["paid"]), D("0.01")), D(200), D(5000)))),
    ("clamp(paid, fee, 100)", lambda r: pay(clamp(_money(r["paid"]), _money(r["fee"]), D(10000)))),
    ("paid / 3", lambda r: pay(null(div)(_money(r["paid"]), D(3)))),
    ("paid / 7 * 2", lambda r: pay(_mul(null(div)(_money(r["paid"]), D(7)), D(2)))),
    ("clamp(paid / n, -90, 90)", lambda r: pay(clamp(null(div)(_money(r["paid"]), r["n"]), D(-9000), D(9000)))),
    ("fee / 0.3", lambda r: pay(div(D(r["fee"]), D("0.3")))),
    ("fee + 2.5", lambda r: pay(D(r["fee"]) + 250)),
    ("fee - 0.005", lambda r: pay(D(r["fee"]) - D("0.5"))),
    ("5", lambda _: D(500)),
    ("2 * 1.255", lambda _: D(251)),
    ("-1.005", lambda _: D(-101)),
    ("paid + fee", lambda r: pay(_add(_money(r["paid"]), _money(r["fee"])))),
    ("fee - paid", lambda r: pay(_sub(_money(r["fee"]), _money(r["paid"])))),
    ("abs(fee - paid)", lambda r: pay(null(abs)(_sub(_money(r["fee"]), _money(r["paid"]))))),
    ("round(paid * 0.015, 0)", lambda r: pay(null(away)(_mul(_money(r["paid"]), D("0.015")), -2))),
    ("round(paid * 0.015, 1)", lambda r: pay(null(away)(_mul(_money(r["paid"]), D("0.015")), -1))),
    ("round(paid * 0.015, 2)", lambda r: pay(null(away)(_mul(_money(r["paid"]), D("0.015")), 0))),
    ("round(paid, -2)", lambda r: pay(null(away)(_money(r["paid"]), -4))),
    ("round(-fee, 0)", lambda r: pay(away(-D(r["fee"]), -2))),
    ("floor(paid * 0.015)", lambda r: pay(null(_floor)(_mul(_money(r["paid"]), D("0.015")), 100))),
    ("ceil(paid * 0.015)", lambda r: pay(null(_ceil)(_mul(_money(r["paid"]), D("0.015")), 100))),
    ("floor(-fee)", lambda r: pay(_floor(-D(r["fee"]), 100))),
    ("ceil(-fee)", lambda r: pay(_ceil(-D(r["fee"]), 100))),
    ("least(paid, fee, 2)", lambda r: pay(least(_money(r["paid"]), D(r["fee"]), D(200)))),
    ("greatest(paid * 0.001, fee)", lambda r: pay(greatest(_mul(_money(r["paid"]), D("0.001")), D(r["fee"])))),
    ("coalesce(paid * 0.015, fee)", lambda r: pay(_mul(_money(r["paid"]), D("0.015")) if r["paid"] else D(r["fee"]))),
    ("nullif(fee, 0)", lambda r: pay(D(r["fee"]) or None)),
    ("case when ok then paid * 0.125 else 1.5 end",
     lambda r: pay(_mul(_money(r["paid"]), D("0.125"))) if r["ok"] else D(150)),
    ("case when ok then fee when not ok then 2 end",
     lambda r: pay(D(r["fee"])) if r["ok"] else (D(200) if r["ok"] is False else None)),
    ("case when paid > 100 then 3 else fee * 0.5 end",
     lambda r: D(300) if (r["paid"] or 0) > 10000 else pay(D(r["fee"]) / 2)),
    ("paid / fee", lambda r: null(div)(_money(r["paid"]), D(r["fee"]))),
    ("fee / paid * 100", lambda r: _mul(null(div)(D(r["fee"]), _money(r["paid"])), D(100))),
    ("n * 2 + 1", lambda r: _add(_mul(r["n"], D(2)), D(1))),
    ("n * n", lambda r: null(away)(_mul(r["n"], r["n"]), 8)),
    ("n / 3", lambda r: null(div)(r["n"], D(3))),
    ("1 / n", lambda r: null(div)(D(1), r["n"])),
    ("round(n, 1)", lambda r: null(away)(r["n"], 1)),
    ("round(n)", lambda r: null(away)(r["n"], 0)),
    ("floor(n)", lambda r: null(_floor)(r["n"], 1)),
    ("ceil(n)", lambda r: null(_ceil)(r["n"], 1)),
    ("abs(n) - 0.1", lambda r: _sub(null(abs)(r["n"]), D("0.1"))),
    ("coalesce(n, 0.00000001)", lambda r: r["n"] if r["n"] is not None else D("0.00000001")),
    ("least(n, 1)", lambda r: least(r["n"], D(1))),
    ("1 / 3", lambda _: pay(_mul(div(D(1), D(3)), D(100)))),
    ("paid > 100", lambda r: _lt(D(10000), _money(r["paid"]))),
    ("paid >= fee", lambda r: _le(_money(r["fee"]), _money(r["paid"]))),
    ("paid * 0.01 = 0.015", lambda r: _eq(_mul(_money(r["paid"]), D("0.01")), D("1.5"))),
    ("fee in (2.5, 3.33, 0)", lambda r: D(r["fee"]) in (250, 333, 0)),
    ("fee not in (2.5)", lambda r: r["fee"] != 250),
    ("fee between 0.5 and 2.5", lambda r: 50 <= r["fee"] <= 250),
    ("n between -1 and 1.5", lambda r: null(lambda n: -1 <= n <= D("1.5"))(r["n"])),
    ("who = 'shop'", lambda r: _eq(r["who"], "shop")),
    ("who <> 'it''s 5%'", lambda r: null(lambda w: w != "it's 5%")(r["who"])),
    ("who in ('shop', '')", lambda r: null(lambda w: w in ("shop", ""))(r["who"])),
    ("coalesce(nullif(who, ''), 'nobody')", lambda r: r["who"] or "nobody"),
    ("case when ok then 'merchant' else 'carrier' end", lambda r: "merchant" if r["ok"] else "carrier"),
    ("ok and paid > 1", lambda r: both(r["ok"], _lt(D(100), _money(r["paid"])))),
    ("ok or paid > 1", lambda r: either(r["ok"], _lt(D(100), _money(r["paid"])))),
    ("not ok", lambda r: _not(r["ok"])),
    ("ok is null or paid is not null", lambda r: r["ok"] is None or r["paid"] is not None),
    ("a_at <= b_at", lambda r: _le(r["a_at"], r["b_at"])),
    ("b_at - a_at >= interval '48 hours'", lambda r: null(lambda a, b: b - a >= 48 * HOUR)(r["a_at"], r["b_at"])),
    ("b_at between a_at and a_at + interval '2 days'",
     lambda r: both(_le(r["a_at"], r["b_at"]), _le(r["b_at"], _add(r["a_at"], 48 * HOUR)))),
    ("a_at + interval '1 week 1 second'", lambda r: _add(r["a_at"], timedelta(days=7, seconds=1))),
    ("b_at - interval '90 minutes'", lambda r: _sub(r["b_at"], timedelta(minutes=90))),
    ("least(a_at, b_at)", lambda r: least(r["a_at"], r["b_at"])),
    ("greatest(a_at, b_at + interval '1' day)", lambda r: greatest(r["a_at"], _add(r["b_at"], 24 * HOUR))),
    ("coalesce(b_at, a_at)", lambda r: r["b_at"] or r["a_at"]),
)  # fmt: skip

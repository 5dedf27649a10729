"""Defective batches: how soon the chart alarms beside plain baselines, all at one false alarm per 1,000 item-weeks.

Simulated items, lots, seasons and campaigns; thresholds are set on some pasts and measured on others. Nothing of the
database is measured.
"""

from __future__ import annotations

from dataclasses import asdict

from bench.place import Place
from bench.row import Row
from goldline.study.batch import Market
from goldline.study.interception import Outcome, compare

WANTED = 1.0
FIRST_CALIBRATION_SEED, FIRST_MEASURED_SEED = 100, 200
SAID = {
    "chart": "the chart of defects", "sigma": "standard deviations above the category", "threshold": "a fixed rate",
    "category": "the category's average alone",
}  # fmt: skip


def run(place: Place) -> list[Row]:
    """Every method on markets whose items sell little, some and much."""
    items, pasts = place.pick((400, 6), (300, 3), (60, 1))
    rows: list[Row] = []
    for orders in place.pick((3.0, 8.0, 30.0), (8.0,), (8.0,)):
        place.say(
            f"defect: {orders:g} orders a day, {pasts} pasts of {items} items to set thresholds, as many to measure"
        )
        seeds = [range(first, first + pasts) for first in (FIRST_CALIBRATION_SEED, FIRST_MEASURED_SEED)]
        found = compare(Market(items=items, orders_a_day=orders), WANTED, *seeds)
        rows += [_row(each, orders) for each in found]
    return rows


def _row(outcome: Outcome, orders: float) -> Row:
    detail = {name: value for name, value in asdict(outcome).items() if name not in ("method", "delay_days")}
    what = f"days to the alarm by {SAID[outcome.method]}, {orders:g} orders a day"
    return Row(f"defect-{outcome.method}-{orders:g}", what, outcome.delay_days, "days", better="less", detail=detail)

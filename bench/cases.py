"""Every case of every pack, as `goldline policy test` runs them."""

from __future__ import annotations

import time

from bench.place import BenchError, Place, install_tables
from bench.row import Row
from goldline.core.database import connect
from goldline.core.policy.case import run_cases
from goldline.core.policy.pack import available, load
from goldline.market.vocabulary import vocabulary

PARTITIONS = 2


def run(place: Place) -> list[Row]:
    """Load the packs and judge their cases, once; a case that does not come true is no measurement."""
    names = place.pick(tuple(available()), tuple(available()), ("olist",))
    with place.database("bench_cases") as url:
        install_tables(url, vocabulary(), PARTITIONS)
        with connect(url) as connection:
            began = time.perf_counter()
            results = [each for name in names for each in run_cases(connection, load(name, vocabulary()))]
            took_s = time.perf_counter() - began
    failed = [each.as_text() for each in results if not each.passed]
    if failed:
        raise BenchError(f"cases do not come true: {failed[:3]}")
    detail = {"cases": len(results), "packs": len(names)}
    return [Row("cases", "every case of every pack", took_s, "s", 10, 5, "less", detail=detail)]

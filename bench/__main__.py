"""`python -m bench [name …] [--quick] [--json PATH]`: measure, print one table, keep the figures as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Final

from bench import machine
from bench.place import BenchError, Place, Size, place
from bench.row import Row, as_json, show
from goldline.core.database import connect

NAMES: Final = (
    "generator", "step", "packs", "watch", "intake", "explanation", "decision", "lag", "growth", "accounts", "audit",
    "cases", "screening", "evasion", "likeness", "defect", "campaign",
)  # fmt: skip
RESULTS: Final = Path(__file__).parent / "results"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is named, or everything; the exit code."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    unknown = sorted(set(chosen.names) - set(NAMES))
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]!r}; there are {', '.join(NAMES)}")
    with place("quick" if chosen.quick else "full") as where:
        with connect(where.url) as connection:
            facts = machine.facts(connection)
        rows: list[Row] = []
        failed = False
        for name in chosen.names or NAMES:
            where.say(name)
            try:
                rows += benchmark(name)(where)
            except BenchError as fault:
                failed = True
                print(f"{name}: {fault}", file=sys.stderr)
    show(rows)
    print(f"{facts['cpu']}, {facts['cores']} cores, {facts['memory_gib']} GiB; PostgreSQL {facts['postgresql']},"
          f" fsync {facts['fsync']}, synchronous_commit {facts['synchronous_commit']},"
          f" full_page_writes {facts['full_page_writes']}")  # fmt: skip
    _keep(chosen.json, where.size, facts, rows)
    return 1 if failed else 0


def benchmark(name: str) -> Callable[[Place], list[Row]]:
    """The benchmark of that name."""
    run: Callable[[Place], list[Row]] = import_module(f"bench.{name}").run
    return run


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"any of: {', '.join(NAMES)}; none is all of them")
    parser.add_argument("--quick", action="store_true", help="smaller sizes, about two minutes in all")
    parser.add_argument(
        "--json", type=Path, metavar="PATH", help="where the figures go; else bench/results/<date>.json"
    )
    return parser


def _keep(path: Path | None, size: Size, facts: dict[str, object], rows: list[Row]) -> None:
    path = path or RESULTS / f"{datetime.now(UTC):%Y-%m-%dT%H%M%S}Z.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    body = {"size": size, "machine": facts, "rows": [as_json(row) for row in rows]}
    path.write_text(json.dumps(body, indent=1, default=str) + "\n", encoding="utf-8")
    print(f"Kept in {path}")


if __name__ == "__main__":
    sys.exit(main())

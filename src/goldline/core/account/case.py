"""Cases of ladders: violations in order, the clock, and what must be in force then; beside the cases of the rules.

```toml
[[case]]
name       = "the third in a year"
ladder     = "out-of-stock"
violations = [{ rule = "out-of-stock-day", at = 2026-01-05T00:00:00+08:00 }, …]
at         = 2026-03-05T00:00:00+08:00
expect     = { nth = 3, active = ["freeze_funds", "presale_ban"] }
```
`nth` is the number of the last violation counted, `active` the actions in force at the clock, by time alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from goldline.core.account.sanction import Sanction, Violation, climb, sanctions
from goldline.core.ledger.accrual import derived_id
from goldline.core.policy.diagnostic import PolicyError, Source, nearest
from goldline.core.policy.document import read
from goldline.core.policy.pack import Pack, read_text
from goldline.core.policy.table import Table

_KEYS: Final = ("name", "ladder", "violations", "at", "expect")


@dataclass(frozen=True, slots=True)
class LadderCase:
    """One case of a ladder: violations (rule and time), the clock, what is expected."""

    name: str
    ladder: str
    violations: tuple[Violation, ...]
    at: datetime
    expect: Mapping[str, Any]
    where: str


@dataclass(frozen=True, slots=True)
class LadderResult:
    """What came of a case."""

    case: LadderCase
    nth: int
    active: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether everything expected came true."""
        wanted = self.case.expect
        return wanted.get("nth", self.nth) == self.nth and sorted(wanted.get("active", self.active)) == list(
            self.active
        )

    def as_text(self) -> str:
        """One line when it passed; both sides when it did not."""
        head = f"{self.case.where}: {self.case.ladder}: {self.case.name}"
        if self.passed:
            return f"ok    {head}"
        sides = {"nth": (self.case.expect.get("nth"), self.nth),
                 "active": (", ".join(sorted(self.case.expect.get("active", []))), ", ".join(self.active))}  # fmt: skip
        told = [f"      {key:<10} expected {wanted!s:<40} actual {actual}" for key, (wanted, actual) in sides.items()]
        return "\n".join([f"FAIL  {head}", *told])


def run_ladder_cases(pack: Pack) -> list[LadderResult]:
    """Work out every case of a ladder beside the pack. Raises `PolicyError` with every fault of the case files."""
    sources = [Source(str(path), read_text(path)) for path in pack.case_files]
    cases = [case for source in sources for case in _cases(pack, source)]
    faults = [fault for source in sources for fault in source.diagnostics]
    if faults:
        raise PolicyError(faults)
    return [_result(pack, case) for case in cases]


def _cases(pack: Pack, source: Source) -> Iterator[LadderCase]:
    document = read(source)
    if document is not None:
        for table in Table(document, (), document.values).tables("case", "case"):
            if "ladder" in table.values and (found := _case(table, pack)):
                yield found


def _case(table: Table, pack: Pack) -> LadderCase | None:
    table.allow(_KEYS, "a case of a ladder")
    complete = table.require(_KEYS, "the case")
    name, ladder, at = table.text("name"), table.text("ladder"), table.instant("at", UTC)
    known = {each.policy.partition(".")[2] for each in pack.ladders}
    if ladder is not None and ladder not in known:
        table.report("ladder", f"there is no ladder '{ladder}'", nearest(ladder, known))
        return None
    violations = tuple(_violations(table, pack))
    expect = table.table("expect")
    if not complete or name is None or ladder is None or at is None or expect is None:
        return None
    expect.allow(("nth", "active"), "'expect'")
    line = table.document.source.diagnostic(table.document.marks[table.path].key[0], 1, "").line
    where = f"{Path(table.document.source.file).name}:{line}"
    return LadderCase(name, ladder, violations, at, dict(expect.values), where)


def _violations(table: Table, pack: Pack) -> Iterator[Violation]:
    known = [each.id for each in pack.promises if each.kind == "rule"]
    for number, inner in enumerate(table.tables("violations", "case.violations")):
        inner.allow(("rule", "at"), "a violation")
        rule, at = inner.choice("rule", known), inner.instant("at", UTC)
        if rule and at:
            yield Violation(derived_id("case", number), "merchant:case", f"{pack.id}.{rule}", at, at)


def _result(pack: Pack, case: LadderCase) -> LadderResult:
    own = [each for each in pack.ladders if each.policy == f"{pack.id}.{case.ladder}"]
    reached = [each for ladder in own for each in climb(ladder, case.violations)]
    last = max(reached, key=lambda each: each.violation.at, default=None)
    active = sorted({each.measure.action for each in sanctions(own, case.violations) if _active(each, case.at)})
    return LadderResult(case, last.nth if last else 0, tuple(active))


def _active(sanction: Sanction, at: datetime) -> bool:
    return sanction.starts_at <= at and (sanction.ends_at is None or at < sanction.ends_at)

"""Cases of decisions: facts of one question, and the answer with its reasons that must come of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from psycopg import Connection

from goldline.core.policy.decision import OTHERWISE, Decision
from goldline.core.policy.decision_sql import Ruling, rule_again
from goldline.core.policy.diagnostic import nearest
from goldline.core.policy.pack import Pack
from goldline.core.policy.table import Table

CASE_KEYS: Final = ("name", "decision", "facts", "expect")
_EXPECT_KEYS: Final = ("answer", "reasons", "version")


def named(table: Table, pack: Pack) -> list[Decision]:
    """The versions of the decision a case is of; none, with the fault noted, when there is no such decision."""
    own_id = table.text("decision")
    versions = [each for each in pack.decisions if own_id in (each.id, each.policy)]
    if own_id is not None and not versions:
        known = sorted({each.id for each in pack.decisions})
        table.report("decision", f"unknown decision '{own_id}'", nearest(own_id, known) or f"there are: {known}")
    return versions


def expected(expect: Table, versions: Sequence[Decision]) -> dict[str, str]:
    """What is expected, as texts; faults are noted."""
    expect.allow(_EXPECT_KEYS, "'expect'")
    expect.require(("answer",), "'expect'")
    wanted: dict[str, str] = {}
    if answer := expect.choice("answer", dict.fromkeys(a for each in versions for a in each.answers)):
        wanted["answer"] = answer
    known = (OTHERWISE, *dict.fromkeys(ground.id for each in versions for ground in each.grounds))
    reasons = expect.texts("reasons")
    for reason in reasons:
        if reason not in known:
            expect.report("reasons", f"unknown ground '{reason}'", nearest(reason, known))
    if "reasons" in expect.values:
        wanted["reasons"] = ", ".join(sorted(reasons))
    if "version" in expect.values:
        wanted["version"] = str(expect.values["version"])
    return wanted


def rule(
    connection: Connection[Any], pack: Pack, policy: str, rows: Sequence[Mapping[str, Any]]
) -> list[tuple[dict[str, str], Ruling]]:
    """What comes of each row of facts under a decision, as texts, and the ruling itself."""
    versions = [each for each in pack.decisions if each.policy == policy]
    return [(_actual(ruling), ruling) for ruling in rule_again(connection, pack.vocabulary, versions, rows)]


def _actual(ruling: Ruling) -> dict[str, str]:
    if ruling.decision is None:
        return {"answer": "none", "reasons": "", "version": "none"}
    reasons = ", ".join(sorted(ruling.reasons))
    return {"answer": ruling.answer, "reasons": reasons, "version": str(ruling.decision.version)}

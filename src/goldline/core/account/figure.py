"""Figures of sanctions: amounts and values read from an account's days, and the conditions that lift them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import Connection

from goldline.core.account.sanction import Sanction
from goldline.core.facts.subject import Aggregate, Vocabulary
from goldline.core.policy.expression import Expression
from goldline.core.policy.ladder import Ladder


@dataclass(frozen=True, slots=True)
class Figures:
    """What a sanction's expressions give: `value` of its action, and money in minor units."""

    value: Decimal | None = None
    amount_minor: int | None = None


def worked_out(
    connection: Connection[Any], vocabulary: Vocabulary, fresh: Sequence[Sanction]
) -> list[tuple[Sanction, Figures]]:
    """Each sanction with its figures, read from the account's last day that had ended when the conduct was judged."""
    found = {each.id: Figures() for each in fresh}
    groups: dict[tuple[str, int, int, int], list[Sanction]] = {}
    for each in fresh:
        if each.measure.value is not None or each.measure.amount is not None:
            ladder = each.reached.ladder
            groups.setdefault((ladder.policy, ladder.version, each.step.nth, each.measure.ordinal), []).append(each)
    for own in groups.values():
        rows = connection.execute(_statement(vocabulary, own[0]).encode(), _values(own)).fetchall()
        found |= {ident: Figures(value, amount) for ident, value, amount in rows}
    return [(each, found[each.id]) for each in fresh]


def _statement(vocabulary: Vocabulary, sanction: Sanction) -> str:
    measure, ladder = sanction.measure, sanction.reached.ladder
    value = _sql(measure.value) if measure.value else "NULL::numeric"
    amount = f"greatest({_sql(measure.amount)}, 0)::bigint" if measure.amount else "NULL::bigint"
    return (
        f"SELECT a.id, {value}, {amount} FROM unnest(%(ids)s::uuid[], %(owners)s::text[], %(at)s::timestamptz[])"
        f" AS a (id, owner, at) CROSS JOIN LATERAL (SELECT * FROM fact_{ladder.subject} r WHERE r.owner = a.owner"
        f" AND r.{_end(vocabulary, ladder)} <= a.at ORDER BY r.day DESC LIMIT 1) f"
    )


def _sql(expression: Expression) -> str:
    """The expression over a day `f`, its percent signs kept from being parameters."""
    return expression.sql("postgres", "f").replace("%", "%%")


def _end(vocabulary: Vocabulary, ladder: Ladder) -> str:
    """The fact that holds when a day of the ladder's subject ends."""
    subject = vocabulary[ladder.subject]
    assert issubclass(subject, Aggregate), "a ladder goes by days"
    return subject.ends()[0]


def _values(own: Sequence[Sanction]) -> dict[str, Any]:
    return {
        "ids": [each.id for each in own],
        "owners": [each.reached.violation.account.partition(":")[2] for each in own],
        "at": [each.reached.violation.at for each in own],
    }


def lift(connection: Connection[Any], vocabulary: Vocabulary, ladder: Ladder, now: datetime) -> list[tuple[UUID, str]]:
    """Release the sanctions of a ladder whose condition held at the end of a day since; their ids and accounts."""
    found: list[tuple[UUID, str]] = []
    for step in ladder.steps:
        for measure in step.measures:
            if measure.until is not None:
                statement = _lifting(_end(vocabulary, ladder), ladder, measure.until)
                place = {"ladder": ladder.policy, "version": ladder.version, "step": step.nth}
                values = {**place, "ordinal": measure.ordinal, "now": now}
                found += connection.execute(statement.encode(), values).fetchall()
    return found


def _lifting(end: str, ladder: Ladder, until: Expression) -> str:
    """Releases the open sanctions of one measure at the end of the first day since on which the condition held."""
    owner = "substr(o.account, strpos(o.account, ':') + 1)"
    held = (
        f"SELECT min(f.{end}) AS at FROM fact_{ladder.subject} f WHERE f.owner = {owner}"
        f" AND f.{end} > o.starts_at AND f.{end} <= %(now)s AND {_sql(until)}"
    )
    return (
        f"UPDATE sanction s SET released_at = x.at, released_why = s.until FROM (SELECT o.id, d.at FROM sanction o"
        f" CROSS JOIN LATERAL ({held}) d WHERE o.ladder = %(ladder)s AND o.version = %(version)s"
        f" AND o.step = %(step)s AND o.ordinal = %(ordinal)s AND o.until IS NOT NULL AND o.released_at IS NULL"
        f" AND o.revoked_at IS NULL AND d.at IS NOT NULL AND (o.ends_at IS NULL OR d.at < o.ends_at)) x"
        f" WHERE s.id = x.id RETURNING s.id, s.account"
    )

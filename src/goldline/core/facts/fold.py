"""The fold: staged evidence merged with the standing row, as SQL.

`facts_select` gives every fact of the touched subjects as it stands after the batch; the judge wraps it, so that
folding, resolving and judging are one statement and each row is written once.
"""

from __future__ import annotations

import re

from goldline.core.facts.coverage import noticed_join, noticed_sql
from goldline.core.facts.merge import Fact, FactType
from goldline.core.facts.subject import Aggregate, Subject
from goldline.core.facts.table import (
    derived_columns,
    evidence_columns,
    inherited_columns,
    noticed_columns,
    records,
)  # fmt: skip


def stage_table(subject: type[Subject]) -> str:
    """DDL of the temporary table that takes a batch's evidence; empty again at every commit."""
    body = ", ".join(f"{name} {kind}{_collation(kind)}" for name, kind in evidence_columns(subject))
    return f'CREATE TEMP TABLE IF NOT EXISTS stage_{subject.kind} (key text COLLATE "C", {body}) ON COMMIT DELETE ROWS'


def copy_statement(subject: type[Subject], heard: frozenset[str] | None = None) -> str:
    """The COPY that `Stage.copy_bytes` feeds."""
    names = ", ".join(name for name, _ in evidence_columns(subject, heard))
    return f"COPY stage_{subject.kind} (key, {names}) FROM STDIN (FORMAT BINARY)"


def _collation(kind: str) -> str:
    return ' COLLATE "C"' if kind == "text" else ""


def merges(subject: type[Subject]) -> dict[str, str]:
    """For every evidence column, its value after the batch: `g` is the staged row, `s` the standing one."""
    merged: dict[str, str] = {}
    for name, fact in subject.facts.items():
        if fact.rule in ("first_at", "least"):
            merged[name] = f"least(s.{name}, g.{name})"
        elif fact.rule in ("last_at", "greatest"):
            merged[name] = f"greatest(s.{name}, g.{name})"
        elif fact.rule == "counted":
            merged[name] = f"coalesce(g.{name}, s.{name})"
        elif fact.rule == "union":
            merged[name] = _set_union(name, fact.type)
    for record in records(subject):
        newer = ">" if record.rule == "latest" else "<"
        wins = (
            f"g.{record.stamp} IS NOT NULL AND (s.{record.stamp} IS NULL OR g.{record.stamp} {newer} s.{record.stamp})"
        )
        for name in (*record.names, record.stamp):
            merged[name] = f"CASE WHEN {wins} THEN g.{name} ELSE s.{name} END"
    merged["_trail"] = "CASE WHEN g._trail IS NULL OR s._trail @> g._trail THEN s._trail ELSE s._trail || g._trail END"
    return merged


def _set_union(name: str, kind: FactType) -> str:
    element = 'text COLLATE "C"' if kind is FactType.SET else "timestamptz"
    return (
        f"CASE WHEN g.{name} IS NULL OR s.{name} @> g.{name} THEN s.{name} WHEN s.{name} IS NULL THEN g.{name} ELSE"
        f" ARRAY(SELECT DISTINCT unnest(s.{name} || g.{name})::{element} ORDER BY 1) END"
    )


def facts_select(
    subject: type[Subject],
    partition: int,
    carried: list[str],
    *,
    judged: bool = True,
    noticed_epoch: int | None = None,
    heard: frozenset[str] | None = None,
) -> str:
    """Facts of every staged subject after the batch, with `_fresh`, `_place` (where the standing row lies) and
    the `carried` standing columns as `_old_<name>`. Inherited facts are taken only where the subject is `judged`.

    A derived fact that names others which are derived or noticed is found last, and each time anew: it must not ask
    a calendar. `noticed_epoch` is the epoch of the rules when there are notices, None while there never was one.
    What only event types feed that were not `heard` stands as it does.

    `OFFSET 0` keeps the planner from pasting a merge expression into each place that reads its fact; the lateral
    `LIMIT 1` makes it look each subject up, whatever it believes about the sizes of the tables.
    """
    root = _root(subject, partition) if judged else ""
    fed = dict(evidence_columns(subject, heard))
    merged = {name: sql if name in fed else f"s.{name}" for name, sql in merges(subject).items()}
    merged |= _inherited(subject, "r" if root else "s")
    derived, last = _by_need(subject)
    if subject.scope is not None and noticed_epoch is not None:
        scoped = (name for name in subject.scope.facts if name not in dict(derived))
        carried = [*dict.fromkeys([*carried, *scoped, *dict(noticed_columns(subject)), "_noticed"])]
    kept = ("owner", "day", "zone") if issubclass(subject, Aggregate) else ()
    inner = [f"{sql} AS {name}" for name, sql in merged.items()] + [f"s.{name}" for name in kept]
    inner += [f"s.{name} AS _old_{name}" for name in dict.fromkeys((*carried, *(name for name, _ in derived)))]
    inner += [f"{_unchanged(fact.expression or '', merged)} AS _same_{name}" for name, fact in derived]
    outer = ["m.*"]
    outer += [
        f"CASE WHEN m._same_{name} THEN m._old_{name} ELSE ({fact.expression}) END AS {name}" for name, fact in derived
    ]
    standing = (
        f"SELECT o.ctid AS _place, o.* FROM goldline.fact_{subject.kind}_p{partition} o"
        f" WHERE o.partition = {partition} AND o.key = g.key LIMIT 1"
    )
    found = (
        f"SELECT {', '.join(outer)} FROM (SELECT g.key, s.key IS NULL AS _fresh, s._place, {', '.join(inner)}"
        f" FROM stage_{subject.kind} g LEFT JOIN LATERAL ({standing}) s ON true{root} OFFSET 0) m OFFSET 0"
    )
    return _with_notices(subject, found, last, noticed_epoch) if subject.scope is not None or last else found


Columns = tuple[tuple[str, Fact], ...]


def _by_need(subject: type[Subject]) -> tuple[Columns, Columns]:
    """Derived facts that need evidence alone, and those that need others which are derived or noticed."""
    derived = derived_columns(subject)
    found = {name for name, _ in (*derived, *noticed_columns(subject))}
    later = {name for name, fact in derived if found & set(re.findall(r"[a-z_]+", fact.expression or ""))}
    first = tuple(each for each in derived if each[0] not in later)
    return first, tuple(each for each in derived if each[0] in later)


def _with_notices(subject: type[Subject], found: str, last: Columns, noticed_epoch: int | None) -> str:
    """What notices say of each row, then the facts that need it."""
    noticed = "".join(f", {sql} AS {name}" for name, sql in noticed_sql(subject, noticed_epoch).items())
    derived = "".join(f", {fact.expression} AS {name}" for name, fact in last)
    joined = noticed_join(subject, noticed_epoch)
    return f"SELECT r.*{derived} FROM (SELECT m.*{noticed} FROM ({found}) m{joined}) r OFFSET 0"


def _inherited(subject: type[Subject], alias: str) -> dict[str, str]:
    """Inherited facts: from the root's row `r`, which has been folded before, or as they stand."""
    own = inherited_columns(subject)
    return {name: f"{alias}.{fact.expression if alias == 'r' else name}" for name, fact in own}


def _root(subject: type[Subject], partition: int) -> str:
    """The join of the root's standing row; '' for a subject that inherits nothing."""
    if subject.root_kind is None:
        return ""
    names = ", ".join(dict.fromkeys(fact.expression or "" for _, fact in inherited_columns(subject)))
    standing = (
        f"SELECT {names} FROM goldline.fact_{subject.root_kind}_p{partition} o"
        f" WHERE o.partition = {partition} AND o.key = split_part(g.key, '|', 1) LIMIT 1"
    )
    return f" LEFT JOIN LATERAL ({standing}) r ON true"


MOVED_TABLE = 'CREATE TEMP TABLE IF NOT EXISTS moved (kind text, key text COLLATE "C") ON COMMIT DELETE ROWS'


def moved_insert(subject: type[Subject], names: tuple[str, ...]) -> str:
    """Note the judged subjects whose facts of these names have changed: their heirs must be judged again."""
    changed = " OR ".join(f"j.{name} IS DISTINCT FROM j._old_{name}" for name in names)
    return f"INSERT INTO moved SELECT '{subject.kind}', j.key FROM judged j WHERE {changed}"


def heirs_select(subject: type[Subject], partition: int) -> str:
    """Keys of the subjects within those that `moved` in this step. '|' ends a root's id and '}' follows it in "C"."""
    heirs = (
        f"SELECT o.key FROM goldline.fact_{subject.kind}_p{partition} o WHERE o.partition = {partition}"
        f" AND o.key > m.key || '|' AND o.key < m.key || '}}' OFFSET 0"
    )
    return f"SELECT h.key FROM moved m CROSS JOIN LATERAL ({heirs}) h WHERE m.kind = '{subject.root_kind}'"


def _unchanged(expression: str, merged: dict[str, str]) -> str:
    """Whether a derived fact's inputs stand as they did: then its stored value stands, whatever a calendar says now."""
    inputs = [name for name in dict.fromkeys(re.findall(r"[a-z_]+", expression)) if name in merged]
    moving = [name for name in inputs if merged[name] != f"s.{name}"]
    same = "".join(f" AND ({merged[name]}) IS NOT DISTINCT FROM s.{name}" for name in moving)
    return f"(s.key IS NOT NULL{same})"

"""Terms: typed pieces of an expression, each with its SQL for PostgreSQL and for DuckDB.

Numbers are exact and the same on both engines. PostgreSQL computes in `numeric`; DuckDB, whose division is floating
and whose decimals have 38 digits, gets DECIMAL(38, s) with a scale `s` that is known when the expression is compiled.
Both round half away from zero to `SCALE` decimals of a minor unit after a division, or after a product that has more.
`bound` is the largest magnitude a term can have and `peak` the largest integer DuckDB meets on the way to it, so that
an overflow is a compile error and never a failed step.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from goldline.core.policy.interval import interval_sql

Kind = Literal["instant", "interval", "money", "number", "text", "boolean", "set", "instants", "null", "error"]

SCALE = 8
LONGEST_SQL = 60_000
LARGEST_MONEY_MINOR = 10**15  # what intake accepts of one amount
LARGEST_NUMBER = 10**10
ALIAS = "\x01"  # stands for the alias of the fact row until `sql` is asked for


@dataclass(frozen=True, slots=True)
class Term:
    """One typed sub-expression. `bare` says it is made of number literals only, so it may be read as money."""

    kind: Kind
    label: str
    postgres: str
    duckdb: str
    scale: int = 0
    bound: int = 0
    bare: bool = False
    value: Decimal | None = None
    names: frozenset[str] = frozenset()
    parts: tuple[Term, ...] = ()
    shown: bool = True
    peak: int = 0

    @property
    def numeric(self) -> bool:
        """Whether it is money or a number."""
        return self.kind in ("money", "number")


ERROR = Term("error", "", "NULL", "NULL", shown=False)


def combined(parts: Iterable[Term]) -> frozenset[str]:
    """The facts read by any of the parts."""
    return frozenset[str]().union(*(part.names for part in parts))


def common(found: Iterable[Term]) -> Kind:
    """The kind of terms that agree, nulls aside."""
    return next((each.kind for each in found if each.kind != "null"), "null")


def fact(name: str, kind: Kind) -> Term:
    """The value of a fact of the row."""
    postgres = duckdb = f"{ALIAS}.{name}"
    scale, bound = 0, 0
    if kind == "money":
        postgres, duckdb, bound = f"{postgres}::numeric", decimal_cast(duckdb, 0), LARGEST_MONEY_MINOR
    elif kind == "number":
        # A number fact is read at SCALE decimals, because DuckDB must know its scale.
        postgres, duckdb = f"round({postgres}, {SCALE})", decimal_cast(duckdb, SCALE)
        scale, bound = SCALE, LARGEST_NUMBER
    return Term(kind, name, postgres, duckdb, scale, bound, names=frozenset({name}))


def number(value: Decimal, label: str) -> Term:
    """A number literal."""
    return replace(_constant("number", value, label), bare=True)


def _constant(kind: Kind, value: Decimal, label: str) -> Term:
    plain = f"{value.normalize():f}"
    scale = len(plain.partition(".")[2])
    bound = int(abs(value)) + 1
    return Term(kind, label, plain, decimal_cast(plain, scale), scale, bound, value=value, shown=False)


def decimal_cast(sql: str, scale: int) -> str:
    """A DuckDB decimal with as many digits as there are."""
    return f"CAST({sql} AS DECIMAL(38,{scale}))"


def aligned(term: Term, scale: int) -> str:
    """The term's DuckDB SQL at a wider scale: left alone, DuckDB drops decimals where scales meet."""
    return term.duckdb if term.scale == scale or not term.numeric else decimal_cast(term.duckdb, scale)


def text(value: str, label: str) -> Term:
    """A text literal."""
    return Term("text", label, text_sql(value), "'" + value.replace("'", "''") + "'", shown=False)


def text_sql(value: str) -> str:
    """A PostgreSQL text literal without a percent sign, which client libraries would take for a placeholder."""
    quoted = value.replace("'", "''")
    if "%" not in quoted:
        return f"'{quoted}'"
    return "E'" + quoted.replace("\\", "\\\\").replace("%", "\\x25") + "'"


def span(seconds: int, label: str) -> Term:
    """An interval literal."""
    return Term("interval", label, interval_sql(seconds, "postgres"), interval_sql(seconds, "duckdb"), shown=False)


def relabelled(term: Term, label: str, parts: tuple[Term, ...]) -> Term:
    """The same value shown as something written shorter, made of other parts."""
    return replace(term, label=label, parts=parts, names=combined(parts), shown=True)


def as_money(term: Term, exponent: int) -> Term:
    """Read a bare number as major units of the policy's currency."""
    if term.kind != "number" or not term.bare:
        return term
    if term.value is not None:
        return _constant("money", term.value * 10**exponent, term.label)
    factor = number(Decimal(10**exponent), "")
    scaled = product(term, factor, "money", term.label)
    return replace(scaled, parts=term.parts, shown=term.shown, bare=False)


def product(left: Term, right: Term, kind: Kind, label: str) -> Term:
    """`left * right`, rounded to SCALE decimals when it would have more."""
    scale = left.scale + right.scale
    postgres, duckdb = f"({left.postgres} * {right.postgres})", f"({left.duckdb} * {right.duckdb})"
    if scale > SCALE:
        postgres, duckdb = f"round({postgres}, {SCALE})", f"round({duckdb}, {SCALE})"
    bare, bound = left.bare and right.bare, left.bound * right.bound
    found = _joined(kind, label, postgres, duckdb, min(scale, SCALE), bound, (left, right), bare=bare)
    return replace(found, peak=bound * 10**scale)


def quotient(left: Term, right: Term, kind: Kind, label: str) -> Term:
    """`left / right` to SCALE decimals, half away from zero; null when right is zero.

    Truncating one digit further and rounding that gives the exact answer, since no engine's own division is trusted.
    """
    more = SCALE + 1
    unit = f"{Decimal(1).scaleb(-more):f}"
    postgres = f"round(div({left.postgres} * {10**more}, nullif({right.postgres}, 0)) * {unit}, {SCALE})"
    top = f"{_whole(left)} * CAST({10 ** (more + right.scale - left.scale)} AS HUGEINT)"
    bottom = f"nullif({_whole(right)}, 0)"
    duckdb = f"round({decimal_cast(f'({top}) // {bottom}', 0)} * {decimal_cast(unit, more)}, {SCALE})"
    # A divisor that is not a literal may be as small as its last decimal.
    bound = int(left.bound / abs(right.value)) + 1 if right.value else left.bound * 10**right.scale
    bare = left.bare and right.bare
    found = _joined(kind, label, postgres, duckdb, SCALE, bound, (left, right), bare=bare)
    wholes = (each.bound * 10 ** (2 * each.scale) for each in (left, right))
    return replace(found, peak=max(bound * 10**more, *wholes))


def _whole(term: Term) -> str:
    """The DuckDB decimal as an integer count of its last decimals."""
    if term.scale == 0:
        return f"CAST({term.duckdb} AS HUGEINT)"
    return f"CAST({term.duckdb} * {decimal_cast(str(10**term.scale), 0)} AS HUGEINT)"


def total(left: Term, operator: str, right: Term, label: str) -> Term:
    """`left + right` or `left - right` of one numeric kind."""
    scale = max(left.scale, right.scale)
    postgres = f"({left.postgres} {operator} {right.postgres})"
    duckdb = f"({aligned(left, scale)} {operator} {aligned(right, scale)})"
    bare = left.bare and right.bare
    return _joined(left.kind, label, postgres, duckdb, scale, left.bound + right.bound, (left, right), bare=bare)


def negated(term: Term, label: str) -> Term:
    """`-term`."""
    if term.value is not None and term.bare:
        return number(-term.value, label)
    return replace(term, label=label, postgres=f"(- {term.postgres})", duckdb=f"(- {term.duckdb})", parts=(term,))


def rounded(term: Term, places: int, label: str) -> Term:
    """Half away from zero at `places` decimals (of a minor unit, for money); negative places round to tens."""
    postgres, duckdb = f"round({term.postgres}, {places})", f"round({term.duckdb}, {places})"
    scale = max(0, min(term.scale, places))
    bound = term.bound + 10 ** max(0, -places)
    return _joined(term.kind, label, postgres, duckdb, scale, bound, (term,), bare=term.bare)


def stepped(term: Term, function: str, exponent: int, label: str) -> Term:
    """`floor` or `ceil` to whole units; to whole major units for money, whose minor units have `exponent` decimals."""
    scale, factor = f"{Decimal(1).scaleb(-exponent):f}", 10**exponent
    if exponent == 0:
        postgres, duckdb = f"{function}({term.postgres})", f"{function}({term.duckdb})"
    else:
        postgres = f"({function}({term.postgres} * {scale}) * {factor})"
        duckdb = f"({function}({term.duckdb} * {decimal_cast(scale, exponent)}) * {decimal_cast(str(factor), 0)})"
    return _joined(term.kind, label, postgres, duckdb, 0, term.bound + factor, (term,), bare=term.bare)


def absolute(term: Term, label: str) -> Term:
    """The magnitude of a number or of money."""
    postgres, duckdb = f"abs({term.postgres})", f"abs({term.duckdb})"
    return _joined(term.kind, label, postgres, duckdb, term.scale, term.bound, (term,), bare=term.bare)


def call(function: str, arguments: tuple[Term, ...], kind: Kind, label: str) -> Term:
    """A function whose arguments and result are of one kind: coalesce, least, greatest, nullif."""
    scale = max(each.scale for each in arguments)
    postgres = f"{function}({', '.join(each.postgres for each in arguments)})"
    duckdb = f"{function}({', '.join(aligned(each, scale) for each in arguments)})"
    bound = max(each.bound for each in arguments)
    return _joined(kind, label, postgres, duckdb, scale, bound, arguments, bare=all(each.bare for each in arguments))


def clamped(term: Term, low: Term, high: Term, label: str) -> Term:
    """The term held between two limits; null when any is null, although LEAST and GREATEST would skip nulls."""
    scale = max(term.scale, low.scale, high.scale)
    known = " AND ".join(f"{{{n}}} IS NOT NULL" for n, each in enumerate((term, low, high)) if each.value is None)
    held = "least(greatest({0}, {1}), {2})"
    form = f"(CASE WHEN {known} THEN {held} END)" if known else held
    postgres = form.format(term.postgres, low.postgres, high.postgres)
    duckdb = form.format(*(aligned(each, scale) for each in (term, low, high)))
    bound = max(low.bound, high.bound)
    parts = (term, low, high)
    return _joined(term.kind, label, postgres, duckdb, scale, bound, parts, bare=all(each.bare for each in parts))


def compared(left: Term, operator: str, right: Term, label: str) -> Term:
    """A comparison, true, false or unknown."""
    scale = max(left.scale, right.scale)
    postgres = f"({left.postgres} {operator} {right.postgres})"
    duckdb = f"({aligned(left, scale)} {operator} {aligned(right, scale)})"
    return plain("boolean", label, postgres, duckdb, (left, right))


def plain(kind: Kind, label: str, postgres: str, duckdb: str, parts: tuple[Term, ...], *, shown: bool = True) -> Term:
    """A term that is not numeric."""
    return Term(kind, label, postgres, duckdb, names=combined(parts), parts=parts, shown=shown)


def chosen(arms: tuple[tuple[Term, Term], ...], default: Term | None, kind: Kind, label: str) -> Term:
    """The first arm whose condition holds, else the default."""
    values = (*(value for _, value in arms), *((default,) if default else ()))
    scale = max(each.scale for each in values)
    postgres = " ".join(f"WHEN {when.postgres} THEN {value.postgres}" for when, value in arms)
    duckdb = " ".join(f"WHEN {when.duckdb} THEN {aligned(value, scale)}" for when, value in arms)
    if default:
        postgres, duckdb = f"{postgres} ELSE {default.postgres}", f"{duckdb} ELSE {aligned(default, scale)}"
    parts = (*(each for arm in arms for each in arm), *((default,) if default else ()))
    bare = all(each.bare or each.kind == "null" for each in values)
    bound = max(each.bound for each in values)
    return _joined(kind, label, f"(CASE {postgres} END)", f"(CASE {duckdb} END)", scale, bound, parts, bare=bare)


def _joined(
    kind: Kind, label: str, postgres: str, duckdb: str, scale: int, bound: int, parts: tuple[Term, ...], *, bare: bool
) -> Term:
    return Term(kind, label, postgres, duckdb, scale, bound, bare, None, combined(parts), parts)

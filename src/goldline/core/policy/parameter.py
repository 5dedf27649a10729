"""Named figures of a pack: `[pack.parameters]`. One without a value pretends nothing: what needs it is not in force."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from goldline.core.policy import term as terms
from goldline.core.policy.diagnostic import nearest
from goldline.core.policy.interval import interval_seconds
from goldline.core.policy.table import Table
from goldline.core.policy.term import Kind, Term

GRADES: Final = ("A", "A2", "K", "U")
KINDS: Final[tuple[Kind, ...]] = ("interval", "money", "number", "text")
_KEYS: Final = ("type", "about", "grade", "value")
_UNKNOWN: Final[dict[str, tuple[str, str]]] = {
    "interval": ("NULL::interval", "NULL::INTERVAL"),
    "money": ("NULL::numeric", "CAST(NULL AS DECIMAL(38,0))"),
    "number": ("NULL::numeric", "CAST(NULL AS DECIMAL(38,0))"),
    "text": ("NULL::text", "NULL::VARCHAR"),
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One figure: its type, how sure its source is (`grade`), and its value as written; None while nobody gave one."""

    name: str
    kind: Kind
    about: Mapping[str, str]
    grade: str | None = None
    value: Any = None

    def term(self, exponent: int) -> Term:
        """`param('name')` as a typed term; null of its type while it has no value."""
        label = f"param('{self.name}')"
        if self.value is None:
            postgres, duckdb = _UNKNOWN[self.kind]
            return Term(self.kind, label, postgres, duckdb)
        return replace(_literal(self.kind, self.value, exponent), label=label, shown=True, bare=False, value=None)

    def plain(self) -> dict[str, Any]:
        """As a table that reads back the same, without its words."""
        value = str(self.value) if isinstance(self.value, Decimal) else self.value
        return {"type": self.kind, **({} if value is None else {"value": value})}


def read_parameters(table: Table | None, known: Mapping[str, Parameter]) -> dict[str, Parameter]:
    """The parameters of a pack on top of those it extends: a table declares one, anything else is a value for one."""
    found = dict(known)
    for name, given in table.values.items() if table else ():
        if isinstance(given, dict):
            inner = table.table(name) if table else None
            declared = _declared(name, inner) if inner else None
            found |= {name: declared} if declared else {}
        elif name in known and table:
            if _fits(table, name, known[name].kind):
                found[name] = replace(known[name], value=given)
        elif table:
            hint = nearest(name, known) or 'declare it: name = { type = "interval", about = { … }, grade = "U" }'
            table.report(name, f"there is no parameter '{name}' to give a value to", hint, at_key=True)
    return found


def _declared(name: str, table: Table) -> Parameter | None:
    table.allow(_KEYS, "a parameter")
    table.require(("type",), f"the parameter '{name}'")
    kind = next((each for each in KINDS if each == table.choice("type", KINDS)), None)
    grade, about = table.choice("grade", GRADES), table.words("about")
    if kind is None or ("value" in table.values and not _fits(table, "value", kind)):
        return None
    return Parameter(name, kind, about, grade, table.values.get("value"))


def _fits(table: Table, key: str, kind: Kind) -> bool:
    """Whether a value is one of the kind; noted when not."""
    before = len(table.document.source.diagnostics)
    if kind == "interval":
        table.seconds(key)
    elif kind == "text":
        table.text(key)
    elif figure(table.values[key]) is None:
        table.report(key, f"'{key}' must be a number", f"write {key} = 50")
    return len(table.document.source.diagnostics) == before


def figure(value: Any) -> Decimal | None:
    """A number as written, exactly; None when it is none, or one of too many digits."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal, str)):
        return None
    try:
        number = Decimal(value)
    except ArithmeticError:
        return None
    fine = number.is_finite() and abs(number) < Decimal(10) ** 12 and number == round(number, terms.SCALE)
    return number if fine else None


def _literal(kind: Kind, value: Any, exponent: int) -> Term:
    if kind == "interval":
        return terms.span(interval_seconds(value), "")
    if kind == "text":
        return terms.text(value, "")
    number = terms.number(figure(value) or Decimal(0), "")
    return terms.as_money(number, exponent) if kind == "money" else number


def unset(parameters: Iterable[Parameter]) -> tuple[str, ...]:
    """The names of those without a value."""
    return tuple(sorted(each.name for each in parameters if each.value is None))

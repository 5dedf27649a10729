"""The checker: from a parsed expression to typed terms, by a white list. What is not listed here is refused.

Types are inferred bottom-up. A fault is noted at its place and stands for any type, so that one pass finds them all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from goldline.core.policy import term as terms
from goldline.core.policy.definition import NOTHING, Definitions, Use
from goldline.core.policy.diagnostic import Place, nearest
from goldline.core.policy.interval import interval_seconds
from goldline.core.policy.term import ERROR, Kind, Term

FUNCTIONS: Final = (
    "abs", "broken", "ceil", "clamp", "coalesce", "deadline", "first_silence", "floor", "greatest", "least", "nullif",
    "once_total", "param", "round", "tariff",
)  # fmt: skip
_COMPARISONS: Final[dict[type[exp.Expr], str]] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
}  # fmt: skip
_ORDERED: Final = ("instant", "interval", "money", "number")
_LARGEST: Final = 10**30  # leaves room for eight decimals in the 38 digits of a DuckDB decimal
_PEAK: Final = 10**38
_A: Final[dict[str, str]] = {
    "instant": "an instant", "interval": "an interval", "money": "money", "number": "a number", "text": "text",
    "boolean": "true or false", "set": "a set", "instants": "a set of instants", "null": "null",
}  # fmt: skip

Rule = Callable[["Checker", Any], Term]


def named(kind: str) -> str:
    """A type as a sentence says it: 'an instant'."""
    return _A.get(kind, kind)


class Checker:
    """Checks one expression. `macros` maps ids `broken('…')` may name to their condition; None: not allowed here.

    `definitions` are what `param('…')` and `tariff('…', …)` may name; `uses` collects those that were named.
    """

    def __init__(
        self,
        types: Mapping[str, Kind],
        exponent: int,
        macros: Mapping[str, Term] | None,
        place: Place,
        tokens: list[Token],
        rules: Mapping[type[exp.Expr], Rule],
        definitions: Definitions = NOTHING,
    ) -> None:
        self.rules = rules
        self.definitions = definitions
        self.uses: set[Use] = set()
        self.types = types
        self.exponent = exponent
        self.macros = macros
        self.place = place
        self.tokens = tokens

    def check(self, node: exp.Expr) -> Term:
        """The typed term of a node; `ERROR`, with the fault noted, when it has none."""
        rule = self.rules.get(type(node))
        if rule is None:
            return self._forbidden(node)
        found = rule(self, node)
        if found.numeric and (found.bound >= _LARGEST or found.peak >= _PEAK):
            return self.fault(node, "this could have too many digits", "hold its parts with clamp() first")
        if len(found.postgres) + len(found.duckdb) > terms.LONGEST_SQL:
            return self.fault(node, "this is too complicated", "split it, or nest clamp() and between less deeply")
        return found

    def fault(self, node: exp.Expr, message: str, hint: str | None = None) -> Term:
        """Note a fault at the node and return the term that fits anywhere."""
        start, end = self.span(node)
        self.place.report(start, end, message, hint)
        return ERROR

    def span(self, node: exp.Expr) -> tuple[int, int]:
        """First character of a node and the one after its last, as far as the parser says."""
        marks = [each.meta for each in node.walk() if "start" in each.meta]
        if isinstance(node, (exp.Interval, exp.Query, exp.Exists)) or not marks:
            return self._token_span(node)
        return min(mark["start"] for mark in marks), max(mark["end"] for mark in marks) + 1

    def _token_span(self, node: exp.Expr) -> tuple[int, int]:
        """The place of a node the parser leaves unmarked: intervals, null, true, false."""
        wanted = ["select"] if isinstance(node, (exp.Query, exp.Exists)) else _spelt(node)
        for first, second in zip(self.tokens, [*self.tokens[1:], self.tokens[-1]], strict=True):
            if isinstance(node, exp.Interval):
                if first.token_type == TokenType.INTERVAL and second.text.lower().split() == wanted:
                    return first.start, second.end + 1
            elif first.text.lower() == wanted[0]:
                return first.start, first.end + 1
        return self.tokens[0].start, self.tokens[-1].end + 1

    def _forbidden(self, node: exp.Expr) -> Term:
        begin = node.meta.get("start")
        word = next((token.text for token in self.tokens if token.start == begin), None)
        message, hint = _refusal(node, word)
        return self.fault(node, message, hint)

    # leaves

    def column(self, node: exp.Column) -> Term:
        """A fact of the subject."""
        name = node.name
        if len(node.parts) > 1 or not isinstance(node.this, exp.Identifier):
            return self.fault(node, "facts are named without a prefix", f"write {name}")
        if name not in self.types:
            if name.lower() in ("now", "today", "current_date"):
                return self.fault(node, "there is no clock in an expression", "the engine compares due_at with its own")
            return self.fault(node, f"unknown fact '{name}'", nearest(name, self.types) or self._facts_hint())
        return terms.fact(name, self.types[name])

    def _facts_hint(self) -> str:
        return f"facts here: {', '.join(sorted(self.types)[:8])}{', …' if len(self.types) > 8 else ''}"

    def literal(self, node: exp.Literal) -> Term:
        """A number or a text."""
        value = str(node.this)
        if node.is_string:
            if any(ord(letter) < 32 for letter in value):
                return self.fault(node, "a text may not hold control characters")
            return terms.text(value, "'" + value.replace("'", "''") + "'")
        whole, _, part = value.partition(".")
        if not (whole + part).isdecimal() or not (whole + part).isascii():
            return self.fault(node, f"'{value}' is not a plain decimal number", "write it like 0.01 or 48")
        if len(whole) > 15 or len(part) > terms.SCALE:
            return self.fault(node, f"'{value}' has too many digits", "15 before the point and 8 after are enough")
        return terms.number(Decimal(value), value)

    def interval(self, node: exp.Interval) -> Term:
        """An interval literal."""
        words = " ".join(_spelt(node))
        try:
            seconds = interval_seconds(words)
        except ValueError as error:
            return self.fault(node, str(error))
        return terms.span(seconds, f"interval '{words}'")

    def boolean(self, node: exp.Boolean) -> Term:
        """One of the two truth values."""
        word = "true" if node.this else "false"
        return terms.plain("boolean", word, word, word, (), shown=False)

    def null(self, _: exp.Null) -> Term:
        """null, of any type."""
        return terms.plain("null", "null", "NULL", "NULL", (), shown=False)

    def paren(self, node: exp.Paren) -> Term:
        """Brackets, kept in the label."""
        inner = self.check(node.this)
        return inner if inner is ERROR else replace(inner, label=f"({inner.label})", parts=(inner,), shown=False)

    # logic

    def junction(self, node: exp.And | exp.Or) -> Term:
        """Both, or either: `and`, `or`."""
        word = "and" if isinstance(node, exp.And) else "or"
        sides = tuple(self.wanted(each, "boolean", f"'{word}' joins") for each in (node.left, node.right))
        label = f"{sides[0].label} {word} {sides[1].label}"
        postgres = f" {word.upper()} ".join(side.postgres for side in sides)
        duckdb = f" {word.upper()} ".join(side.duckdb for side in sides)
        return terms.plain("boolean", label, f"({postgres})", f"({duckdb})", sides)

    def negation(self, node: exp.Not) -> Term:
        """The contrary: `not`."""
        inner = self.wanted(node.this, "boolean", "'not' takes")
        label = f"not {inner.label}"
        return terms.plain("boolean", label, f"(NOT {inner.postgres})", f"(NOT {inner.duckdb})", (inner,))

    def null_test(self, node: exp.Is) -> Term:
        """Whether a value is known: `is null`, `is not null`."""
        inner = self.check(node.this)
        if not isinstance(node.expression, exp.Null):
            return self.fault(node, "only 'is null' and 'is not null' are allowed", "write the condition itself")
        negated = "not " if node.args.get("negate") else ""
        test = f"IS {negated.upper()}NULL"
        label = f"{inner.label} is {negated}null"
        return terms.plain("boolean", label, f"({inner.postgres} {test})", f"({inner.duckdb} {test})", (inner,))

    def comparison(self, node: exp.Binary) -> Term:
        """Two values compared: `=`, `<>`, `<`, `<=`, `>`, `>=`."""
        operator = _COMPARISONS[type(node)]
        sides = self.alike((node.left, node.right), node, f"'{operator}' compares")
        if sides is None:
            return ERROR
        if "null" in (sides[0].kind, sides[1].kind):
            return self.fault(node, "nothing compares with null", "write 'is null' or 'is not null'")
        if sides[0].kind in ("text", "boolean", "set", "instants") and operator not in ("=", "<>"):
            return self.fault(node, f"{named(sides[0].kind)} has no order", "compare it with = or <>")
        if sides[0].kind in ("set", "instants"):
            return self.fault(node, "sets cannot be compared", "test them with 'is null'")
        return terms.compared(sides[0], operator, sides[1], f"{sides[0].label} {operator} {sides[1].label}")

    def between(self, node: exp.Between) -> Term:
        """Within two bounds, both included."""
        if node.args.get("symmetric"):
            return self.fault(node, "'symmetric' is not allowed", "write the lower bound first")
        sides = self.alike((node.this, node.args["low"], node.args["high"]), node, "'between' compares", _ORDERED)
        if sides is None:
            return ERROR
        item, low, high = sides
        scale = max(side.scale for side in sides)
        label = f"{item.label} between {low.label} and {high.label}"
        postgres = f"({item.postgres} BETWEEN {low.postgres} AND {high.postgres})"
        duck = [terms.aligned(side, scale) for side in sides]
        return terms.plain("boolean", label, postgres, f"({duck[0]} BETWEEN {duck[1]} AND {duck[2]})", sides)

    def membership(self, node: exp.In) -> Term:
        """One of several literals."""
        listed = node.expressions
        if not listed or node.args.get("query") or node.args.get("unnest") or node.args.get("field"):
            return self.fault(node, "'in' takes a list of literals", "write status in ('paid', 'sent')")
        if not all(isinstance(each.this if isinstance(each, exp.Neg) else each, exp.Literal) for each in listed):
            return self.fault(node, "'in' takes literals, not facts", "use '=' and 'or'")
        sides = self.alike((node.this, *listed), node, "'in' compares", ("money", "number", "text"))
        if sides is None:
            return ERROR
        scale = max(side.scale for side in sides)
        label = f"{sides[0].label} in ({', '.join(side.label for side in sides[1:])})"
        duck = [terms.aligned(side, scale) for side in sides]
        postgres = f"({sides[0].postgres} IN ({', '.join(side.postgres for side in sides[1:])}))"
        return terms.plain("boolean", label, postgres, f"({duck[0]} IN ({', '.join(duck[1:])}))", sides)

    def case(self, node: exp.Case) -> Term:
        """The first branch whose condition holds."""
        if node.this is not None:
            return self.fault(node, "'case' with a value is not allowed", "write case when a = 'x' then …")
        conditions = [self.wanted(arm.this, "boolean", "'when' takes") for arm in node.args["ifs"]]
        default = node.args.get("default")
        results = [arm.args["true"] for arm in node.args["ifs"]] + ([default] if default is not None else [])
        values = self.alike(tuple(results), node, "the branches of 'case' give")
        if values is None or ERROR in conditions:
            return ERROR
        arms = tuple(zip(conditions, values, strict=False))
        otherwise = values[-1] if default is not None else None
        words = " ".join(f"when {when.label} then {value.label}" for when, value in arms)
        label = f"case {words}{f' else {otherwise.label}' if otherwise else ''} end"
        kind = terms.common(values)
        return terms.chosen(arms, otherwise, kind, label)

    # agreement of types

    def wanted(self, node: exp.Expr, kind: Kind, what: str) -> Term:
        """The term of a node that must be of one kind."""
        found = self.check(node)
        if found.kind in (kind, "error", "null"):
            return found
        if kind == "money" and found.bare:
            return terms.as_money(found, self.exponent)
        return self.fault(node, f"{what} {named(kind)}, and '{found.label}' is {named(found.kind)}")

    def alike(
        self, nodes: tuple[exp.Expr, ...], at: exp.Expr, what: str, kinds: tuple[str, ...] | None = None
    ) -> tuple[Term, ...] | None:
        """Terms of one kind; beside money, a bare number is major units. None when faults were noted."""
        found = tuple(self.check(node) for node in nodes)
        if ERROR in found:
            return None
        if any(each.kind == "money" for each in found):
            found = tuple(terms.as_money(each, self.exponent) for each in found)
        seen = list(dict.fromkeys(each.kind for each in found if each.kind != "null"))
        if len(seen) > 1:
            self.fault(at, f"{what} values of one type, not {' and '.join(map(named, seen))}", _mixing_hint(seen))
            return None
        if kinds and seen and seen[0] not in kinds:
            self.fault(at, f"{what} {' or '.join(named(kind) for kind in kinds)}, not {named(seen[0])}")
            return None
        return found


def _mixing_hint(kinds: Sequence[Kind]) -> str | None:
    if {"money", "number"} == set(kinds):
        return "only a literal may stand for an amount, in major units"
    if {"instant", "interval"} == set(kinds):
        return "add the interval to an instant first"
    return None


def _spelt(node: exp.Expr) -> list[str]:
    """The words of an interval or of an unmarked keyword, lower case."""
    if isinstance(node, exp.Interval):
        unit = node.args.get("unit")
        text = node.this.name if node.this is not None else ""
        return f"{text} {unit.name if unit is not None else ''}".lower().split()
    return [node.sql(dialect="postgres").lower()]


_REFUSALS: Final[tuple[tuple[tuple[type[exp.Expr], ...], str, str | None], ...]] = (
    ((exp.Select, exp.Subquery, exp.SetOperation, exp.Exists), "subqueries are not allowed",
     "an expression reads the facts of its own subject only"),
    ((exp.Window,), "window functions are not allowed", "an expression reads one subject at a time"),
    ((exp.Star,), "'*' is not allowed here", "name a fact"),
    ((exp.AggFunc,), "aggregates are not allowed", "declare a fact that merges the events instead"),
    ((exp.Placeholder, exp.Parameter), "placeholders are not allowed", "write the value itself"),
    ((exp.Cast,), "casts are not allowed", "facts already have their types"),
    ((exp.CurrentTimestamp, exp.CurrentDate, exp.CurrentTime), "there is no clock in an expression",
     "the engine compares due_at with its own"),
    ((exp.Mod,), "'%' is not allowed", None),
    ((exp.DPipe,), "texts cannot be joined", None),
)  # fmt: skip


def _refusal(node: exp.Expr, word: str | None) -> tuple[str, str | None]:
    for kinds, message, hint in _REFUSALS:
        if isinstance(node, kinds):
            return message, hint
    if isinstance(node, exp.Func):
        name = (word or node.sql_name()).lower()
        return f"the function '{name}' is not allowed", nearest(name, FUNCTIONS) or f"use {', '.join(FUNCTIONS)}"
    return f"'{node.sql(dialect='postgres')[:40]}' is not allowed in an expression", None


RULES: Final[dict[type[exp.Expr], Rule]] = {
    exp.Column: Checker.column,
    exp.Literal: Checker.literal,
    exp.Interval: Checker.interval,
    exp.Boolean: Checker.boolean,
    exp.Null: Checker.null,
    exp.Paren: Checker.paren,
    exp.And: Checker.junction,
    exp.Or: Checker.junction,
    exp.Not: Checker.negation,
    exp.Is: Checker.null_test,
    exp.Between: Checker.between,
    exp.In: Checker.membership,
    exp.Case: Checker.case,
    **dict.fromkeys(_COMPARISONS, Checker.comparison),
}

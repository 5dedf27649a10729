"""Expressions: the scalar SQL a policy is written in, parsed, checked and compiled.

An expression reads the facts of one subject and nothing else: no clock, no tables, no loops. So a decision can be
replayed, backtested on another engine and explained node by node.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokenizer_core import Token, TokenType

from goldline.core.facts.merge import FactType
from goldline.core.money import exponent as exponent_of
from goldline.core.policy import checker, function
from goldline.core.policy import term as terms
from goldline.core.policy.checker import Checker, named
from goldline.core.policy.definition import NOTHING, Definitions, Use
from goldline.core.policy.diagnostic import Place, PolicyError, Source
from goldline.core.policy.interval import Dialect, interval_seconds, interval_sql
from goldline.core.policy.term import ALIAS, ERROR, Kind, Term, text_sql

LONGEST: Final = 2_000
DEEPEST: Final = 40
Type = FactType | Literal["interval"]

_KINDS: Final[dict[FactType, Kind]] = {
    FactType.INSTANT: "instant", FactType.MONEY: "money", FactType.NUMBER: "number", FactType.TEXT: "text",
    FactType.BOOLEAN: "boolean", FactType.SET: "set", FactType.INSTANTS: "instants",
}  # fmt: skip
_TYPES: Final[dict[Kind, Type]] = {kind: fact for fact, kind in _KINDS.items()} | {"interval": "interval"}
_BANNED_TOKENS: Final = {
    TokenType.SEMICOLON: ("';' is not allowed", "one expression stands alone"),
    TokenType.IDENTIFIER: (
        "quoted names are not allowed",
        "facts are plain lower-case names; texts take single quotes",
    ),
    TokenType.PLACEHOLDER: ("placeholders are not allowed", "write the value itself"),
    TokenType.PARAMETER: ("placeholders are not allowed", "write the value itself"),
    TokenType.COLON: ("placeholders are not allowed", "write the value itself"),
    TokenType.DCOLON: ("casts are not allowed", "facts already have their types"),
    TokenType.HEREDOC_STRING: ("'$$' texts are not allowed", "use single quotes"),
    TokenType.BYTE_STRING: ("texts with escapes are not allowed", "use plain single quotes"),
    TokenType.HEX_STRING: ("texts with escapes are not allowed", "use plain single quotes"),
    TokenType.BIT_STRING: ("texts with escapes are not allowed", "use plain single quotes"),
    TokenType.UNICODE_STRING: ("texts with escapes are not allowed", "use plain single quotes"),
    TokenType.NATIONAL_STRING: ("texts with escapes are not allowed", "use plain single quotes"),
    TokenType.RAW_STRING: ("texts with escapes are not allowed", "use plain single quotes"),
}


@dataclass(frozen=True, slots=True)
class Node:
    """One sub-expression worth showing: how it is written, and SQL for its value on a row of facts."""

    label: str
    type: Type
    _term: Term

    def sql(self, alias: str = "f", dialect: Dialect = "postgres") -> str:
        """Scalar SQL; money in minor units, possibly with decimals."""
        return _sql(self._term, dialect, alias)

    def json(self, alias: str = "f") -> str:
        """SQL for the value as JSON: an interval in seconds, an amount in minor units, an instant in UTC."""
        value = self.sql(alias)
        if self._term.kind == "interval":
            return f"extract(epoch FROM {value})"
        return f"trim_scale({value})" if self._term.numeric else value


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression. Equal texts over equal vocabularies are equal."""

    text: str
    type: Type
    names: frozenset[str]
    _term: Term
    uses: frozenset[Use] = frozenset()

    def sql(self, dialect: Dialect = "postgres", alias: str = "f") -> str:
        """Scalar SQL with facts qualified by `alias`. Money is whole minor units, as numeric (DECIMAL on DuckDB)."""
        return _sql(self._term, dialect, alias)

    def nodes(self) -> tuple[Node, ...]:
        """Facts, comparisons, calls and sums in reading order, the whole last; each label once."""
        found: dict[str, Node] = {}
        _collect(self._term, found)
        return tuple(found.values())

    def figures(self) -> dict[str, str]:
        """The parameters it names, with their values as SQL literals."""
        found: dict[str, str] = {}
        waiting = [self._term]
        while waiting:
            term = waiting.pop()
            if term.label.startswith("param('"):
                found[term.label[7:-2]] = term.postgres
            waiting += term.parts
        return found

    def texts(self) -> Iterator[str]:
        """The literal texts it may give, for an expression of type text."""
        waiting = [self._term]
        while waiting:
            term = waiting.pop()
            if term.kind == "text" and not term.parts and not term.names:
                yield term.label[1:-1].replace("''", "'")
            waiting += [part for part in term.parts if part.kind == "text"]


def parse(
    text: str,
    *,
    types: Mapping[str, FactType],
    want: Type | None,
    currency: str,
    macros: Mapping[str, Term] | None = None,
    where: Place | None = None,
) -> Expression:
    """Parse and check one expression over facts of the given types.

    `want` is the type it must have (None: any); `currency` says what a bare literal beside money is a major unit of;
    `macros` are the conditions `broken('…')` may name (None: not allowed here); `where` places faults in a file.
    Raises `PolicyError` with every fault found.
    """
    place = where or Place(Source("<expression>", text), range(len(text)))
    before = len(place.source.diagnostics)
    found = examine(text, types=types, want=want, currency=currency, macros=macros, where=place)
    if found is None:
        raise PolicyError(place.source.diagnostics[before:])
    return found


def examine(
    text: str,
    *,
    types: Mapping[str, FactType],
    want: Type | None,
    currency: str,
    macros: Mapping[str, Term] | None,
    where: Place,
    definitions: Definitions = NOTHING,
) -> Expression | None:
    """Like `parse`, but notes faults at `where` and returns None, so that a pack's faults are reported together."""
    exponent = exponent_of(currency)
    tokens = _tokens(text, where)
    node = _tree(text, where) if tokens else None
    if node is None or tokens is None:
        return None
    kinds = {name: _KINDS[kind] for name, kind in types.items()}
    before = len(where.source.diagnostics)
    guard = Checker(kinds, exponent, macros, where, tokens, {**checker.RULES, **function.RULES}, definitions)
    found = _settled(guard, node, guard.check(node), want)
    if found is ERROR or len(where.source.diagnostics) > before:
        return None
    return Expression(text, _TYPES[found.kind], found.names, found, frozenset(guard.uses))


def macro(label: str, names: frozenset[str], postgres: str, duckdb: str) -> Term:
    """A condition for `macros`, its SQL written with `ALIAS` for the row's alias."""
    return Term("boolean", label, postgres, duckdb, names=names)


def _tokens(text: str, where: Place) -> list[Token] | None:
    """The words of the text, or None with the fault noted."""
    if len(text) > LONGEST:
        where.report(0, 1, f"the expression has {len(text)} characters; the most is {LONGEST}", "split it into facts")
        return None
    try:
        tokens = list(sqlglot.tokenize(text, read="postgres"))
    except TokenError:
        where.report(0, len(text), "the expression is cut off or holds a character that is not allowed")
        return None
    if not tokens:
        where.report(0, max(1, len(text)), "the expression is empty")
        return None
    return tokens if _allowed(text, tokens, where) else None


def _allowed(text: str, tokens: list[Token], where: Place) -> bool:
    depth = deepest = 0
    fine = True
    for token in tokens:
        if token.token_type in _BANNED_TOKENS:
            message, hint = _BANNED_TOKENS[token.token_type]
            where.report(token.start, token.end + 1, message, hint)
            fine = False
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(token.token_type, 0)
        deepest = max(deepest, depth)
        if token.comments and fine:
            start = min((at for at in (text.find("--"), text.find("/*")) if at >= 0), default=token.start)
            where.report(start, start + 2, "comments are not allowed in an expression", "write them in TOML, with #")
            fine = False
    if deepest > DEEPEST:
        where.report(0, 1, f"brackets are nested {deepest} deep; the most is {DEEPEST}")
    return fine and deepest <= DEEPEST


def _tree(text: str, where: Place) -> exp.Expr | None:
    """The parsed expression, or None with the fault noted."""
    try:
        node = sqlglot.parse_one(text, read="postgres")
    except ParseError as error:
        start, end = _parse_place(text, error)
        where.report(start, end, "this cannot be read as an expression", "check the brackets, commas and operators")
        return None
    except RecursionError:
        where.report(0, len(text), f"the expression is nested more than {DEEPEST} deep")
        return None
    if _depth(node) > DEEPEST:
        where.report(0, len(text), f"the expression is nested more than {DEEPEST} deep", "split it into facts")
        return None
    return node


def _parse_place(text: str, error: ParseError) -> tuple[int, int]:
    first = error.errors[0] if error.errors else {}
    line, end = first.get("line") or 1, first.get("col") or 1
    word = first.get("highlight") or " "
    start = sum(len(each) + 1 for each in text.split("\n")[: line - 1]) + end - len(word)
    return start, start + len(word)


def _depth(node: exp.Expr) -> int:
    """Levels of nesting; names and brackets do not count, and the walk is a loop, whatever the depth."""
    deepest, waiting = 0, [(node, 1)]
    while waiting:
        each, level = waiting.pop()
        deepest = max(deepest, level)
        step = 0 if isinstance(each, (exp.Paren, exp.Column, exp.If)) else 1
        waiting += [(child, level + step) for child in each.iter_expressions()]
    return deepest


def _settled(guard: Checker, node: exp.Expr, found: Term, want: Type | None) -> Term:
    """The term as the type wanted; money rounded half away from zero to the minor unit."""
    if found is ERROR:
        return ERROR
    kind = found.kind if want is None else ("interval" if want == "interval" else _KINDS[want])
    if kind == "null":
        return guard.fault(node, "null alone has no type")
    if kind == "money":
        found = terms.as_money(found, guard.exponent)
    if found.kind not in (kind, "null"):
        start, end = guard.span(node)
        guard.place.report(start, end, f"this must be {named(kind)}, and it is {named(found.kind)}", _hint(kind, found))
        return ERROR
    if kind == "money" and found.bound > 10**18:
        return guard.fault(node, "this could exceed 10^18 minor units", "hold it with clamp()")
    if found.kind == "null":
        return _typed_null(found, kind)
    return _minor(found) if kind == "money" else found


def _typed_null(found: Term, kind: Kind) -> Term:
    """null, of the type wanted: a union of rows needs to know it."""
    fact = next((fact for fact, each in _KINDS.items() if each == kind), None)
    postgres = "NULL::interval" if fact is None else f"NULL::{'numeric' if kind == 'money' else fact.column}"
    return replace(found, kind=kind, postgres=postgres)


def _minor(found: Term) -> Term:
    if found.scale == 0:
        return found
    return replace(terms.rounded(found, 0, found.label), shown=False)


def _hint(kind: Kind, found: Term) -> str | None:
    if kind == "text" and found.kind != "text":
        return "a text takes single quotes inside the double ones: \"'merchant'\""
    if kind == "instant" and found.kind == "interval":
        return "add it to an instant"
    return None


def _sql(term: Term, dialect: Dialect, alias: str) -> str:
    return (term.postgres if dialect == "postgres" else term.duckdb).replace(ALIAS, alias)


def _collect(term: Term, found: dict[str, Node]) -> None:
    for part in term.parts:
        _collect(part, found)
    if term.shown and term.kind in _TYPES:
        found.setdefault(term.label, Node(term.label, _TYPES[term.kind], term))


__all__ = ["Dialect", "Expression", "Node", "examine", "interval_seconds", "interval_sql", "macro", "parse", "text_sql"]

"""The arithmetic and the functions of the policy language: one rule for each."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from goldline.core.policy import term as terms
from goldline.core.policy.checker import FUNCTIONS, Checker, Rule, named
from goldline.core.policy.diagnostic import nearest
from goldline.core.policy.term import ERROR, Kind, Term


def _sum(checker: Checker, node: exp.Binary) -> Term:
    """`a + b` and `a - b`: numbers, money, instants and intervals."""
    operator = "+" if isinstance(node, exp.Add) else "-"
    left, right = checker.check(node.left), checker.check(node.right)
    if ERROR in (left, right):
        return ERROR
    if "money" in (left.kind, right.kind):
        left, right = terms.as_money(left, checker.exponent), terms.as_money(right, checker.exponent)
    label = f"{left.label} {operator} {right.label}"
    if left.kind == right.kind and left.numeric:
        return terms.total(left, operator, right, label)
    kind = _TIME_SUMS.get((left.kind, operator, right.kind))
    if kind is None:
        amounts = "only a literal may stand for an amount, in major units"
        hint = amounts if left.numeric and right.numeric else _length_hint(left, right)
        return checker.fault(node, f"'{operator}' cannot take {named(left.kind)} and {named(right.kind)}", hint)
    postgres = f"({left.postgres} {operator} {right.postgres})"
    return terms.plain(kind, label, postgres, f"({left.duckdb} {operator} {right.duckdb})", (left, right))


_TIME_SUMS: dict[tuple[str, str, str], Kind] = {
    ("instant", "+", "interval"): "instant",
    ("interval", "+", "instant"): "instant",
    ("instant", "-", "interval"): "instant",
    ("instant", "-", "instant"): "interval",
    ("interval", "+", "interval"): "interval",
    ("interval", "-", "interval"): "interval",
}


def _length_hint(left: Term, right: Term) -> str | None:
    """What to write for `instant + 24`: a number says no unit."""
    if {left.kind, right.kind} <= {"instant", "number"} and left.kind != right.kind:
        return "a number has no unit: write a length of time, like interval '24 hours'"
    return _time_hint(left, right)


def _product(checker: Checker, node: exp.Mul) -> Term:
    """`a * b`: numbers, or money and a number."""
    left, right = checker.check(node.left), checker.check(node.right)
    if ERROR in (left, right):
        return ERROR
    label = f"{left.label} * {right.label}"
    if left.kind == right.kind == "money":
        return checker.fault(node, "money cannot be multiplied by money", "multiply it by a rate such as 0.01")
    if not (left.numeric and right.numeric):
        what = f"'*' cannot take {named(left.kind)} and {named(right.kind)}"
        return checker.fault(node, what, _time_hint(left, right))
    return terms.product(left, right, "money" if "money" in (left.kind, right.kind) else "number", label)


def _quotient(checker: Checker, node: exp.Div) -> Term:
    """`a / b`: numbers, money by a number, or money by money, which is a number. Null when b is zero."""
    left, right = checker.check(node.left), checker.check(node.right)
    if ERROR in (left, right):
        return ERROR
    if not (left.numeric and right.numeric):
        what = f"'/' cannot take {named(left.kind)} and {named(right.kind)}"
        return checker.fault(node, what, _time_hint(left, right))
    if right.bare and _is_zero(right):
        return checker.fault(node.right, "division by zero")
    if left.kind == "number" and right.kind == "money":
        if not left.bare:
            return checker.fault(node, "a number cannot be divided by money", "divide money by money for a ratio")
        left = terms.as_money(left, checker.exponent)
    kind: Kind = "money" if (left.kind, right.kind) == ("money", "number") else "number"
    return terms.quotient(left, right, kind, f"{left.label} / {right.label}")


def _is_zero(term: Term) -> bool:
    while term.value is None and len(term.parts) == 1:
        term = term.parts[0]
    return term.value == 0


def _time_hint(left: Term, right: Term) -> str | None:
    return "write the interval out, like interval '48 hours'" if "interval" in (left.kind, right.kind) else None


def _minus(checker: Checker, node: exp.Neg) -> Term:
    """`-a` of a number or of money."""
    inner = checker.check(node.this)
    if inner is ERROR or inner.numeric:
        return inner if inner is ERROR else terms.negated(inner, f"-{inner.label}")
    return checker.fault(node, f"'-' cannot take {named(inner.kind)}")


def _variadic(name: str, kinds: tuple[str, ...] | None) -> Rule:
    """`coalesce`, `least` and greatest: at least one argument, all of one type."""

    def rule(checker: Checker, node: exp.Func) -> Term:
        sides = checker.alike((node.this, *node.expressions), node, f"{name}() takes", kinds)
        if sides is None:
            return ERROR
        return terms.call(name, sides, terms.common(sides), _called(name, sides))

    return rule


def _nullif(checker: Checker, node: exp.Nullif) -> Term:
    """`nullif(a, b)`: null where a = b."""
    sides = checker.alike((node.this, node.expression), node, "nullif() takes")
    if sides is None:
        return ERROR
    return terms.call("nullif", sides, sides[0].kind, _called("nullif", sides))


def _round(checker: Checker, node: exp.Round) -> Term:
    """`round(x, n)`: half away from zero at n decimals; for money, of the major unit."""
    inner = _numeric(checker, node, "round")
    places = _places(node.args.get("decimals"))
    if places is None or not -9 <= places <= terms.SCALE:
        return checker.fault(node, f"round() takes a literal number of decimals, -9 to {terms.SCALE}")
    if inner is ERROR:
        return ERROR
    shift = checker.exponent if inner.kind == "money" else 0
    return terms.rounded(inner, places - shift, f"round({inner.label}, {places})")


def _places(node: exp.Expr | None) -> int | None:
    if node is None:
        return 0
    sign = -1 if isinstance(node, exp.Neg) else 1
    inner = node.this if isinstance(node, exp.Neg) else node
    if isinstance(inner, exp.Literal) and not inner.is_string and str(inner.this).isdecimal() and len(inner.this) < 3:
        return sign * int(inner.this)
    return None


def _step(name: str) -> Rule:
    """`floor` and `ceil`: to whole units, for money to whole major units."""

    def rule(checker: Checker, node: exp.Func) -> Term:
        if node.args.get("decimals") is not None or node.args.get("to") is not None:
            return checker.fault(node, f"{name}() takes one argument")
        inner = _numeric(checker, node, name)
        if inner is ERROR:
            return ERROR
        return terms.stepped(inner, name, checker.exponent if inner.kind == "money" else 0, f"{name}({inner.label})")

    return rule


def _abs(checker: Checker, node: exp.Abs) -> Term:
    """`abs(x)`: the magnitude."""
    inner = _numeric(checker, node, "abs")
    return inner if inner is ERROR else terms.absolute(inner, f"abs({inner.label})")


def _numeric(checker: Checker, node: exp.Func, name: str) -> Term:
    if not isinstance(node.this, exp.Expr):
        return checker.fault(node, f"{name}() takes an argument")
    inner = checker.check(node.this)
    if inner is ERROR or inner.numeric:
        return inner
    return checker.fault(node.this, f"{name}() takes money or a number, and '{inner.label}' is {named(inner.kind)}")


def _other(checker: Checker, node: exp.Anonymous) -> Term:
    """Functions of ours, which the parser does not know."""
    name = str(node.this).lower()
    rule = _OURS.get(name)
    if rule is not None:
        return rule(checker, node)
    hint = nearest(name, FUNCTIONS) or f"use {', '.join(FUNCTIONS)}"
    return checker.fault(node, f"the function '{name}' is not allowed", hint)


def _clamp(checker: Checker, node: exp.Anonymous) -> Term:
    if len(node.expressions) != 3:
        return checker.fault(node, "clamp() takes three arguments", "write clamp(x, lowest, highest)")
    sides = checker.alike(tuple(node.expressions), node, "clamp() takes", ("money", "number"))
    if sides is None:
        return ERROR
    low, high = sides[1].value, sides[2].value
    if low is not None and high is not None and low > high:
        return checker.fault(node, "clamp() has its limits the wrong way round", "write clamp(x, lowest, highest)")
    return terms.clamped(sides[0], sides[1], sides[2], _called("clamp", sides))


def _deadline(checker: Checker, node: exp.Anonymous) -> Term:
    """`deadline(rule, start, zone)`: a working calendar's answer; of a set of rules, the earliest."""
    if len(node.expressions) != 3:
        return checker.fault(node, "deadline() takes three arguments", "write deadline(rule, start, zone)")
    wants: tuple[Kind, ...] = ("set" if _is_set(checker, node.expressions[0]) else "text", "instant", "text")
    pairs = zip(node.expressions, wants, strict=True)
    sides = tuple(checker.wanted(each, kind, "deadline() takes") for each, kind in pairs)
    if ERROR in sides:
        return ERROR
    postgres = f"goldline.deadline({', '.join(side.postgres for side in sides)})"
    duckdb = f"deadline({', '.join(side.duckdb for side in sides)})"
    if wants[0] == "set":
        rules, start, zone = (side.duckdb for side in sides)
        duckdb = f"list_min(list_transform({rules}, lambda rule: deadline(rule, {start}, {zone})))"
    return terms.plain("instant", _called("deadline", sides), postgres, duckdb, sides)


def _first_silence(checker: Checker, node: exp.Anonymous) -> Term:
    """`first_silence(times, length, start, until)`: when a trace has first been silent for so long; `until` may lack.

    On DuckDB: of the start and the times between the bounds, the earliest that none follows within the length.
    """
    wants: tuple[Kind, ...] = ("instants", "interval", "instant", "instant")
    if len(node.expressions) not in (3, 4):
        hint = "write first_silence(scan_times, interval '48 hours', start, until)"
        return checker.fault(node, "first_silence() takes three or four arguments", hint)
    pairs = zip(node.expressions, wants, strict=False)
    sides = tuple(checker.wanted(each, kind, "first_silence() takes") for each, kind in pairs)
    if ERROR in sides:
        return ERROR
    postgres = [side.postgres for side in sides] + ["NULL"] * (4 - len(sides))
    times, length, start, until = [side.duckdb for side in sides] + ["NULL"] * (4 - len(sides))
    inside = f"list_filter({times}, lambda t: t > {start} AND coalesce(t < {until}, true))"
    silent = f"list_filter(h, lambda p: len(list_filter(h, lambda n: n > p AND n <= p + {length})) = 0)"
    heard = f"list_transform([list_concat([{start}], {inside})], lambda h: list_min({silent}) + {length})[1]"
    duckdb = f"(CASE WHEN {start} + {length} IS NOT NULL THEN {heard} END)"
    return terms.plain(
        "instant", _called("first_silence", sides), f"goldline.first_silence({', '.join(postgres)})", duckdb, sides
    )


def _once_total(checker: Checker, node: exp.Anonymous) -> Term:
    """`once_total(lines, amount, at)`: the instant, if the amounts of the lines come to as much together; else null.

    A line is what a fact that is a set of several fields holds: a JSON array, here of an id and an amount in minor
    units.
    """
    hint = "write once_total(refunds_paid, paid_amount, refund_paid_last_at)"
    if len(node.expressions) != 3 or not _is_set(checker, node.expressions[0]):
        return checker.fault(node, "once_total() takes a set of lines, an amount and an instant", hint)
    wants: tuple[Kind, ...] = ("set", "money", "instant")
    pairs = zip(node.expressions, wants, strict=True)
    sides = tuple(checker.wanted(each, kind, "once_total() takes") for each, kind in pairs)
    if ERROR in sides:
        return ERROR
    lines, amount, at = sides
    postgres = f"goldline.once_total({lines.postgres}, {amount.postgres}, {at.postgres})"
    total = f"list_sum(list_transform({lines.duckdb}, lambda line: CAST(json_extract(line, '$[1]') AS DECIMAL(38, 0))))"
    reached = (
        f"coalesce({total}, 0) * {10**amount.scale} >= ({terms.aligned(amount, amount.scale)}) * {10**amount.scale}"
    )
    duckdb = f"(CASE WHEN {reached} THEN {at.duckdb} END)"
    return terms.plain("instant", _called("once_total", sides), postgres, duckdb, sides)


def _is_set(checker: Checker, node: exp.Expr) -> bool:
    return isinstance(node, exp.Column) and checker.types.get(node.name) == "set"


def _param(checker: Checker, node: exp.Anonymous) -> Term:
    """`param('name')`: a named figure of the pack."""
    parameters = checker.definitions.parameters
    name = _literal_name(node.expressions[0] if len(node.expressions) == 1 else None)
    if name is None:
        return checker.fault(node, "param() takes the name of a parameter", "write param('answer-time')")
    if name not in parameters:
        hint = nearest(name, parameters) or "declare it in [pack.parameters]"
        return checker.fault(node.expressions[0], f"unknown parameter '{name}'", hint)
    checker.uses.add(("param", name))
    return parameters[name].term(checker.exponent)


def _tariff(checker: Checker, node: exp.Anonymous) -> Term:
    """`tariff('id', key, base)`: the amount of the row the key falls into."""
    tariffs = checker.definitions.tariffs
    name = _literal_name(node.expressions[0] if len(node.expressions) == 3 else None)
    if name is None:
        return checker.fault(node, "tariff() takes an id, a key and a base", "write tariff('late', key, paid_amount)")
    if name not in tariffs:
        hint = nearest(name, tariffs) or "write it as [[tariff]]"
        return checker.fault(node.expressions[0], f"unknown tariff '{name}'", hint)
    found = tariffs[name]
    key = checker.wanted(node.expressions[1], found.by, f"the tariff '{name}' goes by")
    base = checker.wanted(node.expressions[2], "money", "tariff() takes as its base")
    if ERROR in (key, base):
        return ERROR
    checker.uses.add(("tariff", name))
    return found.amount(key, base, checker.exponent)


def _literal_name(node: exp.Expr | None) -> str | None:
    return str(node.this) if isinstance(node, exp.Literal) and node.is_string else None


def _broken(checker: Checker, node: exp.Anonymous) -> Term:
    """`broken('id')`: another promise of the same pack on the same subject was made and not kept in time."""
    named_id = node.expressions[0] if len(node.expressions) == 1 else None
    if not isinstance(named_id, exp.Literal) or not named_id.is_string:
        return checker.fault(node, "broken() takes the id of a promise", "write broken('ship-by')")
    if checker.macros is None:
        return checker.fault(node, "broken() may be used in pay, from and when only")
    macro = checker.macros.get(str(named_id.this))
    if macro is None:
        known = nearest(str(named_id.this), checker.macros) or "name a promise of this pack on the same subject"
        return checker.fault(named_id, f"unknown promise '{named_id.this}'", known)
    return macro


def _called(name: str, sides: tuple[Term, ...]) -> str:
    return f"{name}({', '.join(side.label for side in sides)})"


_OURS: Final[dict[str, Rule]] = {
    "clamp": _clamp,
    "deadline": _deadline,
    "first_silence": _first_silence,
    "once_total": _once_total,
    "broken": _broken,
    "param": _param,
    "tariff": _tariff,
}
_ORDERED = ("instant", "interval", "money", "number")
RULES: Final[dict[type[exp.Expr], Rule]] = {
    exp.Add: _sum,
    exp.Sub: _sum,
    exp.Mul: _product,
    exp.Div: _quotient,
    exp.Neg: _minus,
    exp.Coalesce: _variadic("coalesce", None),
    exp.Least: _variadic("least", _ORDERED),
    exp.Greatest: _variadic("greatest", _ORDERED),
    exp.Nullif: _nullif,
    exp.Round: _round,
    exp.Floor: _step("floor"),
    exp.Ceil: _step("ceil"),
    exp.Abs: _abs,
    exp.Anonymous: _other,
}

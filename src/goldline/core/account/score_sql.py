"""A score as SQL: every account of a set of days worked out in one statement.

    rows of facts → sums and weights → values (drawn to the peers' mean, if asked) → points → dimensions → the whole

`account/outlook.py` says the same for one account in memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from goldline.core.policy.expression import Expression, text_sql
from goldline.core.policy.score import Dimension, Indicator, Scale, Score

PLACES: Final = 2  # decimals of a score
POINT_PLACES: Final = 4  # of the points of an indicator or a dimension
VALUE_PLACES: Final = 8
MOST_STRENGTH: Final = 10**9  # cases: the peers differ by chance alone
COLUMNS: Final = (
    "account", "day", "ends_at", "valid", "small", "stage", "score", "stars", "dimensions", "adjustments",
)  # fmt: skip


def select(score: Score, party: str, rows: str, only: str = "true") -> str:
    """A statement that gives `COLUMNS` for each row of `rows`, a statement with owner, day and the facts.

    `only` is a condition on `owner`: who is scored; the others are peers.

    Percent signs of literals are doubled, so that it may carry parameters.
    """
    parts = [f"raw AS MATERIALIZED ({_raw(score, rows)})"]
    if score.small_sample == "shrink":
        parts.append(f"peer AS MATERIALIZED ({_peers(score)})")
    pointed = f"SELECT v.*, {', '.join(_pointed(score))} FROM ({_valued(score, only)}) v OFFSET 0"
    summed = f"SELECT p.*, {', '.join(_summed(score))} FROM ({pointed}) p OFFSET 0"
    whole = f"SELECT d.*, {_total(score)} AS total FROM ({summed}) d OFFSET 0"
    formal = f"w.valid >= {score.formal} AND w.total IS NOT NULL"
    staged = (
        f"SELECT w.*, CASE WHEN {formal} THEN 'formal' ELSE 'growth' END AS stage,"
        f" CASE WHEN {formal} THEN w.total ELSE round(w.growth, {PLACES}) END AS score FROM ({whole}) w OFFSET 0"
    )
    stars = _sql(score.stars, "s") if score.stars else "NULL::numeric"
    return (
        f"WITH {', '.join(parts)} SELECT {text_sql(party + ':')} || s.owner AS account, s.day, s.ends_at,"
        f" trim_scale(s.valid) AS valid, s.small, s.stage, s.score, trim_scale({stars}) AS stars,"
        f" {_dimensions_json(score)} AS dimensions, {_adjustments_json(score)} AS adjustments"
        f" FROM ({staged}) s WHERE s.score IS NOT NULL"
    )


def _sql(expression: Expression | None, alias: str = "f") -> str:
    return expression.sql("postgres", alias).replace("%", "%%") if expression else "NULL::numeric"


def _raw(score: Score, rows: str) -> str:
    below = f"{_sql(score.valid)} < {_sql(score.floor.below)}" if score.floor else "false"
    values = ["f.owner", "f.day", "f.ends_at", f"{_sql(score.valid)} AS valid", f"{_sql(score.growth)} AS growth",
              f"coalesce({below}, false) AS small"]  # fmt: skip
    if score.small_sample == "shrink":
        peers = f"coalesce({_sql(score.peers)}, '')" if score.peers else "''"
        values += [f"{peers} AS peers", f"{_sql(score.strength)} AS strength"]
    for n, each in enumerate(score.indicators):
        values += [f"{_sql(each.total)} AS t{n}", f"{_sql(each.of)} AS n{n}", f"{_sql(each.bad)} AS b{n}"]
        values += [f"coalesce({_sql(each.weight)}, 0) AS w{n}", f"{_facts(each)} AS j{n}"]
    values += [f"coalesce({_sql(each.weight)}, 0) AS dw{n}" for n, each in enumerate(score.dimensions)]
    values += [f"coalesce({_sql(each.points)}, 0) AS a{n}" for n, each in enumerate(score.adjustments)]
    return f"SELECT {', '.join(values)} FROM ({rows}) f"


def _facts(indicator: Indicator) -> str:
    return _object([(name, f"f.{name}") for name in indicator.names])


def _object(pairs: list[tuple[str, str]], inner: str = "") -> str:
    """A JSON object of numbers as text, `inner` being members that are written already.

    A text is put together several times as fast as a jsonb value is built; it is read as one when it is whole.
    """
    told = ["'{'"]
    for n, (name, value) in enumerate(pairs):
        told.append(f"'{',' if n else ''}\"{name}\":', coalesce({value}::text, 'null')")
    return f"concat({', '.join([*told, *([inner] if inner else [])])}, '}}')"


def _valued(score: Score, only: str) -> str:
    """The value of each indicator."""
    own = enumerate(score.indicators)
    if score.small_sample != "shrink":
        plain = (f"round(r.t{n} / nullif(r.n{n}, 0), {VALUE_PLACES}) AS v{n}" for n, _ in own)
        return f"SELECT r.*, {', '.join(plain)} FROM raw r WHERE {only} OFFSET 0"
    columns = []
    for n, _ in own:
        strength = f"coalesce(r.strength, p.s{n})"
        drawn = f"(r.t{n} + {strength} * p.m{n}) / nullif(r.n{n} + {strength}, 0)"
        mean = f"CASE WHEN {strength} IS NOT NULL THEN p.m{n} END"
        columns += [f"round(coalesce({drawn}, r.t{n} / nullif(r.n{n}, 0)), {VALUE_PLACES}) AS v{n}",
                    f"{mean} AS m{n}", f"{strength} AS s{n}"]  # fmt: skip
    return f"SELECT r.*, {', '.join(columns)} FROM raw r JOIN peer p ON p.peers = r.peers WHERE {only} OFFSET 0"


def _peers(score: Score) -> str:
    """The mean of each indicator among peers, and how many cases that mean weighs.

    Empirical Bayes for proportions by the method of moments (J. C. Kleinman, "Proportions with extraneous variance",
    JASA 68, 1973): with n cases and x events an account, N = Σn, m = Σx / N and k accounts,
    γ = (Σn(x/n - m)² - m(1-m)(k-1)) / (m(1-m)(N - Σn²/N - (k-1))) is the part of the spread that is not chance, and
    the mean weighs 1/γ - 1 cases. γ ≤ 0: all of it is chance, and everybody gets the mean.
    """
    sums, means, strengths = [], [], []
    for n, each in enumerate(score.indicators):
        sums += [f"sum(n{n}) AS n{n}", f"sum(t{n}) AS t{n}", f"sum(t{n} * t{n} / n{n}) FILTER (WHERE n{n} > 0) AS q{n}",
                 f"sum(n{n} * n{n}) AS nn{n}", f"count(*) FILTER (WHERE n{n} > 0) AS k{n}"]  # fmt: skip
        means.append(f"t{n} / nullif(n{n}, 0) AS m{n}")
        strengths.append(f"{_strength(n) if each.proportion else 'NULL::numeric'} AS s{n}")
    summed = f"SELECT peers, {', '.join(sums)} FROM raw GROUP BY peers"
    meant = f"SELECT x.*, {', '.join(means)} FROM ({summed}) x OFFSET 0"
    names = ", ".join(f"round(m{n}, {VALUE_PLACES + 4}) AS m{n}" for n in range(len(score.indicators)))
    return f"SELECT peers, {names}, {', '.join(strengths)} FROM ({meant}) y"


def _strength(n: int) -> str:
    """Cases the peers' mean weighs; null where nothing can be said."""
    chance = f"(m{n} * (1 - m{n}))"
    spread = f"(q{n} - n{n} * m{n} * m{n} - {chance} * (k{n} - 1))"
    room = f"({chance} * (n{n} - nn{n} / nullif(n{n}, 0) - (k{n} - 1)))"
    return (
        f"CASE WHEN {room} > 0 THEN CASE WHEN {spread} * {MOST_STRENGTH} <= {room} THEN {MOST_STRENGTH}"
        f" ELSE greatest(round({room} / {spread} - 1, 4), 0) END END"
    )


def _pointed(score: Score) -> Iterable[str]:
    """The points of each indicator, and whether its small sample held them up."""
    for n, each in enumerate(score.indicators):
        points = points_sql(each.scale, f"v.v{n}")
        held = "false"
        if score.floor is not None and each.bad is not None:
            held = f"(v.small AND v.b{n} <= {score.floor.bad} AND {points} < {score.floor.points})"
            points = f"CASE WHEN {held} THEN {score.floor.points} ELSE {points} END"
        yield f"{points} AS p{n}"
        yield f"coalesce({held}, false) AS h{n}"


def points_sql(scale: Scale, value: str) -> str:
    """The points of a value; null of null."""
    if scale.linear:
        (best, most), (worst, least) = scale.rows
        share = f"least(greatest(({value} - {_figure(worst)}) / {_figure((best or 0) - (worst or 0))}, 0), 1)"
        return f"round(CASE WHEN {value} IS NOT NULL THEN {least} + {most - least} * {share} END, {POINT_PLACES})"
    keeps = ">=" if scale.rising else "<="
    arms = " ".join(f"WHEN {value} {keeps} {_figure(b)} THEN {points}" for b, points in scale.rows if b is not None)
    return f"(CASE WHEN {value} IS NULL THEN NULL {arms} ELSE {scale.rows[-1][1]} END)::numeric"


def _figure(value: Decimal | int | None) -> str:
    return f"({value})::numeric"


def _numbers(score: Score, dimension: Dimension) -> list[int]:
    """The places of a dimension's indicators among all of the score's."""
    before = score.dimensions.index(dimension)
    first = sum(len(each.indicators) for each in score.dimensions[:before])
    return list(range(first, first + len(dimension.indicators)))


def _mean(pairs: list[tuple[str, str]]) -> str:
    """The weighted mean of what is known of (points, weight); null when nothing is."""
    above = " + ".join(f"coalesce({points} * {weight}, 0)" for points, weight in pairs) or "0"
    below = " + ".join(f"CASE WHEN {points} IS NULL THEN 0 ELSE {weight} END" for points, weight in pairs) or "0"
    return f"({above}) / nullif({below}, 0)"


def _summed(score: Score) -> Iterable[str]:
    for n, each in enumerate(score.dimensions):
        pairs = [(f"p.p{i}", f"p.w{i}") for i in _numbers(score, each)]
        yield f"round({_mean(pairs)}, {POINT_PLACES}) AS dp{n}"


def _total(score: Score) -> str:
    whole = _mean([(f"d.dp{n}", f"d.dw{n}") for n in range(len(score.dimensions))])
    moved = "".join(f" + d.a{n}" for n in range(len(score.adjustments)))
    # Least and greatest skip what is unknown, and an unknown score must stay so.
    held = f"least(greatest({whole}{moved}, {score.least}), {score.most})"
    return f"round(CASE WHEN {whole} IS NOT NULL THEN {held} END, {PLACES})"


def _dimensions_json(score: Score) -> str:
    members = []
    for n, each in enumerate(score.dimensions):
        inner = [f"'\"{score.indicators[i].id}\":', {_indicator_json(score, i)}" for i in _numbers(score, each)]
        within = f"',\"indicators\":{{', {', '.join(_joined(inner))}, '}}'"
        body = _object([("points", f"trim_scale(s.dp{n})"), ("weight", f"trim_scale(s.dw{n})")], within)
        members.append(f"'\"{each.id}\":', {body}")
    return f"concat('{{', {', '.join(_joined(members))}, '}}')::jsonb"


def _joined(members: list[str]) -> list[str]:
    """Members with commas between them."""
    return [f"',', {each}" if n else each for n, each in enumerate(members)]


def _indicator_json(score: Score, n: int) -> str:
    indicator = score.indicators[n]
    names = {"sum": "t", "of": "n", "value": "v", "points": "p", "weight": "w"}
    names |= {"bad": "b"} if indicator.bad else {}
    drawn = score.small_sample == "shrink" and (indicator.proportion or score.strength is not None)
    names |= {"mean": "m", "strength": "s"} if drawn else {}
    pairs = [(name, f"trim_scale(s.{column}{n})") for name, column in names.items()]
    held = [("held", f"s.h{n}")] if score.floor is not None else []
    return _object([*pairs, *held], f"',\"facts\":', s.j{n}")


def _adjustments_json(score: Score) -> str:
    return f"{_object([(each.id, f'trim_scale(s.a{n})') for n, each in enumerate(score.adjustments)])}::jsonb"

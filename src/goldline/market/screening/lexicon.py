"""The lexicon: terms, the clause each one breaks, where it applies, and how to say it honestly.

It is data, in `lexicon/*.toml`, written for this project after the laws. A clause is `unchecked` until
somebody has compared it with the law's own text. Every example and counter-example is a test.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal, get_args

from goldline.core.errors import GoldlineError

Severity = Literal["notice", "serious", "severe"]
Channel = Literal["N", "C", "P", "A", "G", "S"]
Product = Literal[
    "general", "food", "health_food", "infant_formula", "cosmetics", "drug", "medical_device", "alcohol",
    "education", "finance", "jewellery",
]  # fmt: skip
PRODUCTS: Final[tuple[Product, ...]] = get_args(Product)
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)
FORMAT: Final = "1"  # what a version stands for beside the data: how it is read and matched
_GROUP_KEYS: Final = {
    "category", "clause", "market", "lang", "severity", "channels", "only", "unless", "suggestion", "exceptions",
    "homophones",
}  # fmt: skip
_TERM_KEYS: Final = _GROUP_KEYS | {"id", "terms", "example", "counter"}


@dataclass(frozen=True, slots=True)
class Clause:
    """A place in a law. `unchecked`: its number or wording was not compared with the law's own text."""

    id: str
    law: Mapping[str, str]
    article: str
    unchecked: bool = False

    def as_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {"id": self.id, "law": dict(self.law), "article": self.article, "unchecked": self.unchecked}


@dataclass(frozen=True, slots=True)
class Term:
    """One thing not to be said, in all the ways it is said.

    `only` names the kinds of goods it applies to (none: all), `unless` those that may say it. `exceptions` are longer
    phrases that hold it and are allowed, each with why. `homophones` lets two characters be found by sound alone.
    """

    id: str
    terms: tuple[str, ...]
    category: str
    clause: Clause
    market: str
    lang: str
    severity: Severity
    channels: frozenset[Channel]
    example: str
    counter: str
    suggestion: Mapping[str, str]
    only: frozenset[Product] = frozenset()
    unless: frozenset[Product] = frozenset()
    exceptions: tuple[tuple[str, str], ...] = ()
    homophones: bool = False


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Terms, and the version that says exactly which."""

    terms: tuple[Term, ...]
    version: str
    clauses: Mapping[str, Clause] = field(default_factory=dict)

    @property
    def categories(self) -> tuple[str, ...]:
        """All categories, in the order they come."""
        return tuple(dict.fromkeys(term.category for term in self.terms))


@cache
def shipped() -> Lexicon:
    """The lexicon that comes with Goldline."""
    folder = files("goldline.market.screening") / "lexicon"
    sources = {each.name: each.read_text("utf-8") for each in folder.iterdir() if each.name.endswith(".toml")}
    return read(sources)


def read(sources: Mapping[str, str]) -> Lexicon:
    """A lexicon from files by name, `clauses.toml` the clauses. GoldlineError('bad_lexicon') says what is wrong."""
    parsed = {name: _parsed(name, text) for name, text in sorted(sources.items())}
    clauses = {
        id_: Clause(id_, {"en": row["en"], "zh-Hans": row["zh"]}, row["article"], row.get("unchecked", False))
        for id_, row in parsed.pop("clauses.toml", {}).items()
    }
    terms = tuple(term for name, body in parsed.items() for term in _terms(name, body, clauses))
    seen: set[str] = set()
    for term in terms:
        if term.id in seen:
            raise _bad(term.id, "two terms have this id", "Give each its own.")
        seen.add(term.id)
    digest = hashlib.sha256(FORMAT.encode())
    for name in sorted(sources):
        digest.update(name.encode() + b"\0" + sources[name].encode() + b"\0")
    return Lexicon(terms, digest.hexdigest()[:16], clauses)


def _parsed(name: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise _bad(name, f"this is not TOML: {fault}", "Mend it there.") from None


def _terms(name: str, body: Mapping[str, Any], clauses: Mapping[str, Clause]) -> Iterator[Term]:
    for group in body.get("group", []):
        shared = {key: value for key, value in group.items() if key != "term"}
        for row in group.get("term", []):
            yield _term(name, {**shared, **row, "exceptions": _exceptions(shared, row)}, clauses)


def _exceptions(shared: Mapping[str, Any], row: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    both = [*shared.get("exceptions", {}).items(), *row.get("exceptions", {}).items()]
    return tuple((phrase, reason) for reason, phrases in both for phrase in phrases)


def _term(name: str, row: Mapping[str, Any], clauses: Mapping[str, Clause]) -> Term:
    where = f"{name}: {row.get('id', row.get('terms'))}"
    unknown = set(row) - _TERM_KEYS
    missing = {"id", "terms", "category", "clause", "severity", "suggestion", "example", "counter"} - set(row)
    if unknown or missing:
        fault = f"does not know {sorted(unknown)}" if unknown else f"lacks {sorted(missing)}"
        raise _bad(where, f"the term {fault}", "See docs/screening.md for what a term holds.")
    if row["clause"] not in clauses or row["severity"] not in SEVERITIES:
        raise _bad(where, f"no clause {row['clause']!r} or severity {row['severity']!r}", "See clauses.toml.")
    goods = {*row.get("only", ()), *row.get("unless", ())} - set(PRODUCTS)
    if goods:
        raise _bad(where, f"no kind of goods is called {sorted(goods)}", f"There are {', '.join(PRODUCTS)}.")
    return Term(
        row["id"], tuple(row["terms"]), row["category"], clauses[row["clause"]], row.get("market", "cn"),
        row.get("lang", "zh"), row["severity"], frozenset(row.get("channels", "NCPA")), row["example"], row["counter"],
        {"en": row["suggestion"]["en"], "zh-Hans": row["suggestion"]["zh"]}, frozenset(row.get("only", ())),
        frozenset(row.get("unless", ())), row["exceptions"], row.get("homophones", False),
    )  # fmt: skip


def _bad(where: str, message: str, hint: str) -> GoldlineError:
    return GoldlineError(f"{message}.", code="bad_lexicon", where=where, hint=hint)


def widened(lexicon: Lexicon, further: tuple[Term, ...]) -> Lexicon:
    """With an operator's own terms."""
    names = "\0".join(f"{term.id}\0{term.terms}" for term in further)
    version = hashlib.sha256(f"{lexicon.version}\0{names}".encode()).hexdigest()[:16]
    return replace(lexicon, terms=lexicon.terms + further, version=version)

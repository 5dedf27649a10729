"""Packs: a rule book as TOML, loaded whole or refused whole with everything that is wrong in it.

A pack is one file, or a folder whose `policies.toml` names the further files its promises are written in; each file may
have its cases beside it: `cases.toml` for the first, `shipping.cases.toml` for `shipping.toml`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from goldline.core.errors import GoldlineError
from goldline.core.facts.subject import Vocabulary
from goldline.core.money import EXPONENTS, Money
from goldline.core.money import exponent as exponent_of
from goldline.core.policy import clause
from goldline.core.policy.appeal import Terms, read_terms
from goldline.core.policy.campaign import Campaign, read_campaign
from goldline.core.policy.decision import Asleep, Decision
from goldline.core.policy.decision_clause import check_names, decisions
from goldline.core.policy.definition import NOTHING, Definitions
from goldline.core.policy.diagnostic import PolicyError, Source, nearest
from goldline.core.policy.document import read
from goldline.core.policy.ladder import Gate, Ladder, read_gate, read_ladder
from goldline.core.policy.parameter import Parameter, read_parameters
from goldline.core.policy.promise import Dormant, Promise
from goldline.core.policy.score import Score, read_scores, readable
from goldline.core.policy.table import Table
from goldline.core.policy.tariff import Tariff, read_tariffs

_Read = TypeVar("_Read")
AccountArticle = Ladder | Gate | Score | Terms | Campaign
Article = AccountArticle | Decision
FILE: Final = "policies.toml"
CASES_FILE: Final = "cases.toml"
LARGEST_BYTES: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class Pack:
    """A loaded rule book. `bodies` are the [[promise]] tables as JSON values, one for each of `promises`.

    `written` are all promises, those too that are not in force because a parameter has no value; `dormant` says which.
    `articles` are its ladders, gates, scores, terms of appeal and decisions, each with its table as JSON values, and
    `asleep` is what of the decisions waits for a parameter.
    """

    id: str
    currency: str
    zone: str
    title: Mapping[str, str]
    promises: tuple[Promise, ...]
    bodies: tuple[Mapping[str, Any], ...]
    path: Path
    vocabulary: Vocabulary
    dormant: tuple[Dormant, ...] = ()
    written: tuple[Promise, ...] = ()
    definitions: Definitions = NOTHING
    files: tuple[Path, ...] = ()
    articles: tuple[tuple[Article, Mapping[str, Any]], ...] = ()

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """Its decisions, every version."""
        return tuple(each for each, _ in self.articles if isinstance(each, Decision))

    @property
    def asleep(self) -> tuple[Asleep, ...]:
        """The grounds and limits of its decisions that wait for a parameter."""
        return tuple(part for each in self.decisions for part in each.asleep)

    def versions(self, policy: str) -> tuple[Promise, ...]:
        """Every version of one promise, by its full name or its id."""
        return tuple(each for each in self.promises if policy in (each.policy, each.id))

    @property
    def ladders(self) -> tuple[Ladder, ...]:
        """Its ladders, every version."""
        return tuple(each for each, _ in self.articles if isinstance(each, Ladder))

    @property
    def gates(self) -> tuple[Gate, ...]:
        """Its gates."""
        return tuple(each for each, _ in self.articles if isinstance(each, Gate))

    @property
    def scores(self) -> tuple[Score, ...]:
        """Its scores, every version."""
        return tuple(each for each, _ in self.articles if isinstance(each, Score))

    @property
    def campaigns(self) -> tuple[Campaign, ...]:
        """Its campaigns."""
        return tuple(each for each, _ in self.articles if isinstance(each, Campaign))

    @property
    def case_files(self) -> tuple[Path, ...]:
        """The files with cases beside the pack's own files: those that are there."""
        beside = [self.path.parent / CASES_FILE, *(each.with_suffix(f".{CASES_FILE}") for each in self.files)]
        return tuple(each for each in beside if each.is_file())


def load(path_or_name: str | Path, vocabulary: Vocabulary) -> Pack:
    """Load a pack from a file, a folder that holds policies.toml, or by the name of one that comes with the package.

    Raises `PolicyError` with every fault, or GoldlineError('pack_missing') when there is no such pack.
    """
    path = locate(path_or_name)
    return parse_pack(read_text(path), str(path_or_name if path_or_name == path else path), path, vocabulary)


def available() -> dict[str, Path]:
    """The packs that come with the package, by name: any room of the house may keep some."""
    house = Path(__file__).parents[2]
    return {path.parent.name: path for path in sorted(house.glob(f"*/packs/*/{FILE}"))}


def locate(path_or_name: str | Path) -> Path:
    """The policy file a path or a name means."""
    path = Path(path_or_name)
    if path.is_dir() and (path / FILE).is_file():
        return path / FILE
    if path.is_file():
        return path
    if path.is_dir():
        hint = f"Put the policies into a file of that name in it: {path / FILE}."
        raise GoldlineError(f"The folder '{path}' holds no {FILE}.", code="pack_missing", hint=hint)
    known = available()
    if str(path_or_name) in known:
        return known[str(path_or_name)]
    hint = nearest(str(path_or_name), known) or f"Packs here: {', '.join(known) or 'none'}."
    raise GoldlineError(f"There is no policy pack '{path_or_name}'.", code="pack_missing", hint=hint)


def read_text(path: Path) -> str:
    """The text of a policy or case file. Raises GoldlineError('pack_unreadable') when it is no UTF-8 text."""
    try:
        raw = path.read_bytes()
        if len(raw) > LARGEST_BYTES:
            raise GoldlineError("The file is larger than 2 MB.", code="pack_unreadable", where=str(path))
        return raw.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        message = f"The file is not UTF-8 text (byte {error.start})."
        hint = "Save it as UTF-8."
        raise GoldlineError(message, code="pack_unreadable", where=str(path), hint=hint) from None
    except OSError as error:
        message = f"The file cannot be read: {error.strerror}."
        raise GoldlineError(message, code="pack_unreadable", where=str(path)) from None


def parse_pack(text: str, file: str, path: Path, vocabulary: Vocabulary) -> Pack:
    """A pack from its text; `file` names it in diagnostics. Raises `PolicyError` with every fault."""
    chain = _chain(text, file, path)
    pack = _pack(chain, path, vocabulary) if chain else None
    faults = [fault for book in chain for root in book.roots for fault in root.document.source.diagnostics]
    if faults:
        raise PolicyError(faults)
    if pack is None:
        raise AssertionError("a pack is refused only with a reason")
    return pack


@dataclass(frozen=True, slots=True)
class _Book:
    """One pack of a chain of extensions: its [pack] table, the root table of each of its files, the further files."""

    head: Table
    roots: tuple[Table, ...]
    files: tuple[Path, ...]

    def tables(self, key: str) -> list[Table]:
        """The tables of a kind over all its files, in order of the files."""
        return [table for root in self.roots for table in root.tables(key, key)]


def _chain(text: str, file: str, path: Path) -> list[_Book]:
    """The book and those it extends, the farthest first. A fault that stops the reading is raised with the rest."""
    book = _book(text, file, path)
    base = book.head.text("extends")
    chain, seen = [book], {path.resolve()}
    while base is not None:
        found = _base(base, path)
        if found is None or found.resolve() in seen:
            chain[0].head.report("extends", f"the pack '{base}' cannot be extended here", _EXTENDS_HINT)
            break
        seen.add(found.resolve())
        path = found
        chain.insert(0, _book(read_text(found), str(found), found))
        base = chain[0].head.text("extends")
    return chain


_EXTENDS_HINT: Final = "name a pack that comes with Goldline, or a folder or file beside this one"


def _base(name: str, path: Path) -> Path | None:
    beside = path.parent / name
    try:
        return locate(beside if beside.exists() and beside.resolve() != path.parent.resolve() else name)
    except GoldlineError:
        return None


def _book(text: str, file: str, path: Path) -> _Book:
    root = _root(text, file, _TABLES | {"pack"})
    head = root.table("pack")
    if head is None:
        root.document.source.report(0, 1, "the file has no [pack] table", 'start with [pack] id = "…", currency = "…"')
        root.document.source.raise_faults()
        raise AssertionError("unreachable")
    files = _files(head, path)
    parts = [_root(read_text(each), str(Path(file).with_name(each.name)), _TABLES) for each in files]
    return _Book(head, (root, *parts), files)


_TABLES: Final = {
    "appeal",
    "campaign",
    "decision",
    "gate",
    "ladder",
    "parameters",
    "promise",
    "rule",
    "score",
    "tariff",
}


def _root(text: str, file: str, keys: set[str]) -> Table:
    """The root table of one file. Raises `PolicyError` when it is no TOML."""
    source = Source(file, text)
    document = read(source)
    source.raise_faults()
    assert document is not None, "without a fault there is a document"
    root = Table(document, (), document.values)
    root.allow(sorted(keys), "a policy file")
    return root


def _files(head: Table, path: Path) -> tuple[Path, ...]:
    """The further files a pack names, beside its first; those that are missing are noted."""
    found = []
    for name in head.texts("files"):
        beside = path.parent / name
        if "/" in name or not name.endswith(".toml") or not beside.is_file():
            hint = "name files that lie beside this one, like shipping.toml"
            head.report("files", f"there is no file '{name}' beside it", hint)
        else:
            found.append(beside)
    return tuple(found)


def _pack(chain: list[_Book], path: Path, vocabulary: Vocabulary) -> Pack | None:
    own = chain[-1]
    own_id, title = _identity(own.head, extending=len(chain) > 1)
    # Even with a broken head the promises are read, so that all faults come at once.
    currency = _inherited(chain, _currency) or "EUR"
    definitions = _definitions(chain)
    cap_minor = _inherited(chain, lambda head: _cap(head, currency, definitions))

    def setting_of(book: _Book) -> clause.Setting:
        zone = (_inherited(chain[: chain.index(book) + 1], _zone) or ("UTC", UTC))[1]
        return clause.Setting(own_id or "pack", currency, zone, vocabulary, definitions, cap_minor)

    tables, settings = _set(_overlaid(chain, "promise", "rule"), setting_of)
    asked, asked_settings = _set(_overlaid(chain, "decision"), setting_of)
    if not tables and not asked and not _has_promises(chain):
        own.head.document.source.report(0, 1, "the file has no promises", "add a [[promise]] table")
    found = clause.promises(tables, settings)
    decided = decisions(asked, asked_settings)
    check_names(asked, decided, found)
    ruled = [
        (decision, body(table.values, decision, setting))
        for table, decision, setting in zip(asked, decided, asked_settings, strict=True)
        if decision is not None
    ]
    read_ones = [
        (promise, body(table.values, promise, setting))
        for table, promise, setting in zip(tables, found, settings, strict=True)
        if promise is not None
    ]
    name = (_inherited(chain, _zone) or ("UTC", UTC))[0]
    whole = clause.Setting(own_id or "pack", currency, zone_of(name), vocabulary, definitions)
    articles, sleeping = _articles(chain, whole, read_ones)
    dormant = (*(each for promise, _ in read_ones for each in promise.dormant), *sleeping)
    awake = [(promise, written) for promise, written in read_ones if promise.in_force]
    return Pack(
        own_id or "pack", currency, name, title, tuple(p for p, _ in awake), tuple(b for _, b in awake), path,
        vocabulary, dormant, tuple(p for p, _ in read_ones), definitions, own.files, (*articles, *ruled),
    )  # fmt: skip


def _has_promises(chain: list[_Book]) -> bool:
    return any({"promise", "rule"} & set(root.values) for book in chain for root in book.roots)


def _set(
    books: list[tuple[_Book, list[Table]]], setting_of: Callable[[_Book], clause.Setting]
) -> tuple[list[Table], list[clause.Setting]]:
    """The tables of all books, and for each the setting of its book."""
    pairs = [(table, setting_of(book)) for book, tables in books for table in tables]
    return [table for table, _ in pairs], [setting for _, setting in pairs]


def zone_of(name: str) -> tzinfo:
    """The time zone of a pack by its name."""
    return UTC if name == "UTC" else ZoneInfo(name)


def _articles(
    chain: list[_Book], setting: clause.Setting, promises: list[tuple[Promise, Mapping[str, Any]]]
) -> tuple[tuple[tuple[AccountArticle, Mapping[str, Any]], ...], list[Dormant]]:
    """The ladders, gates, scores and terms of appeal, those of a nearer book in place of the same ids farther away.

    A score sleeps while a parameter it names has no value, and a gate that asks for it sleeps with it.
    """
    rules = {promise.id: promise.subject for promise, _ in promises if promise.kind == "rule"}
    tables = {key: _nearest(chain, key) for key in ("ladder", "score", "gate")}
    scores = read_scores(tables["score"], setting)
    standing = [each for each in scores if each is not None]
    found: list[tuple[Table, AccountArticle | None]] = [(t, read_ladder(t, setting, rules)) for t in tables["ladder"]]
    found += zip(tables["score"], scores, strict=True)
    found += [(table, read_gate(table, setting, readable(standing))) for table in tables["gate"]]
    found += [(table, read_terms(table, setting)) for table in _nearest(chain, "appeal")]
    found += [(table, read_campaign(table, setting)) for table in _nearest(chain, "campaign")]
    awake: list[tuple[AccountArticle, Mapping[str, Any]]] = []
    asleep: list[Dormant] = []
    for table, article in found:
        lacks = _lacking(article, setting, standing)
        if article is not None and lacks:
            asleep.append(Dormant(article.policy, article.version, None, lacks))
        elif article is not None:
            awake.append((article, article_body(table.values, article, setting)))
    return tuple(awake), asleep


def _lacking(article: AccountArticle | None, setting: clause.Setting, scores: list[Score]) -> tuple[str, ...]:
    """The parameters without a value that keep an article from being in force."""
    if isinstance(article, Score | Campaign):
        return setting.definitions.unset(article.uses)
    if isinstance(article, Gate) and article.requires is not None:
        asked = [each.uses for each in scores if each.policy == article.score]
        return setting.definitions.unset(article.requires.uses.union(*asked))
    return ()


def article_body(values: Mapping[str, Any], article: AccountArticle, setting: clause.Setting) -> Mapping[str, Any]:
    """A [[ladder]], [[score]], [[gate]], [[appeal]] or [[campaign]] table as JSON values that read back the same."""
    zone = {} if isinstance(article, Gate) else {"zone": article.zone}
    figures: dict[str, Any] = _plain(setting.definitions.body(article.uses))
    return {**_plain(values), **figures, **zone, "currency": setting.currency}


def _nearest(chain: list[_Book], key: str) -> list[Table]:
    kept: list[Table] = []
    taken: set[str] = set()
    for book in reversed(chain):
        own = book.tables(key)
        kept = [*(each for each in own if each.values.get("id") not in taken), *kept]
        taken |= {str(each.values.get("id")) for each in own}
    return kept


_HEAD_KEYS: Final = ("id", "currency", "title", "zone", "extends", "files", "parameters", "cap")


def _identity(head: Table, *, extending: bool) -> tuple[str | None, Mapping[str, str]]:
    head.allow(_HEAD_KEYS, "[pack]")
    head.require(("id", "title") if extending else ("id", "currency", "title"), "[pack]")
    own_id, title = clause.usable_id(head, "id"), head.words("title")
    if own_id is not None and len(own_id) > _LONGEST_PACK:
        head.report("id", f"'{own_id}' is too long", f"a pack's id has {_LONGEST_PACK} characters at most")
    return own_id, title


def _inherited(chain: list[_Book], read_one: Callable[[Table], _Read | None]) -> _Read | None:
    """What the nearest book says."""
    return next((found for book in reversed(chain) if (found := read_one(book.head)) is not None), None)


def _definitions(chain: list[_Book]) -> Definitions:
    parameters: dict[str, Parameter] = {}
    tariffs: dict[str, Tariff] = {}
    for book in chain:
        for table in (book.head.table("parameters"), *(root.table("parameters") for root in book.roots)):
            parameters = read_parameters(table, parameters)
        tariffs |= read_tariffs(book.tables("tariff"), clause.usable_id)
    return Definitions(parameters, tariffs)


def _cap(head: Table, currency: str, definitions: Definitions) -> int | None:
    """The most that may be charged on one subject: an amount, or the name of a parameter that holds it."""
    value, exponent = head.values.get("cap"), exponent_of(currency)
    named = definitions.parameters.get(value) if isinstance(value, str) else None
    if named is None:
        return head.minor("cap", exponent)
    if named.kind != "money":
        head.report("cap", f"'{named.name}' is of type {named.kind}", "a cap needs a parameter of type money")
        return None
    return int(Decimal(named.value).scaleb(exponent)) if named.value is not None else None


def _overlaid(chain: list[_Book], *kinds: str) -> list[tuple[_Book, list[Table]]]:
    """The promises or decisions of each book, without those that a nearer one writes anew under the same id."""
    kept: list[tuple[_Book, list[Table]]] = []
    taken: set[str] = set()
    for book in reversed(chain):
        own = [table for kind in kinds for table in book.tables(kind)]
        kept.insert(0, (book, [each for each in own if each.values.get("id") not in taken]))
        taken |= {str(each.values.get("id")) for each in own}
    return kept


_LONGEST_PACK = 20


def _currency(head: Table) -> str | None:
    code = head.text("currency")
    if code is None or code in EXPONENTS:
        return code
    head.report("currency", f"unknown currency '{code}'", nearest(code, EXPONENTS) or "use an ISO 4217 code: CNY, BRL")
    return None


def _zone(head: Table) -> tuple[str, tzinfo] | None:
    name = head.text("zone")
    if name is None:
        return None
    try:
        return name, ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        head.report("zone", f"unknown time zone '{name}'", "use an IANA name such as Asia/Shanghai")
        return "UTC", UTC


def body(values: Mapping[str, Any], promise: Promise | Decision, setting: clause.Setting) -> Mapping[str, Any]:
    """A [[promise]] or [[decision]] table as JSON values that read back the same: dates resolved, amounts as texts."""
    plain: dict[str, Any] = _plain(values)
    if promise.by:
        bounds = {"from": promise.effective_from, "until": promise.effective_until}
        plain["effective"] = {key: at.isoformat() for key, at in bounds.items() if at} | {"by": promise.by}
    if isinstance(promise, Promise) and promise.cap_minor is not None:
        plain["cap"] = Money(promise.cap_minor, setting.currency).decimal()
    zone = {} if isinstance(promise, Promise) or promise.zone == "UTC" else {"zone": promise.zone}
    return {**plain, **_plain(setting.definitions.body(promise.uses)), **zone, "currency": setting.currency}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, (date, datetime)) else value

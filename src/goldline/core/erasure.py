"""Erasure: a consumer's identifier is replaced by a pseudonym wherever it is kept, on the consumer's request.

What happened, was promised and was paid stays, and the books still balance; only who it was about cannot be told any
more. What is still owed is paid first. The pseudonym is made from the identifier with the installation's secret, so a
second run, after late events, gives the same one, and nobody without the secret can try identifiers. The audit trail
is never rewritten: its records hold no consumer's identifier, and one that did would be counted as left.

Source: the EU's GDPR, article 17; China's Personal Information Protection Law, article 47.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, LiteralString

import psycopg
from psycopg import Connection, sql
from psycopg.types.json import Jsonb

from goldline.core import audit
from goldline.core.account.statement import digest_of
from goldline.core.errors import GoldlineError
from goldline.core.facts.subject import Vocabulary
from goldline.core.policy.consequence import CONSUMER

PURPOSE: Final = b"goldline erasure"
LONGEST: Final = 200
# Places where an identifier stands for itself: a subject's key, the root of parked events.
KEYS: Final = ("key", "root")
# Whose a key is, in tables that hold the keys of several kinds of subject: ids of an order and a consumer may be equal.
OF_KIND: Final[dict[str, LiteralString]] = {
    "finding": "subject = ANY({kinds})",
    "wake": "subject = ANY({kinds})",
    "remedy": "EXISTS (SELECT 1 FROM finding f WHERE f.id = finding_id AND f.subject = ANY({kinds}))",
    "decision": "question = ANY({questions})",
}
NOTED: Final = "noted_"
ALL_ROWS: Final = sql.SQL("true")
# Words of people and machines, in which an identifier may be quoted.
WORDS: Final = ("words", "answer", "asked_words", "held_why", "why", "reason", "detail", "event_id", "name")
# Never rewritten: the trail is chained, what a member named is a member's, and a file is whole or gone.
KEPT: Final = (("audit", "detail"), ("audit", "subject"), ("evidence", "body"))
LEAST_QUOTED: Final = 6  # characters: a shorter identifier is any word, and is not looked for in words


@dataclass(slots=True)
class Erased:
    """What was replaced, in rows by table, and what still names the consumer and a person must look at."""

    pseudonym: str
    replaced: dict[str, int] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Rows and values replaced."""
        return sum(self.replaced.values())


@dataclass(frozen=True, slots=True)
class _Column:
    """One column of one table that may hold text: `kind` is its SQL type, `family` the table without its partition."""

    table: str
    name: str
    kind: str

    @property
    def family(self) -> str:
        return re.sub(r"_p\d+$", "", self.table)


def pseudonym_of(consumer_id: str, secret: str) -> str:
    """The name that stands for a consumer afterwards: always the same, and not to be led back without the secret."""
    key = hmac.digest(secret.encode(), PURPOSE, "sha256")
    return f"erased-{hmac.digest(key, consumer_id.encode(), 'sha256').hex()[:24]}"


def rehearse(connection: Connection[Any], vocabulary: Vocabulary, consumer_id: str, secret: str) -> Erased:
    """What would be replaced and what would be left, exactly. Everything is done and rolled back.

    Raises what erasing would raise.
    """
    with connection.transaction(force_rollback=True):
        return _replace(connection, vocabulary, consumer_id, secret)


def erase(
    connection: Connection[Any], vocabulary: Vocabulary, consumer_id: str, secret: str, actor: audit.Actor,
    now: datetime,
) -> Erased:  # fmt: skip
    """Replace the identifier everywhere, in the caller's transaction, with its record in the audit trail.

    Steps wait meanwhile. Reads every table once. Raises GoldlineError: 'invalid', 'owed', 'not_found'.
    """
    done = _replace(connection, vocabulary, consumer_id, secret)
    detail: audit.Detail = {"rows": done.rows, "left": sum(done.left.values()), "tables": sorted(done.replaced)}
    audit.record(connection, actor, "consumer.erase", f"consumer:{done.pseudonym}", detail, now)
    return done


def _replace(connection: Connection[Any], vocabulary: Vocabulary, consumer_id: str, secret: str) -> Erased:
    if not consumer_id.strip() or len(consumer_id) > LONGEST or "\x00" in consumer_id:
        raise GoldlineError(f"A consumer's identifier has 1 to {LONGEST} characters.", code="invalid")
    # As publishing does: no step folds what is being rewritten.
    connection.execute("SELECT epoch FROM ruleset FOR UPDATE")
    _check_paid(connection, consumer_id)
    done = Erased(pseudonym_of(consumer_id, secret))
    rewriting = _Rewriting(vocabulary, consumer_id, done.pseudonym)
    columns = list(_columns(connection))
    for column in columns:
        if (column.family, column.name) not in KEPT:
            changed = _rewrite(connection, column, rewriting)
            if changed:
                done.replaced[column.family] = done.replaced.get(column.family, 0) + changed
    if not done.rows:
        raise GoldlineError(
            "Nothing is kept of that consumer.", code="not_found", hint="Was it erased already? Is it spelt as sent?"
        )
    _seal_statements(connection, done.pseudonym)
    for column in columns:
        number = sum(1 for _, value in _holding(connection, column, consumer_id) if rewriting.names_it(value))
        if number:
            place = f"{column.family}.{column.name}"
            done.left[place] = done.left.get(place, 0) + number
    return done


def _check_paid(connection: Connection[Any], consumer_id: str) -> None:
    """What is owed to a consumer is paid under the name the provider knows, so it comes first."""
    row = connection.execute(
        "SELECT count(*) FROM remedy WHERE payee = %s AND state IN ('accrued', 'unknown', 'held')",
        (f"{CONSUMER}:{consumer_id}",),
    ).fetchone()
    if row is not None and row[0]:
        raise GoldlineError(
            f"{row[0]} remedies of this consumer are not settled yet.", code="owed",
            hint="Have them paid or refused first; what is owed could not be paid to a pseudonym.",
        )  # fmt: skip


def _columns(connection: Connection[Any]) -> Iterator[_Column]:
    """Every column of the record that can hold a text."""
    rows = connection.execute(
        "SELECT c.relname, a.attname, format_type(a.atttypid, NULL) FROM pg_class c JOIN pg_attribute a"
        " ON a.attrelid = c.oid WHERE c.relnamespace = 'goldline'::regnamespace AND c.relkind = 'r' AND a.attnum > 0"
        " AND NOT a.attisdropped AND format_type(a.atttypid, NULL) IN ('text', 'text[]', 'jsonb', 'bytea')"
        " ORDER BY c.relname, a.attnum"
    ).fetchall()
    return (_Column(*row) for row in rows)


_AS_TEXT: Final = {"text": "{0}", "text[]": "array_to_string({0}, ' ')", "jsonb": "{0}::text"}


def _holding(
    connection: Connection[Any], column: _Column, consumer_id: str, rows: sql.Composable = ALL_ROWS
) -> list[tuple[Any, Any]]:
    """The rows in whose value the identifier occurs anywhere, by their place, locked."""
    name, table = sql.Identifier(column.name), sql.Identifier(column.table)
    if column.kind == "bytea":
        found, sought = sql.SQL("position(%s::bytea IN {0}) > 0").format(name), _bytes(consumer_id)
        condition = sql.SQL(" OR ").join([found] * len(sought))
        values: list[Any] = sought
    else:
        condition = sql.SQL("strpos(" + _AS_TEXT[column.kind] + ", %s) > 0").format(name)
        values = [json.dumps(consumer_id, ensure_ascii=False)[1:-1] if column.kind == "jsonb" else consumer_id]
    statement = sql.SQL("SELECT ctid::text, {0} FROM {1} WHERE ({2}) AND {3} FOR UPDATE").format(
        name, table, condition, rows
    )
    return connection.execute(statement, values).fetchall()


def _bytes(consumer_id: str) -> list[bytes]:
    """The identifier as it may stand in JSON, with and without escapes."""
    forms = {json.dumps(consumer_id, ensure_ascii=ascii_only)[1:-1].encode() for ascii_only in (True, False)}
    return sorted(forms)


def _rewrite(connection: Connection[Any], column: _Column, rewriting: _Rewriting) -> int:
    change = rewriting.change(column)
    changed = 0
    for place, value in _holding(connection, column, rewriting.consumer_id, rewriting.own_rows(column)):
        fresh = change(value)
        if fresh == value:
            continue
        changed += 1
        try:
            with connection.transaction():
                _set(connection, column, place, Jsonb(fresh) if column.kind == "jsonb" else fresh)
        except psycopg.errors.UniqueViolation:
            # Erased before and sent again since: the pseudonym has its row, and this one goes.
            connection.execute(
                sql.SQL("DELETE FROM {0} WHERE ctid = %s::tid").format(sql.Identifier(column.table)), (place,)
            )
    return changed


def _set(connection: Connection[Any], column: _Column, place: str, value: Any) -> None:
    table, name = sql.Identifier(column.table), sql.Identifier(column.name)
    connection.execute(sql.SQL("UPDATE {0} SET {1} = %s WHERE ctid = %s::tid").format(table, name), (value, place))


@dataclass(frozen=True, slots=True)
class _Rewriting:
    """How a value is rewritten, by where it stands: an identifier may be another's elsewhere, say a merchant's."""

    vocabulary: Vocabulary
    consumer_id: str
    pseudonym: str

    @property
    def names(self) -> frozenset[str]:
        """Facts and fields that hold a consumer's identifier."""
        return frozenset(
            fact for subject in self.vocabulary for party, fact in subject.parties.items() if party == CONSUMER
        )

    def change(self, column: _Column) -> Callable[[Any], Any]:
        """What is done with the values of a column."""
        if column.kind == "jsonb":
            return self._json
        if column.kind == "bytea":
            return self._raw
        exact = column.name in self.names or (column.name in KEYS and self._is_own(column))
        quoted = column.name in WORDS and len(self.consumer_id) >= LEAST_QUOTED
        return lambda value: self._texts(value, exact=exact, quoted=quoted)

    @property
    def _kinds(self) -> list[str]:
        """Subjects whose key is a consumer's identifier."""
        return sorted(subject.kind for subject in self.vocabulary if subject.key in self.names)

    def _is_own(self, column: _Column) -> bool:
        """Whether the keys of a table may be consumers': an order or a parcel of the same id keeps its own.

        Where a row does not say whose its key is, an identifier as short as an order's is left alone.
        """
        if column.family.startswith(("fact_", NOTED)):
            return column.family in {f"fact_{kind}" for kind in self._kinds}
        return column.family in OF_KIND or len(self.consumer_id) >= LEAST_QUOTED

    def own_rows(self, column: _Column) -> sql.Composable:
        """The rows of a table whose keys are consumers', where rows say of what subject they are."""
        if column.name not in KEYS or column.family not in OF_KIND:
            return ALL_ROWS
        kinds = self._kinds
        questions = [name for name, question in self.vocabulary.questions.items() if question.of.kind in kinds]
        return sql.SQL(OF_KIND[column.family]).format(kinds=sql.Literal(kinds), questions=sql.Literal(questions))

    def _texts(self, value: Any, *, exact: bool, quoted: bool) -> Any:
        if isinstance(value, list):
            return [self._texts(each, exact=exact, quoted=quoted) for each in value]
        if not isinstance(value, str):
            return value
        if value == f"{CONSUMER}:{self.consumer_id}":
            return f"{CONSUMER}:{self.pseudonym}"
        if exact and value == self.consumer_id:
            return self.pseudonym
        return self._word.sub(lambda _: self.pseudonym, value) if quoted else value

    @property
    def _word(self) -> re.Pattern[str]:
        return re.compile(rf"(?<![\w-]){re.escape(self.consumer_id)}(?![\w-])")

    def _json(self, value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: self._json(each, key) for key, each in value.items()}
        if isinstance(value, list):
            return [self._json(each, name) for each in value]
        return self._texts(value, exact=name in self.names, quoted=name in WORDS)

    def _raw(self, value: bytes) -> bytes:
        """JSON as it came, byte for byte but for the identifier: events are compared by their content."""
        fields = b"|".join(re.escape(name.encode()) for name in sorted(self.names))
        for form in _bytes(self.consumer_id):
            own, fresh = re.escape(form), self.pseudonym.encode()
            value = re.sub(rb'("(?:' + fields + rb')"\s*:\s*")' + own + rb'"', rb"\g<1>" + fresh + rb'"', value)
            value = re.sub(rb'"consumer:' + own + rb'"', b'"consumer:' + fresh + b'"', value)
        return value

    def names_it(self, value: Any) -> bool:
        """Whether the identifier stands in a value as a word of its own."""
        text = value.decode(errors="replace") if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False)
        return self._word.search(text) is not None


def _seal_statements(connection: Connection[Any], pseudonym: str) -> None:
    """A statement of reasons that was rewritten has the digest of what it says now."""
    rows = connection.execute(
        "SELECT sanction_id, content FROM statement_of_reasons WHERE strpos(content::text, %s) > 0", (pseudonym,)
    ).fetchall()
    for ident, content in rows:
        connection.execute(
            "UPDATE statement_of_reasons SET digest = %s WHERE sanction_id = %s", (digest_of(content), ident)
        )

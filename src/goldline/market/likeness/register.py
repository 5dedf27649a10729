"""The register: what was published so far and its clusters, to which more is added in any order, as often as one likes.

The clusters it keeps are those that `group` would find in all texts at once, because a pair's likeness depends on the
pair alone: a newcomer is compared with every text that shares a band with it, and clusters only ever grow together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final
from uuid import UUID

import numpy as np
from psycopg import Connection

from goldline.core.account.review import Opening, open_case
from goldline.core.account.trail import record
from goldline.market.likeness.caption import Caption, Normalise, plain
from goldline.market.likeness.cluster import Method, Search
from goldline.market.likeness.production import ContentCluster, Scale, content_cluster
from goldline.market.likeness.signature import band

LOCK: Final = 0x601D_11E6
CASE_KIND: Final = "content_cluster"
MEMBERS_MOST: Final = 10_000  # read of one cluster for its score and its page; the earliest
_EVERY: Final = 1 << 40  # rounds: what is kept is exact, however full a band


@dataclass(frozen=True, slots=True)
class CaseTerms:
    """From when a cluster is a case; the operator's own figures. `points_least` of 100, and so many items, accounts."""

    points_least: int
    items_least: int
    accounts_least: int


@dataclass(frozen=True, slots=True)
class Added:
    """What became of items: the cluster of each (None where nothing is left of its words), and cases opened."""

    clusters: dict[str, UUID | None]
    cases: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Register:
    """How texts are brought to their plain form and compared. A register's rows are all of one such choice."""

    normalise: Normalise = plain
    method: Method = field(default_factory=Method)
    scale: Scale = field(default_factory=Scale)

    def add(
        self, connection: Connection[Any], items: Sequence[Caption], now: datetime, terms: CaseTerms | None = None
    ) -> Added:
        """Add items, say the cluster of each, and open a case for each of these clusters that fulfils the terms.

        Where clusters that have cases grow together, the case opened first stays, and those that wait beside it are
        dropped. In the caller's transaction; others who add wait for its end. Adding again changes nothing.
        """
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        texts = self.normalise([item.text for item in items])
        prints = {text: fingerprint(text) for text in texts if text}
        fresh = _insert_texts(connection, prints)
        self._connect(connection, fresh)
        _insert_items(connection, items, [prints.get(text) for text in texts])
        clusters = _clusters(connection, [item.id for item in items])
        names = sorted({name for name in clusters.values() if name})
        cases = self._open_cases(connection, names, now, terms) if terms else ()
        _drop_surplus(connection, names, now)
        return Added(clusters, cases)

    def cluster(self, connection: Connection[Any], name: UUID) -> ContentCluster | None:
        """One cluster with its members; None when there is none of that name."""
        rows = connection.execute(
            "SELECT i.id, i.account, i.at, i.words, t.plain FROM likeness_text t JOIN likeness_item i"
            " USING (fingerprint) WHERE t.cluster = %s ORDER BY i.at, i.id LIMIT %s",
            (name, MEMBERS_MOST),
        ).fetchall()
        if not rows:
            return None
        return content_cluster(str(name), [Caption(*row[:4]) for row in rows], [row[4] for row in rows], self.scale)

    def names(self, connection: Connection[Any], ids: Sequence[str]) -> list[UUID]:
        """The clusters of these items that hold more than one item, in order."""
        rows = connection.execute(
            "SELECT t.cluster FROM likeness_text t JOIN likeness_item i USING (fingerprint) WHERE t.cluster IN (SELECT"
            " o.cluster FROM likeness_item j JOIN likeness_text o USING (fingerprint) WHERE j.id = ANY(%s))"
            " GROUP BY t.cluster HAVING count(*) > 1 ORDER BY 1",
            (list(ids),),
        )
        return [name for (name,) in rows]

    def _connect(self, connection: Connection[Any], fresh: dict[UUID, str]) -> None:
        """Give newcomers their bands, compare them with whom they meet, and let clusters grow together."""
        if not fresh:
            return
        own = list(fresh)
        keys = self._bands(list(fresh.values()))
        with connection.cursor().copy("COPY likeness_band (key, fingerprint) FROM STDIN") as copy:
            for print_, row in zip(own, keys, strict=True):
                for key in sorted(set(row)):
                    copy.write_row((key, print_))
        met = _met(connection, {key for row in keys for key in row}, own)
        search = Search([*fresh.values(), *(text for _, text, _ in met)], replace(self.method, rounds_most=_EVERY))
        names = [*own, *(cluster for _, _, cluster in met)]
        _join_known(search, names, len(own))
        search.run()
        _rename(connection, names, search)

    def _bands(self, texts: Sequence[str]) -> list[list[int]]:
        """The keys of each text, as signed numbers; none for one too short to be compared."""
        rows = Search(texts, self.method)
        able = rows.held.counts > 0
        numbers = range(self.method.bands)
        keys = np.stack([band(rows.rows, number, self.method.width) for number in numbers], axis=1).view(np.int64)
        return [row if told else [] for row, told in zip(keys.tolist(), able.tolist(), strict=True)]

    def _open_cases(
        self, connection: Connection[Any], names: list[UUID], now: datetime, terms: CaseTerms
    ) -> tuple[UUID, ...]:
        opened = []
        for name in _without_case(connection, names, terms):
            found = self.cluster(connection, name)
            if found is not None and found.score.points >= terms.points_least:
                opened.append(_open(connection, found, now))
        return tuple(opened)


def fingerprint(text: str) -> UUID:
    """The name of a text: equal for equal texts, and for no others."""
    return UUID(bytes=blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest())


def _insert_texts(connection: Connection[Any], prints: dict[str, UUID]) -> dict[UUID, str]:
    """Write down the texts that are new; those."""
    rows = connection.execute(
        "INSERT INTO likeness_text (fingerprint, plain, cluster) SELECT f, p, f FROM unnest(%s::uuid[], %s::text[])"
        " AS t (f, p) ORDER BY f ON CONFLICT DO NOTHING RETURNING fingerprint, plain",
        (list(prints.values()), list(prints)),
    )
    return dict(sorted(rows.fetchall()))


def _met(connection: Connection[Any], keys: set[int], own: list[UUID]) -> list[tuple[UUID, str, UUID]]:
    """The texts known before that share a band with a newcomer, with their clusters."""
    return connection.execute(
        "SELECT t.fingerprint, t.plain, t.cluster FROM likeness_text t WHERE t.fingerprint <> ALL(%s) AND t.fingerprint"
        " IN (SELECT b.fingerprint FROM likeness_band b WHERE b.key = ANY(%s)) ORDER BY 1",
        (own, sorted(keys)),
    ).fetchall()


def _join_known(search: Search, names: list[UUID], fresh: int) -> None:
    """Texts known before stand together as they did."""
    first: dict[UUID, int] = {}
    places = [(first.setdefault(name, place), place) for place, name in enumerate(names) if place >= fresh]
    if places:
        left, right = np.array(places, np.int64).T
        search.forest.join(left, right)


def _rename(connection: Connection[Any], names: list[UUID], search: Search) -> None:
    """Give each cluster the least name of what has grown together in it."""
    roots = search.forest.all_roots().tolist()
    least: dict[int, UUID] = {}
    for root, name in zip(roots, names, strict=True):
        least[root] = min(name, least.get(root, name))
    moved = {name: least[root] for root, name in zip(roots, names, strict=True) if least[root] != name}
    connection.execute(
        "UPDATE likeness_text t SET cluster = m.new FROM unnest(%s::uuid[], %s::uuid[]) AS m (old, new)"
        " WHERE t.cluster = m.old",
        (list(moved), list(moved.values())),
    )


def _insert_items(connection: Connection[Any], items: Sequence[Caption], prints: Sequence[UUID | None]) -> None:
    """Of what is told of one id the latest stays, and of two at one time the one with the greater words."""
    best: dict[str, tuple[Caption, UUID | None]] = {}
    for item, print_ in zip(items, prints, strict=True):
        if item.id not in best or _rank(item) > _rank(best[item.id][0]):
            best[item.id] = (item, print_)
    rows = [(each.id, each.account, each.at, each.text, print_) for each, print_ in best.values()]
    connection.execute(
        "INSERT INTO likeness_item (id, account, at, words, fingerprint) SELECT * FROM unnest(%s::text[], %s::text[],"
        " %s::timestamptz[], %s::text[], %s::uuid[]) ON CONFLICT (id) DO UPDATE SET account = excluded.account,"
        " at = excluded.at, words = excluded.words, fingerprint = excluded.fingerprint"
        " WHERE (excluded.at, excluded.words, excluded.account)"
        " > (likeness_item.at, likeness_item.words, likeness_item.account)",
        tuple(list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [], [], []),
    )


def _rank(item: Caption) -> tuple[datetime, bytes, bytes]:
    return item.at, item.text.encode(), item.account.encode()


def _clusters(connection: Connection[Any], ids: Sequence[str]) -> dict[str, UUID | None]:
    rows = connection.execute(
        "SELECT i.id, t.cluster FROM likeness_item i LEFT JOIN likeness_text t USING (fingerprint)"
        " WHERE i.id = ANY(%s)",
        (sorted(set(ids)),),
    )
    return dict(rows.fetchall())


def _without_case(connection: Connection[Any], names: list[UUID], terms: CaseTerms) -> list[UUID]:
    """The clusters that are large enough and have no case."""
    rows = connection.execute(
        "SELECT t.cluster FROM likeness_text t JOIN likeness_item i USING (fingerprint) WHERE t.cluster = ANY(%s)"
        " GROUP BY t.cluster HAVING count(*) >= %s AND count(DISTINCT i.account) >= %s AND NOT EXISTS (SELECT FROM"
        " likeness_case c JOIN likeness_text o USING (fingerprint) WHERE o.cluster = t.cluster) ORDER BY 1",
        (names, terms.items_least, terms.accounts_least),
    )
    return [name for (name,) in rows]


def _open(connection: Connection[Any], found: ContentCluster, now: datetime) -> UUID:
    """One case for the cluster, about the account that began."""
    name = UUID(found.name)
    opening = Opening(CASE_KIND, found.name, found.members[0].account, priority=found.score.points // 10)
    case_id = open_case(connection, opening, now)
    connection.execute(
        "INSERT INTO likeness_case (fingerprint, case_id, points, opened_at) VALUES (%s, %s, %s, %s)",
        (name, case_id, found.score.points, now),
    )
    return case_id


def _drop_surplus(connection: Connection[Any], names: list[UUID], now: datetime) -> None:
    """One cluster is one case: of the open cases of a cluster the first stays, and those that nobody holds go.

    A case that somebody holds is not taken out of their hands; it goes when the cluster is next added to, if it is free
    again. What was answered stays answered.
    """
    rows = connection.execute(
        "WITH waits AS (SELECT r.id, r.claimed_until, row_number() OVER (PARTITION BY t.cluster ORDER BY r.opened_at,"
        " r.id) AS place FROM likeness_text t JOIN likeness_case c USING (fingerprint) JOIN review_case r"
        " ON r.id = c.case_id WHERE t.cluster = ANY(%(names)s) AND r.state = 'open')"
        " UPDATE review_case r SET state = 'dropped', settled_at = %(now)s FROM waits w WHERE r.id = w.id"
        " AND w.place > 1 AND (w.claimed_until IS NULL OR w.claimed_until <= %(now)s) RETURNING r.id",
        {"names": names, "now": now},
    )
    for (case_id,) in sorted(rows.fetchall()):
        record(connection, "machine:engine", "case.dropped", f"case:{case_id}", {"kind": CASE_KIND}, now)

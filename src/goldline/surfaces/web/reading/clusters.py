"""Clusters of content that is the same: a list of the widest, and one with all that is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.rows import class_row

from goldline.market.likeness.production import ContentCluster
from goldline.market.likeness.register import Register
from goldline.market.likeness.template import Template, template
from goldline.surfaces.web.engine import Connection

PAGE: Final = 20
SAMPLE: Final = 100  # different texts from which the list shows what is the same
_REGISTER: Final = Register()


@dataclass(frozen=True, slots=True)
class ClusterRow:
    """A cluster in the list. `case_id` is its case, if it has one."""

    name: UUID
    items: int
    accounts: int
    first_seen_at: datetime
    last_seen_at: datetime
    texts: list[str]
    case_id: UUID | None

    @property
    def template(self) -> Template:
        """What is the same in a sample of its texts."""
        return template(self.texts)


_ROWS: Final = """
    SELECT t.cluster AS name, count(*) AS items, count(DISTINCT i.account) AS accounts, min(i.at) AS first_seen_at,
        max(i.at) AS last_seen_at
    FROM likeness_text t JOIN likeness_item i USING (fingerprint)
    WHERE %(account)s = '' OR t.cluster IN (SELECT o.cluster FROM likeness_item j JOIN likeness_text o
        USING (fingerprint) WHERE j.account = %(account)s)
    GROUP BY t.cluster HAVING count(*) > 1
    ORDER BY accounts DESC, items DESC, name LIMIT %(most)s OFFSET %(after)s"""


def clusters(connection: Connection, account: str = "", after: int = 0) -> tuple[list[ClusterRow], bool]:
    """The clusters from the widest on, those of most accounts first, and whether there are more."""
    values: dict[str, Any] = {"account": account, "most": PAGE + 1, "after": after, "sample": SAMPLE}
    with connection.cursor(row_factory=class_row(ClusterRow)) as reader:
        rows = reader.execute(
            f"SELECT r.*, ARRAY(SELECT s.plain FROM likeness_text s WHERE s.cluster = r.name ORDER BY s.fingerprint"  # noqa: S608
            " LIMIT %(sample)s) AS texts, (SELECT c.case_id FROM likeness_case c JOIN likeness_text s"
            " USING (fingerprint) WHERE s.cluster = r.name ORDER BY c.opened_at, c.case_id LIMIT 1) AS case_id"
            f" FROM ({_ROWS}) r ORDER BY accounts DESC, items DESC, name",
            values,
        ).fetchall()
    return rows[:PAGE], len(rows) > PAGE


def cluster(connection: Connection, name: UUID) -> ContentCluster | None:
    """The cluster of this name, or the one that a cluster which once had it has become part of."""
    row = connection.execute("SELECT cluster FROM likeness_text WHERE fingerprint = %s", (name,)).fetchone()
    return _REGISTER.cluster(connection, row[0]) if row else None


def cases_of(connection: Connection, name: UUID) -> list[tuple[UUID, int]]:
    """The cases of a cluster, the first opened first, each with the score it was opened at."""
    return connection.execute(
        "SELECT c.case_id, c.points FROM likeness_case c JOIN likeness_text t USING (fingerprint) WHERE t.cluster = %s"
        " ORDER BY c.opened_at, c.case_id",
        (name,),
    ).fetchall()

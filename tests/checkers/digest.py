"""What a database says, boiled down to one hash: two that agree have decided the same, whatever the order of arrival.

Left out is what may differ without any decision differing: numbers given by sequences, trails, wakes, the wall clock,
and when a provider happened to answer.
"""

from __future__ import annotations

from typing import Any

from psycopg import Connection

KINDS = ("order", "parcel", "refund", "merchant")

# One text a row of everything that was decided. `{token}` cuts from a key the part that tells copies of a scenario
# apart; '' leaves keys alone.
_FACTS = """
    SELECT f.key, '{kind} ' || (to_jsonb(f) - '{{partition,_trail{stamps}}}'::text[])::text AS line
    FROM fact_{kind} f"""
_DECIDED = """
    SELECT key, 'finding ' || (to_jsonb(f) - '{{partition,recorded_at{ids}}}'::text[])::text AS line FROM finding f
    UNION ALL
    SELECT key, 'remedy ' || (to_jsonb(r) - '{{partition,settled_at{refs}}}'::text[])::text FROM remedy r
    UNION ALL
    SELECT r.key, concat_ws(' ', 'posting', r.policy, p.line, p.account, p.currency, p.amount_minor, p.reason,
                            CASE WHEN p.reason NOT IN ('settle', 'refuse') THEN p.posted_at END{entry})
    FROM posting p JOIN remedy r ON r.partition = p.partition AND r.id = p.remedy_id
    UNION ALL
    SELECT payload ->> 'key', concat_ws(' ', 'outbox', kind, topic, state, created_at,
                                        payload - '{{remedy_id,finding_id,provider_ref}}'::text[])
    FROM outbox"""
_WHOLE = "SELECT md5(coalesce(string_agg(md5(line), '' ORDER BY md5(line)), '')) FROM said"
_COPIES = """
    SELECT substring(key FROM 's[0-9]+') AS scenario, substring(key FROM 's[0-9]+p([0-9]+)')::int AS copy,
           md5(string_agg(line, chr(10) ORDER BY line COLLATE "C"))
    FROM (SELECT key, regexp_replace(line, 's[0-9]+p[0-9]+', '@', 'g') AS line FROM said) AS plain
    WHERE key ~ 's[0-9]+p[0-9]+' GROUP BY 1, 2"""


def digest(connection: Connection[Any]) -> str:
    """The hash of everything decided here, ids included: they are made from what they stand for."""
    facts = [_FACTS.format(kind=kind, stamps="") for kind in KINDS]
    decided = _DECIDED.format(ids="", refs="", entry=", p.entry, p.remedy_id")
    row = connection.execute(_said([*facts, decided]) + _WHOLE).fetchone()
    assert row is not None
    return str(row[0])


def digests_of_copies(connection: Connection[Any]) -> dict[str, dict[int, str]]:
    """For ids that hold 's<scenario>p<copy>': the hash of each copy of each scenario, names of copies taken out."""
    facts = [_FACTS.format(kind=kind, stamps=_stamps(connection, kind)) for kind in KINDS]
    decided = _DECIDED.format(ids=",id", refs=",id,finding_id,provider_ref", entry="")
    found: dict[str, dict[int, str]] = {}
    for scenario, copy, value in connection.execute(_said([*facts, decided]) + _COPIES):
        found.setdefault(scenario, {})[copy] = value
    return found


def lines(connection: Connection[Any]) -> list[str]:
    """What `digest` hashes, to say where two databases differ."""
    facts = [_FACTS.format(kind=kind, stamps="") for kind in KINDS]
    decided = _DECIDED.format(ids="", refs="", entry=", p.entry, p.remedy_id")
    return sorted(row[0] for row in connection.execute(_said([*facts, decided]) + "SELECT line FROM said"))


def _said(parts: list[str]) -> str:
    return f"WITH said AS ({' UNION ALL '.join(parts)}) "


def _stamps(connection: Connection[Any], kind: str) -> str:
    """Stamps hold a hash of what a record says, which may name the copy."""
    rows = connection.execute(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_schema = 'goldline' AND table_name = %s AND column_name ~ '^_s[0-9]+$'",
        [f"fact_{kind}"],
    )
    return "".join(f",{name}" for (name,) in rows)

"""Explanations for the surfaces: the rule set is compiled once and kept until a policy is published."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from uuid import UUID

from goldline.core.judge.explanation import as_found, explain
from goldline.core.judge.told import Explanation, PromiseTold
from goldline.core.policy.published import RuleSet, load_published, ruleset_epoch
from goldline.market.vocabulary import vocabulary
from goldline.surfaces.web.engine import Connection, engine_now, engine_url


@dataclass(slots=True)
class _Kept:
    lock: threading.Lock = field(default_factory=threading.Lock)
    url: str = ""
    rules: RuleSet | None = None


VOCABULARY = vocabulary()
_kept = _Kept()


def rules(connection: Connection) -> RuleSet:
    """The rules in force."""
    epoch = ruleset_epoch(connection)
    with _kept.lock:
        if _kept.rules is None or _kept.rules.epoch != epoch or _kept.url != engine_url():
            _kept.rules, _kept.url = load_published(connection, VOCABULARY), engine_url()
        return _kept.rules


def order_explained(connection: Connection, order_id: str) -> Explanation | None:
    """One order explained now; None when nothing is known of it."""
    if "\x00" in order_id:
        return None
    return explain(connection, VOCABULARY, rules(connection), "order", order_id, engine_now(connection))


def explanation_of(connection: Connection, order_id: str) -> bytes | None:
    """The same in JSON, for the API."""
    found = order_explained(connection, order_id)
    return found.as_json() if found else None


def finding_explained(connection: Connection, finding_id: UUID) -> PromiseTold | None:
    """What a finding says was broken, with the values its nodes had then and nothing of what came after it.

    None without such a finding, or when the version it was judged by can no longer be read.
    """
    row = connection.execute("SELECT subject, key FROM finding WHERE id = %s", (finding_id,)).fetchone()
    if row is None:
        return None
    now, known = engine_now(connection), rules(connection)
    found = explain(connection, VOCABULARY, known, row[0], row[1], now)
    told = [finding for each in (found.promises if found else ()) for finding in each.findings]
    own = next((each for each in told if each.id == str(finding_id)), None)
    return as_found(connection, VOCABULARY, known, row[0], own, now) if own is not None else None

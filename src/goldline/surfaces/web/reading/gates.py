"""What an account may do now, for the surfaces."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from goldline.core.account.gate import ask, find
from goldline.core.errors import GoldlineError
from goldline.surfaces.web.engine import Connection, engine_now
from goldline.surfaces.web.reading.explanation import rules

PARTIES = ("merchant", "creator", "carrier", "outlet")


def answer_of(connection: Connection, gate: str, account: str, category: str | None) -> dict[str, Any]:
    """Whether the account may pass, as plain values. Raises GoldlineError('no_gate' or 'invalid')."""
    answerable(account)
    found = ask(connection, find(rules(connection).gates, gate), account, engine_now(connection), category)
    plain = asdict(found)
    return {**plain, "grounds": [dict(each) for each in plain["grounds"]]}


def answerable(account: str) -> None:
    """Raise GoldlineError('invalid') for what is no account."""
    party, _, name = account.partition(":")
    if party not in PARTIES or not name or "\x00" in account:
        raise GoldlineError(
            f"{account[:64]!r} is no account.", code="invalid", where="account", hint="Write it as merchant:m1."
        )

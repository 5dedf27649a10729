"""Clearing: what is open, how old it is, and letting held remedies go."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg import Connection

from goldline.core.errors import GoldlineError
from goldline.core.ledger import clearing, settlement
from goldline.core.ledger.settlement import Answer
from goldline.core.outbox.dispatch import Dispatcher
from goldline.core.outbox.provider import LedgerProvider
from tests.checkers.checker import check
from tests.outbox.stock import LATER, NOW, add_remedies, remedy_id, states

Database = Connection[tuple[Any, ...]]


def test_what_is_open_adds_up_and_has_an_age(database: Database) -> None:
    """The open remedies and the clearing account agree; the age is that of the oldest."""
    assert clearing.uncleared(database) == []
    add_remedies(database, 3)
    (open_,) = clearing.uncleared(database)
    assert (open_.currency, open_.amount_minor, open_.remedies) == ("BRL", 750, 3)
    assert open_.age(NOW + LATER) == LATER
    assert clearing.clearing_balance(database) == {"BRL": 750}
    settlement.pay(database, [Answer(n % 2, remedy_id(n), "ref") for n in range(3)], NOW)
    assert clearing.uncleared(database) == []
    assert clearing.clearing_balance(database) == {}


def test_the_troubled_are_listed(database: Database) -> None:
    """Held, unknown and refused remedies are listed with what they wait for; paid and accrued ones are not."""
    add_remedies(database, 4)
    add_remedies(database, 1, state="held", first=4)
    settlement.pay(database, [Answer(0, remedy_id(0), "ref")], NOW)
    settlement.refuse(database, [Answer(1, remedy_id(1), "closed")], NOW)
    settlement.doubt(database, [Answer(0, remedy_id(2), "timeout")], NOW)
    found = {each.id: (each.state, each.why, each.waits_for_person) for each in clearing.troubled(database)}
    assert found == {
        remedy_id(1): ("refused", "closed", False),
        remedy_id(2): ("unknown", "timeout", False),
        remedy_id(4): ("held", "budget", True),
    }
    assert [each.id for each in clearing.troubled(database, ["held"])] == [remedy_id(4)]


def test_a_held_remedy_is_let_go_and_paid(database: Database, database_url: str) -> None:
    """Released, it is charged and queued once, with the name of who decided; then it is paid like any other."""
    ids = add_remedies(database, 2, state="held")
    assert clearing.release_held(database, ids, "ana", NOW) == 2
    assert clearing.release_held(database, ids, "ana", NOW) == 0
    database.commit()
    assert clearing.clearing_balance(database) == {"BRL": 500}
    names = database.execute("SELECT DISTINCT payload->>'released_by' FROM outbox").fetchall()
    assert names == [("ana",)]
    database.commit()
    with Dispatcher(database_url, {"*": LedgerProvider()}) as dispatcher:
        dispatcher.run_until_idle(NOW)
    assert states(database) == {"paid": 2}
    assert check(database).ok


def test_a_release_needs_a_name_and_somebody_to_pay(database: Database) -> None:
    """Nobody decides anonymously, and a remedy without a payee stays held."""
    ids = add_remedies(database, 1, state="held")
    with pytest.raises(GoldlineError, match="name"):
        clearing.release_held(database, ids, "  ", NOW)
    database.execute("UPDATE remedy SET payee = 'consumer:unknown'")
    assert clearing.release_held(database, ids, "ana", NOW) == 0
    assert database.execute("SELECT count(*) FROM posting").fetchone() == (0,)

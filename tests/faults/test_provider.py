"""A bad line to the provider: it has paid and its answer is lost, again and again; nobody is paid twice."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from goldline.core.outbox.dispatch import Dispatcher
from goldline.core.outbox.httpprovider import HttpProvider
from tests.checkers.checker import check
from tests.doubles.provider import FakeProvider
from tests.doubles.proxy import CuttingProxy, Where
from tests.outbox.stock import NOW, add_remedies, states

pytestmark = pytest.mark.faults

CUTS = 500 if os.environ.get("GOLDLINE_FAULTS") == "full" else 25


@pytest.mark.parametrize("where", ["after", "middle", "before"])
@pytest.mark.parametrize("ignore_keys", [False, True], ids=["honours keys", "ignores keys"])
def test_answer_lost(
    database: Connection[Any], database_url: str, tmp_path: Path, where: Where, ignore_keys: bool
) -> None:
    """Every payout's first answer is lost; asked by its key first, even a provider that ignores keys pays each once."""
    log = tmp_path / "payouts.ndjson"
    add_remedies(database, CUTS)
    with (
        FakeProvider(log, ignore_keys=ignore_keys) as provider,
        CuttingProxy(("127.0.0.1", provider.port), script=range(CUTS), where=where) as proxy,
        Dispatcher(
            database_url, {"*": HttpProvider(proxy.url, timeout_s=10)}, kinds=("payout",), threads=4
        ) as dispatcher,
    ):
        dispatcher.run_until_idle(NOW)
        assert proxy.cuts == CUTS, "the fault did not fire"
        assert states(database) == {"unknown": CUTS}
        for day in range(1, 4):
            dispatcher.run_until_idle(NOW + timedelta(days=day))
        asked, sent = provider.book.lookups, proxy.seen
    assert states(database) == {"paid": CUTS}
    report = check(database, log)
    assert report.ok, str(report)
    assert asked >= CUTS
    assert sent == (2 * CUTS if where == "before" else CUTS)

"""Death at every named point: the process is killed there, another takes up, and nothing is lost or doubled."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from goldline.core.account.actor import Actor
from goldline.core.account.massoverturn import Selection, begin
from goldline.core.outbox import endpoint
from goldline.core.outbox.address import AddressRules
from goldline.core.outbox.message import message_id
from tests.campaign import drive as campaigns
from tests.decision import scene as refunds
from tests.doubles.sink import Sink
from tests.faults.scene import Scene, late_news, orders, wait_for
from tests.laws.world import END, pack_of
from tests.web.events import raw

pytestmark = pytest.mark.faults

SOURCES = Path(__file__).parents[2] / "src"
FULL = os.environ.get("GOLDLINE_FAULTS") == "full"
VISITS = (1, 2, 3, 4) if FULL else (1,)
ORDERS = 40
ROUNDS = 4


def named_points() -> list[str]:
    """Every point named in the sources."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(SOURCES.rglob("*.py")))
    return sorted(set(re.findall(r"""crashpoint\(\s*['"]([^'"]+)['"]""", text)))


# What a person takes back is in no event: these points have a test of their own, without a replay.
OVERTURNING = [name for name in named_points() if name.startswith("overturn")]
# A campaign's sweep runs beside the steps.
SWEEPING = [name for name in named_points() if name.startswith("campaign")]
# What is asked at the desk is answered from the facts of that moment: a test of its own as well.
DECIDING = [name for name in named_points() if name.startswith("decision")]


def test_there_are_points_of_every_flow() -> None:
    """Intake, step and dispatch all have points, and every point belongs to a flow that is run here."""
    flows = {name.partition(".")[0] for name in named_points()}
    assert flows == {*FLOWS, "overturn", "decision", "campaign"}
    assert len(named_points()) >= 15


@pytest.mark.parametrize("visit", VISITS)
@pytest.mark.parametrize("point", sorted(set(named_points()) - {*OVERTURNING, *DECIDING, *SWEEPING}))
def test_crash(scene: Scene, fresh: Callable[[], str], point: str, visit: int) -> None:
    """Killed at the point: it was reached, nothing acknowledged is lost, nothing is paid twice, a replay agrees."""
    victim = FLOWS[point.partition(".")[0]](scene, point, visit)
    _assert_died(victim, point)
    if point.startswith("intake"):
        again = scene.importer(_file(scene))
        again.join(60)
        assert again.exitcode == 0
    scene.drain()
    report = scene.report(fresh())
    assert report.ok, str(report)
    assert scene.paid() == scene.value("SELECT count(*) FROM remedy WHERE state = 'paid'") > ORDERS


@pytest.mark.parametrize("point", OVERTURNING)
def test_crash_while_overturning(scene: Scene, point: str) -> None:
    """Killed while a mass of findings is taken back: another run does the rest, and every charge moves exactly once."""
    scene.feed(*orders(0, ORDERS))
    scene.drain()
    policy = scene.value("SELECT policy FROM finding GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1")
    with scene.connect() as connection:
        ident = begin(connection, Selection(policy), "It was wrong.", Actor("person", "ada"), END)
    found = scene.value(f"SELECT count(*) FROM finding WHERE policy = '{policy}'")
    charged = f"FROM remedy WHERE policy = '{policy}' AND state = 'paid'"
    paid = scene.value(f"SELECT coalesce(sum(amount_minor), 0) {charged}")
    _assert_died(scene.taker(ident, crash_at=point), point)
    again = scene.taker(ident)
    again.join(60)
    assert again.exitcode == 0
    assert scene.value(f"SELECT count(*) {charged} AND charged_to <> 'platform'") == 0
    taken = scene.value(f"SELECT count(*) FROM finding WHERE policy = '{policy}' AND status = 'overturned'")
    assert taken == found == scene.value("SELECT findings FROM mass_overturn") > 3
    moved = "SELECT sum(amount_minor) FROM posting WHERE reason = 'overturn' AND account <> 'platform'"
    assert scene.value(moved) == paid > 0
    assert scene.value("SELECT count(*) FROM audit WHERE action = 'finding.overturned'") == found
    report = scene.report()
    assert report.ok, str(report)


def clock(scene: Scene, at: datetime) -> None:
    """Set the clock that workers go by."""
    with scene.connect() as connection:
        connection.execute("UPDATE driven_clock SET at = %s", [at])


@pytest.mark.parametrize("visit", [1, 4])
@pytest.mark.parametrize("point", SWEEPING)
def test_crash_while_sweeping(scene_of: Callable[..., Scene], point: str, visit: int) -> None:
    """Killed in the middle of a bite: another takes the sweep up there, and what is found is told exactly once."""
    scene = scene_of(pack=pack_of(campaigns.text()))
    scene.feed(
        [raw for n in range(20) for raw in (campaigns.offered("m1", f"i{n}"), campaigns.looked_at("m1", f"i{n}", 4))]
    )
    clock(scene, campaigns.BEFORE)
    scene.drain()
    survey = scene.sweeper(campaigns.TOLD)
    survey.join(60)
    _assert_died(scene.sweeper(campaigns.SWEPT, crash_at=f"{point}:{visit}"), point)
    again = scene.sweeper(campaigns.SWEPT)
    again.join(60)
    assert (survey.exitcode, again.exitcode) == (0, 0)
    clock(scene, campaigns.SWEPT)
    scene.drain()
    assert scene.value("SELECT sum(events) FROM inbox WHERE via = 'campaign'") == 20
    assert scene.value("SELECT sum(told) FROM campaign_pass") == 20
    assert scene.value("SELECT array_agg(looked ORDER BY number) FROM campaign_pass") == [20, 20]
    assert scene.value("SELECT count(*) FROM finding WHERE policy = 'law.too-much'") == 20


@pytest.mark.parametrize("visit", [2, 5])
@pytest.mark.parametrize("point", DECIDING)
def test_crash_while_deciding(scene_of: Callable[..., Scene], point: str, visit: int) -> None:
    """Killed while it answers: asked again, each request is decided, drawn from the limits and paid exactly once."""
    scene = scene_of(pack=refunds.pack())
    names = [f"o-{number}" for number in range(8)]
    with scene.connect() as connection:
        connection.execute("UPDATE driven_clock SET at = %s", [refunds.NOW])
    scene.feed([raw(each) for name in names for each in refunds.ordered(name, f"c-{name}")])
    scene.drain()
    _assert_died(scene.asker(names, crash_at=f"{point}:{visit}"), point)
    assert scene.value("SELECT count(*) FROM decision") == visit - 1
    again = scene.asker(names)
    again.join(60)
    assert again.exitcode == 0
    scene.drain()
    assert scene.value("SELECT array_agg(key ORDER BY key) FROM decision WHERE answer = 'instant'") == names
    assert scene.value("SELECT sum(spent_minor) FROM exposure") == len(names) * 10_000
    assert scene.value("SELECT count(*) FROM inbox WHERE via LIKE 'decision:%'") == len(names)
    assert scene.paid() == scene.value("SELECT count(*) FROM remedy WHERE state = 'paid'") == len(names)
    report = scene.report()
    assert report.ok, str(report)


@pytest.mark.parametrize("point", [name for name in named_points() if name.startswith("dispatch")])
def test_crash_while_telling(scene: Scene, point: str) -> None:
    """Killed with webhooks on their way: every one arrives at least once, under one id, signed."""
    with Sink() as sink:
        with scene.connect() as connection:
            rules = AddressRules(hosts=frozenset(["127.0.0.1"]), ports=frozenset([sink.port]))
            sink.secret = endpoint.create(connection, sink.url, ["finding.found"], rules=rules, now=END).secrets[0]
        scene.feed(*orders(0, 10))
        scene.drain(pay=False)
        victim = scene.dispatcher(crash_at=f"{point}:3", webhooks=True)
        _assert_died(victim, point)
        scene.drain(webhooks=True)
        told = scene.value("SELECT array_agg(key) FROM outbox WHERE kind = 'webhook' AND topic = 'finding.found'")
        assert {each.id for each in sink.received} == {message_id(key) for key in told}
        assert all(each.verified for each in sink.received)
    report = scene.report()
    assert report.ok, str(report)


def _assert_died(victim: Any, point: str) -> None:
    victim.join(30)
    assert victim.exitcode == -signal.SIGKILL, f"it never came to {point}; exit {victim.exitcode}"


def _intake(scene: Scene, point: str, visit: int) -> Any:
    return scene.importer(_file(scene), crash_at=f"{point}:{min(visit, 3)}")


def _file(scene: Scene) -> Path:
    path = scene.folder / "orders.ndjson"
    if not path.exists():
        events, ids = orders(0, ORDERS)
        assert len(events) > 300, "enough for several batches of the import"
        path.write_bytes(b"\n".join(events) + b"\n")
        scene.sent.extend(ids)
    return path


def _step(scene: Scene, point: str, visit: int) -> Any:
    late = point == "step.exonerated"
    if late:
        for number in range(ROUNDS):
            scene.feed(*orders(number * ORDERS, ORDERS))
        scene.drain()
        scene.end_phase()
    victim = scene.worker(crash_at=f"{point}:{visit}")
    for number in range(ROUNDS):
        scene.feed(*(late_news if late else orders)(number * ORDERS, ORDERS))
        wait_for(lambda: not victim.is_alive() or scene.folded(), "a step", scene.log)
        if not victim.is_alive():
            break
    return victim


def _dispatch(scene: Scene, point: str, visit: int) -> Any:
    scene.feed(*orders(0, ORDERS))
    scene.drain(pay=False)
    return scene.dispatcher(crash_at=f"{point}:{visit}")


FLOWS: dict[str, Callable[[Scene, str, int], Any]] = {"intake": _intake, "step": _step, "dispatch": _dispatch}

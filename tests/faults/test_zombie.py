"""Zombies: a process frozen past its lease wakes up when another has done its work, and can do no harm."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import psutil
import pytest

from goldline.core.partition import Lease, LeaseLostError
from goldline.core.step import step
from goldline.market.vocabulary import vocabulary
from tests.checkers.digest import digest
from tests.faults.scene import Scene, orders, wait_for
from tests.laws.world import END, World, demo_pack

pytestmark = pytest.mark.faults

FULL = os.environ.get("GOLDLINE_FAULTS") == "full"
STEP_POINTS = ["step.entered", "step.judged", "step.before_commit", "step.after_commit"]
SEND_POINTS = ["dispatch.claimed", "dispatch.before_send", "dispatch.after_send", "dispatch.before_record"]


@pytest.mark.parametrize("again", range(5 if FULL else 1))
@pytest.mark.parametrize("point", STEP_POINTS if FULL else ["step.before_commit", "step.after_commit"])
def test_frozen_worker(scene: Scene, fresh: Callable[[], str], point: str, again: int) -> None:
    """A worker freezes in or between steps, another takes over its partitions, it wakes: its epoch is stale."""
    scene.feed(*orders(again * 100, 40))
    zombie = scene.worker(stop_at=point)
    _wait_until_frozen(zombie)
    epochs = scene.value("SELECT sum(epoch) FROM partition")
    scene.drain()
    assert scene.value("SELECT sum(epoch) FROM partition") > epochs, "nobody took over: the fault did not fire"
    os.kill(zombie.pid, signal.SIGCONT)
    # It finds its lease or its connection lost, comes back as anybody would, and steps on.
    scene.feed(*orders(again * 100 + 40, 20))
    wait_for(scene.folded, "the woken worker to step", scene.log)
    zombie.terminate()
    zombie.join(20)
    assert zombie.exitcode == 0
    scene.drain()
    said = scene.log.read_text()
    assert f"{zombie.pid} goldline.worker" in said, "the zombie never noticed"
    if point == "step.after_commit":
        assert "was claimed by another worker" in said
    report = scene.report(fresh())
    assert report.ok, str(report)


@pytest.mark.parametrize("point", SEND_POINTS if FULL else ["dispatch.before_send", "dispatch.before_record"])
def test_frozen_dispatcher(scene: Scene, point: str) -> None:
    """A dispatcher freezes with payouts in hand, another settles them, it wakes and sends or records: paid once."""
    scene.feed(*orders(0, 40))
    scene.drain(pay=False)
    zombie = scene.dispatcher(stop_at=point)
    _wait_until_frozen(zombie)
    assert scene.value("SELECT count(*) FROM outbox WHERE claimed_by IS NOT NULL") > 0
    scene.drain()
    settled = scene.value("SELECT array_agg(settled_at ORDER BY id) FROM remedy")
    os.kill(zombie.pid, signal.SIGCONT)
    wait_for(lambda: psutil.Process(zombie.pid).status() != psutil.STATUS_STOPPED, "the zombie to wake", scene.log)
    zombie.terminate()
    zombie.join(20)
    assert zombie.exitcode == 0
    report = scene.report()
    assert report.ok, str(report)
    assert scene.value("SELECT array_agg(settled_at ORDER BY id) FROM remedy") == settled


def test_stale_epoch_is_refused(fresh: Callable[[], str]) -> None:
    """A step under a lease that was claimed again raises, and writes nothing."""
    with World(fresh(), demo_pack(vocabulary())) as world:
        world.feed(orders(0, 20)[0])
        before = digest(world.connection)
        for lease in world.leases:
            stale = Lease(lease.partition, lease.epoch - 1, lease.holder)
            with pytest.raises(LeaseLostError):
                step(world.connection, world.engine, stale, as_of=END)
        assert digest(world.connection) == before
        assert world.value("SELECT count(*) FROM inbox WHERE done_at IS NOT NULL") == 0
        world.step(END)
        assert digest(world.connection) != before


def _wait_until_frozen(zombie: object) -> None:
    process = psutil.Process(zombie.pid)  # type: ignore[attr-defined]
    wait_for(lambda: process.status() == psutil.STATUS_STOPPED, "the process to freeze")

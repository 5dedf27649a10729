"""The database dies under load and comes back: nothing acknowledged is lost, and everybody picks up by themselves."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from tests.faults.conftest import Cluster
from tests.faults.scene import Feeder, Scene, wait_for

pytestmark = pytest.mark.faults

TIMES = 10 if os.environ.get("GOLDLINE_FAULTS") == "full" else 1
RESUME_MOST_S = 15.0


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGQUIT], ids=["killed", "shut down at once"])
def test_database_dies(scene: Scene, cluster: Cluster, fresh: Callable[[], str], how: signal.Signals) -> None:
    """The postmaster goes while everybody is busy; the same processes go on after the restart."""
    crew = [scene.worker(), scene.worker(), scene.dispatcher()]
    feeder = Feeder(scene, batch=10, pause_s=0.02)
    feeder.start()
    outages = 0
    for number in range(TIMES):
        wait_for(
            lambda number=number: scene.paid() > 20 * number,  # type: ignore[misc]
            "payouts",
            scene.log,
        )
        before, unknown = len(scene.sent), feeder.unknown
        cluster.kill(how)
        outages += feeder.unknown > unknown
        wait_for(lambda before=before: len(scene.sent) > before + 200, "intake to resume", scene.log, RESUME_MOST_S)  # type: ignore[misc]
        steps = scene.value("SELECT sum(steps) FROM partition")
        wait_for(
            lambda steps=steps: scene.value("SELECT sum(steps) FROM partition") > steps + 4,  # type: ignore[misc]
            "stepping to resume", scene.log, RESUME_MOST_S,
        )  # fmt: skip
        paid = scene.paid()
        wait_for(lambda paid=paid: scene.paid() > paid, "paying to resume", scene.log, RESUME_MOST_S)  # type: ignore[misc]
    feeder.end()
    assert all(each.is_alive() for each in crew), [each.exitcode for each in crew]
    assert outages == TIMES, "the intake never noticed: the fault did not fire"
    for each in crew:
        each.terminate()
        each.join(20)
    scene.drain()
    report = scene.report(fresh())
    assert report.ok, str(report)

"""Random kill -9 under load: whoever dies whenever, nothing is lost, nothing is paid twice, and work goes on.

Every second kill falls at a random moment, whatever the victim is doing; the others wait, within bounds, until it is in
the middle of something, so that the least share of kills inside work does not hang on how busy the machine is.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import psutil
import pytest

from goldline.core.database import connect
from tests.faults.scene import Feeder, Scene, in_work, seeded, wait_for

pytestmark = pytest.mark.faults

KILLS = 60 if os.environ.get("GOLDLINE_FAULTS") == "full" else 6
IN_WORK_LEAST = 0.3
STANDSTILL_MOST_S = 15.0
LOOKS = 400
BETWEEN_LOOKS_S = 0.01


def test_random_kills(scene: Scene, fresh: Callable[[], str]) -> None:
    """Workers and dispatchers are killed while orders pour in, a third of them at least in the middle of work."""
    draw = seeded(11)
    crew = {"worker 1": scene.worker(), "worker 2": scene.worker(), "dispatcher": scene.dispatcher()}
    feeder = Feeder(scene, batch=10, pause_s=0.04)
    feeder.start()
    hits = 0
    with connect(scene.url) as connection:
        wait_for(lambda: scene.paid() > 0, "the first payout", scene.log)
        for number in range(KILLS):
            kind = draw.choice(sorted(crew))
            time.sleep(draw.uniform(0.05, 0.4))
            victim = crew[kind]
            hits += _kill(scene, connection, victim, kind, looks=LOOKS if number % 2 else 1)
            crew[kind] = scene.dispatcher() if kind == "dispatcher" else scene.worker()
            if number % 3 == 2:
                _assert_goes_on(scene)
    feeder.end()
    for each in crew.values():
        each.terminate()
        each.join(20)
    scene.drain()
    report = scene.report(fresh())
    assert report.ok, str(report)
    assert scene.paid() == scene.value("SELECT count(*) FROM remedy WHERE state = 'paid'")
    assert hits >= KILLS * IN_WORK_LEAST, f"only {hits} of {KILLS} kills landed inside work"
    print(f"kills {KILLS}, inside work {hits}, events {len(scene.sent)}, payouts {scene.paid()}")  # noqa: T201


def _kill(scene: Scene, connection: object, victim: object, kind: str, *, looks: int) -> bool:
    """Stop the victim, look whether it is in the middle of something, kill it; look again up to `looks` times."""
    process = psutil.Process(victim.pid)  # type: ignore[attr-defined]
    working = False
    for number in range(looks):
        process.suspend()
        working = in_work(scene, connection, victim, kind.partition(" ")[0])  # type: ignore[arg-type]
        if working or number == looks - 1:
            break
        process.resume()
        time.sleep(BETWEEN_LOOKS_S)
    process.kill()
    victim.join(10)  # type: ignore[attr-defined]
    assert victim.exitcode == -signal.SIGKILL  # type: ignore[attr-defined]
    return working


def _assert_goes_on(scene: Scene) -> None:
    """More is folded within the time a partition may stand still."""
    before = scene.value("SELECT sum(events) FROM partition")
    took_s = wait_for(
        lambda: scene.value("SELECT sum(events) FROM partition") > before, "work to go on", scene.log, STANDSTILL_MOST_S
    )
    assert took_s < STANDSTILL_MOST_S

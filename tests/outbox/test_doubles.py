"""The doubles as processes: they say their port, keep what they know over a kill, and count what they cut."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from goldline.core.outbox.httpprovider import HttpProvider
from goldline.core.outbox.provider import NotFound, Paid, Payout, Refused, Unknown
from tests.doubles.provider import read_log

ONE = Payout("k1", "consumer:c1", 250, "BRL", "coupon")
TWO = Payout("k2", "consumer:c2", 300, "BRL", "coupon")


@contextmanager
def process(module: str, *arguments: object) -> Iterator[int]:
    """A double as a process, killed at the end; the port it listens on."""
    command = [sys.executable, "-m", f"tests.doubles.{module}", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as running:
        assert running.stdout is not None
        try:
            yield int(running.stdout.readline())
        finally:
            running.kill()


def test_the_provider_remembers_over_a_kill(tmp_path: Path) -> None:
    """Killed and started on the same log, it pays no key twice and refuses what it refused."""
    log = tmp_path / "payouts.ndjson"
    for _ in range(2):
        with process("provider", "--log", log, "--refuse-every", 2) as port:
            provider = HttpProvider(f"http://127.0.0.1:{port}")
            assert provider.pay(ONE) == Paid("ref-k1")
            assert provider.pay(TWO) == Refused("account closed")
            assert provider.lookup("k1") == Paid("ref-k1")
            assert provider.lookup("k2") == Refused("account closed")
            assert provider.lookup("k3") == NotFound()
    assert [each["key"] for each in read_log(log)] == ["k1"]


def test_a_careless_provider_doubles_a_blind_retry(tmp_path: Path) -> None:
    """With keys ignored, sending twice pays twice: a blind retry cannot hide."""
    log = tmp_path / "payouts.ndjson"
    with process("provider", "--log", log, "--ignore-keys") as port:
        provider = HttpProvider(f"http://127.0.0.1:{port}")
        assert provider.pay(ONE) == provider.pay(ONE) == Paid("ref-k1")
    assert [each["key"] for each in read_log(log)] == ["k1", "k1"]


def test_the_proxy_cuts_after_the_provider_has_paid(tmp_path: Path) -> None:
    """The cut answer is unknown to us and paid in the provider's log; look-ups go through; cuts are counted."""
    log, count = tmp_path / "payouts.ndjson", tmp_path / "cuts.txt"
    with (
        process("provider", "--log", log) as port,
        process("proxy", "--to", f"127.0.0.1:{port}", "--every", 2, "--count", count) as cut_port,
    ):
        provider = HttpProvider(f"http://127.0.0.1:{cut_port}")
        assert provider.pay(ONE) == Paid("ref-k1")
        assert isinstance(provider.pay(TWO), Unknown)
        assert provider.lookup("k2") == Paid("ref-k2")
    assert [each["key"] for each in read_log(log)] == ["k1", "k2"]
    assert count.read_text(encoding="ascii") == "after\n"

"""Every benchmark runs: at toy size, for what it says, not for how fast it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.__main__ import NAMES, benchmark, main
from bench.place import Place
from bench.row import as_json


@pytest.fixture
def toy(server_url: str, tmp_path: Path) -> Place:
    """The tests' own server: nothing is measured here, so it need not be durable."""
    return Place(server_url, tmp_path, "toy")


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_gives_its_rows(toy: Place, name: str) -> None:
    """Each checks its own results as it goes, and gives finite figures that can be kept as JSON."""
    rows = benchmark(name)(toy)
    assert [row.name.partition("-")[0] for row in rows] == [name] * len(rows)
    assert all(0 < as_json(row)["figure"] < float("inf") for row in rows)


def test_an_unknown_benchmark_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong name ends with a sentence that says which there are, before any server is started."""
    with pytest.raises(SystemExit) as ended:
        main(["stpe"])
    assert ended.value.code == 2
    assert "there is no benchmark 'stpe'; there are generator, step" in capsys.readouterr().err

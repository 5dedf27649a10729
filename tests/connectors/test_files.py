"""Events from files."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest
from psycopg import Connection

from goldline.connectors import files
from goldline.connectors.files import import_file
from goldline.connectors.rows import FileError
from goldline.core.inbox import Intake, IntakeStopped
from goldline.market.events import catalogue

CSV = "type,id,time,data.order_id,paid_minor,currency,by\n"
ROWS = [
    "order.paid,e1,2026-08-10T12:00:00Z,o1,1000,CNY,",
    'order.cancelled,e2,2026-08-10T13:00:00Z,o1,,,"merchant"',
]


@pytest.fixture
def intake() -> Intake:
    """A door with two partitions."""
    return Intake(catalogue(), 2)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, bytes | str], Path]:
    """Write a file by name."""

    def put(name: str, content: bytes | str) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return put


Write = Callable[[str, bytes | str], Path]


def line(number: int) -> str:
    """One event as a line."""
    return json.dumps({
        "specversion": "1.0", "id": f"e{number}", "source": "t", "type": "order.accepted",
        "time": "2026-08-10T12:00:00Z", "data": {"order_id": f"o{number}"},
    })  # fmt: skip


def events(database: Connection[Any]) -> dict[str, Any]:
    """Accepted events by id."""
    rows = database.execute("SELECT body FROM inbox").fetchall()
    return {event["id"]: event for row in rows for event in msgspec.json.decode(row[0])}


def reasons(database: Connection[Any]) -> list[str]:
    """Why what is quarantined is."""
    return [row[0] for row in database.execute("SELECT reason FROM quarantine ORDER BY id").fetchall()]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_ndjson(database: Connection[Any], intake: Intake, write: Write, packed: bool, end: str) -> None:
    """One event a line, plain or packed, whatever the line ends; empty lines and a byte order mark are nothing."""
    text = ("\ufeff" + end.join([line(1), "", line(2), line(3)])).encode()
    path = write("e.ndjson.gz" if packed else "e.ndjson", gzip.compress(text) if packed else text)
    summary = import_file(database, intake, path)
    assert (summary.accepted, summary.quarantined) == (3, 0)
    assert events(database).keys() == {"e1", "e2", "e3"}
    assert database.execute("SELECT DISTINCT via FROM inbox").fetchall() == [(f"file:{path.name}",)]


def test_csv(database: Connection[Any], intake: Intake, write: Write) -> None:
    """Columns become attributes and data, numbers as the event type wants them; an empty cell is absent."""
    summary = import_file(database, intake, write("e.csv", CSV + "\n".join(ROWS)))
    found = events(database)
    assert summary.accepted == 2
    assert found["e1"]["data"] == {"order_id": "o1", "paid_minor": 1000, "currency": "CNY"}
    assert found["e2"]["data"] == {"order_id": "o1", "by": "merchant"}
    assert found["e1"]["source"] == "file:e.csv"


def test_csv_cells_may_hold_anything(database: Connection[Any], intake: Intake, write: Write) -> None:
    """By RFC 4180; the rows behind them keep their line numbers."""
    text = (
        "type,id,time,order_id,reason\n"
        'order.cancelled,e1,2026-08-10T12:00:00Z,o1,"a ""b"", c\nd"\norder.cancelled,e2,never,o1,x\n'
    )
    import_file(database, intake, write("e.csv", text))
    assert events(database)["e1"]["data"]["reason"] == 'a "b", c\nd'
    assert reasons(database) == [
        (
            'Line 4: `time` is "never", which is not an instant; write RFC 3339 with four digits of year,'
            " as 2026-08-10T09:30:00Z."
        )
    ]


def parquet(path: Path, select: str) -> Path:
    """Write the rows of a SELECT."""
    with duckdb.connect() as engine:
        engine.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
    return path


def test_parquet(database: Connection[Any], intake: Intake, tmp_path: Path) -> None:
    """Instants may be timestamps with a zone, amounts any whole number; null is absent."""
    path = parquet(
        tmp_path / "e.parquet",
        "SELECT 'order.paid' AS type, 'e' || i AS id, TIMESTAMPTZ '2026-08-10 12:00:00+02' AS time, 'o1' AS order_id,"
        " CASE WHEN i < 3 THEN i * 100 END AS paid_minor, 'CNY' AS \"data.currency\" FROM range(1, 4) t(i)",
    )
    summary = import_file(database, intake, path)
    assert (summary.accepted, summary.quarantined) == (2, 1)
    assert events(database)["e2"]["time"] == "2026-08-10T10:00:00+00:00"
    assert events(database)["e2"]["data"] == {"order_id": "o1", "paid_minor": 200, "currency": "CNY"}
    assert reasons(database)[0].startswith("Row 3: `data.paid_minor` is missing")


@pytest.mark.parametrize("name", ["e.ndjson", "e.csv"])
def test_importing_again_takes_the_same_events(
    database: Connection[Any], intake: Intake, write: Write, name: str
) -> None:
    """The second time makes the same ids and contents, which facts take as one."""
    path = write(name, line(1) if name == "e.ndjson" else CSV + ROWS[0])
    import_file(database, intake, path)
    first = events(database)
    import_file(database, intake, path)
    assert events(database) == first


def test_bad_lines_are_set_aside_and_good_ones_are_not_lost(
    database: Connection[Any], intake: Intake, write: Write
) -> None:
    """A cut line, a line in another encoding and a wrong value, each named by its line."""
    late = line(5).replace("2026", "12026").encode()
    lines = [line(1).encode(), line(2).encode()[:40], '{"id":"é"}'.encode("latin-1"), late, line(6).encode()]
    summary = import_file(database, intake, write("e.ndjson", b"\n".join(lines)))
    assert (summary.accepted, summary.quarantined) == (2, 3)
    assert events(database).keys() == {"e1", "e6"}
    starts = ["Line 2: The event is cut off", "Line 3: The event is not UTF-8", "Line 4: `time` is"]
    assert [reason[: len(start)] for reason, start in zip(reasons(database), starts, strict=True)] == starts
    assert summary.first == reasons(database)[0]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("order.pa", "The row has 1 cell and the header 7"),
        ("order.paid,e9,2026-08", "The row has 3 cells and the header 7"),
        (ROWS[0] + ",more,cells", "The row has 9 cells and the header 7"),
        ('order.paid,e9,"2026-08', "A quoted cell is not closed"),
        (ROWS[0].replace("1000", "ten"), '`data.paid_minor` is "ten"; write a whole number'),
        (ROWS[0].replace("1000", "12.50"), '`data.paid_minor` is "12.50"; write a whole number'),
        (ROWS[0].replace("1000", "-5"), "`data.paid_minor` is -5; an amount cannot be negative"),
        (ROWS[0].replace("1000", "1e30"), '`data.paid_minor` is "1e30"'),
        (ROWS[0].replace("order.paid", "order.payed"), 'The event type "order.payed" is unknown; did you mean'),
    ],
)
def test_a_bad_row_of_a_csv_file_spoils_no_other(
    database: Connection[Any], intake: Intake, write: Write, bad: str, reason: str
) -> None:
    """Not even one whose quote never closes: the rows behind it come in."""
    good = [row.replace("e1", f"g{n}").replace("e2", f"h{n}") for n in range(150) for row in ROWS]
    summary = import_file(database, intake, write("e.csv", CSV + "\n".join([bad, *good])))
    assert (summary.accepted, summary.quarantined) == (300, 1)
    assert reasons(database)[0].startswith(f"Line 2: {reason}")


def test_a_row_in_another_encoding_spoils_no_other(database: Connection[Any], intake: Intake, write: Write) -> None:
    """It is set aside with the byte that gave it away."""
    text = CSV.encode() + "order.cancelled,é,,,,,\n".encode("latin-1") + ROWS[0].encode()
    assert import_file(database, intake, write("e.csv", text)).accepted == 1
    assert reasons(database)[0].startswith("Line 2: The row is not UTF-8: byte 16 is 0xe9")


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("e.ndjson", "", "empty_file"),
        ("e.csv", "", "empty_file"),
        ("e.parquet", "", "empty_file"),
        ("e.ndjson", "\n\n", "no_events"),
        ("e.csv", CSV, "no_events"),
        ("e.ndjson", f"[{line(1)}]", "not_ndjson"),
        ("e.ndjson", line(1).encode("utf-16"), "wrong_encoding"),
        ("e.csv", (CSV + ROWS[0]).encode("utf-16"), "wrong_encoding"),
        ("e.csv", "id,time\ne1,2026-08-10T12:00:00Z\n", "missing_column"),
        ("e.csv", CSV.replace(",", ";"), "missing_column"),
        ("e.csv", b"type,id,time,\xff\n", "missing_column"),
        ("e.csv", "type,id,time,id\n", "double_column"),
        ("e.parquet", "PAR1 and nothing else", "damaged_file"),
        ("e.xlsx", "x", "unknown_format"),
        ("e", "x", "unknown_format"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_whole(
    database: Connection[Any], intake: Intake, write: Write, name: str, content: bytes | str, code: str
) -> None:
    """One sentence names the file and what to do, and nothing is written."""
    path = write(name, content)
    with pytest.raises(FileError) as caught:
        import_file(database, intake, path)
    assert caught.value.code == code
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not events(database)
    assert not reasons(database)


@pytest.mark.parametrize(("name", "code"), [("gone.csv", "no_such_file"), ("folder.csv", "not_a_file")])
def test_a_file_that_is_not_there(
    database: Connection[Any], intake: Intake, tmp_path: Path, name: str, code: str
) -> None:
    """Neither is a directory a file."""
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(FileError) as caught:
        import_file(database, intake, tmp_path / name)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("select", "code"),
    [
        ("SELECT 1 AS id", "missing_column"),
        ("SELECT 'a' AS type, 'b' AS id, TIMESTAMP '2026-08-10 12:00:00' AS time", "bad_column"),
        ("SELECT 'a' AS type, 'b' AS id, 'c' AS time, [1] AS list", "bad_column"),
        ("SELECT 'a' AS type, 'b' AS id, 'c' AS time LIMIT 0", "no_events"),
    ],
)
def test_a_parquet_file_that_cannot_be_used(
    database: Connection[Any], intake: Intake, tmp_path: Path, select: str, code: str
) -> None:
    """A timestamp without a zone is not guessed at."""
    with pytest.raises(FileError) as caught:
        import_file(database, intake, parquet(tmp_path / "e.parquet", select))
    assert caught.value.code == code


def test_a_packed_file_that_is_cut_off_keeps_what_came_before(
    database: Connection[Any], intake: Intake, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole batches before the damage are in; the sentence says after which line, and that importing again is safe."""
    monkeypatch.setattr(files, "BATCH_EVENTS", 10)
    packed = gzip.compress("\n".join(line(n) for n in range(20_000)).encode())
    with pytest.raises(FileError, match=r"cut off or damaged after line \d+") as caught:
        import_file(database, intake, write("e.ndjson.gz", packed[: len(packed) // 2]))
    assert caught.value.code == "damaged_file"
    assert len(events(database)) > 1000


def test_a_line_beyond_all_bounds_is_one_bad_line(database: Connection[Any], intake: Intake, write: Write) -> None:
    """It is not read into memory whole, and its neighbours come in."""
    summary = import_file(database, intake, write("e.ndjson", "\n".join([line(1), "x" * 3_000_000, line(2)])))
    assert (summary.accepted, summary.quarantined) == (2, 1)
    assert reasons(database)[0].startswith("Line 2: The event has 1,048,576 bytes")


def test_too_many_bad_rows_stop_the_import(database: Connection[Any], intake: Intake, write: Write) -> None:
    """Loudly, after the batch that was too much; what was committed stays."""
    with pytest.raises(IntakeStopped, match="Intake is stopped"):
        import_file(database, intake, write("e.ndjson", "\n".join([line(1)] + ["{"] * 150)))
    assert events(database).keys() == {"e1"}
    assert len(reasons(database)) == 150


@pytest.mark.parametrize("name", ["e.ndjson", "e.csv"])
def test_progress_ends_at_the_size(database: Connection[Any], intake: Intake, write: Write, name: str) -> None:
    """By bytes of the file, never going back."""
    path = write(name, line(1) if name == "e.ndjson" else CSV + ROWS[0])
    seen: list[int] = []
    import_file(database, intake, path, seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == path.stat().st_size

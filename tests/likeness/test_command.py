"""`goldline duplicates`: a file's clusters as a table or JSON, bad rows told, the record kept once."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import duckdb
import pytest

from tests.cli.conftest import Goldline, address, goldline
from tests.likeness.test_register import flood

__all__ = ["address", "goldline"]  # fixtures

ROWS = [{"id": each.id, "account": each.account, "at": each.at.isoformat(), "text": each.text} for each in flood(40)]
ALONE = {
    "id": "a",
    "account": "creator:a",
    "at": "2026-08-10T08:00:00+08:00",
    "text": "只此一条谁也没有抄过的文案,\n两行",
}


def written(folder: Path, suffix: str) -> Path:
    """The same rows in the format of a name."""
    path = folder / f"captions{suffix}"
    rows = [*ROWS, ALONE]
    if suffix == ".ndjson":
        path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    elif suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, ["text", "id", "account", "at"])
            writer.writeheader()
            writer.writerows(rows)
    else:
        source = written(folder, ".ndjson")
        columns = "{id: 'VARCHAR', account: 'VARCHAR', 'at': 'TIMESTAMPTZ', 'text': 'VARCHAR'}"
        duckdb.sql(f"COPY (SELECT * FROM read_json('{source}', columns={columns})) TO '{path}' (FORMAT parquet)")
    return path


@pytest.mark.parametrize("suffix", [".ndjson", ".csv", ".parquet"])
def test_every_format_gives_the_same_clusters(goldline: Goldline, tmp_path: Path, suffix: str) -> None:
    """One cluster of forty accounts, with its template and score; the caption that is alone is in none."""
    ended = goldline("duplicates", written(tmp_path, suffix), "--format", "json")
    assert ended.code == 0, ended.err
    told = json.loads(ended.out)
    (cluster,) = told["clusters"]
    assert [each["id"] for each in cluster["members"]] == [row["id"] for row in ROWS]
    assert (len(cluster["accounts"]), told["refused"]) == (40, [])
    assert "[price]元" in cluster["template"]
    assert cluster["first_seen_at"] == "2026-08-10T00:00:00+00:00"
    assert 60 < cluster["score"] <= 100
    assert "41 items, 40 of them in 1 cluster" in ended.err


def test_bad_rows_are_told_with_their_line_and_lose_no_other(goldline: Goldline, tmp_path: Path) -> None:
    """Each is named with the reason, on standard error and in the JSON; the exit code says so."""
    path = written(tmp_path, ".ndjson")
    bad = ['{"id": "x"', '{"id": "", "account": "c", "at": "2026-08-10T00:00:00Z", "text": "t"}',
           '{"id": "y", "account": "c", "at": "2026-08-10T00:00:00", "text": "t"}',
           '{"id": "z", "account": "c", "at": "2026-08-10T00:00:00Z"}',
           '{"id": "n", "account": "c", "at": "2026-08-10T00:00:00Z", "text": "a\\u0000b"}', "[1]",
           '{"id": "s", "account": "c", "at": 1786320000, "text": "seconds, or what?"}',
           json.dumps({"id": "i" * 501, "account": "c", "at": "2026-08-10T00:00:00Z", "text": "t"})]  # fmt: skip
    path.write_text("\n".join([*bad, path.read_text(encoding="utf-8")]), encoding="utf-8")
    ended = goldline("duplicates", path, "--format", "json")
    assert ended.code == 3
    told = json.loads(ended.out)
    assert [each["place"] for each in told["refused"]] == [f"Line {n}" for n in range(1, 9)]
    assert "no instant with an offset" in told["refused"][2]["reason"]
    assert "'at' is '1786320000', no instant" in told["refused"][6]["reason"]
    assert "501 characters" in told["refused"][7]["reason"]
    assert len(told["clusters"][0]["members"]) == 40
    assert "captions.ndjson: Line 2: 'id' is missing" in ended.err


def test_keeping_twice_opens_one_case_and_changes_nothing(goldline: Goldline, tmp_path: Path) -> None:
    """The second run says that it opened none, and shows the same."""
    path = written(tmp_path, ".csv")
    keep = ("duplicates", path, "--keep", "--case-points", "50", "--case-items", "20", "--format", "json")
    first, second = goldline(*keep), goldline(*keep)
    assert (first.code, second.code) == (0, 0), first.err
    assert "1 case opened." in first.err
    assert "0 cases opened." in second.err
    assert first.out == second.out
    assert len(json.loads(first.out)["clusters"]) == 1


def test_the_table_is_for_people(goldline: Goldline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line a cluster, the highest score first; a larger --least leaves it out."""
    monkeypatch.setenv("COLUMNS", "160")
    path = written(tmp_path, ".csv")
    assert "保温杯" in goldline("duplicates", path).out
    assert "保温杯" not in goldline("duplicates", path, "--least", "50").out


def test_what_cannot_be_done_is_said(goldline: Goldline, tmp_path: Path) -> None:
    """A file of no known kind, a missing column, a missing file, and options that do not go together."""
    odd = tmp_path / "captions.txt"
    odd.write_text("x")
    short = tmp_path / "short.csv"
    short.write_text("id,text\n1,a\n")
    assert "does not say what the file holds" in goldline("duplicates", odd).err
    assert "'account'" in goldline("duplicates", short).err
    assert goldline("duplicates", tmp_path / "none.csv").code == 1
    assert goldline("duplicates", short, "--case-points", "5").code == 2

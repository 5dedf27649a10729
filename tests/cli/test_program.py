"""The command line: every command's good end, and every wrong argument's one sentence."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from goldline.core.doctor import NO_RECORD_HINT
from goldline.core.settings import settings
from goldline.surfaces.cli.eventdocs import documents
from goldline.surfaces.cli.program import COMMANDS, FAILED, QUARANTINED, WRONG_ARGUMENT
from tests.cli.conftest import Goldline

ROOT = Path(__file__).parents[2]
PACKS = ROOT / "src" / "goldline" / "market" / "packs"
NOTHING_HERE = f"goldline: There is no Goldline record here yet. {NO_RECORD_HINT}\n"
AS_OF = "2018-11-01T00:00:00Z"
ORDERS = "olist_orders_dataset.csv"
ITEMS = "olist_order_items_dataset.csv"
PAYMENTS = "olist_order_payments_dataset.csv"
TABLES = {
    ORDERS: """\
order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at,order_delivered_carrier_date,\
order_delivered_customer_date,order_estimated_delivery_date
late,c1,delivered,2018-01-02 10:00:00,2018-01-02 11:00:00,2018-01-09 09:00:00,2018-01-29 12:00:00,2018-01-20 00:00:00
good,c2,delivered,2018-01-02 10:00:00,2018-01-02 11:00:00,2018-01-03 09:00:00,2018-01-09 12:00:00,2018-01-20 00:00:00
slow,c3,delivered,2018-01-02 10:00:00,2018-01-02 11:00:00,2018-01-03 09:00:00,2018-01-29 12:00:00,2018-01-20 00:00:00
gone,c4,canceled,2018-01-02 10:00:00,,2018-01-19 09:00:00,,2018-01-20 00:00:00
bare,c5,unavailable,2018-01-02 10:00:00,2018-01-02 11:00:00,,,2018-01-20 00:00:00
open,c6,shipped,2018-10-20 10:00:00,2018-10-20 11:00:00,,,2018-11-20 00:00:00
""",
    ITEMS: "order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value\n"
    + "".join(f"{order},1,p,s1,2018-01-05 10:00:00,90.00,10.00\n" for order in ("late", "good", "slow", "gone"))
    + "late,2,p,s1,2018-01-06 10:00:00,90.00,10.00\nopen,1,p,s1,2018-11-05 10:00:00,1.00,1.00\n"
    + "orphan,1,p,s1,2018-01-05 10:00:00,1.00,1.00\n",
    PAYMENTS: "order_id,payment_sequential,payment_type,payment_installments,payment_value\n"
    "late,1,credit_card,1,300.00\nlate,2,voucher,1,12.34\ngood,1,boleto,1,100.00\nslow,1,boleto,1,60.00\n",
}


@pytest.fixture
def olist(tmp_path: Path) -> Path:
    """A small Olist folder."""
    folder = tmp_path / "olist"
    folder.mkdir()
    for name, text in TABLES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_olist_from_import_to_report(goldline: Goldline, olist: Path) -> None:
    """Three commands in a row; the report is pure JSON and agrees with the tables to the order and the centavo."""
    assert goldline("import", "olist", olist).code == 0
    assert goldline("run", "--until-idle", "--as-of", AS_OF).code == 0
    told = goldline("report", "promises", "--format", "json")
    assert (told.code, told.err) == (0, "")
    found = {each["promise"]: each for each in json.loads(told.out)}
    counts = ("made", "kept", "broken", "excused", "pending", "remedies")
    assert {name: tuple(each[key] for key in counts) for name, each in found.items()} == {
        "handover": (5, 2, 1, 1, 1, 1),
        "delivery": (6, 1, 2, 2, 1, 2),
    }
    assert found["handover"]["paid"] == {"BRL": 312}
    assert found["handover"]["charged"] == {"merchant": {"BRL": 312}}
    assert found["delivery"]["paid"] == {"BRL": 1562 + 500}
    assert found["delivery"]["charged"] == {"merchant": {"BRL": 1562}, "carrier": {"BRL": 500}}


def test_running_and_importing_again_changes_nothing(goldline: Goldline, olist: Path) -> None:
    """The report is the same to the letter."""
    reports = []
    for _ in range(2):
        goldline("import", "olist", olist)
        goldline("run", "--until-idle", "--as-of", AS_OF)
        reports.append(goldline("report", "promises", "--format", "json").out)
    assert reports[0] == reports[1]


def test_the_table_and_the_explanation(goldline: Goldline, olist: Path) -> None:
    """The report for people, and one order in two languages and as JSON."""
    goldline("import", "olist", olist)
    goldline("run", "--until-idle", "--as-of", AS_OF)
    table = goldline("report", "promises")
    assert "handover" in table.out
    assert "20.62 BRL" in table.out
    assert [word for word in ("paid", "awarded", "settled", "held") if word in table.out] == [
        "awarded", "settled", "held",
    ]  # fmt: skip
    assert "15.62" in goldline("explain", "late").out
    assert "按时送达" in goldline("explain", "late", "--lang", "zh-Hans").out
    assert json.loads(goldline("explain", "late", "--format", "json").out)["key"] == "late"
    assert "no order 'nobody'" in goldline("explain", "nobody").err


def test_a_bad_row_of_olist_is_told_and_the_rest_judged(goldline: Goldline, olist: Path) -> None:
    """One sentence on standard error with the place, and an exit code of its own."""
    with (olist / ORDERS).open("a", encoding="utf-8") as file:
        file.write("cut,c9,deliv")
    told = goldline("import", "olist", olist)
    assert told.code == QUARANTINED
    assert "1 row was quarantined" in told.err
    assert f"{ORDERS} line 8" in told.err
    goldline("run", "--until-idle", "--as-of", AS_OF)
    assert json.loads(goldline("report", "promises", "--format", "json").out)[0]["made"] > 0


def test_events_from_a_file(goldline: Goldline, tmp_path: Path, database: Connection[Any]) -> None:
    """Good ones are in; the bad one is listed, dropped or re-driven by its number."""
    path = tmp_path / "e.csv"
    path.write_text(
        "type,id,time,order_id\norder.accepted,e1,2026-08-10T12:00:00Z,o1\norder.acepted,e2,2026-08-10T12:00:00Z,o1\n"
    )
    told = goldline("import", "events", path)
    assert told.code == QUARANTINED
    assert "did you mean 'order.accepted'?" in told.err
    listed = json.loads(goldline("quarantine", "list", "--format", "json").out)
    assert [(each["code"], each["event_id"]) for each in listed] == [("unknown_type", "e2")]
    number = str(listed[0]["id"])
    assert number in goldline("quarantine", "list").out
    assert goldline("quarantine", "redrive", number).code == QUARANTINED
    assert goldline("quarantine", "drop", number, "--why", "a test").code == 0
    assert goldline("quarantine", "list").out == ""
    assert database.execute("SELECT sum(events) FROM inbox").fetchone() == (1,)


def test_keys(goldline: Goldline) -> None:
    """The secret alone is on standard output; the list never shows it."""
    made = goldline("key", "create", "erp", "--scope", "events:write", "--scope", "read")
    secret = made.out.strip()
    assert secret.startswith("gl_live_")
    assert "\n" not in secret
    listed = goldline("key", "list").out
    assert "erp" in listed
    assert secret not in listed
    assert goldline("key", "revoke", "erp").code == 0
    assert "revoked" in goldline("key", "list").out


@pytest.mark.parametrize("name", sorted(path.name for path in PACKS.iterdir() if (path / "policies.toml").is_file()))
def test_packs_that_come_along_are_sound(goldline: Goldline, name: str) -> None:
    """They check, their cases pass, they can be explained in both languages, and publishing twice changes nothing."""
    for command in (["check"], ["test"], ["explain"], ["explain", "--lang", "zh-Hans"], ["publish"]):
        told = goldline("policy", *command, name)
        assert told.code == 0, told.err
    assert "Nothing new" in goldline("policy", "publish", name).err


def test_a_faulty_pack_shows_every_fault_with_its_place(goldline: Goldline, tmp_path: Path) -> None:
    """File, line, the line itself with a caret, and a hint; and nothing of it is published."""
    path = tmp_path / "policies.toml"
    text = (PACKS / "olist" / "policies.toml").read_text(encoding="utf-8")
    path.write_text(text.replace('kept_at = "picked_up_at"', 'kept_at = "piked_up_at"'), encoding="utf-8")
    for command in ("check", "publish", "test", "explain"):
        told = goldline("policy", command, path)
        assert told.code == FAILED
        assert "policies.toml:" in told.err
        assert "^" in told.err
        assert "did you mean 'picked_up_at'?" in told.err
    assert json.loads(goldline("report", "promises", "--format", "json").out) == []


@pytest.mark.parametrize("command", [["init"], ["migrate"], ["dispatch", "--until-idle"]])
def test_commands_that_find_nothing_to_do(goldline: Goldline, command: list[str]) -> None:
    """They succeed."""
    assert goldline(*command).code == 0


def test_doctor(goldline: Goldline) -> None:
    """It names every part it looked at."""
    assert "PostgreSQL" in goldline("doctor").out


WRONG: list[tuple[list[str], int, str]] = [
    (["frobnicate"], WRONG_ARGUMENT, "No such command 'frobnicate'"),
    (["import", "olist"], WRONG_ARGUMENT, "Missing argument 'DIR'"),
    (["import", "events"], WRONG_ARGUMENT, "Missing argument 'FILE…'"),
    (["import", "olist", "nowhere"], FAILED, "nowhere: There is no such directory."),
    (["import", "events", "nowhere.csv"], FAILED, "nowhere.csv: There is no such file."),
    (["import", "events", "notes.txt"], FAILED, "The name does not say what the file holds."),
    (["run", "--workers", "0"], WRONG_ARGUMENT, "0 is not in the range"),
    (["run", "--workers", "many"], WRONG_ARGUMENT, "'many' is not a valid integer"),
    (["run", "--as-of", "2018-11-01T00:00:00"], WRONG_ARGUMENT, "has no offset from UTC"),
    (["run", "--as-of", "2018-11-01"], WRONG_ARGUMENT, "has no offset from UTC"),
    (["run", "--as-of", "10000-01-01T00:00:00Z"], WRONG_ARGUMENT, "is not an instant"),
    (["run", "--as-of", "0001-01-01T00:00:00+14:00"], WRONG_ARGUMENT, "is outside the years"),
    (["run", "--as-of", "yesterday"], WRONG_ARGUMENT, "is not an instant"),
    (["report", "promises", "--format", "yaml"], WRONG_ARGUMENT, "'yaml' is not one of"),
    (["policy", "check", "nothing"], FAILED, "There is no policy pack 'nothing'."),
    (["explain", "o1", "--lang", "fr"], WRONG_ARGUMENT, "'fr' is not one of"),
    (["quarantine", "redrive"], WRONG_ARGUMENT, "Name one by its ID"),
    (["quarantine", "redrive", "12", "--all"], WRONG_ARGUMENT, "Name one by its ID"),
    (["quarantine", "redrive", "12"], FAILED, "There is no quarantined event 12."),
    (["quarantine", "redrive", "99999999999999999999"], FAILED, "There is no quarantined event"),
    (["quarantine", "drop", "--all"], WRONG_ARGUMENT, "Missing option '--why'"),
    (["quarantine", "list", "--state", "lost"], WRONG_ARGUMENT, "'lost' is not one of"),
    (["key", "create", "a b", "--scope", "read"], FAILED, "The key name 'a b' is not usable."),
    (["key", "create", "erp", "--scope", "everything"], FAILED, "The scope 'everything' is unknown."),
    (["key", "revoke", "ghost"], FAILED, "There is no key named 'ghost'."),
    (["serve", "--port", "99999"], WRONG_ARGUMENT, "99999 is not in the range"),
]


@pytest.mark.parametrize(("arguments", "code", "words"), WRONG)
def test_a_wrong_argument_is_told_in_one_sentence(
    goldline: Goldline, arguments: list[str], code: int, words: str
) -> None:
    """On one line of standard error, with its exit code; standard output stays empty."""
    told = goldline(*arguments)
    assert (told.code, told.out) == (code, "")
    assert words in told.err
    assert told.err.count("\n") == 1
    assert "Traceback" not in told.err


def test_a_port_that_is_taken_is_not_shared(goldline: Goldline) -> None:
    """Nor is a host that is not this machine's served."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        told = goldline("serve", "--port", other.getsockname()[1])
    assert (told.code, told.err.count("\n")) == (FAILED, 1)
    assert "cannot be served: Address already in use" in told.err
    assert "cannot be served" in goldline("serve", "--host", "192.0.2.1").err


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(goldline: Goldline, name: str) -> None:
    """So do the commands of its group."""
    told = goldline(name, "--help")
    assert told.code == 0
    assert "Usage: goldline" in told.out


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none", "The database does not answer"),
        ("DATABASE_URL", "mysql://x", "must be an address that begins with postgresql://"),
        ("GOLDLINE_PARTITIONS", "many", "must be a whole number"),
        ("GOLDLINE_PARTITION", "4", "There is no setting GOLDLINE_PARTITION"),
    ],
)
def test_a_wrong_setting_is_told_in_one_sentence(
    goldline: Goldline, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, words: str
) -> None:
    """Whatever the command."""
    monkeypatch.setenv(variable, value)
    settings.cache_clear()
    told = goldline("report", "promises")
    settings.cache_clear()
    assert told.code == FAILED
    assert words in told.err
    assert told.err.count("\n") == 1


def test_an_empty_database_is_told(goldline: Goldline, database: Connection[Any]) -> None:
    """Before anything is installed, commands that read say how to begin."""
    database.execute("DROP SCHEMA goldline CASCADE")
    database.commit()
    for command in (["report", "promises"], ["run", "--until-idle"], ["quarantine", "list"], ["explain", "o1"]):
        told = goldline(*command)
        assert (told.code, told.err) == (
            FAILED,
            NOTHING_HERE,
        )


def test_a_reader_that_leaves_is_no_fault(address: str, tmp_path: Path) -> None:
    """`goldline … | head` ends quietly."""
    own = {"DATABASE_URL": address, "PYTHONPATH": str(ROOT / "src"), "GOLDLINE_HOME": str(tmp_path)}
    environment = {**os.environ, **own}
    script = "from goldline.surfaces.cli import main; main(['policy', 'explain', 'olist'])"
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", script], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    told = process.stderr.read().decode()
    process.stderr.close()
    process.wait(timeout=30)
    assert "Traceback" not in told
    assert "Unexpected" not in told


def test_the_event_documents_are_up_to_date() -> None:
    """What is committed is what the source says; `goldline docs events` writes it."""
    from goldline.market.events import catalogue

    folder = ROOT / "docs" / "reference"
    for name, text in documents(catalogue()).items():
        assert (folder / name).read_text(encoding="utf-8") == text, f"{name} is stale: run `goldline docs events`"
    known = {path.name for path in (folder / "events").iterdir()}
    assert known == {f"{each.name}.schema.json" for each in catalogue()}


@pytest.mark.data
def test_the_published_orders_are_judged_to_the_order(goldline: Goldline) -> None:
    """The engine's counts on the real sample are those of the independent count, by two workers."""
    root = Path(os.environ.get("GOLDLINE_DATA", str(ROOT.parent / "shared" / "data")))
    folder = root / "olist" / "sample"
    if not folder.is_dir():
        pytest.skip("data: the Olist sample is not here; name its place in GOLDLINE_DATA")
    assert goldline("import", "olist", folder).code == 0
    assert goldline("run", "--workers", "2", "--until-idle", "--as-of", AS_OF).code == 0
    found = json.loads(goldline("report", "promises", "--format", "json").out)
    counts = ("made", "kept", "broken", "excused", "pending")
    assert {each["promise"]: tuple(each[key] for key in counts) for each in found} == {
        "handover": (7932, 7138, 754, 40, 0),
        "delivery": (8000, 7177, 716, 107, 0),
    }

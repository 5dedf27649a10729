"""`goldline user`, `approval`, `audit` and bound keys, as an operator types them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from goldline.core import audit
from goldline.core.settings import settings
from goldline.surfaces.cli import running

from .conftest import Goldline

SOURCE = str(Path(__file__).parents[2] / "src")
Run = Callable[..., subprocess.CompletedProcess[str]]
PASSWORDS = {"olga": "olgas-long-password", "nina": "ninas-long-password", "otto": "ottos-long-password"}


@pytest.fixture
def apart(address: str, tmp_path: Path) -> Run:
    """Run a command in a process of its own, where two people are needed: Django is set up once a process."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GOLDLINE_")}
    environment = {**kept, "PYTHONPATH": SOURCE, "DATABASE_URL": address, "GOLDLINE_HOME": str(tmp_path),
                   "GOLDLINE_TWO_PERSONS": "on"}  # fmt: skip

    def call(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        code = "import sys; from goldline.surfaces.cli import main; sys.exit(main())"
        command = [sys.executable, "-c", code, *arguments]
        return subprocess.run(
            command, env=environment, input=stdin, capture_output=True, text=True, timeout=120, check=False
        )

    return call


def test_a_pack_takes_two_people_to_publish(apart: Run, database: Connection[Any]) -> None:
    """Asked for by one who signs in, approved by another who does; names without their passwords count for nothing."""
    for name, role in (("olga", "author"), ("nina", "author"), ("otto", "viewer")):
        made = apart("user", "create", name, "--role", role, "--password-stdin", stdin=PASSWORDS[name] + "\n")
        assert made.returncode == 0, made.stderr
    assert apart("user", "list").stdout.splitlines() == ["nina  author", "olga  author", "otto  viewer"]
    publish = ("policy", "publish", "demo", "--password-stdin")
    assert "each by name" in apart(*publish).stderr
    assert "do not go together" in apart(*publish, "--by", "olga", stdin="wrong\n").stderr
    assert "may not do 'policy.publish'" in apart(*publish, "--by", "otto", stdin=PASSWORDS["otto"] + "\n").stderr
    asked = apart(*publish, "--by", "olga", stdin=PASSWORDS["olga"] + "\n")
    assert (asked.returncode, "request 1 waits" in asked.stderr) == (0, True)
    approve = ("approval", "approve", "1", "--password-stdin", "--by")
    own = apart(*approve, "olga", stdin=PASSWORDS["olga"] + "\n")
    assert (own.returncode, "asked for themselves" in own.stderr) == (1, True)
    assert database.execute("SELECT count(*) FROM policy_version").fetchone() == (0,)
    database.rollback()
    assert "1  pending  policy.publish  pack:demo" in apart("approval", "list").stdout
    done = apart(*approve, "nina", stdin=PASSWORDS["nina"] + "\n")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    published = database.execute("SELECT DISTINCT published_by FROM policy_version").fetchall()
    assert published == [("nina",)]
    verified = apart("audit", "verify")
    assert verified.returncode == 0
    assert "6 records" in verified.stderr


def test_the_trail_is_verified_against_its_anchors(
    goldline: Goldline, database: Connection[Any], tmp_path: Path
) -> None:
    """Good while it is as written; cut or rewritten it fails, with the record named."""
    anchors = tmp_path / "kept" / "anchors.jsonl"
    assert goldline("key", "create", "erp", "--scope", "read").code == 0
    assert goldline("key", "create", "shop", "--scope", "read", "--account", "merchant:m-1").code == 0
    assert goldline("audit", "anchor", "--file", anchors).code == 0
    assert goldline("key", "revoke", "erp").code == 0
    good = goldline("audit", "verify", "--anchor", anchors)
    assert (good.code, "3 records, 1 anchor: as written" in good.err) == (0, True)
    listed = goldline("audit", "list").out.splitlines()
    assert [line.split("  ")[3] for line in listed] == ["key.revoke", "key.create", "key.create"]
    assert json.loads(listed[1].split("  ")[5]) == {"account": "merchant:m-1", "scopes": ["read"]}
    assert "gl_live_" not in "".join(listed)
    database.execute("SET session_replication_role = replica")
    database.execute("DELETE FROM audit WHERE seq > 1")
    database.execute("UPDATE audit_head SET seq = 1, hash = (SELECT hash FROM audit)")
    database.commit()
    assert goldline("audit", "verify").code == 0
    cut = goldline("audit", "verify", "--anchor", anchors)
    assert (cut.code, "record 2 of the audit trail: it is missing" in cut.err) == (1, True)
    assert "cannot be read" in goldline("audit", "verify", "--anchor", tmp_path / "none").err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("user", "create", "x", "--role", "merchant"), "bound to one account"),
        (("user", "create", "x", "--role", "admin", "--account", "merchant:m1"), "not bound to an account"),
        (("user", "create", "x", "--role", "creator", "--account", "merchant:m1"), "no account of a creator"),
        (("user", "role", "ghost", "viewer"), "no account named 'ghost'"),
        (("user", "disable", "ghost"), "no account named 'ghost'"),
    ],
)
def test_a_role_that_cannot_be_is_refused(apart: Run, arguments: tuple[str, ...], said: str) -> None:
    """With one sentence."""
    done = apart(*arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr


def test_the_trail_is_anchored_when_something_was_added(
    goldline: Goldline, database: Connection[Any], address: str
) -> None:
    """As `dispatch` does every few minutes: a line for what is new, none for what is not; verified by itself."""
    assert goldline("key", "create", "erp", "--scope", "read").code == 0
    assert running._anchor(address, 0) == 1
    assert running._anchor(address, 1) == 1
    assert goldline("key", "revoke", "erp").code == 0
    assert running._anchor(address, 1) == 2
    lines = settings().anchor_file.read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["seq"] for line in lines] == [1, 2]
    assert "2 records, 2 anchors: as written" in goldline("audit", "verify").err


def test_a_consumer_is_erased_by_the_command(goldline: Goldline, database: Connection[Any]) -> None:
    """Without --yes it only says what would be replaced; with it the name is gone and the trail has the pseudonym."""
    database.execute("INSERT INTO fact_order (partition, key, consumer_id) VALUES (0, 'o-1', 'consumer-77')")
    database.commit()
    told = goldline("erase", "consumer-77")
    assert (told.code, told.out.split()) == (0, ["fact_order", "1"])
    assert "Nothing was changed." in told.err
    assert goldline("erase", "consumer-77", "--yes", "--by", "olga").code == 0
    database.rollback()
    row = database.execute("SELECT consumer_id FROM fact_order").fetchone()
    assert row is not None
    assert row[0].startswith("erased-")
    assert goldline("erase", "consumer-77", "--yes").code == 1
    trail = [(each.actor, each.action, each.subject) for each in audit.records(database)]
    assert trail == [("olga", "consumer.erase", f"consumer:{row[0]}")]


def test_a_reviewer_is_added_by_name(goldline: Goldline, database: Connection[Any]) -> None:
    """It is said who may hold what and what is missing; a name nobody could sign in with is refused, and not kept."""
    told = goldline("review", "add", "anna", "--most", "3")
    assert (told.code, told.out) == (0, "")
    assert "anna is a reviewer and may hold 3 cases." in told.err
    assert "goldline user create anna --role reviewer" in told.err
    for name in ("", " ", "a\nb", "x" * 151):
        assert goldline("review", "add", name).code == 1
    assert database.execute("SELECT name FROM reviewer").fetchall() == [("anna",)]

"""`goldline link` and `goldline user create`, as a process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict

SOURCE = str(Path(__file__).parents[2] / "src")


@pytest.fixture
def environment(database_url: str, tmp_path: Path) -> dict[str, str]:
    """What a command of this test's installation runs with."""
    parts = conninfo_to_dict(database_url)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GOLDLINE_")}
    url = f"postgresql://{parts['user']}@/{parts['dbname']}?host={parts['host']}"
    return {**kept, "PYTHONPATH": SOURCE, "DATABASE_URL": url, "GOLDLINE_HOME": str(tmp_path)}


def goldline(environment: dict[str, str], *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command."""
    code = "import sys; from goldline.surfaces.cli import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.usefixtures("market")
def test_a_link_is_printed_alone(environment: dict[str, str]) -> None:
    """Standard output holds the link and nothing else; advice and an unknown order are said on standard error."""
    known = goldline(environment, "link", "late")
    assert known.returncode == 0
    assert "GOLDLINE_PUBLIC_URL" in known.stderr
    assert known.stdout.count("\n") == 1
    assert known.stdout.startswith("http://localhost:8000/g/")
    assert "Nothing is known of order 'o-9'" in goldline(environment, "link", "o-9").stderr


def test_an_order_that_cannot_be_gets_no_link(environment: dict[str, str]) -> None:
    """One sentence, a non-zero exit, nothing printed."""
    done = goldline(environment, "link", "x" * 65)
    assert (done.returncode, done.stdout) == (1, "")
    assert "cannot be the id of an order" in done.stderr


def test_an_account_is_made_with_a_password_shown_once(
    environment: dict[str, str], database: Connection[tuple[int]]
) -> None:
    """The password is printed; a second account of that name is refused; one may only look."""
    assert len(goldline(environment, "user", "create", "anna").stdout.strip()) >= 16
    assert goldline(environment, "user", "create", "anna").returncode == 1
    assert goldline(environment, "user", "create", "otto", "--view-only").returncode == 0
    assert database.execute("SELECT count(*) FROM public.auth_user").fetchone() == (2,)
    roles = dict(database.execute("SELECT name, role FROM member").fetchall())  # type: ignore[arg-type]
    assert roles == {"anna": "admin", "otto": "viewer"}


@pytest.mark.parametrize(("typed", "exit_code"), [("a-long-enough-password\n", 0), ("short\n", 1), ("", 1)])
def test_a_password_may_come_from_standard_input(environment: dict[str, str], typed: str, exit_code: int) -> None:
    """It is never on the command line, and a weak or missing one makes no account."""
    done = goldline(environment, "user", "create", "anna", "--password-stdin", stdin=typed)
    assert (done.returncode, done.stdout) == (exit_code, "")

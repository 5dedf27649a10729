"""The commands that operate an installation: breakers, endpoints, calendars, and a worker for some partitions."""

from __future__ import annotations

import re
from typing import Any

import pytest
from psycopg import Connection

from goldline.core.inbox import Intake
from goldline.core.settings import settings
from goldline.market.events import catalogue
from goldline.surfaces.cli.program import FAILED, WRONG_ARGUMENT
from tests.cli.conftest import Goldline
from tests.outbox.stock import add_remedies
from tests.web.events import event, raw

PUBLIC = "https://93.184.215.14/hooks"


def test_a_breaker_is_listed_and_released(goldline: Goldline, database: Connection[Any]) -> None:
    """Tripped, then released by somebody for a reason, with what it held let go on request."""
    add_remedies(database, 3, state="held")
    database.execute("UPDATE remedy SET why = 'breaker' WHERE key <> 'o0'")
    database.execute("INSERT INTO breaker (policy, tripped_at, why) VALUES ('demo.ship-by', now(), 'too fast')")
    database.commit()
    listed = goldline("breaker", "list")
    assert "(too fast), holds 2 remedies" in listed.out
    assert listed.err == "1 of 1 have tripped.\n"
    done = goldline("breaker", "release", "demo.ship-by", "--by", "ana", "--why", "checked", "--pay-held")
    assert (done.code, done.err) == (0, "The payouts of 'demo.ship-by' flow again; 2 held remedies were let go.\n")
    assert "by ana: checked" in goldline("breaker", "list").out
    assert database.execute("SELECT key, why FROM remedy WHERE state = 'held'").fetchall() == [("o0", "budget")]
    again = goldline("breaker", "release", "demo.ship-by", "--by", "ana")
    assert (again.code, again.err[:45]) == (FAILED, "goldline: The breaker of 'demo.ship-by' has n")


def test_a_release_leaves_what_was_held(goldline: Goldline, database: Connection[Any]) -> None:
    """Without --pay-held the remedies wait on, and the command says so."""
    add_remedies(database, 1, state="held")
    database.execute("UPDATE remedy SET why = 'breaker'")
    database.execute("INSERT INTO breaker (policy, tripped_at) VALUES ('demo.ship-by', now())")
    database.commit()
    assert "1 stay held" in goldline("breaker", "release", "demo.ship-by", "--by", "ana").err
    assert goldline("breaker", "release", "demo.ship-by").code == WRONG_ARGUMENT


def test_an_endpoints_life(goldline: Goldline, database: Connection[Any]) -> None:
    """Made with a secret shown once, rotated, retired, disabled, enabled."""
    made = goldline("endpoint", "create", PUBLIC, "--topic", "remedy.*", "--topic", "breaker.tripped")
    assert re.fullmatch(r"whsec_\S+\n", made.out)
    assert goldline("endpoint", "list").out == f"1  {PUBLIC}  remedy.* breaker.tripped  live  1 secret\n"
    rotated = goldline("endpoint", "rotate", "1")
    assert rotated.out != made.out
    assert "2 secrets" in goldline("endpoint", "list").out
    assert goldline("endpoint", "retire", "1").code == 0
    secrets = database.execute("SELECT secrets FROM endpoint").fetchone()
    assert secrets == ([rotated.out.strip()],)
    assert goldline("endpoint", "disable", "1", "--why", "moved").code == 0
    assert "(moved)" in goldline("endpoint", "list").out
    assert goldline("endpoint", "enable", "1").code == 0
    assert "live" in goldline("endpoint", "list").out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", "http://127.0.0.1/"), "127.0.0.1 is not a public IPv4 address"),
        (("create", PUBLIC, "--topic", "NO!"), "'NO!' is not a topic"),
        (("rotate", "9"), "There is no endpoint 9"),
    ],
)
def test_an_endpoint_that_cannot_be(goldline: Goldline, arguments: tuple[str, ...], said: str) -> None:
    """One sentence, and exit code 1."""
    done = goldline("endpoint", *arguments)
    assert (done.code, said in done.err, done.out) == (FAILED, True, "")


def test_a_receiver_of_ones_own_is_allowed_by_name(
    goldline: Goldline,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """GOLDLINE_WEBHOOK_ALLOW opens a network inside; the rest stays closed."""
    monkeypatch.setenv("GOLDLINE_WEBHOOK_ALLOW", "10.1.0.0/16")
    settings.cache_clear()
    assert goldline("endpoint", "create", "http://10.1.0.7:9000/").code == 0
    assert goldline("endpoint", "create", "http://10.2.0.7/").code == FAILED


def test_a_calendar_is_loaded(goldline: Goldline, database: Connection[Any]) -> None:
    """Whole years of a country's working days, the exchanged ones among them."""
    done = goldline("calendar", "load", "default", "--country", "CN", "--years", "2025-2026")
    assert done.code == 0
    assert done.err.startswith("The calendar 'default' holds 2025-01-01 to 2026-12-31: ")
    assert database.execute("SELECT count(*) FROM calendar_day WHERE calendar = 'default'").fetchone() == (730,)
    assert goldline("calendar", "load", "br", "--country", "BR", "--years", "2026").code == 0


@pytest.mark.parametrize(
    ("country", "years", "code"),
    [("CN", "soon", WRONG_ARGUMENT), ("CN", "2027-2026", FAILED), ("XX", "2026", FAILED), ("CN", "1800", FAILED)],
)
def test_a_calendar_that_cannot_be(goldline: Goldline, country: str, years: str, code: int) -> None:
    """Unknown years or countries are one sentence."""
    assert goldline("calendar", "load", "default", "--country", country, "--years", years).code == code


def test_a_worker_steps_only_the_partitions_it_is_told(goldline: Goldline, database: Connection[Any]) -> None:
    """What waits in another partition waits on, and does not keep the worker from being idle."""
    at = "2026-08-01T09:00:00+00:00"
    placed = [
        event("order.placed", at, order_id=f"o{n}", merchant_id="m", consumer_id="c", zone="UTC") for n in range(8)
    ]
    Intake(catalogue(), 2).accept(database, [raw(each) for each in placed], "api:shop")
    database.commit()
    assert goldline("run", "--until-idle", "--partition", "1").code == 0
    waiting = database.execute("SELECT DISTINCT partition FROM inbox WHERE done_at IS NULL").fetchall()
    done = database.execute("SELECT DISTINCT partition FROM inbox WHERE done_at IS NOT NULL").fetchall()
    database.commit()
    assert (waiting, done) == ([(0,)], [(1,)])
    assert goldline("run", "--until-idle", "--partition", "0", "--partition", "1").code == 0
    assert database.execute("SELECT count(*) FROM inbox WHERE done_at IS NULL").fetchone() == (0,)
    unknown = goldline("run", "--until-idle", "--partition", "2")
    assert (unknown.code, unknown.err) == (
        FAILED, "goldline: There is no partition 2. They are numbered 0 to 1.\n",
    )  # fmt: skip

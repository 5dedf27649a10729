"""The doctor: well when all is well, and for each ailment the right name, state and remedy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from psycopg import Connection

from goldline.core import doctor
from goldline.core.calendar import load_calendar
from goldline.core.doctor import Check, examine, verdict
from goldline.core.settings import Settings
from goldline.market.vocabulary import vocabulary

GIB = 1024**3


class Usage(NamedTuple):
    """What a disk has left."""

    free: int


def settings(**more: Any) -> Settings:
    """The settings of an installation that matches the test databases."""
    return Settings(**{"home": Path("/"), "partitions": 2, **more})


def look(connection: Connection[Any], url: str, name: str, **more: Any) -> Check:
    """Commit what the test did, examine, and give the check of this name."""
    connection.commit()
    return {check.name: check for check in examine(settings(database_url=url, **more), vocabulary())}[name]


def test_a_sound_installation_is_well(database_url: str) -> None:
    """Only the throw-away server's durability, the calendar nobody loaded and the lack of policies are remarked on."""
    checks = examine(settings(database_url=database_url), vocabulary())
    unavoidable = {"durability", "disk", "calendar", "policies"}
    ailing = [check for check in checks if check.state != "ok" and check.name not in unavoidable]
    assert ailing == []
    assert [check.name for check in checks] == [
        *("python", "disk", "database", "durability", "clock", "schema"),
        *("facts", "policies", "partitions", "calendar", "inbox", "quarantine", "clearing", "breakers", "outbox"),
    ]


def test_whatever_is_not_well_says_how_to_mend_it(database: Connection[Any], database_url: str) -> None:
    """Every warning and failure carries a hint; what is well carries none."""
    database.execute("INSERT INTO breaker (policy, tripped_at) VALUES ('demo.x', now())")
    database.commit()
    checks = examine(settings(partitions=9, database_url=database_url), vocabulary())
    assert {check.name for check in checks if check.state != "ok"} >= {"breakers", "partitions"}
    assert all((check.hint is None) is (check.state == "ok") for check in checks)


def test_without_a_database_the_rest_is_still_looked_at() -> None:
    """An unreachable database is one failure, and what needs none is reported."""
    checks = examine(settings(database_url="postgresql://nobody@127.0.0.1:1/none"), vocabulary())
    assert [(check.name, check.state) for check in checks if check.name != "disk"] == [
        ("python", "ok"), ("database", "fail"),
    ]  # fmt: skip
    assert verdict(checks) == "fail"


def test_looking_makes_nothing(tmp_path: Path) -> None:
    """Where no record was ever made the doctor says so, and makes none."""
    checks = {check.name: check for check in examine(settings(home=tmp_path), vocabulary())}
    assert checks["database"].state == "fail"
    assert "no record yet" in checks["database"].message
    assert "goldline init" in str(checks["database"].hint)
    assert list(tmp_path.iterdir()) == []


def test_no_policy_in_force_is_a_warning(database: Connection[Any], database_url: str) -> None:
    """Nothing would ever be promised; a published policy mends it, a withdrawn one does not."""
    check = look(database, database_url, "policies")
    assert (check.state, check.message) == ("warn", doctor.NO_POLICY)
    add = (
        "INSERT INTO policy_version (policy, version, pack, subject, kind, digest, body)"
        " VALUES ('a.late', %s, 'a', 'order', %s, '', '{}')"
    )
    database.execute(add, [1, "promise"])
    assert look(database, database_url, "policies").message == "1 policy is in force"
    database.execute(add, [2, "withdrawn"])
    assert look(database, database_url, "policies").state == "warn"


def test_missing_tables_are_a_failure_and_end_the_questions(database: Connection[Any], database_url: str) -> None:
    """Without the schema the doctor says so and asks nothing that needs it."""
    database.execute("DROP SCHEMA goldline CASCADE")
    check = look(database, database_url, "schema")
    assert (check.state, check.message) == ("fail", "The tables are not installed.")


def test_tables_of_another_version_are_a_warning(database: Connection[Any], database_url: str) -> None:
    """A digest that is not this version's is told."""
    database.execute("COMMENT ON SCHEMA goldline IS 'sha256:other'")
    assert look(database, database_url, "schema").state == "warn"


def test_a_fact_without_a_column_is_a_failure_by_name(database: Connection[Any], database_url: str) -> None:
    """The column that is missing is named."""
    database.execute("ALTER TABLE fact_order DROP COLUMN paid_at CASCADE")
    check = look(database, database_url, "facts")
    assert check.state == "fail"
    assert "fact_order.paid_at" in check.message


@pytest.mark.parametrize(
    ("env", "name", "state"), [("production", "database", "fail"), ("development", "durability", "warn")]
)
def test_lost_durability_fails_in_production(
    database: Connection[Any], database_url: str, env: str, name: str, state: str
) -> None:
    """The test server does not sync: a warning in development; in production it is refused as a whole."""
    check = look(database, database_url, name, env=env, secret_key="x" * 40)
    assert check.state == state
    assert "ALTER SYSTEM SET fsync = on" in str(check.hint)


def test_a_lease_that_ran_out_names_its_holder(database: Connection[Any], database_url: str) -> None:
    """A worker that died holding a partition is named."""
    database.execute("UPDATE partition SET holder = 'w1', leased_until = now() - interval '1 hour' WHERE id = 1")
    check = look(database, database_url, "partitions")
    assert check.state == "warn"
    assert "1 (w1)" in check.message


def test_another_number_of_partitions_says_which_to_set(database: Connection[Any], database_url: str) -> None:
    """The hint names the number the tables have."""
    check = look(database, database_url, "partitions", partitions=4)
    assert (check.state, check.hint) == ("fail", "Set GOLDLINE_PARTITIONS to 2.")


@pytest.mark.parametrize(("minutes", "state"), [(0, "ok"), (2, "warn"), (30, "fail")])
def test_waiting_events_are_graded_by_age(
    database: Connection[Any], database_url: str, minutes: int, state: str
) -> None:
    """The longer the oldest batch waits, the worse; folded batches do not count."""
    database.execute(
        "INSERT INTO inbox (partition, received_at, via, events, body, done_at)"
        " VALUES (0, now() - make_interval(mins => %s), 't', 1, '[]', NULL),"
        " (0, now() - interval '9 days', 't', 1, '[]', now())",
        [minutes],
    )
    assert look(database, database_url, "inbox").state == state


def test_open_quarantine_is_a_warning_with_its_codes(database: Connection[Any], database_url: str) -> None:
    """Open entries are counted with their codes, settled ones are not."""
    database.execute(
        "INSERT INTO quarantine (via, code, reason, body, state) VALUES"
        " ('t', 'malformed', 'r', '', 'open'), ('t', 'invalid', 'r', '', 'open'), ('t', 'poison', 'r', '', 'dropped')"
    )
    check = look(database, database_url, "quarantine")
    assert (check.state, check.message.split(" and ")[0]) == ("warn", "2 events are in quarantine (invalid, malformed)")


@pytest.mark.parametrize(("hours", "state"), [(0, "ok"), (2, "warn"), (30, "fail")])
def test_unsettled_remedies_are_graded_by_age(
    database: Connection[Any], database_url: str, hours: int, state: str
) -> None:
    """Money that has been owed for long is told; paid and void remedies are not counted."""
    for n, (kind, age) in enumerate([("unknown", hours), ("paid", 999)]):
        database.execute(
            "INSERT INTO remedy (partition, id, finding_id, policy, key, kind, payee, bearer, charged_to, asked_minor,"
            " amount_minor, currency, state, accrued_at) VALUES (0, %s, gen_random_uuid(), 'p.x', 'k', 'coupon', 'c',"
            " 'm', 'm', 1, 1, 'BRL', %s, now() - make_interval(hours => %s))",
            [f"00000000-0000-0000-0000-00000000000{n}", kind, age],
        )
    check = look(database, database_url, "clearing", payout_url="https://pay.example")
    assert (check.state, check.message.split()[0]) == (state, "1")


def owe(database: Connection[Any], accrued_at: str) -> None:
    """A remedy that waits since then."""
    database.execute(
        "INSERT INTO remedy (partition, id, finding_id, policy, key, kind, payee, bearer, charged_to, asked_minor,"
        " amount_minor, currency, state, accrued_at) VALUES (0, gen_random_uuid(), gen_random_uuid(), 'p.x', 'k',"
        " 'coupon', 'c', 'm', 'm', 1, 1, 'BRL', 'accrued', %s)",
        [accrued_at],
    )


def test_without_a_provider_old_remedies_are_a_warning(database: Connection[Any], database_url: str) -> None:
    """Where nobody is named to pay, nothing is broken: payouts wait, and the doctor says for what."""
    owe(database, "2018-01-01T00:00Z")
    check = look(database, database_url, "clearing")
    assert check.state == "warn"
    assert check.message.endswith("no payout provider is named.")
    assert "GOLDLINE_PAYOUT_URL" in (check.hint or "")


def test_after_a_replay_clearing_goes_by_the_clock_of_the_steps(database: Connection[Any], database_url: str) -> None:
    """Judged as of 2018, what accrued an hour before that has waited an hour, and what has passed since."""
    owe(database, "2018-10-31T22:00Z")
    database.execute("UPDATE partition SET clock_at = '2018-11-01T00:00Z', stepped_at = clock_timestamp()")
    check = look(database, database_url, "clearing", payout_url="https://pay.example")
    assert (check.state, check.message[:52]) == ("warn", "1 remedies are not settled, the oldest for 2 h 0 min"[:52])
    database.execute("UPDATE partition SET stepped_at = clock_timestamp() - interval '2 days'")
    assert look(database, database_url, "clearing", payout_url="https://pay.example").state == "fail"


def test_a_calendar_that_ends_is_told(database: Connection[Any], database_url: str) -> None:
    """No day of this year in the calendar of rules that name none: a warning with the command that mends it."""
    check = look(database, database_url, "calendar")
    assert (check.state, "goldline calendar load default" in (check.hint or "")) == ("warn", True)
    database.execute("INSERT INTO driven_clock (at) VALUES ('2026-12-31T15:59Z')")
    load_calendar(database, "default", "CN", [2026])
    check = look(database, database_url, "calendar")
    assert (check.state, check.message) == ("ok", "The calendar 'default' covers 2026, and ends on 2026-12-31")
    database.execute("UPDATE driven_clock SET at = '2026-12-31T16:01Z'")  # new year has begun in Shanghai
    assert "covers no day of 2027" in look(database, database_url, "calendar").message


def test_a_driven_clock_is_what_clearing_goes_by(database: Connection[Any], database_url: str) -> None:
    """In a replay of years ago an hour-old accrual is an hour old, not years."""
    database.execute("INSERT INTO driven_clock (at) VALUES ('2018-01-01T01:00Z')")
    database.execute(
        "INSERT INTO remedy (partition, id, finding_id, policy, key, kind, payee, bearer, charged_to, asked_minor,"
        " amount_minor, currency, state, accrued_at) VALUES (0, gen_random_uuid(), gen_random_uuid(), 'p.x', 'k',"
        " 'coupon', 'c', 'm', 'm', 1, 1, 'BRL', 'accrued', '2018-01-01T00:30Z')"
    )
    young = look(database, database_url, "clearing")
    assert (young.state, "no payout provider is named" in young.message) == ("warn", True)
    check = look(database, database_url, "clearing", payout_url="http://localhost:1")
    assert (check.state, check.message) == ("ok", "1 remedies are not settled, the oldest for 30 min 0 s")


@pytest.mark.parametrize(("tripped", "state"), [("now()", "warn"), ("NULL", "ok")])
def test_a_tripped_breaker_is_told_until_released(
    database: Connection[Any], database_url: str, tripped: str, state: str
) -> None:
    """A breaker holds payouts back from its tripping to its release."""
    database.execute(f"INSERT INTO breaker (policy, tripped_at, released_at) VALUES ('demo.x', {tripped}, now())")
    assert look(database, database_url, "breakers").state == state


def test_messages_given_up_are_a_warning(database: Connection[Any], database_url: str) -> None:
    """Dead and unknown messages are counted apart."""
    for n, state in enumerate(["dead", "unknown", "unknown", "done"]):
        database.execute(
            "INSERT INTO outbox (partition, kind, key, topic, payload, created_at, state)"
            " VALUES (0, 'webhook', %s, 't', '{}', now(), %s)",
            [str(n), state],
        )
    check = look(database, database_url, "outbox")
    assert (check.state, check.message[:26]) == ("warn", "1 messages were given up a")
    assert "of 2 is unknown" in check.message


@pytest.mark.parametrize(("seconds", "state"), [(0, "ok"), (10, "warn"), (-3600, "fail")])
def test_clocks_apart_are_told_in_either_direction(database_url: str, seconds: int, state: str) -> None:
    """A host whose clock runs fast or slow is told, by how much it differs."""
    checks = examine(
        settings(database_url=database_url), vocabulary(), lambda: datetime.now(UTC) + timedelta(seconds=seconds)
    )
    assert {check.name: check.state for check in checks}["clock"] == state


@pytest.mark.parametrize(("free", "state"), [(50 * GIB, "ok"), (2 * GIB, "warn"), (GIB // 2, "fail")])
def test_a_filling_disk_is_told_before_it_is_full(tmp_path: Path, free: int, state: str) -> None:
    """Measured where the data will be, even before the directory is there."""
    assert doctor._disk(tmp_path / "not" / "yet", lambda _: Usage(free)).state == state


def test_an_old_python_is_a_failure() -> None:
    """Python before 3.11 is refused."""
    assert doctor._python((3, 10, 4)).state == "fail"
    assert doctor._python((3, 11, 0)).state == "ok"


def test_a_part_that_cannot_be_looked_at_is_a_failure(database: Connection[Any], database_url: str) -> None:
    """A query that fails is a fault of that part, and the others are still looked at."""
    database.execute("ALTER TABLE outbox RENAME TO elsewhere")
    database.commit()
    checks = {check.name: check for check in examine(settings(database_url=database_url), vocabulary())}
    assert checks["outbox"].state == "fail"
    assert "could not be looked at" in checks["outbox"].message
    assert checks["breakers"].state == "ok"


@pytest.mark.parametrize(
    ("states", "worst"), [(["ok"], "ok"), (["ok", "warn"], "warn"), (["warn", "fail", "ok"], "fail")]
)
def test_the_verdict_is_the_worst_state(states: list[Any], worst: str) -> None:
    """One failure fails the whole."""
    assert verdict(tuple(Check("x", state, "m") for state in states)) == worst

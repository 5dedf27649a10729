"""The doctor: looks at an installation and says, of each part, whether it is well, what is wrong and how to mend it.

It changes nothing and needs no worker to be running. A part it could not look at is a fault, never silence.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

import psycopg
from psycopg import Connection

from goldline.core.calendar import DEFAULT
from goldline.core.clock import DatabaseClock
from goldline.core.database import Server, connect, durability, exists
from goldline.core.errors import GoldlineError
from goldline.core.facts.subject import Vocabulary
from goldline.core.facts.table import drift
from goldline.core.schema import expected_digest, installed_digest
from goldline.core.settings import Settings

State = Literal["ok", "warn", "fail"]

OLDEST_PYTHON: Final = (3, 11)
GIB: Final = 1024**3
DISK_WARN_BYTES: Final = 5 * GIB
DISK_FAIL_BYTES: Final = GIB
WAIT_WARN: Final = timedelta(minutes=1)
WAIT_FAIL: Final = timedelta(minutes=15)
CLEARING_WARN: Final = timedelta(hours=1)
CLEARING_FAIL: Final = timedelta(hours=24)
SKEW_WARN: Final = timedelta(seconds=2)
SKEW_FAIL: Final = timedelta(minutes=1)
QUERY_LIMIT_MS: Final = 5000
NO_RECORD_HINT: Final = "Run `goldline init` first; for that of a running demo, set the DATABASE_URL it printed."
NO_POLICY: Final = "No policy is in force: nothing is promised, so nothing is judged."
NO_POLICY_HINT: Final = "Publish a pack: `goldline policy publish demo`, or one of your own."


@dataclass(frozen=True, slots=True)
class Check:
    """One part looked at. `hint` says how to mend it and is there unless it is well."""

    name: str
    state: State
    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Patient:
    """What the checks look at."""

    connection: Connection[Any]
    settings: Settings
    vocabulary: Vocabulary
    host_time: Callable[[], datetime]

    def row(self, statement: str, *values: object) -> tuple[Any, ...]:
        """The one row of a statement that always gives one."""
        found = self.connection.execute(statement, values).fetchone()
        if found is None:  # pragma: no cover - every statement here aggregates
            raise GoldlineError("The database gave no row.", code="no_row")
        return tuple(found)


def examine(
    settings: Settings, vocabulary: Vocabulary, host_time: Callable[[], datetime] | None = None
) -> tuple[Check, ...]:
    """Look at everything. Without a database only what needs none is looked at, and the database has failed."""
    alone = (_python(sys.version_info[:3]), _disk(settings.home, shutil.disk_usage))
    if not exists(settings):  # to look must not make one
        message = f"There is no record yet: DATABASE_URL names none, and {settings.data_directory} holds none."
        return (*alone, Check("database", "fail", message, NO_RECORD_HINT))
    with ExitStack() as stack:
        try:
            server = stack.enter_context(Server(settings))
            connection = stack.enter_context(connect(server.url, autocommit=True, application="goldline doctor"))
        except GoldlineError as fault:
            return (*alone, Check("database", "fail", fault.message, fault.hint))
        connection.execute("SELECT set_config('statement_timeout', %s, false)", [str(QUERY_LIMIT_MS)])
        patient = Patient(connection, settings, vocabulary, host_time or _host_time)
        return (*alone, *(_looked(name, check, patient) for name, check in _checks(connection).items()))


def verdict(checks: tuple[Check, ...]) -> State:
    """The worst state of all."""
    states = {check.state for check in checks}
    return "fail" if "fail" in states else "warn" if "warn" in states else "ok"


def _checks(connection: Connection[Any]) -> dict[str, Callable[[Patient], Check]]:
    # Without the schema nothing else can be asked.
    return _OF_SERVER if installed_digest(connection) is None else {**_OF_SERVER, **_OF_SCHEMA}


def _looked(name: str, check: Callable[[Patient], Check], patient: Patient) -> Check:
    try:
        return check(patient)
    except psycopg.Error as fault:
        reason = " ".join(str(fault).split())
        return Check(
            name, "fail", f"This could not be looked at: {reason}.", "Check the database's log and its rights."
        )


def _host_time() -> datetime:
    return datetime.now(UTC)


def _python(version: tuple[int, ...]) -> Check:
    shown = ".".join(map(str, version))
    if version < OLDEST_PYTHON:
        return Check("python", "fail", f"Python is {shown}; 3.11 or newer is needed.", "Set up again with a newer one.")
    return Check("python", "ok", f"Python {shown}")


def _disk(home: Path, usage: Callable[[Path], Any]) -> Check:
    place = next(path for path in (home, *home.absolute().parents) if path.exists())
    free = usage(place).free
    state = _graded(-free, -DISK_WARN_BYTES, -DISK_FAIL_BYTES)
    hint = None if state == "ok" else "Free some space, or move GOLDLINE_HOME: a full disk stops intake."
    return Check("disk", state, f"{free / GIB:.1f} GiB are free at {place}", hint)


def _database(patient: Patient) -> Check:
    (version,) = patient.row("SHOW server_version")
    return Check("database", "ok", f"PostgreSQL {version} answers")


def _durability(patient: Patient) -> Check:
    unsafe = [name for name, value in durability(patient.connection).items() if value == "off"]
    if not unsafe:
        return Check("durability", "ok", "A commit survives a crash")
    hint = " ".join(f"ALTER SYSTEM SET {name} = on;" for name in unsafe) + " SELECT pg_reload_conf();"
    # A warning, because in production the start itself has refused such a server.
    return Check("durability", "warn", f"Acknowledged events may be lost: {', '.join(unsafe)} is off.", f"Run: {hint}")


def _skew(patient: Patient) -> Check:
    before = patient.host_time()
    there = DatabaseClock().now(patient.connection)
    after = patient.host_time()
    apart = abs(there - (before + (after - before) / 2))
    state = _graded(apart, SKEW_WARN, SKEW_FAIL)
    message = f"The database's clock and this host's are {apart.total_seconds():.1f} s apart"
    hint = "Let both take their time from NTP; deadlines go by the database's clock."
    return Check("clock", state, message, None if state == "ok" else hint)


def _schema(patient: Patient) -> Check:
    found = installed_digest(patient.connection)
    mend = "Stop the workers and run `goldline init`, which completes the tables."
    if found is None:
        return Check("schema", "fail", "The tables are not installed.", mend)
    if found != expected_digest():
        return Check("schema", "warn", "The tables were installed by another version of Goldline.", mend)
    return Check("schema", "ok", "The tables are those of this version")


def _facts(patient: Patient) -> Check:
    missing = drift(patient.connection, patient.vocabulary)
    if not missing:
        return Check("facts", "ok", "The fact tables match the vocabulary")
    hint = "Stop the workers and run `goldline init`, which adds them."
    return Check("facts", "fail", f"Facts are declared that the tables lack: {', '.join(sorted(missing))}.", hint)


def _policies(patient: Patient) -> Check:
    (count,) = patient.row(
        "SELECT count(*) FROM (SELECT DISTINCT ON (policy) kind FROM policy_version ORDER BY policy, version DESC)"
        " newest WHERE kind <> 'withdrawn'"
    )
    if not count:
        return Check("policies", "warn", NO_POLICY, NO_POLICY_HINT)
    return Check("policies", "ok", f"{count} {'policy is' if count == 1 else 'policies are'} in force")


def _partitions(patient: Patient) -> Check:
    count, leased, stale = patient.row(
        "SELECT count(*), count(*) FILTER (WHERE leased_until >= clock_timestamp()),"
        " string_agg(id::text || ' (' || holder || ')', ', ' ORDER BY id)"
        " FILTER (WHERE holder IS NOT NULL AND leased_until < clock_timestamp()) FROM partition"
    )
    if count != patient.settings.partitions:
        message = f"The tables have {count} partitions, the settings say {patient.settings.partitions}."
        return Check("partitions", "fail", message, f"Set GOLDLINE_PARTITIONS to {count}.")
    if stale:
        message = f"Leases have run out without being given back: {stale}."
        return Check("partitions", "warn", message, "Start a worker with `goldline run`; it takes them over.")
    return Check("partitions", "ok", f"{leased} of {count} partitions are held by a worker")


def _calendar(patient: Patient) -> Check:
    year, days, last = patient.row(
        "SELECT extract(year FROM today)::integer,"
        " count(c.day) FILTER (WHERE extract(year FROM c.day) = extract(year FROM today)), max(c.day)"
        " FROM (SELECT (coalesce((SELECT at FROM driven_clock), clock_timestamp()) AT TIME ZONE"
        " (SELECT zone FROM marketplace))::date AS today) now"
        " LEFT JOIN calendar_day c ON c.calendar = %s GROUP BY today",
        DEFAULT,
    )
    if days:
        return Check("calendar", "ok", f"The calendar '{DEFAULT}' covers {year}, and ends on {last}")
    message = f"The calendar '{DEFAULT}' covers no day of {year}: deadlines in working days count Monday to Friday."
    hint = f"Load it with `goldline calendar load {DEFAULT} --country CN --years {year}-{year + 1}`, by your country."
    return Check("calendar", "warn", message, hint)


def _inbox(patient: Patient) -> Check:
    (age,) = patient.row("SELECT clock_timestamp() - min(received_at) FROM inbox WHERE done_at IS NULL")
    if age is None:
        return Check("inbox", "ok", "Nothing waits to be judged")
    state = _graded(age, WAIT_WARN, WAIT_FAIL)
    hint = "Start a worker with `goldline run`, or more of them, and see what the running ones log."
    return Check("inbox", state, f"The oldest batch has waited {_length(age)}", None if state == "ok" else hint)


def _quarantine(patient: Patient) -> Check:
    events, codes, parked = patient.row(
        "SELECT count(*), string_agg(DISTINCT code, ', '), (SELECT count(*) FROM parked)"
        " FROM quarantine WHERE state = 'open'"
    )
    if not events and not parked:
        return Check("quarantine", "ok", "Nothing is in quarantine")
    message = f"{events} events are in quarantine ({codes or 'none'}) and {parked} subjects are parked."
    hint = "See why with `goldline quarantine list`; mend the sender or the rule, then re-drive them."
    return Check("quarantine", "warn", message, hint)


def _clearing(patient: Patient) -> Check:
    # Accruals carry the steps' clock, which may be driven or a replay's: what has passed since is added to it.
    count, age = patient.row(
        "SELECT count(*), coalesce((SELECT at FROM driven_clock),"
        " (SELECT max(clock_at) + (clock_timestamp() - max(stepped_at)) FROM partition), clock_timestamp())"
        " - min(accrued_at) FROM remedy WHERE state IN ('accrued', 'unknown', 'held')"
    )
    if not count:
        return Check("clearing", "ok", "Every remedy is settled")
    state = _graded(age, CLEARING_WARN, CLEARING_FAIL)
    message = f"{count} remedies are not settled, the oldest for {_length(age)}"
    if patient.settings.payout_url is None:  # however young they are: without one nothing will ever settle them
        hint = "Name a payout provider (GOLDLINE_PAYOUT_URL) and run `goldline dispatch`; until then payouts wait."
        return Check("clearing", "warn", f"{message}; no payout provider is named.", hint)
    hint = "Check that a provider is set (GOLDLINE_PAYOUT_URL) and answers, and whether a breaker holds payouts back."
    return Check("clearing", state, message, None if state == "ok" else hint)


def _breakers(patient: Patient) -> Check:
    (tripped,) = patient.row(
        "SELECT string_agg(policy, ', ' ORDER BY policy) FROM breaker WHERE tripped_at IS NOT NULL"
    )
    if tripped is None:
        return Check("breakers", "ok", "No breaker has tripped")
    hint = "Look at the policy's latest findings; if they are right, release it."
    return Check("breakers", "warn", f"Payouts are held back for: {tripped}.", hint)


def _outbox(patient: Patient) -> Check:
    dead, unknown = patient.row(
        "SELECT count(*) FILTER (WHERE state = 'dead'), count(*) FILTER (WHERE state = 'unknown') FROM outbox"
        " WHERE state IN ('dead', 'unknown')"
    )
    if not dead and not unknown:
        return Check("outbox", "ok", "Every message was delivered or waits its turn")
    message = f"{dead} messages were given up and the outcome of {unknown} is unknown."
    return Check("outbox", "warn", message, "See the delivery log; mend the receiver, then replay them.")


def _graded(value: Any, warn: Any, fail: Any) -> State:
    return "fail" if value > fail else "warn" if value > warn else "ok"


def _length(age: timedelta) -> str:
    seconds = max(0, int(age.total_seconds()))
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, seconds = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s")]
    first = next((at for at, (amount, _) in enumerate(parts) if amount), len(parts) - 1)
    return " ".join(f"{amount} {unit}" for amount, unit in parts[first : first + 2])


_OF_SERVER: Final[dict[str, Callable[[Patient], Check]]] = {
    "database": _database,
    "durability": _durability,
    "clock": _skew,
    "schema": _schema,
}
_OF_SCHEMA: Final[dict[str, Callable[[Patient], Check]]] = {
    "facts": _facts,
    "policies": _policies,
    "partitions": _partitions,
    "calendar": _calendar,
    "inbox": _inbox,
    "quarantine": _quarantine,
    "clearing": _clearing,
    "breakers": _breakers,
    "outbox": _outbox,
}

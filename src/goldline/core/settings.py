"""The settings of one process: read once, from the environment and an optional TOML file, then never changed.

The environment wins over the file. The file is `GOLDLINE_CONFIG`, or `goldline.toml` in `GOLDLINE_HOME`; its keys
are the names below without the prefix, in lower case. A key nobody knows is refused: a misspelt setting that is
silently ignored is found out on the worst day.
"""

from __future__ import annotations

import os
import re
import secrets
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal

from goldline.core.errors import SettingsError

Environment = Literal["development", "production"]
TwoPersons = Literal["auto", "on", "off"]

PREFIX = "GOLDLINE_"
SECRET_MIN_LENGTH = 32
PARTITIONS_MAX = 256
# Read elsewhere: the place of the file itself, and what the test suite steers by.
FOREIGN_KEYS = frozenset(
    {"GOLDLINE_CONFIG", "GOLDLINE_CRASH_AT", "GOLDLINE_CRASH_LOG", "GOLDLINE_DATA", "GOLDLINE_REQUIRE"}
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that may differ between two installations."""

    env: Environment = "development"
    """`production` refuses to start with unsafe settings or a database whose commits may be lost."""
    home: Path = Path("~/.local/share/goldline")
    """Where the embedded server, the settings file and the development secret are kept."""
    database_url: str | None = None
    """A PostgreSQL 15 to 18; none starts the embedded server in `home`. Read from DATABASE_URL, without prefix."""
    secret_key: str = ""
    """Signs links and sessions. Required in production; in development one is made and kept in `home`."""
    partitions: int = 4
    """Hash partitions of subjects: the most workers that can step at once. Fixed when the schema is installed."""
    public_url: str = "http://localhost:8000"
    """Where consumers and operators reach the pages; signed links begin with it."""
    payout_url: str | None = None
    """The payout provider. None: payouts wait in the outbox."""
    payout_timeout_s: int = 10
    """Seconds to wait for the payout provider's answer, 1 to 300."""
    webhook_timeout_s: int = 10
    """Seconds to wait for a receiver's answer, 1 to 300."""
    webhook_allow_private: bool = False
    """Let webhooks go to private and loopback addresses. Refused in production."""
    webhook_allow: tuple[str, ...] = ()
    """Receivers in one's own network: networks, addresses or host names. In production networks alone, as 10.1.0.0/16:
    what a name resolves to is somebody else's to change."""
    two_persons: TwoPersons = "auto"
    """Whether releasing money, taking findings back in mass and publishing policies need a second person: `on`, `off`,
    or `auto`: in production, once two people who may approve have an account."""
    alone_limits: tuple[str, ...] = ()
    """What one person may move alone within 24 hours where two are needed, by currency, as CNY=1000.00,USD=150. A
    currency that is not named has no such amount."""
    audit_anchors: Path | None = None
    """The file that signed anchors of the audit trail are appended to; `audit-anchors.jsonl` in `home` if none is
    named. Better on another machine's disk."""

    @property
    def anchor_file(self) -> Path:
        """Where signed anchors of the audit trail are appended."""
        return (self.audit_anchors or self.home / "audit-anchors.jsonl").expanduser()

    @property
    def production(self) -> bool:
        """Whether unsafe settings must stop the start."""
        return self.env == "production"

    @property
    def data_directory(self) -> Path:
        """Where the embedded server keeps its files."""
        return self.home / "postgres"


@cache
def settings() -> Settings:
    """The settings of this process, read at the first call."""
    return load(os.environ)


def load(environ: Mapping[str, str]) -> Settings:
    """Settings from an environment and the TOML file it points to. Raises SettingsError for the first fault."""
    known = {field.name: _environment_key(field.name) for field in fields(Settings)}
    given = {key for key in environ if key.startswith(PREFIX)}
    _refuse_unknown(given - FOREIGN_KEYS, set(known.values()), "the environment")
    home = Path(environ.get("GOLDLINE_HOME") or Settings().home).expanduser()
    texts = _from_file(environ, home, set(known))
    texts |= {name: environ[key] for name, key in known.items() if environ.get(key, "") != ""}
    values = {name: _PARSERS[name](text, known[name]) for name, text in texts.items()}
    return _completed({"home": home, **values})


def _environment_key(name: str) -> str:
    return "DATABASE_URL" if name == "database_url" else PREFIX + name.upper()


def _refuse_unknown(given: set[str], known: set[str], where: str) -> None:
    for key in sorted(given - known):
        raise SettingsError(
            f"There is no setting {key}.",
            code="unknown_setting",
            where=where,
            hint=f"Remove it or correct its name; known are {', '.join(sorted(known))}.",
        )


def _from_file(environ: Mapping[str, str], home: Path, known: set[str]) -> dict[str, str]:
    named = environ.get("GOLDLINE_CONFIG")
    path = Path(named).expanduser() if named else home / "goldline.toml"
    if not named and not path.is_file():
        return {}
    table = _toml(path)
    _refuse_unknown(set(table), known, str(path))
    return {name: _as_text(value) for name, value in table.items()}


def _as_text(value: Any) -> str:
    """A value of the file as the environment would have it."""
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise SettingsError(
            f"The settings file cannot be read: {fault}.",
            code="unreadable_settings",
            where=str(path),
            hint="Correct it, or unset GOLDLINE_CONFIG to do without.",
        ) from fault


def _completed(values: dict[str, Any]) -> Settings:
    # What depends on more than one setting is decided here.
    made = Settings(**values)
    if made.production:
        _check_production(made)
    if made.secret_key:
        return made
    return Settings(**{**values, "secret_key": _development_secret(made.home)})


def _check_production(made: Settings) -> None:
    if len(made.secret_key) < SECRET_MIN_LENGTH:
        raise SettingsError(
            f"In production GOLDLINE_SECRET_KEY must be set, to at least {SECRET_MIN_LENGTH} characters.",
            code="weak_secret",
            hint="Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'",
        )
    if made.webhook_allow_private:
        raise SettingsError(
            "In production webhooks may not go to private addresses.",
            code="unsafe_setting",
            where="GOLDLINE_WEBHOOK_ALLOW_PRIVATE",
            hint="Unset it; it is for trying things out on one machine.",
        )
    for text in made.webhook_allow:
        if not _is_narrow_network(text):
            raise SettingsError(
                f"In production {text!r} cannot be allowed to receive webhooks: it is not a network.",
                code="unsafe_setting",
                where="GOLDLINE_WEBHOOK_ALLOW",
                hint=f"Name networks, /{_WIDEST[4]} or narrower, such as 10.1.0.0/16 or 10.1.2.3/32.",
            )


_WIDEST = {4: 8, 6: 32}  # by version of IP: what is wider opens more than anybody's own network


def _is_narrow_network(text: str) -> bool:
    try:
        network = ip_network(text)
    except ValueError:
        return False
    return "/" in text and network.prefixlen >= _WIDEST[network.version]


def _development_secret(home: Path) -> str:
    # Kept in a file, so that a signed link outlives the process that made it.
    path = home / "secret_key"
    try:
        home.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    except OSError as fault:
        raise _unusable_home(home, fault) from fault
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        secret = secrets.token_urlsafe(48)
        file.write(secret)
    return secret


def _unusable_home(home: Path, fault: OSError) -> SettingsError:
    return SettingsError(
        f"The data directory cannot be written: {fault.strerror}.",
        code="unusable_home",
        where=str(home),
        hint="Set GOLDLINE_HOME to a directory you may write.",
    )


def _text(text: str, _key: str) -> str:
    return text


def _path(text: str, _key: str) -> Path:
    return Path(text).expanduser()


def _environment(text: str, key: str) -> str:
    if text not in ("development", "production"):
        raise _bad(key, text, "either 'development' or 'production'")
    return text


def _flag(text: str, key: str) -> bool:
    choices = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if text.lower() not in choices:
        raise _bad(key, text, "true or false")
    return choices[text.lower()]


def _whole(least: int, most: int) -> Callable[[str, str], int]:
    def parse(text: str, key: str) -> int:
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise _bad(key, text, f"a whole number from {least} to {most}")
        return int(text)

    return parse


def _url(*schemes: str) -> Callable[[str, str], str]:
    def parse(text: str, key: str) -> str:
        if not text.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            # The value is not repeated: it may hold a password.
            raise _bad(key, None, f"an address that begins with {' or '.join(f'{each}://' for each in schemes)}")
        return text.rstrip("/")

    return parse


def _two_persons(text: str, key: str) -> str:
    if text not in ("auto", "on", "off"):
        raise _bad(key, text, "'auto', 'on' or 'off'")
    return text


def _amounts(text: str, key: str) -> tuple[str, ...]:
    listed = _list(text, key)
    for each in listed:
        if not re.fullmatch(r"[A-Z]{3}=\d{1,12}(\.\d{1,3})?", each):
            raise _bad(key, each, "a list of currencies with an amount, as CNY=1000.00")
    return listed


def _list(text: str, _key: str) -> tuple[str, ...]:
    return tuple(each for part in text.split(",") if (each := part.strip()))


def _bad(key: str, text: str | None, wanted: str) -> SettingsError:
    shown = f" is {text!r} and" if text is not None else ""
    return SettingsError(f"{key}{shown} must be {wanted}.", code="bad_setting", where=key)


_PARSERS: dict[str, Callable[[str, str], Any]] = {
    "env": _environment,
    "home": _path,
    "database_url": _url("postgresql", "postgres"),
    "secret_key": _text,
    "partitions": _whole(1, PARTITIONS_MAX),
    "public_url": _url("http", "https"),
    "payout_url": _url("http", "https"),
    "payout_timeout_s": _whole(1, 300),
    "webhook_timeout_s": _whole(1, 300),
    "webhook_allow_private": _flag,
    "webhook_allow": _list,
    "two_persons": _two_persons,
    "alone_limits": _amounts,
    "audit_anchors": _path,
}

"""Settings: read once, whole, and refused when anything in them is not understood."""

from __future__ import annotations

import dataclasses
import stat
from pathlib import Path

import pytest

from goldline.core.errors import SettingsError
from goldline.core.settings import Settings, load

SECRET = "s" * 40


def home(tmp_path: Path, **more: str) -> dict[str, str]:
    """An environment whose home is a directory of the test."""
    return {"GOLDLINE_HOME": str(tmp_path), **more}


def test_nothing_set_gives_the_documented_defaults(tmp_path: Path) -> None:
    """Development, four partitions, an embedded database, no provider."""
    made = load(home(tmp_path))
    assert (made.env, made.partitions, made.database_url, made.payout_url) == ("development", 4, None, None)
    assert made.data_directory == tmp_path / "postgres"


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    """Settings are a value: changing one raises."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        load(home(tmp_path)).partitions = 8  # type: ignore[misc]


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    """What the file says holds unless the environment says otherwise."""
    (tmp_path / "goldline.toml").write_text('partitions = 8\npublic_url = "https://a.example"\n')
    made = load(home(tmp_path, GOLDLINE_PARTITIONS="2"))
    assert (made.partitions, made.public_url) == (2, "https://a.example")


def test_a_file_may_hold_a_flag(tmp_path: Path) -> None:
    """A TOML boolean is a flag."""
    (tmp_path / "goldline.toml").write_text("webhook_allow_private = true\n")
    assert load(home(tmp_path)).webhook_allow_private is True


@pytest.mark.parametrize("key", ["GOLDLINE_PARTITION", "GOLDLINE_SECRET", "GOLDLINE_database_url"])
def test_an_unknown_key_in_the_environment_is_refused_by_name(tmp_path: Path, key: str) -> None:
    """A misspelt setting stops the start and is named."""
    with pytest.raises(SettingsError, match=key) as caught:
        load(home(tmp_path, **{key: "1"}))
    assert caught.value.code == "unknown_setting"


def test_an_unknown_key_in_the_file_is_refused_with_the_file(tmp_path: Path) -> None:
    """The error of a misspelt key in the file names the file."""
    (tmp_path / "goldline.toml").write_text("partitons = 8\n")
    with pytest.raises(SettingsError, match="partitons") as caught:
        load(home(tmp_path))
    assert caught.value.where == str(tmp_path / "goldline.toml")


@pytest.mark.parametrize("text", [b"partitions = ", b"\xff\xfe"])
def test_a_broken_file_is_one_clear_error(tmp_path: Path, text: bytes) -> None:
    """A file that is not TOML, or not text, is refused with its path."""
    (tmp_path / "goldline.toml").write_bytes(text)
    with pytest.raises(SettingsError, match="cannot be read"):
        load(home(tmp_path))


def test_a_named_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    """GOLDLINE_CONFIG must exist: a deployment that lost its file must not start with defaults."""
    with pytest.raises(SettingsError, match="cannot be read"):
        load(home(tmp_path, GOLDLINE_CONFIG=str(tmp_path / "absent.toml")))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("GOLDLINE_ENV", "prod"),
        ("GOLDLINE_PARTITIONS", "0"),
        ("GOLDLINE_PARTITIONS", "many"),
        ("GOLDLINE_PARTITIONS", "²"),
        ("GOLDLINE_PAYOUT_TIMEOUT_S", "-1"),
        ("GOLDLINE_WEBHOOK_ALLOW_PRIVATE", "maybe"),
        ("GOLDLINE_PUBLIC_URL", "example.com"),
        ("GOLDLINE_TWO_PERSONS", "maybe"),
        ("GOLDLINE_ALONE_LIMITS", "CNY 100"),
        ("GOLDLINE_ALONE_LIMITS", "CNY=100,USD=-1"),
        ("DATABASE_URL", "mysql://user:topsecret@host/name"),
    ],
)
def test_a_bad_value_is_refused_with_what_is_wanted(tmp_path: Path, key: str, value: str) -> None:
    """Each setting says what it must be, and never repeats a password."""
    with pytest.raises(SettingsError, match="must be") as caught:
        load(home(tmp_path, **{key: value}))
    assert caught.value.where == key
    assert "topsecret" not in str(caught.value)


@pytest.mark.parametrize("secret", ["", "short"])
def test_production_needs_a_long_secret(tmp_path: Path, secret: str) -> None:
    """Production does not start with a made-up or guessable secret, and none is written to disk."""
    with pytest.raises(SettingsError, match="GOLDLINE_SECRET_KEY"):
        load(home(tmp_path, GOLDLINE_ENV="production", GOLDLINE_SECRET_KEY=secret))
    assert list(tmp_path.iterdir()) == []


def test_production_refuses_webhooks_to_private_addresses(tmp_path: Path) -> None:
    """The switch for trying things out cannot be left on."""
    environ = home(tmp_path, GOLDLINE_ENV="production", GOLDLINE_SECRET_KEY=SECRET, GOLDLINE_WEBHOOK_ALLOW_PRIVATE="1")
    with pytest.raises(SettingsError, match="private addresses"):
        load(environ)


def test_the_development_secret_is_kept_and_private(tmp_path: Path) -> None:
    """Two processes of one home sign with one secret, which only its owner may read."""
    first, second = load(home(tmp_path)), load(home(tmp_path))
    assert first.secret_key == second.secret_key
    assert len(first.secret_key) >= 32
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_every_setting_can_be_read(tmp_path: Path) -> None:
    """Every field of Settings has a parser: none can be declared and then not set."""
    (tmp_path / "goldline.toml").write_text(
        "\n".join(f"{field.name} = 'x'" for field in dataclasses.fields(Settings) if field.name == "secret_key")
    )
    assert load(home(tmp_path)).secret_key == "x"


def test_an_unwritable_home_is_one_clear_error(tmp_path: Path) -> None:
    """A home below a file is refused with its path."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="cannot be written"):
        load({"GOLDLINE_HOME": str(tmp_path / "file" / "home")})


def test_receivers_in_ones_own_network_are_named(tmp_path: Path) -> None:
    """The list is separated by commas in the environment, and may be a list in the file."""
    assert load(home(tmp_path)).webhook_allow == ()
    given = home(tmp_path, GOLDLINE_WEBHOOK_ALLOW="10.1.0.0/16, hooks.example.test,")
    assert load(given).webhook_allow == ("10.1.0.0/16", "hooks.example.test")
    (tmp_path / "goldline.toml").write_text('webhook_allow = ["10.1.0.0/16", "127.0.0.1"]')
    assert load(home(tmp_path)).webhook_allow == ("10.1.0.0/16", "127.0.0.1")


@pytest.mark.parametrize(
    "allowed", ["hooks.example.test", "10.1.2.3", "10.1.0.0/16,localhost", "0.0.0.0/0", "fc00::/7"]
)
def test_production_allows_narrow_networks_alone(tmp_path: Path, allowed: str) -> None:
    """A name may resolve to anything tomorrow, and a wide network opens everything: both stop the start."""
    environ = home(tmp_path, GOLDLINE_ENV="production", GOLDLINE_SECRET_KEY=SECRET, GOLDLINE_WEBHOOK_ALLOW=allowed)
    with pytest.raises(SettingsError, match="not a network") as fault:
        load(environ)
    assert fault.value.where == "GOLDLINE_WEBHOOK_ALLOW"
    narrow = {**environ, "GOLDLINE_WEBHOOK_ALLOW": "10.1.0.0/16,10.1.2.3/32"}
    assert load(narrow).webhook_allow == ("10.1.0.0/16", "10.1.2.3/32")

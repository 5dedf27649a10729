"""Long statements made ready once."""

from __future__ import annotations

import pytest
from psycopg import Connection

from goldline.core.statement import numbered


def test_names_become_numbers_and_keep_their_meaning(database: Connection[tuple[object, ...]]) -> None:
    """Each name is one parameter wherever it stands, in order of its first place; a doubled percent sign is one."""
    found = numbered("SELECT %(b)s::int - %(a)s::int, %(b)s::int, 7 %% 4, 'a%%b' LIKE 'a%%'")
    assert found.names == ("b", "a")
    assert found.run(database, {"a": 1, "b": 5, "c": 9}).fetchone() == (4, 5, 3, True)


def test_a_value_that_is_not_given_is_named(database: Connection[tuple[object, ...]]) -> None:
    """Nothing is sent with a value missing."""
    with pytest.raises(KeyError, match="wanted"):
        numbered("SELECT %(wanted)s::int").run(database, {})

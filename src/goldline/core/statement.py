"""Long generated statements, made ready once.

psycopg looks for the parameters of a statement anew each time when it is longer than 4 KB; of a statement of tens of
kilobytes that is asked hundreds of times a second, this costs as much as asking it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, RawCursor

_PLACE = re.compile(r"%\((\w+)\)s|%%")


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with numbered parameters, and the name of each in order."""

    text: bytes
    names: tuple[str, ...]

    def run(self, connection: Connection[Any], values: Mapping[str, Any]) -> RawCursor[tuple[Any, ...]]:
        """Run it, prepared by the connection. Raises KeyError for a value that is not given."""
        cursor: RawCursor[tuple[Any, ...]] = RawCursor(connection)
        return cursor.execute(self.text, [values[name] for name in self.names], prepare=True)


def numbered(statement: str) -> Statement:
    """From a statement that names its parameters as `%(name)s`, with every other percent sign doubled."""
    numbers: dict[str, int] = {}

    def place(found: re.Match[str]) -> str:
        name = found[1]
        return "%" if name is None else f"${numbers.setdefault(name, len(numbers) + 1)}"

    text = _PLACE.sub(place, statement).encode()
    return Statement(text, tuple(numbers))

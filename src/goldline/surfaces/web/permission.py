"""Permissions: the reviewed matrix of who may do what, read from `permissions.toml`. Needs no web framework."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib import resources
from typing import Any, Final

from goldline.core.errors import GoldlineError
from goldline.core.member import ROLES

FILE: Final = "permissions.toml"
BOUND: Final = "bound"
# The column of a key by its scope. A key that is bound to an account acts by the column `bound` instead.
KEY_COLUMNS: Final[Mapping[str, str]] = {
    "events:write": "events",
    "decide": "decide",
    "appeals:write": "appeals",
    "reviews:write": "reviews",
    "read": "read",
    "admin": "keyadmin",
}


class Grant(Enum):
    """What a role may do of an operation: nothing, its own account's part, or all."""

    DENIED = "-"
    OWN = "own"
    ALLOWED = "yes"


@dataclass(frozen=True, slots=True)
class Matrix:
    """Every operation's grants by column, and the addresses that are open to anybody with the reason why."""

    grants: Mapping[str, Mapping[str, Grant]]
    public: Mapping[str, str]

    def grant(self, operation: str, columns: Iterable[str]) -> Grant:
        """The most that any of the columns may. Raises KeyError for an operation that is not in the matrix."""
        row = self.grants[operation]
        found = {row.get(column, Grant.DENIED) for column in columns}
        return next((each for each in (Grant.ALLOWED, Grant.OWN) if each in found), Grant.DENIED)

    def roles(self, operation: str) -> tuple[str, ...]:
        """The roles of people that may do all of an operation."""
        return tuple(role for role in ROLES if self.grants[operation][role] is Grant.ALLOWED)


@cache
def matrix() -> Matrix:
    """The matrix of this version."""
    file = resources.files("goldline.surfaces.web") / FILE
    return parse(tomllib.loads(file.read_text(encoding="utf-8")))


def parse(table: Mapping[str, Any]) -> Matrix:
    """The matrix of a TOML table. Raises GoldlineError('bad_permissions') for a line that does not fit the columns."""
    columns: list[str] = table["columns"]
    return Matrix({name: _row(name, text, columns) for name, text in table["operations"].items()}, table["public"])


def _row(name: str, text: str, columns: list[str]) -> dict[str, Grant]:
    words = text.split()
    try:
        return {column: Grant(word) for column, word in zip(columns, words, strict=True)}
    except ValueError as fault:
        raise GoldlineError(
            f"The line of {name!r} does not fit the columns.",
            code="bad_permissions",
            where=FILE,
            hint=f"It needs {len(columns)} words of 'yes', 'own' and '-'.",
        ) from fault


def require(role: str, operation: str, who: str) -> None:
    """Raise GoldlineError('forbidden') unless the role may do all of the operation."""
    if matrix().grant(operation, [role]) is not Grant.ALLOWED:
        raise GoldlineError(
            f"{who!r} has the role {role!r}, which may not do {operation!r}.",
            code="forbidden",
            hint=f"Roles that may: {', '.join(matrix().roles(operation))}.",
        )

"""What a user can get wrong, said so that they can mend it."""

from __future__ import annotations


class GoldlineError(Exception):
    """A fault a user, an operator or a sender can cause and mend.

    `message` is one sentence: what was wrong. `code` is stable and lower case with underscores, for programs.
    `where` is a place (a file with its line, a field, an address); `hint` says what to do about it.
    """

    def __init__(self, message: str, *, code: str, hint: str | None = None, where: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.hint = hint
        self.where = where

    def __str__(self) -> str:
        """`where: message hint`, on one line, leaving out what is not known."""
        place = f"{self.where}: " if self.where else ""
        advice = f" {self.hint}" if self.hint else ""
        return f"{place}{self.message}{advice}"

    @property
    def told(self) -> str:
        """`message hint`, for a page that shows the place itself."""
        return f"{self.message} {self.hint or ''}".strip()

    def as_dict(self) -> dict[str, str]:
        """The parts that are known, for JSON answers and logs."""
        parts = {"code": self.code, "message": self.message, "where": self.where, "hint": self.hint}
        return {name: value for name, value in parts.items() if value is not None}


class SettingsError(GoldlineError):
    """A setting is unknown, missing or not usable."""


class DatabaseError(GoldlineError):
    """The database cannot be reached, is not supported or is not safe to keep promises in."""

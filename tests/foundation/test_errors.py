"""Errors: what was wrong, where, and what to do."""

from __future__ import annotations

from goldline.core.errors import GoldlineError


def test_an_error_says_where_what_and_what_to_do() -> None:
    """The text is one line in the order a reader needs it."""
    fault = GoldlineError("The row is cut.", code="cut", where="orders.csv:7", hint="Send it whole.")
    assert str(fault) == "orders.csv:7: The row is cut. Send it whole."


def test_only_what_is_known_is_said() -> None:
    """Unknown parts leave no gaps, neither in the text nor in the dictionary."""
    fault = GoldlineError("The row is cut.", code="cut")
    assert str(fault) == "The row is cut."
    assert fault.as_dict() == {"code": "cut", "message": "The row is cut."}

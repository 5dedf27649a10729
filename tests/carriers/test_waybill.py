"""Waybill numbers: check digits and shapes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldline.connectors.carriers.waybill import CARRIERS, COUNTRIES, candidates, fits, is_valid, named, s10_check
from tests.carriers.published import carriers


def s10(serial: str, country: str = "CN") -> str:
    """The valid number with this serial, by trying every check digit."""
    return next(number for digit in range(10) if s10_check(number := f"RB{serial}{digit}{country}") == "right")


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("RB123456785GB", "right"),
        ("RB123456786GB", "wrong"),
        ("RB123456785XX", None),
        ("RB12345678GB", None),
        ("123456785", None),
    ],
)
def test_the_postal_check_digit(number: str, expected: str | None) -> None:
    """By the weights of the Universal Postal Union; a country that does not exist makes it no such number."""
    assert s10_check(number) == expected


@given(serial=st.from_regex(r"[0-9]{8}", fullmatch=True), place=st.integers(0, 7), shift=st.integers(1, 9))
def test_one_wrong_digit_is_always_seen(serial: str, place: int, shift: int) -> None:
    """Every serial has a check digit, and a slip of the pen in one digit is told, but for the two folded remainders."""
    number = s10(serial)
    slipped = serial[:place] + str((int(serial[place]) + shift) % 10) + serial[place + 1 :]
    assert s10_check(f"RB{slipped}{number[10]}CN") == "wrong" or number[10] in "05"


def test_a_postal_number_is_of_its_country() -> None:
    """Written with spaces or small letters it is the same number."""
    (found,) = candidates("rb 123 456 785 gb")
    assert (found.carrier, found.check) == ("post:GB", "right")
    assert is_valid("RB123456785GB") is True
    assert is_valid("RB123456786GB") is False


@pytest.mark.parametrize(
    ("number", "carrier", "expected"),
    [
        ("SF1234567890123", "shunfeng", True),
        ("SF1234567890123", "中通", False),
        ("YT1234567890123", "YTO", True),
        ("773000000000000", "STO", True),
        ("JT0000000000000", "jtexpress", True),
        ("JDVA00000000000", "jd", True),
        ("00000", "shunfeng", False),
        ("EA123456785CN", "ems", True),
        ("EA123456786CN", "ems", False),
        ("1Z999", "ups", None),
    ],
)
def test_a_number_fits_a_carrier(number: str, carrier: str, expected: bool | None) -> None:
    """By any name vendors give the carrier; one that is not known here is not judged."""
    assert fits(number, carrier) is expected


def test_a_number_of_nobody_is_not_judged() -> None:
    """An unknown shape is not called wrong."""
    assert candidates("HELLO") == ()
    assert is_valid("HELLO") is None


def test_the_names_of_carriers_are_one_each() -> None:
    """No alias names two carriers, and every one is found whatever its case."""
    aliases = [alias for each in CARRIERS for alias in each.aliases]
    assert len(aliases) == len(set(aliases))
    assert all(named(alias.upper()) is not None for alias in aliases)
    assert len(COUNTRIES) == 249


@given(st.text(max_size=40))
def test_anything_may_be_asked(text: str) -> None:
    """No text is too strange to be judged."""
    assert is_valid(text) in (True, False, None)


@pytest.mark.data
def test_the_published_test_numbers() -> None:
    """Every valid and invalid number of the public grammar is told apart."""
    grammar = json.loads((carriers() / "couriers" / "s10.json").read_text(encoding="utf-8"))
    numbers = grammar["tracking_numbers"][0]["test_numbers"]
    assert [is_valid(number) for number in numbers["valid"]] == [True] * len(numbers["valid"])
    assert not any(is_valid(number) for number in numbers["invalid"])

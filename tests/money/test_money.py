"""Money: whole minor units, one currency a sum, decimals by ISO 4217."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldline.core.money import EXPONENTS, LARGEST_MINOR, Money, MoneyError, exponent

CURRENCIES = st.sampled_from(sorted(EXPONENTS))
AMOUNTS = st.integers(-LARGEST_MINOR, LARGEST_MINOR)


@pytest.mark.parametrize(
    ("currency", "digits"),
    [("CNY", 2), ("BRL", 2), ("JPY", 0), ("ISK", 0), ("KWD", 3), ("TND", 3), ("CLF", 4), ("CLP", 0)],
)
def test_decimals_are_those_of_iso_4217(currency: str, digits: int) -> None:
    """Zero, two, three and four decimals."""
    assert exponent(currency) == digits


@pytest.mark.parametrize("currency", ["cny", "RMB", "", "XXX", "CNY ", None])
def test_unknown_currencies_are_refused(currency: str) -> None:
    """Anything ISO 4217 does not list has no decimals to be formatted with."""
    with pytest.raises(MoneyError) as refused:
        exponent(currency)
    assert refused.value.code == "currency_unknown"


@given(AMOUNTS, CURRENCIES)
def test_a_decimal_read_back_is_the_same_money(amount_minor: int, currency: str) -> None:
    """Writing and reading a decimal loses nothing, and it is the amount shifted by the currency's decimals."""
    money = Money(amount_minor, currency)
    assert Money.parse(money.decimal(), currency) == money
    assert Decimal(money.decimal()).scaleb(exponent(currency)) == amount_minor


@pytest.mark.parametrize(
    ("text", "currency", "amount_minor"),
    [
        ("2", "CNY", 200),
        ("2.5", "CNY", 250),
        ("2.500", "CNY", 250),
        ("-0.05", "CNY", -5),
        ("200", "JPY", 200),
        ("1.234", "KWD", 1234),
    ],
)
def test_parse_reads_exactly(text: str, currency: str, amount_minor: int) -> None:
    """Missing decimals are zeros, and zeros too many do no harm."""
    assert Money.parse(text, currency).amount_minor == amount_minor


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".5",
        "5.",
        "1e30",
        "1e3",
        "nan",
        "inf",
        "1,000.00",
        " 1",
        "1\n",
        "+1",
        "--1",
        "0.005",
        "٣",
        "9" * 19,
        "9" * 40,
    ],
)
def test_parse_refuses_what_is_not_exact(text: str) -> None:
    """Exponents, separators, foreign digits, half a fen and amounts too large for the ledger."""
    with pytest.raises(MoneyError) as refused:
        Money.parse(text, "CNY")
    assert refused.value.code == "amount_invalid"


@pytest.mark.parametrize("amount", [2.0, True, "200", None, LARGEST_MINOR + 1, Decimal(2)])
def test_only_whole_minor_units_are_money(amount: object) -> None:
    """A float, even a whole one, is a fault of the caller."""
    with pytest.raises(MoneyError) as refused:
        Money(amount, "CNY")  # type: ignore[arg-type]
    assert refused.value.code == "amount_invalid"


@given(st.integers(-(10**15), 10**15), st.integers(-(10**15), 10**15))
def test_sums_are_sums_of_minor_units(left: int, right: int) -> None:
    """Adding and taking away are those of integers."""
    assert Money(left, "CNY") + Money(right, "CNY") == Money(left + right, "CNY")
    assert Money(left, "CNY") - Money(right, "CNY") == Money(left - right, "CNY")


def test_two_currencies_do_not_add() -> None:
    """There is no rate here: a mixed sum raises."""
    with pytest.raises(MoneyError) as refused:
        Money(100, "CNY") + Money(100, "BRL")
    assert refused.value.code == "currency_mixed"


@pytest.mark.parametrize(
    ("money", "english", "chinese"),
    [
        (Money(200, "CNY"), "¥2.00", "¥2.00"),
        (Money(1230, "BRL"), "R$ 12.30", "R$ 12.30"),
        (Money(123_456_789, "USD"), "$1,234,567.89", "US$1,234,567.89"),
        (Money(-5, "CNY"), "-¥0.05", "-¥0.05"),
        (Money(1200, "JPY"), "JP¥1,200", "JP¥1,200"),
        (Money(200, "CHF"), "2.00 CHF", "2.00 CHF"),
        (Money(-1234, "KWD"), "-1.234 KWD", "-1.234 KWD"),
    ],
)
def test_people_read_it_in_their_language(money: Money, english: str, chinese: str) -> None:
    """Signs where they are unmistakable, codes elsewhere."""
    assert (money.format("en"), money.format("zh-Hans")) == (english, chinese)

"""Money: a whole number of minor units and the currency that gives them meaning.

The number of decimals comes from ISO 4217 and nowhere else: 200 is two yuan and two hundred yen. There are no floats
here, and no conversion: amounts of two currencies never meet in one sum.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Final

from goldline.core.errors import GoldlineError

_TWO_DECIMALS: Final = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU
CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES
KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR
NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP
TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
"""
# Withdrawn of late, still met when old orders are replayed.
_WITHDRAWN: Final = "ANG BGN CUC HRK MRO SLL STD VEF ZWL"
_ZERO_DECIMALS: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DECIMALS: Final = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_DECIMALS: Final = "CLF UYW"

EXPONENTS: Final[dict[str, int]] = {
    code: digits
    for digits, codes in (
        (2, _TWO_DECIMALS + _WITHDRAWN),
        (0, _ZERO_DECIMALS),
        (3, _THREE_DECIMALS),
        (4, _FOUR_DECIMALS),
    )
    for code in codes.split()
}
"""Decimals of every active ISO 4217 currency (and a few lately withdrawn). Metals and test codes have none."""

LARGEST_MINOR: Final = 2**63 - 1
"""The largest amount PostgreSQL's bigint holds; larger ones are refused here and not there."""

# One sign per currency, unmistakable on a page that shows several; all others print their code after the number.
_SIGNS: Final = {"CNY": "¥", "BRL": "R$ ", "EUR": "€", "GBP": "£", "USD": "$", "HKD": "HK$", "JPY": "JP¥", "TWD": "NT$"}
_CHINESE_SIGNS: Final = {**_SIGNS, "USD": "US$"}
_DECIMAL: Final = re.compile(r"(-?)([0-9]{1,19})(?:\.([0-9]{1,30}))?", re.ASCII)


class MoneyError(GoldlineError):
    """An amount or a currency that cannot be taken: currency_unknown, currency_mixed or amount_invalid."""


def exponent(currency: str) -> int:
    """Decimals of a currency: 2 for CNY, 0 for JPY, 3 for KWD.

    Raises `MoneyError` (currency_unknown) when ISO 4217 does not list it.
    """
    try:
        return EXPONENTS[currency]
    except (KeyError, TypeError):
        raise MoneyError(
            f"{currency!r} is not a currency of ISO 4217.",
            code="currency_unknown",
            hint="Use the three capital letters, such as CNY, BRL or EUR.",
        ) from None


def whole_minor(amount_minor: Decimal | float) -> int:
    """A part of a minor unit rounded half away from zero, as PostgreSQL's `round(numeric)` does where money is decided.

    Everything that shows an amount takes this, so that no page says another sum than the one that is paid.
    """
    return int(Decimal(str(amount_minor)).to_integral_value(ROUND_HALF_UP))


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of one currency, in its minor units. Adding two currencies raises; a negative amount is owed."""

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        exponent(self.currency)
        if type(self.amount_minor) is not int or abs(self.amount_minor) > LARGEST_MINOR:
            raise MoneyError(
                f"{self.amount_minor!r} is not a whole number of minor units within ±{LARGEST_MINOR}.",
                code="amount_invalid",
                hint="Give minor units as an integer: 200 for two yuan.",
            )

    @classmethod
    def parse(cls, text: str, currency: str) -> Money:
        """Read a decimal such as '12.3' exactly; digits beyond the currency's decimals must be zeros.

        Raises `MoneyError` for exponents ('1e3'), separators, signs other than '-', and amounts that do not fit.
        """
        digits = exponent(currency)
        match = _DECIMAL.fullmatch(text)
        if match is None:
            raise _unreadable(text, currency, "it is not a plain decimal number")
        sign, whole, part = match[1], match[2], match[3] or ""
        if part[digits:].strip("0"):
            raise _unreadable(text, currency, f"{currency} has {digits} decimals")
        amount_minor = int(whole + part[:digits].ljust(digits, "0"))
        if amount_minor > LARGEST_MINOR:
            raise _unreadable(text, currency, "it is too large")
        return cls(-amount_minor if sign else amount_minor, currency)

    def __add__(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise MoneyError(
                f"{other.currency} cannot be added to {self.currency}.",
                code="currency_mixed",
                hint="Keep one sum per currency; nothing here converts.",
            )
        return Money(self.amount_minor + other.amount_minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        return self + -other

    def __neg__(self) -> Money:
        return Money(-self.amount_minor, self.currency)

    def decimal(self) -> str:
        """The amount in major units without sign or grouping: '12.30', '-0.05', '200' for yen."""
        return _decimal(self.amount_minor, exponent(self.currency), group="")

    def format(self, language: str = "en") -> str:
        """For people: '¥2.00', 'R$ 12.30', '-$1,234.50', and '2.00 CHF' where no sign is unmistakable.

        `language` is a BCP 47 tag; any 'zh' reads as zh-Hans, every other language as English.
        """
        signs = _CHINESE_SIGNS if language.lower().startswith("zh") else _SIGNS
        number = _decimal(abs(self.amount_minor), exponent(self.currency), group=",")
        minus = "-" if self.amount_minor < 0 else ""
        sign = signs.get(self.currency)
        return f"{minus}{number} {self.currency}" if sign is None else f"{minus}{sign}{number}"

    def __str__(self) -> str:
        return f"{self.decimal()} {self.currency}"


def portion_minor(amount_minor: int, part: Decimal) -> int:
    """A part (0 to 1) of an amount in minor units, rounded down: whoever has the other part has what is left over."""
    return int((amount_minor * part).to_integral_value(ROUND_FLOOR))


def _decimal(amount_minor: int, digits: int, *, group: str) -> str:
    whole, part = divmod(abs(amount_minor), 10**digits)
    sign = "-" if amount_minor < 0 else ""
    number = f"{whole:,}" if group else str(whole)
    return f"{sign}{number}.{part:0{digits}d}" if digits else sign + number


def _unreadable(text: object, currency: str, why: str) -> MoneyError:
    shown = repr(text)[:60]
    return MoneyError(
        f"{shown} cannot be read as an amount of {currency}: {why}.",
        code="amount_invalid",
        hint="Write it as 12.30, with a point and no separators.",
    )

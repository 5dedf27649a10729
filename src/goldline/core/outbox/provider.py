"""Who pays: the interface to a payout provider, and the one that pays inside our own books.

An answer is one of four. `Unknown` is an answer too: the provider may or may not have paid. What is unknown is
asked again by its key, and sent again (with the same key) only when the provider says it never saw it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Payout:
    """What to pay. `key` is the remedy's id: the same for every try, for ever."""

    key: str
    payee: str
    amount_minor: int
    currency: str
    kind: str


@dataclass(frozen=True, slots=True)
class Paid:
    """The provider has paid; `ref` is its own name for the payment."""

    ref: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider has decided not to pay, and will not change its mind for this key."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """The provider may have paid or not."""

    detail: str
    status_code: int | None = None


@dataclass(frozen=True, slots=True)
class NotFound:
    """The provider says it has never seen the key: only an answer to a look-up."""


@dataclass(frozen=True, slots=True)
class Unsent:
    """Nothing reached the provider: it could not be connected to. Trying again is safe."""

    detail: str


Payment = Paid | Refused | Unknown | Unsent
Lookup = Paid | Refused | NotFound | Unknown | Unsent


class Provider(Protocol):
    """A payer of remedies. Called from several threads at once; never raises for what the network does."""

    def pay(self, payout: Payout) -> Payment:
        """Pay once for the key, however often it is called with it."""
        ...

    def lookup(self, key: str) -> Lookup:
        """What became of the key. `NotFound` only if the provider itself says that it never saw it."""
        ...


class LedgerProvider:
    """Store credit: the payment is the settlement posting in our own books, and nothing leaves the house.

    The consumer's account then holds the amount. There is no second system, so nothing can be unknown; the
    posting's key makes it happen once.
    """

    def pay(self, payout: Payout) -> Payment:
        """Always paid, under a reference made of the key."""
        return Paid(_credit(payout.key))

    def lookup(self, key: str) -> Lookup:
        """As `pay`: a claim that was never recorded is simply recorded now."""
        return Paid(_credit(key))


CREDIT_PREFIX = "credit:"


def _credit(key: str) -> str:
    return CREDIT_PREFIX + key

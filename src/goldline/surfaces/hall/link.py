"""The consumer's key to one order: a signed, expiring link. No account, no password, nothing else it opens."""

from __future__ import annotations

from datetime import timedelta

from django.core.signing import BadSignature, SignatureExpired, TimestampSigner

from goldline.core.errors import GoldlineError
from goldline.core.settings import settings

# Old links die when this changes; nothing signed for another purpose opens a page.
SALT = "goldline.hall.order.1"
VALID_FOR = timedelta(days=90)
ORDER_ID_LENGTH = 64


class LinkError(GoldlineError):
    """A link that opens nothing. `code` is 'link_expired' or 'link_invalid'."""


def link_for(order_id: str) -> str:
    """The address of an order's guarantee page, valid for 90 days from now.

    Raises GoldlineError('bad_order_id') when that cannot be the id of an order.
    """
    if not 0 < len(order_id) <= ORDER_ID_LENGTH or not order_id.isascii() or not order_id.isprintable():
        raise GoldlineError(
            f"{order_id[:64]!r} cannot be the id of an order.",
            code="bad_order_id",
            hint=f"Give 1 to {ORDER_ID_LENGTH} ASCII characters.",
        )
    return f"{settings().public_url}/g/{_signer().sign_object(order_id)}"


def order_of(token: str) -> str:
    """The order a link was made for. Raises LinkError."""
    try:
        found = _signer().unsign_object(token, max_age=VALID_FOR)
    except SignatureExpired as fault:
        raise LinkError("This link has expired.", code="link_expired") from fault
    except (BadSignature, ValueError) as fault:
        raise LinkError("This link is not complete or was not made by us.", code="link_invalid") from fault
    if not isinstance(found, str):
        raise LinkError("This link is not complete or was not made by us.", code="link_invalid")
    return found


def _signer() -> TimestampSigner:
    return TimestampSigner(key=settings().secret_key, salt=SALT, fallback_keys=[])

"""One delivery of one webhook: checked, signed, sent, and what came of it.

Standard Webhooks 1.0.0: the signature covers id, time and body; the id is constant over retries, the time is that
of the try. Success is a 2xx. A 3xx is a failure, a 410 says stop, 429 and 503 may say when to come back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from standardwebhooks import Webhook
from standardwebhooks.webhooks import EmptyWebhookSecretError

from goldline.core.errors import GoldlineError
from goldline.core.outbox.address import AddressRefused, AddressRules, Resolver, guard, resolve
from goldline.core.outbox.exchange import Answer, Interrupted, NotSent, exchange

TIMEOUT_S: Final = 15.0
GONE: Final = 410
PATIENCE: Final = (429, 503)


@dataclass(frozen=True, slots=True)
class Delivered:
    """The receiver answered 2xx."""

    status_code: int


@dataclass(frozen=True, slots=True)
class Failed:
    """Not delivered, to be tried again. `retry_after_s` is what the receiver asked for, if it did."""

    detail: str
    status_code: int | None = None
    retry_after_s: int | None = None


@dataclass(frozen=True, slots=True)
class Gone:
    """Never to be tried again. `disable` when the receiver itself said so (410)."""

    detail: str
    status_code: int | None = None
    disable: bool = False


Delivery = Delivered | Failed | Gone


@dataclass(frozen=True, slots=True)
class Sender:
    """Delivers webhooks under one set of rules about where they may go."""

    rules: AddressRules = field(default_factory=AddressRules)
    timeout_s: float = TIMEOUT_S
    resolver: Resolver = resolve

    def deliver(self, url: str, secrets: list[str], message_id: str, body: bytes, sent_at: datetime) -> Delivery:
        """Send once. `sent_at` is the real time, which the receiver compares with its own clock."""
        try:
            target = guard(url, self.rules, resolver=self.resolver)
            headers = signed(secrets, message_id, body, sent_at)
            answer = exchange(target, "POST", headers, body, timeout_s=self.timeout_s)
        except AddressRefused as fault:
            return Failed(fault.message)
        except GoldlineError as fault:
            return Gone(fault.message)
        except (NotSent, Interrupted) as fault:
            return Failed(str(fault))
        return _judged(answer, sent_at)


def signed(secrets: list[str], message_id: str, body: bytes, sent_at: datetime) -> dict[str, str]:
    """The headers of one try: every secret signs, newest first."""
    at = sent_at.astimezone(UTC)
    try:
        signatures = [Webhook(secret).sign(message_id, at, body.decode("utf-8")) for secret in secrets]
    except (ValueError, EmptyWebhookSecretError) as fault:
        raise GoldlineError(
            "A secret of the endpoint cannot sign.", code="bad_secret", hint="Rotate the endpoint's secret."
        ) from fault
    if not signatures:
        raise GoldlineError("The endpoint has no secret.", code="bad_secret", hint="Rotate the endpoint's secret.")
    return {
        "Content-Type": "application/cloudevents+json; charset=utf-8",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _judged(answer: Answer, sent_at: datetime) -> Delivery:
    if 200 <= answer.status < 300:
        return Delivered(answer.status)
    if answer.status == GONE:
        return Gone("the receiver answered 410", GONE, disable=True)
    wait_s = _retry_after_s(answer.headers.get("retry-after"), sent_at) if answer.status in PATIENCE else None
    start = answer.body[:200].decode("utf-8", "replace").replace("\x00", "")
    return Failed(f"answered {answer.status}: {start}", answer.status, wait_s)


def _retry_after_s(text: str | None, sent_at: datetime) -> int | None:
    # RFC 9110 10.2.3: seconds, or a date.
    if text is None:
        return None
    if text.isascii() and text.isdigit():
        return int(text[:9])
    try:
        until = parsedate_to_datetime(text)
        return max(0, int((until - sent_at).total_seconds()))
    except (ValueError, TypeError):
        return None

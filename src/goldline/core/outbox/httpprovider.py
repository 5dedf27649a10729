"""A payout provider spoken to over HTTP, in the smallest API that can be paid through safely.

    POST {base}/payouts                Idempotency-Key: <key>
         {"key", "payee", "amount_minor", "currency", "kind"}
    GET  {base}/payouts/<key>

Both answer JSON. `{"status": "paid", "ref": …}` (200, 201) and `{"status": "refused", "reason": …}` (200, 402, 422)
are final. `{"status": "not_found"}` (404) answers a look-up only. Everything else, a bare 404 or a login page
included, leaves the outcome unknown: a payment is never inferred from a status code alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec

from goldline.core.errors import SettingsError
from goldline.core.outbox.address import DEFAULT_PORTS, Target, resolve
from goldline.core.outbox.exchange import Answer, Interrupted, NotSent, exchange
from goldline.core.outbox.provider import Lookup, NotFound, Paid, Payment, Payout, Refused, Unknown, Unsent

PAID_CODES: Final = (200, 201)
REFUSED_CODES: Final = (200, 402, 422)


class _Body(msgspec.Struct):
    """The parts of an answer that are read."""

    status: str = ""
    ref: str = ""
    reason: str = ""
    amount_minor: int | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class HttpProvider:
    """The provider at `base_url`. `timeout_s` bounds each exchange; `headers` carry its credentials.

    The address is the operator's own setting, so it may be internal: the webhook guard is not applied to it.
    """

    base_url: str
    timeout_s: float = 10.0
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        if parts.scheme not in DEFAULT_PORTS or not parts.hostname or "@" in parts.netloc or parts.query:
            raise SettingsError(
                "The payout provider's address is not usable.",
                code="bad_setting",
                where="GOLDLINE_PAYOUT_URL",
                hint="Write it as https://host/path, without a user name; credentials go into a header.",
            )

    def pay(self, payout: Payout) -> Payment:
        """POST the payout under its key. A connection never made is `Unsent`; any fault after it is `Unknown`."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": payout.key}
        try:
            answer = self._exchange("POST", "/payouts", headers, msgspec.json.encode(payout))
        except NotSent as fault:
            return Unsent(str(fault))
        except Interrupted as fault:
            return Unknown(str(fault))
        found = _read(answer, payout)
        return _unread(answer) if isinstance(found, NotFound) else found

    def lookup(self, key: str) -> Lookup:
        """GET the payout by its key."""
        try:
            answer = self._exchange("GET", f"/payouts/{quote(key, safe='')}", {})
        except NotSent as fault:
            return Unsent(str(fault))
        except Interrupted as fault:
            return Unknown(str(fault))
        return _read(answer, None)

    def _exchange(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        given = {"Accept": "application/json", **self.headers, **headers}
        return exchange(self._target(path), method, given, body, timeout_s=self.timeout_s)

    def _target(self, path: str) -> Target:
        parts = urlsplit(self.base_url)
        host, port = parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme]
        try:
            ip = resolve(host, port)[0]
        except (OSError, IndexError) as fault:
            raise NotSent(f"{host} cannot be resolved: {fault}") from fault
        return Target(parts.scheme, host, port, parts.path.rstrip("/") + path, ip)


def _read(answer: Answer, asked: Payout | None) -> Paid | Refused | NotFound | Unknown:
    try:
        body = msgspec.json.decode(answer.body, type=_Body) if answer.whole else _Body()
    except (msgspec.DecodeError, msgspec.ValidationError):
        return _unread(answer)
    if body.status == "paid" and answer.status in PAID_CODES and _kept(body.ref):
        return _paid(body, asked)
    if body.status == "refused" and answer.status in REFUSED_CODES:
        return Refused(_kept(body.reason[:500]) or "no reason given")
    if body.status == "not_found" and answer.status == 404:
        return NotFound()
    return _unread(answer)


def _paid(body: _Body, asked: Payout | None) -> Paid | Unknown:
    # A provider which echoes another amount has paid something else under our key: a person must look.
    if asked is not None and body.amount_minor not in (None, asked.amount_minor):
        return Unknown(f"paid {body.amount_minor} instead of {asked.amount_minor}", 200)
    if asked is not None and body.currency not in (None, asked.currency):
        return Unknown(f"paid in {body.currency} instead of {asked.currency}", 200)
    return Paid(_kept(body.ref[:200]))


def _kept(text: str) -> str:
    """The text as a database can keep it: without U+0000."""
    return text.replace("\x00", "")


def _unread(answer: Answer) -> Unknown:
    start = _kept(answer.body[:200].decode("utf-8", "replace"))
    return Unknown(f"answered {answer.status}: {start}", answer.status)

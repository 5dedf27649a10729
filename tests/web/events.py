"""CloudEvents for the web tests."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


def event(kind: str, at: str, /, **data: Any) -> dict[str, Any]:
    """One CloudEvent of the market vocabulary; its id is made from what it says."""
    identifier = sha256(f"{kind} {at} {sorted(data.items())}".encode()).hexdigest()[:32]
    return {"specversion": "1.0", "id": identifier, "source": "tests", "type": kind, "time": at, "data": data}


def placed(order_id: str = "o-1", at: str = "2026-08-01T10:00:00Z", **more: Any) -> dict[str, Any]:
    """An order placed with merchant m-1 by consumer consumer-12345."""
    return event("order.placed", at, order_id=order_id, merchant_id="m-1", consumer_id="consumer-12345", **more)


def raw(one: dict[str, Any]) -> bytes:
    """An event as it travels."""
    return json.dumps(one, separators=(",", ":")).encode()

"""Broken copies of events, for trying the quarantine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

_BREAKS: Final[tuple[Callable[[bytes], bytes], ...]] = (
    lambda event: event[: len(event) // 2],
    lambda event: event.replace(b'"type":"', b'"type":"no.'),
    lambda event: event.replace(b'"order_id":"o', b'"order_id":"o '),
    lambda event: event.replace(b'"order_id"', b'"order"'),
    lambda event: event.replace(b'"time":"2', b'"time":"X'),
    lambda event: event.replace(b'"specversion":"1.0"', b'"specversion":"9.9"'),
    lambda _event: b"\xff\xfe not an event",
)


def spoil(events: list[bytes], random: np.random.Generator, share: float) -> list[bytes]:
    """The events with broken copies of about `share` of them in between. The good ones are all still there."""
    if share <= 0 or not events:
        return events
    chosen = np.flatnonzero(random.random(len(events)) < share)
    kinds = random.integers(0, len(_BREAKS), len(chosen))
    broken = dict(zip(chosen.tolist(), kinds.tolist(), strict=True))
    out = []
    for place, event in enumerate(events):
        if place in broken:
            out.append(_BREAKS[broken[place]](event))
        out.append(event)
    return out

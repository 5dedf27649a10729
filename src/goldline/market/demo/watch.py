"""The bare watch: one promise and eight milestones an order, the job other tools are measured on.

An order is paid, with its ship-by time 24 hours later; the carrier picks the parcel up some time after, in three
cases of ten too late; six further scans follow. Orders come evenly, so the number of open promises stays the same
(about 20,000 at the usual rate) however many orders there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from goldline.market.demo.array import DAY_S, HOUR_S, Ints, Letters
from goldline.market.demo.letters import Part, Times, codes, render

SHIP_WITHIN_S: Final = 24 * HOUR_S
MILESTONES: Final = (b"", b"picked_up", b"departed", b"in_transit", b"arrived", b"out_for_delivery", b"attempt_failed",
                     b"delivered")  # fmt: skip
_BLOCK: Final = 65_536
_MEAN_PICKUP_S: Final = 20.3 * HOUR_S  # P(exponential > 24 h) is 0.307
_LONGEST_PICKUP_S: Final = 4 * DAY_S
_LONGEST_LEG_S: Final = 6 * HOUR_S


@dataclass(frozen=True, slots=True)
class _Block:
    """Some orders in a row: their codes and the times of their milestones in seconds since the origin."""

    code: Letters
    at_s: Ints


@dataclass(frozen=True, slots=True)
class Watch:
    """So many orders of the bare watch; the same seed tells the same events."""

    orders: int
    seed: int = 1
    orders_per_day: int = 34_500
    origin: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    @property
    def events(self) -> int:
        """How many events there are in all."""
        return self.orders * len(MILESTONES)

    def late(self) -> int:
        """How many orders break the promise, once everything has arrived."""
        return sum(int((b.at_s[:, 1] - b.at_s[:, 0] > SHIP_WITHIN_S).sum()) for b in self._blocks())

    def batches(self, size: int = 5_000) -> Iterator[list[bytes]]:
        """All events in order of time, at most `size` at a time; each is the JSON of one CloudEvent."""
        return (events for _, events in self.timed(size))

    def timed(self, size: int = 5_000) -> Iterator[tuple[datetime, list[bytes]]]:
        """The same batches, each with the time of its last event, for a driven clock."""
        span_s = self._span_s()
        times = Times(self.origin, (span_s * (1 + self._block_count()) + _LONGEST_PICKUP_S) // DAY_S + 9)
        blocks: list[_Block] = []
        new = self._blocks()
        low = 0
        while blocks or low == 0:
            blocks += [block for block in [next(new, None)] if block is not None]
            yield from self._window(blocks, times, (low, low + span_s), size)
            low += span_s
            blocks = [block for block in blocks if block.at_s[:, -1].max() >= low]

    def _window(
        self, blocks: list[_Block], times: Times, window: tuple[int, int], size: int
    ) -> Iterator[tuple[datetime, list[bytes]]]:
        code = np.concatenate([block.code for block in blocks])
        at_s = np.concatenate([block.at_s for block in blocks])
        rows, kinds = np.nonzero((at_s >= window[0]) & (at_s < window[1]))
        order = np.argsort(at_s[rows, kinds], kind="stable")
        rows, kinds = rows[order], kinds[order]
        stride = max(size, _BLOCK // size * size)
        for first in range(0, len(rows), stride):
            row, kind = rows[first : first + stride], kinds[first : first + stride]
            events = _written(code[row], at_s[row, kind], at_s[row, 0], kind, times)
            for start in range(0, len(events), size):
                batch = events[start : start + size]
                last = first + start + len(batch) - 1
                yield self.origin + timedelta(seconds=int(at_s[rows[last], kinds[last]])), batch

    def _span_s(self) -> int:
        """How long the orders of a block are paid in."""
        return max(1, _BLOCK * DAY_S // self.orders_per_day)

    def _block_count(self) -> int:
        return -(-self.orders // _BLOCK)

    def _blocks(self) -> Iterator[_Block]:
        span_s = self._span_s()
        for number in range(self._block_count()):
            random = np.random.default_rng([self.seed, number])
            first = number * _BLOCK
            count = min(_BLOCK, self.orders - first)
            paid = number * span_s + np.arange(count) * span_s // _BLOCK
            pickup = np.minimum(random.exponential(_MEAN_PICKUP_S, count).astype(np.int64), _LONGEST_PICKUP_S)
            legs = random.integers(HOUR_S // 2, _LONGEST_LEG_S, (count, len(MILESTONES) - 2))
            steps = np.concatenate([paid[:, None], 60 + pickup[:, None], legs], axis=1)
            yield _Block(codes(np.arange(first, first + count), 5), np.cumsum(steps, axis=1))


def watch_orders(orders: int, seed: int = 1, size: int = 5_000) -> Iterator[list[bytes]]:
    """The bare watch of so many orders, in batches; see `Watch` for its truth."""
    return Watch(orders, seed).batches(size)


def _written(code: Letters, at_s: Ints, paid_s: Ints, kinds: Ints, times: Times) -> list[bytes]:
    out = np.empty(len(code), object)
    for kind in range(len(MILESTONES)):
        chosen = np.flatnonzero(kinds == kind)
        own, at = code[chosen], times(at_s[chosen])
        letter = b"abcdefgh"[kind : kind + 1]
        type_ = b"parcel.scanned" if kind else b"order.paid"
        head: list[Part] = [b'{"specversion":"1.0","source":"watch","type":"' + type_ + b'","id":"o', own]
        head += [b"." + letter + b'","time":"', at, b'","data":{"order_id":"o', own]
        tail: list[Part] = [
            b'","paid_minor":9900,"currency":"CNY","ship_by":"',
            times(paid_s[chosen] + SHIP_WITHIN_S),
            b'"}}',
        ]
        if kind:
            tail = [b'","parcel_id":"p', own, b'","carrier_id":"swift","code":"' + MILESTONES[kind] + b'"}}']
        out[chosen] = render([*head, *tail], len(chosen))
    events: list[bytes] = out.tolist()
    return events

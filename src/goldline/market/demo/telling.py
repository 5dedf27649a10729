"""Turns steps of orders into CloudEvents, as the bytes a sender would send."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

import numpy as np

from goldline.market.demo.array import Ints
from goldline.market.demo.cohort import Cohort, Step
from goldline.market.demo.letters import Part, Times, codes, decimals, render, words
from goldline.market.demo.place import REGIONS, SHIP_RULES, ZONES
from goldline.market.demo.population import CARRIER_NAMES, Merchants

_HEAD: Final = b'{"specversion":"1.0","source":"demo","type":"'
_CURRENCY: Final = b',"currency":"CNY"'
_SCANS: Final = {
    Step.REGISTERED: b"registered",
    Step.PICKED_UP: b"picked_up",
    Step.DEPARTED: b"departed",
    Step.ARRIVED: b"arrived",
    Step.OUT: b"out_for_delivery",
    Step.DELIVERED: b"delivered",
    Step.LOST: b"lost",
}
_CANCELLERS: Final = words([b"consumer", b"merchant", b"platform"])
_OUTCOMES: Final = words([b"refused", b"approved"])
_CODE_WIDTH: Final = 4  # of merchants: 1.6 million
_CONSUMER_WIDTH: Final = 6


_Parts = Callable[[Cohort, Ints], list[Part]]


class Teller:
    """Writes the events of one market. `merchants` is needed for their zones and regions."""

    def __init__(self, merchants: Merchants, times: Times) -> None:
        self._times = times
        self._merchants = merchants
        self._merchant_codes = codes(np.arange(len(merchants.names)), _CODE_WIDTH)
        self._zones = words([zone.encode() for zone in ZONES])
        self._regions = words([region.encode() for region in REGIONS])
        self._carriers = words(CARRIER_NAMES)
        self._ship_rules = words([rule.encode() for rule in SHIP_RULES])
        self._tellers: dict[Step, _Parts] = {
            Step.PLACED: self._placed,
            Step.AGREED: lambda orders, rows: [b',"ship_by":"', self._times(orders.agreed_by_s[rows]), b'"'],
            Step.LABELLED: lambda orders, rows: [*_parcel(orders, rows), *self._carrier(orders, rows)],
            Step.SHIPPED: _parcel,
            Step.CANCELLED: lambda orders, rows: [b',"by":"', _CANCELLERS[orders.cancelled_by[rows]], b'"'],
            Step.EXEMPTED: lambda _orders, _rows: [b',"reason":"storm"'],
            Step.REFUND_ASKED: _refund_amount,
            Step.REFUND_DECIDED: _decided,
            Step.REFUND_PAID: _refund_amount,
            **{step: self._scanned(step) for step in _SCANS},
        }

    def tell(self, orders: Cohort, rows: Ints, step: Step) -> list[bytes]:
        """The events of one step, one of each order of `rows`, in that order."""
        if step is Step.PAID:
            return self._paid(orders, rows)
        return self._event(step, orders, rows, self._tellers[step](orders, rows) if step in self._tellers else [])

    def merchants(self) -> list[bytes]:
        """A `merchant.registered` of every merchant, at the origin."""
        at = bytes(self._times(np.zeros(1, np.int64))[0]).decode()
        return [self._registered(number, at) for number in range(len(self._merchants.names))]

    def _registered(self, number: int, at: str) -> bytes:
        code = bytes(self._merchant_codes[number]).decode()
        data = {
            "merchant_id": f"m{code}",
            "name": self._merchants.names[number],
            "zone": ZONES[self._merchants.zone[number]],
        }
        event = {"specversion": "1.0", "source": "demo", "type": "merchant.registered", "id": f"m{code}.0", "time": at}
        return json.dumps({**event, "data": data}, ensure_ascii=False, separators=(",", ":")).encode()

    def _event(self, step: Step, orders: Cohort, rows: Ints, parts: list[Part]) -> list[bytes]:
        code = orders.code[rows]
        suffix = b"." + b"abcdefghijklmnopqrstuvwxyz"[step : step + 1]
        before: list[Part] = [_HEAD + _TYPES[step] + b'","id":"o', code, suffix + b'","time":"']
        body: list[Part] = [self._times(orders.at_s[rows, step]), b'","data":{"order_id":"o', code, b'"']
        return render([*before, *body, *parts, b"}}"], len(rows))

    def _placed(self, orders: Cohort, rows: Ints) -> list[Part]:
        # What a shop page says before payment is vaguer than what is promised after.
        estimate = self._times(orders.deliver_by_s[rows].astype(np.int64) + 86_400)
        return [
            b',"merchant_id":"m',
            self._merchant_codes[orders.merchant[rows]],
            b'","consumer_id":"c',
            codes(orders.consumer[rows], _CONSUMER_WIDTH),
            b'","region":"',
            self._regions[orders.region[rows]],
            b'","zone":"',
            self._zones[self._merchants.zone[orders.merchant[rows]]],
            b'","deliver_by":"',
            estimate,
            b'"',
        ]

    def _paid(self, orders: Cohort, rows: Ints) -> list[bytes]:
        stated = orders.rule[rows] < 0
        out = np.empty(len(rows), object)
        for chosen, promise in ((stated, self._stated), (~stated, self._ruled)):
            some = rows[chosen]
            parts = [*_paid_amount(orders, some), *promise(orders, some), *self._delivery(orders, some)]
            out[chosen] = self._event(Step.PAID, orders, some, parts)
        texts: list[bytes] = out.tolist()
        return texts

    def _stated(self, orders: Cohort, rows: Ints) -> list[Part]:
        return [b',"ship_by":"', self._times(orders.ship_by_s[rows]), b'"']

    def _ruled(self, orders: Cohort, rows: Ints) -> list[Part]:
        return [b',"ship_rule":"', self._ship_rules[orders.rule[rows]], b'"']

    def _delivery(self, orders: Cohort, rows: Ints) -> list[Part]:
        return [b',"deliver_by":"', self._times(orders.deliver_by_s[rows]), b'"']

    def _carrier(self, orders: Cohort, rows: Ints) -> list[Part]:
        return [b',"carrier_id":"', self._carriers[orders.carrier[rows]], b'"']

    def _scanned(self, step: Step) -> _Parts:
        code = b',"code":"' + _SCANS[step] + b'","place":"'
        leaving = step <= Step.DEPARTED

        def parts(orders: Cohort, rows: Ints) -> list[Part]:
            place = self._merchants.region[orders.merchant[rows]] if leaving else orders.region[rows]
            return [*_parcel(orders, rows), *self._carrier(orders, rows), code, self._regions[place], b'"']

        return parts


def _parcel(orders: Cohort, rows: Ints) -> list[Part]:
    return [b',"parcel_id":"p', orders.code[rows], b'"']


def _paid_amount(orders: Cohort, rows: Ints) -> list[Part]:
    return [b',"paid_minor":', decimals(orders.paid_minor[rows]), _CURRENCY]


def _refund_amount(orders: Cohort, rows: Ints) -> list[Part]:
    return [b',"refund_id":"r', orders.code[rows], b'","amount_minor":', decimals(orders.refund_minor[rows]), _CURRENCY]


def _decided(orders: Cohort, rows: Ints) -> list[Part]:
    outcome = _OUTCOMES[orders.approved[rows].astype(np.int64)]
    return [b',"refund_id":"r', orders.code[rows], b'","outcome":"', outcome, b'"']


_TYPES: Final = {
    Step.PLACED: b"order.placed",
    Step.PAID: b"order.paid",
    Step.ACCEPTED: b"order.accepted",
    Step.AGREED: b"order.ship_agreed",
    Step.LABELLED: b"parcel.created",
    Step.SHIPPED: b"order.shipped",
    Step.CANCELLED: b"order.cancelled",
    Step.EXEMPTED: b"order.exempted",
    Step.REFUND_ASKED: b"refund.requested",
    Step.REFUND_DECIDED: b"refund.decided",
    Step.REFUND_PAID: b"refund.paid",
    **dict.fromkeys(_SCANS, b"parcel.scanned"),
}

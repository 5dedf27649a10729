"""The demo pack's promises judged a second time: plain Python over parsed events, nothing of the engine, no SQL.

It says what must be true of one order at `now` if everything told about it had come in: the verdict of every promise,
and for each breach what the tariff gives, whom it charges, and what the caps leave of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

HOUR = timedelta(hours=1)
FLOWS = ("accept", "ship-by", "pickup", "departure", "arrival", "out-for-delivery", "delivery", "refund-decision",
         "refund-payment")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Owed:
    """What one breach gives, in fen: asked for by the tariff and left by the caps."""

    policy: str
    occurrence: int
    judged_at: datetime
    asked: int
    amount: int
    bearer: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One promise of one order, its clocks resolved."""

    made: datetime | None
    due: datetime | None
    kept: datetime | None
    excused: bool
    grace: timedelta

    def state(self, now: datetime, after: timedelta = timedelta()) -> str | None:
        """The verdict at `now`, or of 'still not kept `after` later'."""
        if self.made is None or self.due is None:
            return None
        due = self.due + after
        if self.excused:
            return "e"
        if self.kept is not None and self.kept <= due:
            return "k"
        return "b" if now >= due + self.grace else "p"


class Order:
    """What is known of one order, by the events told about it."""

    def __init__(self, raw: Iterable[bytes]) -> None:
        self.events = [json.loads(each) for each in raw]
        payments = sorted(self._of("order.paid"), key=_time)
        placed = sorted(self._of("order.placed"), key=_time)
        self.payment = payments[-1]["data"] if payments else {}
        self.placed = placed[0]["data"] if placed else {}
        self.paid_at = _first(payments)
        carriers = sorted(self._of("parcel.created"), key=_time)
        self.carrier = f"carrier:{carriers[0]['data']['carrier_id'] if carriers else 'unknown'}"
        self.merchant = f"merchant:{self.placed.get('merchant_id', 'unknown')}"

    def at(self, *kinds: str) -> datetime | None:
        """The first time of any of these: an event type, or 'scan:<code>'."""
        times = [self._at(kind) for kind in kinds]
        return min((each for each in times if each is not None), default=None)

    def ship_by(self) -> datetime | None:
        """Agreed, else stated, else by the rule, which here counts in hours."""
        agreed = sorted(self._of("order.ship_agreed"), key=_time)
        if agreed:
            return _instant(agreed[-1]["data"]["ship_by"])
        if self.payment.get("ship_by"):
            return _instant(self.payment["ship_by"])
        if not self.payment.get("ship_rule") or self.paid_at is None:
            return None
        unit, count = self.payment["ship_rule"].split(":")
        assert unit == "hours"
        return self.paid_at + int(count) * HOUR

    def rules(self) -> dict[str, Rule]:
        """Every promise of the demo pack."""
        paid, label, picked = self.paid_at, self.at("parcel.created"), self.at("scan:picked_up")
        departed, arrived = self.at("scan:departed"), self.at("scan:arrived")
        out, delivered = "scan:out_for_delivery", ("scan:delivered", "scan:ready_for_pickup")
        asked, approved = self.at("refund.requested"), self.at("approved")
        two = 2 * HOUR
        promised = self.payment.get("deliver_by")
        made: dict[str, tuple[datetime | None, datetime | None, datetime | None, bool, timedelta]] = {
            "accept": (paid, _plus(paid, 24), self.at("order.accepted", "scan:picked_up"), True, 0 * HOUR),
            "ship-by": (paid, self.ship_by(), picked, True, two),
            "pickup": (label, _plus(label, 24), picked, True, two),
            "departure": (
                picked,
                _plus(picked, 24),
                self.at("scan:departed", "scan:arrived", out, *delivered),
                False,
                two,
            ),
            "arrival": (departed, _plus(departed, 72), self.at("scan:arrived", out, *delivered), False, two),
            "out-for-delivery": (arrived, _plus(arrived, 24), self.at(out, *delivered), False, two),
            "delivery": (paid, _instant(promised) if promised else None, self.at(*delivered), True, two),
        }
        rules = {name: Rule(m, d, k, self._excused(d, stoppable), g) for name, (m, d, k, stoppable, g) in made.items()}
        rules["refund-decision"] = Rule(asked, _plus(asked, 48), self.at("refund.decided"), False, 0 * HOUR)
        rules["refund-payment"] = Rule(approved, _plus(approved, 24), self.at("refund.paid"), False, 0 * HOUR)
        return rules

    def verdicts(self, now: datetime) -> dict[tuple[str, int], str | None]:
        """The verdict of every promise, and of 'two days later still not shipped'."""
        rules = self.rules()
        states: dict[tuple[str, int], str | None] = {(name, 0): rules[name].state(now) for name in FLOWS}
        states["ship-by", 1] = rules["ship-by"].state(now, 48 * HOUR)
        return states

    def owed(self, now: datetime) -> list[Owed]:
        """What every breach gives, in the order it was found, capped by what came before."""
        rules = self.rules()
        found = []
        for (name, occurrence), state in self.verdicts(now).items():
            if state == "b":
                rule = rules[name]
                assert rule.due is not None
                judged = rule.due + rule.grace + occurrence * 48 * HOUR
                found.append((judged, f"demo.{name}", occurrence, *self._tariff(name, occurrence)))
        charged, owed = 0, []
        for judged, policy, occurrence, asked, cap, bearer in sorted(found):
            amount = asked if cap is None else max(0, min(asked, cap - charged))
            charged += amount
            owed.append(Owed(policy, occurrence, judged, asked, amount, bearer))
        return owed

    def _tariff(self, name: str, occurrence: int) -> tuple[int, int | None, str]:
        """Asked, cap and bearer of a breach."""
        paid = int(self.payment.get("paid_minor", 0))
        merchant, carrier = self.merchant, self.carrier
        if name == "delivery":
            return _share(paid, 20, 300, 5_000), 5_000, merchant if self._shipped_late() else carrier
        if name == "ship-by":
            return (_share(paid, 30, 500, 10_000) if occurrence else _share(paid, 10, 200, 5_000)), 12_000, merchant
        return {
            "accept": (200, None, merchant),
            "pickup": (_share(paid, 10, 300, 3_000), None, merchant),
            "departure": (200, None, carrier),
            "arrival": (_share(paid, 10, 200, 3_000), None, carrier),
            "out-for-delivery": (100, None, carrier),
            "refund-decision": (500, None, merchant),
            "refund-payment": (_share(paid, 5, 100, 2_000), None, "platform"),
        }[name]  # fmt: skip

    def _shipped_late(self) -> bool:
        rule = self.rules()["ship-by"]
        if rule.made is None or rule.due is None or rule.excused:
            return False
        return rule.kept is None or rule.kept > rule.due

    def _excused(self, due: datetime | None, stoppable: bool) -> bool:
        """Cancelled in time, where a cancellation excuses at all; or its clocks were voided."""
        cancelled = self.at("order.cancelled")
        in_time = stoppable and cancelled is not None and due is not None and cancelled <= due
        return in_time or self.at("order.exempted") is not None

    def _of(self, kind: str) -> list[dict[str, object]]:
        return [each for each in self.events if each["type"] == kind]

    def _at(self, kind: str) -> datetime | None:
        if kind == "approved":
            return _first([e for e in self.events if e["type"] == "refund.decided" and e["data"]["outcome"] == kind])
        name, _, code = kind.partition(":")
        if name == "scan":
            return _first([e for e in self.events if e["type"] == "parcel.scanned" and e["data"]["code"] == code])
        return _first(self._of(kind))


def _share(paid_minor: int, per_mille: int, least: int, most: int) -> int:
    """So many thousandths of what was paid, within bounds, halves of a fen going up."""
    exact = min(max(Fraction(paid_minor * per_mille, 1_000), Fraction(least)), Fraction(most))
    return int(exact + Fraction(1, 2))


def _plus(at: datetime | None, count: int) -> datetime | None:
    return None if at is None else at + count * HOUR


def _first(events: Sequence[dict[str, object]]) -> datetime | None:
    return min((_instant(str(each["time"])) for each in events), default=None)


def _time(event: dict[str, object]) -> datetime:
    return _instant(str(event["time"]))


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)

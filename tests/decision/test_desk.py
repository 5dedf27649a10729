"""Asking at the desk: answers, their reasons, their limits, and that an answer is given once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest

from goldline.core.database import connect
from goldline.core.decision.desk import Desk, RulesMoved
from goldline.core.decision.record import find, replay
from goldline.core.errors import GoldlineError
from goldline.core.inbox import Intake
from goldline.core.ledger.limit import breakers, release_breaker
from goldline.core.policy.published import load_published, publish
from goldline.market.events import catalogue
from goldline.market.refundrequest import RefundAsked
from goldline.market.vocabulary import vocabulary
from tests.decision.scene import NOW, PARTITIONS, Scene, edited, ordered, pack
from tests.web.events import event

AT = (NOW - timedelta(hours=1)).isoformat()


def parcel(order_id: str) -> dict[str, object]:
    """A waybill of an order."""
    return event("parcel.created", AT, order_id=order_id, parcel_id="p-1", carrier_id="swift")


def test_an_instant_refund_is_owed_at_once_by_the_merchant(scene: Scene) -> None:
    """The answer goes to the inbox with the request; the step's promise pays it, and nothing else is owed."""
    scene.tell(*ordered("o-1"))
    decided = scene.ask("o-1")
    assert (decided.answer, decided.reasons, decided.spent_minor) == ("instant", ("otherwise",), 10_000)
    scene.step()
    owed = scene.rows("SELECT policy, key, payee, bearer, amount_minor, state FROM remedy")
    assert owed == [("shop.instant-payment", "o-1|r-1", "consumer:c-1", "merchant:m-1", 10_000, "accrued")]
    facts = scene.rows("SELECT refund_asked_at, refund_approved_at, instant_at FROM fact_order WHERE key = 'o-1'")
    assert facts == [(NOW, NOW, NOW)]


def test_another_answer_only_tells_that_it_was_asked(scene: Scene) -> None:
    """A standard answer grants nothing and leaves the request open."""
    scene.tell(*ordered("o-1"), parcel("o-1"))
    assert (scene.ask("o-1").answer, scene.ask("o-1").reasons) == ("standard", ("waybill",))
    scene.step()
    assert scene.rows("SELECT count(*) FROM remedy") == [(0,)]
    assert scene.rows("SELECT refund_asked_at, refund_decided_at FROM fact_order") == [(NOW, None)]


def test_the_severest_answer_wins_and_gives_all_its_reasons(scene: Scene) -> None:
    """Grounds of milder answers are recorded, but are not the reasons."""
    scene.tell(*ordered("o-1", tag="no"), parcel("o-1"))
    assert scene.ask("o-1").reasons == ("waybill", "untagged")
    scene.tell(event("consumer.restricted", AT, consumer_id="c-1", reason="abuse"))
    decided = scene.ask("o-1", "r-2")
    assert (decided.answer, decided.reasons) == ("review", ("restricted",))
    assert decided.held == ("waybill", "untagged", "restricted")


def test_what_is_not_known_holds_only_where_it_is_declared(scene: Scene) -> None:
    """'untagged' is declared to hold while nothing is known of a tag; the sleeping ground on pace never holds."""
    events = ordered("o-1")
    del events[0]["data"]["instant_refund"]
    scene.tell(*events)
    assert scene.ask("o-1").reasons == ("untagged",)


def test_asked_again_the_answer_is_the_same_whatever_came_since(scene: Scene) -> None:
    """A waybill that comes later changes nothing about what was answered."""
    scene.tell(*ordered("o-1"))
    first = scene.ask("o-1")
    scene.tell(parcel("o-1"))
    again = scene.ask("o-1")
    assert (again.id, again.answer, again.decided_at) == (first.id, "instant", first.decided_at)
    assert scene.rows("SELECT count(*), sum(spent_minor) FROM decision") == [(1, 10_000)]
    assert scene.rows("SELECT spent_minor FROM exposure") == [(10_000,)]
    with pytest.raises(GoldlineError, match="another amount") as refused:
        scene.ask("o-1", amount_minor=20_000)
    assert refused.value.code == "asked_differently"


def test_the_same_facts_give_the_same_decision(scene: Scene) -> None:
    """Ruling again on what was recorded gives the answer, its reasons and every value, after the rules have changed."""
    scene.tell(*ordered("o-1"), *ordered("o-2", tag="no"), parcel("o-2"))
    decided = [scene.ask("o-1"), scene.ask("o-2", "r-2")]
    changed = edited(("labelled_at is not null", "labelled_at is null"))
    publish(scene.connection, pack(changed), vocabulary(), NOW)
    for each in decided:
        stored = find(scene.connection, each.id)
        assert stored is not None
        ruled = replay(scene.connection, vocabulary(), stored)
        assert ruled is not None
        assert (ruled.answer, ruled.reasons, ruled.held) == (each.answer, each.reasons, each.held)
        assert list(ruled.nodes) == list(stored.nodes)


@pytest.mark.parametrize(
    ("order_id", "more", "code"),
    [
        ("o-9", {}, "not_found"),
        ("o-1", {"currency": "EUR"}, "wrong_currency"),
        ("o-1", {"amount_minor": 40_001}, "amount_too_large"),
        ("o-1", {"amount_minor": 0}, "nothing_asked"),
        ("unpaid", {}, "not_paid"),
        ("refunded", {"refund_id": "r-8"}, "already_refunded"),
        ("refunded", {"refund_id": "r-7"}, "already_answered"),
    ],
)
def test_what_cannot_be_asked_is_refused_and_leaves_no_trace(
    scene: Scene, order_id: str, more: dict[str, object], code: str
) -> None:
    """Each refusal has its code; nothing is written."""
    scene.tell(
        *ordered("o-1"), ordered("unpaid")[0], *ordered("refunded"),
        event("refund.requested", AT, order_id="refunded", refund_id="r-7", amount_minor=40_000, currency="CNY"),
        event("refund.decided", AT, order_id="refunded", refund_id="r-7", outcome="approved"),
    )  # fmt: skip
    with pytest.raises(GoldlineError) as refused:
        scene.ask(order_id, **more)  # type: ignore[arg-type]
    assert refused.value.code == code
    assert scene.rows("SELECT count(*) FROM decision") == [(0,)]
    assert scene.rows("SELECT count(*) FROM exposure") == [(0,)]


def test_the_parts_of_an_order_never_sum_to_more_than_was_paid(scene: Scene) -> None:
    """What was granted before counts at once, though no step has folded it."""
    scene.tell(*ordered("o-1"))
    scene.ask("o-1", "r-1", 30_000)
    with pytest.raises(GoldlineError) as refused:
        scene.ask("o-1", "r-2", 10_001)
    assert refused.value.code == "amount_too_large"
    assert scene.ask("o-1", "r-3", 10_000).answer == "instant"


def test_linked_accounts_are_one_buyer(scene: Scene) -> None:
    """Their exposure is one, and what stands against one stands against all; unlinked accounts are strangers."""
    linked = [event("consumer.linked", AT, consumer_id=each, group_id="g", by="payment") for each in ("c-1", "c-2")]
    scene.tell(*ordered("o-1", "c-1"), *ordered("o-2", "c-2"), *ordered("o-3", "c-3"), *linked)
    assert scene.ask("o-1", amount_minor=40_000).answer == "instant"
    other = scene.ask("o-2", amount_minor=10_001)
    assert (other.answer, other.reasons, other.asker) == ("review", ("exposure",), "group:g")
    assert scene.ask("o-3", amount_minor=40_000).answer == "instant"
    scene.tell(event("consumer.restricted", AT, consumer_id="c-2", reason="abuse"))
    assert scene.ask("o-2", "r-6", 1).reasons == ("restricted",)


def test_a_buyers_history_is_counted_as_it_stands(scene: Scene) -> None:
    """Orders and shops asked back, by events and by decisions of this moment, each order once; paces by request."""
    others = [each for n in range(4) for each in ordered(f"x-{n}", merchant=f"m-{n}")]
    back = event("refund.requested", AT, order_id="x-0", refund_id="e", amount_minor=100, currency="CNY")
    scene.tell(*ordered("o-1"), *others, back)
    scene.ask("x-0", "a", 100)
    scene.ask("x-1", "b", 100)
    scene.ask("x-1", "c", 100)
    facts = pack(edited(("buyer_restricted", _every_count())))
    publish(scene.connection, facts, vocabulary(), NOW)
    scene.desk = Desk(vocabulary(), load_published(scene.connection, vocabulary()), PARTITIONS)
    seen = scene.ask("o-1").facts
    assert {name: seen[name] for name in seen if name.startswith("buyer_")} == {
        "buyer_orders_90d": 4, "buyer_orders_back_90d": 2, "buyer_merchants_back_30d": 2, "buyer_requests_1h": 3,
        "buyer_requests_1d": 3, "buyer_instant_30d": 3, "buyer_instant_amount_1d": 300, "buyer_accounts": 1,
        "buyer_instant_amount_30d": 300, "buyer_paid_90d": 160_000, "buyer_restricted": False,
    }  # fmt: skip


def _every_count() -> str:
    names = (
        "buyer_orders_90d", "buyer_orders_back_90d", "buyer_merchants_back_30d", "buyer_requests_1h", "buyer_accounts",
        "buyer_requests_1d", "buyer_instant_30d",
    )  # fmt: skip
    money = ("buyer_instant_amount_1d", "buyer_instant_amount_30d", "buyer_paid_90d")
    parts = [f"{name} is null" for name in (*names, *money)]
    return " or ".join(["buyer_restricted", *parts])


def test_a_breaker_trips_and_stays_so_until_it_is_released(scene: Scene) -> None:
    """Past the window's limit everything is reviewed, smaller amounts too, until a person lets it flow again."""
    scene.tell(*(each for n in range(8) for each in ordered(f"o-{n}", f"c-{n}")))
    answers = [scene.ask(f"o-{n}", amount_minor=40_000).answer for n in range(4)]
    assert answers == ["instant", "instant", "instant", "review"]
    assert scene.ask("o-4", amount_minor=1).reasons == ("breaker",)
    assert [(each.policy, each.tripped_at) for each in breakers(scene.connection)] == [("shop.instant-refund", NOW)]
    later = NOW + timedelta(minutes=10)
    scene.connection.execute("UPDATE driven_clock SET at = %s", [later])
    with scene.connection.transaction():
        release_breaker(scene.connection, "shop.instant-refund", "olga", later)
    assert scene.ask("o-5", amount_minor=40_000).answer == "instant"
    assert scene.rows("SELECT sum(spent_minor) FROM exposure") == [(160_000,)]


def test_a_stale_desk_finds_out_and_writes_nothing(scene: Scene) -> None:
    """A desk made for rules that have moved does not answer by them."""
    scene.tell(*ordered("o-1"))
    publish(scene.connection, pack(edited(("Sent already.", "Sent."))), vocabulary(), NOW)
    with pytest.raises(RulesMoved):
        scene.ask("o-1")
    assert scene.rows("SELECT count(*) FROM decision") == [(0,)]


def at_once(scene: Scene, jobs: list[Callable[[Scene], str]]) -> Counter[str]:
    """Run each job in a thread of its own with its own connection; how often each answer was given."""
    answers: Counter[str] = Counter()
    lock, gate = threading.Lock(), threading.Barrier(len(jobs))

    def work(job: Callable[[Scene], str]) -> None:
        with connect(scene.url, autocommit=True) as connection:
            own = Scene(scene.url, connection, scene.desk, Intake(catalogue(), PARTITIONS))
            gate.wait()
            answer = job(own)
        with lock:
            answers[answer] += 1

    threads = [threading.Thread(target=work, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def asking(order_id: str, refund_id: str, amount_minor: int) -> Callable[[Scene], str]:
    """A job that asks once and gives the answer."""
    return lambda own: own.ask(order_id, refund_id, amount_minor).answer


def test_one_buyer_in_many_threads_never_passes_the_exposure(scene: Scene) -> None:
    """Twelve requests of 100 yuan at once under a limit of 500: five are granted, no more and no fewer."""
    scene.tell(*(each for n in range(12) for each in ordered(f"o-{n}")))
    answers = at_once(scene, [asking(f"o-{n}", "r", 10_000) for n in range(12)])
    assert answers == {"instant": 5, "review": 7}
    assert scene.rows("SELECT spent_minor FROM exposure") == [(50_000,)]


def test_many_buyers_in_many_threads_spend_the_budget_to_the_last(scene: Scene) -> None:
    """Sixteen buyers of 130 yuan at once under a budget of 1,000: seven are granted, and the slices still sum up."""
    text = edited(("limit = 2000", "limit = 1000"), ("limit = 1500", "limit = 100000"))
    publish(scene.connection, pack(text), vocabulary(), NOW)
    scene.desk = Desk(vocabulary(), load_published(scene.connection, vocabulary()), PARTITIONS)
    scene.tell(*(each for n in range(16) for each in ordered(f"o-{n}", f"c-{n}")))
    answers = at_once(scene, [asking(f"o-{n}", "r", 13_000) for n in range(16)])
    assert answers == {"instant": 7, "review": 9}
    left = scene.rows("SELECT kind, max(limit_minor) - sum(left_minor), min(left_minor) >= 0 FROM allowance GROUP BY 1")
    assert sorted(left) == [("breaker", 91_000, True), ("budget", 91_000, True)]


def test_the_same_request_in_many_threads_is_answered_once(scene: Scene) -> None:
    """Eight askings under one id give one decision, one grant and one pair of events."""
    scene.tell(*ordered("o-1"))
    assert at_once(scene, [asking("o-1", "r", 10_000)] * 8) == {"instant": 8}
    assert scene.rows("SELECT count(*), sum(spent_minor) FROM decision") == [(1, 10_000)]
    assert scene.rows("SELECT count(*) FROM inbox WHERE via LIKE 'decision:%'") == [(1,)]


def test_a_raised_limit_counts_what_was_spent(scene: Scene) -> None:
    """A budget changed within its period leaves the new limit less what was granted under the old one."""
    scene.tell(*(each for n in range(8) for each in ordered(f"o-{n}", f"c-{n}")))
    assert scene.ask("o-0", amount_minor=40_000).answer == "instant"
    for number, (limit, answer) in enumerate(((700, "instant"), (750, "review"), (1200, "instant")), 1):
        text = edited(("limit = 2000", f"limit = {limit}"), ("limit = 1500", "limit = 100000"))
        publish(scene.connection, pack(text), vocabulary(), NOW)
        scene.desk = Desk(vocabulary(), load_published(scene.connection, vocabulary()), PARTITIONS)
        assert scene.ask(f"o-{number}", "r", 30_000).answer == answer, limit


def test_a_day_of_exposure_is_the_packs_own(scene: Scene) -> None:
    """In Shanghai the day turns at four in the afternoon UTC: what was granted before counts until then, not after."""
    text = edited(('currency = "CNY"', 'currency = "CNY"\nzone     = "Asia/Shanghai"'))
    publish(scene.connection, pack(text), vocabulary(), NOW)
    scene.desk = Desk(vocabulary(), load_published(scene.connection, vocabulary()), PARTITIONS)
    scene.tell(*(each for n in range(4) for each in ordered(f"o-{n}")))
    answers = []
    midnight = NOW.replace(hour=16, minute=0, second=0, microsecond=0)
    times = (midnight - timedelta(hours=2), midnight - timedelta(seconds=1), midnight, midnight + timedelta(hours=9))
    for number, at in enumerate(times):
        scene.connection.execute("UPDATE driven_clock SET at = %s", [at])
        scene.connection.commit()
        answers.append(scene.ask(f"o-{number}", "r", 30_000).answer)
    assert answers == ["instant", "review", "instant", "review"]


def test_a_decision_of_no_date_in_force_is_refused(scene: Scene) -> None:
    """Between versions nobody is answered."""
    dates = 'effective = { until = 2026-01-01, by = "asked_at" }\n'
    text = edited(("spends    =", f"{dates}spends    ="))
    publish(scene.connection, pack(text), vocabulary(), NOW)
    desk = Desk(vocabulary(), load_published(scene.connection, vocabulary()), PARTITIONS)
    scene.tell(*ordered("o-1"))
    body = RefundAsked(refund_id="r", amount_minor=1, currency="CNY")
    with pytest.raises(GoldlineError) as refused:
        desk.ask(scene.connection, scene.intake, "instant-refund", "o-1", body, "test")
    assert refused.value.code == "not_in_force"
    with pytest.raises(GoldlineError) as unknown:
        desk.counter("instant-refunds")
    assert (unknown.value.code, "instant-refund" in str(unknown.value)) == ("not_found", True)

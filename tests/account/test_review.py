"""Cases wait for people: one holds a case at a time, skills and workload bound who gets it, samples look alike."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import Connection

from goldline.core.account import review, roster, sample
from goldline.core.account.agreement import alpha, kappa
from goldline.core.account.capacity import load, needed, staffing, waits
from goldline.core.account.review import Claim, Opening
from goldline.core.audit import Actor
from goldline.core.database import connect
from goldline.core.errors import GoldlineError
from tests.laws.world import hours

NOW = hours(0)


def opened(connection: Connection[Any], count: int, **given: Any) -> None:
    """So many cases, committed."""
    for number in range(count):
        review.open_case(connection, Opening("appeal", f"a{number}", "merchant:m1", **given), NOW)
    connection.commit()


def taken(connection: Connection[Any], name: str, hour: float = 0, **given: Any) -> Claim | None:
    """The case a reviewer gets, committed."""
    claim = review.take(connection, name, hours(hour), **given)
    connection.commit()
    return claim


def test_no_two_reviewers_ever_hold_one_case(database_url: str, database: Connection[Any]) -> None:
    """Many at once claim, answer, give back and sleep past their lease: each case is answered once, under its claim."""
    opened(database, 40)
    for number in range(6):
        review.add_reviewer(database, f"r{number}", most=3)
    database.commit()
    answers: list[str] = []
    codes: set[str] = set()
    lock = threading.Lock()

    def work(name: str, seed: int) -> None:
        with connect(database_url) as connection:
            for turn in range(60):
                # Every reviewer's clock is elsewhere; leases of some have run out by that of others.
                now = hours(turn * 0.2 + seed * 0.03)
                with connection.transaction():
                    try:
                        claim = review.take(connection, name, now, lease=timedelta(minutes=20))
                    except GoldlineError as fault:
                        codes.add(fault.code)
                        continue
                if claim is None or (turn + seed) % 3 == 0:
                    continue  # sleeps past the lease
                try:
                    with connection.transaction():
                        review.enter(connection, claim.case_id, name, claim.epoch, now)
                        review.settle(connection, claim.case_id, name, f"{claim.epoch}", now)
                except GoldlineError as fault:
                    codes.add(fault.code)
                    continue
                with lock:
                    answers.append(claim.subject)

    threads = [threading.Thread(target=work, args=(f"r{n}", n)) for n in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert len(answers) == len(set(answers)) == 40
    assert codes <= {"workload", "claim_lost"}
    rows = database.execute("SELECT subject, state, answer::integer = epoch FROM review_case").fetchall()
    assert Counter((state, fits) for _, state, fits in rows) == {("settled", True): 40}
    claims = database.execute("SELECT subject, detail::jsonb ->> 'epoch' FROM audit WHERE action = 'case.claimed'")
    assert max(Counter(claims.fetchall()).values()) == 1, "no number of a claim was given twice"


def test_whoever_slept_past_the_lease_changes_nothing(database: Connection[Any]) -> None:
    """The old claim's number is refused, though the same reviewer's name stood on the case."""
    opened(database, 1)
    for name in ("ada", "ben"):
        review.add_reviewer(database, name)
    old = taken(database, "ada")
    assert old is not None
    assert taken(database, "ben", 0.99) is None
    new = taken(database, "ben", 1)
    assert new is not None
    assert new.epoch == old.epoch + 1
    for name, epoch in (("ada", old.epoch), ("ben", old.epoch), ("ada", new.epoch)):
        with pytest.raises(GoldlineError, match="does not hold"):
            review.enter(database, new.case_id, name, epoch, hours(1.1))
    assert review.enter(database, new.case_id, "ben", new.epoch, hours(1.1)).subject == "a0"


def test_skills_bars_and_workload_bound_who_gets_a_case(database: Connection[Any]) -> None:
    """A reviewer gets the languages known, no case one decided before, and no more than allowed at once."""
    review.open_case(database, Opening("appeal", "zh", "merchant:m1", language="zh-Hans"), NOW)
    review.open_case(database, Opening("appeal", "mine", "merchant:m1", barred=("ada",)), NOW)
    review.open_case(database, Opening("decision", "other", "merchant:m1"), NOW)
    review.add_reviewer(database, "ada", kinds=["appeal"], languages=["en"])
    assert taken(database, "ada") is None
    review.add_reviewer(database, "ada", kinds=["appeal"], languages=["en", "zh-Hans"], most=1)
    found = taken(database, "ada")
    assert found is not None
    assert found.subject == "zh"
    with pytest.raises(GoldlineError, match="as many as allowed"):
        review.take(database, "ada", NOW)
    with pytest.raises(GoldlineError, match="no reviewer"):
        review.take(database, "nobody", NOW)


def test_what_matters_most_comes_first(database: Connection[Any]) -> None:
    """Escalated before urgent, urgent before due, due before new; held cases wait; the SLA runs from the claim."""
    review.add_reviewer(database, "ada")
    for subject, answer_by, priority in (("new", None, 0), ("due", hours(9), 0), ("urgent", None, 1)):
        review.open_case(database, Opening("appeal", subject, "merchant:m1", answer_by, priority=priority), NOW)
    late = review.open_case(database, Opening("appeal", "raised", "merchant:m1"), NOW)
    assert review.escalate(database, late, "person:eve", "asked twice", NOW) == 1
    got = [taken(database, "ada", 2) for _ in range(4)]
    assert [each.subject for each in got if each] == ["raised", "urgent", "due", "new"]
    first = got[0]
    assert first is not None
    assert first.sla_at == hours(2) + review.SLA
    review.hold(database, first.case_id, "ada", first.epoch, hours(50), "a laboratory", hours(2))
    assert taken(database, "ada", 2.5) is None
    again = taken(database, "ada", 50)
    assert again is not None
    review.note(database, again.case_id, "ada", "The lab says no.", hours(50))
    assert database.execute("SELECT author, words FROM review_note").fetchall() == [("ada", "The lab says no.")]


def test_a_case_is_handed_over_and_given_back(database: Connection[Any]) -> None:
    """The one who gets it holds it under a new number; one who may not judge it does not get it."""
    review.open_case(database, Opening("appeal", "a", "merchant:m1", barred=("eve",)), NOW)
    for name in ("ada", "ben", "eve"):
        review.add_reviewer(database, name)
    claim = taken(database, "ada")
    assert claim is not None
    with pytest.raises(GoldlineError, match="may not judge"), database.transaction():
        review.hand_over(database, claim.case_id, "ada", claim.epoch, "eve", NOW)
    given = review.hand_over(database, claim.case_id, "ada", claim.epoch, "ben", NOW)
    assert (given.reviewer, given.epoch) == ("ben", claim.epoch + 1)
    review.release(database, claim.case_id, "ben", given.epoch, NOW)
    assert taken(database, "eve") is None
    assert taken(database, "ada") is not None


def test_samples_look_like_any_case_and_measure(database: Connection[Any]) -> None:
    """At a rate of one every case taken is a settled one again; the answer is written down beside the known one."""
    opened(database, 4, answer_by=hours(100))
    for name in ("ada", "ben"):
        review.add_reviewer(database, name)
    for number in range(4):
        claim = taken(database, "ada", number)
        assert claim is not None
        review.settle(database, claim.case_id, "ada", ["upheld", "overturned"][number % 2], hours(number))
    assert sample.take_next(database, "ada", hours(5), Fraction(1)) is None, "nobody samples their own answers"
    for number in range(4):
        again = sample.take_next(database, "ben", hours(5 + number), Fraction(1))
        assert again is not None
        assert (again.kind, again.account) == ("appeal", "merchant:m1")
        assert again.answer_by is not None
        assert again.answer_by > hours(90)
        known = review.enter(database, again.case_id, "ben", again.epoch, hours(5 + number)).known
        wrong = "partly" if number == 3 else known
        review.settle(database, again.case_id, "ben", wrong or "", hours(5 + number))
    assert sample.take_next(database, "ben", hours(9), Fraction(1)) is None, "each once"
    measured = sample.agreement(database)
    assert measured.samples == 4
    assert measured.kappas["ben"] == kappa([("u", "u"), ("u", "u"), ("o", "o"), ("o", "p")])
    assert sum(sample.falls("ada", n, Fraction(1, 10)) for n in range(10_000)) == pytest.approx(1_000, abs=100)


def test_agreement_is_that_of_the_published_examples() -> None:
    """Krippendorff's own example of four observers and twelve units: 0.743; Cohen's of a table of fifty: 0.4."""
    table = ["1 2 3 3 2 1 4 1 2 . . .", "1 2 3 3 2 2 4 1 2 5 . 3", ". 3 3 3 2 3 4 2 2 5 1 .", "1 2 3 3 2 4 4 1 2 5 1 ."]
    columns = zip(*(row.split() for row in table), strict=True)
    found = alpha([[each for each in column if each != "."] for column in columns])
    assert found is not None
    assert round(float(found), 3) == 0.743
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    assert kappa(pairs) == Fraction(2, 5)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), max_size=30))
def test_agreement_is_bounded_and_whole_when_all_agree(pairs: list[tuple[str, str]]) -> None:
    """Never above one; one when every answer is the same as the other's; the order of raters is nothing to it."""
    found = kappa(pairs)
    assert found is None or found <= 1
    assert found == kappa([(b, a) for a, b in pairs])
    same = kappa([(a, a) for a, _ in pairs])
    assert same in (None, 1)
    measured = alpha([list(each) for each in pairs])
    assert measured is None or measured <= 1


def test_who_is_removed_holds_nothing(database: Connection[Any]) -> None:
    """The cases go back at once, an answer under the old number is refused, and the trail says so."""
    opened(database, 2)
    review.add_reviewer(database, "ada", languages=["zh-Hans", ""])
    review.add_reviewer(database, "ben")
    claim = taken(database, "ada")
    assert claim is not None
    assert [(each.name, each.holding) for each in roster.roster(database, hours(0.1))] == [("ada", 1), ("ben", 0)]
    assert roster.remove_reviewer(database, "ada", Actor("shell", "olga"), hours(0.1)) == 1
    with pytest.raises(GoldlineError, match="does not hold"):
        review.enter(database, claim.case_id, "ada", claim.epoch, hours(0.1))
    again = review.take(database, "ben", hours(0.1), case_id=claim.case_id)
    assert again is not None
    assert again.epoch > claim.epoch
    with pytest.raises(GoldlineError, match="no reviewer"):
        roster.remove_reviewer(database, "ada", Actor("shell", "olga"), hours(0.1))
    with pytest.raises(GoldlineError, match="no reviewer"):
        review.take(database, "ada", hours(0.2))
    assert [each.active for each in roster.roster(database, hours(1))] == [True, False]


def test_the_delay_formula_is_that_of_the_tables() -> None:
    """Ten erlangs and fourteen agents: 17.4 % wait, 88.8 % begin within 20 s, 7.8 s on average."""
    found = staffing(100 / 1_800, 180, 14, 20)
    assert waits(10, 14) == pytest.approx(0.1741, abs=5e-5)
    assert found.in_time == pytest.approx(0.888, abs=5e-4)
    assert found.mean_wait_s == pytest.approx(7.84, abs=0.01)
    assert found.occupancy == pytest.approx(10 / 14)


@given(st.floats(0.001, 0.2), st.floats(10, 2_000), st.floats(0, 4_000), st.floats(0.05, 0.99))
def test_one_reviewer_fewer_would_not_do(rate: float, work_s: float, within_s: float, share: float) -> None:
    """What is needed reaches the share, and one less does not."""
    found = needed(rate, work_s, within_s, share)
    assert found.in_time >= share
    if found.reviewers > 1:
        assert staffing(rate, work_s, found.reviewers - 1, within_s).in_time < share


def test_the_load_is_measured(database: Connection[Any]) -> None:
    """Cases that came and the time a settled one took, over the last days."""
    opened(database, 3)
    review.add_reviewer(database, "ada")
    claim = taken(database, "ada")
    assert claim is not None
    review.settle(database, claim.case_id, "ada", "upheld", hours(0.5))
    found = load(database, hours(24), timedelta(days=2))
    assert (found.cases, found.settled, found.work_s) == (3, 1, 1_800)

"""The register: items are added in any order and as often as one likes, and one cluster is one case."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import Connection

from bench.likeness import captions
from goldline.core.account.review import add_reviewer, take
from goldline.market.likeness.caption import Caption, plain
from goldline.market.likeness.cluster import Method, group
from goldline.market.likeness.register import CaseTerms, Register, fingerprint

NOW = datetime(2026, 8, 10, tzinfo=UTC)
TERMS = CaseTerms(points_least=50, items_least=20, accounts_least=10)


def flood(count: int = 100) -> list[Caption]:
    """As many accounts, one advertisement, each with a price of its own, a minute apart."""
    words = "姐妹们这款保温杯真的太好用了早上倒的水晚上还是热的现在下单只要{}元还送杯刷"
    return [Caption(f"v{n}", f"creator:{n}", NOW + timedelta(minutes=n), words.format(19 + n)) for n in range(count)]


def items(count: int) -> list[Caption]:
    """Made-up captions, some of them copies."""
    texts = captions(count, seed=3).texts
    return [Caption(f"i{n:04}", f"creator:{n % 7}", NOW + timedelta(hours=n), text) for n, text in enumerate(texts)]


def partition(clusters: dict[str, Any]) -> set[frozenset[str]]:
    """Who is together with whom, without the names."""
    held: dict[Any, set[str]] = {}
    for ident, name in clusters.items():
        held.setdefault(name, set()).add(ident)
    return {frozenset(each) for each in held.values()}


def snapshot(connection: Connection[Any]) -> list[Any]:
    """All that the register keeps."""
    tables = ("likeness_text", "likeness_band", "likeness_item", "likeness_case", "review_case")
    return [connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in tables]


def test_any_order_batching_and_doubling_keep_the_same(database: Connection[Any]) -> None:
    """Every way to add the same items ends in the same rows, which are the clusters found in all at once."""
    made = items(150)
    register = Register()
    roots = group(plain([each.text for each in made])).roots.tolist()
    wanted = partition({each.id: root for each, root in zip(made, roots, strict=True)})
    assert len(wanted) < len(made)
    kept = None
    for seed in range(4):
        chance = random.Random(seed)
        told = made + chance.choices(made, k=40)
        chance.shuffle(told)
        while told:
            size = chance.randint(1, 60)
            register.add(database, told[:size], NOW)
            told = told[size:]
        clusters = register.add(database, made, NOW).clusters
        assert partition(clusters) == wanted
        now_kept = snapshot(database)
        assert kept is None or now_kept == kept
        kept = now_kept
        database.rollback()


def test_a_flood_under_a_hundred_accounts_is_one_case(database: Connection[Any]) -> None:
    """Told in ten pieces, twice, and by two runs: one case, about whoever began, and the second run changes nothing."""
    register, told = Register(), flood()
    opened = [case for at in range(0, 100, 10) for case in register.add(database, told[at : at + 10], NOW, TERMS).cases]
    assert len(opened) == 1
    before = snapshot(database)
    assert register.add(database, told, NOW + timedelta(days=1), TERMS).cases == ()
    assert snapshot(database) == before
    (case,) = database.execute("SELECT kind, subject, account, state FROM review_case").fetchall()
    assert (case[0], case[2], case[3]) == ("content_cluster", "creator:0", "open")


def test_a_case_stays_when_its_cluster_is_renamed(database: Connection[Any]) -> None:
    """A newcomer may give the cluster another name; its case is found all the same, and none is opened beside it."""
    register = Register()
    told = sorted(flood(20), key=lambda each: fingerprint(plain([each.text])[0]), reverse=True)
    names = set()
    cases = 0
    for item in told:
        added = register.add(database, [item], NOW, CaseTerms(0, 2, 2))
        names |= set(added.clusters.values())
        cases += len(added.cases)
    assert len(names) > 2
    assert cases == 1


def bridged() -> tuple[list[Caption], list[Caption], Caption]:
    """Two floods that are not the same, and a caption that is the same as either."""
    begin = "早上倒的水晚上还是热的送给爸妈最合适不过了冬天出门一定要带上它"
    end = "现在下单立减三十再送杯刷和杯套数量有限先到先得错过还要再等一年"
    one = [Caption(f"a{n}", f"creator:a{n}", NOW + timedelta(minutes=n), f"{begin}第{n}批") for n in range(20)]
    two = [Caption(f"b{n}", f"creator:b{n}", NOW + timedelta(minutes=n), f"{end}第{n}批") for n in range(20)]
    return one, two, Caption("bridge", "creator:c", NOW + timedelta(hours=1), begin + end)


def test_clusters_that_grow_together_keep_one_case(database: Connection[Any]) -> None:
    """The case opened first stays; the other, which nobody holds, is dropped, once, and on the record."""
    one, two, bridge = bridged()
    register, later = Register(), NOW + timedelta(hours=2)
    (first,) = register.add(database, one, NOW, TERMS).cases
    (second,) = register.add(database, two, later, TERMS).cases
    assert register.add(database, [bridge], later, TERMS).cases == ()
    assert len(set(register.add(database, [*one, *two, bridge], later, TERMS).clusters.values())) == 1
    states = dict(database.execute("SELECT id, state FROM review_case").fetchall())
    assert states == {first: "open", second: "dropped"}
    told = database.execute("SELECT subject FROM audit WHERE action = 'case.dropped'").fetchall()
    assert told == [(f"case:{second}",)]


def test_a_case_that_somebody_holds_is_not_taken_away(database: Connection[Any]) -> None:
    """It is dropped when the cluster grows after the claim has ended."""
    one, two, bridge = bridged()
    register = Register()
    register.add(database, one, NOW, TERMS)
    (held,) = register.add(database, two, NOW + timedelta(hours=1), TERMS).cases
    add_reviewer(database, "ada")
    assert take(database, "ada", NOW + timedelta(hours=2), case_id=held) is not None
    for hours, state in ((2.5, "open"), (3.5, "dropped")):
        register.add(database, [bridge], NOW + timedelta(hours=hours), TERMS)
        assert database.execute("SELECT state FROM review_case WHERE id = %s", (held,)).fetchone() == (state,)


def test_below_the_terms_no_case_is_opened(database: Connection[Any]) -> None:
    """One account that repeats itself, and a cluster too small, are shown and not judged."""
    register = Register()
    same = [Caption(f"s{n}", "creator:1", NOW, "这条视频我每天都发一遍大家不要嫌弃我啰嗦") for n in range(50)]
    assert register.add(database, same, NOW, TERMS).cases == ()
    assert register.add(database, flood(5), NOW, TERMS).cases == ()


def test_of_two_tellings_of_one_item_the_later_stays(database: Connection[Any]) -> None:
    """Whichever is told first: an item edited later is a member where its last words belong."""
    first = Caption("x", "creator:1", NOW, "这是一条原来的文案讲的是夏天的裙子")
    last = Caption("x", "creator:1", NOW + timedelta(hours=1), "完全不同的第二条文案讲冬天的靴子")
    for told in ([first, last], [last, first]):
        register = Register()
        for item in told:
            clusters = register.add(database, [item], NOW).clusters
        assert clusters["x"] == register.add(database, [Caption("y", "c", NOW, last.text)], NOW).clusters["y"]
        database.rollback()


def test_items_without_words_are_kept_and_alone(database: Connection[Any]) -> None:
    """Nothing is lost: an item whose words are only white space has no cluster."""
    assert Register().add(database, [Caption("b", "c", NOW, " \n")], NOW).clusters == {"b": None}


@pytest.mark.parametrize("method", [Method(), Method(64, 2, 0.2)])
def test_a_cluster_is_read_with_its_members(database: Connection[Any], method: Method) -> None:
    """Members in the order of time, accounts, the template with its price, and the score's factors."""
    register = Register(method=method)
    (name,) = set(register.add(database, flood(30), NOW).clusters.values())
    assert name is not None
    found = register.cluster(database, name)
    assert found is not None
    assert (len(found.members), len(found.accounts)) == (30, 30)
    assert (found.first_seen_at, found.last_seen_at) == (NOW, NOW + timedelta(minutes=29))
    assert "只要[price]元" in str(found.template)
    assert [factor.name for factor in found.score.factors] == ["size", "accounts", "pace", "regularity", "template"]

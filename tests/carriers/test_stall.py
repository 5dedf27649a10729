"""The region tier of a parcel."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import Connection

from goldline.core.policy.expression import parse
from goldline.market.parcel import Parcel
from goldline.market.stall import PROVINCES, REMOTE, province, province_code, tier

FULL = {
    "内蒙古": "内蒙古自治区", "广西": "广西壮族自治区", "西藏": "西藏自治区", "宁夏": "宁夏回族自治区",
    "新疆": "新疆维吾尔自治区", "北京": "北京市", "天津": "天津市", "上海": "上海市", "重庆": "重庆市",
}  # fmt: skip
ANY = st.sampled_from(PROVINCES)


@pytest.mark.parametrize("short", PROVINCES)
def test_short_and_full_names_are_one_province(short: str) -> None:
    """广东 and 广东省 are the same; so is an address that begins with either."""
    full = FULL.get(short, f"{short}省")
    assert province(short) == province(full) == province(f" {full} ") == province(f"{full}某市某区") == short
    assert province(f"{short},某市,某区") == short


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CN-GD", "广东"), ("cn-xj", "新疆"), ("44", "广东"), ("440307", "广东"), ("CN440307000000", "广东"),
        ("GD", None), ("CN-ZZ", None), ("99", None), ("", None), (None, None), ("佛山市", None), ("香港", None),
        ("海南藏族自治州", None), ("Guangdong", None),
    ],
)  # fmt: skip
def test_codes_and_what_is_no_province(text: str | None, expected: str | None) -> None:
    """ISO 3166-2 and GB/T 2260 codes are read; bare letters are not, because HI is not only 海南."""
    assert province(text) == expected


@pytest.mark.parametrize(
    ("origin", "destination", "expected"),
    [
        ("广东省", "广东", "near"),
        ("江苏", "浙江省", "near"),
        ("上海市", "安徽", "near"),
        ("北京", "河北省", "near"),
        ("天津", "北京市", "near"),
        ("江苏", "北京", "cross"),
        ("上海", "广东", "cross"),
        ("安徽", "江西", "cross"),
        ("广东", "新疆维吾尔自治区", "remote"),
        ("西藏自治区", "四川", "remote"),
        ("内蒙古自治区", "北京", "remote"),
        ("青海", "甘肃", "remote"),
        ("宁夏回族自治区", "陕西", "remote"),
        ("云南", "贵州", "remote"),
        ("海南", "广东", "remote"),
        ("新疆", "新疆", "remote"),
        ("CN-GD", "650000", "remote"),
        ("广东", "香港", None),
        ("广东", None, None),
        (None, "甘肃", "remote"),
        ("海南", "香港", "remote"),
        (None, None, None),
    ],
)
def test_tiers(origin: str, destination: str | None, expected: str | None) -> None:
    """Each clause of the rule, and the provinces just outside it."""
    assert tier(origin, destination) == expected


@given(ANY, ANY)
def test_the_way_back_is_as_long(one: str, other: str) -> None:
    """The tier does not depend on the direction, and every pair of provinces has one."""
    assert tier(one, other) == tier(other, one)
    assert tier(one, other) in ("near", "cross", "remote")
    assert (tier(one, other) == "remote") == bool(REMOTE & {one, other})


def test_policies_see_the_same_tier(database: Connection[Any]) -> None:
    """The derived fact of a parcel gives what `tier` gives, for every pair of provinces and where one is unknown."""
    places = [None, "香港", *PROVINCES]
    fact = Parcel.facts["tier"]
    form = parse(fact.expression or "", types=Parcel.types(), want=fact.type, currency="CNY").sql("postgres", "f")
    pairs = [(one, other) for one in places for other in places]
    rows = database.execute(
        f"SELECT {form} FROM (SELECT u.*, NULL::text AS origin_scanned FROM unnest(%s::text[], %s::text[])"
        " WITH ORDINALITY AS u (origin_told, province, n)) f ORDER BY n",
        [[province_code(place) if place else None for place in ends] for ends in zip(*pairs, strict=True)],
    ).fetchall()
    assert [row[0] for row in rows] == [tier(one, other) for one, other in pairs]

"""Masking, and what the words of a trace without codes say."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldline.connectors.carriers.mask import masked
from goldline.connectors.carriers.wording import read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "【测试市】 【某网点】（0579-84123456） 的 王小二 （13800000000） 已揽收",
            "【测试市】 【某网点】（***） 的 *** （***） 已揽收",
        ),
        ("【某一部】，【赵一一/13800000000】已揽收", "【某一部】，【***/***】已揽收"),
        ("快递员：赵一，联系电话：13800000000", "快递员：***，联系电话：***"),
        ("派件员赵一一正在为您派件", "派件员***正在为您派件"),
        ("派件员正在为您派件", "派件员正在为您派件"),
        ("签收人：赵一,感谢使用", "签收人：***,感谢使用"),
        ("签收人: 已签收，签收人凭取货码签收。", "签收人: 已签收，签收人凭取货码签收。"),
        ("签收人：快递柜", "签收人：快递柜"),
        ("扫描员【赵一一】", "扫描员【***】"),
        ("请联系138 0000 0000", "请联系***"),
        ("新派送时间 2016-10-15 11:55:00", "新派送时间 2016-10-15 11:55:00"),
        ("客服热线95338", "客服热线95338"),
        ("Delivered, signed by: A. Example at front desk", "Delivered, signed by: *** at front desk"),
        ("Received at facility", "Received at facility"),
    ],
)
def test_names_and_numbers_are_masked(text: str, expected: str) -> None:
    """People and their telephones go; places, hotlines and times stay."""
    assert masked(text) == expected


@given(before=st.text(max_size=20), number=st.integers(10**6, 10**14), after=st.text(max_size=20))
def test_no_long_number_survives(before: str, number: int, after: str) -> None:
    """Wherever it stands, a run of seven digits or more is gone."""
    assert not re.search(r"\d{7}", masked(f"{before}{number}{after}"))


@given(st.text(max_size=60))
def test_masking_twice_changes_nothing(text: str) -> None:
    """What is masked holds nothing more to mask of a telephone."""
    assert not re.search(r"\d{7}", masked(masked(text)))


@pytest.mark.parametrize(
    ("text", "scan"),
    [
        ("正在派送途中,请您准备签收", "out_for_delivery"),
        ("快件派送不成功(已约定新派送时间),待再次派送", "attempt_failed"),
        ("快件已投递【某智能快递柜】", "ready_for_pickup"),
        ("快件已由某驿站代收，请及时取件", "ready_for_pickup"),
        ("投递并签收，签收人：他人收", "delivered"),
        ("快件离开 【甲】 发往 【乙】", "departed"),
        ("快件到达 【甲】", "arrived"),
        ("退回件已签收", "returned"),
        ("快件正退回寄件人", "returning"),
        ("收件人拒收", "refused"),
        ("海关查验", "customs"),
    ],
)
def test_words_are_read(text: str, scan: str) -> None:
    """Who is asked to be ready to sign has not signed; a failed delivery is not one under way."""
    found = read(text)
    assert found is not None
    assert (found.scan, found.grade) == (scan, "K")


@pytest.mark.parametrize("text", ["", "感谢使用", "Departed facility"])
def test_words_that_say_nothing_are_not_read(text: str) -> None:
    """No reading is better than a wrong one."""
    assert read(text) is None

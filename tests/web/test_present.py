"""How values are written for people."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import translation

from goldline.core.facts.merge import FactType
from goldline.core.judge.sentence import amount
from goldline.core.judge.told import NodeValue
from goldline.core.money import whole_minor
from goldline.surfaces.web.templatetags import present


@pytest.mark.parametrize(
    ("decided", "shown"), [("1003.79", 1004), ("1003.5", 1004), ("1004.5", 1005), ("-0.5", -1), ("0.49", 0), ("7", 7)]
)
def test_a_part_of_a_minor_unit_is_rounded_as_the_engine_does(decided: str, shown: int) -> None:
    """Half away from zero, for decimals and for numbers that came through JSON."""
    assert whole_minor(Decimal(decided)) == shown
    assert whole_minor(float(decided)) == shown


def test_pages_and_terminal_show_the_same_amount() -> None:
    """A value between two minor units is one sum everywhere."""
    with translation.override("en"):
        assert present.node_value(NodeValue("pay", 1004.5, FactType.MONEY), "CNY") == "¥10.05"
    assert amount(Decimal("1004.5"), "CNY") == "10.05 CNY"


def test_lengths_of_time_read_well_in_chinese() -> None:
    """Seconds are named like the other units."""
    with translation.override("zh-hans"):
        assert present.span(0) == "0秒"
        assert present.span(3_661) == "1小时1分钟"


def test_nobody_is_not_masked() -> None:
    """An absent identifier leaves nothing to show."""
    assert present.mask(None) == present.mask("") == ""
    assert present.mask("c-0004821") == "c-…4821"


def test_a_clause_of_a_remedy_is_named_with_its_number() -> None:
    """Known keys are words, unknown ones stay as they are."""
    with translation.override("en"):
        assert present.clause("remedy 2: after") == "Remedy 2: Owed if still missed after"
        assert present.clause("breaker.window") == "Breaker counts over"
        assert present.clause("tariffs.far") == "tariffs.far"

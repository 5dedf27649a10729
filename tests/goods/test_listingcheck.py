"""A listing is held against itself: what does not fit is found at its place in the title, what fits is left alone."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from goldline.market.listingcheck import Offer, check
from goldline.market.quantity import quantities
from goldline.surfaces.cli.program import QUARANTINED, run


def evidence(title: str, *, brand: str = "", **attributes: str) -> list[tuple[str, str]]:
    """Check and words of what does not fit one listing."""
    ((found),) = check([Offer("l1", title, "any", brand, None, attributes)])
    return [(each.check, title[each.start : each.end]) for each in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("坚果 500g", [("mass", 500)]),
        ("大米 2.5kg*4袋", [("mass", 10_000)]),
        ("五常大米 10 斤", [("mass", 5_000)]),
        ("洗发水 1.5升", [("volume", 1_500)]),
        ("电吹风 1800W 大功率", [("power", 1_800)]),
        ("5G手机 全网通", []),
        ("纯棉 230g重磅 T恤", []),
        ("型号 A500gx", []),
        ("维生素C 100mg", [("mass", Decimal("0.1"))]),
    ],
)
def test_quantities_are_read_in_base_units(text: str, expected: list[tuple[str, Decimal]]) -> None:
    """Units of both languages, pieces multiplied; networks, cloth weights and model numbers are no quantities."""
    assert [(each.measured, each.whole) for each in quantities(text)] == expected


@pytest.mark.parametrize(
    ("title", "attributes", "expected"),
    [
        ("坚果礼盒 500g", {"净含量": "300g"}, [("net-content", "500g")]),
        ("坚果礼盒 250g*2", {"净含量": "500g"}, []),
        ("坚果礼盒 250g*2", {"净含量": "250克"}, []),
        ("电水壶 1800W", {"额定功率": "1500瓦"}, [("power", "1800W")]),
        ("电水壶 1.8kw", {"额定功率": "1800W"}, []),
        ("短袖T恤女", {"袖长": "长袖"}, [("sleeve", "短袖")]),
        ("短袖长袖两件套", {"袖长": "长袖"}, []),
        ("半高领毛衣", {"领型": "圆领"}, []),
        ("真皮单鞋女", {"帮面材质": "PU"}, [("leather", "真皮")]),
        ("真皮单鞋女", {"帮面材质": "头层牛皮"}, []),
        ("真皮单鞋女", {"帮面材质": "其他"}, []),
        ("仿真丝连衣裙", {"材质": "聚酯纤维"}, []),
        ("真丝连衣裙", {"材质": "涤纶"}, [("silk", "真丝")]),
        ("棉T恤", {"材质": "涤纶"}, []),
        ("2020新款凉鞋", {"上市年份季节": "2017年夏季"}, [("year", "2020新款")]),
        ("2020新款凉鞋", {"上市年份季节": "2019年夏季"}, []),
    ],
)
def test_a_title_is_held_against_its_attributes(
    title: str, attributes: dict[str, str], expected: list[tuple[str, str]]
) -> None:
    """What excludes the stated value is found; both values at once, unknown ones and look-alikes are not."""
    assert evidence(title, **attributes) == expected


def test_another_brand_than_the_declared_is_found_unless_it_only_fits_it() -> None:
    """A brand two others declare, in a third title, is found; what only fits it or is like it names it rightly."""
    known = [Offer(f"k{n}", "跑鞋", "鞋", "Nordwind/北风行") for n in range(2)]
    titles = ("北风行跑鞋男", "nordwind running", "适用nordwind鞋带", "Nordwinder鞋", "北风行同款鞋")
    found = check([*known, *(Offer(title, title, "鞋", "其他") for title in titles)])[2:]
    assert [bool(each) for each in found] == [True, True, False, False, False]


def test_a_price_far_from_its_category_is_found() -> None:
    """A slip of the unit stands out among twenty; among nineteen nothing is said."""
    usual = [Offer(f"p{n}", "杯", "杯子", "", 2_000 + 100 * n) for n in range(19)]
    slip = Offer("slip", "杯", "杯子", "", 29)
    assert [each.check for each in check([*usual, slip])[-1]] == ["price"]
    assert check([*usual[:18], slip])[-1] == []


def test_the_command_explains_bad_rows_and_answers_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Good rows are checked whatever stands between them; each bad one is told with its line and what to do."""
    rows = ["listing_id,title,brand,price_minor,attributes", 'a,真丝裙,,1990,"{""材质"": ""涤纶""}"', ",无编号,,,",
            "b,裙,,19.90,", "c,裙,,,{oops"]  # fmt: skip
    file = tmp_path / "listings.csv"
    file.write_text("\n".join(rows), encoding="utf-8")
    assert run(["check-listings", str(file), "--format", "json"]) == QUARANTINED
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert [(each["listing_id"], each["evidence"][0]["check"]) for each in told["listings"]] == [("a", "silk")]
    assert [each["line"] for each in told["bad_rows"]] == [3, 4, 5]
    assert "listings.csv:4: price_minor is '19.90'; write whole minor units" in said.err

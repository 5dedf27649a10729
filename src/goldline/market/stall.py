"""The region tier of a parcel: how long it may stand still depends on where it goes from and to.

The three tiers are those of the public rule on stalled parcels: within one province, or within 江浙沪皖 or 京津冀;
between provinces; from or to 新疆, 西藏, 内蒙古, 青海, 宁夏, 云南, 甘肃 or 海南. The hours of each are figures of a
policy, not of this module.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, Literal

Tier = Literal["near", "cross", "remote"]

# Short name, ISO 3166-2:CN letters, GB/T 2260 digits: public codes of the mainland's provinces.
_TABLE: Final = """
北京 BJ 11  天津 TJ 12  河北 HE 13  山西 SX 14  内蒙古 NM 15  辽宁 LN 21  吉林 JL 22  黑龙江 HL 23
上海 SH 31  江苏 JS 32  浙江 ZJ 33  安徽 AH 34  福建 FJ 35  江西 JX 36  山东 SD 37  河南 HA 41
湖北 HB 42  湖南 HN 43  广东 GD 44  广西 GX 45  海南 HI 46  重庆 CQ 50  四川 SC 51  贵州 GZ 52
云南 YN 53  西藏 XZ 54  陕西 SN 61  甘肃 GS 62  青海 QH 63  宁夏 NX 64  新疆 XJ 65
"""
_CELLS: Final = _TABLE.split()
PROVINCES: Final = tuple(_CELLS[::3])
_ISO: Final = {name: f"CN-{letters}" for name, letters in zip(PROVINCES, _CELLS[1::3], strict=True)}
_BY_LETTERS: Final = dict(zip(_CELLS[1::3], PROVINCES, strict=True))
_BY_DIGITS: Final = dict(zip(_CELLS[2::3], PROVINCES, strict=True))

GROUPS: Final = (frozenset({"江苏", "浙江", "上海", "安徽"}), frozenset({"北京", "天津", "河北"}))
REMOTE: Final = frozenset({"新疆", "西藏", "内蒙古", "青海", "宁夏", "云南", "甘肃", "海南"})

_LETTERS: Final = re.compile(r"CN-([A-Z]{2})\Z")
_DIGITS: Final = re.compile(r"(?:CN-?)?(\d{2})(?:\d{4}|\d{10})?\Z")
_WRITTEN: Final = re.compile(
    # 海南藏族自治州 lies in 青海, 河南蒙古族自治县 too: a people's name after a province's name makes another place.
    rf"({'|'.join(PROVINCES)})(?:省|市|(?:壮族|回族|维吾尔)?自治区)?(?!藏族|蒙古族)"
)


def province(text: str | None) -> str | None:
    """The short name of a mainland province ('广东'), or None when none is named.

    Takes a short or full name (广东, 广东省, 内蒙古自治区), an address that begins with one (广东,深圳市,龙岗区),
    the code of ISO 3166-2 (CN-GD) or of GB/T 2260 (44, 440307, CN440307000000).
    """
    written = "".join((text or "").split()).upper()
    if found := _LETTERS.match(written):
        return _BY_LETTERS.get(found[1])
    if found := _DIGITS.match(written):
        return _BY_DIGITS.get(found[1])
    found = _WRITTEN.match(written)
    return found[1] if found else None


@lru_cache(maxsize=4_096)
def province_code(text: str) -> str | None:
    """The code of ISO 3166-2 of a mainland province ('CN-GD'), of whatever `province` takes."""
    found = province(text)
    return None if found is None else _ISO[found]


def tier_sql(origin: str, destination: str) -> str:
    """`tier` as an expression over two texts that hold what `province_code` gives."""

    def within(place: str, names: Iterable[str]) -> str:
        return f"{place} in ({', '.join(sorted(repr(_ISO[name]) for name in names))})"

    groups = " or ".join(f"({within(origin, group)} and {within(destination, group)})" for group in GROUPS)
    return (
        f"case when {within(origin, REMOTE)} or {within(destination, REMOTE)} then 'remote'"
        f" when {origin} = {destination} or {groups} then 'near'"
        f" when {origin} is not null and {destination} is not null then 'cross' end"
    )


def tier(origin: str | None, destination: str | None) -> Tier | None:
    """The tier of a parcel from one place to another, each as `province` takes it.

    A place that is unknown, or outside the mainland, which the rule does not speak of, gives None unless the other is
    remote: then the longest clock is the only one that wrongs nobody. A parcel that stays within a remote province
    is 'remote': the rule's first tier is for one province other than those, its last for any address in them.
    """
    ends = {found for found in (province(origin), province(destination)) if found is not None}
    known = province(origin) is not None and province(destination) is not None
    if REMOTE & ends:
        return "remote"
    if known and (len(ends) == 1 or any(ends <= group for group in GROUPS)):
        return "near"
    return "cross" if known else None

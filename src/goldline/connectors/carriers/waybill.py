"""Waybill numbers: whose a number could be, and whether it can be one at all.

International postal numbers have a published check digit (UPU S10). The Chinese carriers publish none: their shapes
here are what their numbers look like in public (grade K), good for saying that a number is *not* one of theirs, never
that it exists. A carrier changes its ranges without notice, so a misfit is a reason to look, not a finding.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

Check = Literal["right", "wrong", "none"]

_S10: Final = re.compile(r"[A-Z]{2}(\d{8})(\d)([A-Z]{2})\Z")
_S10_WEIGHTS: Final = (8, 6, 4, 2, 3, 5, 9, 7)
# ISO 3166-1, as S10 names the posts by their countries.
_COUNTRIES: Final = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC
CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD
GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH
KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW
MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC
SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY
UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""
COUNTRIES: Final = frozenset(_COUNTRIES.split())


@dataclass(frozen=True, slots=True)
class Candidate:
    """A carrier whose number this could be. `check` is that of its check digit, 'none' where it has no known one."""

    carrier: str
    check: Check


@dataclass(frozen=True, slots=True)
class Carrier:
    """A carrier, the names vendors give it, and what its numbers look like."""

    name: str
    aliases: frozenset[str]
    shape: re.Pattern[str]


def _carrier(name: str, aliases: str, shape: str) -> Carrier:
    return Carrier(name, frozenset((name, *aliases.split())), re.compile(rf"(?:{shape})\Z"))


CARRIERS: Final = (
    _carrier("sf", "shunfeng sf-express 顺丰 顺丰速运", r"SF\d{13}|\d{12}"),
    _carrier("zto", "zhongtong 中通 中通快递", r"ZT\d{12,13}|[2-9]\d{11}|7\d{13}"),
    _carrier("yto", "yuantong 圆通 圆通速递", r"YT\d{13}|[A-Z]\d{9}|\d{10}|\d{12}|\d{18}"),
    _carrier("sto", "shentong 申通 申通快递", r"\d{12,13}|77\d{13}"),
    _carrier("yunda", "yd 韵达 韵达快递", r"\d{13}|\d{15}"),
    _carrier("jt", "jtexpress jtsd 极兔 极兔速递", r"JT\d{13}"),
    _carrier("jd", "jingdong 京东 京东物流 京东快递", r"JD[A-Z]{0,2}\d{9,13}(?:-\d{1,3}){0,3}-?"),
    _carrier("ems", "youzhengguonei youzhengbk yzpy yzbk china-ems 邮政ems 中国邮政", r"\d{13}|[A-Z]{2}\d{9}CN"),
    _carrier("deppon", "debangwuliu debangkuaidi dbl db 德邦 德邦快递", r"DPK\d{12}|\d{8,10}"),
)
_BY_ALIAS: Final = {alias: each for each in CARRIERS for alias in each.aliases}


def normalised(number: str) -> str:
    """A number as it is compared: capitals, without the spaces people print it with."""
    return "".join(number.split()).upper()


def candidates(number: str) -> tuple[Candidate, ...]:
    """Every carrier whose number this could be; none where it fits nobody known here."""
    written = normalised(number)
    check = s10_check(written)
    post = () if check is None else (Candidate(f"post:{written[-2:]}", check),)
    # A Chinese post's number has the shape of S10 and is counted there, with its check digit.
    return (*post, *(Candidate(each.name, "none") for each in CARRIERS if not post and each.shape.match(written)))


def is_valid(number: str) -> bool | None:
    """Whether the number can exist: False where a check digit is wrong, None where no carrier known here fits."""
    found = candidates(number)
    return any(each.check != "wrong" for each in found) if found else None


def fits(number: str, carrier: str) -> bool | None:
    """Whether the number could be one of this carrier, by any name vendors give it; None for a carrier not known."""
    known = named(carrier)
    if known is None:
        return None
    written = normalised(number)
    return bool(known.shape.match(written)) and s10_check(written) != "wrong"


def named(carrier: str) -> Carrier | None:
    """The carrier a vendor's name or code means, whatever its case."""
    return _BY_ALIAS.get(carrier.strip().casefold())


def s10_check(number: str) -> Check | None:
    """The check digit of a UPU S10 number; None where it has not that shape or names no country."""
    found = _S10.match(number)
    if found is None or found[3] not in COUNTRIES:
        return None
    total = sum(weight * int(digit) for weight, digit in zip(_S10_WEIGHTS, found[1], strict=True))
    wanted = {10: 0, 11: 5}.get(11 - total % 11, 11 - total % 11)
    return "right" if wanted == int(found[2]) else "wrong"

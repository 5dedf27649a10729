"""What a Chinese trace says where it has no code, read from its words.

The simple interfaces of the Chinese aggregators give a time and a sentence and nothing else. These are our readings of
the sentences of five carriers (grade K in full); where none fits, the scan goes to quarantine instead of being guessed.
"""

from __future__ import annotations

import re
from typing import Final

from goldline.connectors.carriers.dialect import Meaning
from goldline.market.incident import Incident
from goldline.market.scan import ScanCode

# In this order, because one sentence holds several of these words: who is asked to be ready to sign has not signed.
_READINGS: Final[tuple[tuple[str, ScanCode, Incident | None], ...]] = (
    (r"退(?:回|件|签).*签收|退签", "returned", None),
    (r"退回|退件", "returning", None),
    (r"拒收|拒签", "refused", "consignee_refused"),
    (r"破损", "damaged", "carrier_damaged_parcel"),
    (r"遗失|丢失", "lost", "carrier_parcel_lost"),
    (r"清关|海关", "customs", None),
    (r"(?:派送|派件|投递)(?:不成功|未成功|失败|异常)", "attempt_failed", "unknown"),
    (r"约定新?派送时间|改约|滞留", "delayed", "unknown"),
    (r"代收.{0,3}请及时取件|请.{0,6}取件|(?:已投递|已投入|已放入|已暂存|已存放).{0,8}(?:柜|驿站|丰巢|自提)",
     "ready_for_pickup", None),
    (r"派(?:件|送)中|正在.{0,8}派(?:件|送)|派送途中|安排(?:投递|派送)|正在投递|开始派送", "out_for_delivery", None),
    (r"已?签收|妥投", "delivered", None),
    (r"已?揽[收件]|已收件|已收取|已取件|收寄", "picked_up", None),
    (r"离开|发往|已发出|已装车", "departed", None),
    (r"到达|已收入|已到", "arrived", None),
    (r"打包|装袋|运输|转[寄投递]|中转", "in_transit", None),
)  # fmt: skip
_COMPILED: Final = tuple((re.compile(pattern), scan, incident) for pattern, scan, incident in _READINGS)


def read(text: str) -> Meaning | None:
    """What a sentence says happened, or None where no reading fits."""
    for pattern, scan, incident in _COMPILED:
        if found := pattern.search(text):
            return Meaning(found[0], scan, incident, None, "Read from the words of the trace.", "K", vague=False)
    return None

"""Time zones: the names that events may give."""

from __future__ import annotations

from typing import Final
from zoneinfo import available_timezones

ZONES: Final = {zone for zone in available_timezones() if "/" in zone} | {"UTC"}


def known_zone(zone: str | None) -> None:
    """Refuse a time zone nobody knows: a deadline could not be resolved in it. Raises ValueError."""
    if zone is not None and zone not in ZONES:
        raise ValueError(f"Unknown time zone '{zone}'; use an IANA name such as Asia/Shanghai")

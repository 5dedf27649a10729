"""Where the demo market's merchants and consumers are."""

from __future__ import annotations

from typing import Final

HOME_ZONE: Final = "Asia/Shanghai"
"""The zone whose days the market lives by."""

_CODES: Final = "GDZJJSSDHASCHBHNFJAHHESNJXLNCQGXYNBJSHTJXJHLJLGZSXGS"
PROVINCES: Final = tuple(f"CN-{_CODES[at : at + 2]}" for at in range(0, len(_CODES), 2))
"""Consumers' regions (ISO 3166-2), the populous first; consumers are spread over them in falling numbers."""

ABROAD: Final = (
    ("Europe/Berlin", "DE-BE"),
    ("America/Sao_Paulo", "BR-SP"),
    ("Asia/Kathmandu", "NP-P3"),
    ("Asia/Tokyo", "JP-13"),
    ("Australia/Sydney", "AU-NS"),
)
"""Zones and regions of the merchants who sell from abroad."""

ZONES: Final = (HOME_ZONE, *(zone for zone, _ in ABROAD))
REGIONS: Final = (*PROVINCES, *(region for _, region in ABROAD))
SHIP_RULES: Final = ("same_day", "next_day", "hours:48", "hours:120")

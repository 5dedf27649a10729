"""What went wrong with a parcel, and so who is at fault: that decides who pays.

The list is that of the Karrio project, the only public one that names the party at fault in every reason.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

Incident = Literal[
    "carrier_damaged_parcel", "carrier_sorting_error", "carrier_address_not_found", "carrier_parcel_lost",
    "carrier_not_enough_time", "carrier_vehicle_issue",
    "consignee_refused", "consignee_business_closed", "consignee_not_available", "consignee_not_home",
    "consignee_incorrect_address", "consignee_access_restricted",
    "customs_delay", "customs_documentation", "customs_duties_unpaid",
    "weather_delay", "natural_disaster", "unknown",
]  # fmt: skip
Party = Literal["carrier", "consignee", "customs", "nobody", "unknown"]

INCIDENTS: Final[frozenset[str]] = frozenset(get_args(Incident))
_FORCE: Final = ("weather_delay", "natural_disaster")


def at_fault(incident: Incident) -> Party:
    """The party an incident is laid to: 'nobody' for force majeure, 'unknown' where the carrier does not say."""
    if incident in _FORCE:
        return "nobody"
    for party in ("carrier", "consignee", "customs"):
        if incident.startswith(party):
            return party
    return "unknown"

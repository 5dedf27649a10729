"""The field: orders, parcels, refunds, merchants, and their events."""

"""The promise engine. It knows nothing of shops or parcels."""

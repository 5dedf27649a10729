"""Carriers: the dialects in which they and their aggregators tell of a parcel, as one vocabulary of scans."""

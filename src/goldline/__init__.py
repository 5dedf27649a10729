"""Goldline keeps a marketplace's promises to its customers."""

__version__ = "0.1.0"

"""Static files under names that change when they change, so that browsers may keep them for a year."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage


class DigestStorage(StaticFilesStorage):
    """Appends `?v=<digest>` to the URL of a static file."""

    def url(self, name: str | None) -> str:
        """The address of a static file, with the digest of its content."""
        return f"{super().url(name)}?v={_digest(name)}" if name else super().url(name)


@cache
def _digest(name: str) -> str:
    found = finders.find(name)
    if not isinstance(found, str):
        raise FileNotFoundError(f"no static file {name!r}: is the package that ships it in INSTALLED_APPS?")
    return hashlib.sha256(Path(found).read_bytes()).hexdigest()[:10]

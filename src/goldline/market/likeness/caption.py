"""Captions: what an account published, when, in words; and the plain form in which words are compared."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

Normalise = Callable[[Sequence[str]], list[str]]
"""Brings texts to the form in which they are compared, one for one."""


@dataclass(frozen=True, slots=True)
class Caption:
    """One published item: its id, the account that published it, when (aware, UTC), and its words."""

    id: str
    account: str
    at: datetime
    text: str


def plain(texts: Sequence[str]) -> list[str]:
    """Width, case and white space taken away (NFKC, casefold), and nothing else."""
    return ["".join(unicodedata.normalize("NFKC", text).casefold().split()) for text in texts]

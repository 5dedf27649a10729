"""Marking: a text cut where evidence begins and ends, so that a page can show each word in its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from goldline.market.screening.evidence import Evidence
from goldline.market.screening.lexicon import SEVERITIES


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of the text: `worst` is the gravest evidence on it, `numbers` all that stands there, from 1."""

    text: str
    worst: Evidence | None = None
    numbers: tuple[int, ...] = ()

    @property
    def tone(self) -> str:
        """How it is shown: '' for what is clean, 'excused', or the severity."""
        if self.worst is None:
            return ""
        return "excused" if self.worst.status == "excused" else self.worst.term.severity


def marked(text: str, evidence: Sequence[Evidence]) -> list[Piece]:
    """The whole text in pieces, nothing lost: joined again they are the text."""
    cuts = sorted({0, len(text), *(place for each in evidence for place in (each.start, each.end))})
    pieces: list[Piece] = []
    for start, end in pairwise(cuts):
        on = [(number, each) for number, each in enumerate(evidence, 1) if each.start <= start and end <= each.end]
        worst = max((each for _, each in on), key=gravity, default=None)
        pieces.append(Piece(text[start:end], worst, tuple(number for number, _ in on)))
    return pieces


def gravity(evidence: Evidence) -> tuple[bool, int]:
    """What stands before what is excused, and the severe before the slight."""
    return evidence.status == "stands", SEVERITIES.index(evidence.term.severity)

"""A transcript as it comes, in pieces: screened in windows that overlap, each hit told once, at its place in the whole.

A window owns the hits that begin in its own stretch and sees `MARGIN` characters on either side, so that what is found
does not depend on how the text was cut into pieces. A word drawn out over more than the margin is not found.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from goldline.market.screening.evidence import Evidence, Setting
from goldline.market.screening.screen import Screen

STRETCH: Final = 1_000
MARGIN: Final = 200


@dataclass(slots=True)
class Stream:
    """One transcript. Feed it as it comes; close it to hear of the rest."""

    screen: Screen
    setting: Setting = field(default_factory=lambda: Setting(kind="transcript"))
    stretch: int = STRETCH
    margin: int = MARGIN
    _text: str = ""
    _text_at: int = 0  # where the text kept begins in the whole
    _own_at: int = 0  # where the next window's own stretch begins

    def feed(self, piece: str) -> list[Evidence]:
        """Take in the next piece; what can be said now, in order. Offsets are of the whole transcript."""
        self._text += piece
        found: list[Evidence] = []
        while self._text_at + len(self._text) >= self._own_at + self.stretch + self.margin:
            found += self._window(self._own_at + self.stretch)
        return found

    def close(self) -> list[Evidence]:
        """The rest. The stream is empty afterwards, and begins anew."""
        found: list[Evidence] = []
        end = self._text_at + len(self._text)
        while self._own_at < end:
            found += self._window(min(end, self._own_at + self.stretch))
        self._text, self._text_at, self._own_at = "", 0, 0
        return found

    def _window(self, own_until: int) -> list[Evidence]:
        text = self._text[: own_until + self.margin - self._text_at]
        at = self._text_at
        found = [
            replace(each, start=each.start + at, end=each.end + at)
            for each in self.screen.one(text, self.setting).evidence
            if self._own_at <= each.start + at < own_until
        ]
        self._own_at = own_until
        kept_from = max(0, own_until - self.margin)
        self._text, self._text_at = self._text[kept_from - self._text_at :], kept_from
        return found

"""What is asked and what is answered: a text with who says it about what, and each hit with its place and reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from goldline.core.errors import GoldlineError
from goldline.market.screening.lexicon import PRODUCTS, Channel, Product, Term

Kind = Literal["title", "description", "caption", "transcript", "comment", "image"]
Speaker = Literal["seller", "consumer"]
Status = Literal["stands", "excused"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
SPEAKERS: Final[tuple[Speaker, ...]] = get_args(Speaker)
LANGS: Final = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a text stands: its kind, who speaks, the kind of goods if it is known, and the market whose law holds."""

    kind: Kind = "caption"
    speaker: Speaker | None = None  # None: a comment is the consumer's, everything else the seller's
    product: Product | None = None
    lang: str | None = None  # None: terms of every language
    names: tuple[str, ...] = field(default=())  # registered names of goods and brands that may hold a term

    @property
    def voice(self) -> Speaker:
        """Who speaks."""
        return self.speaker or ("consumer" if self.kind == "comment" else "seller")


def setting(
    kind: str | None = None, speaker: str | None = None, product: str | None = None, lang: str | None = None
) -> Setting:
    """A setting from words a person or program gave. GoldlineError('unknown_setting') names it and the choices."""
    given = (
        ("kind", kind, KINDS), ("speaker", speaker, SPEAKERS), ("category", product, PRODUCTS), ("lang", lang, LANGS),
    )  # fmt: skip
    for name, value, choices in given:
        if value is not None and value not in choices:
            raise GoldlineError(
                f"There is no {name} {value!r}.", code="unknown_setting", where=name, hint=f"Use {', '.join(choices)}."
            )
    return Setting(kind or "caption", speaker, product, lang)  # type: ignore[arg-type]  # looked up just above


@dataclass(frozen=True, slots=True)
class Evidence:
    """One hit. `start` and `end` count code points of the original text, and `text` is what stands there.

    `review_only`: found by likeness or by a swap, so that a person must look before anything follows from it.
    """

    term: Term
    start: int
    end: int
    text: str
    normalised: str
    channel: Channel
    gapped: bool
    status: Status
    excused_by: str | None
    probability: float
    review_only: bool

    def as_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        term = self.term
        return {
            "term": term.id, "category": term.category, "severity": term.severity, "market": term.market,
            "clause": term.clause.as_dict(), "start": self.start, "end": self.end, "text": self.text,
            "normalised": self.normalised, "channel": self.channel, "gapped": self.gapped, "status": self.status,
            "excused_by": self.excused_by, "probability": round(self.probability, 4), "review_only": self.review_only,
            "suggestion": dict(term.suggestion),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found in one text, and with which lexicon."""

    evidence: tuple[Evidence, ...]
    lexicon: str

    @property
    def standing(self) -> tuple[Evidence, ...]:
        """What nothing excuses."""
        return tuple(each for each in self.evidence if each.status == "stands")

    def as_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {"evidence": [each.as_dict() for each in self.evidence], "lexicon": self.lexicon}

"""Screening over HTTP: texts in, evidence out. Nothing is stored, and nothing follows: policies decide elsewhere."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from ninja import Field, Router, Schema
from ninja.responses import Response

from goldline.market.screening.evidence import Answer, Setting, setting
from goldline.market.screening.screen import desk
from goldline.surfaces.api import shape
from goldline.surfaces.api.authentication import BearerKey, caller
from goldline.surfaces.web.failure import problem
from goldline.surfaces.web.throttle import Throttle

router = Router()
OPERATION: Final = "draft.read"
TEXT_MOST: Final = 100_000
TEXTS_MOST: Final = 1_000
CHARACTERS_MOST: Final = 1_000_000
THROTTLE: Final = Throttle(burst=400, per_s=200.0)
BATCH_THROTTLE: Final = Throttle(burst=20, per_s=4.0)
FAULTS: dict[int, Any] = dict.fromkeys((401, 403, 413, 422, 429, 503), shape.Problem)


class Draft(Schema):
    """A text, and what is known of it. What is not known is left out."""

    text: str = Field(max_length=TEXT_MOST)
    kind: str = Field("caption", description="title, description, caption, transcript, comment or image.")
    speaker: str | None = Field(None, description="seller or consumer; by default a comment is a consumer's.")
    category: str | None = Field(None, description="The kind of goods: food, cosmetics, drug, …")
    lang: str | None = Field(None, description="zh or en: terms of that language alone.")

    def setting(self) -> Setting:
        """Where the text stands. Raises GoldlineError('unknown_setting')."""
        return setting(self.kind, self.speaker, self.category, self.lang)


class Drafts(Schema):
    """Many texts of one request: at most 1,000, and 1,000,000 characters together."""

    texts: list[Draft] = Field(max_length=TEXTS_MOST)


class LawClause(Schema):
    """The clause a term breaks, by the names of its law."""

    id: str
    law: dict[str, str]
    article: str
    unchecked: bool = Field(description="Not compared with the law's own text.")


class Hit(Schema):
    """One hit: evidence at its place in the text, never a verdict."""

    term: str
    category: str
    severity: str
    market: str
    clause: LawClause
    start: int = Field(description="In code points of the text as it was sent.")
    end: int
    text: str = Field(description="What stands there.")
    normalised: str
    channel: str = Field(description="N as written, A short name, C split characters, P sound, G filled, S swapped.")
    gapped: bool
    status: str = Field(description="stands or excused.")
    excused_by: str | None
    probability: float
    review_only: bool = Field(description="A person must look before anything follows.")
    suggestion: dict[str, str]


class Screened(Schema):
    """What was found in one text, and by which lexicon."""

    evidence: list[Hit]
    lexicon: str


class ScreenedTexts(Schema):
    """What was found in each text, in the order they were sent."""

    answers: list[Screened]


@router.post(
    "screen",
    auth=BearerKey(OPERATION),
    response={200: Screened, **FAULTS},
    tags=["screening"],
    summary="Screen a text",
)
def screen_text(request: HttpRequest, draft: Draft) -> HttpResponse:
    """What in a text breaks which clause: every hit with its place, and why it stands or is excused."""
    wait_s = THROTTLE.wait_s(caller(request).name, time.monotonic())
    if wait_s:
        return _busy(wait_s)
    return Response(desk().screen().one(draft.text, draft.setting()).as_dict())


@router.post(
    "screen/batch",
    auth=BearerKey(OPERATION),
    response={200: ScreenedTexts, **FAULTS},
    tags=["screening"],
    summary="Screen many texts",
)
def screen_texts(request: HttpRequest, drafts: Drafts) -> HttpResponse:
    """Many texts at once: much faster than one by one."""
    wait_s = BATCH_THROTTLE.wait_s(caller(request).name, time.monotonic())
    if wait_s:
        return _busy(wait_s)
    if sum(len(each.text) for each in drafts.texts) > CHARACTERS_MOST:
        return problem(413, "too_large", f"Together the texts are over {CHARACTERS_MOST:,} characters. Send fewer.")
    answers = desk().screen().screen([each.text for each in drafts.texts], [each.setting() for each in drafts.texts])
    return Response({"answers": _told(answers)})


def _told(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    return [each.as_dict() for each in answers]


def _busy(wait_s: int) -> HttpResponse:
    return problem(429, "too_often", f"This key asks too often. Wait {wait_s} s.", headers={"Retry-After": str(wait_s)})

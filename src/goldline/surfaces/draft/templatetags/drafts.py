"""How evidence is said: `{{ each.term.category|category }}`."""

from __future__ import annotations

from collections.abc import Iterable

from django import template

from goldline.market.quality.codebook import Sign, shipped
from goldline.market.quality.grade import Place
from goldline.surfaces.draft import wording
from goldline.surfaces.web import language

register = template.Library()
TONES = {"severe": "bad", "serious": "bad", "notice": "wait", "excused": "good"}


@register.filter
def category(name: str) -> str:
    """A category of terms."""
    return wording.worded(wording.CATEGORIES, name)


@register.filter
def severity(name: str) -> str:
    """How grave a term is."""
    return wording.worded(wording.SEVERITIES, name)


@register.filter
def channel(name: str) -> str:
    """How a term was found."""
    return wording.worded(wording.CHANNELS, name)


@register.filter
def excuse(name: str | None) -> str:
    """Why a hit does not stand."""
    return wording.worded(wording.EXCUSES, name)


@register.filter
def goods(name: str) -> str:
    """A kind of goods."""
    return wording.worded(wording.GOODS, name)


@register.filter
def severity_tone(name: str) -> str:
    """The colour of a severity."""
    return TONES.get(name, "wait")


@register.filter
def value_title(name: str) -> str:
    """The name of one of the four values of good content."""
    return language.told(shipped().titled(name))


@register.filter
def by_sign(places: Iterable[Place]) -> list[Sign]:
    """The signs that stand in a text, each once, in order."""
    return list({each.sign.id: each.sign for each in places}.values())


@register.filter
def pool(name: str) -> str:
    """What a share of extra traffic was given for, or why there was none."""
    return wording.worded(wording.POOLS, name)


@register.filter
def measure(name: str) -> str:
    """What is compared between content with a share and content held out."""
    return wording.worded(wording.MEASURES, name)

"""How evidence is said: `{{ each.term.category|category }}`."""

from __future__ import annotations

from django import template

from goldline.surfaces.draft import wording

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

"""How what is known of duplicates is written for people: slots, the factors of a score, shares."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from goldline.market.likeness.production import Factor

register = template.Library()

SLOT_WORDS = {"price": gettext_lazy("price"), "number": gettext_lazy("number"), "words": gettext_lazy("words")}
FACTOR_WORDS = {
    "size": gettext_lazy("Size"),
    "accounts": gettext_lazy("Accounts"),
    "pace": gettext_lazy("Haste"),
    "regularity": gettext_lazy("Rhythm"),
    "template": gettext_lazy("Template"),
}


@register.filter
def slot(name: str) -> str:
    """The word for a place in which texts differ."""
    return str(SLOT_WORDS.get(name, name))


@register.filter
def factor(name: str) -> str:
    """The word for a factor of the score."""
    return str(FACTOR_WORDS.get(name, name))


@register.filter
def percent(share: float) -> str:
    """A share from 0 to 1 as whole per cent."""
    return f"{round(share * 100)} %"


@register.filter
def figure(of: Factor) -> str:
    """What was counted or measured, in words."""
    told = {
        "size": _("{figure} items"),
        "accounts": _("{figure} accounts"),
        "pace": _("{figure} items within one day"),
        "regularity": _("gaps vary by {figure} of their mean"),
        "template": _("{figure} of the words stay"),
    }
    share = of.name in ("regularity", "template")
    return told[of.name].format(figure=percent(of.figure) if share else f"{of.figure:,.0f}")

"""Wording: the names of categories, kinds, goods, channels and excuses, for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

Words = Mapping[str, str | Promise]

CATEGORIES: Final[Words] = {
    "absolute": gettext_lazy("Absolute words"),
    "state": gettext_lazy("State symbols and authority"),
    "medical": gettext_lazy("Claims to cure"),
    "drug": gettext_lazy("Medicines and devices"),
    "health_food": gettext_lazy("Health food"),
    "food": gettext_lazy("Food"),
    "cosmetics": gettext_lazy("Cosmetics"),
    "promise": gettext_lazy("False promises"),
    "finance": gettext_lazy("Guaranteed returns"),
    "diversion": gettext_lazy("Leading off the platform"),
    "price": gettext_lazy("Price fraud"),
    "prohibited": gettext_lazy("Prohibited goods"),
    "vulgar": gettext_lazy("Vulgarity"),
    "superstition": gettext_lazy("Superstition"),
    "en_absolute": gettext_lazy("Absolute words (English)"),
    "en_health": gettext_lazy("Health claims (English)"),
    "en_promise": gettext_lazy("False promises (English)"),
    "en_price": gettext_lazy("Price claims (English)"),
    "en_diversion": gettext_lazy("Leading off the platform (English)"),
    "en_other": gettext_lazy("Other claims (English)"),
}
SEVERITIES: Final[Words] = {
    "notice": gettext_lazy("look again"),
    "serious": gettext_lazy("serious"),
    "severe": gettext_lazy("severe"),
}
KINDS: Final[Words] = {
    "caption": gettext_lazy("Caption of a video"),
    "transcript": gettext_lazy("Script or spoken words"),
    "title": gettext_lazy("Title of goods"),
    "description": gettext_lazy("Description of goods"),
    "comment": gettext_lazy("Comment"),
    "image": gettext_lazy("Words in a picture"),
}
GOODS: Final[Words] = {
    "general": gettext_lazy("Ordinary goods"),
    "food": gettext_lazy("Food"),
    "health_food": gettext_lazy("Health food"),
    "infant_formula": gettext_lazy("Infant formula"),
    "cosmetics": gettext_lazy("Cosmetics"),
    "drug": gettext_lazy("Medicine"),
    "medical_device": gettext_lazy("Medical device"),
    "alcohol": gettext_lazy("Alcohol"),
    "education": gettext_lazy("Courses"),
    "finance": gettext_lazy("Money products"),
    "jewellery": gettext_lazy("Jewellery"),
}
CHANNELS: Final[Words] = {
    "N": gettext_lazy("as it is written"),
    "A": gettext_lazy("under a short name"),
    "C": gettext_lazy("in split characters"),
    "P": gettext_lazy("by its sound"),
    "G": gettext_lazy("with characters put between"),
    "S": gettext_lazy("with characters swapped"),
}
EXCUSES: Final[Words] = {
    "consumer_speech": gettext_lazy("a consumer says it, and that is no advertisement"),
    "name": gettext_lazy("it is a name"),
    "negated": gettext_lazy("it is denied"),
    "cited": gettext_lazy("it is told of, not claimed"),
    "self_comparison": gettext_lazy("your own goods are compared with each other"),
    "usage_tip": gettext_lazy("it says how to use or keep the goods"),
    "unrelated": gettext_lazy("it is not about the goods"),
    "aspiration": gettext_lazy("it is what you strive for"),
    "dated_fact": gettext_lazy("it is a fact of a stated time; keep the proof"),
    "licensed_goods": gettext_lazy("goods of this kind may say it, within their licence"),
    "other_goods": gettext_lazy("the rule is for other kinds of goods"),
    "order": gettext_lazy("it puts times or places in sequence"),
    "grade": gettext_lazy("it is a grade or standard"),
    "award": gettext_lazy("it is a title that was conferred"),
    "disclaimer": gettext_lazy("it is a warning the law asks for"),
    "idiom": gettext_lazy("it is an ordinary phrase"),
    "lawful": gettext_lazy("it is a lawful use"),
    "usage": gettext_lazy("it says how to use or keep the goods"),
}


def worded(words: Words, name: str | None) -> str:
    """The name of something for people; as it is called in data where nobody has named it."""
    return str(words.get(name or "", name or ""))


POOLS: Final[Mapping[str, Promise]] = {
    "quality": gettext_lazy("for its quality"),
    "exploration": gettext_lazy("kept for new creators"),
    "held_out": gettext_lazy("left out to measure the others"),
    "below": gettext_lazy("below the floor"),
    "vetoed": gettext_lazy("no share"),
    "screening": gettext_lazy("no share: words that break a norm"),
    "copies": gettext_lazy("no share: too many of it are the same"),
    "misleading": gettext_lazy("no share: found or labelled misleading"),
}

MEASURES: Final[Mapping[str, Promise]] = {
    "orders": gettext_lazy("orders of each piece"),
    "refunded": gettext_lazy("share refunded"),
    "complained": gettext_lazy("share complained of"),
    "bad_reviews": gettext_lazy("share of bad reviews"),
}

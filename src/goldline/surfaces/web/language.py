"""Languages of the pages, and texts that come in several: titles of promises, names of states."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils import translation

from goldline.surfaces.web.middleware import tag_of

NAMES = {"en": "English", "zh-Hans": "简体中文"}


def current() -> str:
    """The tag of the language this request speaks: 'en' or 'zh-Hans'."""
    return tag_of(translation.get_language() or "en")


def told(text: Mapping[str, str] | str | None) -> str:
    """A text in the current language, else in English, else in any it has."""
    if text is None or isinstance(text, str):
        return text or ""
    return text.get(current()) or text.get("en") or next(iter(text.values()), "")


def context(request: HttpRequest) -> dict[str, object]:
    """For every template: the language, and the same page in the others."""
    return {"language": current(), "languages": [(tag, name, _same_page(request, tag)) for tag, name in NAMES.items()]}


def _same_page(request: HttpRequest, tag: str) -> str:
    query = [(name, value) for name, values in request.GET.lists() if name != "lang" for value in values]
    return "?" + urlencode([*query, ("lang", tag)])

"""What every answer carries: security headers and a language; and what a failing database becomes: 503."""

from __future__ import annotations

import logging
from collections.abc import Callable

import psycopg
from django.conf import settings
from django.db.utils import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation.trans_real import get_supported_language_variant, parse_accept_lang_header

from goldline.core.errors import DatabaseError
from goldline.surfaces.web import engine, failure

UNREACHABLE = (DatabaseError, psycopg.OperationalError, psycopg.InterfaceError, OperationalError, InterfaceError)

BAD = 400
Answer = Callable[[HttpRequest], HttpResponse]

LANGUAGE_COOKIE = "lang"
LANGUAGE_COOKIE_AGE_S = 365 * 24 * 3600

# No 'unsafe-inline' anywhere: pages carry no inline script, no style attribute, nothing from another host.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class SecurityHeaders:
    """Put the security headers on every answer, errors included."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer of what is inside, with the headers it has not set itself."""
        response = self.get_response(request)
        headers = response.headers
        headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("X-Frame-Options", "DENY")
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
        if settings.GOLDLINE_PRODUCTION:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        return response


class Language:
    """Choose the language: `?lang=`, else the cookie, else `Accept-Language`, else English.

    A choice made in the URL is remembered in the cookie, so that a link opened in one language stays in it.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer of what is inside, spoken in the chosen language."""
        asked = _supported(request.GET.get("lang", ""))
        language = asked or _supported(request.COOKIES.get(LANGUAGE_COOKIE, "")) or _accepted(request)
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", tag_of(language))
        patch_vary_headers(response, ["Accept-Language", "Cookie"])
        if asked:
            response.set_cookie(
                LANGUAGE_COOKIE,
                tag_of(asked),
                max_age=LANGUAGE_COOKIE_AGE_S,
                samesite="Lax",
                secure=settings.GOLDLINE_PRODUCTION,
                httponly=True,
            )
        return response


class Failure:
    """Answer 503 when the database cannot be reached, and drop the broken connection; give programs problems only."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer of what is inside; a problem where a program was refused with something else."""
        if request.path not in failure.HEALTH:
            # Raises DisallowedHost, a 400, for a name that is not ours. Probes come by address and are let through.
            request.get_host()
        response = self.get_response(request)
        plain = response.status_code >= BAD and response.headers.get("Content-Type") != failure.PROBLEM_TYPE
        if plain and failure.speaks_json(request):
            return failure.as_problem(request, response)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Django calls this for whatever a view raised."""
        if not isinstance(exception, UNREACHABLE):
            return None
        logging.getLogger(__name__).error("the record cannot be reached: %s", exception)
        engine.forget()
        return failure.unavailable(request)


def tag_of(language: str) -> str:
    """The language as the web writes it: 'zh-Hans', 'en'."""
    return "zh-Hans" if language.startswith("zh") else "en"


def _supported(asked: str) -> str:
    """The supported language for a tag, or '' when there is none."""
    try:
        return get_supported_language_variant(asked.lower()) if asked else ""
    except LookupError:
        return ""


def _accepted(request: HttpRequest) -> str:
    """The first language of `Accept-Language` that is spoken here."""
    for asked, _weight in parse_accept_lang_header(request.META.get("HTTP_ACCEPT_LANGUAGE", "")):
        if found := _supported(asked):
            return found
    return "en"

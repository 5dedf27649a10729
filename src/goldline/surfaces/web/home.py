"""The root: operators go to the console, robots nowhere."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.views.decorators.http import require_safe


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Consumers come by their signed link; whoever comes to the root is an operator."""
    return redirect("console:overview")


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """No page here is for search engines."""
    return HttpResponse("User-agent: *\nDisallow: /\n", content_type="text/plain")


@require_safe
def icon(request: HttpRequest) -> HttpResponse:
    """Browsers ask for this name whatever the page says."""
    return redirect(static("goldline/icon.svg"))

"""The WSGI application that granian serves."""

from __future__ import annotations

import gc
import os
from contextlib import suppress

import psycopg
from django.core.wsgi import get_wsgi_application

from goldline.surfaces.web.engine import engine_url

# Django is told where its tables are when it is set up: the database must be known, and run, before.
engine_url()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "goldline.surfaces.web.settings")

_inner = get_wsgi_application()

from goldline.surfaces.api.door import Door  # noqa: E402 - its parts need Django to be set up

application = Door(_inner)


def _warm() -> None:
    """Load the addresses and compile the rules before the first consumer comes, who would otherwise wait for it."""
    from django.urls import get_resolver

    from goldline.core.errors import GoldlineError
    from goldline.surfaces.web import engine
    from goldline.surfaces.web.reading.desk import desk
    from goldline.surfaces.web.reading.explanation import order_explained

    _ = get_resolver().url_patterns
    # A record that is not there yet is no reason not to start: each request says so itself.
    with suppress(psycopg.Error, GoldlineError):
        order_explained(engine.engine(), "-")
        desk(engine.engine())
    # What has been loaded stays: looking through it for garbage would hold up every request for some 70 ms.
    gc.collect()
    gc.freeze()


_warm()

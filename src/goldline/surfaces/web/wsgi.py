"""The WSGI application that granian serves."""

from __future__ import annotations

import os

from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application

from goldline.surfaces.web.engine import engine_url

# Django is told where its tables are when it is set up: the database must be known, and run, before.
engine_url()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "goldline.surfaces.web.settings")

application: WSGIHandler = get_wsgi_application()

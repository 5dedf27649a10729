"""Django's settings, made from Goldline's: nothing here is to be configured by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from psycopg.conninfo import conninfo_to_dict

from goldline.core.settings import settings
from goldline.surfaces.web.engine import known_url

_HERE = Path(__file__).parent
_chosen = settings()
_public = urlsplit(_chosen.public_url)
_https = _public.scheme == "https"

GOLDLINE_PUBLIC_URL = _chosen.public_url
GOLDLINE_PRODUCTION = _chosen.production

DEBUG = False
SECRET_KEY = _chosen.secret_key
ALLOWED_HOSTS = sorted({_public.hostname or "localhost", "localhost", "127.0.0.1", "[::1]"})
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]
ROOT_URLCONF = "goldline.surfaces.web.urls"
WSGI_APPLICATION = "goldline.surfaces.web.wsgi.application"
APPEND_SLASH = False

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "goldline.surfaces.web",
    "goldline.surfaces.hall",
    "goldline.surfaces.console",
    "goldline.surfaces.workbench",
    "goldline.surfaces.draft",
]
MIDDLEWARE = [
    "goldline.surfaces.web.middleware.SecurityHeaders",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "goldline.surfaces.web.middleware.Language",
    "goldline.surfaces.web.middleware.Failure",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "goldline.surfaces.web.language.context",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "goldline.surfaces.web.templatetags.present",
            ],
        },
    }
]


def django_database(url: str) -> dict[str, Any]:
    """Django's own tables (people, sessions) live in `public` of the engine's database."""
    parts = conninfo_to_dict(url)
    known = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    named = {key: str(parts.pop(name)) for name, key in known.items() if name in parts}
    options = {**parts, "options": "-c search_path=public -c timezone=UTC"}
    return {"ENGINE": "django.db.backends.postgresql", "CONN_MAX_AGE": 600, **named, "OPTIONS": options}


DATABASES = {"default": django_database(known_url())}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [_HERE / "locale"]

STATIC_URL = "/static/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "goldline.surfaces.web.assets.DigestStorage"},
}
# Served from the packages they come in: no collecting step between installing and starting.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_MAX_AGE = 86_400

LOGIN_URL = "console:sign-in"
LOGIN_REDIRECT_URL = "console:overview"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SAMESITE = "Lax"
# A browser takes a cookie of such a name only over HTTPS, for the whole host, from the host itself: no neighbouring
# subdomain can plant one.
SESSION_COOKIE_NAME = "__Host-session" if _https else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrf" if _https else "csrftoken"
SESSION_COOKIE_SECURE = _https
CSRF_COOKIE_SECURE = _https
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "goldline.surfaces.web.failure.csrf_failed"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# Bodies larger than the API's own cap are refused before they are read; see api/intake.py.
DATA_UPLOAD_MAX_MEMORY_SIZE = 9 * 1024 * 1024

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    # A refused request is the caller's affair and answered as such; it would only fill the log.
    "loggers": {"django.request": {"level": "ERROR"}, "django.security": {"level": "ERROR"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}

"""Django settings as one would tune them for one admin page: nothing loaded that the page does not need."""

import os

DATA = os.environ["RIVAL_DATA"]
SECRET_KEY = "bench" * 10
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = [
    "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.messages",
    "django.contrib.staticfiles", "rival",
]  # fmt: skip
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
# No session row to read, no translation, no conversion of time zones, templates compiled once.
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
USE_I18N = USE_TZ = False
ROOT_URLCONF = "rival.site"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
# The portal's own pragmas, and one connection for the life of the process.
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "cache_size=-16000", "temp_store=MEMORY")
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATA,
        "CONN_MAX_AGE": None,
        "OPTIONS": {"init_command": "; ".join(f"PRAGMA {pragma}" for pragma in _PRAGMAS)},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "static/"

"""What granian serves; `python -m rival.wsgi` prepares the copy and prints the cookie of a signed-in administrator."""

import gc
import os
import sys

import pysqlite3

# The same SQLite as the portal's; before Django asks for one.
sys.modules["sqlite3"], sys.modules["sqlite3.dbapi2"] = pysqlite3, pysqlite3.dbapi2
os.environ["DJANGO_SETTINGS_MODULE"] = "rival.settings"

from django.core.wsgi import get_wsgi_application  # noqa: E402

application = get_wsgi_application()
# As the portal does (portal/serve.py).
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 20)


def prepare() -> str:
    """Django's own tables, one administrator, and the login cookie."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
    from django.contrib.sessions.backends.signed_cookies import SessionStore
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    user, _ = get_user_model().objects.get_or_create(username="bench", is_staff=True, is_superuser=True)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return f"sessionid={session.session_key}"


if __name__ == "__main__":
    print(prepare())

"""The application factory: settings → database → doors → errors → commands. No rules live here."""

from datetime import timedelta

from flask import Blueprint, Flask, send_file
from flask_wtf import CSRFProtect
from htmx_flask import Htmx
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from portal import cli, database
from portal.actions import issuing, sealing
from portal.documents.render import set_font_folder
from portal.models.jurisdictions import use_profiles
from portal.papers import credentials
from portal.settings import ROOT, Settings
from portal.web import account, admin, applicant, city, errors, filters, province, public, unit
from portal.web.account.demo import demo_accounts
from portal.web.guards import login_manager
from portal.web.pages import asset, htmx_file
from portal.web.sweeping import sweep_on_access

DOORS = (public, account, applicant, unit, city, province, admin)


def create_app(settings: Settings | None = None, *, connect: bool = True) -> Flask:
    """The portal as a Flask application; without settings they come from the environment.

    `connect=False` leaves the database to the caller (tests that roll back in memory).
    """
    settings = settings or cli.read_settings()
    app = Flask("portal", root_path=str(ROOT), template_folder="templates", static_folder="static")
    app.config.update(
        SECRET_KEY=settings.secret_key or None,
        MAX_CONTENT_LENGTH=settings.request_bytes,
        MAX_FORM_MEMORY_SIZE=4 * 1024 * 1024,
        MAX_FORM_PARTS=2_000,
        SESSION_COOKIE_NAME="__Host-portal" if settings.https else "portal",
        SESSION_COOKIE_SECURE=settings.https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(minutes=settings.idle_minutes),
        TRUSTED_HOSTS=list(settings.trusted_hosts) or None,
        WTF_I18N_ENABLED=False,  # WTForms has its own Chinese messages
        WTF_CSRF_TIME_LIMIT=None,  # a token lives as long as its session; a long form must not die before it
        PORTAL=settings,
        SWEEP_SECONDS=None if settings.testing else 10,
        DEMO_ACCOUNTS=demo_accounts,
    )
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals["asset"] = asset
    filters.install(app)

    use_profiles(ROOT / "data" / "profiles")
    set_font_folder(settings.fonts)
    sealing.use_secret(settings.secret_key)
    issuing.use_public_address(settings.public_address)
    credentials.use_stores(settings.uploads, settings.issued)
    if connect:
        database.use(settings.database)
        app.before_request(database.open_connection)
    app.before_request(sweep_on_access)

    CSRFProtect(app)
    Htmx(app)
    login_manager.init_app(app)
    for door in DOORS:
        app.register_blueprint(door.blueprint)
    app.register_blueprint(_assets())
    errors.install(app)
    cli.install(app)
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.trusted_proxies, x_proto=settings.trusted_proxies)
    return app


def _assets() -> Blueprint:
    """htmx, served from the installed package."""
    assets = Blueprint("assets", __name__)

    @assets.get("/assets/htmx.min.js")
    def htmx():
        return send_file(htmx_file(), mimetype="text/javascript", max_age=31_536_000)

    return assets

"""How answers are made: show() gives the whole page, or its pieces to HTMX; go() leads on after a verb."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flask import abort, current_app, flash, g, make_response, redirect, render_template, request, url_for
from flask_login import current_user

from portal import clock
from portal.models.jurisdictions import profiles, working_calendar
from portal.models.logins import unread_by
from portal.models.sanction_records import bars_in_force
from portal.rules.workflow import SEAT_LABELS, Seat
from portal.web.guards import DOOR_OF, actor, nav_of

_ROOT_TAG = re.compile(r"^(\s*<[a-z0-9]+)")


@dataclass(frozen=True)
class NavItem:
    """One entry of a door's navigation; `badge` is a count beside it, or ''."""

    label: str
    href: str
    badge: str | int = ""
    active: bool = False


def show(page: str, pieces: Sequence[str] = (), status: int = 200, **context):
    """The whole page, unless HTMX asks for a part and pieces are given: then the first piece for the target, the
    others out of band. The header is never used to decide what may be seen.
    """
    if is_partial() and pieces:
        parts = [render_template(pieces[0], **context)]
        parts += [_out_of_band(render_template(piece, **context)) for piece in pieces[1:]]
        if "shared/_message.html" not in pieces:
            parts.append(_out_of_band(render_template("shared/_message.html", **context)))
        html = "".join(parts)
    else:
        html = render_template(page, chrome=Chrome(), **context)
    response = make_response(html, status)
    response.headers.add("Vary", "HX-Request")
    return response


def go(place: str, message: tuple[str, str] | str | None = None):
    """Lead on to another page after a verb (303), with a message as (tone, text) or a good one as text."""
    if message:
        tone, text = ("good", message) if isinstance(message, str) else message
        flash(text, tone)
    if request.htmx:
        return make_response("", 200, {"HX-Redirect": place})
    return redirect(place, 303)


def is_partial() -> bool:
    """Whether HTMX wants a piece: not when it restores a page from history."""
    return bool(request.htmx) and not request.headers.get("HX-History-Restore-Request")


def get_or_404(query):
    """The one row of a query that is already limited to what the actor may see, or a 404."""
    row = query.first()
    if row is None:
        abort(404)
    return row


class Chrome:
    """What the frame of every page shows around its content (docs/pages.md); looked up only when it is drawn."""

    def __init__(self):
        user = current_user._get_current_object()  # not the proxy: the frame asks for it thirty times
        self.user = user if user.is_authenticated else None
        seat = self.user.seat if self.user else None
        self.seat_label = (
            (SEAT_LABELS[Seat(seat.seat)] + (f"（代{seat.absent}）" if seat.absent else "")) if seat else ""
        )
        self.office = (seat.name or "") if seat else ""
        self.seats = [(s.id, s.label, s is seat) for s in self.user.seats] if self.user else []
        self.demo = current_app.config["DEMO_ACCOUNTS"]() if current_app.config["PORTAL"].demo else None
        self.contact = ""

    @property
    def unread(self) -> int:
        """How many messages wait unread; 0 when nobody is signed in."""
        if not self.user:
            return 0
        return unread_by(self.user.id)

    @property
    def nav(self) -> list[NavItem]:
        """The navigation of the door of the seat in use."""
        if self.user and self.user.seat and not self.user.must_change:
            return nav_of(DOOR_OF[Seat(self.user.seat.seat)])(actor())
        return nav_of("public")(None)

    @property
    def warnings(self) -> list[str]:
        """What every reviewer should know: a year without an official calendar (R13.03)."""
        if not (self.user and self.user.seat) or self.user.seat.seat == Seat.APPLICANT:
            return []
        today, calendar = clock.today(), g.get("desk_calendar") or working_calendar()  # a desk has asked already
        years = [today.year] + ([today.year + 1] if today.month == 12 else [])
        return [
            f"{year}年的法定节假日安排尚未导入，工作日期限暂按未公布节假日计算，请技术人员导入工作日历。"
            for year in years
            if not calendar.covers(today.replace(year=year, day=1))
        ]

    @property
    def bar(self) -> str:
        """What a barred unit reads on every page of its door (R7.06): one small query, for units only; or ''."""
        seat = self.user.seat if self.user else None
        if seat is None or seat.seat != Seat.UNIT or self.user.must_change:
            return ""
        reader = actor()
        bars = bars_in_force(organisation=reader.organisation, province=reader.province)
        if not bars:
            return ""
        until = f"至{bars[0].ends_on:%Y-%m-%d}止" if bars[0].ends_on else "至省级部门解除为止"
        return f"本单位自{bars[0].starts_at:%Y-%m-%d}起被取消申报资格（{until}），本单位人员暂不能报名。"

    @property
    def home_href(self) -> str:
        return self.user.home if self.user and not self.user.must_change else url_for("public.home")

    @property
    def seat_href(self) -> str:
        return url_for("account.switch_seat")

    @property
    def logout_href(self) -> str:
        return url_for("account.logout")

    @property
    def login_href(self) -> str:
        return url_for("account.login")

    @property
    def messages_href(self) -> str:
        return url_for("account.messages")

    @property
    def demo_href(self) -> str:
        return url_for("account.demo_login")


def province_name(key: str) -> str:
    """A province's name by its profile key, for lists; the key itself when its profile is gone."""
    profile = profiles().get(key)
    return profile.name if profile else key


def asset(name: str) -> str:
    """The address of a static file with its content's hash, so that browsers may keep it for ever."""
    return request.script_root + _versioned(current_app.static_folder, name)


def htmx_file() -> Path:
    """Where the installed package keeps htmx; nothing is vendored and nothing comes from another host."""
    import js_lib_htmx

    return next(Path(js_lib_htmx.__file__).parent.rglob("htmx.min.js"))


@cache
def _versioned(folder: str, name: str) -> str:
    """Made once: seven of these on each page, built by url_for(), cost more than a queue's counters."""
    file, place = (htmx_file(), "/assets/htmx.min.js") if name == "htmx" else (Path(folder) / name, f"/static/{name}")
    return f"{place}?v={hashlib.sha256(file.read_bytes()).hexdigest()[:12]}"


def _out_of_band(html: str) -> str:
    return _ROOT_TAG.sub(r'\1 hx-swap-oob="true"', html, count=1)

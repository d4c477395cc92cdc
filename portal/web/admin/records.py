"""What was done and made: the record of events, the log of documents, jobs and backups."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from time import time

from flask import current_app, request

from portal import clock
from portal.models import DocumentLog, Event, Job
from portal.rules.dates import parse_date
from portal.rules.errors import Invalid
from portal.rules.workflow import SEAT_LABELS, Seat
from portal.web.admin import blueprint
from portal.web.admin.words import SUBJECTS
from portal.web.pages import show
from portal.web.paging import take_page

JOB_STATES = {
    "waiting": ("info", "等待"), "running": ("info", "进行中"), "done": ("good", "完成"), "failed": ("bad", "失败"),
    "cancelled": ("neutral", "已取消"),
}  # fmt: skip


@dataclass(frozen=True)
class Backup:
    """A backup file that lies in the backup folder."""

    name: str
    size: int
    at: datetime


@blueprint.get("/events")
def events():
    """The record of events, newest first, with filters (R12.01)."""
    keys = ("action", "name", "seat", "of", "number", "first", "last")
    asked = {key: request.args.get(key, "").strip() for key in keys}
    query = Event.select()
    if asked["action"]:
        query = query.where(Event.action == asked["action"])
    if asked["name"]:
        query = query.where(Event.name.contains(asked["name"]))
    if asked["seat"]:
        query = query.where(Event.seat == asked["seat"])
    if asked["of"] in SUBJECTS:
        query = query.where(_is_about(asked["of"], asked["number"]))
    first, last = _day(asked["first"]), _day(asked["last"])
    if first:
        query = query.where(Event.at >= datetime.combine(first, datetime.min.time()))
    if last:
        query = query.where(Event.at < datetime.combine(last + timedelta(days=1), datetime.min.time()))
    listed = take_page(query, Event.id, newest_first=True)
    labels = Event.select(Event.action, Event.label).distinct().order_by(Event.action).tuples()
    return show(
        "admin/events.html", pieces=("admin/_events.html",), listed=listed, asked=asked,
        subjects=SUBJECTS, actions=list({action: label for action, label in labels}.items()),
        seats=[(str(seat), SEAT_LABELS[seat]) for seat in Seat], active=sum(bool(value) for value in asked.values()),
    )  # fmt: skip


@blueprint.get("/documents")
def documents():
    """The log of documents that were made or exported (R12.07)."""
    asked = {key: request.args.get(key, "").strip() for key in ("kind", "name", "number")}
    query = DocumentLog.select()
    if asked["kind"]:
        query = query.where(DocumentLog.kind == asked["kind"])
    if asked["name"]:
        query = query.where(DocumentLog.name.contains(asked["name"]))
    if asked["number"]:
        query = query.where(DocumentLog.number == asked["number"])
    kinds = [kind for (kind,) in DocumentLog.select(DocumentLog.kind).distinct().order_by(DocumentLog.kind).tuples()]
    listed = take_page(query, DocumentLog.id, newest_first=True)
    return show(
        "admin/documents.html", pieces=("admin/_documents.html",), listed=listed, asked=asked, kinds=kinds,
        active=sum(bool(value) for value in asked.values()),
    )  # fmt: skip


@blueprint.get("/upkeep")
def upkeep():
    """Long work and backups."""
    settings = current_app.config["PORTAL"]
    return show(
        "admin/upkeep.html", jobs=list(Job.select().order_by(Job.id.desc()).limit(50)), states=JOB_STATES,
        backups=find_backups()[:20], folder=str(settings.backups), database=_size(settings.database),
        uploads=sum(_size(file) for file in settings.uploads.rglob("*")) if settings.uploads.exists() else 0,
    )  # fmt: skip


def _is_about(kind: str, number: str):
    """The condition that an event is about a subject of this kind, with its number where one is given."""
    if kind == "case":
        is_number = number.isascii() and number.isdecimal() and len(number) < 16
        return Event.case == int(number) if is_number else Event.case.is_null(bool(number))
    return Event.subject == f"{kind}:{number}" if number else Event.subject.startswith(f"{kind}:")


def find_backups() -> list[Backup]:
    """The files in the backup folder, newest first."""
    folder: Path = current_app.config["PORTAL"].backups
    found = []
    for file in folder.glob("*") if folder.is_dir() else ():
        if file.is_file() and not file.name.startswith("."):
            status = file.stat()
            # The wall clock of Shanghai, like every other moment of the portal.
            age = timedelta(seconds=max(time() - status.st_mtime, 0))
            found.append(Backup(file.name, status.st_size, clock.now() - age))
    return sorted(found, key=lambda backup: backup.at, reverse=True)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _day(text: str) -> date | None:
    """A day typed into a filter; what is no day filters nothing."""
    try:
        return parse_date(text) if text else None
    except Invalid:
        return None

"""What is studied and asked in the demonstration: course texts, a handout, and a bank of questions per province."""

import csv
import tomllib
from functools import cache
from pathlib import Path

import pypdfium2

from portal.actions import imports, modules
from portal.actions.questions import QUESTIONS
from portal.cli.demo.world import ANHUI, SICHUAN, World
from portal.documents.notice import Notice, notice_pdf
from portal.models import Plan
from portal.rules.study import share_minutes
from portal.rules.workflow import Actor
from portal.storage import Kept

_HERE = Path(__file__).parent
CENTRES = {ANHUI: "ah-centre", SICHUAN: "sc-centre"}


def import_banks(world: World) -> None:
    """Each centre imports its bank: the questions for everybody, and those about its own province's rules."""
    with (_HERE / "questions.csv").open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    for province, login in CENTRES.items():
        table = [head[1:], *(row[1:] for row in rows if row[0] in ("", province))]
        imports.store_rows(QUESTIONS, imports.examine(QUESTIONS, table), "考评员题库.xlsx", actor=world.staff[login])


def fill_modules(world: World, plan: Plan, *, actor: Actor) -> None:
    """Give each module of a new plan its text; the one that would be a film becomes a handout to be read."""
    course = _course()
    texts = {lesson["title"]: lesson["body"].strip() for lesson in course["lesson"]}
    found = modules.modules_of(plan)
    shares = share_minutes(plan.minutes, len(found))
    for module, minutes in zip(found, shares, strict=True):
        values = {"title": module.title, "kind": "text", "minutes": minutes, "body": texts.get(module.title, "")}
        kept = None
        if module.title == course["handout"]["replaces"]:
            values |= {"title": course["handout"]["title"], "kind": "pdf"}
            kept = _keep_handout(world)
        if values["body"] or kept:
            modules.edit_module(module, values=values, actor=actor, kept=kept)


@cache
def _course() -> dict:
    return tomllib.loads((_HERE / "course.toml").read_text(encoding="utf-8"))


@cache
def _draw_handout() -> bytes:
    handout = _course()["handout"]
    return notice_pdf(Notice(issuer="考评员培训讲义", title=handout["title"], body=handout["body"].strip()))


def _keep_handout(world: World) -> Kept:
    return world.store.keep_issued(_draw_handout(), f"{_course()['handout']['title']}.pdf", pages=_count_pages())


@cache
def _count_pages() -> int:
    document = pypdfium2.PdfDocument(_draw_handout())
    try:
        return len(document)
    finally:
        document.close()

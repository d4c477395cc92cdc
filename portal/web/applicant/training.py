"""培训学习: the approved plans with their progress, the modules of each, and the clock that runs while one studies."""

import secrets
from types import SimpleNamespace

from flask import abort, request, url_for

from portal.actions import registrations, study
from portal.actions.modules import KIND_LABELS, modules_of
from portal.actions.plans import groups_for
from portal.actions.registration_standing import label_for_applicant
from portal.models import Case, FileVersion, Module, PlatformAccount, Registration, StudyTime
from portal.rules.dates import print_date
from portal.rules.errors import NotAllowed
from portal.rules.flows.registration import ADMITTED, State
from portal.rules.study import BEAT_SECONDS, percent
from portal.web.applicant import blueprint
from portal.web.applicant.filling import own_case
from portal.web.files import play, preview, send
from portal.web.guards import actor
from portal.web.pages import get_or_404, go, show


@blueprint.get("/training")
def training():
    """培训学习: each approved plan with its progress (R4.02), and why the others have nothing yet (R4.01)."""
    rows = list(_own_registrations())
    open_, waiting = [row for row in rows if row.case.state in ADMITTED], []
    for row in rows:
        if row.case.state not in ADMITTED:
            waiting.append((row, study.why_no_study(row)))
    return show("applicant/training.html", entries=[describe(row) for row in open_], waiting=waiting)


@blueprint.get("/training/<int:id>", endpoint="study")
def study_plan(id: int):
    """One plan: what is required by when, what has been studied, its modules, the platform, the work group."""
    registration = _registration(id)
    entry = describe(registration)
    return show("applicant/study.html", entry=entry, modules=_module_rows(registration) if entry.open else [])


@blueprint.get("/training/<int:id>/modules/<int:module>")
def study_module(id: int, module: int):
    """A module's content; the page has a token of its own, so that only one open page counts (R4.05)."""
    registration, row = _opened(id, module)
    return _show_module(registration, row, tab=secrets.token_hex(16))


@blueprint.post("/training/<int:id>/modules/<int:module>/<any(start, beat, pause):verb>")
def study_beat(id: int, module: int, verb: str):
    """The open page reports: it begins, it is still open, or it was hidden. It sends no numbers, only its token."""
    registration, row = _opened(id, module)
    tab = request.form.get("tab", "")
    if not tab:
        abort(400)
    if verb == "start":
        study.start_study(registration, row, tab=tab, actor=actor())
    else:
        study.keep_beat(registration, row, tab=tab, actor=actor(), pause=verb == "pause")
    if not request.htmx:
        return go(url_for("applicant.study_module", id=id, module=module))
    return _show_module(_registration(id), row, tab=tab)


@blueprint.get("/training/<int:id>/modules/<int:module>/file")
def study_file(id: int, module: int):
    """The video, in the parts the player asks for, or the PDF file."""
    version = _file_of(id, module)
    return play(version) if version.mime.startswith("video/") else send(version)


@blueprint.get("/training/<int:id>/modules/<int:module>/pages/<int:page>")
def study_page(id: int, module: int, page: int):
    """One page of a PDF module as a picture."""
    try:
        return preview(_file_of(id, module), page)
    except FileNotFoundError:
        abort(404)


@blueprint.post("/training/<int:id>/group-joined")
def confirm_group(id: int):
    """The participant confirms having joined the work group (R4.23)."""
    registrations.set_group_joined(own_case(id), actor=actor())
    return go(url_for("applicant.study", id=id), "已记录您加入工作群。")


def describe(registration: Registration) -> SimpleNamespace:
    """Where one registration stands in its study, for the list and the page of the plan."""
    plan, case = registration.plan, registration.case
    done, required = study.credited_seconds(registration), study.required_seconds(plan)
    opened, reason = case.state in ADMITTED, study.why_no_study(registration)
    window, (state, tone) = plan.study_window, label_for_applicant(case)
    return SimpleNamespace(
        registration=registration, plan=plan, case=case, open=opened, reason=reason,
        state=state, tone=tone,
        done=done // 60, required=required // 60, percent=percent(done, required),
        reached=done >= required, studying=case.state == State.APPROVED,
        window=f"{print_date(window.opens_on)}至{print_date(window.closes_on)}" if window.is_complete() else "",
        deadline=print_date(window.closes_on) if window.is_complete() else "",
        account=PlatformAccount.get_or_none(PlatformAccount.registration == case.id) if opened else None,
        groups=groups_for(plan, {"applicants"}) if opened else [],
    )  # fmt: skip


def _show_module(registration: Registration, module: Module, *, tab: str):
    rows = _module_rows(registration)
    place = next(place for place, row in enumerate(rows) if row.module.id == module.id)
    content = SimpleNamespace(
        paragraphs=[line for line in module.body.splitlines() if line.strip()],
        pages=[
            url_for("applicant.study_page", id=registration.case_id, module=module.id, page=page, w=1200)
            for page in range(1, (module.file.pages if module.kind == "pdf" and module.file_id else 0) + 1)
        ],
    )
    return show(
        "applicant/module.html", pieces=("applicant/_study-clock.html",), entry=describe(registration), row=rows[place],
        previous=rows[place - 1] if place else None, next=rows[place + 1] if place + 1 < len(rows) else None,
        content=content, tab=tab, seconds=BEAT_SECONDS,
    )  # fmt: skip


def _module_rows(registration: Registration) -> list[SimpleNamespace]:
    credited = dict(
        StudyTime.select(StudyTime.module, StudyTime.seconds)
        .where(StudyTime.registration == registration.case_id)
        .tuples()
    )
    return [
        SimpleNamespace(
            module=module, kind=KIND_LABELS[module.kind], done=credited.get(module.id, 0) // 60,
            full=credited.get(module.id, 0) >= module.minutes * 60,
        )  # fmt: skip
        for module in modules_of(registration.plan)
    ]


def _own_registrations():
    """The person's registrations, newest first; those that were given up as drafts are left out."""
    rows = (
        Registration.select(Registration, Case)
        .join(Case, on=(Registration.case == Case.id))
        .where(Registration.person == actor().person)
    )
    return rows.where((Case.state != State.WITHDRAWN) | Case.number.is_null(False)).order_by(Case.id.desc())


def _registration(id: int) -> Registration:
    return Registration.get_by_id(own_case(id).id)


def _opened(id: int, module: int) -> tuple[Registration, Module]:
    """An own registration and a module of its plan; NotAllowed with the reason before the approval."""
    registration = _registration(id)
    rows = Module.select().where(Module.plan == registration.plan_id, Module.removed_at.is_null())
    row = get_or_404(rows.where(Module.id == module))
    if registration.case.state not in ADMITTED:
        raise NotAllowed(study.why_no_study(registration))
    return registration, row


def _file_of(id: int, module: int) -> FileVersion:
    return _opened(id, module)[1].file or abort(404)

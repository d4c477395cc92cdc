"""The centre's pages for the study modules of its plans: list with order, add, edit, take out, look at the file."""

from flask import abort, current_app, request, url_for
from flask_wtf.file import FileField
from wtforms import IntegerField, SelectField
from wtforms.validators import InputRequired

from portal.actions import modules as verbs
from portal.actions.modules import KIND_LABELS
from portal.actions.study import required_seconds
from portal.models import Module, Plan
from portal.rules.errors import Invalid
from portal.rules.flows.plan import PlanState
from portal.storage import COURSE, VIDEO
from portal.web.files import play, send, store
from portal.web.forms import PortalForm, TextField, WordsField, at_most, filled
from portal.web.guards import actor
from portal.web.pages import get_or_404, go, show
from portal.web.province import blueprint

_LIMITS = {"pdf": COURSE, "video": VIDEO}
_FORM_BYTES = 1024 * 1024  # what the other fields of the form may take of a request


class ModuleForm(PortalForm):
    """One module of study."""

    title = TextField("模块名称", [filled("请填写模块名称。"), at_most(200)])
    kind = SelectField("类型", choices=list(KIND_LABELS.items()))
    minutes = IntegerField("计入学习的时长", [InputRequired("请填写计入学习的时长。")])
    url = TextField("网址", [at_most(300)])
    file = FileField("文件")
    body = WordsField("正文或说明")


@blueprint.get("/plans/<int:id>/modules")
def modules(id: int):
    """The modules in the order in which applicants see them, and whether their minutes suffice for the plan."""
    plan = own_plan(id)
    rows = verbs.modules_of(plan)
    return show(
        "province/modules.html", pieces=("province/_modules.html",), plan=plan, rows=rows, kinds=KIND_LABELS,
        missing={row.id: verbs.what_is_missing(row) for row in rows}, total=sum(row.minutes for row in rows),
        required=required_seconds(plan) // 60, may_write=_may_write(plan),
    )  # fmt: skip


@blueprint.route("/plans/<int:id>/modules/new", methods=["GET", "POST"])
def add_module(id: int):
    """A new module at the end."""
    plan = own_plan(id)
    form = ModuleForm()
    if request.method == "GET":
        return _show_form(plan, form)
    return _save(plan, form, lambda kept: verbs.add_module(plan, values=_values(form), actor=actor(), kept=kept))


@blueprint.route("/plans/<int:id>/modules/<int:module>", methods=["GET", "POST"])
def edit_module(id: int, module: int):
    """Title, kind, minutes and material of a module (R4.10)."""
    plan = own_plan(id)
    row = _module(plan, module)
    form = ModuleForm(obj=row) if request.method == "GET" else ModuleForm()
    if request.method == "GET":
        return _show_form(plan, form, row)
    return _save(plan, form, lambda kept: verbs.edit_module(row, values=_values(form), actor=actor(), kept=kept), row)


@blueprint.post("/plans/<int:id>/modules/<int:module>/<any(up, down, remove):verb>")
def change_module(id: int, module: int, verb: str):
    """One place up or down, or out of the plan."""
    plan = own_plan(id)
    row = _module(plan, module)
    if verb == "remove":
        verbs.remove_module(row, actor=actor())
        return go(url_for(".modules", id=id), f"已撤下“{row.title}”，已学习的时长保留。")
    verbs.move_module(row, step=-1 if verb == "up" else 1, actor=actor())
    if request.htmx:
        return modules(id)
    return go(url_for(".modules", id=id))


@blueprint.get("/plans/<int:id>/modules/<int:module>/file")
def module_file(id: int, module: int):
    """The file of a module, as its participants get it."""
    version = _module(own_plan(id), module).file or abort(404)
    return play(version) if version.mime.startswith("video/") else send(version)


def own_plan(id: int) -> Plan:
    """A plan of the reader's own office, or a 404."""
    return get_or_404(Plan.visible_to(actor()).where(Plan.id == id, Plan.office == actor().office))


def _module(plan: Plan, module: int) -> Module:
    return get_or_404(Module.select().where(Module.id == module, Module.plan == plan.id, Module.removed_at.is_null()))


def _may_write(plan: Plan) -> bool:
    return plan.state not in (PlanState.CANCELLED, PlanState.FINISHED)


def _values(form: ModuleForm) -> dict:
    return {name: getattr(form, name).data for name in ("title", "kind", "minutes", "url", "body")}


def _save(plan: Plan, form: ModuleForm, write, row: Module | None = None):
    if not form.validate():
        return _show_form(plan, form, row, 422)
    try:
        upload, kept = request.files.get("file"), None
        if upload and upload.filename:
            limits = _LIMITS.get(form.kind.data)
            if limits is None:
                raise Invalid("file", f"类型为{KIND_LABELS[form.kind.data]}的模块没有文件，请改选 PDF 文档或视频。")
            kept = store().keep(upload.stream, upload.filename, limits)
        module = write(kept)
    except Invalid as refusal:
        form.refuse(refusal)
        return _show_form(plan, form, row, 422)
    lacks = verbs.what_is_missing(module)
    said = ("warn", f"已保存“{module.title}”，但{lacks}，参训人员还不能学习。") if lacks else "模块已保存。"
    return go(url_for(".modules", id=plan.id), said)


def _show_form(plan: Plan, form: ModuleForm, row: Module | None = None, status: int = 200):
    most = current_app.config["PORTAL"].request_bytes - _FORM_BYTES
    return show(
        "province/module.html", status=status, plan=plan, form=form, row=row, may_write=_may_write(plan),
        pdf_mib=min(COURSE.max_bytes, most) >> 20, video_mib=min(VIDEO.max_bytes, most) >> 20,
        most=min(VIDEO.max_bytes, most),
    )  # fmt: skip

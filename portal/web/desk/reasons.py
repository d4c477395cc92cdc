"""The centre's page of the reason library: add, edit, hide, sort (R3.05, R3.39)."""

from flask import Blueprint, request, url_for

from portal.actions.reasons import KINDS, add_reason, edit_reason, hide_reason, move_reason, reasons_for
from portal.models import Reason
from portal.rules.errors import Invalid
from portal.web.desk.forms import ReasonForm
from portal.web.guards import actor
from portal.web.pages import NavItem, get_or_404, go, show


def mount(blueprint: Blueprint) -> None:
    """Hang the pages on the province's door."""
    for rule, methods, view in ROUTES:
        blueprint.add_url_rule(f"/reasons{rule}", view.__name__, view, methods=methods)


def nav_items(person) -> list[NavItem]:
    """The entry in the province's navigation."""
    return [NavItem("理由库", "/province/reasons", active=request.path.startswith("/province/reasons"))]


def reasons():
    """GET /province/reasons."""
    return _show(ReasonForm(formdata=None))


def add():
    """POST /province/reasons/add."""
    form = ReasonForm()
    if form.validate_on_submit():
        try:
            add_reason(actor().province, actor=actor(), kind=form.kind.data, text=form.text.data)
            return go(url_for("province.reasons"), "理由已加入理由库。")
        except Invalid as refusal:
            form.refuse(refusal)
    return _show(form, status=422)


def edit(number: int):
    """GET and POST /province/reasons/5/edit."""
    reason = _own(number)
    form = ReasonForm(data={"kind": reason.kind, "text": reason.text})
    if form.is_submitted():
        if form.validate():
            try:
                edit_reason(reason, actor=actor(), text=form.text.data)
                return go(url_for("province.reasons"), "理由已修改，以前的决定不受影响。")
            except Invalid as refusal:
                form.refuse(refusal)
        return show("desk/reason.html", pieces=("desk/_reason.html",), status=422, form=form, reason=reason)
    return show("desk/reason.html", pieces=("desk/_reason.html",), form=form, reason=reason)


def hide(number: int):
    """POST /province/reasons/5/hide: out of use."""
    hide_reason(_own(number), actor=actor())
    return go(url_for("province.reasons"), "理由已停用，不再出现在选择框中。")


def bring_back(number: int):
    """POST /province/reasons/5/restore: into use again."""
    hide_reason(_own(number), actor=actor(), hidden=False)
    return go(url_for("province.reasons"), "理由已重新启用。")


def move(number: int):
    """POST /province/reasons/5/move: one place up or down."""
    move_reason(_own(number), actor=actor(), up=request.form.get("up") == "1")
    return go(url_for("province.reasons"))


def _own(number: int) -> Reason:
    return get_or_404(Reason.select().where(Reason.id == number, Reason.province == actor().province))


def _show(form: ReasonForm, status: int = 200):
    groups = [(label, reasons_for(actor().province, kind, hidden=True)) for kind, label in KINDS.items()]
    return show("desk/reasons.html", pieces=("desk/_reasons.html",), status=status, form=form, groups=groups)


ROUTES = (
    ("", ["GET"], reasons),
    ("/add", ["POST"], add),
    ("/<int:number>/edit", ["GET", "POST"], edit),
    ("/<int:number>/hide", ["POST"], hide),
    ("/<int:number>/restore", ["POST"], bring_back),
    ("/<int:number>/move", ["POST"], move),
)

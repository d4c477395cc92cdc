"""Accounts on the training platform: a plan's approved participants, allotted singly or from a file (R1.29)."""

from flask import request, url_for
from flask_wtf.file import FileField, FileRequired

from portal.actions import imports
from portal.actions.platform_accounts import accounts_kind, allot_account
from portal.models import Case, Occupation, Organisation, Person, Plan, PlatformAccount, Registration
from portal.papers.imports import examine_file, make_template
from portal.rules.errors import Invalid
from portal.rules.flows.registration import ADMITTED
from portal.web.files import send_bytes
from portal.web.forms import PortalForm, TextField, at_most, filled
from portal.web.guards import actor
from portal.web.pages import get_or_404, go, show
from portal.web.paging import take_page
from portal.web.province import blueprint

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class AccountsFileForm(PortalForm):
    """The table of accounts."""

    file = FileField("账号表格", [FileRequired("请选择账号表格。")])


class AllotForm(PortalForm):
    """One participant's account."""

    login = TextField("账号", [filled("请填写账号。"), at_most(80)])
    password = TextField("初始密码", [at_most(80)])
    note = TextField("说明", [at_most(200)])


@blueprint.route("/plans/<int:id>/accounts", methods=["GET", "POST"])
def platform_accounts(id: int):
    """Who may study, with their accounts; a file allots them all, or none when a row is wrong."""
    plan = _plan(id)
    form = AccountsFileForm()
    faults: list = []
    if request.method == "POST" and form.validate():
        kind, upload = accounts_kind(plan), form.file.data
        try:
            examined = examine_file(kind, upload.read(), upload.filename or "")
            faults = examined.faults
            if not faults:
                created, changed = imports.store_rows(kind, examined, upload.filename or "", actor=actor())
                return go(url_for(".platform_accounts", id=id), f"已分配{created}个账号，更新{changed}个。")
            form.file.errors = [f"有{len(faults)}处错误，没有分配任何账号；请更正后重新上传。"]
        except Invalid as refusal:
            form.refuse(refusal)
    listed = take_page(_participants(plan), Registration.case)
    return show(
        "province/accounts.html", status=422 if request.method == "POST" else 200, plan=plan, form=form, faults=faults,
        listed=listed, accounts=_accounts(listed.rows),
    )  # fmt: skip


@blueprint.get("/plans/<int:id>/accounts/template")
def accounts_template(id: int):
    """The workbook to fill in."""
    return send_bytes(make_template(accounts_kind(_plan(id))), "培训平台账号模板.xlsx", XLSX)


@blueprint.route("/plans/<int:id>/accounts/<int:case>", methods=["GET", "POST"])
def allot_platform_account(id: int, case: int):
    """One participant's account."""
    registration = get_or_404(_participants(_plan(id)).where(Registration.case == case))
    account = PlatformAccount.get_or_none(PlatformAccount.registration == case)
    form = AllotForm(obj=account)
    if request.method == "POST" and form.validate():
        try:
            allot_account(
                registration, login=form.login.data, password=form.password.data, note=form.note.data, actor=actor()
            )
            return go(url_for(".platform_accounts", id=id), f"已为{registration.person.name}分配账号。")
        except Invalid as refusal:
            form.refuse(refusal)
    return show(
        "province/account.html", status=422 if request.method == "POST" else 200, form=form, registration=registration
    )


def _plan(id: int) -> Plan:
    return get_or_404(Plan.visible_to(actor()).where(Plan.id == id, Plan.office == actor().office))


def _participants(plan: Plan):
    return (
        Registration.select(Registration, Person, Organisation, Occupation)
        .join(Person, on=(Registration.person == Person.id))
        .switch(Registration)
        .join(Organisation, on=(Registration.organisation == Organisation.id))
        .switch(Registration)
        .left_outer_join(Occupation, on=(Registration.occupation == Occupation.id))
        .switch(Registration)
        .join(Case, on=(Registration.case == Case.id))
        .where(Registration.plan == plan.id, Case.state.in_(list(ADMITTED)))
    )


def _accounts(rows: list[Registration]) -> dict[int, PlatformAccount]:
    found = PlatformAccount.select().where(PlatformAccount.registration.in_([row.case_id for row in rows]))
    return {account.registration_id: account for account in found}

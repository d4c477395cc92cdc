"""Accounts on the training platform, allotted to approved participants singly or from a file (R1.29)."""

from portal import clock
from portal.actions.events import record, tell, user_of
from portal.actions.imports import Column, Fault, ImportKind, Record, at_most
from portal.database import transaction
from portal.models import Case, Person, Plan, PlatformAccount, Registration
from portal.rules.errors import Invalid, NotAllowed
from portal.rules.flows.registration import ADMITTED
from portal.rules.identity import normalise
from portal.rules.workflow import Actor, Seat


def allot_account(
    registration: Registration, *, login: str, actor: Actor, password: str = "", note: str = ""
) -> PlatformAccount:
    """Give an approved participant an account on the platform, or change the one they have; they get a message.

    Raises NotAllowed unless the actor's office owns the plan, Invalid when the registration is not approved, the login
    is empty, or another participant of the plan has the same one.
    """
    login, password, note = login.strip(), password.strip(), note.strip()
    with transaction():
        case, plan = registration.case, registration.plan
        if actor.seat != Seat.PROVINCE_CENTRE or plan.office_id != actor.office:
            raise NotAllowed("只有发布计划的省级鉴定中心可以分配培训平台账号。")
        if case.state not in ADMITTED:
            raise Invalid("login", "审核通过后才能分配培训平台账号。")
        if not login:
            raise Invalid("login", "请填写账号。")
        taken = (
            PlatformAccount.select()
            .join(Registration)
            .where(Registration.plan == plan.id, PlatformAccount.login == login, Registration.case != case.id)
        )
        if taken.exists():
            raise Invalid("login", f"账号“{login}”已分配给本计划的其他人员。")
        values = {"login": login[:80], "password": password[:80], "note": note[:200], "allotted_at": clock.now()}
        PlatformAccount.insert(registration=case.id, **values).on_conflict(
            conflict_target=[PlatformAccount.registration], update=values
        ).execute()
        record("platform_account", "分配培训平台账号", actor=actor, case=case, note=login)
        tell(
            user_of(case.person_id), f"已为您分配《{plan.name}》的培训平台账号，请在报名详情中查看。",
            kind="account", case=case, link=f"/applicant/registrations/{case.id}",
        )  # fmt: skip
        return PlatformAccount.get(PlatformAccount.registration == case.id)


def accounts_kind(plan: Plan) -> ImportKind:
    """The table of accounts of one plan: each row finds its participant by document number, and the name must agree."""

    def find(records: list[Record]) -> dict[int, Registration]:
        rows = (
            Registration.select(Registration, Person, Case)
            .join(Person, on=(Registration.person == Person.id))
            .switch(Registration)
            .join(Case, on=(Registration.case == Case.id))
            .where(Registration.plan == plan.id, Case.state.in_(list(ADMITTED)))
        )
        known = {row.person.id_number: row for row in rows}
        return {r.row: known[r.values["id_number"]] for r in records if r.values["id_number"] in known}

    def check(records: list[Record]) -> list[Fault]:
        found, faults, seen = find(records), [], {}
        taken = dict(
            PlatformAccount.select(PlatformAccount.login, PlatformAccount.registration)
            .join(Registration)
            .where(Registration.plan == plan.id)
            .tuples()
        )
        for each in records:
            registration, login = found.get(each.row), each.values["login"]
            if registration is None:
                faults.append(each.fault("id_number", "本计划没有这个证件号码的审核通过人员，请核对。"))
                continue
            if each.values.get("name") and each.values["name"] != registration.person.name:
                faults.append(each.fault("name", f"与报名人员的姓名（{registration.person.name}）不一致，请核对。"))
            if login in seen or taken.get(login, registration.case_id) != registration.case_id:
                faults.append(each.fault("login", "这个账号已分配给其他人员，请更换。"))
            seen[login] = each.row
        return faults

    def store(records: list[Record], actor: Actor) -> tuple[int, int]:
        found = find(records)
        known = {row.registration_id for row in PlatformAccount.select(PlatformAccount.registration)}
        created = 0
        for each in records:
            registration = found[each.row]
            created += registration.case_id not in known
            allot_account(
                registration, login=each.values["login"], password=each.values.get("password", ""),
                note=each.values.get("note", ""), actor=actor,
            )  # fmt: skip
        return created, len(records) - created

    return ImportKind(
        key="platform_accounts",
        title="培训平台账号",
        columns=(
            Column("name", ("姓名",), read=at_most(60), example="（与报名一致）"),
            Column("id_number", ("证件号码", "身份证号", "身份证号码"), required=True, read=normalise),
            Column("login", ("账号", "平台账号", "用户名"), required=True, read=at_most(80)),
            Column("password", ("初始密码", "密码"), read=at_most(80)),
            Column("note", ("说明", "备注"), read=at_most(200)),
        ),
        identity=("id_number",),
        check=check,
        store=store,
        seats=frozenset({Seat.PROVINCE_CENTRE}),
    )

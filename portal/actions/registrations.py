"""The applicant's verbs on a registration: open, fill in, submit, resubmit, withdraw; and who has it now."""

from collections.abc import Mapping
from dataclasses import replace

from peewee import IntegrityError

from portal import clock
from portal.actions import registration_checks  # noqa: F401 - hangs the checks and effects into actions.cases
from portal.actions.bars import check_not_barred
from portal.actions.cases import arrive, bump, index_name
from portal.actions.class_traces import check_may_leave
from portal.actions.events import record, tell, user_of
from portal.actions.numbers import next_number
from portal.actions.people import missing_fields, save_profile
from portal.actions.people_evidence import EXAMINER_CARD
from portal.actions.recusal import is_own_case
from portal.actions.registration_choices import check_unlocked, live_key, present_choice, set_choice
from portal.actions.registration_copy import (
    contents_of,
    digest,
    evaluate_registration,
    has_valid_stamp,
    items_of,
    last_submission,
    pack_results,
    unlocked_keys,
)
from portal.actions.registration_guards import (
    PROFILE_FIRST,
    chain_offices,
    check_may_register,
    check_organisation,
    check_region,
    check_window,
    has_moved,
    live_registrations,
    occupations_for,
    reviewer_choices,
    why_not,
)
from portal.actions.registration_standing import Standing, is_late, last_day, standing
from portal.actions.renewals import prefill_renewal
from portal.database import transaction
from portal.models import Case, Correction, HeldQualification, Person, Plan, Registration, Step, Submission
from portal.models.cases import NO_DUE
from portal.models.jurisdictions import profile_of
from portal.rules.eligibility import blocks
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.flows.plan import PlanState
from portal.rules.flows.registration import FLOW, UNDER_WAY, Action, State
from portal.rules.profile import TRUTHFUL
from portal.rules.workflow import Actor, Seat

__all__ = [
    "PROFILE_FIRST", "Standing", "check_submittable", "check_time", "close_for_cancelled_plan", "contents_of",
    "correct_person", "evaluate_registration", "find_gaps", "items_of", "name_material", "use_qualification",
    "end_registration", "last_day", "live_registrations", "occupations_for", "open_draft", "open_registration",
    "reviewer_choices", "save_registration", "set_group_joined", "standing", "submit_registration", "unlocked_keys",
    "why_not", "withdraw_registration",
]  # fmt: skip


def open_registration(plan: Plan, *, actor: Actor) -> Case:
    """A new draft of this person in the plan.

    Raises NotAllowed with 先维护个人信息，后报名考试 while the profile is incomplete (R1.05), or with what else keeps
    the person from registering; then nothing is created. Parallel calls leave one draft (R3.45).
    """
    if actor.seat != Seat.APPLICANT or actor.person is None:
        raise NotAllowed("请切换到申请人身份后报名。")
    with transaction():
        person = Person.get_by_id(actor.person)
        check_may_register(Plan.get_by_id(plan.id), person, clock.now())
        return open_draft(plan, person, actor=actor)


def open_draft(plan: Plan, person: Person, *, actor: Actor) -> Case:
    """The rows of a new draft; the caller has checked who may (call inside a transaction)."""
    case = Case.create(
        kind=FLOW.name, state=State.DRAFT, organisation=person.organisation, person=person, plan=plan,
        province=plan.province, title=person.name, created_at=clock.now(),
    )  # fmt: skip
    registration = Registration(
        case=case, plan=plan, person=person, organisation=person.organisation,
        employer_name=person.employer_name or (person.employer.name if person.employer else ""),
    )  # fmt: skip
    registration.live_key = live_key(registration)
    choices = reviewer_choices(registration)
    registration.reviewer = choices[0][0] if choices else None
    offered = occupations_for(registration)
    if len(offered) == 1 and plan.registrations_per_person == 1:
        registration.occupation = offered[0]
    prefill_renewal(registration, offered, [organisation for organisation, _ in choices])
    try:
        registration.save(force_insert=True)
    except IntegrityError as error:
        raise NotAllowed("您已报名本计划，不能重复报名，请在“我的报名”中查看。") from error
    record("open", "开始填报", actor=actor, case=case, after=State.DRAFT)
    return case


def save_registration(case: Case, *, actor: Actor, values: Mapping, seen: int) -> Case:
    """Save what was typed into the working copy (autosave); `values` may hold any of

    occupation and reviewer (ids or None), employer (text), health (True, False or None), declarations (keys),
    qualifications and work (ids of the rows to use, None for all). In a returned registration only the returned
    items can change; everything else raises NotAllowed. Raises Invalid for a choice that was not on offer, Stale when
    the page is older than the draft.
    """
    with transaction():
        case, registration = _load(case, actor, seen)
        if case.state not in (State.DRAFT, State.RETURNED):
            raise Stale("报名已提交，不能再修改，请刷新后查看最新情况。")
        changes = {key: value for key, value in values.items() if value != present_choice(registration, key)}
        if case.state == State.RETURNED:
            check_unlocked(case, changes)
        if not changes:
            return case
        for key, value in changes.items():
            set_choice(registration, key, value)
        try:
            registration.save()
        except IntegrityError as error:
            raise Invalid("occupation", "您在本计划中已报名这个职业，请选择其他职业。") from error
        bump(case)
    return case


def correct_person(case: Case, *, actor: Actor, values: Mapping, seen: int) -> Case:
    """Correct returned items of the personal information; the profile keeps them too.

    Raises NotAllowed for a field that was not returned, else like people.save_profile().
    """
    with transaction():
        case, registration = _load(case, actor, seen)
        if case.state != State.RETURNED:
            raise Stale("这件报名现在不能修改，请刷新后查看最新情况。")
        unlocked = unlocked_keys(case)
        if any(f"person.{key}" not in unlocked for key in values):
            raise NotAllowed("只能修改补正告知书中列出的内容，其他内容不能修改。")
        save_profile(registration.person, actor=actor, values=values)
        if "employer" in values:
            registration.employer_name = " ".join(str(values["employer"] or "").split())
            registration.save(only=[Registration.employer_name])
        bump(case)
    return case


def use_qualification(case: Case, qualification: HeldQualification, *, actor: Actor) -> None:
    """Use a newly entered qualification in this draft too, when its qualifications were chosen one by one."""
    with transaction():
        case = Case.get_by_id(case.id)
        _, registration = _load(case, actor, case.version)
        if case.state != State.DRAFT:
            raise Stale("报名已提交，新增的证书不能再加入这件报名。")
        chosen = registration.data.get("qualifications")
        if chosen is not None:
            registration.data = registration.data | {"qualifications": [*chosen, qualification.id]}
            registration.save(only=[Registration.data])
        bump(case)


def name_material(case: Case, slot: str, kind: str, *, actor: Actor) -> None:
    """Record which kind of proof a qualification's files are (R3.07); raises Invalid for an unknown kind."""
    kinds = {each.key for each in profile_of(case.province).registration.material_kinds}
    if kind not in kinds:
        raise Invalid("material_kind", "请从列表中选择证明材料种类。")
    with transaction():
        case = Case.get_by_id(case.id)
        _load(case, actor, case.version)
        if case.state not in (State.DRAFT, State.RETURNED):
            raise Stale("报名已提交，不能再修改材料，请刷新后查看最新情况。")
        if case.state == State.RETURNED and slot not in unlocked_keys(case):
            raise NotAllowed("只能修改补正告知书中列出的内容，这项材料不能修改。")
        number = slot.split(".")[1] if slot.startswith("qualification.") else ""
        if number.isdigit():
            HeldQualification.update(material_kind=kind).where(
                HeldQualification.id == int(number), HeldQualification.person == case.person_id
            ).execute()
            bump(case)


def find_gaps(registration: Registration) -> list[Invalid]:
    """Everything that is still missing for a submission, each with the field it belongs to; empty when complete."""
    profile, plan = profile_of(registration.plan.province), registration.plan
    data, files = contents_of(registration)
    gaps = []
    if registration.case.submitted_at is None and (missing := missing_fields(registration.person)):
        gaps.append(Invalid("profile", f"{PROFILE_FIRST}：还缺{'、'.join(missing)}。"))
    elif has_moved(registration):
        gaps.append(_moved(registration))
    if registration.occupation_id is None:
        gaps.append(Invalid("occupation", "请选择申报考评职业（工种）。"))
    elif registration.case.submitted_at is None and registration.occupation not in occupations_for(registration):
        gaps.append(Invalid("occupation", "所选职业不在评价机构的备案（含申报未备案）范围内，请重新选择。"))
    if registration.reviewer_id is None:
        gaps.append(Invalid("reviewer", "请选择初审单位；没有可选单位的，请联系所在单位开通账号。"))
    gaps += _find_certificate_gaps(data, files)
    if profile.asks_health(plan.grade) and data["registration"].get("health") is None:
        gaps.append(Invalid("health", "请填写健康声明。"))
    ticked = {each["key"] for each in data["registration"]["declarations"]}
    for key, declaration in profile.declarations_for(plan.grade).items():
        if key != TRUTHFUL and key not in ticked:
            gaps.append(Invalid("declarations", f"请阅读并勾选“{declaration.title}”。"))
    return gaps


def check_submittable(registration: Registration) -> None:
    """Raises what keeps the registration from being submitted now: time, organisation, gaps, conditions."""
    case, plan = registration.case, registration.plan
    check_time(registration)
    if case.state == State.DRAFT:
        if registration.person.organisation_id is not None and has_moved(registration):
            raise _moved(registration)
        check_not_barred(registration.person, registration.organisation, province=plan.province)
        check_organisation(plan, registration.organisation)
    gaps = find_gaps(registration)
    if gaps:
        raise gaps[0]
    if case.state == State.DRAFT:
        # Again, since a colleague's draft began without a region, and an unlocked one can have changed since.
        check_region(plan, registration.person)
    stopping = blocks(evaluate_registration(registration))
    if stopping:
        first = stopping[0]
        rule = f"{first.source}：{first.text}"
        raise Invalid("conditions", f"不符合申报条件，不能提交：{first.explanation}（依据：{rule}）")


def submit_registration(case: Case, *, actor: Actor, seen: int, declared: bool) -> Case:
    """Submit a draft, or resubmit after a correction; freezes the contents and starts with the first level.

    `declared`: the applicant has ticked that everything is true (R1.19). The chain is frozen at the first submission
    and kept for all later ones. Raises Invalid, NotAllowed or Stale as check_submittable() says.
    """
    with transaction():
        case, registration = _load(case, actor, seen)
        first = case.state == State.DRAFT
        action = Action.SUBMIT if first else Action.RESUBMIT
        transition = FLOW.find(action, seat=actor.seat, state=case.state)
        if not declared:
            raise Invalid("declared", "请勾选信息真实承诺后再提交。")
        check_submittable(registration)
        before, now = case.state, clock.now()
        registration.declared_at = now
        data, files = contents_of(registration)
        registration.results = pack_results(evaluate_registration(registration, (data, files)))
        registration.waivers, registration.confirmed_by_unit = [], None
        if not has_valid_stamp(registration):
            registration.stamped_version = 0
        if first:
            _freeze_chain(case, registration)
            changes = {"number": _receipt_number(case), "submitted_at": now, "organisation": registration.reviewer_id}
        else:
            changes = {}
            Correction.update(answered_at=now).where(
                Correction.case == case.id, Correction.withdrawn_at.is_null(), Correction.answered_at.is_null()
            ).execute()
        registration.save()
        _freeze(case, data, files)
        # The title is what reviewers look for: it follows a corrected name.
        changes["title"] = data["person"]["name"]
        index_name(case.id, changes["title"])
        bump(case, **changes)
        arrive(case, Step.get(Step.case == case.id, Step.position == 0))
        record(action, transition.label, actor=actor, case=case, before=before, after=case.state, data={
            "submission": last_submission(case).number, "declared": TRUTHFUL,
        })  # fmt: skip
        tell(
            user_of(case.person_id), f"报名已提交，报名编号{case.number}，{standing(case).label}。", kind="submitted",
            case=case, link=f"/applicant/registrations/{case.id}",
        )  # fmt: skip
    return case


def withdraw_registration(case: Case, *, actor: Actor, seen: int, note: str = "") -> Case:
    """Withdraw: the applicant until the unit has passed it, afterwards only the unit with a reason, and an approved
    one only until the class starts, without a strike (R3.43).

    Frees the person's place in the plan. Raises NotAllowed, Stale or Invalid("note").
    """
    if actor.seat == Seat.SYSTEM:
        raise NotAllowed("系统只在计划取消时终止报名，不能单独撤回。")
    with transaction():
        case = Case.get_by_id(case.id)
        if case.version != seen:
            raise Stale("这件报名已有变化，请刷新后查看最新情况。")
        transition = FLOW.find(Action.WITHDRAW, seat=actor.seat, state=case.state)
        first = Step.get_or_none(Step.case == case.id, Step.position == 0)
        if actor.seat == Seat.UNIT:
            if first is None or first.office_id != actor.office:
                raise NotAllowed("只有初审单位可以代为撤回。")
            if is_own_case(case, actor):
                raise NotAllowed("不能为本人代为撤回，请由单位其他工作人员办理。")
            if not note.strip():
                raise Invalid("note", "请填写撤回的理由，申请人会看到这段文字。")
            if case.state == State.APPROVED:
                check_may_leave(Registration.get_by_id(case.id))
        else:
            if actor.person != case.person_id:
                raise NotAllowed("只能撤回本人的报名。")
            if first is not None and first.outcome == Action.PASS:
                raise NotAllowed("单位已初审上报，本人不能撤回；如需撤回，请联系单位说明理由后代为撤回。")
        end_registration(case, "放弃填报" if case.state == State.DRAFT else transition.label, actor=actor, note=note)
        if actor.seat == Seat.UNIT:
            tell(
                user_of(case.person_id), f"您的报名（{case.number}）已由{actor.office_name}撤回。理由：{note}",
                kind="withdraw", case=case, link=f"/applicant/registrations/{case.id}",
            )  # fmt: skip
    return case


def close_for_cancelled_plan(plan: Plan, *, actor: Actor, reason: str) -> list[int]:
    """Withdraw whatever is still under way in a plan that is being cancelled; gives the accounts that were told.

    A move of the system: `actor` is who cancelled the plan, and the events name them. Call inside the transaction of
    the cancelling.
    """
    told = []
    mover = replace(actor, seat=Seat.SYSTEM)
    under_way = Case.select().where(Case.plan == plan.id, Case.kind == FLOW.name, Case.state.in_(UNDER_WAY))
    for case in list(under_way.order_by(Case.id)):
        transition = FLOW.find(Action.WITHDRAW, seat=mover.seat, state=case.state)
        end_registration(case, transition.label, actor=mover, note=reason)
        tell(
            user_of(case.person_id), f"您报名的“{plan.name or plan.batch_no}”：计划已取消，报名终止。理由：{reason}",
            kind="plan", case=case, link=f"/applicant/registrations/{case.id}",
        )  # fmt: skip
        told += user_of(case.person_id)
    return told


def end_registration(case: Case, label: str, *, actor: Actor, note: str = "", action: str = Action.WITHDRAW) -> None:
    """Withdrawn: out of every queue, nobody's claim, the person's place in the plan free; one event.

    The caller has checked who may (call inside a transaction). Raises Stale when the case moved meanwhile.
    """
    before = case.state
    Registration.update(live_key=None).where(Registration.case == case.id).execute()
    bump(case, state=State.WITHDRAWN, due_on=NO_DUE, paused_on=None, claimed_by=None, claimed_until=None)
    record(action, label, actor=actor, case=case, before=before, after=case.state, note=note)


def check_time(registration: Registration) -> None:
    """Raises NotAllowed when it is too late (or too early) to submit (R3.33, R3.44)."""
    if not is_late(registration, clock.now()):
        return
    if registration.case.state == State.DRAFT or registration.plan.state != PlanState.PUBLISHED:
        check_window(registration.plan, clock.now())
    raise NotAllowed("补正期限已过，不能提交；如需延长，请联系退回的单位。")


def _load(case: Case, actor: Actor, seen: int) -> tuple[Case, Registration]:
    case = Case.get_by_id(case.id)
    if actor.seat != Seat.APPLICANT or actor.person != case.person_id:
        raise NotAllowed("只能填写本人的报名。")
    if case.version != seen:
        raise Stale("这份报名已在别处修改或已提交，请刷新页面后再填写。")
    registration = Registration.get_by_id(case.id)
    registration.case = case
    return case, registration


def _moved(registration: Registration) -> Invalid:
    before, now = registration.organisation.name, registration.person.organisation.name
    return Invalid(
        "organisation", f"您的评价机构已由“{before}”变更为“{now}”，这份草稿仍属原机构，不能提交；请放弃填报后重新报名。"
    )


def _find_certificate_gaps(data: Mapping, files: Mapping) -> list[Invalid]:
    """Certificate information is complete always (R3.04); one material of any kind unless confirmed (R3.07)."""
    if not data["qualifications"]:
        return [Invalid("qualifications", "请填写证书相关信息并上传证书材料。")]
    gaps = []
    for row in data["qualifications"]:
        name = f"“{row['occupation']['label']}{row['kind']}”"
        by_grade = row["kind"] in ("专业技术职务", EXAMINER_CARD)
        wanted = {
            "等级": row["grade"] if by_grade else row["level_number"], "证书编号": row["number"],
            "发证机构": row["issuer"], "发证日期": row["issued_on"],
        }  # fmt: skip
        missing = [label for label, value in wanted.items() if not value]
        if missing:
            gaps.append(Invalid("qualifications", f"{name}的证书信息不完整，请补充{'、'.join(missing)}。"))
        if row["confirmed_by"]:
            continue
        if not files.get(f"qualification.{row['id']}.scan"):
            gaps.append(Invalid("qualifications", f"请上传{name}的证书材料，各种证明材料任选一种即可。"))
        elif not row["material_kind"]:
            gaps.append(Invalid("qualifications", f"请选择{name}所上传证明材料的种类。"))
    return gaps


def _freeze_chain(case: Case, registration: Registration) -> None:
    for position, (seat, office) in enumerate(chain_offices(registration)):
        Step.create(case=case.id, position=position, seat=seat, office=office)


def _freeze(case: Case, data: dict, files: dict) -> Submission:
    last = last_submission(case)
    return Submission.create(
        case=case.id, number=last.number + 1 if last else 1, data=data, files=files,
        sha256=digest({"data": data, "files": files}), at=clock.now(),
    )  # fmt: skip


def _receipt_number(case: Case) -> str:
    """Province digits, year and a serial: 342022000001."""
    prefix = f"{profile_of(case.province).code[:2]}{clock.today().year}"
    return f"{prefix}{next_number(f'receipt:{prefix}'):06d}"


def set_group_joined(case: Case, *, actor: Actor) -> None:
    """The participant confirms having joined the plan's work group (川人社职鉴〔2022〕21号 六（一）)."""
    with transaction():
        case = Case.get_by_id(case.id)
        if actor.seat != Seat.APPLICANT or actor.person != case.person_id:
            raise NotAllowed("只能确认本人的情况。")
        changed = (
            Registration.update(group_joined_at=clock.now())
            .where(Registration.case == case.id, Registration.group_joined_at.is_null())
            .execute()
        )
        if changed:
            record("group", "已加入工作群（本人确认）", actor=actor, case=case)

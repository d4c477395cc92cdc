"""What happens to plans: drafting with blanks, publishing, changing what is out, cancelling and finishing."""

import re
from collections.abc import Collection, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from peewee import IntegrityError

from portal import clock
from portal.actions.deadlines import move_to_plan_dates
from portal.actions.events import record, tell
from portal.actions.exams import extend_running
from portal.actions.modules import seed_modules
from portal.actions.numbers import next_number
from portal.actions.participants import settle_assessments
from portal.actions.registrations import close_for_cancelled_plan
from portal.actions.study import settle_plan
from portal.actions.unfinished import close_class
from portal.database import transaction
from portal.models import Case, Person, Plan, Registration
from portal.models.jurisdictions import profile_of
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.exam import check_paper
from portal.rules.flows.plan import PlanState, Window
from portal.rules.flows.registration import State
from portal.rules.plan_changes import FIELD_LABELS, judge_changes, label_changes
from portal.rules.plan_dates import PlanDates, find_disorder
from portal.rules.profile import PLAN_NUMBERS, Profile
from portal.rules.typed_text import squeeze
from portal.rules.workflow import IN_REVIEW, Actor, Seat

KIND_LABELS = {"training": "培训班", "renewal": "复核换证"}
KIND_CODES = {"training": "PX", "renewal": "HZ"}
MODE_LABELS = {"online": "线上培训、线上考核", "mixed": "在线学习、考核结合线下培训、考核"}
ASSESSMENT_LABELS = {"online": "线上考核", "offline": "线下考核"}
EXAM_PLACES = {"portal": "在本平台进行", "outside": "在指定的考试平台进行"}
CATEGORY_LABELS = {
    "central_branch": "中央驻省分支机构",
    "provincial_industry": "省级行业评价组织",
    "local": "市县评价机构",
}
ORG_STATE_LABELS = {"filed": "已备案", "submitted": "已提交备案资料（拟备案）"}
AUDIENCES = {"liaisons": "评价机构联系人", "applicants": "报名人员"}


def create_plan(*, actor: Actor, grade: str, kind: str = "training", copy_of: Plan | None = None) -> Plan:
    """A new draft with a proposed batch number, filled from the province's profile or from an earlier plan.

    A copy takes no dates along. Raises NotAllowed unless the actor's body owns plans, Invalid for an unknown grade.
    """
    profile = _check_body(actor)
    if kind not in KIND_LABELS:
        raise Invalid("kind", "请选择计划类型。")
    try:
        grade = copy_of.grade if copy_of else profile.grade(grade) and str(grade)
    except ValueError:
        raise Invalid("grade", "请选择考评员或高级考评员。") from None
    values = _copy_values(copy_of) if copy_of else fill_from_profile(profile, grade, kind)
    with transaction():
        plan = Plan.create(
            **values, grade=grade, office=actor.office, province=profile.key, created_at=clock.now(),
            batch_no=_draw_batch_no(profile, values["kind"]),
        )  # fmt: skip
        seed_modules(plan, copy_of=copy_of)
        note = f"复制自{copy_of.batch_no or copy_of.name}" if copy_of else ""
        record("create", "新建计划", actor=actor, subject=f"plan:{plan.id}", after=PlanState.DRAFT, note=note)
        return plan


def update_plan(plan: Plan, *, values: dict[str, Any], actor: Actor, seen: int, reason: str = "") -> Plan:
    """Save typed values (keys of FIELD_LABELS); everything may be blank in a draft (R2.11).

    A published plan takes only changes that harm nobody (`rules.plan_changes`); those beyond contacts, links and
    filled-in blanks need a reason, and everybody registered is told. A level's later review date moves the deadlines
    that run there. Raises Invalid, Stale or NotAllowed.
    """
    unknown = values.keys() - FIELD_LABELS.keys()
    if unknown:
        raise ValueError(f"no plan fields: {sorted(unknown)}")
    with transaction():
        plan = _open_for_change(plan, actor, seen)
        before = {name: getattr(plan, name) for name in FIELD_LABELS}
        after = _clean_values({**before, **values}, profile_of(plan.province))
        _check_dates(after, profile_of(plan.province))
        changes = label_changes(before, after)
        if plan.state == PlanState.PUBLISHED:
            _check_complete(after)
            weighty = judge_changes(
                before, after, has_begun=_has_begun(plan), has_registrations=_registered(plan).exists()
            )
            if weighty and not reason.strip():
                named = "、".join(FIELD_LABELS[name] for name in weighty)
                raise Invalid("reason", f"计划已发布，修改{named}请填写理由，报名人员会收到通知。")
            if weighty:
                _tell_registered(plan, f"修改了{'、'.join(FIELD_LABELS[name] for name in weighty)}。理由：{reason}")
        if not changes:
            return plan
        _write(plan, **after)
        record(
            "update", "修改计划", actor=actor, subject=f"plan:{plan.id}", before=plan.state, after=plan.state,
            note=reason, data={"changes": changes},
        )  # fmt: skip
        plan = Plan.get_by_id(plan.id)
        if "review_by" in changes:
            move_to_plan_dates(plan, actor=actor)
        extend_running(plan)
        if plan.state == PlanState.PUBLISHED and {"minutes", "class_hours"} & changes.keys():
            settle_plan(plan)
        if plan.state == PlanState.PUBLISHED and "assessments" in changes:
            settle_assessments(plan)
        return plan


def find_blanks(plan: Plan) -> list[tuple[str, str]]:
    """What publication would refuse, as (field, sentence); dates may stay blank (R2.11), then nobody can enrol yet."""
    values = {name: getattr(plan, name) for name in FIELD_LABELS}
    return list(_list_blanks(values))


def publish_plan(plan: Plan, *, actor: Actor, seen: int) -> Plan:
    """Let everybody see the plan; registration then opens and closes by its dates (R2.34).

    Raises Invalid for a missing name or number, or a study time, pass mark or number of attempts not entered (R2.26).
    """
    with transaction():
        plan = _open_for_change(plan, actor, seen)
        if plan.state != PlanState.DRAFT:
            raise Stale("这个计划已经发布。")
        values = {name: getattr(plan, name) for name in FIELD_LABELS}
        _check_complete(values)
        _check_dates(values, profile_of(plan.province))
        _write(plan, state=PlanState.PUBLISHED, published_at=clock.now())
        record(
            "publish", "发布计划", actor=actor, subject=f"plan:{plan.id}", before=PlanState.DRAFT,
            after=PlanState.PUBLISHED, data={"values": {n: v for n, (_, v) in label_changes(_EMPTY, values).items()}},
        )  # fmt: skip
        return Plan.get_by_id(plan.id)


def cancel_plan(plan: Plan, *, actor: Actor, seen: int, reason: str) -> Plan:
    """Cancel a plan from any state before its end; everybody registered is told why, and what is still under way in it
    ends with it (appendix D8)."""
    if not reason.strip():
        raise Invalid("reason", "请填写取消的理由，报名人员会收到通知。")
    with transaction():
        plan = _open_for_change(plan, actor, seen)
        before = plan.state
        _write(plan, state=PlanState.CANCELLED, closed_at=clock.now())
        record(
            "cancel", "取消计划", actor=actor, subject=f"plan:{plan.id}", before=before, after=PlanState.CANCELLED,
            note=reason,
        )  # fmt: skip
        told = close_for_cancelled_plan(plan, actor=actor, reason=reason)
        _tell_registered(plan, f"计划已取消。理由：{reason}", besides=told)
        return Plan.get_by_id(plan.id)


def finish_plan(plan: Plan, *, actor: Actor, seen: int) -> Plan:
    """Close a published plan for good; refused while its registrations are still under review or an exam runs.

    Whoever has something left to do ends with it: failed, or on the list for a decision, which may stay open (R4.16).
    """
    with transaction():
        plan = _open_for_change(plan, actor, seen)
        if plan.state != PlanState.PUBLISHED:
            raise Stale("只有已发布的计划可以办结。")
        if not plan.window.is_complete() or clock.now() < plan.window.closes_at:
            raise NotAllowed("报名尚未截止，不能办结；如不再举办，请取消计划。")
        waiting = Case.select().where(Case.plan == plan.id, Case.state.in_([IN_REVIEW, State.RETURNED])).count()
        if waiting:
            raise NotAllowed(f"还有{waiting}件报名没有办完，请办完后再办结计划。")
        _write(plan, state=PlanState.FINISHED, closed_at=clock.now())
        record(
            "finish", "办结计划", actor=actor, subject=f"plan:{plan.id}", before=PlanState.PUBLISHED,
            after=PlanState.FINISHED,
        )  # fmt: skip
        close_class(plan, actor=actor)
        return Plan.get_by_id(plan.id)


def delete_draft(plan: Plan, *, actor: Actor, seen: int) -> None:
    """Throw a draft away that nobody else has seen; a notice written for it keeps it."""
    with transaction():
        plan = _open_for_change(plan, actor, seen)
        if plan.state != PlanState.DRAFT:
            raise NotAllowed("已发布的计划不能删除，可以取消。")
        try:
            with transaction():
                Plan.delete().where(Plan.id == plan.id).execute()
        except IntegrityError:
            raise NotAllowed("已有通知引用这个计划，请先删除该通知。") from None
        record("delete", "删除计划草稿", actor=actor, subject=f"plan:{plan.id}", note=plan.batch_no or plan.name)


def fill_from_profile(profile: Profile, grade: str, kind: str = "training") -> dict[str, Any]:
    """The values that the province's profile proposes for a new plan of this grade; what it leaves open stays blank."""
    settings, training = profile.grade(grade), profile.training
    what = "培训班" if kind == "training" else "复核换证"
    states = [state for state in profile.registration.organisation_states if state in ORG_STATE_LABELS]
    bodies = "、".join(ORG_STATE_LABELS[state] for state in states)
    return {
        "kind": kind,
        "name": f"{clock.today().year}年技能人才评价{settings.name}{what}",
        "audience": f"{bodies}的职业技能等级认定机构推荐，符合{settings.name}申报条件，"
        "拟从事技能人才评价考评工作的人员。",
        "org_states": states,
        "classes": [str(number) for number in profile.occupation_classes(grade)],
        "edition": profile.occupations.edition,
        "occupations_from_filing": profile.occupations.from_filing,
        "mode": training.mode,
        "contents": list(training.contents),
        "minutes": training.minutes if kind == "training" else None,
        "pass_mark": training.pass_mark,
        "attempts": training.attempts,
        "assessments": list(training.assessments) if kind == "training" else [],
        "exam_minutes": training.exam_minutes,
        "paper": [{"kind": part.kind, "count": part.count, "points": str(part.points)} for part in training.paper],
        "conditions_text": "\n".join(
            f"（{_chinese(number)}）{rule.text}" for number, rule in enumerate(settings.conditions, 1)
        ),
        "credential_text": _describe_credential(profile, grade),
        "groups": [
            {"number": "", "name": group.label, "audience": group.audience} for group in profile.groups
        ],
        "require_stamped_form": profile.registration.require_stamped_form,
    }  # fmt: skip


def groups_for(plan: Plan, audience: set[str]) -> list[dict]:
    """The plan's work groups that somebody of these audiences (keys of AUDIENCES) may join (R1.28)."""
    return [group for group in plan.groups if group.get("number") and group.get("audience") in audience]


_EMPTY = dict.fromkeys(FIELD_LABELS)
_DATES = (
    "opens_on", "opens_time", "closes_on", "closes_time", "study_from", "study_to", "training_from", "training_to",
    "exam_starts_at", "exam_ends_at",
)  # fmt: skip


def _copy_values(plan: Plan) -> dict[str, Any]:
    left_out = {*_DATES, "review_by", "batch_no", "grade"}
    return {name: getattr(plan, name) for name in FIELD_LABELS if name not in left_out}


def _draw_batch_no(profile: Profile, kind: str) -> str:
    """Region-year-kind-serial, skipping what somebody typed by hand (R2.04)."""
    head = f"{profile.code[:2]}-{clock.today().year}-{KIND_CODES[kind]}"
    while True:
        number = f"{head}-{next_number(f'plan:{head}'):03}"
        if not Plan.select().where(Plan.batch_no == number).exists():
            return number


def _describe_credential(profile: Profile, grade: str) -> str:
    name, credential = profile.grade(grade).name, profile.credential
    title = credential.title.format(grade=name)
    if credential.kind == "e_certificate":
        return f"培训课程结束后组织{name}资格考试，合格者颁发{title}，可自行下载打印。"
    text = f"考核合格由{credential.issuer}统一颁发相应职业（工种）{title}"
    text += f"（证卡有效期为{_chinese(credential.years)}年）。" if credential.years else "。"
    if credential.claim_working_days:
        text += f"证卡发放起{credential.claim_working_days}个工作日内不主动领取者，视为自动放弃，证卡作废。"
    if credential.bar_after_unclaimed == 2:
        text += "连续两次不领取，永久取消其申报资格。"
    return text


def _check_body(actor: Actor) -> Profile:
    """The profile of the actor's province, if the actor's seat owns plans there."""
    if actor.province is None or actor.office is None:
        raise NotAllowed("只有省级鉴定中心可以管理计划。")
    profile = profile_of(actor.province)
    if actor.seat != profile.owners.plans:
        raise NotAllowed(f"只有{profile.wording.centre}可以管理计划。")
    return profile


def _open_for_change(plan: Plan, actor: Actor, seen: int) -> Plan:
    _check_body(actor)
    plan = Plan.get_by_id(plan.id)
    if plan.office_id != actor.office:
        raise NotAllowed("这个计划不属于您的单位。")
    if plan.version != seen:
        raise Stale("这个计划刚刚被其他人修改过，请核对最新内容后再操作。")
    if plan.state in (PlanState.CANCELLED, PlanState.FINISHED):
        raise Stale("这个计划已经取消或办结，不能再修改。")
    return plan


def _clean_values(values: dict[str, Any], profile: Profile) -> dict[str, Any]:
    """Shape and meaning of each value; raises Invalid on the field."""
    values = dict(values)
    values["name"] = " ".join(values["name"].split())
    values["batch_no"] = squeeze(values["batch_no"] or "") or None
    if values["kind"] == "renewal":
        values["minutes"] = values["minutes"] or None  # 0: no study demanded
    if values["kind"] not in KIND_LABELS:
        raise Invalid("kind", "请选择计划类型。")
    if values["mode"] not in MODE_LABELS:
        raise Invalid("mode", "请选择培训形式。")
    try:
        profile.grade(values["grade"])
    except ValueError:
        raise Invalid("grade", "请选择考评员或高级考评员。") from None
    for name, lowest, highest in (("minutes", 1, 100_000), ("class_hours", 1, 1000), ("attempts", 1, 20),
                                  ("registrations_per_person", 1, 20), ("pass_mark", 1, 100),
                                  ("exam_minutes", 5, 600), ("late_minutes", 0, 600)):  # fmt: skip
        value = values[name]
        if value is not None and not lowest <= value <= highest:
            raise Invalid(name, f"{FIELD_LABELS[name]}应在{lowest}至{highest}之间。")
    if values["registrations_per_person"] is None:
        raise Invalid("registrations_per_person", "请填写每人可报名数。")
    if values["pass_mark"] is not None:
        values["pass_mark"] = Decimal(str(values["pass_mark"]))
    if values["exam_place"] not in EXAM_PLACES:
        raise Invalid("exam_place", "请选择线上考核在哪里进行。")
    values["paper"] = check_paper(values["paper"])
    for seat in values["review_by"]:
        if seat not in profile.seats:
            raise Invalid("review_by", "审核截止日只能为本省的审核层级设置。")
    for name in ("contents", "assessments", "classes", "regions", "audience_kinds", "org_states"):
        values[name] = list(dict.fromkeys(values[name]))
    for name, href in values["links"].items():
        if href and not re.fullmatch(r"https?://[^\s<>\"']{1,300}", href):
            raise Invalid(f"link_{name}", "网址请以 http:// 或 https:// 开头，中间不能有空格。")
    if values["mode"] == "online" and "offline" in values["assessments"]:
        raise Invalid("assessments", "培训形式为线上时，不能设置线下考核。")
    return values


def _check_dates(values: dict[str, Any], profile: Profile) -> None:
    order = [seat for seat in Seat if seat in profile.seats and values["review_by"].get(seat)]
    dates = PlanDates(
        window=Window(values["opens_on"], values["closes_on"], values["closes_time"], values["opens_time"]),
        review_by=[(profile.level_name(seat), date.fromisoformat(values["review_by"][seat])) for seat in order],
        study=(values["study_from"], values["study_to"]),
        training=(values["training_from"], values["training_to"]),
        exam=(values["exam_starts_at"], values["exam_ends_at"]),
    )
    for name, sentence in find_disorder(dates):
        raise Invalid(name, sentence)


def _list_blanks(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if not values["name"]:
        yield "name", "请填写计划名称。"
    if not values["batch_no"]:
        yield "batch_no", "请填写批次号。"
    for name, label in PLAN_NUMBERS.items():
        if values[name] is None and name not in _optional_numbers(values):
            yield name, f"请填写{label}，系统不会代为设定。"


def _optional_numbers(values: dict[str, Any]) -> set[str]:
    """The numbers that may stay blank: minutes where the study is measured in class hours (川人社职鉴〔2022〕21号 五);
    in a renewal the study, and what an assessment needs where there is none (R6.24)."""
    if values["kind"] == "renewal":
        return {"minutes"} if values["assessments"] else set(PLAN_NUMBERS)
    return {"minutes"} if values["class_hours"] else set()


def _check_complete(values: dict[str, Any]) -> None:
    for name, sentence in _list_blanks(values):
        raise Invalid(name, sentence)


def _write(plan: Plan, **changes) -> None:
    try:
        with transaction():
            changed = (
                Plan.update(version=plan.version + 1, **changes)
                .where(Plan.id == plan.id, Plan.version == plan.version)
                .execute()
            )
    except IntegrityError:
        raise Invalid("batch_no", f"批次号“{changes['batch_no']}”已被其他计划使用，请换一个。") from None
    if not changed:
        raise Stale("这个计划刚刚被其他人修改过，请核对最新内容后再操作。")


def _has_begun(plan: Plan) -> bool:
    return plan.window.is_complete() and clock.now() >= plan.window.opens_at


def _registered(plan: Plan):
    """Accounts of everybody with a registration that is neither withdrawn nor rejected."""
    return (
        Person.select(Person.user)
        .join(Registration, on=(Registration.person == Person.id))
        .join(Case, on=(Registration.case == Case.id))
        .where(Case.plan == plan.id, Case.state.not_in([State.WITHDRAWN, State.REJECTED]))
    )


def _tell_registered(plan: Plan, what: str, *, besides: Collection[int] = ()) -> None:
    """One message to each account registered, but none to those who have been told already."""
    users = [user for (user,) in _registered(plan).where(Person.user.is_null(False)).tuples() if user not in besides]
    tell(users, f"您报名的“{plan.name or plan.batch_no}”：{what}", kind="plan", link=f"/plans/{plan.id}")


def _chinese(number: int) -> str:
    return "零一二三四五六七八九十"[number] if number <= 10 else f"十{'一二三四五六七八九'[number - 11]}"

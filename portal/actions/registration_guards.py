"""Who may register for a plan, for which occupations, through which offices: the refusals, each with what to do."""

from datetime import datetime

from portal import clock
from portal.actions.bars import check_not_barred
from portal.actions.people import missing_fields
from portal.actions.renewals import check_renewal, renewable_occupations
from portal.models import Filing, Occupation, Office, Organisation, Person, Plan, Region, Registration, ScopeLine
from portal.models.jurisdictions import profile_of
from portal.rules.errors import NotAllowed
from portal.rules.flows.plan import PHASE_LABELS, Phase
from portal.rules.workflow import Seat

# 安徽省职业技能鉴定中心 2021年7月 附件2 二(一)1: the words are prescribed (R1.05).
PROFILE_FIRST = "先维护个人信息，后报名考试"
FILING_LABELS = {
    "draft": "草稿",
    "submitted": "已提交备案资料",
    "filed": "已备案",
    "rejected": "未通过备案",
    "exited": "已退出",
}
CATEGORY_LABELS = {
    "central_branch": "央企驻地分支机构",
    "provincial_industry": "省级行业评价组织",
    "local": "地方评价机构",
}


def check_may_register(plan: Plan, person: Person, moment: datetime) -> None:
    """Raises NotAllowed with the first thing that keeps this person from registering for the plan now."""
    if missing_fields(person):
        raise NotAllowed(PROFILE_FIRST)
    check_region(plan, person)
    check_renewal(plan, person)
    check_window(plan, moment)
    check_not_barred(person, person.organisation, province=plan.province)
    check_organisation(plan, person.organisation)
    check_room(plan, person)


def why_not(plan: Plan, person: Person) -> str:
    """What keeps this person from registering now, in a sentence; '' when nothing does (R2.05)."""
    try:
        check_may_register(plan, person, clock.now())
    except NotAllowed as refusal:
        return refusal.message
    return ""


def check_region(plan: Plan, person: Person) -> None:
    """Raises NotAllowed when the person's exam region is not one of the plan's (R1.09, R2.35)."""
    contact = profile_of(person.province).region_rules.lock_contact
    advice = f"报考区域填写有误的，请联系技术人员修改：{contact}。"
    if not profile_of(person.province).region_rules.locked:
        advice = "报考区域填写有误的，请在“个人信息”中修改。"
    region = person.exam_region
    if person.province != plan.province or region is None:
        raise NotAllowed(f"本计划只面向{profile_of(plan.province).name}的报名人员。{advice}")
    if plan.regions and region.code not in plan.regions:
        names = [name for (name,) in Region.select(Region.name).where(Region.code.in_(plan.regions)).tuples()]
        raise NotAllowed(f"本计划的报考区域为{'、'.join(names)}，您的报考区域为{region.name}，不能报名。{advice}")


def check_window(plan: Plan, moment: datetime) -> None:
    """Raises NotAllowed outside of the registration window (R2.08)."""
    phase = plan.phase(moment)
    if phase == Phase.OPEN:
        return
    if phase == Phase.PUBLISHED and plan.opens_on:
        raise NotAllowed(f"报名尚未开始，报名时间为{plan.opens_on:%Y-%m-%d}起，请届时再来。")
    if phase == Phase.PUBLISHED:
        raise NotAllowed("报名时间尚未公布，请留意通知。")
    raise NotAllowed(f"当前计划{PHASE_LABELS[phase]}，不能报名。")


def check_organisation(plan: Plan, organisation: Organisation) -> None:
    """Raises NotAllowed when the organisation's filing or kind is not what the plan demands (R1.15, R2.18)."""
    if not organisation.active:
        raise NotAllowed(f"{organisation.name}已停用，暂不接收其人员报名，请联系所在单位。")
    if not counting_filings(plan, organisation).exists():
        filings = Filing.select(Filing.state).where(Filing.organisation == organisation)
        newest = filings.order_by(Filing.id.desc()).scalar()
        state = FILING_LABELS.get(newest, "未申请备案") if newest else "未申请备案"
        raise NotAllowed(
            f"暂不接收其它单位人员报名：{organisation.name}的备案状态为“{state}”，"
            f"只有{_states_words(plan)}的评价机构的人员可以报名。"
        )
    if plan.audience_kinds and organisation.category not in plan.audience_kinds:
        wanted = "、".join(CATEGORY_LABELS.get(kind, kind) for kind in plan.audience_kinds)
        raise NotAllowed(f"本计划的报名对象为{wanted}推荐的人员，{organisation.name}不在其中。")


def has_moved(registration: Registration) -> bool:
    """Whether the person's organisation has changed since a draft was opened: it would go to the unit they have left.

    What was submitted once stays with the chain that was frozen then.
    """
    if registration.case.submitted_at is not None:
        return False
    return registration.organisation_id != registration.person.organisation_id


def check_room(plan: Plan, person: Person) -> None:
    """Raises NotAllowed when the person already has as many live registrations as the plan allows (R3.09, R3.45)."""
    live = live_registrations(plan, person)
    if any(row.occupation_id is None for row in live) and plan.registrations_per_person > 1:
        raise NotAllowed("您在本计划中有一件报名尚未选择职业，请先在“我的报名”中把它填写完。")
    if len(live) >= plan.registrations_per_person:
        raise NotAllowed("您已报名本计划，不能重复报名，请在“我的报名”中查看。")


def live_registrations(plan: Plan, person: Person) -> list[Registration]:
    """The person's registrations in the plan that are neither withdrawn nor rejected."""
    return list(
        Registration.select().where(
            Registration.plan == plan.id, Registration.person == person.id, Registration.live_key.is_null(False)
        )
    )


def counting_filings(plan: Plan, organisation: Organisation):
    """The organisation's filings the plan accepts today: filed and in force, or submitted; never drafts (R2.17)."""
    states = set(plan.org_states) - {"draft"}
    today = clock.today()
    in_force = Filing.ends_on.is_null() | (Filing.ends_on >= today)
    return Filing.select().where(
        Filing.organisation == organisation, Filing.state.in_(list(states)), (Filing.state != "filed") | in_force
    )


def offered_occupations(plan: Plan, organisation: Organisation) -> list[Occupation]:
    """The occupations that people of the organisation may apply for: its filed or applied-for ones (R2.19–R2.21)."""
    wanted = Occupation.select().where(Occupation.active)
    classes = plan.classes or profile_of(plan.province).occupation_classes(plan.grade)
    if classes:
        wanted = wanted.where(Occupation.klass.in_([str(klass) for klass in classes]))
    if plan.occupations_from_filing:
        today = clock.today()
        lines = ScopeLine.select(ScopeLine.occupation).where(
            ScopeLine.filing.in_(counting_filings(plan, organisation).select(Filing.id)),
            ScopeLine.ends_on.is_null() | (ScopeLine.ends_on >= today),
        )
        wanted = wanted.where(Occupation.id.in_(lines))
    else:
        wanted = wanted.where(Occupation.edition == plan.edition)
    return list(wanted.order_by(Occupation.code, Occupation.job))


def occupations_for(registration: Registration) -> list[Occupation]:
    """The occupations on offer for a registration: those of its reviewing unit, or of the evaluation organisation
    when that unit has no filing of its own (R0.03: the association recommends with its own filed occupations).

    A renewal is for what the person holds."""
    held = renewable_occupations(registration)
    for organisation in (registration.reviewer, registration.organisation):
        if organisation is not None:
            offered = offered_occupations(registration.plan, organisation)
            if offered:
                return [each for each in offered if held is None or each.id in held]
    return []


def reviewer_choices(registration: Registration) -> list[tuple[Organisation, str]]:
    """Who can do the first review, with its role in words: 推荐单位, or also 所在单位 where the province lets choose.

    Only units with an office can review (R3.26).
    """
    profile = profile_of(registration.plan.province)
    choices = [(registration.organisation, "推荐单位")]
    if profile.registration.first_reviewer == "employer_or_recommender":
        name = registration.employer_name or registration.person.employer_name
        employer = Organisation.get_or_none(Organisation.name == name) if name else registration.person.employer
        if employer is not None and employer.id == registration.organisation_id:
            choices = [(employer, "所在单位")]
        elif employer is not None and employer.province == registration.plan.province:
            choices.append((employer, "所在单位"))
    offices = Office.select(Office.organisation).where(Office.active, Office.level == "unit")
    reviewing = {organisation for (organisation,) in offices.tuples()}
    return [(organisation, role) for organisation, role in choices if organisation.id in reviewing]


def chain_offices(registration: Registration) -> list[tuple[Seat, Office]]:
    """The seats and offices that review this registration, first to last, by the unit kind of the first reviewer.

    Units affiliated to the province skip the city (R0.20, R3.28). Raises NotAllowed when an office does not exist yet.
    """
    plan, unit = registration.plan, registration.reviewer
    chain = []
    for seat in profile_of(plan.province).chain(unit.unit_kind):
        office = _office_for(seat, unit, plan)
        if office is None:
            level = profile_of(plan.province).level_name(seat)
            raise NotAllowed(f"{unit.name}所属的{level}尚未在系统中设立，不能提交，请联系技术人员。")
        chain.append((seat, office))
    return chain


def _office_for(seat: Seat, unit: Organisation, plan: Plan) -> Office | None:
    if seat == Seat.UNIT:
        return Office.get_or_none(Office.organisation == unit, Office.active)
    if seat == Seat.PROVINCE_CENTRE:
        return plan.office
    level, body = {
        Seat.COUNTY: ("county", None),
        Seat.CITY_CENTRE: ("city", "centre"),
        Seat.CITY_BUREAU: ("city", "department"),
        Seat.DEPARTMENT: ("province", "department"),
    }[seat]
    offices = Office.select().where(Office.province == plan.province, Office.level == level, Office.active)
    if body:
        offices = offices.where(Office.body == body)
    if seat != Seat.DEPARTMENT:
        region = _region_at(unit.region, level)
        if region is None:
            return None
        offices = offices.where(Office.region == region)
    return offices.order_by(Office.id).first()


def _region_at(region: Region | None, level: str) -> Region | None:
    while region is not None and region.level != level:
        region = region.parent
    return region


def _states_words(plan: Plan) -> str:
    words = {"filed": "已备案", "submitted": "已提交备案资料"}
    return "或".join(dict.fromkeys(words[state] for state in plan.org_states if state in words))

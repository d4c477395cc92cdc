"""Factories: plain functions that put one row (and what it needs) into the test database, with invented people."""

import secrets
from datetime import date, timedelta
from itertools import count

from portal import clock
from portal.models import (
    Filing,
    Grant,
    LoginSession,
    Membership,
    Occupation,
    Office,
    Organisation,
    Person,
    Plan,
    Reason,
    Region,
    ScopeLine,
    User,
)
from portal.models.jurisdictions import profile_of
from portal.rules import invented
from portal.rules.flows.plan import PlanState
from portal.rules.workflow import Actor, Seat

ANHUI, SICHUAN = "anhui", "sichuan"
_numbers = count(1)


def reset() -> None:
    """Start counting anew, so that each test sees the same invented people."""
    global _numbers
    _numbers = count(1)


def make_region(name: str, *, province: str = SICHUAN, level: str = "city", parent: Region | None = None) -> Region:
    """A region by name, with the codes of the province's profile where it is listed there; made once."""
    found = Region.get_or_none(Region.name == name, Region.province == province)
    if found:
        return found
    listed = next((r for r in profile_of(province).regions if r.name == name), None)
    code = listed.code if listed and listed.code else f"{profile_of(province).code}{next(_numbers):02d}"
    if listed and listed.kind == "province":
        level = "direct"
    filing_code = listed.filing_code if listed else None
    return Region.create(code=code, name=name, level=level, parent=parent, filing_code=filing_code, province=province)


def make_organisation(
    name: str | None = None,
    *,
    province: str = SICHUAN,
    region: Region | str = "成都市",
    unit_kind: str = "city",
    filed: str | None = "filed",
    occupations=(),
    category: str = "local",
    **kw,
) -> Organisation:
    """An organisation with its own office; `filed` gives it a filing in that state, with the occupations as scope."""
    region = make_region(region, province=province) if isinstance(region, str) else region
    organisation = Organisation.create(
        name=name or f"云帆技能评价有限公司{next(_numbers)}",
        usci=kw.pop("usci", None),
        kind=kw.pop("kind", "social"),
        category=category,
        unit_kind=unit_kind,
        region=region,
        province=province,
        **kw,
    )
    make_office(organisation=organisation)
    if filed:
        filing = Filing.create(organisation=organisation, state=filed, submitted_on=date(2022, 1, 10))
        for occupation in occupations:
            ScopeLine.create(filing=filing, occupation=occupation, levels=occupation.levels)
    return organisation


def make_member(association: Organisation, name: str | None = None, **kw) -> Organisation:
    """A member unit of an association, without a filing of its own."""
    member = make_organisation(name, province=association.province, region=association.region, filed=None, **kw)
    Membership.create(association=association, member=member)
    return member


def make_office(
    *,
    organisation: Organisation | None = None,
    level: str = "unit",
    body: str = "unit",
    province: str = SICHUAN,
    region: Region | str | None = None,
    name: str | None = None,
    **kw,
) -> Office:
    """The office of an organisation, or a centre or department of a city or the province."""
    if organisation is not None:
        found = Office.get_or_none(Office.organisation == organisation)
        return found or Office.create(
            name=organisation.name, level="unit", body="unit", region=organisation.region, organisation=organisation,
            province=organisation.province,
        )  # fmt: skip
    if isinstance(region, str):
        region = make_region(region, province=province)
    if name is None:
        where = region.name if region else profile_of(province).name
        name = f"{where}{'职业技能鉴定中心' if body == 'centre' else '人力资源和社会保障部门'}"
    return Office.create(name=name, level=level, body=body, region=region, province=province, **kw)


def make_province_centre(province: str = SICHUAN) -> Office:
    """The provincial centre of a profile; made once."""
    found = Office.get_or_none(Office.province == province, Office.level == "province", Office.body == "centre")
    return found or make_office(
        level="province", body="centre", province=province, name=profile_of(province).wording.centre,
        notice_word=profile_of(province).wording.notice_word or "",
    )  # fmt: skip


def make_city_centre(region: str = "成都市", province: str = SICHUAN) -> Office:
    """The centre of a city; made once."""
    where = make_region(region, province=province)
    found = Office.get_or_none(Office.region == where, Office.level == "city", Office.body == "centre")
    return found or make_office(level="city", body="centre", province=province, region=where)


def make_occupation(code: str = "4-12-01-01", name: str = "汽车维修工", job: str = "", **kw) -> Occupation:
    """An occupation of the 2015 edition; made once."""
    edition = kw.pop("edition", "2015")
    found = Occupation.get_or_none(Occupation.edition == edition, Occupation.code == code, Occupation.job == job)
    return found or Occupation.create(
        edition=edition, code=code, name=name, job=job, klass=code[0], in_2015=True, has_standard=True, **kw
    )


def make_user(name: str | None = None, login: str | None = None, **kw) -> User:
    """An account; its password is never used by tests that sign in directly."""
    number = next(_numbers)
    return User.create(
        login=login or f"user{number}",
        name=name or invented.make_person(number, seed="user").name,
        password_hash=kw.pop("password_hash", "!"),
        created_at=clock.now(),
        password_set_at=clock.now(),
        **kw,
    )


def make_grant(seat: Seat | str, office: Office | None = None, user: User | None = None, **kw) -> Grant:
    """A seat at an office for a (new) account."""
    return Grant.create(user=user or make_user(), office=office, seat=str(seat), granted_at=clock.now(), **kw)


def make_person(
    organisation: Organisation | None = None, *, province: str = SICHUAN, account: bool = True, **kw
) -> Person:
    """A person with a complete profile except for the portrait; with an account holding the applicant's seat."""
    number = next(_numbers)
    sample = invented.make_person(number, seed="test")
    user = kw.pop("user", None)
    if user is None and account:
        user = make_user(kw.get("name") or sample.name, login=kw.get("id_number") or sample.id_number)
        make_grant(Seat.APPLICANT, user=user)
    region = kw.pop("exam_region", organisation.region if organisation else None)
    if isinstance(region, str):
        region = make_region(region, province=province)
    values = {
        "name": sample.name,
        "id_type": sample.id_type,
        "id_number": sample.id_number,
        "sex": sample.sex,
        "birth": sample.birth,
        "education": sample.education,
        "position": sample.post,
        "phone": sample.phone,
        "address": sample.address,
        "organisation": organisation,
        "employer_name": organisation.name if organisation else "",
        "exam_region": region,
        "province": organisation.province if organisation else province,
        "saved_at": clock.now(),
        "created_at": clock.now(),
    }
    return Person.create(user=user, **{**values, **kw})


def make_plan(*, province: str = SICHUAN, grade: str = "senior", **kw) -> Plan:
    """A published plan whose registration window is open today and a week around."""
    today = clock.today()
    values = {
        "office": make_province_centre(province),
        "province": province,
        "batch_no": f"T-{next(_numbers):04d}",
        "name": "技能人才评价高级考评员培训班",
        "grade": grade,
        "opens_on": today - timedelta(days=3),
        "closes_on": today + timedelta(days=4),
        "training_from": today + timedelta(days=6),
        "training_to": today + timedelta(days=7),
        "minutes": 120,
        "pass_mark": 90,
        "attempts": 2,
        "state": PlanState.PUBLISHED,
        "published_at": clock.now(),
        "created_at": clock.now(),
    }
    return Plan.create(**{**values, **kw})


def make_reason(
    text: str = "扫描件不清晰，请重新上传清晰的扫描件", kind: str = "return", province: str = SICHUAN
) -> Reason:
    """A sentence of the reason library."""
    return Reason.create(kind=kind, text=text, province=province)


def make_session(grant: Grant, token: str | None = None) -> LoginSession:
    """A running login of a grant's account, in that seat."""
    return LoginSession.create(
        token=token or secrets.token_urlsafe(32),
        user=grant.user,
        grant=grant,
        created_at=clock.now(),
        address="127.0.0.1",
    )


def actor_of(grant: Grant, **kw) -> Actor:
    """The actor a grant makes, as the web's guard builds it."""
    office = grant.office
    person = Person.get_or_none(Person.user == grant.user_id) if grant.seat == Seat.APPLICANT else None
    values = {
        "user": grant.user_id,
        "name": grant.user.name,
        "seat": Seat(grant.seat),
        "office": grant.office_id,
        "office_name": office.name if office else "",
        "province": office.province if office else (person.province if person else None),
        "person": person.id if person else None,
        "organisation": office.organisation_id if office else None,
        "address": "127.0.0.1",
    }
    return Actor(**{**values, **kw})


def applicant(person: Person) -> Actor:
    """The actor of a person's own account."""
    return actor_of(Grant.get(Grant.user == person.user_id, Grant.seat == Seat.APPLICANT))


def grant_of(person: Person) -> Grant:
    """The applicant's seat of a person."""
    return Grant.get(Grant.user == person.user_id, Grant.seat == Seat.APPLICANT)

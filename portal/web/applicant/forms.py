"""What an applicant types: the profile, held qualifications, work entries, and the registration itself."""

from wtforms import RadioField, SelectField, SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget

from portal.actions.people import EDUCATIONS, exam_regions
from portal.actions.people_evidence import GRADES, QUALIFICATION_KINDS
from portal.models import Person, Registration
from portal.models.jurisdictions import profile_of
from portal.rules.facts import LEVEL_LABELS
from portal.rules.identity import DOCUMENT_TYPES, SEXES
from portal.rules.profile import TRUTHFUL
from portal.web.forms import PortalForm, TextField, WordsField, at_most

_BLANK = [("", "请选择")]


class ChecksField(SelectMultipleField):
    """Several ticks of one question."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def pre_validate(self, form):
        """Which ticks exist is known to the verb, which says it better."""


class ProfileForm(PortalForm):
    """The three blocks of personal information; days are read by the verb, so that all errors come at once (R1.17)."""

    name = TextField("姓名", [at_most(60)])
    id_type = SelectField("证件类型", choices=list(DOCUMENT_TYPES.items()), validate_choice=False)
    id_number = TextField("证件号码", [at_most(30)])
    sex = RadioField("性别", choices=[(each, each) for each in SEXES], validate_choice=False)
    birth = TextField("出生日期", [at_most(30)])
    education = SelectField(
        "文化程度", choices=_BLANK + [(each, each) for each in EDUCATIONS], validate_choice=False
    )
    position = TextField("职务", [at_most(60)])
    phone = TextField("联系电话", [at_most(30)])
    address = TextField("通讯地址", [at_most(200)])
    exam_region = SelectField("报考区域", validate_choice=False)
    organisation = TextField("单位名称（评价机构）", [at_most(200)])
    employer = TextField("实际工作单位（会员单位）", [at_most(200)])

    def __init__(self, person: Person, *args, only: frozenset[str] | None = None, **kw):
        super().__init__(*args, **kw)
        self.exam_region.choices = _BLANK + [(region.code, region.name) for region in exam_regions(person.province)]
        required = set(profile_of(person.province).registration.required_fields)
        for name in list(self._fields):
            if only is not None and name not in {*only, "once", "csrf_token"}:
                del self[name]
            elif name in required:
                self[name].flags.required = True

    def typed(self) -> dict:
        """The typed values by field, for the verb."""
        return {
            name: field.data if field.data not in (None, "None") else ""
            for name, field in self._fields.items()
            if name not in ("once", "csrf_token")
        }

    def fill(self, person: Person) -> None:
        """Show what is stored."""
        stored = {
            "birth": person.birth.isoformat() if person.birth else "",
            "exam_region": person.exam_region.code if person.exam_region else "",
            "organisation": person.organisation.name if person.organisation else "",
            "employer": person.employer_name or (person.employer.name if person.employer else ""),
        }
        if "education" in self._fields and person.education not in ("", *EDUCATIONS):
            # What a unit has entered in other words stays choosable.
            self.education.choices = [*self.education.choices, (person.education, person.education)]
        for name, field in self._fields.items():
            if name not in ("once", "csrf_token"):
                field.data = stored[name] if name in stored else getattr(person, name)


class QualificationForm(PortalForm):
    """One row of 持证情况."""

    kind = SelectField(
        "证书类别", choices=_BLANK + [(each, each) for each in QUALIFICATION_KINDS], validate_choice=False
    )
    occupation_name = TextField("职业（工种）或专业", [at_most(120)])
    level = SelectField(
        "等级", choices=_BLANK + [(str(number), label) for number, label in LEVEL_LABELS.items()], validate_choice=False
    )
    grade = SelectField(
        "级别", validate_choice=False,
        choices=_BLANK + [(each, each) for grades in GRADES.values() for each in grades],
    )  # fmt: skip
    number = TextField("证书编号", [at_most(60)])
    issuer = TextField("发证机构", [at_most(120)])
    issued_on = TextField("发证日期", [at_most(30)])
    valid_to = TextField("有效期至", [at_most(30)])

    def typed(self) -> dict:
        """The typed values by field, for the verb."""
        return {name: field.data for name, field in self._fields.items() if name not in ("once", "csrf_token")}


class WorkForm(PortalForm):
    """One stretch of assessment work."""

    organisation_name = TextField("考评单位", [at_most(200)])
    occupation_name = TextField("考评职业（工种）", [at_most(120)])
    starts_on = TextField("开始日期", [at_most(30)])
    ends_on = TextField("结束日期", [at_most(30)])
    evidence = WordsField("证明人或说明", [at_most(2000)])

    def typed(self) -> dict:
        """The typed values by field, for the verb."""
        return {name: field.data for name, field in self._fields.items() if name not in ("once", "csrf_token")}


class RegistrationForm(PortalForm):
    """What is chosen on a registration; in a returned one only the returned questions are there."""

    occupation = SelectField("申报考评职业（工种）", validate_choice=False)
    reviewer = RadioField("初审单位", validate_choice=False)
    employer = TextField("实际工作单位（会员单位）", [at_most(200)])
    health = RadioField(
        "健康状况", validate_choice=False,
        choices=[("yes", "身体健康，能够正常组织开展考评活动"), ("no", "不能正常组织开展考评活动")],
    )  # fmt: skip
    declarations = ChecksField("个人声明")
    qualifications = ChecksField("使用的证书", coerce=int)
    work = ChecksField("使用的考评经历", coerce=int)

    def __init__(
        self, registration: Registration, *args, offered=(), reviewers=(), held=(), work=(), unlocked=None, **kw
    ):
        super().__init__(*args, **kw)
        profile, plan = profile_of(registration.plan.province), registration.plan
        self.occupation.choices = _BLANK + [
            (str(each.id), f"{each.code} {each.name}" + (f"（{each.job}）" if each.job else "")) for each in offered
        ]
        self.reviewer.choices = [(str(unit.id), f"{unit.name}（{role}）") for unit, role in reviewers]
        declared = profile.declarations_for(plan.grade)
        self.declarations.choices = [(key, each.title) for key, each in declared.items() if key != TRUTHFUL]
        self.qualifications.choices = held
        self.work.choices = work
        absent = set() if profile.asks_health(plan.grade) else {"health"}
        if unlocked is not None:
            returned = {name for name in self._fields if f"registration.{name}" in unlocked}
            absent |= set(self._fields) - returned - {"once", "csrf_token"} | {"reviewer"}
        for name in absent:
            if name in self._fields:
                del self[name]

    def values(self) -> dict:
        """What is typed, in the words of actions.registrations.save_registration."""
        read = {
            "occupation": lambda text: int(text) if str(text or "").isdigit() else None,
            "reviewer": lambda text: int(text) if str(text or "").isdigit() else None,
            "employer": lambda text: text or "",
            "health": lambda text: {"yes": True, "no": False}.get(text),
            "declarations": list,
            "qualifications": list,
            "work": list,
        }
        return {name: read[name](self[name].data) for name in read if name in self._fields}

    def fill(self, registration: Registration, held: list[int], work: list[int]) -> None:
        """Show what is stored."""
        working = registration.data
        chosen = working.get("qualifications"), working.get("work")
        stored = {
            "occupation": str(registration.occupation_id or ""),
            "reviewer": str(registration.reviewer_id or ""),
            "employer": registration.employer_name,
            "health": {True: "yes", False: "no"}.get(working.get("health"), ""),
            "declarations": working.get("declarations", []),
            "qualifications": held if chosen[0] is None else chosen[0],
            "work": work if chosen[1] is None else chosen[1],
        }
        for name, value in stored.items():
            if name in self._fields:
                self[name].data = value

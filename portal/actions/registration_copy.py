"""A registration's contents as plain data: the working copy, what a submission freezes of it, and its eligibility."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date

from portal import clock
from portal.actions.own_register import numbers_known, registered_cards
from portal.actions.people_evidence import EXAMINER_CARD, GRADES, confirming_register, level_label, scans_of
from portal.models import (
    Case,
    Correction,
    HeldQualification,
    OccupationAlias,
    Person,
    Registration,
    Submission,
    WorkEntry,
)
from portal.models.jurisdictions import profile_of
from portal.rules import eligibility
from portal.rules.credential import RENEWAL
from portal.rules.eligibility import HeldExaminerCard, Result
from portal.rules.facts import ExaminerCard, Facts, OccupationRef, Qualification, QualificationKind, TitleGrade
from portal.rules.flows.registration import State
from portal.rules.identity import DOCUMENT_TYPES
from portal.rules.periods import Period, total_months
from portal.rules.profile import TRUTHFUL
from portal.rules.submission import Item, items

STAMPED_FORM = "stamped_form"


def contents_of(registration: Registration) -> tuple[dict, dict]:
    """The registration's present (data, files), in the shape of a Submission (portal/rules/submission.py).

    A draft is read from the profile; what has been submitted is frozen (R1.27); while a correction is open, only the
    returned items are read anew, so that nothing else can change whatever the applicant edits elsewhere.
    """
    case = registration.case
    if case.state == State.DRAFT:
        return live_contents(registration)
    last = last_submission(case)
    if last is None:
        return live_contents(registration)
    if case.state != State.RETURNED:
        return last.data, last.files
    return _merge(last, live_contents(registration), unlocked_keys(case))


def items_of(registration: Registration) -> list[Item]:
    """Every item of the present contents in reading order."""
    return items(*contents_of(registration))


def last_submission(case: Case) -> Submission | None:
    """The newest frozen submission, or None while it is a first draft."""
    return Submission.select().where(Submission.case == case.id).order_by(Submission.number.desc()).first()


def open_correction(case: Case) -> Correction | None:
    """The 补正告知书 that waits for the applicant's answer, or None."""
    if case.state != State.RETURNED:
        return None
    return (
        Correction.select()
        .where(Correction.case == case.id, Correction.withdrawn_at.is_null(), Correction.answered_at.is_null())
        .order_by(Correction.id.desc())
        .first()
    )


def unlocked_keys(case: Case) -> frozenset[str]:
    """The item keys the applicant may change in a returned registration: the ticked ones of the open correction."""
    correction = open_correction(case)
    return frozenset(item["key"] for item in correction.items) if correction else frozenset()


def live_contents(registration: Registration) -> tuple[dict, dict]:
    """The contents as the profile and the working copy have them now."""
    person, chosen = registration.person, registration.data
    held = _rows(HeldQualification, person, chosen.get("qualifications"))
    work = _rows(WorkEntry, person, chosen.get("work"))
    data = {
        "person": _person(person, registration),
        "registration": _registration(registration),
        "qualifications": [_qualification(person, row) for row in held],
        "work": [_work(row) for row in work],
    }
    files = {"person.portrait": [person.portrait_id] if person.portrait_id else []}
    for row in held:
        slot = f"qualification.{row.id}.scan"
        files[slot] = [version.id for version in scans_of(person, slot)]
    for row in work:
        slot = f"work.{row.id}.scan"
        files[slot] = [version.id for version in scans_of(person, slot)]
    files[STAMPED_FORM] = [registration.stamped_form_id] if registration.stamped_form_id else []
    return data, files


def facts_of(registration: Registration, data: Mapping, files: Mapping) -> Facts | None:
    """What the conditions look at, from frozen or live contents; None while sex, birth or occupation is missing."""
    person, about = data["person"], data["registration"]
    occupation = about.get("occupation")
    if not person.get("birth") or not person.get("sex") or not occupation:
        return None
    return Facts(
        birth=date.fromisoformat(person["birth"]),
        sex=person["sex"],
        occupation=_reference(occupation),
        qualifications=tuple(_held(row) for row in data["qualifications"] if row["kind"] != EXAMINER_CARD),
        experience=periods_of(data),
        cards=registered_cards(registration.person_id) + _claimed_cards(data, files),
        declarations=frozenset(each["key"] for each in about.get("declarations", [])),
        healthy=about.get("health"),
        aliases=_aliases(),
    )


def evaluate_registration(registration: Registration, contents: tuple[dict, dict] | None = None) -> tuple[Result, ...]:
    """Every condition of the plan's grade, decided as of today; empty while the facts are not there yet."""
    data, files = contents or contents_of(registration)
    facts = facts_of(registration, data, files)
    if facts is None:
        return ()
    plan = registration.plan
    classes = tuple(int(each) for each in plan.classes) or None
    conditions = profile_of(plan.province).conditions(plan.grade, classes)
    if plan.kind == RENEWAL:  # what is renewed proves itself; an expired one must not stand in its own way
        conditions = tuple(each for each in conditions if each.kind != HeldExaminerCard.kind)
    return eligibility.evaluate(conditions, facts, clock.today())


def pack_results(results: tuple[Result, ...]) -> list[dict]:
    """Results as they are stored in Registration.results."""
    return [asdict(result) | {"outcome": str(result.outcome)} for result in results]


def unpack_results(rows: list[dict]) -> tuple[Result, ...]:
    """Stored results as Result records."""
    return tuple(Result(**{**row, "outcome": eligibility.Outcome(row["outcome"])}) for row in rows)


def results_of(registration: Registration) -> tuple[Result, ...]:
    """The results to show: computed now for a draft or correction, else those of the submission."""
    if registration.case.state in (State.DRAFT, State.RETURNED):
        return evaluate_registration(registration)
    return unpack_results(registration.results)


def periods_of(data: Mapping) -> tuple[Period, ...]:
    """The periods of the work log in submission data."""
    return tuple(
        Period(date.fromisoformat(row["from"]), date.fromisoformat(row["to"]) if row["to"] else None)
        for row in data.get("work", [])
    )


def months_of(data: Mapping, on: date) -> int:
    """Total months of assessment experience in submission data as of a day (R1.22)."""
    return total_months(periods_of(data), on)


def hash_printed(data: Mapping, files: Mapping) -> str:
    """SHA-256 over what the 申报表 prints; a change of it makes a stamped print worthless."""
    printed = {
        "person": data["person"],
        "registration": {key: value for key, value in data["registration"].items() if key != "declarations"},
        "qualifications": [
            {key: row[key] for key in ("kind", "occupation", "level", "number", "issuer", "issued_on", "valid_to")}
            for row in data["qualifications"]
        ],
        "work": data["work"],
        "portrait": files.get("person.portrait", []),
    }
    return digest(printed)


def digest(value) -> str:
    """SHA-256 of plain data in one fixed spelling."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def has_valid_stamp(registration: Registration, contents: tuple[dict, dict] | None = None) -> bool:
    """Whether a stamped form is there that shows what the registration says now (`contents`, if they are at hand)."""
    if registration.stamped_form_id is None or registration.stamped_version != registration.form_version:
        return False
    return registration.form_hash == hash_printed(*(contents or contents_of(registration)))


def awaits_stamp(registration: Registration) -> bool:
    """The mark 待补盖章申报表: required, not there, and the unit has recorded why it comes later (R3.37)."""
    return (
        registration.plan.require_stamped_form
        and registration.stamp_exception is not None
        and not has_valid_stamp(registration)
    )


def _merge(last: Submission, live: tuple[dict, dict], keys: frozenset[str]) -> tuple[dict, dict]:
    """The last submission with the returned items, and only them, replaced by what is there now."""
    data, files = json.loads(json.dumps(last.data)), dict(last.files)
    new, new_files = live
    for group in ("person", "registration"):
        for name in new[group]:
            if f"{group}.{name}" in keys:
                data[group][name] = new[group][name]
    for group, prefix in (("qualifications", "qualification"), ("work", "work")):
        current = {row["id"]: row for row in new[group]}
        for row in data[group]:
            fresh = current.get(row["id"])
            if fresh and f"{prefix}.{row['id']}" in keys:
                row.update(fresh)
            elif fresh and f"{prefix}.{row['id']}.scan" in keys and group == "qualifications":
                row.update({key: fresh[key] for key in ("material_kind", "material_key")})
    for slot, versions in new_files.items():
        if slot in keys:
            files[slot] = versions
    # The stamped form follows the print: a correction of a printed value needs a new one even if nobody ticked it.
    files[STAMPED_FORM] = new_files[STAMPED_FORM]
    return data, files


def _rows(model, person: Person, chosen: list | None) -> list:
    rows = model.select().where(model.person == person.id, model.removed_at.is_null()).order_by(model.id)
    return list(rows if chosen is None else rows.where(model.id.in_(chosen)))


def _person(person: Person, registration: Registration) -> dict:
    return {
        "name": person.name,
        "sex": person.sex,
        "id_type": DOCUMENT_TYPES.get(person.id_type, person.id_type),
        "id_number": person.id_number,
        "birth": person.birth.isoformat() if person.birth else "",
        "education": person.education,
        "position": person.position,
        "phone": person.phone,
        "address": person.address,
        "exam_region": person.exam_region.name if person.exam_region else "",
        "organisation": registration.organisation.name,
        "employer": registration.employer_name or person.employer_name or registration.organisation.name,
    }


def _registration(registration: Registration) -> dict:
    profile, plan, working = profile_of(registration.plan.province), registration.plan, registration.data
    occupation, reviewer = registration.occupation, registration.reviewer
    told = {
        "occupation": occupation and {
            "id": occupation.id, "code": occupation.code, "name": occupation.name, "job": occupation.job,
            "label": _reference({"code": "", "name": occupation.name, "job": occupation.job}).label,
        },
        "reviewer": reviewer and {"id": reviewer.id, "label": reviewer.name},
    }  # fmt: skip
    if profile.asks_health(plan.grade):
        told["health"] = working.get("health")
    ticked = set(working.get("declarations", []))
    if registration.declared_at is not None:
        ticked.add(TRUTHFUL)
    told["declarations"] = [
        {"key": key, "label": declaration.title}
        for key, declaration in profile.declarations_for(plan.grade).items()
        if key in ticked
    ]
    return told


def _qualification(person: Person, row: HeldQualification) -> dict:
    kinds = {kind.key: kind.label for kind in profile_of(person.province).registration.material_kinds}
    reference = {"code": row.occupation_code, "name": row.occupation_name, "job": row.job}
    return {
        "id": row.id,
        "kind": row.kind,
        "occupation": reference | {"label": _reference(reference).label},
        "level": level_label(row),
        "number": row.number,
        "issuer": row.issuer,
        "issued_on": row.issued_on.isoformat() if row.issued_on else "",
        "valid_to": row.valid_to.isoformat() if row.valid_to else "",
        "material_kind": kinds.get(row.material_kind, ""),
        "material_key": row.material_kind,
        "confirmed_by": confirming_register(person, row),
        "level_number": row.level,
        "grade": row.grade,
    }


def _work(row: WorkEntry) -> dict:
    return {
        "id": row.id,
        "organisation": row.organisation_name,
        "occupation": row.occupation_name,
        "from": row.starts_on.isoformat(),
        "to": row.ends_on.isoformat() if row.ends_on else "",
        "evidence": row.evidence,
    }


def _reference(row: Mapping) -> OccupationRef:
    return OccupationRef(row.get("code", ""), row.get("name", ""), row.get("job", ""))


def _held(row: Mapping) -> Qualification:
    title = row["grade"] if row["kind"] in GRADES else ""
    return Qualification(
        kind=QualificationKind(row["kind"]),
        occupation=_reference(row["occupation"]),
        level=row["level_number"],
        title=TitleGrade(title) if title in {str(grade) for grade in TitleGrade} else None,
        number=row["number"],
        issuer=row["issuer"],
        issued_on=date.fromisoformat(row["issued_on"]) if row["issued_on"] else None,
    )


def _claimed_cards(data: Mapping, files: Mapping) -> tuple[ExaminerCard, ...]:
    """What the person says to hold; a number that the own register knows is left to the register alone."""
    claimed = [row for row in data["qualifications"] if row["kind"] == EXAMINER_CARD]
    known = numbers_known(row["number"] for row in claimed)
    return tuple(_card(row, files) for row in claimed if row["number"] not in known)


def _card(row: Mapping, files: Mapping) -> ExaminerCard:
    return ExaminerCard(
        occupation=_reference(row["occupation"]),
        valid_to=date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
        registered=bool(row["confirmed_by"]),
        has_scan=bool(files.get(f"qualification.{row['id']}.scan")),
        number=row["number"],
    )


def _aliases() -> dict[str, str]:
    found = {}
    for name, code, same_as in OccupationAlias.select(
        OccupationAlias.name, OccupationAlias.code, OccupationAlias.same_as
    ).tuples():
        found[name] = same_as
        if code:
            found[code] = same_as
    return found

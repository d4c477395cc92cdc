"""Everything about one case that a reviewer reads: submissions compared, files, chain, events, corrections."""

from dataclasses import dataclass

from peewee import JOIN

from portal.models.cases import Case, Correction, Event, Registration, Step, Submission
from portal.models.offices import Office, Organisation
from portal.models.people import FileVersion, User
from portal.models.plans import Plan
from portal.rules.submission import Change, Item, changes, items
from portal.rules.workflow import Actor


@dataclass(frozen=True)
class Dossier:
    """One case as a level reads it.

    `items` are those of the newest submission; `changes` what differs from the one this level decided on last
    (`seen_number`, 0 when it never did); `files` all file versions of both, by id; `mine` the reader's step, if any.
    """

    case: Case
    registration: Registration | None
    steps: list[Step]
    mine: Step | None
    submission: Submission | None
    items: list[Item]
    seen_number: int
    changes: list[Change]
    files: dict[int, FileVersion]
    events: list[Event]
    corrections: list[Correction]

    @property
    def step(self) -> Step | None:
        """The step whose turn it is."""
        return next((each for each in self.steps if each.position == self.case.position), None)


def dossier_of(case: Case, actor: Actor) -> Dossier:
    """The dossier of a case that the actor may see (checked by the caller); eight queries."""
    steps = list(
        Step.select(Step, Office.id, Office.name, User.id, User.name)
        .join(Office, on=(Step.office == Office.id))
        .switch(Step)
        .join(User, JOIN.LEFT_OUTER, on=(Step.decided_by == User.id))
        .where(Step.case == case.id)
        .order_by(Step.position)
    )
    mine = next((step for step in steps if step.office_id == actor.office and step.seat == actor.seat), None)
    submissions = list(Submission.select().where(Submission.case == case.id).order_by(Submission.number))
    newest = submissions[-1] if submissions else None
    found = items(newest.data, newest.files) if newest else []
    earlier = next((each for each in submissions if mine and each.number == mine.seen), None)
    changed = []
    if earlier is not None and newest is not None and earlier.number < newest.number:
        changed = changes(items(earlier.data, earlier.files), found)
    wanted = {id_ for item in found for id_ in item.files}
    wanted |= {id_ for ids in (newest.files if newest else {}).values() for id_ in ids}
    wanted |= {id_ for change in changed if change.before for id_ in change.before.files}
    registration = (
        Registration.select(Registration, Plan, Organisation)
        .join(Plan, on=(Registration.plan == Plan.id))
        .switch(Registration)
        .join(Organisation, on=(Registration.organisation == Organisation.id))
        .where(Registration.case == case.id)
        .first()
    )
    # A stamped form that came later belongs to no submission yet (R3.37).
    if registration is not None and registration.stamped_form_id:
        wanted.add(registration.stamped_form_id)
    files = {each.id: each for each in FileVersion.select().where(FileVersion.id.in_(list(wanted)))} if wanted else {}
    return Dossier(
        case=case,
        registration=registration,
        steps=steps,
        mine=mine,
        submission=newest,
        items=found,
        seen_number=earlier.number if earlier else 0,
        changes=changed,
        files=files,
        events=list(Event.select().where(Event.case == case.id).order_by(Event.id)),
        corrections=list(
            Correction.select(Correction, Office.id, Office.name)
            .join(Office)
            .where(Correction.case == case.id)
            .order_by(Correction.id)
        ),
    )


def scans_ahead(case: int) -> list[tuple[int, int]]:
    """(file id, pages) of the newest submission's files of a case, in reading order: what can be loaded ahead."""
    newest = Submission.select().where(Submission.case == case).order_by(Submission.number.desc()).first()
    if newest is None:
        return []
    wanted = [id_ for item in items(newest.data, newest.files) for id_ in item.files]
    # Other kinds than registrations have no items, only files.
    wanted = wanted or [id_ for ids in newest.files.values() for id_ in ids]
    pages = dict(FileVersion.select(FileVersion.id, FileVersion.pages).where(FileVersion.id.in_(wanted)).tuples())
    return [(id_, pages[id_]) for id_ in wanted if id_ in pages]

"""A batch is looked up at once: the same people are refused as one by one, and nothing is asked anew for each row."""

from collections import Counter
from datetime import date

import pytest

from portal.actions import issuing
from portal.actions.bars import check_not_barred
from portal.actions.events import verify_chain
from portal.database import database
from portal.models import Bar, Case, Credential, Event, Message
from portal.rules.errors import NotAllowed
from portal.rules.flows.credential import State
from tests import make
from tests.make_credentials import issuer_of, make_credential, make_passed

PEOPLE = 12


@pytest.fixture(autouse=True)
def _day(db, at):
    at("2023-03-01 10:00")


@pytest.fixture
def asked(monkeypatch) -> Counter:
    """What is asked of the database from here on."""
    real, said = database.execute_sql, Counter()

    def count(sql, *args, **kw):
        said[sql.split(" WHERE ")[0][:60]] += 1
        return real(sql, *args, **kw)

    monkeypatch.setattr(database, "execute_sql", count)
    return said


def passed(plan, people: int) -> list:
    unit = make.make_organisation()
    return [make_passed(plan, unit) for _ in range(people)]


@pytest.mark.parametrize("kind", ["training", "renewal"])
def test_the_checks_of_a_batch_ask_as_much_for_many_as_for_few(asked, kind):
    """Only who is the actor is asked of each: so a large batch holds the write lock no longer than writing takes."""
    counts = []
    for people in (2, PEOPLE):
        plan = make.make_plan(kind=kind)
        rows = passed(plan, people)
        asked.clear()
        issuing.issuable(plan, rows)
        counts.append(sum(asked.values()))
    assert counts[0] == counts[1] <= 12, asked


def test_each_credential_is_written_in_few_statements(asked):
    issuer, totals = issuer_of("sichuan"), []
    for people in (2, PEOPLE):
        plan = make.make_plan()
        rows = passed(plan, people)
        asked.clear()
        assert len(issuing.issue_credentials(plan, rows, actor=issuer).credentials) == people
        totals.append(sum(asked.values()))
    assert (totals[1] - totals[0]) / (PEOPLE - 2) <= 12, asked


def test_a_batch_leaves_what_single_ones_leave(db):
    """One event for each credential and each registration in one sound chain, and one message to each person."""
    issuer, plan = issuer_of("sichuan"), make.make_plan()
    rows = passed(plan, 6)
    single = [issuing.issue_one(row, actor=issuer) for row in rows[:3]]
    batch = issuing.issue_credentials(plan, rows[3:], actor=issuer).credentials
    assert verify_chain()[1] is None
    for card in (*single, *batch):
        events = Event.select().where(
            (Event.case == card.registration_id) | (Event.subject == f"credential:{card.id}")
        ).order_by(Event.id)  # fmt: skip
        assert [(event.action, event.after) for event in events] == [("certify", "certified"), ("issue", "issued")]
        assert Case.get_by_id(card.registration_id).version == 2
        told = Message.select().where(Message.case == card.registration_id)
        assert [message.user_id for message in told] == [card.person.user_id]
        assert card.portrait_id == card.person.portrait_id
    numbers = [int(card.number[-5:]) for card in (*single, *batch)]
    assert numbers == list(range(1, 7))


def _bar(**whose):
    Bar.create(
        **whose, province="sichuan", kind="strikes", basis="川人社职鉴〔2022〕21号 八（二）", starts_at="2023-01-01",
        live_key=str(whose),
    )  # fmt: skip


def _leave_uncollected(person, *, swept: bool):
    for _ in range(2):
        card = make_credential(registration=make_passed(make.make_plan(), person.organisation, person))
        state = {"state": State.VOID_UNCLAIMED} if swept else {
            "state": State.AWAITING_CLAIM, "claim_due": date(2023, 2, 28)
        }  # fmt: skip
        Credential.update(**state).where(Credential.id == card.id).execute()


@pytest.mark.parametrize(
    "sanction",
    [
        lambda person: _bar(person=person),
        lambda person: _bar(organisation=person.organisation),
        lambda person: _leave_uncollected(person, swept=True),
        lambda person: _leave_uncollected(person, swept=False),
    ],
    ids=["person", "unit", "uncollected", "uncollected by the calendar"],
)
def test_whoever_is_barred_is_found_among_many_before_any_sweep(sanction):
    issuer, plan = issuer_of("sichuan"), make.make_plan()
    free, (barred,) = passed(plan, 3), passed(plan, 1)
    sanction(barred.person)
    with pytest.raises(NotAllowed) as said:
        check_not_barred(barred.person, barred.organisation, province="sichuan", registration=barred)
    batch = issuing.issue_credentials(plan, [*free, barred], actor=issuer)
    assert [(row.case_id, reason) for row, reason in batch.skipped] == [(barred.case_id, said.value.message)]
    assert {card.registration_id for card in batch.credentials} == {row.case_id for row in free}


def test_the_last_day_to_collect_bars_nobody_yet():
    issuer, plan = issuer_of("sichuan"), make.make_plan()
    (free,) = passed(plan, 1)
    _leave_uncollected(free.person, swept=False)
    Credential.update(claim_due=date(2023, 3, 1)).where(Credential.person == free.person_id).execute()
    assert issuing.issue_one(free, actor=issuer).person_id == free.person_id

"""Several clerks at the same list at the same moment: everybody gets one credential, with numbers without a gap."""

import pytest
from peewee import OperationalError

from portal.actions import issuing, sealing
from portal.actions.credential_files import keep_rendered
from portal.actions.events import verify_chain
from portal.database import database
from portal.models import Case, Credential, Event, FileVersion, Job, Plan, Registration
from portal.rules.workflow import SYSTEM
from tests import make
from tests.actions.registering import fake_kept
from tests.make_credentials import issuer_of, make_credential, make_passed

CLERKS, PEOPLE = 6, 12


@pytest.fixture
def passed(on_disk):
    sealing.use_secret("5" * 64)
    unit, plan = make.make_organisation(), make.make_plan()
    return [make_passed(plan, unit).case_id for _ in range(PEOPLE)], plan.id


def clerks_at_work(passed) -> list:
    cases, plan = passed
    issuer = issuer_of("sichuan")

    def work():
        rows = [Registration.get_by_id(case) for case in cases]
        return issuing.issue_credentials(Plan.get_by_id(plan), rows, actor=issuer)

    return [work] * CLERKS


def test_everybody_gets_one_number_and_none_is_left_out(passed, at_once):
    said = at_once(clerks_at_work(passed))
    assert [error for error in said if isinstance(error, Exception)] == []
    assert sorted(len(batch.credentials) for batch in said) == [0] * (CLERKS - 1) + [PEOPLE]
    for batch in said:
        assert all(reason == "已发证。" for _, reason in batch.skipped)
    numbers = sorted(number for (number,) in Credential.select(Credential.number).tuples())
    assert numbers == [f"川考评22022{serial:05d}" for serial in range(1, PEOPLE + 1)]
    assert {case.state for case in Case.select()} == {"certified"}
    assert Job.select().count() == 1
    assert verify_chain()[1] is None


def test_control_a_deferred_transaction_refuses_clerks(passed, at_once, monkeypatch):
    """The same work in transactions that begin as SQLite begins them by itself: clerks see the database's error."""
    monkeypatch.setattr(issuing, "transaction", lambda: database.atomic())
    said = at_once(clerks_at_work(passed))
    assert any(isinstance(error, OperationalError) for error in said)


def test_control_without_the_second_look_and_the_unique_key_people_get_two(passed, at_once, monkeypatch):
    """What was read before the transaction is not looked at again, as a list on a page would be trusted."""
    database.execute_sql("DROP INDEX credential_live_key")
    monkeypatch.setattr(issuing, "why_not", lambda *_, **__: "")
    monkeypatch.setattr(issuing, "move_participant", lambda *_, **__: None)
    at_once(clerks_at_work(passed))
    assert Credential.select().count() > PEOPLE


def test_the_database_itself_refuses_a_second_credential(passed):
    from peewee import IntegrityError

    first = make_credential(registration=Registration.get_by_id(passed[0][0]))
    copy = {**first.__data__, "id": None, "number": "another", "token": "another"}
    with pytest.raises(IntegrityError, match="live_key"):
        Credential.create(**copy)
    with pytest.raises(IntegrityError, match="number"):
        Credential.create(**{**copy, "number": first.number, "live_key": None})


def test_the_first_rendering_wins(passed, at_once):
    card = make_credential(registration=Registration.get_by_id(passed[0][0]))
    kept = [fake_kept(f"{n}.pdf") for n in range(8)]
    said = at_once([lambda each=each: keep_rendered(card.id, each, actor=SYSTEM) for each in kept])
    assert sorted(said) == [False] * 7 + [True]
    winner = kept[said.index(True)]
    assert Credential.get_by_id(card.id).file.path == winner.path
    assert FileVersion.select().where(FileVersion.owner == f"credential:{card.id}").count() == 1
    assert Event.select().where(Event.action == "render").count() == 1

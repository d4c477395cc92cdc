"""The queue: what it holds and leaves out, its order, its pages, its filters and searches, and what it costs."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from portal.actions import claims
from portal.models import Case, Registration, decided, queue_filters, queues
from portal.models.cases import NO_DUE
from portal.models.queue_filters import Filters, read_filters
from portal.rules.workflow import Seat
from tests import make
from tests.actions.registering import Scene, give_portrait, scene

TODAY = date(2022, 12, 12)


@pytest.fixture(autouse=True)
def _now(db, at):
    at("2022-12-12 09:00")


def people(s: Scene, number: int, **kw) -> list[Case]:
    """More registrations of the same unit, at the first level."""
    found = []
    for _ in range(number):
        person = give_portrait(make.make_person(s.organisation, **kw))
        found.append(Scene(s.plan, s.organisation, person, make.applicant(person), s.reviewers).submitted())
    return found


def ids(actor, **kw) -> list[int]:
    """The ids of the first page."""
    return [row.id for row in queues.waiting_for(actor, Filters(**kw)).rows]


@pytest.mark.requirement("R0.05")
def test_a_citys_queue_holds_only_its_own_and_searches_find_nothing_else():
    here, there = scene(region="成都市", name="高一"), scene(region="绵阳市", name="高二")
    mine = here.decide(here.submitted(), "pass", "U")
    other = there.decide(there.submitted(), "pass", "U")
    city = here.reviewers["C"]
    assert ids(city) == [mine.id]
    assert ids(city, q="高") == [mine.id]
    for text in (other.number, other.person.id_number, other.person.phone, "高二"):
        assert ids(city, q=text) == []
    assert ids(there.reviewers["C"], q=other.number) == [other.id]
    assert queues.ids_waiting_for(city, Filters(), 100) == [(mine.id, mine.version)]


def test_a_unit_sees_its_own_people_only():
    one, two = scene(), scene()
    mine, theirs = one.submitted(), two.submitted()
    assert ids(one.reviewers["U"]) == [mine.id]
    assert ids(one.reviewers["U"], q=theirs.number) == []
    assert not Case.visible_to(one.reviewers["U"]).where(Case.id == theirs.id).exists()


def test_rows_come_by_due_date_and_those_without_one_last():
    s = scene()
    cases = [s.submitted(), *people(s, 4)]
    for case, days in zip(cases, (None, 5, -2, 0, 5), strict=True):
        Case.update(due_on=TODAY + timedelta(days=days) if days is not None else NO_DUE).where(
            Case.id == case.id
        ).execute()
    found = ids(s.reviewers["U"])
    assert found == [cases[i].id for i in (2, 3, 1, 4, 0)]


def test_pages_go_forward_and_back_over_every_row_once():
    s = scene()
    cases = [s.submitted(), *people(s, 6)]
    for number, case in enumerate(cases):
        Case.update(due_on=TODAY + timedelta(days=number // 3)).where(Case.id == case.id).execute()
    unit, seen, filters, pages = s.reviewers["U"], [], Filters(), []
    while True:
        page = queues.waiting_for(unit, filters, limit=3)
        pages.append([row.id for row in page.rows])
        seen += pages[-1]
        if not page.next:
            break
        filters = Filters(after=page.next)
    assert [len(page) for page in pages] == [3, 3, 1] and seen == [case.id for case in cases]
    assert page.previous
    back = queues.waiting_for(unit, Filters(before=page.previous), limit=3)
    assert [row.id for row in back.rows] == pages[1] and back.next and back.previous
    first = queues.waiting_for(unit, Filters(before=back.previous), limit=3)
    assert [row.id for row in first.rows] == pages[0] and not first.previous and first.next


def test_each_filter_leaves_what_it_says():
    s = scene()
    own = s.decide(s.submitted(), "pass", "U")
    other = scene(occupations=[make.make_occupation(), make.make_occupation("6-02-06-01", "无损检测员")])
    other.reviewers["C"] = s.reviewers["C"]
    theirs = other.decide(other.submitted(), "pass", "U")
    city = s.reviewers["C"]
    assert ids(city, plan=s.plan.id) == [own.id]
    assert ids(city, unit=s.organisation.name) == [own.id]
    assert ids(city, city="成都市") == [own.id, theirs.id] and ids(city, city="绵阳市") == []
    Registration.update(occupation=make.make_occupation("6-02-06-01", "无损检测员")).where(
        Registration.case == theirs.id
    ).execute()
    assert ids(city, occupation="无损") == [theirs.id]
    Case.update(due_on=TODAY).where(Case.id == own.id).execute()
    Case.update(due_on=TODAY - timedelta(days=1)).where(Case.id == theirs.id).execute()
    assert ids(city, due="today") == [own.id] and ids(city, due="late") == [theirs.id]
    claims.claim_case(own, actor=city)
    assert ids(city, claimed="mine") == [own.id] and ids(city, claimed="free") == [theirs.id]
    colleague = make.actor_of(make.make_grant(Seat.CITY_CENTRE, make.make_city_centre()))
    assert ids(colleague, claimed="others") == [own.id] and ids(colleague, claimed="mine") == []
    assert ids(city, claimed="mine", q=own.title[0], plan=s.plan.id, unit="云帆") == [own.id]


def test_the_three_working_days_end_where_the_calendar_says():
    s = scene()
    case = s.submitted()
    for due, kinds in ((date(2022, 12, 15), {"soon"}), (date(2022, 12, 16), {"later"}), (NO_DUE, {"none"})):
        Case.update(due_on=due).where(Case.id == case.id).execute()
        assert {k for k in ("late", "today", "soon", "later", "none") if ids(s.reviewers["U"], due=k)} == kinds
        assert queues.counters(s.reviewers["U"]).soon == (1 if kinds == {"soon"} else 0)


@pytest.mark.parametrize("fetched", [5000, 0], ids=["fetch and sort", "walk and test"])
def test_names_are_found_by_one_two_and_three_characters(monkeypatch, fetched):
    monkeypatch.setattr(queue_filters, "FETCHED", fetched)
    s = scene(name="欧阳示例")
    case = s.submitted()
    named = people(s, 1, name="阳欧")[0]
    unit = s.reviewers["U"]
    for text in ("欧", "阳"):
        assert ids(unit, q=text) == [case.id, named.id]
    for text in ("欧阳", "示例", "欧阳示"):
        assert ids(unit, q=text) == [case.id]
    for text in ("阳示例人", "例示", "%", "_", '"', "*", "欧*", "OR", "'"):
        assert ids(unit, q=text) == [] or text == "欧*"


def test_numbers_are_found_exactly():
    s = scene()
    case = s.submitted()
    people(s, 1)
    person, unit = s.person, s.reviewers["U"]
    for text in (case.number, person.id_number, person.id_number.lower(), f" {person.phone} "):
        assert ids(unit, q=read_filters({"q": text}).q) == [case.id]
    for text in (case.number[:-1], person.id_number[:-1], person.phone[:-1]):
        assert ids(unit, q=text) == []


def test_counters_stop_at_their_cap(monkeypatch):
    monkeypatch.setattr(queues, "CAP", 3)
    s = scene()
    cases = [s.submitted(), *people(s, 3)]
    Case.update(due_on=TODAY).where(Case.id.in_([case.id for case in cases[:2]])).execute()
    found = queues.counters(s.reviewers["U"])
    assert (found.waiting, found.today, found.late, found.mine, found.returned) == (3, 2, 0, 0, 0)
    assert queue_filters.capped(1000) == "999+" and queue_filters.capped(999) == "999"


def test_the_next_case_is_the_following_free_one_and_then_the_first():
    s = scene()
    cases = [s.submitted(), *people(s, 3)]
    for number, case in enumerate(cases):
        Case.update(due_on=TODAY + timedelta(days=number)).where(Case.id == case.id).execute()
    unit = s.reviewers["U"]
    colleague = make.actor_of(make.make_grant(Seat.UNIT, Case.get_by_id(cases[0].id).office))
    claims.claim_case(cases[2], actor=colleague)

    def after(number):
        return queues.next_after(unit, Filters(), TODAY + timedelta(days=number), cases[number].id)

    assert (after(0), after(1), after(3)) == (cases[1].id, cases[3].id, cases[0].id)
    assert queues.next_after(unit, Filters(q="没有此人"), TODAY, cases[0].id) is None


def test_finished_work_by_keyset_and_todays_own_decisions_with_undo(at):
    s = scene()
    cases = [s.submitted(), *people(s, 3)]
    for minute, (case, action) in enumerate(zip(cases, ("pass", "reject", "pass", "reject"), strict=True)):
        at(f"2022-12-12 10:0{minute}")
        s.decide(case, action, "U", note="理由")
    unit = s.reviewers["U"]
    first = decided.decided_by_office(unit, Filters(tab="done"), limit=3)
    assert [row.id for row in first.rows] == [case.id for case in reversed(cases[1:])]
    second = decided.decided_by_office(unit, Filters(tab="done", after=first.next), limit=3)
    assert [row.id for row in second.rows] == [cases[0].id] and not second.next
    back = decided.decided_by_office(unit, Filters(tab="done", before=second.previous), limit=3)
    assert [row.id for row in back.rows] == [row.id for row in first.rows]
    rejected = decided.decided_by_office(unit, Filters(tab="done", outcome="reject"))
    assert [row.id for row in rejected.rows] == [cases[3].id, cases[1].id]
    assert [r.id for r in decided.decided_by_office(unit, Filters(tab="done", q=cases[0].title)).rows] == [cases[0].id]
    today = decided.decided_today_by(unit)
    assert [row.undoable for row in today] == [1, 1, 1, 1]
    s.decide(cases[0], "pass", "C")
    assert {row.id: row.undoable for row in decided.decided_today_by(unit)}[cases[0].id] == 0
    colleague = replace(unit, user=make.make_user().id)
    assert decided.decided_today_by(colleague) == []
    at("2022-12-13 00:00")
    assert decided.decided_today_by(unit) == []


def test_own_and_twice_seen_cases_are_marked():
    s = scene()
    case = s.decide(s.submitted(), "pass", "U")
    city = s.reviewers["C"]
    assert queues.waiting_for(city, Filters()).rows[0].hindrance is None
    assert queues.waiting_for(replace(city, user=s.reviewers["U"].user), Filters()).rows[0].hindrance == "same"
    assert queues.waiting_for(replace(city, user=s.person.user_id), Filters()).rows[0].hindrance == "own"
    assert queues.one_row(city, case.id).id == case.id


def test_cases_at_an_office_without_an_account_are_listed_for_the_chain_only():
    from portal.models import Grant

    s = scene()
    case = s.decide(s.decide(s.submitted(), "pass", "U"), "pass", "C")
    city = s.reviewers["C"]
    assert ids(city, tab="behalf") == []
    Grant.delete().where(Grant.office == s.plan.office).execute()
    assert ids(city, tab="behalf") == [case.id]
    stranger = make.actor_of(make.make_grant(Seat.CITY_CENTRE, make.make_city_centre("绵阳市")))
    assert ids(stranger, tab="behalf") == []


def test_nonsense_in_the_address_is_no_error():
    found = read_filters({
        "tab": "x", "plan": "1e5", "due": "'; DROP TABLE", "after": "2022-13-45_1", "before": "x", "q": "\x00 a" * 100,
        "claimed": "?", "outcome": "undo",
    })  # fmt: skip
    assert (found.tab, found.plan, found.due, found.after, found.before, found.claimed, found.outcome) == (
        "waiting", None, "", "", "", "", "",
    )  # fmt: skip
    assert len(found.q) <= 60
    s = scene()
    s.submitted()
    for text in ('"', "'", "\\", "a b", "١٢٣", "😀", "张" * 60, "\x00"):
        queues.waiting_for(s.reviewers["U"], Filters(q=text))
        queues.waiting_for(s.reviewers["U"], Filters(unit=text, city=text, occupation=text))


def test_a_page_of_the_queue_is_one_query_and_no_model():
    s = scene()
    s.submitted()
    people(s, 5)
    statements = []
    real = queues.database.execute_sql

    def count(*given, **named):
        statements.append(given[0])
        return real(*given, **named)

    queues.database.execute_sql = count
    try:
        page = queues.waiting_for(s.reviewers["U"], Filters())
    finally:
        del queues.database.execute_sql
    assert len(page.rows) == 6 and len(statements) == 1

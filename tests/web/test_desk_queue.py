"""The queue page: rows decided in place, tabs, filters in the address, the export, what it costs, who sees what."""

import io
from datetime import timedelta

import pytest
from python_calamine import load_workbook

from portal import clock, database
from portal.models import CalendarYear, Case, DocumentLog, Event, Workday, jurisdictions
from portal.models.cases import NO_DUE
from portal.rules.flows.registration import State
from portal.rules.workflow import Seat
from tests import make
from tests.actions.registering import scene
from tests.pages import strip
from tests.web.desks import browser, fresh, more, sign_in


@pytest.fixture
def city(app, client, at):
    """A city's desk with three waiting cases, and the browser of its reviewer."""
    at("2022-12-12 09:00")
    s = scene()
    cases = [s.decide(case, "pass", "U") for case in [s.submitted(), *more(s, 2)]]
    return s, cases, sign_in(client, s.reviewers["C"])


@pytest.mark.requirement("R3.31", "R13.16")
def test_approving_in_the_row_changes_the_row_and_the_counter_only(city):
    s, cases, client = city
    page = client.page("/city/cases")
    assert page.find(f"case-{cases[0].id}") is not None and "全部待办" in page.text
    address = f"/city/cases/{cases[0].id}/approve"
    answer = client.post(address, {"row": f"{cases[0].id}:{cases[0].version}"}, htmx=True)
    html = answer.get_data(as_text=True)
    assert answer.status_code == 200 and answer.headers["HX-Retarget"] == f"#case-{cases[0].id}"
    assert html.lstrip().startswith("<tr") and f'id="case-{cases[0].id}"' in html and "撤销" in html
    assert 'id="counters" hx-swap-oob="true"' in html.replace("  ", " ") or ' hx-swap-oob="true" id="counters"' in html
    assert "<b>2</b>" in html
    assert f'id="case-{cases[1].id}"' not in html and "HX-Push-Url" not in answer.headers and "<html" not in html
    assert fresh(cases[0]).position == 2
    # Without JavaScript: the same address leads back to the queue, filters and all.
    address = f"/city/cases/{cases[1].id}/approve?q=%E7%8E%8B"
    answer = client.post(address, {"row": f"{cases[1].id}:{cases[1].version}"})
    assert answer.status_code == 303 and answer.headers["Location"].endswith("/city/cases?q=%E7%8E%8B")
    assert fresh(cases[1]).position == 2
    assert "通过" in client.page("/city/cases").text


def test_rejecting_in_the_row_asks_for_the_reason_first(city):
    s, cases, client = city
    small = client.get(f"/city/cases/{cases[0].id}/reject", headers={"HX-Request": "true"})
    assert f'name="note-{cases[0].id}"' in small.get_data(as_text=True)
    refused = client.post(f"/city/cases/{cases[0].id}/reject", {"row": f"{cases[0].id}:{cases[0].version}"}, htmx=True)
    assert refused.status_code == 422 and "请填写理由" in strip(refused)
    assert fresh(cases[0]).state == State.UNDER_REVIEW
    done = client.post(
        f"/city/cases/{cases[0].id}/reject",
        {"row": f"{cases[0].id}:{cases[0].version}", f"note-{cases[0].id}": "不在备案范围"}, htmx=True,
    )  # fmt: skip
    assert done.status_code == 200 and "不在备案范围" in strip(done)
    assert fresh(cases[0]).state == State.REJECTED
    # Without htmx the same address leads to the case page, where there is room for a reason.
    plain = client.get(f"/city/cases/{cases[1].id}/reject")
    assert plain.status_code == 303 and f"/city/cases/{cases[1].id}" in plain.headers["Location"]


def test_a_stale_row_says_who_was_faster(app, city):
    s, cases, client = city
    colleague = browser(app, make.actor_of(make.make_grant(Seat.CITY_CENTRE, fresh(cases[0]).office)))
    colleague.post(f"/city/cases/{cases[0].id}/approve", {"row": f"{cases[0].id}:{cases[0].version}"})
    late = client.post(f"/city/cases/{cases[0].id}/approve", {"row": f"{cases[0].id}:{cases[0].version}"}, htmx=True)
    assert late.status_code == 409 and "已由" in strip(late) and late.headers["HX-Retarget"] == f"#case-{cases[0].id}"
    assert Event.select().where(Event.case == cases[0].id, Event.seat == "C", Event.action == "pass").count() == 1


def test_undo_from_the_row_and_from_todays_decisions(city):
    s, cases, client = city
    client.post(f"/city/cases/{cases[0].id}/approve", {"row": f"{cases[0].id}:{cases[0].version}"}, htmx=True)
    back = client.post(
        f"/city/cases/{cases[0].id}/undo", {"row": f"{cases[0].id}:{fresh(cases[0]).version}"}, htmx=True
    )
    assert back.status_code == 200 and f'value="{cases[0].id}:{fresh(cases[0]).version}"' in back.get_data(as_text=True)
    assert fresh(cases[0]).position == 1
    client.post(f"/city/cases/{cases[0].id}/approve", {"row": f"{cases[0].id}:{fresh(cases[0]).version}"})
    today = client.page("/city/cases?tab=today")
    after = today.press(f"/city/cases/{cases[0].id}/undo?tab=today")
    assert fresh(cases[0]).position == 1 and "已恢复到决定之前" in after.text


@pytest.mark.requirement("R0.02", "R0.19")
def test_other_peoples_rows_are_neither_listed_nor_reached_by_any_address(app, city):
    s, cases, client = city
    other = scene(region="绵阳市")
    theirs = other.decide(other.submitted(), "pass", "U")
    assert theirs.title not in client.page("/city/cases").text
    data = {
        "row": f"{theirs.id}:{theirs.version}",
        "seen": theirs.version,
        "note": "x",
        "what": "pass",
        "item": "person.phone",
    }
    for verb in (
        "approve",
        "reject",
        "return",
        "undo",
        "claim",
        "take-over",
        "release",
        "extend",
        "withdraw",
        "record",
    ):
        assert client.post(f"/city/cases/{theirs.id}/{verb}", data).status_code == 404, verb
    version = Case.get_by_id(theirs.id)
    for place in ("", "/approve", "/reject", "/row", "/record", "/decision-notice", "/files/1", "/files/1/pages/1"):
        assert client.get(f"/city/cases/{theirs.id}{place}").status_code == 404, place
    bulk = client.post("/city/cases/decide", {"what": "pass", "case": f"{theirs.id}:{theirs.version}"})
    assert "通过 0 件，跳过 1 件" in strip(bulk)
    assert (version.version, version.state) == (theirs.version, theirs.state)
    unit = browser(app, s.reviewers["U"])
    for place in ("", "/approve"):
        assert unit.get(f"/unit/cases/{theirs.id}{place}").status_code == 404
    assert unit.post(f"/unit/cases/{theirs.id}/approve", {"seen": theirs.version, "confirmed": "y"}).status_code == 404
    assert (
        Event.select()
        .where(Event.case == theirs.id, Event.user.in_([s.reviewers["C"].user, s.reviewers["U"].user]))
        .count()
        == 0
    )


@pytest.mark.requirement("R13.11")
def test_no_decision_without_a_token(city):
    s, cases, client = city
    case = cases[0]
    client.get("/city/cases")
    for verb in (
        "approve",
        "return",
        "reject",
        "undo",
        "extend",
        "withdraw",
        "late-stamp",
        "claim",
        "take-over",
        "release",
    ):
        for htmx in (False, True):
            answer = client.post(
                f"/city/cases/{case.id}/{verb}",
                {"seen": case.version, "note": "x", "item": "person.phone"},
                token=False,
                htmx=htmx,
            )
            assert answer.status_code == 400, verb
    for place in ("preview", "decide"):
        assert (
            client.post(f"/city/cases/{place}", {"case": f"{case.id}:{case.version}"}, token=False).status_code == 400
        )
    assert fresh(case).version == case.version and fresh(case).claimed_by_id is None


@pytest.mark.requirement("R2.31")
def test_items_past_the_levels_deadline_are_flagged_in_its_queue_and_in_the_overview(app, client, at):
    at("2022-12-12 09:00")
    s = scene(plan={"review_by": {"C": "2022-12-14"}, "closes_on": "2022-12-20"})
    s.decide(s.submitted(), "pass", "U")
    city = sign_in(client, s.reviewers["C"])
    for day, word, tone in (
        ("2022-12-13", "剩1个工作日", "soon"),
        ("2022-12-14", "今天到期", "today"),
        ("2022-12-15", "逾期1个工作日", "late"),
    ):
        at(f"{day} 09:00")
        make.LoginSession.update(created_at=clock.now()).execute()
        page = city.page("/city/cases")
        badge = next(
            e
            for e in page.find(f"case-{Case.get().id}").iter("span")
            if (e.get("class") or "").startswith("badge " + tone)
        )
        assert badge.text == word
        late = city.page("/city/cases?due=late")
        assert (late.find(f"case-{Case.get().id}") is not None) == (tone == "late")
        overview = browser(app, s.reviewers["P"]).page(f"/province/plans/{s.plan.id}")
        assert (f"/province/plans/{s.plan.id}/cases?late=1&level=C" in overview.links()) == (tone == "late")


def test_an_estimated_year_says_so_beside_the_date(city):
    s, cases, client = city
    CalendarYear.delete().execute()
    Workday.delete().execute()
    jurisdictions.forget_calendar()
    Case.update(due_on=clock.today() + timedelta(days=2)).where(Case.id == cases[0].id).execute()
    assert "暂按未公布节假日计算" in client.page("/city/cases").text
    CalendarYear.create(year=2022, loaded_at=clock.now())
    jurisdictions.forget_calendar()
    Case.update(due_on=NO_DUE).execute()
    Case.update(due_on=clock.today() + timedelta(days=2)).where(Case.id == cases[0].id).execute()
    page = client.page("/city/cases")
    assert not any("estimated" in (e.get("class") or "") for e in page.tree.iter("span"))


def test_filters_stay_in_the_address_and_lead_through_the_case_and_back(city):
    s, cases, client = city
    page = client.page(f"/city/cases?q={cases[0].title}&due=none")
    link = next(e for e in page.find(f"case-{cases[0].id}").iter("a"))
    assert "q=" in link.get("href") and "due=none" in link.get("href")
    opened = client.page(link.get("href"))
    assert any(
        e.get("href", "").startswith("/city/cases?") and "due=none" in e.get("href") for e in opened.tree.iter("a")
    )
    piece = client.get(f"/city/cases?q={cases[0].title}", headers={"HX-Request": "true"}).get_data(as_text=True)
    assert piece.lstrip().startswith('<div id="queue"') and "<html" not in piece
    whole = client.get(
        f"/city/cases?q={cases[0].title}", headers={"HX-Request": "true", "HX-History-Restore-Request": "true"}
    )
    assert "<html" in whole.get_data(as_text=True)


@pytest.mark.requirement("R12.11")
def test_a_units_export_holds_its_own_rows_as_text_and_is_logged(app, client, at):
    at("2022-12-12 09:00")
    s, other = scene(name="=1+1"), scene(name="别家的人")
    case = s.submitted()
    other.submitted()
    unit = sign_in(client, s.reviewers["U"])
    answer = unit.get("/unit/cases/export")
    assert answer.mimetype.endswith("spreadsheetml.sheet") and "attachment" in answer.headers["Content-Disposition"]
    flat = [cell for row in _cells(answer.data) for cell in row]
    assert "=1+1" in flat and case.number in flat
    assert "别家的人" not in flat
    log = DocumentLog.select().where(DocumentLog.kind == "queue_export").get()
    assert log.name == s.reviewers["U"].name
    nothing = _cells(unit.get("/unit/cases/export?q=没有此人").data)
    assert "=1+1" not in [cell for row in nothing for cell in row]


def _cells(content: bytes) -> list[list[str]]:
    return [[str(cell) for cell in row] for row in load_workbook(io.BytesIO(content)).get_sheet_by_index(0).to_python()]


@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.parametrize("seat, address", [("C", "/city/cases"), ("U", "/unit/cases")])
def test_a_page_costs_at_most_eight_queries(city, htmx, seat, address):
    s, cases, client = city
    waiting = more(s, 4)
    if seat == "C":
        waiting = [s.decide(case, "pass", "U") for case in waiting]
    client = sign_in(client, s.reviewers[seat])
    assert waiting and client.page(address).find(f"case-{waiting[0].id}") is not None
    counted = []
    real = database.database.execute_sql

    def count(sql, *given, **named):
        counted.append(sql)
        return real(sql, *given, **named)

    database.database.execute_sql = count
    try:
        client.get(f"{address}?due=none", headers={"HX-Request": "true"} if htmx else {})
    finally:
        del database.database.execute_sql
    assert len(counted) <= 8, "\n".join(sql[:90] for sql in counted)


def test_home_is_the_queue_and_other_seats_stay_outside(app, city):
    s, cases, client = city
    assert client.get("/city/").headers["Location"].endswith("/city/cases")
    for door in ("/unit", "/province"):
        assert client.get(f"{door}/cases").status_code == 403
    client.sign_out()
    assert "/account/login" in client.get("/city/cases").headers["Location"]

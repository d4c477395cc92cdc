"""Statements on pages: filed by a person or a unit, decided at the province's desk beside registrations."""

import io

import pytest

from portal import database
from portal.actions import statements
from portal.models import Bar, Case, FileVersion, Statement
from portal.models.statements import decided_for, evidence_of
from portal.rules.flows.statement import State
from portal.rules.sanctions import BarKind
from tests import make
from tests.actions.registering import picture, scene
from tests.make_sanctions import centre, department, make_card, make_strike, unit_seat
from tests.web.desks import browser, sign_in

TEXT = "当日因公出差，\n有单位出差审批单为证。"


@pytest.fixture
def struck(db, at):
    at("2022-12-20 10:00")
    organisation = make.make_organisation(occupations=[make.make_occupation()])
    person = make.make_person(organisation)
    unit, clerk = make.actor_of(unit_seat(organisation)), centre()
    strike = make_strike(person, actor=clerk)
    return type("Struck", (), dict(person=person, unit=unit, clerk=clerk, strike=strike, me=make.applicant(person)))


def filed(struck, **kw):
    case = statements.open_statement(
        decided_for(struck.me, strike=struck.strike.id), actor=struck.me, text=TEXT, **kw
    )
    return statements.submit_statement(case, actor=struck.me, seen=case.version)


@pytest.mark.requirement("R7.18")
@pytest.mark.parametrize("door", ["applicant", "unit"])
def test_filing_and_the_answer(app, client, struck, door):
    """From the form with evidence to the province's queue, its decision, and what the party reads of it."""
    party = struck.me if door == "applicant" else struck.unit
    sign_in(client, party)
    address = f"/{door}/statements/new?strike={struck.strike.id}"
    shown = client.page(address)
    assert "无故缺勤" in shown.text and "职业技能鉴定指导中心" in shown.text
    sent = client.post(
        address, {"text": TEXT, "contact": "13900000001", "then": "submit",
                  "scan": (io.BytesIO(picture()), "审批单.jpg")},
        content_type="multipart/form-data",
    )  # fmt: skip
    case = Case.get(Case.kind == "statement")
    assert sent.headers["Location"] == f"/{door}/statements/{case.id}" and case.state == State.UNDER_REVIEW
    own = client.page(f"/{door}/statements/{case.id}")
    assert "待省级鉴定中心处理" in own.text and "审批单.jpg" in own.text
    (version,) = FileVersion.select().where(FileVersion.owner == f"statement:{case.id}")
    assert client.get(f"/{door}/statements/{case.id}/files/{version.id}").status_code == 200
    assert case.number in client.page(f"/{door}/statements").text

    desk = browser(app, struck.clerk)
    queue = desk.page("/province/cases")
    assert struck.person.name in queue.text and "陈述申辩" in queue.text
    file = desk.page(f"/province/cases/{case.id}")
    assert "有单位出差审批单为证" in file.text and "采纳" in file.text and "退回补正" not in file.text
    assert desk.get(f"/province/cases/{case.id}/files/{version.id}/pages/1").status_code == 200
    bare = desk.post(f"/province/cases/{case.id}/approve", {"seen": case.version})
    assert bare.status_code == 422 and Case.get_by_id(case.id).state == State.UNDER_REVIEW
    answer = desk.post(f"/province/cases/{case.id}/approve", {"seen": case.version, "note": "出差属实。"})
    assert answer.headers["Location"] == f"/province/cases/{case.id}"
    after = desk.page(f"/province/cases/{case.id}")
    assert f"/province/sanctions/strikes/{struck.strike.id}/annul" in after.html and "仍然有效" in after.text
    again = client.page(f"/{door}/statements/{case.id}")
    assert "采纳" in again.text and "出差属实。" in again.text and "由作出决定的部门另行" in again.text
    assert struck.clerk.name not in again.text
    done = desk.page("/province/cases?tab=done&kind=statement")
    assert "采纳" in done.text and struck.person.name in done.text


def test_a_draft_is_kept_changed_and_thrown_away(client, struck):
    client.sign_in(make.grant_of(struck.person))
    address = f"/applicant/statements/new?strike={struck.strike.id}"
    empty = client.post(address, {"text": "", "then": "submit"})
    assert empty.status_code == 422 and not Statement.select().exists()
    client.post(address, {"text": "草稿", "then": "draft", "scan": (io.BytesIO(picture()), "一.jpg")},
                content_type="multipart/form-data")  # fmt: skip
    case = Case.get(Case.kind == "statement")
    assert case.state == State.DRAFT
    assert client.get(address).headers["Location"] == f"/applicant/statements/{case.id}"
    place = f"/applicant/statements/{case.id}"
    stale = client.post(place, {"text": "改", "then": "draft", "seen": case.version + 1})
    assert stale.status_code == 409
    client.post(place, {"text": "改过", "then": "draft", "seen": case.version})
    case = Case.get_by_id(case.id)
    (version,) = evidence_of(case)
    client.post(f"{place}/files/{version.id}/remove", {"seen": case.version})
    assert evidence_of(case) == [] and Statement.get().text == "改过"
    program = {"text": "改", "then": "draft", "seen": Case.get_by_id(case.id).version,
               "scan": (io.BytesIO(b"MZ program"), "x.exe")}  # fmt: skip
    bad = client.post(place, program, content_type="multipart/form-data")
    assert bad.status_code == 422
    client.page(place)
    client.post(f"{place}/discard", {"seen": Case.get_by_id(case.id).version})
    assert not Statement.select().exists() and client.get(place).status_code == 404


def test_what_is_not_ones_own_is_not_found(app, struck):
    case = filed(struck)
    bar = Bar.create(
        organisation=struck.unit.organisation, province="sichuan", kind=BarKind.STRIKES, basis="八（二）", cause={},
        starts_at=struck.strike.at, live_key="sichuan:organisation:x:strikes",
    )  # fmt: skip
    card = make_card(struck.person, state="revoked")
    stranger = make.make_person(make.make_organisation())
    other, mine = browser(app, make.applicant(stranger)), browser(app, struck.me)
    unit, far = browser(app, struck.unit), browser(app, make.actor_of(unit_seat(make.make_organisation())))
    for client, door in ((other, "applicant"), (far, "unit")):
        for query in (f"strike={struck.strike.id}", f"bar={bar.id}", f"credential={card.id}", "", "strike=x",
                      f"strike={10**30}", f"strike={struck.strike.id}&bar={bar.id}"):  # fmt: skip
            assert client.get(f"/{door}/statements/new?{query}").status_code == 404, (door, query)
        assert client.get(f"/{door}/statements/{case.id}").status_code == 404
    # What a person states alone is not the unit's.
    assert unit.get(f"/unit/statements/{case.id}").status_code == 404
    assert unit.get(f"/unit/statements/new?bar={bar.id}").status_code == 200
    for address in ("registrations/{}", "registrations/{}/edit"):
        assert mine.get(f"/applicant/{address.format(case.id)}").status_code == 404


def test_withdrawn_it_leaves_the_queue(app, client, struck):
    case = filed(struck)
    client.sign_in(make.grant_of(struck.person))
    client.page(f"/applicant/statements/{case.id}")
    client.post(f"/applicant/statements/{case.id}/withdraw", {"seen": case.version})
    assert Case.get_by_id(case.id).state == State.WITHDRAWN
    desk = browser(app, struck.clerk)
    assert struck.person.name not in desk.page("/province/cases").text
    assert desk.post(f"/province/cases/{case.id}/approve", {"seen": case.version, "note": "x"}).status_code == 409


class TestDesk:
    @pytest.fixture
    def both(self, app, struck):
        """A registration and a statement on one desk."""
        s = scene()
        registration = s.decide(s.decide(s.submitted(), "pass", "U"), "pass", "C")
        return registration, filed(struck), browser(app, struck.clerk)

    def test_the_row_offers_no_quick_decision(self, both):
        registration, case, desk = both
        html = desk.page("/province/cases").html
        assert f'value="{registration.id}:' in html and f'value="{case.id}:' not in html
        assert "待处理" not in html and "陈述申辩" in html
        for action in ("approve", "reject"):
            led = desk.get(f"/province/cases/{case.id}/{action}", headers={"HX-Request": "true"})
            assert led.headers["HX-Redirect"].startswith(f"/province/cases/{case.id}")
            assert desk.get(f"/province/cases/{case.id}/{action}").status_code == 303

    def test_the_next_case_may_be_of_another_kind(self, both):
        registration, case, desk = both
        page = desk.page(f"/province/cases/{registration.id}")
        assert f"/province/cases/{case.id}" in page.html
        swapped = desk.post(
            f"/province/cases/{registration.id}/reject", {"seen": registration.version, "note": "不符合条件"}, htmx=True
        )
        assert swapped.status_code == 200 and "所针对的决定" in swapped.get_data(as_text=True)

    def test_in_bulk_it_is_skipped(self, both):
        registration, case, desk = both
        shown = desk.post("/province/cases/preview", {"what": "pass-all"}).get_data(as_text=True)
        assert "跳过 1 件" in shown and "逐件" in shown
        pairs = [f"{case.id}:{case.version}", f"{registration.id}:{registration.version}"]
        desk.post("/province/cases/decide", {"what": "pass", "case": pairs})
        assert Case.get_by_id(case.id).state == State.UNDER_REVIEW
        assert Case.get_by_id(registration.id).state == "approved"

    def test_what_only_registrations_have_is_refused(self, both):
        _, case, desk = both
        base, form = f"/province/cases/{case.id}", {"seen": case.version, "note": "理由", "item": "person.phone"}
        assert desk.post(f"{base}/return", form).status_code == 403
        assert desk.post(f"{base}/undo", form).status_code == 403
        for verb in ("extend", "withdraw", "late-stamp"):
            assert desk.post(f"{base}/{verb}", form).status_code in (403, 409), verb
        for page in ("record", "decision-notice", "corrections/1"):
            assert desk.get(f"{base}/{page}").status_code == 404, page
        assert Case.get_by_id(case.id).version == case.version

    def test_claim_and_release(self, both):
        _, case, desk = both
        claimed = desk.post(f"/province/cases/{case.id}/claim", htmx=True)
        assert claimed.status_code == 200 and Case.get_by_id(case.id).claimed_by_id
        released = desk.post(f"/province/cases/{case.id}/release")
        assert released.status_code == 303 and Case.get_by_id(case.id).claimed_by_id is None
        assert "的陈述申辩已放回待办" in desk.page("/province/cases").text

    def test_the_counter_leads_to_the_statements(self, both):
        registration, case, desk = both
        page = desk.page("/province/cases")
        assert "kind=statement" in page.html
        only = desk.page("/province/cases?kind=statement")
        assert case.title in only.text and f"case-{registration.id}" not in only.html

    def test_the_queue_costs_no_query_more(self, both):
        _, _, desk = both
        desk.get("/province/cases")
        counted = []
        real = database.database.execute_sql

        def count(sql, *given, **named):
            counted.append(sql)
            return real(sql, *given, **named)

        database.database.execute_sql = count
        try:
            desk.get("/province/cases")
        finally:
            del database.database.execute_sql
        assert len(counted) <= 8, "\n".join(sql[:90] for sql in counted)

    def test_the_export_names_the_kind(self, both):
        from python_calamine import load_workbook

        _, case, desk = both
        cells = load_workbook(io.BytesIO(desk.get("/province/cases/export").data)).get_sheet_by_index(0).to_python()
        assert [row[1] for row in cells if row[0] == case.number] == ["陈述申辩"]

    def test_where_only_statements_are_listed_nothing_is_offered_in_bulk(self, both):
        registration, case, desk = both
        bulk = ("批量通过所选", "批量不通过", "通过全部筛选结果")
        shown = desk.page("/province/cases").text
        assert all(word in shown for word in bulk)
        for query in ("kind=statement", f"q={case.number}"):
            shown = desk.page(f"/province/cases?{query}")
            assert shown.find(f"case-{case.id}") is not None and shown.find(f"case-{registration.id}") is None
            assert not any(word in shown.text for word in bulk), query


def test_a_permanent_bar_is_the_departments(app, struck):
    office = department()
    bar = Bar.create(
        person=struck.person, province="sichuan", kind=BarKind.UNCLAIMED, permanent=True, basis="七", cause={},
        starts_at=struck.strike.at, live_key="sichuan:person:x:unclaimed",
    )  # fmt: skip
    case = statements.open_statement(decided_for(struck.me, bar=bar.id), actor=struck.me, text=TEXT)
    case = statements.submit_statement(case, actor=struck.me, seen=case.version)
    assert browser(app, struck.clerk).get(f"/province/cases/{case.id}").status_code == 404
    page = browser(app, office).page(f"/province/cases/{case.id}")
    assert "永久取消申报资格" in page.text and f"/province/sanctions/bars/{bar.id}" in page.html


def test_who_has_filed_nothing_is_led_to_the_page_by_the_name_it_bears(app, struck):
    for door, actor in (("applicant", struck.me), ("unit", struck.unit)):
        client = browser(app, actor)
        empty = client.page(f"/{door}/statements")
        assert "在诚信记录中" in empty.text and "诚信档案" not in empty.text
        assert f"/{door}/sanctions" in empty.links() and "诚信记录" in client.page(f"/{door}/sanctions").text


def test_the_record_pages_lead_to_the_form(app, struck):
    """From an ended card, a strike and a bar, at the person's door and at the unit's."""
    second = make_strike(struck.person, actor=struck.clerk)
    card = make_card(struck.person, state="void_unclaimed")
    valid = make_card(struck.person, state="valid")
    bars = {bar.organisation_id: bar.id for bar in Bar.select()}
    me, unit = browser(app, struck.me), browser(app, struck.unit)
    links = me.page("/applicant/certificates").links() + me.page("/applicant/sanctions").links()
    wanted = [f"credential={card.id}", f"strike={struck.strike.id}", f"strike={second.id}", f"bar={bars[None]}"]
    for query in wanted:
        assert f"/applicant/statements/new?{query}" in links
    assert f"/applicant/statements/new?credential={valid.id}" not in links
    found = [href for client, urls in ((me, links),) for href in urls if "/statements/new" in href]
    found += [
        href for page in ("/unit/sanctions", f"/unit/sanctions/people/{struck.person.id}")
        for href in unit.page(page).links() if "/statements/new" in href
    ]  # fmt: skip
    assert f"/unit/statements/new?bar={bars[struck.unit.organisation]}" in found
    assert f"/unit/statements/new?strike={second.id}" in found
    for href in found:
        client = me if href.startswith("/applicant") else unit
        assert client.get(href).status_code == 200, href

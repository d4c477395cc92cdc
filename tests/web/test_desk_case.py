"""The case page: conditions beside the buttons, scans in place, claims, decisions, changes, trail, and paper."""

from datetime import date, timedelta
from io import BytesIO

import pypdfium2
import pytest

from portal.actions import registrations
from portal.actions.files import keep_file
from portal.actions.people_evidence import attach_scan
from portal.actions.reasons import seed_default_reasons
from portal.actions.registration_copy import last_submission
from portal.models import (
    Case,
    Correction,
    DocumentLog,
    Event,
    FileVersion,
    Grant,
    HeldQualification,
    Message,
    Registration,
)
from portal.rules.flows.registration import State
from portal.rules.workflow import Seat
from portal.storage import SCAN, Store
from tests import make
from tests.actions.registering import fake_kept, picture, scene
from tests.conftest import Browser
from tests.pages import strip
from tests.web.desks import browser, fresh, more, sign_in


@pytest.fixture(autouse=True)
def _now(db, at):
    at("2022-12-12 09:00")


def pdf_text(content: bytes) -> str:
    """The text of a PDF without line breaks."""
    document = pypdfium2.PdfDocument(content)
    return "".join(page.get_textpage().get_text_range() for page in document).replace("\r", "").replace("\n", "")


@pytest.mark.requirement("R2.32")
def test_the_conditions_stand_beside_the_buttons_with_their_evidence_and_source(client):
    s = scene()
    case = s.submitted()
    page = sign_in(client, s.reviewers["U"]).page(f"/unit/cases/{case.id}")
    side = next(e for e in page.tree.iter("div") if e.get("class") == "desk-side")
    text = " ".join("".join(side.itertext()).split())
    results = Registration.get_by_id(case.id).results
    assert len(results) >= 5
    for result in results:
        assert " ".join(result["text"].split()) in text
        assert " ".join(result["explanation"].split()) in text
        assert result["source"] in text
    assert any(button.get("value") == "pass" for button in side.iter("button"))
    for word in ("符合", "需人工认定"):
        assert word in text


@pytest.mark.requirement("R1.22")
def test_total_months_of_experience_are_shown(client):
    s = scene()
    case = s.submitted()  # one entry, 2018-01-01 to 2021-12-31
    page = sign_in(client, s.reviewers["U"]).page(f"/unit/cases/{case.id}")
    assert "考评工作经历合计 48 个月" in page.text


@pytest.mark.requirement("R0.31")
def test_own_registration_has_no_buttons_and_its_post_is_refused(client):
    s = scene()
    case = s.submitted()
    own = make.actor_of(make.make_grant(Seat.UNIT, fresh(case).office, s.person.user))
    desk = sign_in(client, own)
    page = desk.page(f"/unit/cases/{case.id}")
    assert not [b for b in page.tree.iter("button") if b.get("name") == "action"]
    assert "不能审核本人的报名" in page.text
    row = desk.page("/unit/cases").find(f"case-{case.id}")
    assert "回避" in "".join(row.itertext()) and not list(row.iter("button"))
    answer = desk.post(f"/unit/cases/{case.id}/approve", {"seen": fresh(case).version, "confirmed": "y"})
    assert answer.status_code == 403 and fresh(case).position == 0
    # The control: a colleague gets the buttons and may.
    other = browser(client.app, s.reviewers["U"])
    assert [b for b in other.page(f"/unit/cases/{case.id}").tree.iter("button") if b.get("name") == "action"]
    other.post(f"/unit/cases/{case.id}/approve", {"seen": fresh(case).version, "confirmed": "y"})
    assert fresh(case).position == 1


@pytest.mark.requirement("R3.32")
def test_rejecting_needs_a_reason_which_the_applicant_then_reads(client):
    s = scene()
    case = s.submitted()
    desk = sign_in(client, s.reviewers["U"])
    refused = desk.post(
        f"/unit/cases/{case.id}/reject", {"seen": fresh(case).version, "action": "reject", "note": "  "}
    )
    assert refused.status_code == 422 and "请填写理由" in strip(refused)
    assert fresh(case).state == State.UNDER_REVIEW
    done = desk.post(f"/unit/cases/{case.id}/reject", {"seen": fresh(case).version, "note": "工作经历与证明不符"})
    assert done.status_code == 303 and fresh(case).state == State.REJECTED
    applicant = Browser(client.app).sign_in(make.grant_of(s.person))
    assert "工作经历与证明不符" in applicant.page(f"/applicant/registrations/{case.id}").text
    assert (
        Message.select().where(Message.user == s.person.user_id, Message.text.contains("工作经历与证明不符")).exists()
    )


def test_a_refused_decision_keeps_what_was_typed(client):
    s = scene()
    case = s.submitted()
    desk = sign_in(client, s.reviewers["U"])
    typed = {"seen": fresh(case).version, "note": "", "item": ["person.phone", "person.address"],
             "fault:person.phone": "空号", "due_on": "2022-12-20", "confirmed": "y"}  # fmt: skip
    for htmx in (False, True):
        answer = desk.post(f"/unit/cases/{case.id}/return", typed, htmx=htmx)
        html = answer.get_data(as_text=True)
        assert answer.status_code == 422
        assert html.lstrip().startswith('<div id="desk"') == htmx
        page = answer.get_data(as_text=True)
        assert page.count(" checked") >= 3 and 'value="空号"' in page and "2022-12-20" in page
    wrong = desk.post(f"/unit/cases/{case.id}/return", {**typed, "note": "x", "due_on": "2022-02-30"})
    assert wrong.status_code == 422 and fresh(case).state == State.UNDER_REVIEW


def test_a_stale_page_gets_the_fresh_piece_and_who_decided_what_when(client, at):
    s = scene()
    case = s.submitted()
    seen = fresh(case).version
    colleague = make.actor_of(make.make_grant(Seat.UNIT, fresh(case).office))
    at("2022-12-12 09:42")
    browser(client.app, colleague).post(f"/unit/cases/{case.id}/reject", {"seen": seen, "note": "不符合"})
    answer = sign_in(client, s.reviewers["U"]).post(
        f"/unit/cases/{case.id}/approve", {"seen": seen, "confirmed": "y"}, htmx=True
    )
    html = answer.get_data(as_text=True)
    assert answer.status_code == 409 and html.lstrip().startswith('<div id="desk"')
    for word in (colleague.name, "2022-12-12 09:42", "不通过"):
        assert word in strip(answer)
    assert 'name="action"' not in html  # there is nothing left to decide
    assert fresh(case).state == State.REJECTED
    assert Event.select().where(Event.case == case.id, Event.action == "pass").count() == 0
    for seen in ("", "x", "99999999999999999999"):
        assert client.post(f"/unit/cases/{case.id}/approve", {"seen": seen}).status_code == 409


def test_the_next_case_follows_at_once_and_looking_claims_nothing(client):
    s = scene()
    cases = [s.submitted(), *more(s, 2)]
    for number, case in enumerate(cases):
        Case.update(due_on=date(2022, 12, 12) + timedelta(days=number)).where(Case.id == case.id).execute()
    desk = sign_in(client, s.reviewers["U"])
    desk.get(f"/unit/cases/{cases[0].id}")
    assert not Case.select().where(Case.claimed_by.is_null(False)).exists()
    claimed = desk.post(f"/unit/cases/{cases[0].id}/claim", htmx=True)
    assert claimed.status_code == 200 and "放回待办" in strip(claimed)
    assert fresh(cases[0]).claimed_by_id == s.reviewers["U"].user
    answer = desk.post(
        f"/unit/cases/{cases[0].id}/approve", {"seen": fresh(cases[0]).version, "confirmed": "y"}, htmx=True
    )
    html = answer.get_data(as_text=True)
    assert html.lstrip().startswith('<div id="desk"') and f"/unit/cases/{cases[1].id}/approve" in html
    assert answer.headers["HX-Push-Url"] == f"/unit/cases/{cases[1].id}?last={cases[0].id}"
    assert f"/unit/cases/{cases[0].id}/undo" in html
    assert fresh(cases[1]).claimed_by_id is None
    # The same address, loaded anew, shows the same.
    assert f"上一件：{cases[0].title}" in desk.page(answer.headers["HX-Push-Url"]).text
    plain = desk.post(f"/unit/cases/{cases[1].id}/approve", {"seen": fresh(cases[1]).version, "confirmed": "y"})
    assert plain.status_code == 303 and f"/unit/cases/{cases[2].id}" in plain.headers["Location"]
    last = desk.post(f"/unit/cases/{cases[2].id}/approve", {"seen": fresh(cases[2]).version, "confirmed": "y"})
    assert last.headers["Location"].endswith("/unit/cases")


def test_claims_of_colleagues_are_shown_and_taken_over_by_a_button(client):
    s = scene()
    case = s.submitted()
    first = sign_in(client, s.reviewers["U"])
    first.post(f"/unit/cases/{case.id}/claim", htmx=True)
    other = make.actor_of(make.make_grant(Seat.UNIT, fresh(case).office))
    second = browser(client.app, other)
    page = second.page(f"/unit/cases/{case.id}")
    assert f"{s.reviewers['U'].name}正在办理" in page.text
    assert second.post(f"/unit/cases/{case.id}/claim", htmx=True).status_code == 409
    refused = second.post(f"/unit/cases/{case.id}/approve", {"seen": fresh(case).version, "confirmed": "y"})
    assert refused.status_code == 409 and fresh(case).position == 0
    page.press(f"/unit/cases/{case.id}/take-over")
    assert fresh(case).claimed_by_id == other.user
    assert "接手办理" in first.page(f"/unit/cases/{case.id}").text


@pytest.mark.requirement("R3.05")
def test_unclear_is_a_reason_and_the_scan_can_be_uploaded_again(client):
    seed_default_reasons(make.SICHUAN)
    s = scene()
    case = s.submitted()
    desk = sign_in(client, s.reviewers["U"])
    page = desk.page(f"/unit/cases/{case.id}")
    reason = next(o.text for o in page.tree.iter("option") if "不清晰" in (o.text or ""))
    held = HeldQualification.select().where(HeldQualification.person == s.person).first()
    slot = f"qualification.{held.id}.scan"
    desk.post(f"/unit/cases/{case.id}/return", {"seen": fresh(case).version, "item": slot, "note": reason})
    case = fresh(case)
    assert case.state == State.RETURNED
    assert registrations.unlocked_keys(case) == {slot}
    before = FileVersion.select().where(FileVersion.slot == slot).count()
    attach_scan(s.person, slot=slot, kept=fake_kept(), actor=s.actor)
    assert FileVersion.select().where(FileVersion.slot == slot).count() == before + 1
    case = registrations.submit_registration(case, actor=s.actor, seen=fresh(case).version, declared=True)
    page = desk.page(f"/unit/cases/{case.id}")
    assert "与本级上次所见相比的变化" in page.text
    changed = next(e for e in page.tree.iter("section") if e.get("id") == "part-changes")
    text = "".join(changed.itertext())
    assert "证书材料" in text and "修改前的扫描件" in text and "修改后的扫描件" in text and "联系电话" not in text


def test_each_level_sees_what_changed_since_it_last_saw_it(client):
    s = scene()
    case = s.decide(s.submitted(), "pass", "U")
    case = s.decide(
        case, "return", "C", items=({"key": "person.phone", "label": "联系电话", "note": "空号"},), note="请更正"
    )
    s.person.__class__.update(phone="13900000001").where(s.person.__class__.id == s.person.id).execute()
    case = registrations.submit_registration(case, actor=s.actor, seen=fresh(case).version, declared=True)
    before = s.person.phone
    case = s.decide(case, "pass", "U")
    city = sign_in(client, s.reviewers["C"]).page(f"/city/cases/{case.id}")
    rows = [e for e in city.tree.iter("table") if "changes" in (e.get("class") or "")]
    text = " ".join("".join(rows[0].itertext()).split())
    assert "联系电话" in text and before in text and "13900000001" in text and "通讯地址" not in text
    case = s.decide(case, "pass", "C")
    province = browser(client.app, s.reviewers["P"]).page(f"/province/cases/{case.id}")
    assert province.find("part-changes") is None  # it has seen nothing yet


@pytest.mark.requirement("R3.35")
def test_scans_open_in_place_for_those_who_may_see_the_case_only(client):
    s = scene()
    case = s.submitted()
    store = Store(client.app.config["PORTAL"].uploads)
    kept = store.keep(picture(800), "证书.jpg", SCAN)
    held = HeldQualification.select().where(HeldQualification.person == s.person).first()
    version = keep_file(owner=f"person:{s.person.id}", slot=f"qualification.{held.id}.scan", kept=kept, actor=s.actor)
    newest = last_submission(case)
    newest.files = {**newest.files, version.slot: [version.id]}
    newest.save()
    place = f"/cases/{case.id}/files/{version.id}"
    unit = sign_in(client, s.reviewers["U"])
    page = unit.page(f"/unit/cases/{case.id}")
    shown = [e.get("src") for e in page.tree.iter("img")]
    assert f"/unit{place}/pages/1?w=1200" in shown
    answer = unit.get(f"/unit{place}/pages/1?w=1200")
    assert answer.status_code == 200 and answer.mimetype in ("image/jpeg", "image/png")
    assert unit.get(f"/unit{place}").status_code == 200
    for wrong in (f"/unit{place}/pages/2", f"/unit{place}/pages/0", f"/unit/cases/{case.id}/files/999999/pages/1"):
        assert unit.get(wrong).status_code == 404
    # The city has not got the case yet, another unit never will, and nobody opens it through a case it is not in.
    other = scene()
    theirs = other.submitted()
    assert browser(client.app, s.reviewers["C"]).get(f"/city{place}/pages/1").status_code == 404
    stranger = browser(client.app, other.reviewers["U"])
    assert stranger.get(f"/unit{place}/pages/1").status_code == 404
    assert stranger.get(f"/unit/cases/{theirs.id}/files/{version.id}/pages/1").status_code == 404
    client.sign_out()
    assert client.get(f"/unit{place}/pages/1").status_code == 303


@pytest.mark.requirement("R12.02")
def test_the_trail_shows_the_levels_in_order_to_those_entitled(client):
    s = scene()
    case = s.submitted()
    for seat in "UCP":
        case = s.decide(case, "pass", seat, note=f"{seat}级意见")
    page = sign_in(client, s.reviewers["P"]).page(f"/province/cases/{case.id}")
    record = next(e for e in page.tree.iter("section") if e.get("id") == "part-record")
    shown = ["".join(e.itertext()) for e in record.iter("li")]
    words = ("审核通过", "审核通过", "初审通过", "提交报名")
    names = (s.reviewers["P"].name, s.reviewers["C"].name, s.reviewers["U"].name, s.person.name)
    wanted = list(zip(words, names, strict=True))
    places = [next(i for i, text in enumerate(shown) if word in text and name in text) for word, name in wanted]
    assert places == sorted(places) and len(set(places)) == 4
    outsider = make.actor_of(make.make_grant(Seat.CITY_CENTRE, make.make_city_centre("绵阳市")))
    assert browser(client.app, outsider).get(f"/city/cases/{case.id}").status_code == 404


@pytest.mark.requirement("R3.19")
def test_the_age_is_waived_by_the_last_level_with_a_reason_only(client):
    s = scene(birth=date(1950, 1, 1), sex="男")
    case = s.decide(s.decide(s.submitted(), "pass", "U"), "pass", "C")
    desk = sign_in(client, s.reviewers["P"])
    page = desk.page(f"/province/cases/{case.id}")
    assert page.find("waiver-age") is not None
    refused = desk.post(f"/province/cases/{case.id}/approve", {"seen": case.version, "waiver:age": " "})
    assert refused.status_code == 422 and fresh(case).state == State.UNDER_REVIEW
    desk.post(f"/province/cases/{case.id}/approve", {"seen": case.version, "waiver:age": "本领域紧缺专家"})
    assert fresh(case).state == State.APPROVED
    event = Event.select().where(Event.case == case.id, Event.seat == "P", Event.action == "pass").get()
    assert event.data["waivers"] == {"age": "本领域紧缺专家"}
    assert "本领域紧缺专家" in pdf_text(desk.get(f"/province/cases/{case.id}/decision-notice").data)
    assert "本领域紧缺专家" in desk.page(f"/province/cases/{case.id}").text


@pytest.mark.requirement("R10.70")
def test_the_result_notice_shows_decision_reason_and_date(client, at):
    at("2022-12-13 10:00")
    good, bad = scene(), scene(region="绵阳市")
    passed = good.submitted()
    for seat in "UCP":
        passed = good.decide(passed, "pass", seat, note="材料齐全" if seat == "P" else "")
    failed = bad.decide(bad.submitted(), "reject", "U", note="考评工作经历未达到要求")
    texts = {}
    for actor, door, case in ((good.reviewers["P"], "province", passed), (bad.reviewers["U"], "unit", failed)):
        answer = browser(client.app, actor).get(f"/{door}/cases/{case.id}/decision-notice")
        assert answer.mimetype == "application/pdf"
        texts[case.id] = pdf_text(answer.data)
        assert "2022年12月13日" in texts[case.id] and case.title in texts[case.id]
    assert "审核通过" in texts[passed.id] and "材料齐全" in texts[passed.id] and "不通过" not in texts[passed.id]
    assert "四川省人力资源和社会保障厅" in texts[passed.id]
    assert "审核不通过" in texts[failed.id] and "考评工作经历未达到要求" in texts[failed.id]
    assert DocumentLog.select().where(DocumentLog.kind == "decision_notice").count() == 2
    open_case = scene().submitted()
    unit = browser(client.app, make.actor_of(make.make_grant(Seat.UNIT, fresh(open_case).office)))
    assert unit.get(f"/unit/cases/{open_case.id}/decision-notice").status_code == 404


def test_the_correction_notice_names_every_item_and_the_day(client):
    s = scene()
    case = s.submitted()
    desk = sign_in(client, s.reviewers["U"])
    desk.post(f"/unit/cases/{case.id}/return", {
        "seen": fresh(case).version, "item": ["person.phone", "person.address", "made.up"], "note": "请一次补正",
        "fault:person.phone": "号码是空号", "due_on": "2022年12月20日",
    })  # fmt: skip
    correction = Correction.get(Correction.case == case.id)
    assert [item["key"] for item in correction.items] == ["person.phone", "person.address"]
    assert correction.due_on == date(2022, 12, 20)
    text = pdf_text(desk.get(f"/unit/cases/{case.id}/corrections/{correction.id}").data)
    for word in (
        "一次性补正告知书",
        "联系电话",
        "号码是空号",
        "通讯地址",
        "请一次补正",
        "2022年12月20日",
        correction.number,
    ):
        assert word in text, word
    assert desk.get(f"/unit/cases/{case.id}/corrections/99999").status_code == 404


@pytest.mark.requirement("R12.08")
def test_a_recorded_decision_shows_both_names_and_the_scan(client):
    s = scene()
    case = s.decide(s.decide(s.submitted(), "pass", "U"), "pass", "C")
    desk = sign_in(client, s.reviewers["C"])
    assert desk.get(f"/city/cases/{case.id}/record").status_code == 404  # the province has an account
    Grant.delete().where(Grant.office == s.plan.office, Grant.user != s.reviewers["P"].user).execute()
    Grant.update(ends_on=date(2022, 12, 1)).where(Grant.office == s.plan.office).execute()
    page = desk.page(f"/city/cases/{case.id}")
    assert any((e.get("href") or "").endswith("/record") for e in page.tree.iter("a"))
    form = desk.page(f"/city/cases/{case.id}/record")
    values = {"what": "pass", "document_number": "川人社职鉴〔2022〕30号", "decided_on": "2022-12-11", "note": "同意"}
    without = form.press("record-form", expect=422, **values)
    assert "请上传该单位决定文件的扫描件" in without.text and fresh(case).state == State.UNDER_REVIEW
    done = form.press("record-form", scan=(BytesIO(picture()), "批复.jpg"), **values)
    assert fresh(case).state == State.APPROVED
    for word in (s.plan.office.name, s.reviewers["C"].name, "川人社职鉴〔2022〕30号", "2022-12-11", "代录"):
        assert word in done.text
    event = Event.select().where(Event.case == case.id, Event.on_behalf != "").get()
    file = event.data["on_behalf"]["file"]
    assert f"/city/cases/{case.id}/files/{file}" in done.links()
    assert desk.get(f"/city/cases/{case.id}/files/{file}").status_code == 200


@pytest.mark.requirement("R0.17")
def test_the_unit_records_to_whom_an_absence_was_reported(client):
    s = scene(plan={"require_stamped_form": True})
    case = s.submitted()
    desk = sign_in(client, s.reviewers["U"])
    page = desk.page(f"/unit/cases/{case.id}")
    values = {
        "stamp-reason": "疫情防控隔离",
        "stamp-reported_to": "张主任",
        "stamp-on": "2022-12-11",
        "stamp-until": "2022-12-30",
    }
    refused = page.press("late-stamp", expect=422, **{**values, "stamp-reported_to": ""})
    assert "请填写报备的单位负责同志姓名" in refused.text
    after = page.press("late-stamp", **values)
    for word in ("张主任", "2022-12-11", "疫情防控隔离", "待补盖章申报表"):
        assert word in after.text
    assert Registration.get_by_id(case.id).stamp_exception["reported_to"] == "张主任"


def test_extension_and_withdrawal_from_the_page(client):
    s = scene()
    case = s.returned(["person.phone"])
    desk = sign_in(client, s.reviewers["U"])
    page = desk.page(f"/unit/cases/{case.id}")
    after = page.press("extend", **{"extend-until": "2022-12-31", "extend-note": "申请人住院"})
    assert "申请人住院" in after.text and Registration.get_by_id(case.id).extended_to == date(2022, 12, 31)
    stale = page.press("extend", expect=409, **{"extend-until": "2023-01-31", "extend-note": "x"})
    assert "已由" in stale.text
    gone = desk.page(f"/unit/cases/{case.id}").press("withdraw", **{"withdraw-note": "本人放弃"})
    assert fresh(case).state == State.WITHDRAWN and "本人放弃" in gone.text
    assert desk.post(f"/unit/cases/{case.id}/extend", {"seen": fresh(case).version}).status_code == 403


def test_a_name_that_is_markup_stays_text(client):
    s = scene(name='<img src=x hx-get="/x">')
    case = s.submitted()
    desk = sign_in(client, s.reviewers["U"])
    for place in ("/unit/cases", f"/unit/cases/{case.id}"):
        page = desk.page(place)
        assert "<img src=x" in page.text and "<img src=x" not in page.html


def test_on_ones_own_case_the_desk_offers_none_of_the_other_forms(client, app):
    s = scene(plan={"require_stamped_form": True})
    case = s.submitted()
    items = ({"key": "person.phone", "label": "联系电话", "note": ""},)
    own = make.actor_of(make.make_grant(Seat.UNIT, fresh(case).office, s.person.user))
    desk, colleague = sign_in(client, own), browser(app, s.reviewers["U"])
    for state, forms in ((State.UNDER_REVIEW, {"withdraw", "late-stamp"}),
                         (State.RETURNED, {"extend", "withdraw", "late-stamp"})):  # fmt: skip
        if state == State.RETURNED:
            s.decide(case, "return", "U", items=items, note="请补正")
        offered = {
            reader: {form.get("id") for form in reader.page(f"/unit/cases/{case.id}").tree.iter("form")}
            for reader in (desk, colleague)
        }
        every = {"extend", "withdraw", "late-stamp"}
        assert offered[desk] & every == set() and offered[colleague] & every == forms
    # Nor does the address carry it out, filled in or not.
    seen = fresh(case).version
    for verb, values in (
        ("withdraw", {"withdraw-note": "本人放弃"}),
        ("extend", {"extend-until": "2022-12-31", "extend-note": "x"}),
        ("late-stamp", {}),
        ("claim", {}),
    ):
        assert desk.post(f"/unit/cases/{case.id}/{verb}", {"seen": seen, **values}).status_code == 403, verb
    assert (fresh(case).version, fresh(case).state) == (seen, State.RETURNED)
    colleague.post(f"/unit/cases/{case.id}/withdraw", {"seen": seen, "withdraw-note": "本人调离"})
    assert fresh(case).state == State.WITHDRAWN

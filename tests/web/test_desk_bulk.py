"""Many decisions at once: preview, a result for every row, one event each, large sets as a job, the reason library."""

import threading

import pytest

from portal import jobs
from portal.actions import claims
from portal.actions import jobs as job_rows
from portal.actions.reasons import seed_default_reasons
from portal.models import Case, Event, Grant, Job, Reason
from portal.rules.flows.registration import State
from portal.rules.workflow import Seat
from portal.web.desk import bulk
from tests import make
from tests.actions.registering import scene
from tests.pages import strip
from tests.web.desks import browser, fresh, more, sign_in


@pytest.fixture
def city(app, client, at):
    """A city's desk with ten waiting cases."""
    at("2022-12-12 09:00")
    s = scene()
    cases = [s.decide(case, "pass", "U") for case in [s.submitted(), *more(s, 9)]]
    return s, cases, sign_in(client, s.reviewers["C"])


def chosen(cases) -> dict:
    """The ticked rows as the queue sends them."""
    return {"case": [f"{case.id}:{case.version}" for case in cases]}


def passes(seat: str) -> int:
    """Events of passing at a level."""
    return Event.select().where(Event.action == "pass", Event.seat == seat).count()


@pytest.mark.requirement("R3.46")
def test_ten_rows_in_one_click_are_ten_decisions(city):
    s, cases, client = city
    preview = client.post("/city/cases/preview", {**chosen(cases), "what": "pass"})
    assert "通过 10 件，跳过 0 件" in strip(preview) and passes("C") == 0
    result = client.post("/city/cases/decide", {**chosen(cases), "what": "pass", "note": "同意"})
    assert "通过 10 件，跳过 0 件" in strip(result)
    events = list(Event.select().where(Event.action == "pass", Event.seat == "C"))
    assert {event.case_id for event in events} == {case.id for case in cases} and len(events) == 10
    assert {event.note for event in events} == {"同意"}


def test_the_preview_says_what_is_skipped_and_why_and_the_result_names_every_row(app, city):
    s, cases, client = city
    colleague = make.actor_of(make.make_grant(Seat.CITY_CENTRE, fresh(cases[0]).office))
    claims.claim_case(cases[0], actor=colleague)
    stale = {"case": [*chosen(cases[:3])["case"], f"{cases[3].id}:{cases[3].version - 1}", "999999:1", "x", "1:", ":1"]}
    text = strip(client.post("/city/cases/preview", {**stale, "what": "pass"}))
    assert "通过 2 件，跳过 3 件 ：" in text and "正在办理" in text and "没有找到这件报名 1 件" in text
    text = strip(client.post("/city/cases/decide", {**stale, "what": "pass"}))
    assert "通过 2 件，跳过 3 件" in text
    for case in cases[:4]:
        assert case.title in text
    assert [fresh(case).position for case in cases[:4]] == [1, 2, 2, 1]


def test_the_whole_filtered_set_and_nothing_else(city):
    s, cases, client = city
    name = cases[0].title
    alike = [case for case in cases if name in case.title]
    preview = client.post(f"/city/cases/preview?q={name}", {"what": "pass-all"}, htmx=True)
    html = preview.get_data(as_text=True)
    assert html.lstrip().startswith('<div id="queue"') and f"通过 {len(alike)} 件" in strip(preview)
    assert client.post("/city/cases/preview", {"what": "pass"}).status_code == 303  # nothing ticked: told so


def test_a_unit_confirms_each_person_before_many_are_reported(app, client, at):
    at("2022-12-12 09:00")
    s = scene()
    cases = [s.submitted(), *more(s, 2)]
    cases = [fresh(case) for case in cases]
    desk = sign_in(client, s.reviewers["U"])
    html = desk.post("/unit/cases/preview", {**chosen(cases), "what": "pass"}).get_data(as_text=True)
    assert "checked" not in html and html.count('name="case"') == 3
    refused = desk.post("/unit/cases/decide", {**chosen(cases), "what": "pass"})
    assert refused.status_code == 422 and passes("U") == 0
    desk.post("/unit/cases/decide", {**chosen(cases[:2]), "what": "pass", "confirmed": "y"})
    assert [fresh(case).position for case in cases] == [1, 1, 0]


def test_bulk_rejection_needs_its_reason(city):
    s, cases, client = city
    assert "不通过 2 件" in strip(client.post("/city/cases/preview", {**chosen(cases[:2]), "what": "reject"}))
    refused = client.post("/city/cases/decide", {**chosen(cases[:2]), "what": "reject", "note": " "})
    assert refused.status_code == 422 and fresh(cases[0]).state == State.UNDER_REVIEW
    client.post("/city/cases/decide", {**chosen(cases[:2]), "what": "reject", "note": "计划已满"})
    assert [fresh(case).state for case in cases[:3]] == [State.REJECTED, State.REJECTED, State.UNDER_REVIEW]
    notes = {e.note for e in Event.select().where(Event.action == "reject")}
    assert notes == {"计划已满"}


def test_more_than_a_request_can_do_becomes_a_job_with_preview_progress_and_result(city, monkeypatch):
    s, cases, client = city
    monkeypatch.setattr(bulk, "AT_ONCE", 4)
    monkeypatch.setattr(jobs, "ROWS_A_STEP", 3)
    place = client.post("/city/cases/preview", {"what": "pass-all"}).headers["Location"]
    text = client.page(place).text
    assert "正在核对 0/10" in text
    jobs.do_job(job_rows.lease_job())
    page = client.page(place)
    assert "通过 10 件，跳过 0 件" in page.text and passes("C") == 0
    place = client.post("/city/cases/decide", page.values("bulk-decide")).headers["Location"]
    job = job_rows.lease_job()
    assert jobs.do_step(job) is False
    piece = client.get(place, headers={"HX-Request": "true"}).get_data(as_text=True)
    assert "正在办理 3/10" in piece and 'hx-trigger="every 1s"' in piece and "停止" in piece
    assert passes("C") == 3
    jobs.do_job(job)
    done = client.page(place)
    assert "通过 10 件，跳过 0 件" in done.text and all(case.title in done.text for case in cases)
    assert passes("C") == 10 and Job.get_by_id(job.id).state == "done"
    assert client.get(place, headers={"HX-Request": "true"}).get_data(as_text=True).count("every 1s") == 0


def _job(s, cases) -> Job:
    data = {"pairs": [[c.id, c.version] for c in cases], "decision": {"action": "pass", "note": "", "confirmed": False}}
    return job_rows.start_job("bulk", actor=s.reviewers["C"], data=data, total=len(cases))


def test_a_worker_that_dies_is_followed_by_another_and_no_row_is_done_twice(city, monkeypatch, at):
    s, cases, _ = city
    monkeypatch.setattr(jobs, "ROWS_A_STEP", 4)
    _job(s, cases)
    first = job_rows.lease_job()
    jobs.do_step(first)
    assert job_rows.lease_job() is None  # the lease runs
    at("2022-12-12 09:00:59")
    assert job_rows.lease_job() is None
    at("2022-12-12 09:01:01")
    second = job_rows.lease_job()
    assert second.id == first.id and second.done == 4
    # The first worker was only slow: what it does now is rolled back.
    before = passes("C")
    assert jobs.do_step(first) is True and passes("C") == before == 4
    jobs.do_job(second)
    assert passes("C") == 10 and len(Job.get_by_id(second.id).result["passed"]) == 10
    assert not Job.get_by_id(second.id).result.get("skipped")


def test_a_crash_inside_a_step_leaves_neither_decisions_nor_progress(city, monkeypatch):
    s, cases, _ = city
    monkeypatch.setattr(jobs, "ROWS_A_STEP", 4)
    _job(s, cases)
    job = job_rows.lease_job()
    real = job_rows.keep_step

    def die(*given, **named):
        raise KeyboardInterrupt

    monkeypatch.setattr(jobs.jobs, "keep_step", die)
    with pytest.raises(KeyboardInterrupt):
        jobs.do_step(job)
    assert passes("C") == 0 and Job.get_by_id(job.id).done == 0
    monkeypatch.setattr(jobs.jobs, "keep_step", real)
    jobs.do_job(Job.get_by_id(job.id))
    assert passes("C") == 10


def test_a_job_is_stopped_by_its_owner_only_and_what_is_done_stays(app, city, monkeypatch):
    s, cases, client = city
    monkeypatch.setattr(jobs, "ROWS_A_STEP", 3)
    started = _job(s, cases)
    job = job_rows.lease_job()
    jobs.do_step(job)
    other = browser(app, make.actor_of(make.make_grant(Seat.CITY_CENTRE, fresh(cases[0]).office)))
    assert other.get(f"/city/cases/jobs/{started.id}").status_code == 404
    assert other.post(f"/city/cases/jobs/{started.id}/cancel").status_code == 404
    client.post(f"/city/cases/jobs/{started.id}/cancel")
    assert jobs.do_step(job) is True
    assert passes("C") == 3 and Job.get_by_id(job.id).state == "cancelled"
    assert "未办理 7 件" in client.page(f"/city/cases/jobs/{started.id}").text


def test_a_seat_taken_away_meanwhile_decides_nothing_more(city):
    s, cases, _ = city
    job = _job(s, cases)
    Grant.update(ends_on="2022-12-11").where(Grant.user == s.reviewers["C"].user).execute()
    jobs.do_job(job_rows.lease_job())
    assert passes("C") == 0
    assert (Job.get_by_id(job.id).state, "不再担任" in Job.get_by_id(job.id).message) == ("failed", True)


def test_unknown_kinds_and_errors_end_as_failed_and_the_worker_goes_on(city, monkeypatch, caplog):
    s, cases, _ = city
    job_rows.start_job("no-such-kind", actor=s.reviewers["C"], data={}, total=1)
    broken = job_rows.start_job("broken", actor=s.reviewers["C"], data={}, total=1)
    good = _job(s, cases[:1])

    def step(job):
        raise RuntimeError("boom")

    monkeypatch.setitem(jobs.KINDS, "broken", step)
    monkeypatch.setattr(jobs, "PAUSE", 0.01)
    stop = threading.Event()

    def look():
        job = real()
        if job is None:
            stop.set()
        return job

    real = job_rows.lease_job
    monkeypatch.setattr(jobs.jobs, "lease_job", look)
    jobs.work_forever(stop)
    assert [Job.get_by_id(i).state for i in (broken.id - 1, broken.id, good.id)] == ["failed", "failed", "done"]


@pytest.mark.requirement("R3.39")
def test_the_province_edits_the_list_of_reasons_for_late_stamps(app, client, at):
    at("2022-12-12 09:00")
    assert seed_default_reasons(make.SICHUAN) > 0 and seed_default_reasons(make.SICHUAN) == 0
    s = scene(plan={"require_stamped_form": True})
    case = s.submitted()
    centre = sign_in(client, s.reviewers["P"])
    page = centre.page("/province/reasons")
    assert "疫情防控隔离" in page.text
    after = page.press("add-reason", kind="late_stamp", text="道路中断")
    assert "道路中断" in after.text
    again = after.press("add-reason", expect=422, kind="late_stamp", text=" 道路中断 ")
    assert "已经有了" in again.text
    reason = Reason.get(Reason.text == "道路中断")
    unit = browser(app, s.reviewers["U"])

    def offered() -> list[str]:
        tree = unit.page(f"/unit/cases/{case.id}").tree
        return [
            o.get("value")
            for d in tree.iter("datalist")
            if d.get("id") == "stamp-reason-list"
            for o in d.iter("option")
        ]

    assert offered()[-1] == "道路中断"
    centre.page(f"/province/reasons/{reason.id}/edit").press("edit-reason", text="道路、通信中断")
    centre.post(f"/province/reasons/{reason.id}/move", {"up": "1"})
    assert offered()[-2] == "道路、通信中断"
    centre.post(f"/province/reasons/{reason.id}/hide")
    assert "道路、通信中断" not in offered()
    centre.post(f"/province/reasons/{reason.id}/restore")
    assert "道路、通信中断" in offered()
    other = Reason.create(kind="reject", text="外省的理由", province=make.ANHUI)
    for place in ("edit", "hide", "move", "restore"):
        assert centre.post(f"/province/reasons/{other.id}/{place}", {"text": "x"}).status_code == 404
    assert Event.select().where(Event.subject == f"reason:{reason.id}").count() == 4
    assert Case.select().count() == 1

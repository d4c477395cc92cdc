"""Every transition of a registration, carried out once and read by the applicant in Chinese."""

from datetime import date

import pytest

from portal.actions.cases import extend_correction
from portal.actions.registrations import submit_registration, withdraw_registration
from portal.actions.undoing import undo_decision
from portal.models import Case, Event
from portal.rules.flows.registration import FLOW
from tests import make
from tests.actions.registering import scene
from tests.actions.test_verb_matrix import REVIEW
from tests.web.desks import fresh

ITEMS = ({"key": "person.phone", "label": "联系电话", "note": ""},)


class Walk:
    """One registration whose steps are read on the applicant's pages after each of them."""

    def __init__(self, client, **kw):
        self.s, self.client = scene(**kw), client
        self.case = self.s.filled()

    def reads(self, word: str) -> None:
        """The list and the status page both say this, in Chinese; a draft that was given up has left the list."""
        own = self.client.sign_in(make.grant_of(self.s.person))
        listed = own.page("/applicant/registrations")
        shown = own.page(f"/applicant/registrations/{self.case.id}")
        gone = fresh(self.case).submitted_at is None and fresh(self.case).state == "withdrawn"
        for page in (shown,) if gone else (listed, shown):
            spans = [e for e in page.tree.iter("span") if "badge" in (e.get("class") or "")]
            badges = ["".join(e.itertext()).strip() for e in spans]
            assert word in badges, f"{page.url}: {word} not in {badges}"
            assert str(fresh(self.case).state) not in page.text
        event = Event.select().where(Event.case == self.case.id).order_by(Event.id.desc()).first()
        assert event.label in shown.text, event.label

    def submit(self, word: str = "待单位初审") -> None:
        self.case = submit_registration(self.case, actor=self.s.actor, seen=fresh(self.case).version, declared=True)
        self.reads(word)

    def decide(self, action: str, seat: str, word: str) -> None:
        more = {"items": ITEMS, "second_reason": "仍不清楚"} if action == "return" else {}
        self.case = self.s.decide(self.case, action, seat, note="请核对", **more)
        self.reads(word)

    def undo(self, seat: str, word: str) -> None:
        undo_decision(fresh(self.case), actor=self.s.reviewers[seat], seen=fresh(self.case).version)
        self.reads(word)

    def extend(self, seat: str, day: date, word: str) -> None:
        case = fresh(self.case)
        extend_correction(case, actor=self.s.reviewers[seat], seen=case.version, until=day, note="材料在途")
        self.reads(word)

    def withdraw(self, actor) -> None:
        withdraw_registration(fresh(self.case), actor=actor, seen=fresh(self.case).version, note="本人申请")
        self.reads("已撤回")


@pytest.mark.requirement("R3.42")
def test_every_transition_is_reached_and_shown_in_chinese(client, at):
    at("2022-12-12 09:00")
    one = Walk(client)
    one.reads("草稿")
    one.extend("P", date(2022, 12, 20), "草稿")
    one.submit()
    one.decide("return", "U", "退回补正")
    one.undo("U", "待单位初审")
    one.decide("return", "U", "退回补正")
    one.extend("U", date(2022, 12, 30), "退回补正")
    one.submit()
    one.decide("pass", "U", "待市级审核")
    one.undo("U", "待单位初审")
    one.decide("pass", "U", "待市级审核")
    one.decide("pass", "C", "待省级审核")
    one.decide("reject", "P", "审核不通过")
    one.undo("P", "待省级审核")
    one.decide("pass", "P", "审核通过")
    one.undo("P", "待省级审核")
    for until in ("draft", "under_review", "returned"):
        by_applicant = Walk(client)
        if until != "draft":
            by_applicant.submit()
        if until == "returned":
            by_applicant.decide("return", "U", "退回补正")
        by_applicant.withdraw(by_applicant.s.actor)
        if until == "draft":
            continue
        by_unit = Walk(client)
        by_unit.submit()
        if until == "returned":
            by_unit.decide("return", "U", "退回补正")
        else:
            by_unit.decide("pass", "U", "待市级审核")
        by_unit.withdraw(by_unit.s.reviewers["U"])
    admitted = Walk(client)
    admitted.submit()
    for seat, word in (("U", "待市级审核"), ("C", "待省级审核"), ("P", "审核通过")):
        admitted.decide("pass", seat, word)
    admitted.withdraw(admitted.s.reviewers["U"])
    # Nothing in the table up to the approval is left out: every action from every state it starts from, and both who
    # may withdraw.
    rows = Event.select(Event.action, Event.before, Event.seat).where(Event.case.is_null(False)).tuples()
    done = {(action, before) for action, before, _ in rows}
    table = {(str(t.action), str(source)) for t in FLOW.transitions for source in t.sources if t.action in REVIEW}
    assert table - done == set()
    withdrawn = {(before, seat) for action, before, seat in rows if action == "withdraw"}
    assert withdrawn == {("draft", "A"), ("under_review", "A"), ("returned", "A"), ("under_review", "U"),
                         ("returned", "U"), ("approved", "U")}  # fmt: skip
    assert {case.state for case in Case.select()} >= {"withdrawn", "under_review"}

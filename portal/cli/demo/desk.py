"""What becomes of credentials in the demonstration: issued, released, claimed, handed out, or left lying."""

from collections.abc import Iterable
from datetime import date, datetime, time

from portal import clock
from portal.actions import card_claims, card_corrections, cards, issuing, sweeps
from portal.cli.demo import pictures
from portal.cli.demo.course import Course
from portal.cli.demo.lives import Fate
from portal.cli.demo.tale import Life
from portal.cli.demo.world import World
from portal.models import Claim, Credential
from portal.models.jurisdictions import working_calendar
from portal.papers.credentials import print_credential
from portal.rules.flows.credential import State

# Fate.card: which of the two releases a card is in, if any. What is not listed was fetched out of the first.
SECOND = {"wait", "claimed"}
NEVER = {"made"}
LEFT = {"void", "wait", "claimed", *NEVER}


class CardDesk:
    """The cards of one class; `world.staff["sc-dept"]` issues them."""

    def __init__(self, world: World, course: Course):
        self.world, self.course, self.issuer = world, course, world.staff["sc-dept"]
        self.held: list[tuple[Fate, int]] = []

    def live(self, issued_on: date, *, releases: Iterable[date], now: datetime) -> Life:
        """Issue all, release them on one or two days, and let the units fetch what they fetch."""
        add, releases = working_calendar().add, list(releases)
        yield datetime.combine(issued_on, time(10, 20))
        if not self._issue():
            return
        for number, day in enumerate(releases):
            yield datetime.combine(day, time(9, 30))
            mine = [(fate, id_) for fate, id_ in self.held
                    if fate.card not in NEVER and (fate.card in SECOND) == bool(number)]  # fmt: skip
            cards.release_cards([id_ for _, id_ in mine], actor=self.issuer)
            if number == 0:
                yield datetime.combine(add(day, 4), time(15, 10))
                claims = self._claim([(fate, id_) for fate, id_ in mine if fate.card not in LEFT])
                yield datetime.combine(add(day, 6), time(10, 45))
                for claim in claims:
                    card_claims.hand_out_claim(claim, actor=self.issuer, officer=self.issuer.name)
                yield datetime.combine(add(day, 15), time(11, 5))
                self._put_right()
        if self._of("claimed"):
            yield now.replace(hour=8, minute=20) if now.hour > 8 else now
            self._claim([(fate, id_) for fate, id_ in self.held if fate.card == "claimed"])
        yield datetime.combine(add(releases[0], 61), time(0, 10))
        sweeps.run_sweeps(clock.now())

    def _issue(self) -> bool:
        passed = self.course.passed()
        if not passed:
            return False
        rows = [registration for _, registration in passed]
        issuing.issue_credentials(self.course.plan, rows, actor=self.issuer)
        made = {row.registration_id: row.id for row in Credential.select().where(
            Credential.plan == self.course.plan.id)}  # fmt: skip
        self.held = [(fate, made[row.case_id]) for fate, row in passed if row.case_id in made]
        return True

    def _of(self, kind: str) -> list[int]:
        return [id_ for fate, id_ in self.held if fate.card == kind]

    def _claim(self, mine: list[tuple[Fate, int]]) -> list[Claim]:
        """One claim of each unit, with the scan of its stamped table."""
        by_unit: dict[str, list[int]] = {}
        for fate, id_ in mine:
            if Credential.get_by_id(id_).state_now == State.AWAITING_CLAIM:
                by_unit.setdefault(fate.unit, []).append(id_)
        claims = []
        for unit, ids in by_unit.items():
            organisation = self.world.organisations[unit]
            office = next(staff[0] for staff in self.world.at_office.values()
                          if staff[0].organisation == organisation.id)  # fmt: skip
            claims.append(card_claims.claim_cards(
                ids, actor=office, receiver=organisation.contact["name"],
                receiver_phone=organisation.contact["phone"], kept=self._draw_table(unit, ids),
            ))  # fmt: skip
        return claims

    def _draw_table(self, unit: str, ids: list[int]):
        rows = Credential.select().where(Credential.id.in_(ids))
        told = tuple(f"{number}．{row.name}　{row.occupation_name}　{row.number}" for number, row in enumerate(rows, 1))
        sheet = pictures.draw_proof("证卡领取汇总表", told, stamp=unit, day=f"{clock.today():%Y年%-m月%-d日}")
        return self.world.store.keep_issued(pictures.as_pdf([sheet]), "证卡领取汇总表（盖章）.pdf")

    def _put_right(self) -> None:
        """One card that was printed wrongly, one that should never have been given."""
        for id_ in self._of("corrected"):
            card = Credential.get_by_id(id_)
            values = {"unit": f"{card.printed['unit']}（技能评价部）"}
            card_corrections.correct_credential(
                card, actor=self.issuer, values=values, reason="单位名称按备案登记更正"
            )
        for id_ in self._of("revoked"):
            reason = "经核查，申报时提供的考评工作经历证明不实"
            cards.revoke_credential(Credential.get_by_id(id_), actor=self.issuer, reason=reason)


def issue_certificates(world: World, course: Course, issued_on: date, *, downloads: int = 3) -> Life:
    """Electronic certificates are valid at once; some of the holders download theirs the same evening."""
    centre = world.staff["ah-centre"]
    yield datetime.combine(issued_on, time(10, 20))
    passed = course.passed()
    if not passed:
        return
    issuing.issue_credentials(course.plan, [row for _, row in passed], actor=centre)
    yield datetime.combine(issued_on, time(19, 30))
    for fate, row in passed[:downloads]:
        credential = Credential.get_or_none(Credential.registration == row.case_id)
        if credential is not None:
            print_credential(credential, actor=fate.found["applicant"].actor)

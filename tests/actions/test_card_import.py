"""Taking over the cards issued so far: all or nothing, people made, counters past the highest number."""

import io
from datetime import date, datetime

import openpyxl
import pytest

from portal.actions import cards, issuing, sweeps
from portal.actions.bars import check_not_barred
from portal.actions.card_import import CARDS, read_serial
from portal.actions.sealing import is_sealed
from portal.models import Bar, Credential, Event, ImportReport, Person
from portal.models.sanction_records import standing_of
from portal.papers.imports import confirm_import, import_file, preview_import
from portal.rules import invented
from portal.rules.errors import Invalid, NotAllowed
from portal.rules.flows.credential import State
from portal.rules.workflow import Seat
from tests import make
from tests.house.world import load_calendar
from tests.make_cards import fresh
from tests.make_credentials import issuer_of, make_credential, make_passed

HEAD = (
    "证卡编号", "姓名", "证件号码", "单位", "考评职业（工种）", "资格等级", "发证日期", "有效期至", "状态", "发放日期",
    "终止日期",
)  # fmt: skip


@pytest.fixture
def unit(db, at):
    load_calendar()
    at("2023-03-01 10:00")
    make.make_occupation()
    return make.make_organisation("云帆技能评价有限公司")


@pytest.fixture
def centre(unit):
    return make.actor_of(make.make_grant(Seat.PROVINCE_CENTRE, make.make_province_centre()))


def line(number: str, who: int = 1, **changes) -> list[str]:
    sample = invented.make_person(who, seed="import")
    values = dict(zip(HEAD, [number, sample.name, sample.id_number, "云帆技能评价有限公司", "4-12-01-01", "高级考评员",
                             "2022-12-26", "", "有效", "", ""], strict=True))  # fmt: skip
    return [changes.get(name, values[name]) for name in HEAD]


def table(*lines) -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in (HEAD, *lines):
        book.active.append(list(row))
    book.save(out)
    return out.getvalue()


def take_over(actor, *lines) -> tuple[int, int]:
    return import_file(CARDS, table(*lines), "证卡.xlsx", actor=actor)


def test_imported_cards_stand_and_verify(centre, unit):
    other = line("旧证第3号", 2, **{"考评职业（工种）": "汽车维修工"})
    assert take_over(centre, line("川考评2202200007"), other) == (2, 0)
    card, old = Credential.select().order_by(Credential.id)
    sample = invented.make_person(1, seed="import")
    person = Person.get(Person.id_number == sample.id_number)
    assert (person.name, person.organisation_id, person.province, person.user_id) == (
        sample.name, unit.id, "sichuan", None)  # fmt: skip
    assert (person.sex, person.birth) == (sample.sex, sample.birth)
    assert (card.person_id, card.state, card.imported, card.valid_to) == (
        person.id, State.VALID, True, date(2025, 12, 25))  # fmt: skip
    assert (card.grade, card.levels, card.occupation_name) == ("senior", "5,4,3,2,1", "汽车维修工")
    assert is_sealed(card) and is_sealed(old) and old.number == "旧证第3号"
    assert card.printed["name"] == sample.name and card.printed["valid_to"] == "2025年12月25日"
    assert Event.select().where(Event.subject == f"credential:{card.id}", Event.action == "import").count() == 1
    assert not standing_of(person, "sichuan").trailing


def test_the_numbers_go_on_after_the_highest(centre, unit):
    take_over(centre, line("川考评2202300041"), line("川考评2202300007", 2), line("川考评2202200999", 3),
              line("旧证第99999号", 4), line("川考评1202300500", 5, 资格等级="考评员"))  # fmt: skip
    numbers = []
    for grade in ("senior", "examiner"):
        plan = make.make_plan(grade=grade)
        numbers.append(make_credential(registration=make_passed(plan, unit)).number)
    assert numbers == ["川考评2202300042", "川考评1202300501"]
    take_over(centre, line("川考评2202300002", 6))  # a lower one later moves nothing back
    assert make_credential(registration=make_passed(make.make_plan(), unit)).number == "川考评2202300043"


def test_which_numbers_belong_to_the_series():
    from portal.models import jurisdictions
    from tests.conftest import ROOT

    jurisdictions.use_profiles(ROOT / "data" / "profiles")
    assert read_serial("sichuan", "川考评2202300041", "senior") == (2023, 41)
    others = ("川考评1202300041", "川考评220230041", "川考评22023000411", "X川考评2202300041", "川考评2２０２３00041")
    for other in others:
        assert read_serial("sichuan", other, "senior") is None


def test_all_rows_or_none_with_the_marked_workbook(centre, unit):
    make_credential(registration=make_passed(make.make_plan(), unit))  # 川考评2202300001
    sample = invented.make_person(1, seed="import")
    lines = [
        line("K1"), line("川考评2202300001", 2), line("K3", 3, 单位="无名单位"),
        line("K4", 4, 证件号码="510101199001011234"),
        line("K5", 5, **{"考评职业（工种）": "9-99-99-99"}), line("K6", 6, 发证日期="2023-03-02"),
        line("K7", 7, 有效期至="2020-01-01"), line("K8", 8, 状态="已过期"), line("K9", 9, 状态="待领取"),
        line("K1", 10), line("K11", 11, 证件号码=sample.id_number), line("K12", 12, 状态="遗失"), line("", 13),
    ]  # fmt: skip
    report = preview_import(CARDS, table(*lines), "证卡.xlsx", actor=centre)
    said = {row: message for row, _, message in report.errors}
    assert set(said) == set(range(3, 15)) and report.refused == 12
    expected = {
        3: "已有这个编号", 4: "没有单位“无名单位”", 6: "9-99-99-99", 7: "发证日期", 8: "有效期不能早于", 9: "尚未届满",
        10: "发放日期", 11: "重复", 12: "请核对", 13: "遗失", 14: "请填写证卡编号",
    }  # fmt: skip
    assert not {row: said[row] for row, words in expected.items() if words not in said[row]}
    sheet = openpyxl.load_workbook(io.BytesIO(bytes(report.workbook))).active
    marked = {cell.row for row in sheet.iter_rows() for cell in row if cell.comment}
    assert marked == set(range(3, 15))
    from portal.rules.errors import Stale

    with pytest.raises(Stale):
        confirm_import(report, actor=centre)
    with pytest.raises(Invalid):
        take_over(centre, *lines)
    assert Credential.select().count() == 1 and not Person.select().where(Person.name == sample.name).exists()


def test_a_number_that_exists_is_refused_the_second_time(centre, unit):
    report = preview_import(CARDS, table(line("K1")), "证卡.xlsx", actor=centre)
    assert confirm_import(report, actor=centre) == (1, 0)
    with pytest.raises(Invalid, match="已有这个编号"):
        take_over(centre, line("K1", 2))
    assert ImportReport.get_by_id(report.id).stored and Credential.select().count() == 1


def test_states_of_imported_cards(centre, unit, at):
    take_over(
        centre, line("K1", 1, 状态="待领取", 发放日期="2023-02-20"),
        line("K2", 2, 状态="已作废", 终止日期="2023-02-01"),
        line("K3", 3, 状态="已撤销"), line("K4", 4, 状态="已过期", 发证日期="2019-05-01", 有效期至="2022-04-30"),
    )  # fmt: skip
    waiting, void, revoked, expired = Credential.select().order_by(Credential.id)
    assert (waiting.state_now, waiting.claim_due) == (State.AWAITING_CLAIM, date(2023, 5, 17))
    assert (void.state, void.ended_at) == (State.VOID_UNCLAIMED, datetime(2023, 2, 2))
    assert revoked.state == State.REVOKED and expired.ended_at == datetime(2022, 5, 1)
    at("2023-05-18 00:00")
    sweeps.run_sweeps()
    assert fresh(waiting).state == State.VOID_UNCLAIMED
    card = cards.restore_card(fresh(void), actor=issuer_of("sichuan"), reason="原系统作废有误")
    assert card.state == State.AWAITING_CLAIM and card.claim_due > date(2023, 5, 18)


def test_two_imported_voids_in_a_row_bar(centre, unit):
    void = {"状态": "已作废"}
    take_over(centre, line("K1", 发证日期="2021-01-01", **void), line("K2", 发证日期="2022-01-01", **void))
    assert Bar.select().where(Bar.kind == "unclaimed", Bar.live_key.is_null(False)).count() == 1


def test_known_people_are_found_and_names_must_agree(centre, unit):
    sample = invented.make_person(1, seed="import")
    person = make.make_person(unit, name=sample.name, id_number=sample.id_number)
    take_over(centre, line("K1"))
    assert Credential.get().person_id == person.id
    with pytest.raises(Invalid, match="姓名是"):
        take_over(centre, line("K2", 姓名="张三丰"))


def test_nobody_imports_for_another_province(centre, unit):
    foreign = make.actor_of(make.make_grant(Seat.PROVINCE_CENTRE, make.make_province_centre(make.ANHUI)))
    with pytest.raises(NotAllowed, match="不属于本省"):
        take_over(foreign, line("K1"))
    with pytest.raises(NotAllowed):
        take_over(make.actor_of(make.make_grant(Seat.UNIT, make.make_office(organisation=unit))), line("K1"))
    assert not Credential.select().exists()


def test_an_imported_card_is_corrected_revoked_and_renewed_like_any_other(centre, unit):
    from portal.actions.card_corrections import correct_credential

    take_over(centre, line("K1"))
    issuer = issuer_of("sichuan")
    new = correct_credential(Credential.get(), actor=issuer, values={"name": "赵改正"}, reason="姓名有误")
    assert (fresh(new).state, new.name) == (State.CLAIMED, "赵改正") and new.number != "K1"
    assert issuing.numbers_left("sichuan", "senior") == 99_998


def test_a_card_of_a_merged_document_goes_to_the_person_it_was_merged_into(centre, unit):
    from portal.actions.people_merging import merge_people

    sample = invented.make_person(1, seed="import")
    drop = make.make_person(unit, name=sample.name, id_number=sample.id_number)
    keep = make.make_person(unit, name=sample.name)
    merge_people(keep, drop, actor=make.actor_of(make.make_grant(Seat.TECHNICIAN)), note="同一人")
    lines = [
        line(f"川考评22022{number:05d}", **{"状态": "已作废", "发证日期": f"2022-0{number}-01"}) for number in (1, 2)
    ]
    assert take_over(centre, *lines) == (2, 0)
    assert {card.person_id for card in Credential.select()} == {keep.id}
    assert Bar.get(Bar.person == keep.id).permanent


def test_a_number_in_full_width_letters_is_the_same_number(centre, unit):
    assert take_over(centre, line("川考评2202200007")) == (1, 0)
    with pytest.raises(Invalid):
        take_over(centre, line("川考评２２０２２００００７", 2))
    with pytest.raises(Invalid):
        take_over(centre, line("川考评 2202200007", 2))
    assert Credential.select().count() == 1


def test_an_imported_valid_card_with_its_release_date_was_collected_also_after_its_end(centre, unit, at):
    """Left, collected, left: the one in the middle stays collected when its validity is over."""
    take_over(
        centre,
        line("旧证第1号", **{"状态": "已作废", "发证日期": "2020-05-01"}),
        line("旧证第2号", **{"状态": "有效", "发证日期": "2020-06-01", "发放日期": "2020-06-10"}),
        line("旧证第3号", **{"状态": "已作废", "发证日期": "2021-07-01"}),
    )
    assert not Bar.select().exists()
    at("2023-06-02 08:00")
    sweeps.run_sweeps()
    person = Person.get(Person.id_number == invented.make_person(1, seed="import").id_number)
    assert Credential.get(Credential.number == "旧证第2号").state == State.EXPIRED
    assert len(standing_of(person, "sichuan").trailing) == 1
    check_not_barred(person, unit)

"""Tables that come in: heads, cells, duplicates, all or nothing, and once."""

import csv
from io import BytesIO, StringIO

import pytest
from openpyxl import load_workbook

from portal.actions import catalogues, imports, organisations
from portal.actions.catalogues import CERTIFICATES, occupations_of
from portal.actions.organisation_import import ORGANISATIONS, import_organisations
from portal.documents.incoming import read_rows
from portal.documents.sheets import write_sheet
from portal.models import (
    Event,
    Filing,
    ImportReport,
    Membership,
    Occupation,
    Office,
    Organisation,
    RegisteredCertificate,
    ScopeLine,
)
from portal.papers.imports import KINDS, confirm_import, import_file, make_template, preview_import, rows_of
from portal.rules import identity, invented
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.workflow import Seat
from tests import make

KIND = occupations_of("2022")


@pytest.fixture
def technician(db):
    return make.actor_of(make.make_grant(Seat.TECHNICIAN))


def csv_of(*rows) -> bytes:
    text = StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def credit_code(number: int) -> str:
    first = f"91510100MA{number:07d}"
    return first + identity.credit_check_character(first)


def classification() -> bytes:
    """A table with the columns and the four levels of the national classification: 2,176 rows, 1,639 occupations."""
    rows = [["code", "gbm", "name", "level(1大类2中类3小类4职业)", "parent"]]
    places = [(a, b, c) for a in range(1, 9) for b in range(1, 11) for c in range(1, 7)]
    for klass in range(1, 9):
        rows.append([str(klass), "10", f"大类{klass}", "1", ""])
    for n in range(79):
        rows.append([f"{n % 8 + 1}-{n // 8 + 1:02d}", "10100", f"中类{n}", "2", str(n % 8 + 1)])
    for n, (a, b, c) in enumerate(places[:450]):
        rows.append([f"{a}-{b:02d}-{c:02d}", "10100", f"小类{n}", "3", f"{a}-{b:02d}"])
    for n in range(1639):
        a, b, c = places[n % 450]
        rows.append([f"{a}-{b:02d}-{c:02d}-{n // 450 + 1:02d}", "", f"职业{n}", "4", f"{a}-{b:02d}-{c:02d}"])
    return csv_of(*rows)


@pytest.mark.requirement("R13.24")
def test_whole_classification_is_imported_and_only_its_occupations(technician):
    content = classification()
    assert len(content.splitlines()) - 1 == 2176
    assert import_file(KIND, content, "大典.csv", actor=technician) == (1639, 0)
    first = Occupation.get(Occupation.code == "1-01-01-01")
    assert (first.edition, first.klass, first.job, first.levels) == ("2022", "1", "", "5,4,3,2,1")
    assert not first.in_2015
    assert import_file(KIND, content, "大典.csv", actor=technician) == (0, 0), "the same again changes nothing"
    assert Occupation.select().count() == 1639


@pytest.mark.requirement("R13.24")
def test_two_jobs_under_one_code_are_two_entries_and_updated_apart(technician):
    head = ["职业编码*", "职业名称（必填）", "工种", "技能等级", "准入类", "是否新职业"]
    rows = [
        ["职业目录"], head,
        ["4－12－01－01", "汽车维修工", "汽车机械维修工", "五级至一级", "否", "是"],
        ["4-12-01-01", "汽车维修工", "汽车电器维修工", "三级、二级", "", "√"],
    ]  # fmt: skip
    assert import_file(KIND, write_sheet(head, rows[2:]), "a.xlsx", actor=technician) == (2, 0)
    found = {row.job: row for row in Occupation.select().where(Occupation.code == "4-12-01-01")}
    assert set(found) == {"汽车机械维修工", "汽车电器维修工"}
    assert found["汽车电器维修工"].levels == "3,2" and found["汽车电器维修工"].new
    rows[3][3] = "三级"
    assert import_file(KIND, csv_of(*rows), "b.csv", actor=technician) == (0, 1)
    assert Occupation.get_by_id(found["汽车电器维修工"].id).levels == "3"
    assert Occupation.get_by_id(found["汽车机械维修工"].id).levels == "5,4,3,2,1"


def test_faults_stand_beside_their_cells_and_nothing_is_imported(technician):
    rows = [
        ["职业编码", "职业名称", "技能等级", "准入类"],
        ["4-12-01-01", "汽车维修工", "五级", "是"],
        ["4-12-1-1", "", "六级", "也许"],
        ["4-12-01-01", "汽车维修工", "五级", "是"],
        ["", "", "", ""],
        ["9-01-01-01", "x" * 121, "", ""],
    ]
    with pytest.raises(Invalid, match="没有导入任何数据"):
        import_file(KIND, csv_of(*rows), "a.csv", actor=technician)
    report = preview_import(KIND, csv_of(*rows), "a.csv", actor=technician)
    assert {(row, column) for row, column, _ in report.errors} == {
        (3, 1), (3, 2), (3, 3), (3, 4), (4, 1), (6, 1), (6, 2),
    }  # fmt: skip
    assert (report.accepted, report.refused, report.stored) == (1, 3, False)
    assert Occupation.select().count() == 0
    sheet = load_workbook(BytesIO(bytes(report.workbook))).active
    assert sheet["B3"].comment.text == "请填写职业名称。" and sheet["A2"].comment is None
    assert sheet["C3"].fill.fgColor.rgb == "FFFFC7CE"
    assert rows_of(report)[1] == rows[1]
    with pytest.raises(Stale):
        confirm_import(report, actor=technician)


def test_confirmed_import_acts_once(technician):
    report = preview_import(KIND, csv_of(["编码", "名称"], ["4-12-01-01", "汽车维修工"]), "a.csv", actor=technician)
    assert Occupation.select().count() == 0, "a preview writes nothing"
    assert confirm_import(report, actor=technician) == (1, 0)
    written = Event.select().count()
    for stale in (report, ImportReport.get_by_id(report.id)):
        with pytest.raises(Stale):
            confirm_import(stale, actor=technician)
    assert (Occupation.select().count(), Event.select().count()) == (1, written)
    assert ImportReport.get_by_id(report.id).workbook is None, "the upload is not kept longer than needed"


def test_row_that_became_wrong_since_the_preview_stops_the_import(technician):
    organisation = make.make_organisation("云帆技能评价有限公司甲")
    code = credit_code(1)
    head = ["单位名称", "统一社会信用代码", "省份", "所在地区"]
    content = csv_of(head, ["新单位", code, "四川省", "成都市"])
    report = preview_import(ORGANISATIONS, content, "a.csv", actor=technician)
    assert report.refused == 0
    Organisation.update(usci=code).where(Organisation.id == organisation.id).execute()
    with pytest.raises(Invalid, match="属于"):
        confirm_import(report, actor=technician)
    assert not ImportReport.get_by_id(report.id).stored
    assert not Organisation.select().where(Organisation.name == "新单位").exists()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([["职业编码", "等级"], ["4-12-01-01", "五级"]], "缺少：职业名称"),
        ([["职业编码", "职业名称"]], "没有可导入的数据"),
        ([[f"标题{n}"] for n in range(5)] + [["职业编码", "职业名称"], ["4-12-01-01", "x"]], "缺少"), ([["a"]], "缺少"),
    ],
)  # fmt: skip
def test_tables_without_head_or_rows_are_refused(technician, rows, message):
    with pytest.raises(Invalid, match=message) as refusal:
        preview_import(KIND, csv_of(*rows), "a.csv", actor=technician)
    assert refusal.value.field == "file"


def test_head_may_stand_in_the_fifth_row_and_columns_in_any_order(technician):
    rows = [[f"标题{n}"] for n in range(4)] + [["备注", "职业名称", "职业编码"], ["甲", "汽车维修工", "4-12-01-01"]]
    assert import_file(KIND, csv_of(*rows), "a.csv", actor=technician) == (1, 0)


@pytest.mark.parametrize("key", KINDS)
def test_template_can_be_read_back_and_carries_no_row_of_its_own(technician, key):
    rows = read_rows(make_template(KINDS[key]), "a.xlsx").rows
    with pytest.raises(Invalid, match="没有可导入的数据"):
        imports.examine(KINDS[key], rows)


@pytest.mark.parametrize("seat", list(Seat))
def test_seats_that_may_import_each_kind(db, seat):
    actor = make.actor_of(make.make_grant(seat, make.make_province_centre()))
    for key, kind in KINDS.items():
        keepers = {"occu": "P", "cert": "P", "ques": "P", "card": "PD"}.get(key[:4], "")
        allowed = seat == Seat.TECHNICIAN or seat in keepers
        if allowed:
            imports.check_seat(kind, actor)
        else:
            with pytest.raises(NotAllowed):
                import_file(kind, b"", "a.csv", actor=actor)


def test_certificates_are_entered_and_updated(technician):
    sample = invented.make_person(1, seed="certificates")
    head = ["证书编号", "姓名", "证件号码", "证书类别", "职业", "等级", "发证日期"]
    row = ["s000051001064000001", sample.name, sample.id_number, "技能等级", "汽车维修工"]
    first = csv_of(head, [*row, "三级/高级工", "2022年6月30日"])
    assert import_file(CERTIFICATES, first, "a.csv", actor=technician) == (1, 0)
    kept = RegisteredCertificate.get()
    assert (kept.number, kept.level, str(kept.issued_on)) == ("S000051001064000001", 3, "2022-06-30")
    assert import_file(CERTIFICATES, csv_of(head, [*row, "二级", ""]), "a.csv", actor=technician) == (0, 1)
    wrong = sample.id_number[:17] + ("1" if sample.id_number[17] != "1" else "2")
    with pytest.raises(Invalid):
        import_file(CERTIFICATES, csv_of(head, [row[0], row[1], wrong, *row[3:], "", ""]), "a.csv", actor=technician)


HEAD = [
    "单位名称", "统一社会信用代码", "机构类型", "单位类别", "隶属关系", "省份", "所在地区", "允许地区", "联系人",
    "联系电话", "所属协会", "备案状态", "备案编号", "申请日期", "备案职业",
]  # fmt: skip


def row_of(name, number=0, **cells):
    code = credit_code(number) if number else ""
    values = {"单位名称": name, "统一社会信用代码": code, "省份": "四川省", "所在地区": "成都市"}
    return [{**values, **cells}.get(heading, "") for heading in HEAD]


@pytest.mark.requirement("R1.31")
def test_credit_code_with_a_wrong_check_character_or_of_another_unit_is_refused(technician):
    make.make_region("成都市")
    code = credit_code(1)
    wrong = code[:17] + ("0" if code[17] != "0" else "1")
    assert import_organisations([HEAD, row_of("甲公司", 1)], actor=technician) == (1, 0)
    for rows in (
        [row_of("乙公司", **{"统一社会信用代码": wrong})],
        [row_of("乙公司", 1)],
        [row_of("乙公司", 2), row_of("丙公司", 2)],
    ):
        with pytest.raises(Invalid):
            import_organisations([HEAD, *rows], actor=technician)
    assert [row.name for row in Organisation.select()] == ["甲公司"]
    values = {"name": "乙公司", "unit_kind": "city", "region": make.make_region("成都市")}
    for bad in (wrong, code):
        with pytest.raises(Invalid) as refusal:
            organisations.save_organisation(None, {**values, "usci": bad}, actor=technician)
        assert refusal.value.field == "usci"


def test_organisations_come_with_office_filing_scope_and_association(technician):
    for name in ("成都市", "省属"):
        make.make_region(name)
    plain = make.make_occupation("6-31-01-03", "电工")
    jobs = [make.make_occupation(job=job) for job in ("汽车机械维修工", "汽车电器维修工")]
    scope = "4-12-01-01 汽车电器维修工：三级至一级；6-31-01-03"
    rows = [
        row_of("会员甲", 0, 所属协会="云帆协会"),
        row_of("云帆协会", 1, 机构类型="社会培训评价组织", 所在地区="省属", 单位类别="省级行业评价组织",
               备案状态="已备案", 备案编号="S000051001064", 申请日期="2022.3.1", 备案职业=scope,
               联系人="李老师", 联系电话="028-87654321"),
    ]  # fmt: skip
    assert import_organisations([HEAD, *rows], actor=technician) == (2, 0)
    association = Organisation.get(Organisation.name == "云帆协会")
    assert (association.unit_kind, association.category) == ("province", "provincial_industry")
    assert association.kind == "social"
    assert association.contact == {"name": "李老师", "phone": "028-87654321"}
    assert Office.get(Office.organisation == association).region == association.region
    filing = Filing.get(Filing.organisation == association)
    assert (filing.state, filing.code, str(filing.submitted_on)) == ("filed", "S000051001064", "2022-03-01")
    lines = {line.occupation_id: line.levels for line in ScopeLine.select()}
    assert lines == {jobs[1].id: "3,2,1", plain.id: "5,4,3,2,1"}
    assert Membership.get().member.name == "会员甲"
    again = [HEAD, row_of("云帆协会", 0, 所在地区="省属", 备案状态="已退出")]
    assert import_organisations(again, actor=technician) == (0, 1)
    kept = Organisation.get_by_id(association.id)
    assert kept.usci and kept.contact and kept.kind == "social", "blank cells change nothing"
    now = Filing.get_by_id(filing.id)
    assert (now.state, now.code, str(now.submitted_on)) == ("exited", "S000051001064", "2022-03-01")
    # Nor does a table bring back what was taken out of use.
    Organisation.update(active=False).where(Organisation.id == association.id).execute()
    assert import_organisations(again, actor=technician) == (0, 1)
    assert not Organisation.get_by_id(association.id).active


@pytest.mark.parametrize(
    "cells",
    [
        {"所在地区": "火星市"}, {"省份": "火星"}, {"备案职业": "4-12-01-01：五级", "备案状态": "已备案"},
        {"所属协会": "没有的协会"},
        {"备案职业": "6-31-01-03"}, {"隶属关系": "省属"}, {"备案状态": "也许"}, {"申请日期": "昨天"},
        {"联系电话": "12"},
        {"允许地区": "成都市、火星市"}, {"单位名称": ""},
    ],
)  # fmt: skip
def test_wrong_cells_of_organisations(technician, cells):
    make.make_region("成都市")
    make.make_occupation("6-31-01-03", "电工")
    for job in ("汽车机械维修工", "汽车电器维修工"):
        make.make_occupation(job=job)
    rows = [HEAD, row_of("甲公司", 1, **{"单位名称": "甲公司", **cells})]
    examined = imports.examine(ORGANISATIONS, rows)
    assert examined.faults and all(fault.row == 2 for fault in examined.faults)
    heading = next(iter(cells)) if "备案职业" not in cells or len(cells) > 1 else "备案状态"
    assert HEAD.index(heading) + 1 in {fault.column for fault in examined.faults}


def test_levels_are_read_as_people_write_them():
    for text, levels in {
        "": "5,4,3,2,1", "五级至一级": "5,4,3,2,1", "5,4,3": "5,4,3", "三级、二级": "3,2", "高级工": "3",
        "五级/初级工、四级/中级工": "5,4", "五级（初级工）": "5", "1～3": "3,2,1", "二级": "2", "三级 - 一级": "3,2,1",
    }.items():  # fmt: skip
        assert catalogues.read_levels(text) == levels, text
    for text in ("六级", "0", "很高", "一至很高"):
        with pytest.raises(Invalid):
            catalogues.read_levels(text)

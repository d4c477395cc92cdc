"""Recommendation table and summary table, read back from the real PDF and the real workbook."""

from io import BytesIO

import openpyxl
import pytest

from portal.documents.tables import (
    RECOMMENDATION_COLUMNS,
    SUMMARY_COLUMNS,
    Recommended,
    Summarised,
    make_recommendation_table,
    make_summary_table,
    roster_pdf,
    roster_xlsx,
)
from portal.rules.errors import Invalid
from tests.documents.paper import Paper

NOTES = ("备注：①请于8月9日17:00前发送至box@example.com。",
         "②持证情况：请详细填写具体“人力资源管理师”、“劳动关系协调员”具体级别。")
SUMMARY_TITLE = "四川省技能人才评价高级考评员资格培训汇总表"


def recommended(count: int = 3):
    people = tuple(Recommended(f"龚㛃{number}", "某某人力资源有限公司", "主管", "34010419900307123X", "13900000001",
                               "企业人力资源管理师 二级/技师") for number in range(count))
    return make_recommendation_table(people, title="报名表", file_stem="参训推荐表", notes=NOTES)


def summary(count: int, unit: str = "某某精密机械制造有限责任公司"):
    people = tuple(Summarised("某某精密机械制造有限责任公司", f"欧阳{number}", "女", f"5101051985030{number:04}X",
                              "大学本科", "高级技师", "车工", "13900000001", "某市某区某街17号")
                   for number in range(count))
    return make_summary_table(people, title=SUMMARY_TITLE, file_stem="汇总表", unit=unit)


def read(workbook: bytes):
    return openpyxl.load_workbook(BytesIO(workbook)).active


def test_printed_title_and_file_name_of_the_recommendation_table():
    table = recommended()
    paper = Paper(roster_pdf(table))
    assert paper.pages[0].strip().startswith("报名表") and paper.info()["/Title"] == "报名表"
    assert read(roster_xlsx(table))["A1"].value == "报名表"
    assert [table.file_name(kind) for kind in ("pdf", "xlsx")] == ["参训推荐表.pdf", "参训推荐表.xlsx"]


@pytest.mark.requirement("R10.02")
def test_recommendation_columns_in_order():
    sheet = read(roster_xlsx(recommended()))
    expected = ["姓名", "单位", "职务", "身份证号", "联系电话", "持证情况"]
    assert [cell.value for cell in sheet[2]] == expected == list(RECOMMENDATION_COLUMNS)
    places = [Paper(roster_pdf(recommended())).find(head).left for head in expected]
    assert places == sorted(places)


def test_notes_stand_under_the_table():
    paper = Paper(roster_pdf(recommended()))
    first, second = NOTES
    paper.in_order("持证情况", "龚㛃0", "龚㛃2", first, second)
    assert paper.find("备注：").top > paper.find("龚㛃2").bottom
    sheet = read(roster_xlsx(recommended()))
    assert [row[0].value for row in sheet.iter_rows(min_row=sheet.max_row - 1)] == [first, second]


@pytest.mark.requirement("R10.04")
def test_recommendation_table_opens_as_pdf_and_workbook_with_the_number_as_text():
    paper = Paper(roster_pdf(recommended()))
    assert paper.sizes == [(210, 297)] and paper.has("34010419900307123X")
    cell = read(roster_xlsx(recommended()))["D3"]
    assert (cell.value, cell.data_type, cell.number_format, len(cell.value)) == ("34010419900307123X", "s", "@", 18)


@pytest.mark.requirement("R10.05")
def test_summary_title_is_the_first_row_of_both():
    table = summary(3)
    assert read(roster_xlsx(table))["A1"].value == SUMMARY_TITLE
    paper = Paper(roster_pdf(table))
    assert paper.pages[0].splitlines()[0].strip() == SUMMARY_TITLE
    assert paper.find(SUMMARY_TITLE).top < 40


@pytest.mark.requirement("R10.06")
def test_reporting_unit_and_room_for_its_stamp_under_the_title():
    paper = Paper(roster_pdf(summary(3)))
    title, line, head = (paper.find(text) for text in (
        SUMMARY_TITLE, "填报单位：某某精密机械制造有限责任公司（盖章）", "工作单位"))
    assert title.bottom < line.top < line.bottom < head.top
    assert line.right < 200, "room for the stamp to the right of the name"
    assert read(roster_xlsx(summary(3)))["A2"].value == "填报单位：某某精密机械制造有限责任公司（盖章）"
    assert Paper(roster_pdf(summary(0, unit=""))).has("填报单位：（盖章）")


@pytest.mark.requirement("R10.07")
def test_ten_summary_columns_two_with_a_line_break():
    expected = ["序号", "工作单位", "姓名", "性别", "身份证号码", "文化程度", "现职业资格（专业技术职务）",
                "申报考评职业（工种）", "联系电话", "通讯地址"]
    heads = [cell.value for cell in read(roster_xlsx(summary(3)))[3]]
    assert [head.replace("\n", "") for head in heads] == expected
    assert [number for number, head in enumerate(heads, 1) if "\n" in head] == [7, 8]
    paper = Paper(roster_pdf(summary(3)))
    assert paper.find("现职业资格").bottom < paper.find("（专业技术职务）").top
    assert paper.find("申报考评").bottom < paper.find("职业（工种）").top
    places = [paper.find(head.split("\n")[0], page=0).left for head in SUMMARY_COLUMNS[2:]]
    assert places == sorted(places)


@pytest.mark.requirement("R10.08")
@pytest.mark.parametrize(("people", "rows"), [(0, 7), (3, 7), (7, 7), (8, 8), (12, 12)])
def test_summary_has_at_least_seven_numbered_rows_and_grows(people, rows):
    sheet = read(roster_xlsx(summary(people)))
    assert [row[0].value for row in sheet.iter_rows(min_row=4)] == [str(number) for number in range(1, rows + 1)]
    assert sum(1 for row in sheet.iter_rows(min_row=4) if row[2].value) == people
    numbers = [line for page in Paper(roster_pdf(summary(people))).pages for line in page.split()
               if line.isdigit() and len(line) < 3]
    assert numbers == [str(number) for number in range(1, rows + 1)]


@pytest.mark.requirement("R10.10")
def test_summary_opens_as_landscape_pdf_and_workbook_with_the_number_as_text():
    table = summary(3)
    assert set(Paper(roster_pdf(table)).sizes) == {(297, 210)}
    sheet = read(roster_xlsx(table))
    assert sheet.page_setup.orientation == "landscape" and sheet.page_setup.paperSize == 9
    assert (sheet["E4"].value, sheet["E4"].data_type) == ("51010519850300000X", "s")
    assert len(sheet["E4"].value) == 18


def test_heads_are_repeated_and_nothing_is_lost_over_pages():
    paper = Paper(roster_pdf(summary(60)))
    assert len(paper.pages) >= 3
    for page in range(len(paper.pages)):
        assert paper.find("身份证号码", page=page).top < 60 and paper.find("通讯地址", page=page)
    paper.in_order(*(f"5101051985030{number:04}X" for number in range(60)))


def test_numbers_and_telephones_stay_on_one_line():
    for table, number in ((recommended(), "34010419900307123X"), (summary(3), "51010519850300000X")):
        paper = Paper(roster_pdf(table))
        assert paper.find(number) and paper.find("13900000001")


def test_a_printed_table_has_a_limit_and_says_so():
    with pytest.raises(Invalid, match="2000"):
        roster_pdf(summary(2_001))


def test_same_list_gives_the_same_bytes():
    assert roster_pdf(summary(3)) == roster_pdf(summary(3))
    assert roster_xlsx(summary(3)) == roster_xlsx(summary(3))

"""Workbooks we write, read back with openpyxl: texts stay texts, wrong cells are marked."""

from datetime import date, datetime
from io import BytesIO
from zipfile import ZipFile

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.documents.incoming import RowError, read_rows
from portal.documents.sheets import SheetLayout, mark_errors, print_cell, write_sheet
from portal.rules.errors import Invalid

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|'/C calc'!A0", "\t=1+1", "＝1+1", "＋1", "－1", "＠a", "#N/A", "TRUE",
            "2022-12-08", "0012", "1E5", "34010419900307123X", "340104199003071230", "%0A=1", '=HYPERLINK("http://x","y")']


def read(workbook: bytes):
    return openpyxl.load_workbook(BytesIO(workbook)).active


@pytest.mark.requirement("R13.12")
def test_a_name_that_looks_like_a_formula_is_a_text_cell_with_its_value_kept():
    sheet = read(write_sheet(["姓名"], [["=1+1"], ["普通"]]))
    assert (sheet["A2"].value, sheet["A2"].data_type) == ("=1+1", "s")
    xml = ZipFile(BytesIO(write_sheet(["姓名"], [["=1+1"]]))).read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in xml and b"=1+1" in xml


@pytest.mark.parametrize("value", FORMULAS)
def test_nothing_becomes_a_formula_a_number_or_an_error(value):
    sheet = read(write_sheet([value], [[value]], SheetLayout(title=value, lines=(value,), notes=(value,))))
    for row in sheet.iter_rows(max_col=1):
        assert (row[0].value, row[0].data_type, row[0].number_format) == (value, "s", "@")
    assert sheet["A3"].quotePrefix == (value[0] in "=+-@\t＝＋－＠"), "Excel keeps it a text when it is edited"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.text(st.characters(codec="utf-8"), max_size=30), min_size=3, max_size=3), max_size=6))
def test_whatever_is_written_is_read_back(rows):
    expected = [[print_cell(value).replace("\r\n", "\n").replace("\r", "\n").strip() for value in row] for row in rows]
    content = write_sheet(["甲", "乙", "丙"], rows)
    cells = [[cell.data_type for cell in row] for row in read(content).iter_rows()]
    assert all(kind == "s" or kind == "n" for row in cells for kind in row)
    values = [[(cell.value or "").replace("\r\n", "\n").replace("\r", "\n").strip() for cell in row]
              for row in read(content).iter_rows(min_row=2)]
    assert values == expected


def test_dates_numbers_and_nothing_are_texts_too():
    sheet = read(write_sheet(["a", "b", "c", "d"], [[date(2022, 12, 8), datetime(2022, 12, 8, 14, 30), 510105, None]]))
    assert [cell.value for cell in sheet[2]] == ["2022-12-08", "2022-12-08 14:30", "510105", None]


def test_a_text_longer_than_a_cell_is_refused_not_cut():
    assert len(read(write_sheet(["a"], [["长" * 32_767]]))["A2"].value) == 32_767
    with pytest.raises(Invalid, match="32767"):
        write_sheet(["a"], [["长" * 32_768]])


def test_signs_no_workbook_can_hold_are_left_out():
    assert read(write_sheet(["a"], [["甲\x0b\x00乙"]]))["A2"].value == "甲乙"


def test_head_stays_in_view_and_prints_on_every_page():
    sheet = read(write_sheet(["姓名", "单位"], [["甲", "乙"]], SheetLayout(title="表", lines=("填报单位：",))))
    assert sheet.freeze_panes == "A4" and sheet.print_title_rows == "$3:$3"
    assert sheet["A3"].font.b and sheet["A3"].fill.fgColor.rgb == "FFE7EEF7" and not sheet["A4"].font.b
    assert {str(area) for area in sheet.merged_cells.ranges} == {"A1:B1", "A2:B2"}


def test_columns_are_as_wide_as_what_is_in_them():
    sheet = read(write_sheet(["号码", "备注"], [["34010419900307123X", "很长的备注" * 20]]))
    assert sheet.column_dimensions["A"].width == 20 and sheet.column_dimensions["B"].width == 42


def test_uneven_rows_and_an_empty_table():
    assert read(write_sheet(["a", "b"], [["1"], ["1", "2", "3"]]))["C3"].value == "3"
    assert read(write_sheet([], [])).max_row == 1


def test_same_data_gives_the_same_bytes():
    assert write_sheet(["a"], [["b"]]) == write_sheet(["a"], [["b"]])


def test_wrong_cells_come_back_red_with_what_is_wrong():
    rows = [["姓名", "身份证号"], ["甲", "123"], ["乙", "34010419900307123X"], ["", ""]]
    errors = [RowError(2, 2, "位数不对"), RowError(2, 2, "请核对"), RowError(4, 0, "整行为空")]
    sheet = read(mark_errors(rows, errors))
    marked = {cell.coordinate: cell.comment.text for row in sheet.iter_rows() for cell in row if cell.comment}
    assert marked == {"B2": "位数不对；请核对", "A4": "整行为空"}
    red = {cell.coordinate for row in sheet.iter_rows() for cell in row if cell.fill.fgColor.rgb == "FFFFC7CE"}
    assert red == {"B2", "A4"}
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
        ["姓名", "身份证号"], ["甲", "123"], ["乙", "34010419900307123X"], [None, None]]


def test_a_returned_workbook_can_be_sent_in_again():
    rows = [["姓名", "身份证号"], ["=1+1", "34010419900307123X"]]
    assert read_rows(mark_errors(rows, [RowError(2, 1, "x"), RowError(1, 2, "表头不对")]), "退回.xlsx").rows == rows


def test_an_error_beyond_the_last_cell_of_a_short_row_is_still_marked():
    sheet = read(mark_errors([["姓名", "电话"], ["甲"]], [RowError(2, 2, "请填写电话")]))
    assert sheet["B2"].comment.text == "请填写电话"

"""Tables that come in: read exactly, or refused with a sentence; hostile files end nothing but themselves."""

import resource
import struct
import time as timing
from datetime import date, datetime, time
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
import pytest

from portal.documents.incoming import Limits, RowError, read_rows
from portal.rules.errors import Invalid


def workbook(*rows, prepare=None) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in rows:
        sheet.append(row)
    if prepare:
        prepare(book, sheet)
    target = BytesIO()
    book.save(target)
    return target.getvalue()


def repack(content: bytes, changes: dict[str, bytes | None] | None = None) -> bytes:
    """The same package with some parts replaced, added, or (None) left out."""
    target = BytesIO()
    with ZipFile(BytesIO(content)) as old, ZipFile(target, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in (changes or {}):
                new.writestr(name, old.read(name))
        for name, part in (changes or {}).items():
            if part is not None:
                new.writestr(name, part)
    return target.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
HEAD = b'<?xml version="1.0" encoding="UTF-8"?>'
SPACE = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def sheet_xml(body: bytes, before: bytes = b"", dimension: bytes = b"") -> bytes:
    start = HEAD + before + b"<worksheet " + SPACE + b">" + dimension
    return start + b"<sheetData>" + body + b"</sheetData></worksheet>"


def text_cell(place: str, text: str) -> bytes:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'.encode()


def refuse(content: bytes, name: str = "表.xlsx", words: str = "") -> None:
    began = timing.monotonic()
    with pytest.raises(Invalid) as refusal:
        read_rows(content, name)
    assert refusal.value.field == "file"
    assert words in refusal.value.message
    assert all(ord(char) > 127 or char in " .,0123456789xlscvMBExcelWPS" for char in refusal.value.message)
    assert timing.monotonic() - began < 45


def test_cells_come_as_the_texts_one_sees():
    content = workbook(
        ["姓名", "号码", "日期", "时刻", "时间", "数", "小数", "空", "是"],
        ["龚㛃䶮", "34010419900307123X", date(2022, 12, 8), datetime(2022, 12, 8, 14, 30), time(8, 5), 13900000001,
         0.1, None, True],
        ["  前后有空格　", "=文本", datetime(2022, 12, 8), 0, -5, 2.50, 1e14, "", False])
    table = read_rows(content, "名单.XLSX")
    assert table.rows[1:] == [
        ["龚㛃䶮", "34010419900307123X", "2022-12-08", "2022-12-08 14:30", "08:05", "13900000001", "0.1", "", "TRUE"],
        ["前后有空格", "", "2022-12-08", "0", "-5", "2.5", "100000000000000", "", "FALSE"]]
    assert table.errors == []


def test_an_identity_number_typed_as_a_number_is_refused_in_its_row():
    content = workbook(["姓名", "身份证号"], ["甲", 340104199003071230], ["乙", "340104199003071230"])
    table = read_rows(content, "a.xlsx")
    assert [(error.row, error.column) for error in table.errors] == [(2, 2)]
    assert "文本" in table.errors[0].message and "3.40104E+17" in table.errors[0].message
    assert table.rows[2] == ["乙", "340104199003071230"]


@pytest.mark.parametrize(("value", "is_exact"), [
    (999_999_999_999_999, True), (1_000_000_000_000_000, False), (110_101_199_003_071.0, True), (-1e15, False)])
def test_fifteen_digits_are_exact_and_sixteen_are_not(value, is_exact):
    table = read_rows(workbook(["号"], [value]), "a.xlsx")
    assert (table.errors == []) == is_exact
    if is_exact:
        assert table.rows[1] == [str(int(value))]


@pytest.mark.parametrize(("text", "is_lost"), [
    ("3.40103E+17", True), ("1.10101e+17", True), ("3E17", True), ("1E5", False), ("E17", False), ("3.4E+17A", False)])
def test_a_rounded_number_in_text_form_is_refused_too(text, is_lost):
    table = read_rows(f"姓名,号\n甲,{text}\n".encode(), "a.csv")
    assert [(error.row, error.column) for error in table.errors] == ([(2, 2)] if is_lost else [])


def test_rows_keep_their_excel_numbers():
    def place(book, sheet):
        sheet["C3"] = "姓名"
        sheet["D5"] = 340104199003071230

    table = read_rows(workbook(prepare=place), "a.xlsx")
    assert table.rows == [["", "", "", ""], ["", "", "", ""], ["", "", "姓名", ""], ["", "", "", ""],
                          ["", "", "", "3.40104E+17"]]
    assert table.errors == [RowError(5, 4, table.errors[0].message)]


def test_merged_heads_and_line_breaks_are_read():
    def merge(book, sheet):
        sheet.merge_cells("A1:C1")

    table = read_rows(workbook(["汇总表"], ["序号", "现职业资格\n（专业技术职务）", "地址"], prepare=merge), "a.xlsx")
    assert table.rows == [["汇总表", "", ""], ["序号", "现职业资格\n（专业技术职务）", "地址"]]


def test_only_the_first_sheet_is_read_and_an_empty_one_is_empty():
    def more(book, sheet):
        book.create_sheet("第二")["A1"] = "别处"

    assert read_rows(workbook(["甲"], prepare=more), "a.xlsx").rows == [["甲"]]
    assert read_rows(workbook(), "a.xlsx").rows == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_csv_in_every_usual_encoding(encoding):
    content = '姓名,地址\r\n"龚㛃䶮","某街,17号\n""四楼"""\r\n'.encode(encoding)
    assert read_rows(content, "a.csv").rows == [["姓名", "地址"], ["龚㛃䶮", '某街,17号\n"四楼"']]


def test_csv_with_tabs_or_semicolons():
    assert read_rows("姓名\t号\n甲\t1".encode(), "a.csv").rows == [["姓名", "号"], ["甲", "1"]]
    assert read_rows("姓名;号\n甲;1".encode(), "a.csv").rows == [["姓名", "号"], ["甲", "1"]]


def test_hyperlinks_of_mail_addresses_are_harmless():
    def link(book, sheet):
        sheet["A1"].hyperlink = "mailto:a@example.com"

    assert read_rows(workbook(["a@example.com"], prepare=link), "a.xlsx").rows == [["a@example.com"]]


def old_workbook(*cells: tuple[int, int, str | float]) -> bytes:
    """The smallest .xls (BIFF8 in a compound file) with these cells (row, column, value)."""

    def record(number: int, content: bytes) -> bytes:
        return struct.pack("<HH", number, len(content)) + content

    body = record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 6))
    for row, column, value in cells:
        place = struct.pack("<HHH", row, column, 0)
        if isinstance(value, str):
            body += record(0x204, place + struct.pack("<HB", len(value), 1) + value.encode("utf-16-le"))
        else:
            body += record(0x203, place + struct.pack("<d", value))
    body += record(0x0A, b"")
    name = "表".encode("utf-16-le")
    head = record(0x809, struct.pack("<HHHHII", 0x600, 0x05, 0, 0, 0, 6)) + record(0x42, struct.pack("<H", 1200))
    length = len(head) + 4 + 8 + len(name) + 4
    stream = head + record(0x85, struct.pack("<IBBBB", length, 0, 0, 1, 1) + name) + record(0x0A, b"") + body
    stream += b"\0" * max(0, 4096 - len(stream))
    stream += b"\0" * (-len(stream) % 512)
    sectors = len(stream) // 512
    fat = [0xFFFFFFFD, 0xFFFFFFFE, *(number + 3 for number in range(sectors - 1)), 0xFFFFFFFE]
    fat += [0xFFFFFFFF] * (128 - len(fat))

    def entry(label: str, kind: int, child: int, start: int, size: int) -> bytes:
        text = (label + "\0").encode("utf-16-le")
        return text.ljust(64, b"\0") + struct.pack("<HBBIII", len(text), kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child) + (
            b"\0" * 36 + struct.pack("<IQ", start, size))

    directory = (entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + entry("Workbook", 2, 0xFFFFFFFF, 2, len(stream))).ljust(
        512, b"\0")
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + struct.pack(
        "<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<I", 0) + b"\xff\xff\xff\xff" * 108
    return header + struct.pack("<128I", *fat) + directory + stream


def test_old_excel_files_are_read_too():
    content = old_workbook((0, 0, "姓名"), (0, 1, "身份证号"), (1, 0, "龚㛃䶮"), (1, 1, "34010419900307123X"),
                           (2, 0, "乙"), (2, 1, 340104199003071230.0), (3, 1, 13900000001.0))
    table = read_rows(content, "名单.xls")
    assert table.rows == [
        ["姓名", "身份证号"], ["龚㛃䶮", "34010419900307123X"], ["乙", "3.40104E+17"], ["", "13900000001"]]
    assert [(error.row, error.column) for error in table.errors] == [(3, 2)]


def test_an_old_file_with_a_far_cell_or_a_macro_is_refused():
    refuse(old_workbook((0, 0, "a"), (65_535, 255, "b")), "a.xls", "过大")
    refuse(old_workbook((0, 0, "a")) + "_VBA_PROJECT".encode("utf-16-le"), "a.xls", "宏")


def test_formulas_give_their_stored_value_and_are_never_computed():
    cell = b'<row r="1"><c r="A1"><f>1+1</f><v>7</v></c></row>'
    assert read_rows(repack(workbook(["a"]), {SHEET: sheet_xml(cell)}), "a.xlsx").rows == [["7"]]


def test_a_million_empty_rows_are_no_rows():
    body = b'<row r="1">' + text_cell("A1", "x") + b"</row>" + b"".join(
        b'<row r="%d" spans="%d:9" ht="%d"/>' % (n, n % 7, n * 7919 % 400) for n in range(2, 1_000_001))
    assert read_rows(repack(workbook(["a"]), {SHEET: sheet_xml(body)}), "a.xlsx").rows == [["x"]]


def test_a_boastful_dimension_is_ignored():
    boast = b'<dimension ref="A1:XFD1048576"/>'
    content = sheet_xml(b'<row r="1">' + text_cell("A1", "x") + b"</row>", dimension=boast)
    assert read_rows(repack(workbook(["a"]), {SHEET: content}), "a.xlsx").rows == [["x"]]


def test_a_cell_in_the_far_corner_is_refused_without_filling_the_memory():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    body = b'<row r="1">' + text_cell("A1", "x") + b'</row><row r="1048576">' + text_cell("XFD1048576", "x") + b"</row>"
    refuse(repack(workbook(["a"]), {SHEET: sheet_xml(body)}), words="过大")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000, "KB, in our own process"


def test_one_long_text_repeated_in_every_cell_is_refused():
    strings = b"<sst " + SPACE + b"><si><t>" + bytes(range(65, 91)) * 1_000 + b"</t></si></sst>"
    body = b"".join(b'<row r="%d">' % row + b"".join(b'<c t="s" r="%s%d"><v>0</v></c>' % (column.encode(), row)
                    for column in "ABCDEFGHIJKLMNOPQRST") + b"</row>" for row in range(1, 3001))
    base = workbook(["x"])
    # Its two parts compress too well on purpose: the unpacking limits are lifted so that the reader itself is tried.
    content = repack(base, {SHEET: sheet_xml(body), "xl/sharedStrings.xml": HEAD + strings})
    with pytest.raises(Invalid, match="过大"):
        read_rows(content, "a.xlsx", Limits(ratio=100_000))


def test_zip_bombs_are_refused_by_their_directory():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    base = workbook(["a"])
    refuse(repack(base, {"xl/big.xml": b"<a>" + b" " * 60_000_000 + b"</a>"}), words="过大")
    refuse(repack(base, {"xl/big.xml": b"<a>" + b" " * 20_000_000 + b"</a>"}), words="过大")
    refuse(repack(base, {f"xl/p{number}.xml": b"<a/>" for number in range(500)}), words="过大")
    refuse(repack(base, {f"xl/p{number}.xml": b"<a/>" for number in range(20_000)}), words="过大")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000


def test_entity_tricks_are_refused():
    xxe = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
    for trick, entity in ((xxe, "e"), (laughs, "b")):
        body = b'<row r="1">' + text_cell("A1", f"&{entity};") + b"</row>"
        refuse(repack(workbook(["a"]), {SHEET: sheet_xml(body, trick)}))
    disguised = sheet_xml(b"", xxe).replace(b"UTF-8", b"UTF-16").decode().encode("utf-16")
    refuse(repack(workbook(["a"]), {SHEET: disguised}))


def test_macros_links_and_embedded_things_are_refused():
    base = workbook(["a"])
    with ZipFile(BytesIO(base)) as package:
        types = package.read("[Content_Types].xml")
        relations = package.read("xl/_rels/workbook.xml.rels")
    kind = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"
    outside = (b'<Relationship Id="r9" Type="' + kind + b'" Target="http://127.0.0.1/x" '
               b'TargetMode="External"/></Relationships>')
    refuse(repack(base, {"xl/vbaProject.bin": b"x"}), words="宏")
    refuse(repack(base, {"[Content_Types].xml": types.replace(
        b"spreadsheetml.sheet.main", b"ms-excel.sheet.macroEnabled.main")}), words="宏")
    refuse(repack(base, {"xl/externalLinks/externalLink1.xml": b"<a/>"}), words="链接")
    refuse(repack(base, {"xl/_rels/workbook.xml.rels": relations.replace(b"</Relationships>", outside)}), words="链接")
    refuse(repack(base, {"xl/connections.xml": b"<a/>"}), words="链接")
    refuse(repack(base, {"xl/embeddings/oleObject1.bin": b"x"}), words="嵌入")
    refuse(repack(base, {"xl/hidden.bin": sheet_xml(b"")}))


def test_what_is_no_table_is_refused():
    for content, name in ((b"", "a.xlsx"), (b"PK\3\4 broken", "a.xlsx"), (b"<html></html>", "a.xls"),
                          (b"%PDF-1.7", "a.xlsx"), (b"\x89PNG", "a.csv.png"), (workbook(["a"]), "a.csv"),
                          (workbook(["a"]), "a.xlsm"),
                          (workbook(["a"])[:-200], "a.xlsx"), (b"\xd0\xcf\x11\xe0" + b"\0" * 5000, "a.xls"),
                          (b"\xff\xfea\0\0\0", "a.csv"), (b"a\0b", "a.csv"), (b"\x81\xff\x00", "a.csv")):
        refuse(content, name)


def test_encrypted_files_are_named_as_such():
    refuse(b"\xd0\xcf\x11\xe0" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"), "a.xlsx", "加密")


def test_row_column_and_size_limits_on_both_sides():
    small = Limits(rows=5, columns=3)
    assert len(read_rows(workbook(*[["头"]], *[["行"]] * 5), "a.xlsx", small).rows) == 6
    with pytest.raises(Invalid, match="过大"):
        read_rows(workbook(*[["头"]], *[["行"]] * 6), "a.xlsx", small)
    assert read_rows(workbook(["a", "b", "c"]), "a.xlsx", small).rows == [["a", "b", "c"]]
    with pytest.raises(Invalid, match="过大"):
        read_rows(workbook(["a", "b", "c", "d"]), "a.xlsx", small)
    assert len(read_rows(b"h\n" + b"r\n" * 5, "a.csv", small).rows) == 6
    with pytest.raises(Invalid, match="过大"):
        read_rows(b"h\n" + b"r\n" * 6, "a.csv", small)
    with pytest.raises(Invalid, match="过大"):
        read_rows(b"a,b,c,d\n", "a.csv", small)
    assert read_rows(b"a" * 1000, "a.csv", Limits(file_bytes=1000)).rows
    with pytest.raises(Invalid, match="MB"):
        read_rows(b"a" * 1001, "a.csv", Limits(file_bytes=1000))


def test_an_overlong_cell_is_an_error_of_its_row():
    table = read_rows(workbook(["头"], ["长" * 5_000], ["长" * 5_001]), "a.xlsx")
    assert [(error.row, error.column) for error in table.errors] == [(3, 1)]


def test_twenty_thousand_rows_are_read_in_seconds():
    from portal.documents.sheets import write_sheet

    content = write_sheet(["姓名", "号码"], [[f"甲{number}", "34010419900307123X"] for number in range(20_000)])
    began = timing.monotonic()
    assert len(read_rows(content, "a.xlsx").rows) == 20_001
    assert timing.monotonic() - began < 10

"""A character prints as itself, or the document is held back and the character named."""

import shutil
from io import BytesIO
from pathlib import Path

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

from portal.documents import fonts, glyphs
from portal.documents import render as rendering
from portal.documents.glyphs import MissingGlyph
from portal.documents.notice import Notice, notice_pdf
from portal.rules.errors import Invalid
from tests.documents.paper import Paper, Place


def print_name(name: str) -> Paper:
    return Paper(notice_pdf(Notice(issuer="某省中心", title="关于考评员的通知", body=f"考评员：{name}。")))


@pytest.mark.parametrize("char", "䶮㛃𬱖𠅤犇喆玥")
def test_rare_characters_of_names_print_as_themselves(char):
    paper = print_name(f"龚{char}")
    assert paper.has(f"龚{char}")
    before = paper.find("龚")
    em = 16 * 25.4 / 72
    beside = Place(before.page, before.left + em, before.top, before.right + em, before.bottom)
    assert 0.08 < paper.ink(beside) < 0.6, "there is a character of its own beside 龚, neither a gap nor a full box"
    assert all("WenKai" in font for font in paper.fonts())


@pytest.mark.parametrize(("char", "said"), [
    ("\ue000", "U+E000，私用区字符"), ("\U000f0000", "U+F0000，私用区字符"), ("\u0378", "U+0378，未分配"),
    ("\U0003fffe", "U+3FFFE"), ("😀", "“😀”（U+1F600"), ("\u202e", "U+202E，不可见"), ("\x00", "U+0000，不可见"),
    ("\ud800", "U+D800"), ("𪛐", "“𪛐”（U+2A6D0，字库中没有"),
])
def test_what_cannot_be_printed_is_refused_by_name(char, said):
    with pytest.raises(MissingGlyph, match="无法打印") as refusal:
        print_name(f"龚{char}")
    assert said in refusal.value.message
    assert refusal.value.chars == char
    assert isinstance(refusal.value, Invalid)


def test_all_missing_characters_are_named_at_once():
    with pytest.raises(MissingGlyph) as refusal:
        print_name("甲\ue000乙😀丙\ue000")
    assert refusal.value.chars == "\ue000😀"


def test_blanks_and_harmless_invisible_signs_pass():
    assert print_name("张\u200b三\u00ad　李\u00a0四\ufeff").has("张三李四")


def test_a_name_can_be_asked_about_before_printing():
    assert rendering.find_unprintable("龚㛃䶮") == ""
    assert rendering.find_unprintable("龚\ue000😀龚😀") == "\ue000😀"


def build_font(family: str, blank: str = "", drawn: str = "") -> bytes:
    """A tiny font in which `blank` characters are mapped to glyphs without an outline."""
    names = [".notdef", *(f"u{ord(char):X}" for char in blank + drawn)]
    pen = TTGlyphPen(None)
    for step, point in enumerate([(0, 0), (900, 0), (900, 900), (0, 900)]):
        (pen.lineTo if step else pen.moveTo)(point)
    pen.closePath()
    square, empty = pen.glyph(), TTGlyphPen(None).glyph()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(char): f"u{ord(char):X}" for char in blank + drawn})
    builder.setupGlyf({name: empty if name in {f"u{ord(char):X}" for char in blank} else square for name in names})
    builder.setupHorizontalMetrics(dict.fromkeys(names, (1000, 0)))
    builder.setupHorizontalHeader(ascent=900, descent=-100)
    builder.setupNameTable({"familyName": family, "styleName": "Regular"})
    builder.setupOS2(usWeightClass=400)
    builder.setupPost()
    target = BytesIO()
    builder.save(target)
    return target.getvalue()


@pytest.fixture
def font_folder(tmp_path):
    yield tmp_path
    rendering.set_font_folder(None)


def test_a_mapped_but_empty_glyph_is_a_hole_and_refused(font_folder):
    (font_folder / "own.ttf").write_bytes(build_font("FangSong", blank="䶮", drawn="龚"))
    assert rendering.set_font_folder(font_folder) == ("FangSong",)
    with pytest.raises(MissingGlyph) as refusal:
        print_name("龚䶮")
    assert refusal.value.chars == "䶮"
    rendering.set_font_folder(None)
    assert print_name("龚䶮").has("龚䶮")


def test_the_second_gate_sees_a_hole_in_the_face_really_used(font_folder, monkeypatch):
    (font_folder / "own.ttf").write_bytes(build_font("FangSong", blank="䶮", drawn="龚"))
    rendering.set_font_folder(font_folder)
    monkeypatch.setattr(glyphs, "check_text", lambda text, faces: None)
    with pytest.raises(MissingGlyph) as refusal:
        print_name("龚䶮")
    assert refusal.value.chars == "䶮"
    with pytest.raises(MissingGlyph):
        print_name("\ue000")
    assert print_name("龚").has("龚")


def test_a_bureaus_own_font_is_used_and_others_are_left_alone(font_folder):
    (font_folder / "fs.ttf").write_bytes(build_font("仿宋_GB2312", drawn="考评员龚"))
    (font_folder / "unknown.ttf").write_bytes(build_font("Comic", drawn="考"))
    (font_folder / "broken.ttf").write_bytes(b"no font at all")
    (font_folder / "readme.txt").write_text("x")
    assert rendering.set_font_folder(font_folder) == ("仿宋_GB2312",)
    names = print_name("龚䶮").fonts()
    assert any("GB2312" in name or "仿宋" in name for name in names) and any("WenKai" in name for name in names)
    rendering.set_font_folder(None)
    assert all("WenKai" in name for name in print_name("龚䶮").fonts())


def test_a_collection_serves_like_a_single_file(font_folder):
    from fontTools.ttLib import TTCollection

    collection = TTCollection()
    collection.fonts = [TTFont(BytesIO(build_font(family, drawn="龚"))) for family in ("Other", "宋体")]
    collection.save(font_folder / "two.ttc")
    faces = fonts.list_folder_faces(font_folder)
    assert [(face.family, face.index) for face in faces] == [("宋体", 1)]


def test_a_missing_folder_is_an_empty_one(tmp_path):
    assert rendering.set_font_folder(tmp_path / "none") == ()
    assert fonts.list_folder_faces(Path(tmp_path / "none")) == []


def test_every_stack_ends_in_the_guaranteed_face():
    assert shutil.which("fc-match") is None or fonts.list_system_faces()
    for stack in fonts.STACKS:
        faces = fonts.choose_faces(stack)
        assert faces, "no face: apt-get install --no-install-recommends fonts-lxgw-wenkai"
        assert faces[-1].family == fonts.FALLBACK
        assert glyphs.find_unprintable("䶮㛃𬱖𠅤〔2022〕①㈠—“”…、。（）", faces) == ""

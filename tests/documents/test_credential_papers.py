"""The certificate and the card as paper: fields, sizes, photo, QR code, and the sheets that cards are printed on."""

from io import BytesIO

import pikepdf
import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from portal.cli.demo.pictures import draw_portrait
from portal.documents.credential import card_pdf, certificate_pdf, lay_out_sheets, prepare_fonts
from portal.documents.glyphs import MissingGlyph
from portal.rules.errors import Invalid
from tests.documents.paper import Paper

PRINTED = {
    "title": "安徽省技能人才评价高级考评员电子证书",
    "body": "经培训考核合格，具备汽车维修工职业（工种）技能人才评价高级考评员资格，特发此证。",
    "name": "任琪怡", "sex": "女", "id_type": "居民身份证", "id_number": "510197198409110004",
    "occupation": "汽车维修工", "grade": "高级考评员",
    "levels": "五级/初级工、四级/中级工、三级/高级工、二级/技师、一级/高级技师",
    "unit": "云帆技能评价有限公司", "number": "皖考评2202300001", "issued_on": "2023年3月1日", "valid_to": "",
    "issuer": "安徽省职业技能鉴定中心", "verify": "https://kaoping.example.gov.cn/verify/t/GW25ljX_lxfyxlA1Or9r5Q",
}  # fmt: skip
CARD = PRINTED | {
    "title": "高级考评员资格证卡", "issuer": "四川省人力资源和社会保障厅", "valid_to": "2026年2月28日",
    "number": "川考评2202300001",
}  # fmt: skip
LONGEST = "工程机械维修工（矿山及隧道掘进机械设备维修与安装调试工）"
LONG = {
    "name": "阿卜杜热西提·阿卜杜外力·买买提明江",
    "occupation": LONGEST,
    "body": f"经培训考核合格，具备{LONGEST}职业（工种）技能人才评价高级考评员资格，特发此证。",
    "unit": "中国石油天然气股份有限公司四川销售分公司职业技能等级认定中心（培训鉴定与人才评价部）",
}  # fmt: skip
PHOTO = draw_portrait(2)


def read_codes(content: bytes, page: int, dpi: int = 150) -> list[str]:
    """The QR codes of a page as a telephone would see them, at the dots per inch of an ordinary screen or print."""
    image = pypdfium2.PdfDocument(content)[page].render(scale=dpi / 72).to_pil()
    return [code.text for code in zxingcpp.read_barcodes(image)]


def pictures_of(content: bytes) -> list[Image.Image]:
    """The pictures of a file, the largest first."""
    with pikepdf.open(BytesIO(content)) as pdf:
        found = [pikepdf.PdfImage(thing).as_pil_image().convert("RGB") for thing in pdf.objects
                 if isinstance(thing, pikepdf.Stream) and thing.get("/Subtype") == "/Image"]  # fmt: skip
    return sorted(found, key=lambda image: -image.width * image.height)


def test_the_certificate_shows_every_field_on_one_a4_page():
    content = certificate_pdf(PRINTED, PHOTO)
    paper = Paper(content)
    assert paper.sizes == [(297, 210)]
    for field, text in PRINTED.items():
        if field not in ("verify", "valid_to"):
            assert paper.has(text), field
    assert not paper.has("有效期")
    assert paper.info()["/Title"] == "安徽省技能人才评价高级考评员电子证书 皖考评2202300001"
    assert paper.embedded() == []
    assert read_codes(content, 0) == [PRINTED["verify"]]


def test_with_an_end_the_certificate_prints_it():
    assert Paper(certificate_pdf(PRINTED | {"valid_to": "2026年2月28日"}, PHOTO)).has("有效期至2026年2月28日")


def test_the_card_is_a_bank_card_with_two_sides():
    content = card_pdf(CARD, PHOTO)
    paper = Paper(content)
    assert paper.sizes == [(86, 54), (86, 54)]
    front, back = (text.replace("\r\n", "") for text in paper.pages)
    for field in ("title", "name", "occupation", "grade", "number", "valid_to"):
        assert CARD[field] in front, field
    assert CARD["issuer"] in back and CARD["issued_on"] in back
    assert read_codes(content, 1) == [CARD["verify"]]


@pytest.mark.parametrize("dpi", [96, 150, 300])
def test_the_code_is_read_from_a_screen_and_from_print(dpi):
    assert read_codes(certificate_pdf(PRINTED, PHOTO), 0, dpi) == [PRINTED["verify"]]
    assert read_codes(card_pdf(CARD, PHOTO), 1, dpi) == [CARD["verify"]]


def test_the_code_is_between_25_and_30_millimetres_wide():
    for content, page in ((certificate_pdf(PRINTED, PHOTO), 0), (card_pdf(CARD, PHOTO), 1)):
        (code,) = zxingcpp.read_barcodes(pypdfium2.PdfDocument(content)[page].render(scale=300 / 72).to_pil())
        width = (code.position.top_right.x - code.position.top_left.x) * 25.4 / 300
        assert 24.5 <= width <= 30, width


@pytest.mark.parametrize("make", [certificate_pdf, card_pdf])
def test_long_names_keep_within_the_page_and_apart(make):
    """Nothing is cut off, runs into the signature or makes another page."""
    content = make(CARD | LONG, PHOTO)
    paper = Paper(content)
    assert len(paper.sizes) == (1 if make is certificate_pdf else 2)
    for field in ("name", "occupation", "number", "issuer", "valid_to"):
        assert paper.has((CARD | LONG)[field]), field
    page = 0 if make is certificate_pdf else 1
    signature = paper.find(CARD["issuer"], page=page)
    last = paper.find("2026年2月28日", page=0) if make is certificate_pdf else paper.find("级/高级技师", page=1)
    assert last.right < signature.left or last.bottom < signature.top
    width, height = paper.sizes[page]
    assert signature.right < width and signature.bottom < height


def test_the_photo_is_on_the_paper_at_printing_size():
    for content in (certificate_pdf(PRINTED, PHOTO), card_pdf(CARD, PHOTO)):
        photo = next(image for image in pictures_of(content) if image.width != image.height)
        with Image.open(BytesIO(PHOTO)) as image:
            expected = image.convert("RGB").resize((32, 45))
        difference = [abs(a - b) for a, b in zip(photo.resize((32, 45)).tobytes(), expected.tobytes(), strict=True)]
        assert sum(difference) / len(difference) < 6
        with Image.open(BytesIO(draw_portrait(3))) as image:  # control: another person's is far away
            other = image.convert("RGB").resize((32, 45)).tobytes()
        difference = [abs(a - b) for a, b in zip(photo.resize((32, 45)).tobytes(), other, strict=True)]
        assert sum(difference) / len(difference) > 10


def test_a_photo_of_a_telephone_does_not_make_the_file_heavy():
    out = BytesIO()
    Image.effect_noise((1600, 2240), 90).convert("RGB").save(out, "JPEG", quality=95)
    assert len(out.getvalue()) > 1_500_000
    assert len(certificate_pdf(PRINTED, out.getvalue())) < 400_000


def test_the_same_data_give_the_same_bytes():
    assert certificate_pdf(PRINTED, PHOTO) == certificate_pdf(PRINTED, PHOTO)
    assert card_pdf(CARD, PHOTO) == card_pdf(CARD, PHOTO) != card_pdf(CARD | {"name": "他人"}, PHOTO)


def look(content: bytes) -> list[bytes]:
    return [page.render(scale=2).to_pil().convert("L").tobytes() for page in pypdfium2.PdfDocument(content)]


@pytest.mark.parametrize(("kind", "make"), [("e_certificate", certificate_pdf), ("card", card_pdf)])
def test_fonts_cut_for_a_batch_change_nothing_in_the_look(kind, make):
    data = [CARD, CARD | {"name": "䶮㛃犇", "number": "川考评2202300002"}]
    batch = prepare_fonts(kind, data)
    for printed in data:
        whole, cut = make(printed, PHOTO), make(printed, PHOTO, batch=batch)
        assert look(cut) == look(whole) and Paper(cut).text == Paper(whole).text
        assert any("Batch" in name for name in Paper(cut).fonts())  # control: the small font was really used
    # A character that was not announced is drawn all the same, by the whole face.
    other = CARD | {"name": "欧阳璟"}
    assert Paper(make(other, PHOTO, batch=batch)).has("欧阳璟") and look(make(other, PHOTO, batch=batch)) == look(
        make(other, PHOTO)
    )
    with pytest.raises(MissingGlyph):
        make(CARD | {"name": "王\ue000"}, PHOTO, batch=batch)


def test_a_font_that_cannot_be_cut_costs_only_time(monkeypatch):
    from portal.documents import batch_fonts

    monkeypatch.setattr(batch_fonts, "cut_face", lambda face, text: 1 / 0)
    assert prepare_fonts("card", [CARD]) is None


@pytest.mark.parametrize("make", [certificate_pdf, card_pdf])
def test_a_character_without_a_glyph_or_a_broken_photo_is_refused(make):
    with pytest.raises(MissingGlyph, match="U\\+E000"):
        make(CARD | {"name": "王\ue000"}, PHOTO)
    with pytest.raises(Invalid):
        make(CARD, b"not a picture")


def test_rare_letters_of_names_are_drawn():
    paper = Paper(certificate_pdf(PRINTED | {"name": "䶮㛃犇喆玥"}, PHOTO))
    assert paper.has("䶮㛃犇喆玥")
    assert paper.ink(paper.find("䶮㛃")) > 0.05


def test_markup_in_a_field_is_text():
    assert Paper(certificate_pdf(PRINTED | {"unit": "<b>甲</b>&乙"}, PHOTO)).has("<b>甲</b>&乙")


def test_five_cards_are_laid_onto_a_sheet_with_cut_marks():
    cards = [card_pdf(CARD | {"number": f"川考评220230000{n}", "verify": f"https://x.example/verify/t/{n}"}, PHOTO)
             for n in range(7)]  # fmt: skip
    sheets = lay_out_sheets(cards)
    paper = Paper(sheets)
    assert paper.sizes == [(210, 297), (210, 297)]
    for n in range(7):
        assert f"川考评220230000{n}" in paper.pages[0 if n < 5 else 1]
    # Every code is still read, and each card's front lies beside its own back, at its true size.
    assert sorted(read_codes(sheets, 0, 200)) == [f"https://x.example/verify/t/{n}" for n in range(5)]
    front, issuer = paper.find("川考评2202300000"), paper.find(CARD["issuer"])
    assert front.left < 105 < issuer.left and abs(front.top - issuer.top) < 30
    image = pypdfium2.PdfDocument(sheets)[0].render(scale=300 / 72).to_pil().convert("L")
    dots = 300 / 25.4
    left, top = (210 - 171.2) / 2, (297 - 5 * 54) / 6
    for x, y in ((left - 3, top), (left + 171.2 + 3, top), (left, top - 2), (left + 171.2, top + 54 + 2)):
        box = image.crop((round(x * dots) - 6, round(y * dots) - 6, round(x * dots) + 6, round(y * dots) + 6))
        assert min(box.tobytes()) < 120, f"no cut mark at {x:.1f}, {y:.1f} mm"

"""The notice and its forward, read back from the real PDF: parts, order, places, typefaces."""

from datetime import date
from itertools import pairwise

import pytest

from portal.documents.notice import (
    Annex,
    Basis,
    Contacts,
    Notice,
    Person,
    break_title,
    compose_opening,
    notice_pdf,
    split_body,
)
from portal.rules.dates import doc_number, print_window
from tests.documents.paper import Paper

CLASS_NOTICE = Notice(
    issuer="某省职业技能鉴定指导中心",
    number="某人社职鉴〔2022〕21号",
    title="关于举办全省技能人才评价高级考评员培训班的通知",
    addressees=("各市（州）职业技能鉴定指导中心、职业技能等级认定备案机构及有关单位",),
    purpose="为进一步加强考评员队伍建设，规范技能人才评价工作，提高评价质量，",
    basis=(
        Basis("关于举办技能人才评价考评员培训班和考评员复核换证工作的通知", "某人社职鉴〔2022〕5号",
              "某省职业技能鉴定指导中心"),
        Basis("劳动保障部关于印发《职业技能鉴定考评人员管理工作规程（试行）》的通知", "劳社培就司函〔2003〕117号"),
    ),
    announcement="经研究，拟于2022年12月15日—16日举办技能人才评价高级考评员培训班，现将有关事宜通知如下：",
    body="""一、培训对象
已经备案成功或者已经向当地人社部门提交备案资料的等级认定机构的人员。
二、培训内容
（一）国家技能人才评价政策法规、制度体系；
（二）国家职业技能标准及命（审）题技术。
1. 理论。
（1）线上。
三、考核发证。培训结束后统一安排考核，证卡有效期为三年。""",
    contacts=(Contacts((Person("韦星野", ("13900000001",)), Person("陆听澜", ("13900000002",))), ("0551-12345678",),
                       "电　话", "centre@example.com", "某市某区某街17号4楼", "（一）某省职业技能鉴定中心"),),
    contacts_heading="四、联系方式",
    annexes=(Annex("高级考评员资格培训汇总表"), Annex("报考流程")),
    signed_on=date(2022, 12, 8),
    disclosure="此件主动公开",
    copied_to=("某省人力资源和社会保障厅",),
    printed_by="某省职业技能鉴定指导中心办公室",
    printed_on=date(2022, 12, 9),
)
ANNEX_FORM = Annex("参训推荐表", "备注：①请于8月9日17:00前发送至box@example.com。", ("姓名", "单位", "职务"), 3,
                   "报名表")
FORWARD = Notice(
    issuer="某省人力资源服务协会", number="某人协秘〔2021〕2号",
    title="转发《关于举办全省技能人才评价高级考评员培训班的通知》的通知", addressees=("各会员单位",),
    announcement="现将通知转发给你们，并作如下工作安排：", body="一、目标任务\n本会拟推荐会员单位员工参加。",
    annexes=(ANNEX_FORM,), signed_on=date(2021, 8, 4), copied_to=("某省人力资源和社会保障厅",),
    printed_by="某省人力资源服务协会秘书处", printed_on=date(2021, 8, 4))


@pytest.fixture(scope="module")
def paper() -> Paper:
    return Paper(notice_pdf(CLASS_NOTICE))


@pytest.mark.requirement("R2.37")
def test_all_parts_stand_in_the_order_of_the_sources(paper):
    paper.in_order(
        "某省职业技能鉴定指导中心", "某人社职鉴〔2022〕21号", "关于举办全省技能人才评价高级考评员培训班的通知",
        "各市（州）职业技能鉴定指导中心、职业技能等级认定备案机构及有关单位：", "为进一步加强考评员队伍建设",
        "根据", "一、培训对象", "二、培训内容", "（一）国家技能人才评价政策法规", "1. 理论", "（1）线上",
        "三、考核发证。", "四、联系方式", "联系人：", "附件：1. 高级考评员资格培训汇总表", "2. 报考流程",
        "某省职业技能鉴定指导中心", "2022年12月8日", "（此件主动公开）",
        "抄送：某省人力资源和社会保障厅", "某省职业技能鉴定指导中心办公室", "2022年12月9日印发")


@pytest.mark.requirement("R10.62")
def test_red_head_layout_with_text_that_can_be_copied(paper):
    issuer = paper.find("某省职业技能鉴定指导中心", page=0)
    number = paper.find("某人社职鉴〔2022〕21号")
    title = paper.find("关于举办全省技能人才评价")
    addressee = paper.find("各市（州）职业技能鉴定指导中心")
    rule = paper.dark_rows(colour="red")
    body = paper.find("为进一步加强")
    assert issuer.bottom < number.top < number.bottom < rule[0] < title.top < addressee.top < body.top
    assert body.left == pytest.approx(27.5 + 2 * 16 * 25.4 / 72, abs=1), "paragraphs are indented by two characters"
    assert rule[-1] - rule[0] < 2, "one red rule"
    for place in (issuer, number, title):
        assert (place.left + place.right) / 2 == pytest.approx(27.5 + 158.5 / 2, abs=2), "centred in the type area"
    assert addressee.left == pytest.approx(27.5, abs=1), "主送 begins at the edge"
    assert issuer.bottom - issuer.top > 1.6 * (number.bottom - number.top), "the issuer is written large"
    for part in ("某人社职鉴〔2022〕21号", "经研究", "证卡有效期为三年", "2022年12月8日"):
        assert paper.has(part)
    sign, day = (paper.find(text, page=2) for text in ("某省职业技能鉴定指导中心", "2022年12月8日"))
    assert sign.bottom < day.top and day.left > 105 and day.right < 186


@pytest.mark.requirement("R2.39")
def test_first_paragraph_cites_both_basis_documents_with_title_and_number(paper):
    first = compose_opening(CLASS_NOTICE)
    assert paper.has(first)
    for cited in ("根据某省职业技能鉴定指导中心《关于举办技能人才评价考评员培训班和考评员复核换证工作的通知》",
                  "（某人社职鉴〔2022〕5号）和《劳动保障部关于印发〈职业技能鉴定考评人员管理工作规程（试行）〉的通知》",
                  "（劳社培就司函〔2003〕117号）"):
        assert cited in first
    place = paper.text.index("根据")
    assert paper.text.index("各市（州）职业") < place < paper.text.index("一、培训对象")


@pytest.mark.requirement("R2.29")
def test_two_contacts_with_mobiles_and_one_landline_print_as_in_the_source(paper):
    names = paper.find("联系人：")
    assert paper.has("联系人：韦星野 13900000001；陆听澜 13900000002")
    landline = paper.find("0551-12345678")
    assert names.page == landline.page and landline.top > names.bottom, "the landline has a line of its own"
    paper.in_order("（一）某省职业技能鉴定中心", "联系人：", "电　话：0551-12345678", "电子邮箱：centre@example.com",
                   "通讯地址：某市某区某街17号4楼")


def test_contacts_without_numbers_stand_side_by_side():
    paper = Paper(notice_pdf(Notice("某中心", "关于甲的通知", contacts=(
        Contacts((Person("黄宇晨"), Person("王雨婷")), ("（028）12345678",)),))))
    assert paper.has("联系人：黄宇晨　王雨婷") and paper.has("联系电话：（028）12345678")


def test_document_number_keeps_its_hexagonal_brackets(paper):
    number = doc_number("某人协秘", 2021, 2)
    assert Paper(notice_pdf(Notice("某协会", "关于甲的通知", number=number))).has("某人协秘\u30142021\u30152号")
    assert "\u30142022\u301521号" in paper.text


def test_copy_and_print_line_stand_at_the_foot_of_the_last_page(paper):
    copy, printed, day = (paper.find(text, page=len(paper.pages) - 1) for text in (
        "抄送：", "某省职业技能鉴定指导中心办公室", "2022年12月9日印发"))
    assert copy.bottom < printed.top and printed.top == pytest.approx(day.top, abs=1)
    assert printed.bottom == pytest.approx(297 - 35, abs=4), "the last line of the type area"
    assert day.right == pytest.approx(186 - 5, abs=2) and printed.left == pytest.approx(27.5 + 5, abs=2)
    assert len(paper.dark_rows(page=len(paper.pages) - 1, colour="dark")) >= 3, "three rules"


def test_pages_are_numbered_outside_right_then_left(paper):
    assert paper.find("— 1 —", page=0).left > 150 and paper.find("— 2 —", page=1).left < 60
    assert paper.find("— 1 —", page=0).top > 297 - 35


def test_what_is_empty_is_left_out_and_blank_dates_can_be_filled_in():
    window = print_window(None, None)
    paper = Paper(notice_pdf(Notice("某中心", "关于甲的通知", body=(
        f"一、报名及培训时间\n（一）报名时间。{window}，报名方式见附件。\n"
        "（二）培训时间。在线学习为 月 日至 月 日。"))))
    assert paper.has("月日至月日")
    first = paper.find("报名时间。", page=0)
    blanks = paper.find("日至", page=0)
    assert blanks.left - first.right > 4 * 16 * 25.4 / 72, "room to write both numbers by hand"
    day = paper.find("年 月 日")
    assert day.right - day.left > 20
    for absent in ("抄送", "印发", "附件：", "联系人", "主送", "：：", "（）", "主题词", "None"):
        assert not paper.has(absent)


def test_a_signature_date_may_have_its_day_left_open():
    assert Paper(notice_pdf(Notice("某中心", "关于甲的通知", signed_on="2021年7月　日"))).has("2021年7月日")


def test_keywords_are_printed_only_when_given():
    paper = Paper(notice_pdf(Notice("某厅", "关于甲的通知", keywords=("人力资源", "通知"))))
    assert paper.has("主题词：人力资源　通知")


@pytest.mark.requirement("R10.63")
def test_forward_has_own_number_and_arrangements_then_the_original_as_attachment():
    paper = Paper(notice_pdf(FORWARD, CLASS_NOTICE))
    paper.in_order(
        "某省人力资源服务协会", "某人协秘〔2021〕2号", "转发《关于举办全省技能人才评价高级考评员培训班的通知》的通知",
        "各会员单位：", "并作如下工作安排：", "一、目标任务", "附件：1. 参训推荐表",
        "2. 关于举办全省技能人才评价高级考评员培训班的通知", "2021年8月4日", "附件1", "报名表", "附件2",
        "某省职业技能鉴定指导中心", "某人社职鉴〔2022〕21号", "各市（州）", "四、联系方式", "2022年12月8日",
        "某省人力资源服务协会秘书处", "2021年8月4日印发")
    form, original = paper.find("附件1", page=1), paper.find("附件2", page=2)
    assert form.top < 45 and original.top < 45, "each attachment begins a new page"
    assert paper.dark_rows(page=2, colour="red") == [], "the original has no second red head"


def test_forward_links_to_the_original():
    import io

    import pikepdf

    with pikepdf.open(io.BytesIO(notice_pdf(FORWARD, CLASS_NOTICE))) as pdf:
        links = [link for page in pdf.pages for link in page.get("/Annots", [])]
        assert [str(link.Subtype) for link in links] and all("/URI" not in str(link.keys()) for link in links)


def test_a_long_notice_breaks_between_pages_without_loose_headings():
    text = "这是一段较长的正文内容，用来检验换页。" * 9
    body = "\n".join(f"{number}、事项标题\n{text}" for number in "一二三四五六七八九十")
    paper = Paper(notice_pdf(Notice("某中心", "关于甲的通知", number="某〔2022〕1号", body=body, copied_to=("某厅",))))
    assert len(paper.pages) >= 3
    for page in paper.pages:
        lines = [line for line in page.split("\r\n") if line.strip() and "—" not in line]
        assert not lines[-1].endswith("事项标题"), "no heading at the foot of a page"
    for page in range(len(paper.pages)):
        assert all(top <= 297 - 33 for top in paper.dark_rows(page=page, colour="dark"))


@pytest.mark.parametrize("title", [
    "关于甲的通知", "关于举办全省技能人才评价高级考评员培训班的通知",
    "转发《关于举办技能人才评价考评员培训班的通知》的通知",
    "关" * 20, "关" * 21, "关" * 40, "关" * 41, "关于" * 60])
def test_titles_break_into_lines_of_similar_length(title):
    lines = break_title(title)
    assert "".join(lines) == title
    assert all(0 < len(line) <= 20 for line in lines)
    assert all(abs(len(one) - len(two)) <= 7 for one, two in pairwise(lines))


def test_a_given_line_break_in_the_title_is_kept():
    assert break_title("关于举办技能人才评价\n考评员培训班的通知") == ("关于举办技能人才评价", "考评员培训班的通知")
    paper = Paper(notice_pdf(Notice("某中心", "关于举办技能人才评价\n考评员培训班的通知")))
    assert paper.find("关于举办技能人才评价").bottom < paper.find("考评员培训班的通知").top
    assert paper.info()["/Title"] == "关于举办技能人才评价考评员培训班的通知"


def test_structure_of_plain_text():
    lines = split_body("一、标题\n\n（一）小标题。后文。\n1. 第三级\n（1）第四级\n2022.12 不是标题\n正文")
    assert [line.level for line in lines] == [1, 2, 3, 4, 0, 0]
    assert lines[1].head == (("（一）小标题。", False),) and lines[1].text == (("后文。", False),)
    long = split_body("（一）" + "很长的一句话" * 10 + "。后文")[0]
    assert long.head == () and long.level == 2


def test_opening_without_basis_or_purpose():
    assert compose_opening(Notice("某", "题")) == ""
    assert compose_opening(Notice("某", "题", announcement="现通知如下：")) == "现通知如下："
    cited = Notice("某", "题", basis=(Basis("《甲》", "乙〔2020〕1号"),))
    assert compose_opening(cited) == "根据《甲》（乙〔2020〕1号）要求。"


def test_hostile_and_endless_text_stays_text():
    paper = Paper(notice_pdf(Notice("某" * 60, "<script>x</script>", body="a" * 300 + "\n<img src=x onerror=1>",
                                    addressees=("<b>粗</b>",), copied_to=("单位" * 80,), printed_by="办公室" * 20)))
    assert paper.has("<script>x</script>") and paper.has("<b>粗</b>：") and paper.has("<img src=x onerror=1>")
    assert paper.has("a" * 300) and paper.has("单位" * 80) and paper.has("某" * 60)

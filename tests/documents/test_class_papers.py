"""The papers of a class on paper: one page, inside the margins, whatever the names are; and nothing with a hole."""

from datetime import date

import pytest

from portal.documents.class_notice import ClassNotice, class_notice_pdf
from portal.documents.glyphs import MissingGlyph
from tests.documents.paper import Paper

FACTS = (
    ("期次", "第十二期"), ("姓名", "阿依古丽·买买提"),
    ("所在单位", "安徽省新能源汽车产业技能人才评价与职业能力建设协会" * 2),
    ("申报考评职业", "企业人力资源管理师（劳动关系协调员）"), ("培训时间", "2021年9月8日9:00至10日17:00"),
    ("培训地点", "合肥市 示范路1号职业技能公共实训中心3号楼" * 2), ("说明", "自备午餐。\n请乘地铁1号线。"),
)  # fmt: skip


def make_notice(**kw) -> ClassNotice:
    values = {
        "title": "线下培训通知", "person": "阿依古丽·买买提", "opening": "现将有关事项通知如下：", "facts": FACTS,
        "points": ("请携带身份证件。", "因故不能参加的，请说明理由。"), "office": "安徽省职业技能鉴定中心",
        "issued_on": date(2021, 9, 2), "number": "342021000123", "contact": "李老师 0551-62999999",
    }  # fmt: skip
    return ClassNotice(**{**values, **kw})


def test_long_names_stay_inside_the_margins_of_one_page():
    content = class_notice_pdf(make_notice())
    paper = Paper(content)
    assert len(paper.pages) == 1 and paper.sizes == [(210, 297)]
    left, right = paper.margins(0)
    assert left >= 25 and right >= 25, (left, right)
    paper.in_order("线下培训通知", "342021000123", "阿依古丽·买买提", "第十二期", "9:00至10日17:00", "请携带身份证件",
                   "李老师", "安徽省职业技能鉴定中心", "2021年9月2日")  # fmt: skip
    assert content == class_notice_pdf(make_notice()), "the same data gives the same bytes"


def test_a_character_that_cannot_be_drawn_holds_the_notice_back():
    with pytest.raises(MissingGlyph):
        class_notice_pdf(make_notice(person="\U0003106c"))


def test_what_was_typed_is_text_and_no_markup():
    assert Paper(class_notice_pdf(make_notice(person="<b>甲</b>"))).has("<b>甲</b>")

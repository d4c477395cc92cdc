"""Registration form, decision and correction notice, read back from the real PDF."""

from dataclasses import replace
from datetime import date
from io import BytesIO

import pikepdf
import pytest
from PIL import Image

from portal.documents.correction import Correction, CorrectionItem, correction_pdf
from portal.documents.decision import Decision, decision_pdf
from portal.documents.registration_form import (
    ConditionResult,
    Field,
    RegistrationForm,
    Section,
    StampPlace,
    registration_form_pdf,
)
from portal.rules.errors import Invalid
from tests.documents.paper import Paper


def portrait() -> bytes:
    target = BytesIO()
    Image.new("RGB", (413, 579), (200, 30, 30)).save(target, "JPEG")
    return target.getvalue()


APPLICANT = StampPlace("申报人承诺", "本人承诺所填内容真实有效。", "申报人（签名）", needs_stamp=False)
UNIT, CITY, PROVINCE = (StampPlace(name) for name in ("单位初审意见", "市级审核意见", "省级审核意见"))
FIELDS = tuple(Field(label, value, is_wide) for label, value, is_wide in (
    ("姓名", "龚㛃䶮", False), ("性别", "女", False), ("证件类型", "居民身份证", False),
    ("证件号码", "51010519850307122X", False), ("文化程度", "大学本科", False), ("联系电话", "13900000001", False),
    ("工作单位", "某市某某精密机械制造有限责任公司技能人才评价中心", False),
    ("电子邮箱", "a.very.long.address.of.somebody@mail.example.com", False),
    ("通讯地址", "某省某市某区某某街道某某路一百二十八号某某大厦十二层一二〇三室", True), ("报考区域", "省直", False),
))
FORM = RegistrationForm(
    title="某省技能人才评价高级考评员申报表", plan_name="2022年高级考评员培训班", case_number="SC2022-000017",
    version=3, check_code="A7F3-91C2",
    sections=(
        Section("基本信息", FIELDS),
        Section("所持证书", columns=("证书名称", "等级", "证书编号"),
                rows=(("国家职业资格证书", "一级/高级技师", "1951000000100123"),)),
        Section("考评工作经历", columns=("起止时间", "内容"), rows=()),
    ),
    eligibility=(ConditionResult("至少一年以上实际考评工作经历", "符合", "考评记录累计26个月",
                                 "川人社职鉴〔2022〕21号 四（三）"),),
    stamps=(APPLICANT, UNIT, CITY, PROVINCE), portrait=portrait(), submitted_on=date(2022, 12, 10))


@pytest.mark.requirement("R10.64")
def test_form_shows_all_snapshot_values_and_the_stamp_places_of_the_chain():
    through_city = Paper(registration_form_pdf(FORM))
    for item in FIELDS:
        assert through_city.has(item.label) and through_city.has(item.value)
    for value in ("国家职业资格证书", "一级/高级技师", "1951000000100123", "至少一年以上实际考评工作经历",
                  "川人社职鉴〔2022〕21号 四（三）", "符合", "考评记录累计26个月", "SC2022-000017", "2022年12月10日"):
        assert through_city.has(value)
    through_city.in_order("申报人承诺", "申报人（签名）：", "单位初审意见", "（盖章）", "市级审核意见", "（盖章）",
                          "省级审核意见", "（盖章）")
    assert through_city.text.count("（盖章）") == 3 and through_city.text.count("年月日") >= 4

    direct = Paper(registration_form_pdf(replace(FORM, stamps=(APPLICANT, UNIT, PROVINCE))))
    assert direct.has("单位初审意见") and not direct.has("市级审核意见")
    assert direct.text.count("（盖章）") == 2


def test_stamp_places_have_room_for_a_stamp_and_stay_whole():
    paper = Paper(registration_form_pdf(FORM))
    unit, city = paper.find("单位初审"), paper.find("市级审核")
    assert unit.page != city.page or city.top - unit.top > 24, "a round official seal needs 40 mm across the line"


def test_version_and_check_code_are_on_every_page():
    rows = tuple((f"20{number:02}年", "某机构", "长说明" * 30) for number in range(40))
    form = replace(FORM, sections=(*FORM.sections[:1], Section("经历", columns=("时间", "机构", "说明"), rows=rows)))
    paper = Paper(registration_form_pdf(form))
    assert len(paper.pages) >= 3
    for number, text in enumerate(paper.pages):
        assert "第3版　校验码A7F3-91C2" in text
        assert f"第{number + 1}页　共{len(paper.pages)}页" in text
    assert sum("说明" in text and "机构" in text for text in paper.pages) >= 3, "table heads are repeated"
    paper.in_order(*(row[0] for row in rows))


def test_portrait_stands_beside_the_person_upright_and_whole():
    content = registration_form_pdf(FORM)
    with pikepdf.open(BytesIO(content)) as pdf:
        images = {image.objgen: image for page in pdf.pages for image in page.get_images().values()}
        assert [(int(image.Width), int(image.Height)) for image in images.values()] == [(413, 579)]
    assert Paper(registration_form_pdf(replace(FORM, portrait=None))).has("龚㛃䶮")
    with pytest.raises(Invalid, match="JPEG"):
        registration_form_pdf(replace(FORM, portrait=b"<svg/>"))


def test_identity_number_is_not_broken_over_lines():
    paper = Paper(registration_form_pdf(FORM))
    assert paper.find("51010519850307122X").right < 190


def test_cells_stay_inside_the_page_however_long_the_words():
    fields = (Field("备注", "W" * 400, True), Field("甲", "乙" * 200), Field("丙", "1" * 80))
    paper = Paper(registration_form_pdf(replace(FORM, sections=(Section("信息", fields),))))
    assert paper.has("W" * 400) and paper.has("乙" * 200)
    for page in range(len(paper.pages)):
        assert paper.margins(page)[0] > 19 and paper.margins(page)[1] < 191


def test_a_value_longer_than_a_page_is_printed_to_its_end():
    long = "".join(f"第{number}句。" for number in range(900))
    sections = (Section("信息", (Field("姓名", "林某"), Field("备注", long, True), Field("丙", "末尾"))),)
    paper = Paper(registration_form_pdf(replace(FORM, sections=sections)))
    assert len(paper.pages) >= 3
    body = "".join(text.split("第3版")[0] for text in paper.pages)
    body = "".join(body.split())
    assert "".join(long.split()) in body.replace("信息", "") and paper.has("末尾")


APPROVED = Decision("龚㛃䶮", "2022年高级考评员培训班", "SC2022-000017", True, "材料齐全，符合申报条件。",
                    date(2022, 12, 13), "某省人力资源和社会保障厅", handled_by="某省职业技能鉴定指导中心",
                    unit="某公司", occupation="车工（数控车工）", advice="请按通知要求参加线上培训。")
REJECTED = Decision("欧阳某", "2022年高级考评员培训班", "SC2022-000018", False, "考评工作经历不足一年。",
                    date(2022, 12, 14), "某省人力资源和社会保障厅", number="某技审〔2022〕18号")


@pytest.mark.requirement("R10.70")
def test_each_decision_shows_its_result_reason_and_date():
    yes, no = Paper(decision_pdf(APPROVED)), Paper(decision_pdf(REJECTED))
    yes.in_order("审核结果通知书", "龚㛃䶮：", "SC2022-000017", "审核结果审核通过", "材料齐全，符合申报条件。",
                 "2022年12月13日", "请按通知要求参加线上培训。", "某省人力资源和社会保障厅", "2022年12月13日")
    no.in_order("审核结果通知书", "某技审〔2022〕18号", "欧阳某：", "SC2022-000018", "审核结果审核不通过",
                "不通过的理由", "考评工作经历不足一年。", "2022年12月14日", "某省人力资源和社会保障厅")
    assert not yes.has("不通过") and not no.has("审核通过")


def test_the_deciding_body_signs_though_a_centre_handled_it():
    paper = Paper(decision_pdf(APPROVED))
    name = "某省人力资源和社会保障厅"
    assert paper.text.count(name) == 2 and paper.has("（由某省职业技能鉴定指导中心受托办理）")
    assert not Paper(decision_pdf(replace(APPROVED, handled_by=APPROVED.deciding_body))).has("受托办理")
    assert len(paper.pages) == 1


def test_a_long_reason_runs_on_without_leaving_the_signature_behind():
    paper = Paper(decision_pdf(replace(REJECTED, reason="\n".join("理由之一，材料不全。" * 5 for _ in range(20)))))
    assert len(paper.pages) > 1
    assert "理由之一" in paper.pages[-1] or "审核日期" in paper.pages[-1], "the last page is more than a signature"


CORRECTION = Correction(
    "欧阳某", "2022年高级考评员培训班", "SC2022-000018",
    (CorrectionItem("近期免冠照片", "照片模糊，请重新上传。"), CorrectionItem("证书扫描件（第2页）", "编号无法辨认。")),
    "某省职业技能鉴定指导中心", date(2022, 12, 12), date(2022, 12, 19), "补正〔2022〕7号", "请一并核对姓名。",
    "（028）12345678")


def test_correction_notice_tells_everything_at_once():
    paper = Paper(correction_pdf(CORRECTION))
    paper.in_order("一次性补正告知书", "补正〔2022〕7号", "欧阳某：", "SC2022-000018", "下列2项", "1", "近期免冠照片",
                   "照片模糊，请重新上传。", "2", "证书扫描件（第2页）", "编号无法辨认。", "请一并核对姓名。",
                   "请于2022年12月19日前（含当日）", "（028）12345678", "某省职业技能鉴定指导中心", "2022年12月12日",
                   "回执", "签收人（签名）：", "年月日")
    assert len(paper.pages) == 1


def test_correction_notice_without_due_date_or_receipt():
    paper = Paper(correction_pdf(replace(CORRECTION, due_on=None, has_receipt=False, number="")))
    assert not paper.has("逾期") and not paper.has("回执") and paper.has("请登录系统，仅就上列内容补正后重新提交。")

"""The process guide 考评员外网报考流程: the province's edited text, or the one that comes with the portal (R2.33)."""

import re
from dataclasses import dataclass

from portal.models import Article
from portal.models.jurisdictions import profile_of

GUIDE_KEY = "guide"


@dataclass(frozen=True)
class GuidePart:
    """One of the guide's numbered parts: its heading and its paragraphs, sub-headings among them."""

    heading: str
    lines: tuple[str, ...]


def guide_title(province: str) -> str:
    """What the guide is called in this province."""
    return profile_of(province).wording.guide_title


def guide_text(province: str) -> str:
    """The guide as plain text with numbered headings: an administrator's version where there is one."""
    article = Article.get_or_none(Article.key == GUIDE_KEY, Article.province == province)
    return article.body if article and article.body.strip() else default_guide(province)


def guide_parts(province: str) -> list[GuidePart]:
    """The guide by its main headings 一、 二、 …"""
    parts: list[tuple[str, list[str]]] = []
    for line in guide_text(province).splitlines():
        if re.match(r"[一二三四五六七八九十]+、", line):
            parts.append((line, []))
        elif parts and line.strip():
            parts[-1][1].append(line)
    return [GuidePart(heading, tuple(lines)) for heading, lines in parts]


def default_guide(province: str) -> str:
    """The five parts of 000·B 附件2, told for this portal and with this province's levels and figures."""
    profile = profile_of(province)
    training, credential = profile.training, profile.credential
    chains = [profile.chain("city"), profile.chain("province")]
    ways = [" → ".join(["本人提交", *(profile.level_name(seat) for seat in chain)]) for chain in chains]
    minutes = f"学习时长为{training.minutes}分钟" if training.minutes else "学习时长按培训计划的规定"
    mark = "合格分数线以培训计划为准"
    if training.pass_mark:
        mark = f"{training.pass_mark}分以上（含{training.pass_mark}分）为合格"
    chances = f"每人{training.attempts}次考试机会" if training.attempts else "考试次数以培训计划为准"
    if credential.kind == "e_certificate":
        receive = [
            "考评员认证考试通过的，由鉴定中心发放电子证书，可自行下载打印。",
            "在“证书查看”页面的列表中，点击“下载”，下载相应的电子证书。",
        ]
    else:
        receive = [
            f"考核合格的，由{credential.issuer}颁发资格证卡，由单位统一领取。在“证书查看”页面可以查询证卡和领取情况。"
        ]
        if credential.claim_working_days:
            receive.append(f"证卡发放起{credential.claim_working_days}个工作日内不主动领取的，视为自动放弃，证卡作废。")
    lock = "，保存后只能由技术人员变更。" if profile.region_rules.locked else "。"
    materials = "、".join(kind.label for kind in profile.registration.material_kinds)
    return "\n".join([
        "一、系统登录",
        "（一）打开本平台首页，点击“登录”；第一次使用的，点击“实名注册”，填写姓名、证件类型、证件号码和手机号码，设置密码。",
        "（二）注册成功后用证件号码和密码登录，左侧导航为“个人信息”“我的报名”“培训学习”“证书查看”。",
        "（三）忘记密码的，由所在单位或当地鉴定中心核对身份后发给一次性验证码，凭验证码重新设置密码。",
        "二、报名流程",
        "（一）个人信息。报名前请先维护个人信息，否则系统会提示“先维护个人信息，后报名考试”。",
        "1. 填写个人基本信息，与身份证件一致。",
        f"2. 选择“报考区域”，请与所在单位核对后再保存{lock}",
        "3. 上传近期免冠照片，照片文件不超过3M，超过的不能保存。",
        "4. 填写工作相关信息，单位名称为评价机构名称；实际工作单位为会员单位的，一并填写。",
        "5. 点击“保存”。",
        "（二）我的报名。",
        "1. 选择一条考评计划，点击批次号查看考评详细，点击“报名”。",
        f"2. 填写证书相关信息，上传证书材料：{materials}都可。",
        "3. 核对系统给出的申报条件结果，确认无误后提交。"
        + ("提交后打印申报表，盖章后上传。" if profile.registration.require_stamped_form else ""),
        "4. 在报名详情中查看现由谁办理、办理期限和审核意见；被退回的，按《一次性补正告知书》逐项补正后重新提交。",
        "三、培训学习",
        f"（一）报名审核通过后，在“培训学习”中学习，{minutes}。",
        f"（二）学习期满后参加考核，{mark}，{chances}。",
        "四、证书查看",
        *(f"（{number}）{text}" for number, text in zip("一二三", receive, strict=False)),
        "五、整体业务流程",
        f"（一）市属单位：{ways[0]} → 培训学习 → 考核 → 证书。",
        f"（二）{profile.affiliated_word}单位：{ways[1]} → 培训学习 → 考核 → 证书。",
    ])  # fmt: skip

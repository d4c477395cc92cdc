"""What the applicants of the demonstration hand in: each picture is drawn with their own data and kept in the store."""

from datetime import date
from itertools import count

from portal import clock
from portal.actions import imports
from portal.actions.catalogues import CERTIFICATES
from portal.actions.people_evidence import level_label
from portal.cli.demo import pictures
from portal.cli.demo.world import ANHUI, TERMINAL
from portal.models import HeldQualification, Registration
from portal.models.jurisdictions import profile_of
from portal.rules.invented import PLACES, Person
from portal.storage import Kept, Store

TITLES = {"职业资格": "国家职业资格证书", "技能等级": "职业技能等级证书",
          "专业技术职务": "专业技术职务资格证书", "考评员": "考评员资格证卡"}  # fmt: skip


class Papers:
    """Draws and keeps; knows the last certificate number given out."""

    def __init__(self, store: Store):
        self.store = store
        self._numbers = count(1)

    def portrait(self, kind: int) -> Kept:
        """One of a few drawn heads."""
        return self.store.keep_issued(pictures.draw_portrait(kind), "照片.jpg", kind="jpeg")

    def number(self, kind: str, issued: date) -> str:
        """A certificate number that nobody has: the organisation codes in it are not in use."""
        serial = next(self._numbers)
        if kind == "技能等级":
            return f"S00000097{issued.year % 100:02d}97{serial:09d}"
        if kind == "考评员":
            return f"KP{issued.year}97{serial:06d}"
        return f"{issued.year}97{serial:010d}"

    def issuer(self, province: str, kind: str) -> str:
        """An invented body that issues such papers."""
        city = PLACES[0 if province == ANHUI else 1].name.split("市")[0] + "市"
        return f"{city}{'青禾技能评价中心' if kind == '技能等级' else '人力资源和社会保障局'}"

    def certificate(self, person: Person, held: HeldQualification, portrait: int, *, unclear: bool = False) -> Kept:
        """The scan of a certificate: a photograph, an online query's page, or a PDF of two pages."""
        title, lines = TITLES[held.kind], _lines(person, held)
        if held.material_kind == "online_query" and not unclear:
            page = pictures.draw_query_page(lines)
            return self.store.keep_issued(pictures.as_jpeg(page), "联网查询.jpg", kind="jpeg")
        sheet = pictures.draw_certificate(
            title, lines, issuer=held.issuer, portrait=portrait, seed=held.id, unclear=unclear
        )
        if held.id % 6 == 0 and not unclear:
            cover = pictures.draw_query_page(lines)
            return self.store.keep_issued(pictures.as_pdf([sheet, cover]), f"{title}.pdf", pages=2)
        return self.store.keep_issued(pictures.as_jpeg(sheet), f"{title}.jpg", kind="jpeg")

    def proof(self, person: Person, occupation: str, unit: str, start: date) -> Kept:
        """A letter about assessment work."""
        told = (
            f"兹证明{person.name}（身份证号{person.id_number}）自{start.year}年{start.month}月起在我单位从事{occupation}"
            "职业技能等级认定考评工作，工作认真负责，无违规记录。",
            "特此证明。",
        )
        today = clock.today()
        sheet = pictures.draw_proof("考评工作经历证明", told, stamp=unit, day=f"{today.year}年{today.month}月")
        return self.store.keep_issued(pictures.as_jpeg(sheet), "考评工作经历证明.jpg", kind="jpeg")

    def form(self, person: Person, registration: Registration, unit: str, version: int, content: str) -> Kept:
        """The stamped 申报表 as a scanned PDF."""
        plan, occupation = registration.plan, registration.occupation
        profile = profile_of(plan.province)
        title = profile.forms.application.title.format(grade=profile.grade(plan.grade).name)
        lines = (
            ("姓名", person.name), ("性别", person.sex), ("证件号码", person.id_number),
            ("出生日期", f"{person.birth:%Y-%m-%d}"), ("联系电话", person.phone), ("通讯地址", person.address),
            ("工作单位", unit), ("职务", person.post),
            ("申报职业（工种）", f"{occupation.name} {occupation.job}".strip()), ("培训班", plan.name),
        )  # fmt: skip
        print_line = f"打印版本：第{version}版　校验码：{content[:8]}"
        sheet = pictures.draw_form(title, lines, stamp=unit, print_line=print_line)
        return self.store.keep_issued(pictures.as_pdf([sheet]), "申报表（盖章）.pdf")

    def put_into_register(self, person: Person, values: dict, province: str) -> None:
        """Let the certificate be known to a register, so that the portal confirms it by itself."""
        row = {key: values.get(key, "") for key in ("number", "kind", "occupation_name", "grade", "issuer")} | {
            "name": person.name, "id_number": person.id_number, "level": int(values.get("level") or 0) or None,
            "issued_on": date.fromisoformat(values["issued_on"]), "source": f"{profile_of(province).name}证书信息库",
        }  # fmt: skip
        examined = imports.Examined(1, [imports.Record(2, row, {})])
        imports.store_rows(CERTIFICATES, examined, "证书信息库.xlsx", actor=TERMINAL)


def _lines(person: Person, held: HeldQualification) -> tuple[tuple[str, str], ...]:
    lines = [
        ("姓名", person.name), ("性别", person.sex), ("证件号码", person.id_number),
        ("职业（专业）", held.occupation_name), ("等级（级别）", level_label(held)), ("证书编号", held.number),
        ("发证日期", f"{held.issued_on:%Y年%m月%d日}"),
    ]  # fmt: skip
    if held.job:
        lines.insert(4, ("工种", held.job))
    return tuple(lines)

"""Who there is in the demonstration: cities, organisations with their filings, occupations, and staff at every desk."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from portal.actions import accounts, catalogues, contacts, instance, members, offices, organisations
from portal.actions.passwords import hash_password, store_password
from portal.models import Occupation, Office, Organisation, Region, User
from portal.rules import invented
from portal.rules.workflow import Actor, Seat
from portal.storage import Store

PASSWORD = "Demo-2026"
ANHUI, SICHUAN = "anhui", "sichuan"
TERMINAL = Actor(user=None, name="演示数据", seat=Seat.TECHNICIAN, office_name="技术人员")

# (code, name, 工种 …) of the 2015 edition.
OCCUPATIONS = (
    ("4-07-03-04", "企业人力资源管理师"),
    ("4-07-03-05", "劳动关系协调员"),
    ("4-12-01-01", "汽车维修工", "汽车检测工", "汽车机械维修工"),
    ("6-31-01-03", "电工"),
    ("6-18-02-04", "焊工"),
    ("6-20-01-01", "装配钳工"),
    ("6-18-01-01", "车工"),
    ("4-03-02-01", "中式烹调师"),
    ("4-03-02-05", "餐厅服务员"),
    ("4-03-02-07", "茶艺师"),
    ("4-07-04-01", "导游"),
    ("4-10-01-05", "养老护理员"),
    ("6-02-06-10", "茶叶加工工"),
    ("6-29-03-05", "制冷空调系统安装维修工"),
    ("5-01-02-01", "农艺工"),
    ("2-09-06-07", "工艺美术专业人员"),  # class 2: never offered where a plan is limited to classes 3 to 6
)

# name, region, kind, unit_kind, category, occupations by name, filing code, state of the filing
ORGANISATIONS = {
    SICHUAN: (
        ("成都云帆技能评价有限公司", "成都市", "social", "city", "local",
         ("汽车维修工", "电工", "装配钳工", "工艺美术专业人员"), "filed"),
        ("成都望江职业技术学校", "成都市", "school", "city", "local", ("汽车维修工", "中式烹调师", "车工"), "filed"),
        ("绵阳青禾高级技工学校", "绵阳市", "school", "city", "local", ("电工", "焊工", "车工", "装配钳工"), "filed"),
        ("德阳云岭重型装备有限公司", "德阳市", "enterprise", "city", "local", ("装配钳工", "焊工"), "submitted"),
        ("泸州青禾酒店服务有限公司", "泸州市", "enterprise", "city", "local", ("餐厅服务员", "中式烹调师"), "filed"),
        ("四川云岭建设技能评价中心", "省属", "social", "province", "provincial_industry",
         ("电工", "焊工", "制冷空调系统安装维修工"), "filed"),
        ("宜宾望江康养服务有限公司", "宜宾市", "enterprise", "city", "local", ("养老护理员",), "draft"),
        ("成都青禾制冷设备有限公司", "成都市", "enterprise", "city", "local",
         ("电工", "制冷空调系统安装维修工"), "filed"),
    ),
    ANHUI: (
        ("安徽省人力资源服务协会", "省直", "social", "province", "provincial_industry",
         ("企业人力资源管理师", "劳动关系协调员"), "filed"),
        ("新华教育集团", "合肥市", "social", "city", "local",
         ("汽车维修工", "电工", "中式烹调师", "养老护理员"), "filed"),
        ("云岭能源集团安徽分公司", "省直", "enterprise", "province", "central_branch", ("电工", "焊工"), "submitted"),
        ("芜湖云帆汽车制造有限公司", "芜湖市", "enterprise", "city", "local", ("汽车维修工", "装配钳工"), "filed"),
        ("黄山云谷旅游职业学校", "黄山市", "school", "city", "local", ("导游", "茶艺师", "中式烹调师"), "filed"),
        ("黄山青禾茶业有限公司", "黄山市", "enterprise", "city", "local", ("茶叶加工工",), "submitted"),
    ),
}
FILING_CODES = {"新华教育集团": "S000034010001", "安徽省人力资源服务协会": "S000034000001",
                "芜湖云帆汽车制造有限公司": "Y000034020001", "黄山云谷旅游职业学校": "S000034100001"}  # fmt: skip
ASSOCIATION = "安徽省人力资源服务协会"
MEMBERS = ("合肥云帆人力资源服务有限公司", "安徽青禾企业管理咨询有限公司", "合肥望江劳务派遣有限公司",
           "安徽云岭人才服务有限公司")  # fmt: skip
HUANGSHAN = {"屯溪区": "341002", "黄山区": "341003", "徽州区": "341004", "歙县": "341021", "休宁县": "341022",
             "黟县": "341023", "祁门县": "341024"}  # fmt: skip

# login, seat, office's name; a second account at a desk shows claims, deputies and four eyes.
STAFF = (
    ("sc-unit", Seat.UNIT, "成都云帆技能评价有限公司"), ("sc-unit2", Seat.UNIT, "成都云帆技能评价有限公司"),
    ("sc-school", Seat.UNIT, "成都望江职业技术学校"), ("my-school", Seat.UNIT, "绵阳青禾高级技工学校"),
    ("dy-plant", Seat.UNIT, "德阳云岭重型装备有限公司"), ("lz-hotel", Seat.UNIT, "泸州青禾酒店服务有限公司"),
    ("sc-direct", Seat.UNIT, "四川云岭建设技能评价中心"), ("qh-cooling", Seat.UNIT, "成都青禾制冷设备有限公司"),
    ("cd-centre", Seat.CITY_CENTRE, "成都市职业技能鉴定指导中心"),
    ("cd-centre2", Seat.CITY_CENTRE, "成都市职业技能鉴定指导中心"),
    ("my-centre", Seat.CITY_CENTRE, "绵阳市职业技能鉴定指导中心"),
    ("dy-centre", Seat.CITY_CENTRE, "德阳市职业技能鉴定指导中心"),
    ("cd-bureau", Seat.CITY_BUREAU, "成都市人力资源和社会保障局"),
    ("sc-centre", Seat.PROVINCE_CENTRE, "四川省职业技能鉴定指导中心"),
    ("sc-centre2", Seat.PROVINCE_CENTRE, "四川省职业技能鉴定指导中心"),
    ("sc-dept", Seat.DEPARTMENT, "四川省人力资源和社会保障厅"),
    ("ah-assoc", Seat.UNIT, ASSOCIATION), ("ah-assoc2", Seat.UNIT, ASSOCIATION),
    ("ah-member", Seat.UNIT, MEMBERS[0]), ("ah-member2", Seat.UNIT, MEMBERS[1]), ("ah-member3", Seat.UNIT, MEMBERS[2]),
    ("xinhua", Seat.UNIT, "新华教育集团"), ("ah-energy", Seat.UNIT, "云岭能源集团安徽分公司"),
    ("wh-auto", Seat.UNIT, "芜湖云帆汽车制造有限公司"), ("hs-school", Seat.UNIT, "黄山云谷旅游职业学校"),
    ("hs-tea", Seat.UNIT, "黄山青禾茶业有限公司"),
    ("hf-centre", Seat.CITY_CENTRE, "合肥市职业技能鉴定中心"),
    ("hf-centre2", Seat.CITY_CENTRE, "合肥市职业技能鉴定中心"),
    ("wh-centre", Seat.CITY_CENTRE, "芜湖市职业技能鉴定中心"),
    ("hs-centre", Seat.CITY_CENTRE, "黄山市职业技能鉴定中心"),
    ("hs-bureau", Seat.CITY_BUREAU, "黄山市人力资源和社会保障局"),
    ("hs-county", Seat.COUNTY, "屯溪区人力资源和社会保障局"),
    ("ah-centre", Seat.PROVINCE_CENTRE, "安徽省职业技能鉴定中心"),
    ("ah-centre2", Seat.PROVINCE_CENTRE, "安徽省职业技能鉴定中心"),
    ("ah-dept", Seat.DEPARTMENT, "安徽省人力资源和社会保障厅"),
    ("tech", Seat.TECHNICIAN, ""),
)  # fmt: skip


@dataclass
class World:
    """What the demonstration has made so far, by name: organisations, staff (login → actor) and occupations."""

    store: Store
    password_hash: str
    organisations: dict[str, Organisation] = field(default_factory=dict)
    occupations: dict[str, list[Occupation]] = field(default_factory=dict)
    staff: dict[str, Actor] = field(default_factory=dict)
    at_office: dict[int, list[Actor]] = field(default_factory=dict)
    people: int = 0

    def next_person(self, province: str) -> invented.Person:
        """Another invented person who lives in the province's invented city."""
        place = invented.PLACES[0 if province == ANHUI else 1]
        self.people += 1
        return invented.make_person(self.people, seed="demo", places=[place])


def make_world(uploads: Path) -> World:
    """Both provinces with everybody who works there."""
    hashed = hash_password(PASSWORD, PASSWORD, login="")
    world = World(Store(uploads), hashed)
    instance.set_up([ANHUI, SICHUAN], actor=TERMINAL)
    for code, name, *jobs in OCCUPATIONS:
        for job in jobs or [""]:
            values = {"edition": "2015", "code": code, "name": name, "job": job, "in_2015": True, "has_standard": True,
                      "common": name in ("电工", "中式烹调师")}  # fmt: skip
            row = catalogues.save_occupation(None, values, actor=TERMINAL)
            world.occupations.setdefault(name, []).append(row)
    catalogues.save_alias("劳动关系协调师", "4-07-03-05", actor=TERMINAL)
    catalogues.save_alias("人力资源管理师", "4-07-03-04", actor=TERMINAL)
    number = 100
    for province, rows in ORGANISATIONS.items():
        for row in rows:
            number += 1
            _found(world, province, number, *row)
    city = Region.get(Region.name == "黄山市")
    for name, code in HUANGSHAN.items():
        values = {"name": name, "code": code, "level": "county", "parent": city.id}
        county = offices.save_region(None, values, actor=TERMINAL)
        values = {"kind": "county/department", "province": ANHUI, "region": county, "name": f"{name}{instance.BUREAU}"}
        offices.save_office(None, values, actor=TERMINAL)
    _hire(world)
    association = world.staff["ah-assoc"]
    for offset, name in enumerate(MEMBERS):
        members.add_member(actor=association, name=name, usci=invented.make_credit_code(300 + offset))
    _hire(world)
    for login in ("ah-assoc", "sc-unit", "xinhua"):
        person = world.next_person(ANHUI)
        members.name_liaison(actor=world.staff[login], name=person.name, phone=person.phone)
    _fill_contact_pages(world)
    return world


def _fill_contact_pages(world: World) -> None:
    for login, area in (("ah-centre", "0551"), ("sc-centre", "028")):
        actor = world.staff[login]
        rows = [
            {"office": office, "name": world.next_person(actor.province).name, "phone": f"{area}-00000{number}",
             "email": f"{area}{number}@centre.example.com", "address": "学府路97号", "mobile": ""}
            for number, office in enumerate(("考评管理科", "技术支持"), 201)
        ]  # fmt: skip
        contacts.save_contacts(rows, actor=actor)


def contacts_of(world: World, province: str, count: int = 1) -> list[dict]:
    """Invented contact persons, as offices and notices print them."""
    people = [world.next_person(province) for _ in range(count)]
    area = "0551" if province == ANHUI else "028"
    return [
        {"name": person.name, "mobile": "", "phone": f"{area}-00000{number:03d}", "email": "", "address": ""}
        for number, person in enumerate(people, 101)
    ]


def _found(world, province, number, name, region, kind, unit_kind, category, occupations, state) -> None:
    where = Region.get(Region.name == region, Region.province == province)
    is_association = name == ASSOCIATION
    leader, person = world.next_person(province), world.next_person(province)
    nature = {"school": "技工院校", "enterprise": "企业"}.get(kind, "行业协会" if is_association else "企业")
    organisation = organisations.save_organisation(None, {
        "name": name, "usci": invented.make_credit_code(number, kind="52" if is_association else "91"), "kind": kind,
        "unit_kind": unit_kind, "category": category, "region": where, "nature": nature,
        "legal_representative": leader.name, "address": f"技能街{number}号", "capital": "500万元",
        "contact": {"name": person.name, "phone": person.phone},
    }, actor=TERMINAL)  # fmt: skip
    world.organisations[name] = organisation
    office = Office.get(Office.organisation == organisation)
    offices.save_office(office, {
        "name": name, "notice_word": "皖人协秘" if is_association else "", "address": f"技能街{number}号",
        "contacts": [{"name": person.name, "phone": person.phone}],
    }, actor=TERMINAL)  # fmt: skip
    is_filed = state == "filed"
    filing = organisations.save_filing(organisation, {
        "state": state, "code": FILING_CODES.get(name) if is_filed else None, "submitted_on": date(2021, 3, 1),
        "starts_on": date(2021, 5, 10) if is_filed else None,
    }, actor=TERMINAL)  # fmt: skip
    for row in (row for each in occupations for row in world.occupations[each]):
        organisations.save_scope_line(filing, row, "", actor=TERMINAL)


def _hire(world: World) -> None:
    """Accounts for everybody of STAFF whose office exists by now."""
    offices = {office.name: office for office in Office.select()}
    for login, seat, name in STAFF:
        office = offices.get(name)
        if login in world.staff or (name and office is None):
            continue
        person = world.next_person(ANHUI)
        user, _ = accounts.create_user(person.name, login, phone=person.phone, actor=TERMINAL)
        store_password(user, world.password_hash, must_change=False)
        accounts.grant_seat(user, seat, office, actor=TERMINAL)
        actor = _actor(user, seat, office)
        world.staff[login] = actor
        if office is not None:
            world.at_office.setdefault(office.id, []).append(actor)


def _actor(user: User, seat: Seat, office: Office | None) -> Actor:
    return Actor(
        user=user.id, name=user.name, seat=seat, office=office.id if office else None,
        office_name=office.name if office else "", province=office.province if office else None,
        organisation=office.organisation_id if office else None, address="192.0.2.10",
    )  # fmt: skip

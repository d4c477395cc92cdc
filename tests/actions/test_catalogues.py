"""The occupation catalogue, other names, regions and offices, organisations one by one, articles."""

import pytest

from portal.actions import catalogues, offices, organisations, settings_pages
from portal.models import Article, Event, Occupation, OccupationAlias, Office, Organisation, Region, Setting
from portal.models.jurisdictions import profile_of
from portal.papers.guide import guide_text
from portal.rules.errors import Invalid, NotAllowed
from portal.rules.workflow import Seat
from tests import make


@pytest.fixture
def technician(db):
    return make.actor_of(make.make_grant(Seat.TECHNICIAN))


def occupation(**kw):
    return {"edition": "2015", "code": "4-12-01-01", "name": "汽车维修工", "job": "", "levels": "", **kw}


@pytest.mark.requirement("R13.24")
def test_code_and_job_together_are_unique_in_an_edition(technician):
    first = catalogues.save_occupation(None, occupation(job="汽车机械维修工", barrier=True), actor=technician)
    second = catalogues.save_occupation(None, occupation(job="汽车电器维修工"), actor=technician)
    catalogues.save_occupation(None, occupation(), actor=technician)
    catalogues.save_occupation(None, occupation(edition="2022"), actor=technician)
    assert Occupation.select().where(Occupation.code == "4-12-01-01").count() == 4
    assert first.barrier and not second.barrier and first.klass == "4"
    for values in (occupation(), occupation(job="汽车电器维修工")):
        with pytest.raises(Invalid) as refusal:
            catalogues.save_occupation(None, values, actor=technician)
        assert refusal.value.field == "job"
    with pytest.raises(Invalid):
        catalogues.save_occupation(first, occupation(job="汽车电器维修工"), actor=technician)
    catalogues.save_occupation(first, occupation(job="汽车机械维修工", name="机动车维修工"), actor=technician)
    assert not Occupation.get_by_id(first.id).barrier


@pytest.mark.requirement("R13.24")
@pytest.mark.parametrize("seat", [seat for seat in Seat if seat != Seat.SYSTEM])
def test_catalogue_is_maintained_by_the_province(db, seat):
    actor = make.actor_of(make.make_grant(seat, make.make_province_centre()))
    if seat in (Seat.TECHNICIAN, Seat.PROVINCE_CENTRE):
        catalogues.save_occupation(None, occupation(), actor=actor)
    else:
        with pytest.raises(NotAllowed):
            catalogues.save_occupation(None, occupation(), actor=actor)


@pytest.mark.parametrize("code", ["", "4-12-01", "9-12-01-01", "4-12-01-1", "0-12-01-01", "4-12-01-01-01", "4120101"])
def test_codes_that_are_none(technician, code):
    with pytest.raises(Invalid) as refusal:
        catalogues.save_occupation(None, occupation(code=code), actor=technician)
    assert refusal.value.field == "code"


def test_other_names_lead_to_an_occupation_of_the_catalogue(technician):
    make.make_occupation("4-07-03-04", "劳动关系协调师")
    alias = catalogues.save_alias("劳动关系协调员", "4-07-03-04", actor=technician)
    for name, code in (("劳动关系协调员", "4-07-03-04"), ("某某员", "4-07-03-99")):
        with pytest.raises(Invalid):
            catalogues.save_alias(name, code, actor=technician)
    catalogues.remove_alias(alias, actor=technician)
    assert not OccupationAlias.select().exists()


@pytest.mark.requirement("R13.25")
def test_county_is_added_by_a_form_and_gets_its_office(technician):
    province = Region.create(code="510000", name="四川省", level="province", province=make.SICHUAN)
    city = make.make_region("成都市", parent=province)
    Region.update(parent=province).where(Region.id == city.id).execute()
    values = {"level": "county", "parent": city.id, "code": "510197", "name": "望江区", "filing_code": ""}
    county = offices.save_region(None, values, actor=technician)
    assert (county.province, county.parent_id, county.filing_code) == (make.SICHUAN, city.id, None)
    office = offices.save_office(
        None,
        {"name": "望江区人社局", "kind": "county/department", "province": make.SICHUAN, "region": county},
        actor=technician,
    )
    assert office.region_id == county.id
    for wrong, field in (
        ({"code": "510197", "name": "望河区"}, "code"), ({"code": "340197", "name": "望河区"}, "code"),
        ({"code": "51019", "name": "望河区"}, "code"), ({"code": "510198"}, "name"),
        ({"code": "510198", "name": ""}, "name"), ({"code": "510198", "name": "望河区", "parent": None}, "parent"),
        ({"code": "510198", "name": "望河区", "parent": county.id}, "parent"),
        ({"code": "510198", "name": "望河区", "filing_code": "1"}, "filing_code"),
        ({"code": "510198", "name": "望河区", "level": "village"}, "level"),
    ):  # fmt: skip
        with pytest.raises(Invalid) as refusal:
            offices.save_region(None, {**values, **wrong}, actor=technician)
        assert refusal.value.field == field, wrong
    with pytest.raises(Invalid, match="已有"):
        offices.save_office(
            None,
            {"name": "望江区人社二局", "kind": "county/department", "province": make.SICHUAN, "region": county},
            actor=technician,
        )


def test_office_that_stays_at_its_place(technician):
    office = make.make_city_centre()
    contacts = [{"name": "李老师", "phone": "028-87654321"}]
    values = {"name": "成都市鉴定中心", "notice_word": "成人社鉴", "contacts": contacts}
    saved = offices.save_office(office, {**values, "kind": "province/centre", "province": "anhui"}, actor=technician)
    assert (saved.level, saved.province, saved.name) == ("city", make.SICHUAN, "成都市鉴定中心")
    assert saved.contacts == contacts
    contacts = [{"name": "李老师", "phone": "028-87654321", "email": "li@example.invalid"}]
    assert offices.save_office(office, {**values, "contacts": contacts}, actor=technician).contacts == contacts
    for contacts in ([{"name": "李老师", "phone": ""}], [{"name": "", "phone": "028-87654321"}],
                     [{"name": "李老师", "phone": "12"}],
                     [{"name": "李老师", "phone": "028-87654321", "email": "li@"}]):  # fmt: skip
        with pytest.raises(Invalid) as refusal:
            offices.save_office(office, {**values, "contacts": contacts}, actor=technician)
        assert refusal.value.field == "contacts"


def test_offices_without_an_account_are_named_until_somebody_can_log_in(technician):
    office = make.make_city_centre()
    assert [row.id for row in offices.offices_without_account()] == [office.id]
    user = make.make_grant(Seat.CITY_CENTRE, office).user
    assert offices.offices_without_account() == []
    user.active = False
    user.save()
    assert [row.id for row in offices.offices_without_account()] == [office.id]


def test_allowed_regions_default_to_the_own_city_and_can_be_edited(technician):
    for key in (make.ANHUI, make.SICHUAN):
        for listed in profile_of(key).regions:
            make.make_region(listed.name, province=key)
    hefei, direct = make.make_region("合肥市", province=make.ANHUI), make.make_region("省直", province=make.ANHUI)
    city = {"name": "甲公司", "unit_kind": "city", "region": hefei}
    own = organisations.save_organisation(None, city, actor=technician)
    assert own.allowed_regions == [hefei.code]
    affiliated = organisations.save_organisation(
        None, {"name": "乙协会", "unit_kind": "province", "region": direct}, actor=technician
    )
    assert sorted(affiliated.allowed_regions) == sorted([direct.code, hefei.code])
    other = make.make_region("芜湖市", province=make.ANHUI)
    changed = organisations.save_organisation(
        own, {**city, "allowed_regions": [hefei.code, other.code]}, actor=technician
    )
    assert changed.allowed_regions == [hefei.code, other.code]
    foreign = make.make_region("成都市")
    with pytest.raises(Invalid) as refusal:
        organisations.save_organisation(own, {**city, "allowed_regions": [foreign.code]}, actor=technician)
    assert refusal.value.field == "allowed_regions"


def test_organisation_and_its_office_stay_one(technician):
    region = make.make_region("成都市")
    values = {"name": "甲公司", "unit_kind": "city", "region": region}
    row = organisations.save_organisation(None, values, actor=technician)
    organisations.save_organisation(row, {**values, "name": "甲集团", "active": False}, actor=technician)
    office = Office.get(Office.organisation == row)
    assert (office.name, office.active) == ("甲集团", False)
    with pytest.raises(Invalid):
        organisations.save_organisation(None, {**values, "name": "甲集团"}, actor=technician)
    for wrong in ({"unit_kind": "province"}, {"region": None}, {"kind": "bank"}, {"unit_kind": "x"}, {"name": " "}):
        with pytest.raises(Invalid):
            organisations.save_organisation(None, {**values, "name": "乙", **wrong}, actor=technician)
    assert Organisation.select().count() == 1


def test_filing_number_belongs_to_one(technician):
    first, second = make.make_organisation(filed=None), make.make_organisation(filed=None)
    values = {"state": "filed", "code": "S000051001064"}
    organisations.save_filing(first, values, actor=technician)
    organisations.save_filing(first, {**values, "state": "exited"}, actor=technician)
    with pytest.raises(Invalid) as refusal:
        organisations.save_filing(second, values, actor=technician)
    assert refusal.value.field == "code"
    assert organisations.filing_of(first).state == "exited" and organisations.filing_of(second) is None


def test_scope_asks_for_the_job_where_a_code_has_several(technician):
    filing = organisations.save_filing(make.make_organisation(filed=None), {"state": "filed"}, actor=technician)
    for job in ("汽车机械维修工", "汽车电器维修工"):
        make.make_occupation(job=job)
    with pytest.raises(Invalid, match="多个工种"):
        organisations.find_occupation("4-12-01-01")
    with pytest.raises(Invalid, match="没有"):
        organisations.find_occupation("4-12-01-99")
    found = organisations.find_occupation("4-12-01-01 汽车维修工（汽车电器维修工）")
    assert found.job == "汽车电器维修工"
    line = organisations.save_scope_line(filing, found, "三级", actor=technician)
    organisations.save_scope_line(filing, found, "三级至一级", actor=technician)
    assert [(row.id, row.levels) for row in filing.scope] == [(line.id, "3,2,1")]
    organisations.remove_scope_line(line, actor=technician)
    assert list(filing.scope) == []


def test_article_replaces_the_guide_of_one_province(technician):
    make.make_province_centre()
    before = guide_text(make.ANHUI)
    settings_pages.save_article("guide", make.SICHUAN, title="报考流程", body="一、登录\r\n先注册。", actor=technician)
    assert guide_text(make.SICHUAN) == "一、登录\n先注册。" and guide_text(make.ANHUI) == before
    own = make.actor_of(make.make_grant(Seat.PROVINCE_CENTRE, make.make_province_centre()))
    settings_pages.save_article("guide", make.SICHUAN, title="报考流程", body="", actor=own)
    assert "系统登录" in guide_text(make.SICHUAN)
    for province in (make.ANHUI, ""):
        with pytest.raises(NotAllowed):
            settings_pages.save_article("guide", province, title="x", body="x", actor=own)
    assert Article.select().count() == 1


@pytest.mark.requirement("R13.26")
def test_no_setting_for_payment_messages_or_wechat_exists(technician):
    settings_pages.set_identity_platform(False, actor=technician)
    names = " ".join([*settings_pages.ARTICLES, *(row.key for row in Setting.select())]).lower()
    tables = " ".join(table for table in Setting._meta.database.get_tables()).lower()
    for word in ("pay", "sms", "wechat", "weixin", "fee", "mail"):
        assert word not in names and word not in tables
    assert Event.get(Event.action == "setting").label == "停用统一认证平台"

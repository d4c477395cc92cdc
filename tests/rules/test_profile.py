import copy
import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from portal.rules.eligibility import evaluate
from portal.rules.facts import Facts, OccupationRef, Qualification, QualificationKind
from portal.rules.flows import registration
from portal.rules.profile import ProfileError, load_profile, load_profiles
from portal.rules.workflow import Seat

FOLDER = Path(__file__).parents[2] / "data" / "profiles"
PROFILES = load_profiles(FOLDER)
TABLES = {name: tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8")) for name in ("anhui", "sichuan")}
UNIT, CITY, PROVINCE = Seat.UNIT, Seat.CITY_CENTRE, Seat.PROVINCE_CENTRE


def write_toml(value) -> str:
    """One value as inline TOML; enough for what a profile holds."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{write_toml(key)} = {write_toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(write_toml, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else '"' + value.replace("\n", "\\n").replace('"', '\\"') + '"'


def load_table(tmp_path, name, table):
    file = tmp_path / f"{name}.toml"
    file.write_text("\n".join(f"{key} = {write_toml(value)}" for key, value in table.items()), encoding="utf-8")
    return load_profile(file)


def walk(table, path=()):
    """The path of every key in the file, tables and lists of tables included."""
    pairs = table.items() if isinstance(table, dict) else enumerate(table)
    for key, value in pairs:
        if isinstance(table, dict):
            yield (*path, key)
        if isinstance(value, dict | list):
            yield from walk(value, (*path, key))


def dotted(path) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


def change(table, path, value=None, *, remove=False):
    """A copy of the table with one key set or removed."""
    table = copy.deepcopy(table)
    place = table
    for step in path[:-1]:
        place = place[step]
    if remove:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return table


def keys_of(name):
    """Every key of the file; only `notes` maps what it pleases, all others must be there."""
    return [path for path in walk(TABLES[name]) if path[-2:-1] != ("notes",)]


def stop(tmp_path, name, table) -> ProfileError | None:
    """The error that loading the table raises, if it does."""
    try:
        load_table(tmp_path, name, table)
    except ProfileError as error:
        return error
    return None


def test_both_files_survive_being_written_again(tmp_path):
    for name, table in TABLES.items():
        assert load_table(tmp_path, name, table) == PROFILES[name]


@pytest.mark.requirement("R13.20")
@pytest.mark.parametrize("name", TABLES)
def test_removing_any_key_stops_with_file_and_key(tmp_path, name):
    paths = keys_of(name)
    assert len(paths) > 200
    for path in paths:
        error = stop(tmp_path, name, change(TABLES[name], path, remove=True))
        assert error, f"{dotted(path)} is not missed"
        assert str(path[-1]) in error.key, dotted(path)
        assert f"{name}.toml" in str(error) and f"键 {error.key}：" in str(error)


@pytest.mark.parametrize("name", TABLES)
def test_wrong_type_of_any_key_stops_with_its_path(tmp_path, name):
    for path in keys_of(name):
        error = stop(tmp_path, name, change(TABLES[name], path, -1))
        assert error and error.key == dotted(path), dotted(path)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("surprise",), "x"),
        (("training", "pass_marks"), 90),
        (("grades", "examiner", "conditions", 0, "years"), 1),
        (("training", "pass_mark"), True),
        (("training", "pass_mark"), "九十"),
        (("training", "pass_mark"), 101),
        (("training", "minutes"), 0),
        (("wording", "centre"), "  "),
        (("training", "mode"), "mail"),
        (("grades", "examiner", "conditions", 1, "kind"), "magic"),
        (("grades", "examiner", "conditions", 1, "lowest_level"), 6),
        (("grades", "examiner", "levels"), [0]),
        (("grades", "examiner", "levels"), [6]),
        (("grades", "examiner", "conditions"), []),
        (("key",), "elsewhere"),
        (("code",), "34"),
        (("chains", "city"), ["U", "X"]),
        (("chains", "city"), ["U", "A"]),
        (("chains", "city"), ["U", "U"]),
        (("chains", "province"), []),
        (("owners", "plans"), "S"),
        (("region_rules", "allowed", "province"), ["杭州市"]),
        (("registration", "required_fields"), ["shoe_size"]),
        (("registration", "organisation_states"), ["draft"]),
        (("forms", "summary", "columns", 0, "field"), "shoe_size"),
        (("regions", 1, "code"), "510100"),
        (("regions", 1, "filing_code"), "1"),
        (("forms", "application", "title"), "申报表{grad}"),
        (("wording", "approved_text"), "{name"),
        (("name",), "{grade}"),
    ],
)
def test_senseless_values_are_refused_with_their_key(tmp_path, path, value):
    with pytest.raises(ProfileError) as stopped:
        load_table(tmp_path, "anhui", change(TABLES["anhui"], path, value))
    asked = dotted(path)
    assert stopped.value.key.startswith(asked) or asked.startswith(stopped.value.key)


@pytest.mark.parametrize("item", ["name", "code", "filing_code"])
def test_regions_are_not_listed_twice(tmp_path, item):
    table = change(TABLES["anhui"], ("regions", 2, item), TABLES["anhui"]["regions"][1][item])
    with pytest.raises(ProfileError) as stopped:
        load_table(tmp_path, "anhui", table)
    assert "重复" in str(stopped.value)


def test_seat_of_a_chain_without_words_is_refused(tmp_path):
    with pytest.raises(ProfileError) as stopped:
        load_table(tmp_path, "anhui", change(TABLES["anhui"], ("chains", "city"), ["U", "K", "C", "P"]))
    assert stopped.value.key == "seats.K"


def test_county_seat_is_only_a_matter_of_the_file(tmp_path):
    table = change(TABLES["anhui"], ("chains", "city"), ["U", "K", "C", "P"])
    table["seats"]["K"] = dict(table["seats"]["C"], state_label="待区县初审", review_days=10)
    table["forms"]["application"]["stamps"]["K"] = "区县意见（盖章）"
    profile = load_table(tmp_path, "anhui", table)
    assert profile.chain("city") == (UNIT, Seat.COUNTY, CITY, PROVINCE)
    assert profile.state_label("K") == "待区县初审"
    assert profile.seats[Seat.COUNTY].review_days == 10
    assert len(profile.stamp_places("city")) == 3


def test_unreadable_files_and_empty_folders_are_named(tmp_path):
    with pytest.raises(ProfileError, match=str(tmp_path)):
        load_profiles(tmp_path)
    (tmp_path / "broken.toml").write_bytes(b"key = \xff")
    with pytest.raises(ProfileError, match="broken.toml"):
        load_profiles(tmp_path)
    (tmp_path / "broken.toml").write_text("key = ")
    with pytest.raises(ProfileError, match="broken.toml"):
        load_profiles(tmp_path)


@pytest.mark.requirement("R3.30")
@pytest.mark.parametrize(
    ("name", "unit_kind", "labels"),
    [
        ("anhui", "city", ["待单位初审", "待市级审核", "待省级审核"]),
        ("anhui", "province", ["待单位初审", "待省级审核"]),
        ("sichuan", "city", ["待单位初审", "待市级审核", "待省级审核"]),
        ("sichuan", "province", ["待单位初审", "待省级审核"]),
    ],
)
def test_walking_each_chain(name, unit_kind, labels):
    profile, flow = PROFILES[name], registration.FLOW
    chain, seen, position = profile.chain(unit_kind), [], 0
    state = flow.find(registration.Action.SUBMIT, seat=Seat.APPLICANT, state=flow.initial).target
    while state is registration.State.UNDER_REVIEW:
        seat = chain[position]
        seen.append(profile.state_label(seat))
        transition = flow.find(registration.Action.PASS, seat=seat, state=state)
        assert transition.moves == "next"
        position += 1
        state = transition.target if position == len(chain) else state
    assert seen == labels
    assert state is registration.State.APPROVED
    assert (CITY in chain) is (unit_kind == "city")
    assert (chain[0], chain[-1]) == (UNIT, PROVINCE)


@pytest.mark.requirement("R0.27")
def test_switching_the_profile_changes_chain_conditions_and_documents(tmp_path):
    """The same code and the same applicant, first under one profile and then under the other."""
    applicant = Facts(
        birth=date(1950, 1, 1),
        sex="男",
        occupation=OccupationRef("6-18-02-04", "焊工"),
        qualifications=(Qualification(QualificationKind.VOCATIONAL, OccupationRef("6-18-02-04"), level=3),),
        declarations=frozenset({"ethics"}),
    )
    seen = {}
    for name, grade in (("anhui", "examiner"), ("sichuan", "senior")):
        profile = PROFILES[name]
        results = evaluate(profile.conditions(grade), applicant, date(2022, 12, 9))
        seen[name] = {
            "conditions": [(result.key, result.outcome) for result in results],
            "columns": [column.heading for column in profile.forms.summary.columns],
            "form": profile.forms.summary.title,
            "stamps": profile.stamp_places("city"),
            "credential": profile.credential.title,
            "levels": [profile.level_name(seat) for seat in profile.chain("city")],
            "bodies": [profile.deciding_body(seat, region="某市", unit="某单位") for seat in profile.chain("city")],
        }
    assert all(seen["anhui"][part] != seen["sichuan"][part] for part in seen["anhui"])
    assert len(seen["anhui"]["columns"]) == 6 and len(seen["sichuan"]["columns"]) == 10
    assert ("qualification", "met") in seen["anhui"]["conditions"]
    assert ("qualification", "not_met") in seen["sichuan"]["conditions"]
    shorter = change(TABLES["sichuan"], ("chains", "city"), ["U", "P"])
    assert load_table(tmp_path, "sichuan", shorter).chain("city") != PROFILES["sichuan"].chain("city")


def test_anhui_recommendation_table_has_its_six_columns():
    form = PROFILES["anhui"].forms.summary
    assert [column.heading for column in form.columns] == ["姓名", "单位", "职务", "身份证号", "联系电话", "持证情况"]
    assert (form.title, form.file_name) == ("报名表", "参训推荐表")


def test_sichuan_summary_table_has_its_ten_columns():
    form = PROFILES["sichuan"].forms.summary
    headings = [column.heading for column in form.columns]
    assert [heading.replace("\n", "") for heading in headings] == [
        "序号", "工作单位", "姓名", "性别", "身份证号码", "文化程度", "现职业资格（专业技术职务）",
        "申报考评职业（工种）", "联系电话", "通讯地址",
    ]  # fmt: skip
    assert ["\n" in heading for heading in headings] == [False] * 6 + [True, True] + [False] * 2
    assert form.title.format(grade="高级考评员") == "四川省技能人才评价高级考评员资格培训汇总表"
    assert (form.stamp_line, form.min_rows, form.landscape) == ("填报单位：（盖章）", 7, True)


def test_required_fields_and_health_differ():
    anhui, sichuan = PROFILES["anhui"], PROFILES["sichuan"]
    extra = {"education", "address", "position"}
    assert extra & set(anhui.registration.required_fields) == {"position"}
    assert extra & set(sichuan.registration.required_fields) == {"education", "address"}
    assert not anhui.asks_health("examiner")
    assert sichuan.asks_health("senior")


def test_numbers_without_a_default_must_be_entered():
    assert PROFILES["anhui"].numbers_to_enter() == ()
    training = PROFILES["anhui"].training
    assert (training.minutes, training.pass_mark, training.attempts) == (120, 90, 2)
    assert PROFILES["sichuan"].numbers_to_enter() == ("minutes", "pass_mark", "attempts")
    partly = replace(PROFILES["sichuan"], training=replace(PROFILES["sichuan"].training, pass_mark=60))
    assert partly.numbers_to_enter() == ("minutes", "attempts")


def test_default_regions_of_a_unit():
    def names(profile, own):
        return [region.name for region in PROFILES[profile].default_allowed_regions(own)]

    assert names("anhui", "省直") == ["省直", "合肥市"]
    assert names("anhui", "芜湖市") == ["芜湖市"]
    assert len(names("sichuan", "成都市")) == 22
    with pytest.raises(KeyError):
        names("anhui", "成都市")


def test_region_lists_and_filing_codes():
    anhui, sichuan = PROFILES["anhui"].regions, PROFILES["sichuan"].regions
    assert (len(anhui), len(sichuan)) == (17, 22)
    filing = {region.name: region.filing_code for region in anhui}
    assert filing == {
        "省直": "00", "合肥市": "01", "芜湖市": "02", "蚌埠市": "03", "淮南市": "04", "马鞍山市": "05", "淮北市": "06",
        "铜陵市": "07", "安庆市": "08", "黄山市": "10", "滁州市": "11", "阜阳市": "12", "宿州市": "13", "六安市": "24",
        "宣城市": "25", "池州市": "29", "亳州市": "30",
    }  # fmt: skip
    assert PROFILES["anhui"].region("六安市").code == "341500"
    assert {region.filing_code for region in sichuan} == {None}


def test_plan_can_limit_the_classes_itself():
    sichuan = PROFILES["sichuan"]
    assert sichuan.occupation_classes("senior") == (3, 4, 5, 6)
    assert PROFILES["anhui"].occupation_classes("examiner") == ()
    limited = next(rule for rule in sichuan.conditions("senior", (4, 5, 6)) if rule.key == "occupation_class")
    assert limited.classes == (4, 5, 6)
    assert sichuan.conditions("senior")[0].classes == (3, 4, 5, 6)


def test_declarations_to_tick_begin_with_truthfulness():
    assert list(PROFILES["anhui"].declarations_for("examiner")) == ["truthful", "ethics"]
    texts = PROFILES["sichuan"].declarations_for("senior")
    assert list(texts) == ["truthful", "mastery", "code_of_conduct"]
    assert len(texts["code_of_conduct"].clauses) == 8
    named = PROFILES["anhui"].declarations["ethics"].text
    assert all(word in named for word in ("职业道德", "廉洁奉公", "办事公道", "作风正派", "组织、协作能力"))


def test_credential_is_made_by_whom_and_for_how_long():
    anhui, sichuan = PROFILES["anhui"].credential, PROFILES["sichuan"].credential
    assert (anhui.kind, anhui.years, anhui.claim_working_days) == ("e_certificate", None, None)
    assert (sichuan.kind, sichuan.years, sichuan.claim_working_days, sichuan.bar_after_unclaimed) == ("card", 3, 60, 2)
    assert PROFILES["sichuan"].owners.credentials is Seat.DEPARTMENT


def test_decisions_are_recorded_as_the_departments():
    profile = PROFILES["anhui"]
    assert profile.deciding_body("C", region="芜湖市", unit="芜湖市职业技能鉴定中心") == "芜湖市人力资源和社会保障局"
    assert profile.deciding_body("C", unit="某市职业技能鉴定中心") == "某市职业技能鉴定中心"
    assert profile.deciding_body("U", unit="某协会") == "某协会"
    assert profile.deciding_body("P", unit="省中心") == "安徽省人力资源和社会保障厅"

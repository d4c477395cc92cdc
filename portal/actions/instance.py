"""Setting an instance up: regions, offices and calendar from the profiles, and the first administrator."""

from datetime import date

from portal import clock
from portal.actions.accounts import create_user, grant_seat
from portal.actions.calendar import load_official_year
from portal.actions.events import record
from portal.actions.passwords import hash_password, store_password
from portal.actions.reasons import seed_default_reasons
from portal.database import transaction
from portal.models import Office, Region, Setting, User
from portal.models.jurisdictions import official_calendar, profile_of
from portal.rules.errors import Invalid
from portal.rules.profile import Profile
from portal.rules.workflow import Actor, Seat

BUREAU = "人力资源和社会保障局"
DEMO_ACCOUNTS, DEMO_LOADED = "demo.accounts", "demo.loaded"


def is_set_up() -> bool:
    """Whether this instance has been set up before: then it has regions and offices."""
    return Office.select().exists()


def set_up(provinces: list[str], *, actor: Actor) -> None:
    """Make an empty instance ready for real use in these provinces (keys of profiles): calendar, regions, offices.

    Raises Invalid when the instance was set up before or no province is named. Everything or nothing is written.
    """
    if not provinces:
        raise Invalid("province", "请至少选择一个省。")
    profiles = [profile_of(key) for key in dict.fromkeys(provinces)]
    with transaction():
        if is_set_up():
            raise Invalid("province", "平台已初始化，不能重复初始化；机构、账户请在管理页面中维护。")
        for year in sorted(official_calendar().years):
            load_official_year(year, actor=actor)
        for profile in profiles:
            found_province(profile, actor=actor)


def found_province(profile: Profile, *, actor: Actor) -> None:
    """Write a province's regions, its reason library and its offices: centre and department of province and cities.

    The offices have no accounts yet; until they do, the next body records decisions on their behalf (R0.28).
    """
    with transaction():
        province = Region.create(code=profile.code, name=profile.name, level="province", province=profile.key)
        wording = profile.wording
        Office.create(
            name=wording.centre, level="province", body="centre", province=profile.key,
            notice_word=wording.notice_word or "",
        )  # fmt: skip
        Office.create(name=wording.department, level="province", body="department", province=profile.key)
        for listed in profile.regions:
            is_direct = listed.kind == "province"
            region = Region.create(
                code=listed.code, name=listed.name, level="direct" if is_direct else "city", parent=province,
                filing_code=listed.filing_code or None, province=profile.key,
            )  # fmt: skip
            if not is_direct:
                _found_city(profile, region)
        seed_default_reasons(profile.key)
        record("found", "设立省份", actor=actor, subject=f"province:{profile.key}", note=profile.name)


def create_administrator(login: str, name: str, password: str, again: str, *, actor: Actor) -> User:
    """The first account with the technical staff's seat; its password was just chosen, so it need not be changed.

    Raises Invalid beside "login", "name", "new" (the password) or "again" (not the same twice).
    """
    hashed = hash_password(password, again, login=login)
    with transaction():
        user, _ = create_user(name, login, actor=actor)
        store_password(user, hashed, must_change=False)
        grant_seat(user, Seat.TECHNICIAN, None, actor=actor)
        return user


def keep_demo_accounts(accounts: list[dict]) -> None:
    """Remember the demonstration's accounts ([{"label", "login"}]) and the day it was loaded."""
    with transaction():
        Setting.create(key=DEMO_ACCOUNTS, value=accounts)
        Setting.create(key=DEMO_LOADED, value=clock.today().isoformat())


def demo_accounts() -> tuple[list[dict], date | None]:
    """The demonstration's accounts and the day it was loaded; ([], None) in a real instance."""
    accounts = Setting.get_or_none(Setting.key == DEMO_ACCOUNTS)
    loaded = Setting.get_or_none(Setting.key == DEMO_LOADED)
    return (accounts.value if accounts else []), (date.fromisoformat(loaded.value) if loaded else None)


def _found_city(profile: Profile, region: Region) -> None:
    """A city's centre, called as the province calls its own (职业技能鉴定中心 …), and its bureau."""
    kind = profile.wording.centre.removeprefix(profile.name)
    for name, body in ((f"{region.name}{kind}", "centre"), (f"{region.name}{BUREAU}", "department")):
        Office.create(name=name, level="city", body=body, region=region, province=profile.key)

"""What people do on their way, as steps that the stories share."""

from pathlib import Path

from portal.rules import invented
from tests.browser.chromium import Someone
from tests.storage import corpus

PHONE_PASSWORD = "Shouji-2022"


def picture(folder: Path, name: str, size=(900, 1260)) -> str:
    """A picture file to choose in an upload field."""
    path = folder / name
    path.write_bytes(corpus.jpeg(size=size))
    return str(path)


def register_account(who: Someone, person: invented.Person, province: str) -> None:
    """实名注册 with an identity document."""
    who.open("/account/register")
    who.fill(name=person.name, id_number=person.id_number, phone=person.phone, province=province)
    who.fill(new=PHONE_PASSWORD, again=PHONE_PASSWORD)
    who.page.check("#declared")
    who.press("#register-form .primary")


def fill_profile(who: Someone, folder: Path, *, region: str, organisation: str, address: str) -> None:
    """个人信息 with portrait and unit."""
    who.open("/applicant/profile")
    who.fill(education="本科", position="高级技师", address=address, organisation=organisation, employer=organisation)
    who.page.select_option("#exam_region", label=region)
    who.page.set_input_files("#portrait", picture(folder, "照片.jpg", (413, 579)))
    who.press("#profile-form .primary")


def add_certificate(who: Someone, folder: Path, **values: str) -> None:
    """证书信息 and its scan on the registration page."""
    form = who.page.locator("#add-qualification")
    if not form.is_visible():
        who.page.click("details.add > summary")
    for name, value in values.items():
        field = form.locator(f"[name={name}]")
        if field.evaluate("e => e.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    form.locator("[name=material_kind]").select_option("scan")
    form.locator("[name=scan]").set_input_files(picture(folder, f"证书{values['number']}.jpg"))
    form.locator("button").last.click()
    who.settle()


def add_work(who: Someone, **values: str) -> None:
    """考评工作经历, from the registration page."""
    who.press("text=添加考评工作经历")
    who.fill(**values)
    who.press("#work-form .primary")


def decide(who: Someone, name: str, button: str, *, note: str = "", picture: str = "") -> None:
    """Open a case from the queue and press one of the desk's buttons."""
    who.page.get_by_role("link", name=name, exact=True).first.click()
    who.settle()
    who.page.locator("#decision").wait_for()
    if who.page.locator("#confirmed").count():
        who.page.check("#confirmed")
    if note:
        who.page.fill("#note", note)
    if picture:
        who.shot(picture)
    who.page.locator(f"#decision button[value={button}]").click()
    who.settle()

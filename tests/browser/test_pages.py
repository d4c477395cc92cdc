"""Every main page in a real browser: it fits, everybody can use it, it runs without complaint and keeps nothing."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.chromium import DESK, PHONE, running

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running(tmp_path_factory.mktemp("pages") / "data", "world") as server:
        yield server


def applicant_pages(server, state: str) -> list[str]:
    case, plan = server.seeded["cases"]["chengdu"][state], server.seeded["plans"]["sichuan"]["published"]
    pages = ["/applicant/profile", "/applicant/registrations", "/applicant/training", "/applicant/certificates"]
    pages += [f"/applicant/plans/{plan}", f"/applicant/registrations/{case}", "/applicant/qualifications/new"]
    pages += ["/applicant/work/new", "/account/messages", "/account/password"]
    if state in ("draft", "returned"):
        pages += [f"/applicant/registrations/{case}/edit", f"/applicant/registrations/{case}/confirm"]
    return pages


PUBLIC = ["/", "/notices", "/plans", "/guide", "/contact", "/account/login", "/account/register", "/account/reset"]


@pytest.mark.requirement("R13.23")
def test_applicant_pages_fit_a_phone(somebody, server):
    """No page of the applicant's or the public door is wider than 360 px, long names and tables included."""
    wide = []
    for state in ("draft", "returned", "approved"):
        who = somebody(server, viewport=PHONE, role=f"applicant:chengdu:{state}")
        for path in applicant_pages(server, state):
            if who.open(path).overflow > 0:
                wide.append(f"{path} ({state}): {who.overflow} px too wide")
    who = somebody(server, viewport=PHONE)
    for path in PUBLIC:
        if who.open(path).overflow > 0:
            wide.append(f"{path}: {who.overflow} px too wide")
    assert not wide, "\n".join(wide)


MAIN = {
    "unit:chengdu": ["/unit/cases", "/unit/notices", "/unit/tables", "/unit/organisation"],
    "city:chengdu": ["/city/cases", "/city/cases?tab=done", "/city/notices"],
    "province:sichuan": ["/province/cases", "/province/plans", "/province/notices", "/province/plans/new"],
    "technician": ["/admin/users", "/admin/organisations", "/admin/offices", "/admin/calendar", "/admin/events"],
}


def test_the_main_pages_are_accessible(somebody, server):
    """axe-core finds nothing serious: contrast, names, roles, order."""
    axe, found = Axe(), []
    pages = [("applicant:chengdu:returned", PHONE, path) for path in applicant_pages(server, "returned")]
    pages += [(None, PHONE, path) for path in ("/", "/plans", "/account/login", "/account/register")]
    pages += [(role, DESK, path) for role, paths in MAIN.items() for path in paths]
    case = server.seeded["cases"]["chengdu"]["at_city"]
    pages.append(("city:chengdu", DESK, f"/city/cases/{case}"))
    people = {}
    for role, viewport, path in pages:
        who = people.get(role) or people.setdefault(role, somebody(server, viewport=viewport, role=role))
        who.open(path)
        for violation in axe.run(who.page).response["violations"]:
            if violation["impact"] in ("serious", "critical"):
                where = violation["nodes"][0]["html"][:160]
                found.append(f"{path}: {violation['id']} ({len(violation['nodes'])}×) {where}")
    assert not found, "\n".join(found)


def test_an_injected_attribute_does_nothing(somebody, server):
    """A name that carries hx-get is a name: no request leaves the page, no element carries the attribute."""
    script = (
        "import os; from portal import database; from portal.models import Case, Person\n"
        "database.use(os.environ['PORTAL_DATA'] + '/portal.sqlite3'); database.open_connection()\n"
        'text = \'"><b hx-get="/zzinjected" hx-trigger="load">名\'\n'
        f"Case.update(title=text).where(Case.id == {server.seeded['cases']['chengdu2']['at_city']}).execute()\n"
    )
    server.run("-c", script)
    who, asked = somebody(server, role="city:chengdu"), []
    who.page.on("request", lambda request: asked.append(request.url))
    who.open("/city/cases")
    assert "hx-get=" in who.text, "control: the name is on the page, as text"
    who.page.wait_for_timeout(600)
    assert not [url for url in asked if "zzinjected" in url]
    assert who.page.locator("[hx-get*=zzinjected]").count() == 0


def test_nothing_stays_in_the_browser(somebody, server):
    """After the logout neither storage nor the back button shows an identity number."""
    who = somebody(server, role="applicant:chengdu:approved")
    for path in applicant_pages(server, "approved"):
        who.open(path)
    who.open("/applicant/profile")
    number = re.search(r"\d{17}[\dX]", who.page.content())
    assert number, "control: the number was on a page"
    who.page.locator("form[action$='/logout'] button").first.evaluate("e => e.form.requestSubmit()")
    who.page.wait_for_url("**/account/login*")
    kept = who.page.evaluate("() => JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert not re.search(r"\d{17}[\dX]", kept)
    assert who.page.evaluate("async () => (await caches.keys()).length + (await indexedDB.databases()).length") == 0
    who.page.go_back()
    who.settle()
    assert number.group() not in who.page.content()
    who.complaints.clear()


@pytest.mark.parametrize("role", [*MAIN, "department:sichuan", "county:chengdu"])
def test_no_page_complains(role, somebody, server):
    """No script error and no breach of the content policy on any page one click away from the main pages."""
    who = somebody(server, role=role)
    for path in MAIN.get(role, ["/"]):
        who.open(path)
        links = who.page.eval_on_selector_all("main a[href^='/']", "all => all.map(e => e.getAttribute('href'))")
        pages = [
            link for link in dict.fromkeys(links) if not re.search(r"pdf|xlsx|export|template|files|download", link)
        ]
        for link in pages[:6]:
            if "/account/logout" not in link:
                who.page.goto(server.url + link)
                who.page.wait_for_load_state("load")

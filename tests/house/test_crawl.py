"""Every page a role can reach by its links: it answers, it is valid, it speaks Chinese, and it stays on this host."""

import re
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urljoin, urlsplit

import html5lib
import pytest

from portal.rules.flows import FLOWS
from tests.house.things import HIDDEN
from tests.house.walk import CRASH
from tests.pages import check_html, identity_numbers

ROOT = Path(__file__).parents[2]
ROLES = {
    "anonymous": "/", "applicant:chengdu:draft": "/applicant/", "applicant:chengdu:returned": "/applicant/",
    "applicant:chengdu:approved": "/applicant/", "applicant:hefei:at_city": "/applicant/", "unit:chengdu": "/unit/",
    "city:chengdu": "/city/", "county:chengdu": "/city/", "bureau:chengdu": "/city/",
    "province:sichuan": "/province/", "province:anhui": "/province/", "department:sichuan": "/province/",
    "technician": "/admin/",
}  # fmt: skip
SEATS = {"anonymous": "", "applicant": "A", "unit": "U", "city": "C", "county": "K", "bureau": "B", "province": "P",
         "department": "D", "technician": "T"}  # fmt: skip

# Words in Latin letters that Chinese readers use as they are: formats, units, keys, and codes that are data.
ALLOWED = {
    "pdf", "excel", "qq", "jpg", "jpeg", "png", "heic", "word", "xlsx", "xls", "csv", "docx", "mb", "kb", "dpi", "gb",
    "enter", "tab", "esc", "ctrl", "shift", "px", "dn", "utf", "http", "https", "zip",
    "mp", "webm",  # MP4 and WebM
}  # fmt: skip
DATA = re.compile(
    r"(/[\w./-]+|user\d+|T-\d+|K\d{8}|[\w.+-]+@[\w.-]+|[\w.-]+\.(?:jpg|png|pdf|xlsx|docx|csv)|[0-9A-Z]{18})"
)
# How many pages of one route a crawl looks at: the rest are the same template over other rows.
PER_ROUTE = 4


@pytest.fixture(scope="module")
def pages(ground):
    """All pages of all roles, by role and address."""
    return {role: crawl(ground, role, home) for role, home in ROLES.items()}


def crawl(ground, role: str, home: str, most: int = PER_ROUTE) -> dict[str, object]:
    """Follow the links of GET pages from a role's home, a few per route."""
    adapter = ground.app.url_map.bind("localhost")
    found, seen, per_route = {}, set(), Counter()
    waiting = [home, "/"]
    while waiting:
        url = waiting.pop(0)
        if url in seen:
            continue
        seen.add(url)
        endpoint = endpoint_of(adapter, url)
        per_route[endpoint] += 1
        if per_route[endpoint] > most:
            continue
        answer = ground.visit(role, "GET", url)
        found[url] = answer
        links = [answer.place] if answer.place else []
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            answer.tree = html5lib.parse(answer.text, namespaceHTMLElements=False)
            links += [e.get("href") for e in answer.tree.iter("a") if e.get("href")]
        for link in links:
            target = urlsplit(urljoin(f"http://localhost{url}", link))
            if target.netloc == "localhost" and target.scheme == "http":
                waiting.append(target.path + (f"?{target.query}" if target.query else ""))
    return found


def endpoint_of(adapter, url: str, method: str = "GET") -> str:
    try:
        return adapter.match(urlsplit(url).path, method)[0]
    except Exception:
        return "no route"


def html_pages(pages):
    return [(role, url, answer) for role, found in pages.items() for url, answer in found.items()
            if hasattr(answer, "tree") and answer.status != 303]  # fmt: skip


def test_every_link_leads_somewhere(pages):
    """No dead link, no crash, no page that a link offers and then refuses."""
    dead = [
        f"{role} {url}: {answer.status} {answer.text if answer.status == CRASH else ''}"
        for role, found in pages.items()
        for url, answer in found.items()
        if answer.status not in (200, 303)
    ]
    assert not dead, "\n".join(dead)
    thin = {role: len(found) for role, found in pages.items() if len(found) < 4}
    assert not thin, f"the crawl went nowhere: {thin}"


def test_every_page_keeps_the_rules(pages):
    """Valid HTML5, one h1, labels, unique ids, nothing inline (tests/pages.py)."""
    broken = []
    for role, url, answer in html_pages(pages):
        asked = SimpleNamespace(path=url)
        told = SimpleNamespace(get_data=lambda as_text, text=answer.text: text, request=asked)
        try:
            check_html(told)
        except AssertionError as error:
            broken.append(f"{role} {error}")
        except Exception as error:  # html5lib's own complaint
            broken.append(f"{role} {url}: {error!r}")
    assert not broken, "\n".join(sorted(set(broken)))


def words_of(tree) -> list[str]:
    """The words in Latin letters that a reader sees or hears, codes and file names left out."""
    texts = []
    for e in tree.iter():
        if not isinstance(e.tag, str) or e.tag in ("script", "style"):
            continue
        texts += [e.text or ""] + [child.tail or "" for child in e]
        texts += [e.get(name) or "" for name in ("title", "placeholder", "aria-label", "alt", "content")
                  if e.tag != "meta"]  # fmt: skip
        if e.tag == "input" and e.get("type") in ("submit", "button"):
            texts.append(e.get("value") or "")
    return [word for text in texts for word in re.findall(r"[A-Za-z]{2,}", DATA.sub(" ", text))]


@pytest.mark.requirement("R13.13")
def test_no_english_reaches_a_reader(pages):
    found = {}
    for role, url, answer in html_pages(pages):
        for word in words_of(answer.tree):
            if word.lower() not in ALLOWED:
                found.setdefault(word, f"{role} {url}")
    assert not found, "\n".join(f"{word} on {where}" for word, where in sorted(found.items()))


def test_the_english_test_sees_english():
    """Control: an English label, a placeholder and a button are found; a file name and an address are not."""
    tree = html5lib.parse(
        "<p>提交 Submit<input placeholder='Your name'><input type=submit value=Go>证书.jpg a@example.cn 打印PDF",
        namespaceHTMLElements=False,
    )
    assert {word for word in words_of(tree) if word.lower() not in ALLOWED} == {"Submit", "Your", "name", "Go"}


@pytest.mark.requirement("R13.10")
def test_public_pages_hold_no_identity_number(pages):
    for url, answer in pages["anonymous"].items():
        assert not identity_numbers(answer.text), url


def test_nobody_reads_of_other_places(pages, ground):
    """No page of a role names a person, number or telephone that belongs to another unit, city or province."""
    for role, found in pages.items():
        hidden = HIDDEN[SEATS[role.split(":")[0]]]
        if role.endswith((":anhui", "hefei:at_city")):
            hidden = ["chengdu", "chengdu2", "mianyang", "sheng"]
        for url, answer in found.items():
            leaked = [word for word in ground.world.secrets(hidden) if word in answer.text]
            assert not leaked, f"{role} {url}: {leaked}"


@pytest.mark.requirement("R13.14")
def test_nothing_comes_from_another_host(pages):
    """No page, style sheet or script names an outside host."""
    outside = re.compile(r"""(?:src|href|action|hx-get|hx-post)=["'](?:https?:)?//|@import|url\(["' ]*(?:https?:)?//""")
    for role, url, answer in html_pages(pages):
        assert not outside.search(answer.text), f"{role} {url}: {outside.search(answer.text).group()}"
    for file in (ROOT / "static").rglob("*.*"):
        if file.suffix in (".css", ".js", ".svg"):
            names = set(re.findall(r"https?://[\w./-]+", file.read_text(encoding="utf8")))
            assert names <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}, f"{file.name}: {names}"


def state_words() -> set[str]:
    from portal.models.jurisdictions import profiles

    words = {label for flow in FLOWS.values() for label in flow.labels.values()}
    words |= {seat.state_label for profile in profiles().values() for seat in profile.seats.values() if seat}
    # Words that are also ordinary verbs or headings say nothing about where they came from.
    return {word for word in words if len(word) >= 4}


@pytest.mark.requirement("R13.21")
def test_states_are_named_by_the_one_glossary():
    """No template and no door writes a state's label by hand: they come from the flows and the profiles."""
    words = state_words()
    assert len(words) >= 4
    written = []
    for path in [*(ROOT / "templates").rglob("*.html"), *(ROOT / "portal" / "web").rglob("*.py")]:
        if "documents" in path.parts:
            continue
        text = path.read_text(encoding="utf8")
        text = re.sub(r"\{#.*?#\}", "", text, flags=re.S) if path.suffix == ".html" else re.sub(r"#.*", "", text)
        for word in words:
            if re.search(rf"[>\"'}}]\s*{word}\s*[<\"'{{]", text):
                written.append(f"{path.relative_to(ROOT)}: {word}")
    assert not written, "\n".join(written)


@pytest.mark.requirement("R13.26")
def test_there_is_no_payment_sms_or_wechat(pages, ground):
    """No menu entry, table or setting for payment, SMS or WeChat exists, and nothing is ever sent by mail."""
    from portal.models import TABLES
    from portal.settings import Settings

    words = ("缴费", "支付", "付款", "收费", "短信", "微信", "公众号", "小程序")
    for role, url, answer in html_pages(pages):
        spoken = [e for tag in ("a", "button", "label", "h1", "h2", "th") for e in answer.tree.iter(tag)]
        labels = ["".join(e.itertext()) for e in spoken]
        assert not [label for label in labels if any(word in label for word in words)], f"{role} {url}"
    names = [table._meta.table_name for table in TABLES] + [c for t in TABLES for c in t._meta.fields]
    names += list(Settings.__dataclass_fields__)
    assert not [name for name in names if re.search(r"pay|fee|sms|wechat|weixin", name)]
    # Without a mail server configured nothing can be sent: no code of ours speaks SMTP at all.
    sources = {path.name: path.read_text("utf8") for path in (ROOT / "portal").rglob("*.py")}
    assert not [name for name, text in sources.items() if re.search(r"smtplib|sendmail", text)]

"""Forty payloads in every text that anybody can store: no page of any role lets one of them act."""

import re

import html5lib
import pytest
from peewee import CharField, TextField

from portal.database import database
from portal.models import (
    Case,
    Correction,
    Event,
    FileVersion,
    HeldQualification,
    Message,
    Notice,
    NoticeAttachment,
    Office,
    Organisation,
    Person,
    Plan,
    Reason,
    Registration,
    Submission,
    User,
    WorkEntry,
)
from tests.house.test_crawl import ROLES, crawl, endpoint_of

MARK = "zzinjected"
PAYLOADS = [
    f"<script>{MARK}</script>",
    f"<script src=//{MARK}></script>",
    f'"><svg onload={MARK}>',
    f"'><img src=x onerror={MARK}>",
    f"</textarea><b {MARK}=1>",
    f"</title><b {MARK}=1>",
    f"</script><b {MARK}=1>",
    f"</style><b {MARK}=1>",
    f"</select><b {MARK}=1>",
    f"--><b {MARK}=1>",
    f"]]><b {MARK}=1>",
    f'" {MARK}=1 x="',
    f"' {MARK}=1 x='",
    f"` {MARK}=1 ",
    f'" hx-get="/{MARK}" hx-trigger="load',
    f"' hx-post='/{MARK}' hx-trigger='load",
    f'<b hx-get="/{MARK}" hx-trigger=load>',
    f'<form action="/{MARK}"><input name=csrf_token>',
    f'<button hx-post="/{MARK}">',
    f"<iframe src=/{MARK}>",
    f"<object data=/{MARK}>",
    f"<embed src=/{MARK}>",
    f"<base href=/{MARK}>",
    f"<meta http-equiv=refresh content=0;/{MARK}>",
    f"<link rel=stylesheet href=/{MARK}>",
    f"<a href=javascript:{MARK}>x</a>",
    f"javascript:{MARK}",
    f"<math><{MARK}>",
    f"<style>@import '/{MARK}'</style>",
    f"<b style=x:{MARK}>",
    f"&lt;b {MARK}&gt;<b {MARK}=1>",
    f"&#60;b {MARK}=1&#62;",
    f"%3Cb {MARK}=1%3E",
    f"\\u003cb {MARK}=1\\u003e",
    f"＜b {MARK}=1＞",
    f"<b\t{MARK}=1>",
    f"<b/{MARK}=1/>",
    "{{7*191}}",
    "{%print(7*191)%}",
    "${7*191}#{7*191}<%=7*191%>",
]
# Columns whose text comes from people (or from files of people), table by table; keys, codes and states are not.
PLANTED = {
    Person: ("name", "education", "position", "phone", "address", "employer_name"),
    HeldQualification: ("occupation_name", "job", "number", "issuer"),
    WorkEntry: ("organisation_name", "occupation_name", "evidence"),
    Registration: ("employer_name",),
    Case: ("title",),
    Event: ("label", "name", "note", "body", "deputy_for"),
    Correction: ("reason", "second_reason"),
    Message: ("text",),
    FileVersion: ("name",),
    User: ("name", "phone"),
    Office: ("name", "address", "note"),
    Organisation: ("name", "address", "registrar", "nature", "legal_representative", "capital"),
    Plan: ("name", "audience", "conditions_text", "credential_text"),
    Notice: ("issuer", "number", "title", "addressees", "purpose", "announcement", "body", "signature", "printed_by",
             "copy_to", "keywords", "mailbox"),
    NoticeAttachment: ("title",),
    Reason: ("text",),
}  # fmt: skip


def plant(ground) -> None:
    """Put a payload into every such value of every row, each row and column another one."""
    turn = 0
    for table, columns in PLANTED.items():
        for row in table.select(table._meta.primary_key):
            values = {}
            for column in columns:
                field = table._meta.fields[column]
                assert isinstance(field, CharField | TextField), f"{table.__name__}.{column}"
                turn += 1
                text = PAYLOADS[turn % len(PAYLOADS)]
                # Unique columns need their own text; nothing may be longer than the column allows on another database.
                values[column] = text + (str(turn) if field.unique else "")
            table.update(values).where(table._meta.primary_key == row._pk).execute()
    for submission in Submission.select():
        submission.data = walk_json(submission.data)
        submission.save()
    for correction in Correction.select():
        correction.items = [item | {"label": PAYLOADS[2], "note": PAYLOADS[16]} for item in correction.items]
        correction.save()
    contact = {name: PAYLOADS[i] for i, name in enumerate(("name", "mobile", "phone", "email", "address"), 4)}
    Plan.update(contacts=[contact], contents=[PAYLOADS[0], PAYLOADS[16]]).execute()
    Notice.update(contacts=[contact]).execute()
    database.execute_sql("UPDATE registration SET stamp_exception = NULL")


def walk_json(value, count=[0]):  # noqa: B006 - one running number for all calls
    """The same data with a payload in every text; keys, numbers, dates and kinds stay, since code reads them."""
    if isinstance(value, dict):
        kept = {"kind", "material_key", "key", "id_number", "sex", "issued_on", "valid_to", "from", "to", "birth"}
        kept |= {"code", "grade", "id_type"}
        return {k: v if k in kept else walk_json(v) for k, v in value.items()}
    if isinstance(value, list):
        return [walk_json(v) for v in value]
    if isinstance(value, str) and value:
        count[0] += 1
        return PAYLOADS[count[0] % len(PAYLOADS)]
    return value


ADDRESSES = ("src", "href", "action", "data", "formaction")


def acting(html: str) -> list[str]:
    """Payloads that became markup: elements, attributes or addresses of their own; and templates carried out."""
    tree = html5lib.parse(html, namespaceHTMLElements=False)
    found = []
    for e in tree.iter():
        if not isinstance(e.tag, str):
            continue
        if MARK in e.tag:
            found.append(f"<{e.tag}>")
        for name, value in e.attrib.items():
            name = str(name)
            runs = name.startswith(("on", "style")) or name == "srcdoc"
            leads = (name in ADDRESSES or name.startswith("hx-")) and value.strip().lower().startswith(
                (f"/{MARK}", f"//{MARK}", "javascript:", "data:text", "vbscript:")
            )
            if MARK in name or (runs and MARK in value) or leads:
                found.append(f"<{e.tag} {name}={value!r}>")
        if e.tag in ("script", "style", "iframe", "object", "embed", "base") and MARK in "".join(e.itertext()) + str(
            e.attrib
        ):
            found.append(f"<{e.tag}>")
        if e.tag == "meta" and e.get("http-equiv"):
            found.append("<meta http-equiv>")
    if "1337" in html:
        found.append("a template in a text was carried out")
    return found


@pytest.fixture(scope="module")
def planted(ground):
    plant(ground)
    ground._prints = None
    return ground


@pytest.mark.parametrize("role", ROLES)
def test_no_stored_payload_acts(role, planted):
    """Every page a role can reach shows the payloads as text and nothing else."""
    shown = 0
    for url, answer in crawl(planted, role, ROLES[role], most=2).items():
        assert answer.status < 500, f"{url}: {answer.text}"
        if hasattr(answer, "tree"):
            assert not acting(answer.text), f"{role} {url}: {acting(answer.text)}"
            shown += answer.text.count(MARK)
    assert shown > 3, "control: the payloads are on the pages"


def test_the_sweep_sees_what_acts():
    """Control: unescaped, nearly every payload is seen acting (those that are only text anyway are not)."""
    seen = [
        payload for payload in PAYLOADS if acting(f'<p>{payload}</p><input value="{payload}"><a href="{payload}">x</a>')
    ]
    harmless = {p for p in PAYLOADS if p.startswith(("&#60", "%3C", "\\u003c", "＜", "{{", "{%", "${"))}
    assert len(set(PAYLOADS)) == 40
    assert set(PAYLOADS) - set(seen) - harmless <= {
        f"' {MARK}=1 x='",
        f"` {MARK}=1 ",
        f"' hx-post='/{MARK}' hx-trigger='load",
    }
    assert acting("<p>1337</p>")


def test_what_was_typed_comes_back_as_text(ground):
    """Reflected: search boxes and refused forms of every role show what was typed, never as markup."""
    adapter, done = ground.app.url_map.bind("localhost"), set()
    for role, home in ROLES.items():
        for url, answer in crawl(ground, role, home, most=1).items():
            for form in answer.tree.iter("form") if hasattr(answer, "tree") else ():
                fields = [e for tag in ("input", "textarea") for e in form.iter(tag) if e.get("name")]
                typable = [e for e in fields if e.get("type", "text") in ("text", "search", "tel", "email", "hidden")]
                names = [e.get("name") for e in typable if e.get("name") not in ("csrf_token", "once", "seen")]
                method, action = (form.get("method") or "get").upper(), (form.get("action") or url).split("#")[0]
                action = re.sub(r"\?.*", "", url) + action if action.startswith("?") else action
                kind = (endpoint_of(adapter, action, method), *names)
                if not names or kind in done:
                    continue
                done.add(kind)
                typed = {name: PAYLOADS[(len(done) * 7 + i) % 37] for i, name in enumerate(names)}
                extra = {"query_string": typed} if method == "GET" else {"data": typed}
                back = ground.visit(role, method, action, **extra)
                assert back.status < 500, f"{role} {method} {action} {typed}: {back.text}"
                if back.headers.get("Content-Type", "").startswith("text/html"):
                    assert not acting(back.text), f"{role} {action}: {acting(back.text)}"
    assert len(done) > 15, "control: there are forms to type into"

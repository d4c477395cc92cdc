"""A page as a test sees it: its text, its forms, and a click that does what a browser or htmx would do."""

import re
from xml.etree import ElementTree

import html5lib

_EIGHTEEN = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")
_VOID_LABEL_TYPES = {"hidden", "submit", "button", "image", "reset"}


def parse(html: str) -> ElementTree.Element:
    """The HTML as a tree without namespaces; raises on anything that is not valid HTML5."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False, tree=html5lib.getTreeBuilder("etree"))
    return parser.parse(html) if "<html" in html else parser.parseFragment(html)


def check_html(response, whole: bool = True) -> None:
    """The rules every HTML answer keeps: valid, one h1, labels, unique ids, nothing inline, no outside host."""
    html = response.get_data(as_text=True)
    where = response.request.path
    if whole and "<html" in html:
        tree = parse(html)
    else:
        tree = html5lib.HTMLParser(namespaceHTMLElements=False, tree=html5lib.getTreeBuilder("etree")).parseFragment(
            html
        )
    elements = [e for e in tree.iter() if isinstance(e.tag, str)]
    if "<html" in html:
        assert len([e for e in elements if e.tag == "h1"]) == 1, f"{where}: exactly one h1"
    ids = [e.get("id") for e in elements if e.get("id")]
    twice = {i for i in ids if ids.count(i) > 1}
    assert not twice, f"{where}: duplicate ids {twice}"
    labelled = {e.get("for") for e in elements if e.tag == "label"}
    parents = {child: parent for parent in elements for child in parent}
    for e in elements:
        inline = [name for name in e.attrib if name.startswith("on") or name == "style"]
        assert not inline, f"{where}: inline {inline} on <{e.tag}>"
        assert e.tag != "style", f"{where}: inline style element"
        if e.tag == "script":
            assert e.get("src"), f"{where}: inline script"
        for name in ("src", "href", "action"):
            value = e.get(name) or ""
            if value.startswith(("http://", "https://", "//")) and name != "href":
                raise AssertionError(f"{where}: outside host in {name}={value}")
        if e.tag in ("input", "select", "textarea") and e.get("type", "text") not in _VOID_LABEL_TYPES:
            named = (
                e.get("aria-label")
                or e.get("aria-labelledby")
                or e.get("id") in labelled
                or _inside(e, "label", parents)
            )
            assert named, f"{where}: no label for {e.tag} {e.get('name')}"
        if e.get("type") == "file":
            check_file_input(e, parents, elements, where)
        for verb in ("hx-post", "hx-get"):
            if e.get(verb) and e.tag in ("form", "a"):
                plain = e.get("action") if e.tag == "form" else e.get("href")
                assert plain == e.get(verb), f"{where}: {verb}={e.get(verb)} differs from {plain}"
        if e.tag == "form" and (e.get("method") or "get").lower() == "post":
            tokens = [i for i in e.iter("input") if i.get("name") == "csrf_token"]
            assert tokens, f"{where}: a POST form without CSRF token ({e.get('action')})"


def check_file_input(field, parents: dict, elements: list, where: str) -> None:
    """A file input has our own Chinese button and a place for the chosen name: the browser's label is in its language.

    static/upload.js shows both, in forms with data-upload; without it the browser's own control stays in sight.
    """
    around = []
    while field is not None and (not around or around[-1].tag != "form"):
        around.append(field)
        field = parents.get(field)
    form, (input_, box) = around[-1], around[0:2]
    name = input_.get("name")
    assert form.tag == "form" and "data-upload" in form.attrib, f"{where}: file input {name} outside form[data-upload]"
    buttons = [e for e in box.iter("label") if e.get("for") == input_.get("id") and "file-button" in e.get("class", "")]
    assert buttons and text_of(buttons[0]).startswith("选择"), f"{where}: no Chinese button for file input {name}"
    places = [e for each in around for e in each.iter() if "file" in each.get("class", "").split()
              and "data-upload-preview" in e.attrib]  # fmt: skip
    assert places, f"{where}: no place for the name of the file chosen for {name}"
    if any(e.tag == "html" for e in elements):
        scripts = [e.get("src") or "" for e in elements if e.tag == "script"]
        assert any("upload" in src for src in scripts), f"{where}: upload.js is missing"


def _inside(element, tag: str, parents: dict) -> bool:
    while element is not None:
        if element.tag == tag:
            return True
        element = parents.get(element)
    return False


class Page:
    """One page in a test browser."""

    def __init__(self, browser, url: str, response):
        self.browser, self.url, self.response = browser, url, response
        self.html = response.get_data(as_text=True)
        self.tree = html5lib.HTMLParser(namespaceHTMLElements=False, tree=html5lib.getTreeBuilder("etree")).parse(
            self.html
        )

    @property
    def text(self) -> str:
        """What a reader sees, blanks folded."""
        return text_of(self.tree)

    def find(self, id_: str):
        """The element with this id, or None."""
        return next((e for e in self.tree.iter() if isinstance(e.tag, str) and e.get("id") == id_), None)

    def form(self, id_or_action: str):
        """The form with this id or action; fails when it is not on the page."""
        for e in self.tree.iter("form"):
            if id_or_action in (e.get("id"), e.get("action")):
                return e
        raise AssertionError(
            f"no form {id_or_action} on {self.url}: {[(f.get('id'), f.get('action')) for f in self.tree.iter('form')]}"
        )

    def values(self, id_or_action: str) -> dict:
        """What the form would send as it stands."""
        return form_values(self.form(id_or_action))

    def press(self, id_or_action: str, *, htmx: bool = False, expect: int | None = None, **fields):
        """Send the form with these fields changed; follows redirects and gives the page it leads to.

        With htmx=True the request carries HX-Request and the raw response is given, for tests of pieces.
        """
        form = self.form(id_or_action)
        data = form_values(form)
        for name, value in fields.items():
            if value is None:
                data.pop(name, None)
            else:
                data[name] = value
        url = form.get("action") or self.url
        method = (form.get("method") or "get").upper()
        headers = {"HX-Request": "true"} if htmx else {}
        kw = {"data": data} if method == "POST" else {"query_string": data}
        if (form.get("enctype") or "") == "multipart/form-data" or any(isinstance(v, tuple) for v in fields.values()):
            kw["content_type"] = "multipart/form-data"
        response = self.browser.open(method, url, headers=headers, follow_redirects=not htmx, **kw)
        if expect is not None:
            assert response.status_code == expect, (
                f"{url}: {response.status_code} instead of {expect}\n{strip(response)[:800]}"
            )
        if htmx:
            return response
        query = response.request.query_string.decode()
        return Page(self.browser, response.request.path + (f"?{query}" if query else ""), response)

    def links(self) -> list[str]:
        """All addresses of links on the page."""
        return [e.get("href") for e in self.tree.iter("a") if e.get("href")]


def form_values(form) -> dict:
    """The successful controls of a form."""
    data: dict = {}
    for e in form.iter():
        name = e.get("name") if isinstance(e.tag, str) else None
        if not name or e.get("disabled") is not None:
            continue
        if e.tag == "input":
            kind = e.get("type", "text")
            if kind in ("submit", "button", "file", "image"):
                continue
            if kind in ("checkbox", "radio") and e.get("checked") is None:
                continue
            _add(data, name, e.get("value", "on" if kind == "checkbox" else ""))
        elif e.tag == "textarea":
            _add(data, name, (e.text or "").lstrip("\n"))
        elif e.tag == "select":
            options = list(e.iter("option"))
            chosen = [o for o in options if o.get("selected") is not None] or (
                [] if e.get("multiple") is not None else options[:1]
            )
            for option in chosen:
                _add(data, name, option.get("value", (option.text or "").strip()))
    return data


def _add(data: dict, name: str, value: str) -> None:
    if name in data:
        data[name] = [*(data[name] if isinstance(data[name], list) else [data[name]]), value]
    else:
        data[name] = value


def text_of(tree) -> str:
    """All text of a tree, blanks folded."""
    return " ".join("".join(tree.itertext()).split())


def strip(response) -> str:
    """The text of a response without tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.get_data(as_text=True)).split())


def identity_numbers(html: str) -> list[str]:
    """Every 18-character identity number that stands in the text unmasked."""
    return _EIGHTEEN.findall(html)

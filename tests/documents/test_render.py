"""The renderer reaches nothing, forgets nothing, and gives the same bytes for the same data."""

import ctypes
import hashlib
import http.server
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from io import BytesIO

import pytest
from PIL import Image

from portal.documents import render as rendering
from portal.documents.decision import Decision, decision_pdf
from portal.documents.render import render
from portal.rules.errors import Invalid
from tests.documents.paper import Paper

DECISION = Decision("林某", "考评员培训班", "AH-1", True, "符合条件。", date(2022, 12, 13), "某省人力资源和社会保障厅")


@pytest.fixture
def canary():
    """A local server that remembers every request."""
    hits = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            hits.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/canary", hits
    server.shutdown()
    server.server_close()


def payloads(url: str) -> list[str]:
    svg = f"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'><image href='{url}'/></svg>"
    file_svg = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/hostname'/></svg>"
    return [payload for target in (url, "file:///etc/hostname") for payload in (
        f'<img src="{target}">',
        f'<link rel=attachment href="{target}">',
        f'<link rel=stylesheet href="{target}">',
        f'<style>@import url({target});</style>',
        f'<style>@import "{target}"; p {{ background: url({target}) }}</style>',
        f'<style>@font-face {{ font-family: x; src: url({target}) }} p {{ font-family: x }}</style>',
        f'<p style="background:url({target});content:url({target})">x</p>',
        f'<object data="{target}"></object><embed src="{target}">',
        f'<iframe src="{target}"></iframe>',
        f'<svg><image href="{target}"/><use href="{target}#x"/></svg>',
        f'<a rel=attachment href="{target}">x</a>',
        f'<base href="{target}"><img src="x.png">',
        f'<meta http-equiv="refresh" content="0;url={target}">',
    )] + [f'<img src="{svg}">', f'<img src="{file_svg}">', "{{ 7*7 }} {% include '/etc/hostname' %}"]


def test_hostile_text_in_name_unit_and_remark_fetches_nothing(canary):
    url, hits = canary
    with open("/etc/hostname", encoding="utf-8") as file:
        secret = file.read().strip()
    tried = payloads(url)
    for payload in tried:
        paper = Paper(decision_pdf(Decision(payload, payload, "AH-1", False, payload, date(2022, 12, 13), payload,
                                            unit=payload, advice=payload)))
        assert paper.embedded() == []
        assert paper.has(payload), "the text is printed as the text it is"
        assert secret not in paper.text.replace(payload, "")
    assert hits == []
    assert len(tried) > 25


def test_a_template_that_asks_for_foreign_things_is_stopped(canary):
    """The positive control: the same payloads, not escaped, reach the fetcher and end the rendering there."""
    url, hits = canary
    stopped = 0
    for payload in payloads(url):
        try:
            content = rendering._write_pdf("decision", f"<html lang=zh-CN><title>x</title><p>x</p>{payload}", {})
        except RuntimeError:
            stopped += 1
        else:
            assert [thing for thing in Paper(content).embedded() if thing != "/URI"] == []
    assert hits == []
    assert stopped >= 10


def test_without_our_fetcher_the_canary_would_sing(canary):
    """Shows that the server of these tests does notice a request."""
    from weasyprint import HTML

    url, hits = canary
    HTML(string=f'<img src="{url}">').write_pdf()
    assert hits == ["/canary"]


def test_same_data_gives_the_same_bytes():
    first = decision_pdf(DECISION)
    assert decision_pdf(DECISION) == first
    assert "/CreationDate" not in Paper(first).info()
    assert hashlib.sha256(first).digest() != hashlib.sha256(decision_pdf(
        Decision("林某", "考评员培训班", "AH-2", True, "符合条件。", date(2022, 12, 13), "某厅"))).digest()


def test_a_given_date_is_the_only_one_in_the_file():
    content = render("decision", {"decision": DECISION}, created=date(2022, 12, 13))
    assert Paper(content).info()["/CreationDate"] == "D:20221213"


def test_paper_is_a4_chinese_and_titled():
    paper = Paper(decision_pdf(DECISION))
    assert paper.sizes == [(210, 297)]
    assert paper.lang() == "zh-CN"
    assert paper.info()["/Title"] == "审核结果通知书 林某"
    assert all("WenKai" in font for font in paper.fonts()), "only faces of the stacks are embedded"


def test_threads_share_the_renderer_without_harm():
    expected = decision_pdf(DECISION)
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda _: decision_pdf(DECISION), range(24))) == {expected}


def test_a_missing_value_is_an_error_and_not_a_gap():
    with pytest.raises(Exception, match="undefined"):
        render("decision", {})


def test_images_are_jpeg_or_png_of_a_bearable_size():
    svg = b"<svg xmlns='http://www.w3.org/2000/svg' width='1' height='1'></svg>"
    huge = BytesIO()
    Image.new("1", (5001, 5000)).save(huge, "PNG")
    fits = BytesIO()
    Image.new("1", (5000, 5000)).save(fits, "PNG")
    gif = BytesIO()
    Image.new("L", (2, 2)).save(gif, "GIF")
    for content in (svg, b"", b"GIF89a", gif.getvalue(), huge.getvalue()):
        with pytest.raises(Invalid, match="图片"):
            render("decision", {"decision": DECISION}, images={"portrait": content})
    assert render("decision", {"decision": DECISION}, images={"portrait": fits.getvalue()})


def test_a_text_beyond_all_measure_is_refused_before_layout():
    with pytest.raises(Invalid, match="过长"):
        decision_pdf(Decision("林某", "班", "AH-1", False, "长" * 2_000_001, date(2022, 12, 13), "某厅"))


def test_the_fast_subsetter_is_installed():
    """Without it a document takes seven times as long, and only a log line says so (measured: 320 ms instead of 46)."""
    try:
        ctypes.CDLL("libharfbuzz-subset.so.0")
    except OSError:
        pytest.fail("libharfbuzz-subset is missing: apt-get install --no-install-recommends libharfbuzz-subset0")
    from weasyprint.text.ffi import harfbuzz_subset

    assert harfbuzz_subset, "WeasyPrint does not find libharfbuzz-subset: apt-get install libharfbuzz-subset0"


def test_our_stylesheets_have_no_rule_the_engine_ignores(caplog):
    rendering._load_stylesheets.cache_clear()
    try:
        for folder in sorted(rendering._TEMPLATES.iterdir()):
            rendering._load_stylesheets(folder.name)
    finally:
        rendering._load_stylesheets.cache_clear()
    assert [record.getMessage() for record in caplog.records if record.name == "weasyprint"] == []

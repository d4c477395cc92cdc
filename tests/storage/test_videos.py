"""Videos: what is taken for one, what is whole, and that nothing of a refused one stays."""

import pytest

from portal.rules.errors import Invalid
from portal.storage import ATTACHMENT, COURSE, SCAN, VIDEO, Store
from tests.storage import corpus, videos


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


@pytest.mark.parametrize("content, name, mime", [
    (videos.mp4(), "课.mp4", "video/mp4"), (videos.mp4(index_first=False), "课.MP4", "video/mp4"),
    (videos.mp4(), "课.m4v", "video/mp4"), (videos.mp4(), None, "video/mp4"),
    (videos.webm(), "课.webm", "video/webm"), (videos.webm(promised=(1 << 56) - 1), "课.webm", "video/webm"),
])  # fmt: skip
def test_what_plays_is_kept_as_it_is(store, content, name, mime):
    kept = store.keep(content, name, VIDEO)
    assert (kept.mime, kept.pages, kept.size) == (mime, 0, len(content))
    assert store.read(kept.path) == content and store.place_of(kept.path).is_file()
    with pytest.raises(Invalid, match="无法生成预览"):
        store.preview(kept.path)


@pytest.mark.parametrize("content, name, words", [
    (videos.mp4()[:-1], "a.mp4", "不完整"), (videos.mp4() + b"x", "a.mp4", "不完整"),
    (videos.box(b"ftyp", b"isom\0\0\2\0") + videos.box(b"mdat", bytes(9)), "a.mp4", "不完整"),
    (videos.mp4()[:24] + b"\0\0\0\1moov" + (2**63).to_bytes(8, "big"), "a.mp4", "不完整"),
    (videos.webm(promised=1001), "a.webm", "不完整"), (videos.webm()[:16], "a.webm", "不完整"),
    (videos.mp4(), "a.webm", "扩展名"), (videos.mp4(), "a.exe", "扩展名"),
    (b"\0\0\0\x14ftypqt  \0\0\0\0qt  " + bytes(99), "a.mov", "不能作为视频"),
    (b"\x1aE\xdf\xa3\x87B\x82\x84matr" + bytes(99), "a.mkv", "不能作为视频"),
    (b"<html><script>", "a.mp4", "不能作为视频"), (b"", "a.mp4", "文件是空的"),
    (b"\0\0\0\x18ftyp", "a.mp4", "不能作为视频"),
])  # fmt: skip
def test_what_is_broken_or_something_else_is_refused_and_leaves_nothing(store, tmp_path, content, name, words):
    with pytest.raises(Invalid, match=words):
        store.keep(content, name, VIDEO)
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []


@pytest.mark.parametrize("cut", range(0, 200, 7))
def test_every_cut_of_a_video_is_seen(store, cut):
    with pytest.raises(Invalid):
        store.keep(videos.mp4(64)[: cut + 1], "a.mp4", VIDEO)


@pytest.mark.parametrize("limits", [SCAN, ATTACHMENT, COURSE])
def test_a_video_is_nothing_else(store, limits):
    with pytest.raises(Invalid, match="MP4 视频"):
        store.keep(videos.mp4(), "a.mp4", limits)


def test_a_pdf_is_no_video_and_only_a_pdf_is_a_course_paper(store):
    with pytest.raises(Invalid, match="不能作为视频"):
        store.keep(corpus.pdf(), "a.pdf", VIDEO)
    assert store.keep(corpus.pdf(pages=3), "a.pdf", COURSE).pages == 3
    with pytest.raises(Invalid, match="请上传 PDF"):
        store.keep(corpus.jpeg(), "a.jpg", COURSE)

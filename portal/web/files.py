"""Stored files on their way out, as attachments or pictures of pages; the caller has checked the right to see them."""

from io import BytesIO

from flask import current_app, make_response, request, send_file
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from portal.models import FileVersion
from portal.storage import PREVIEW_WIDTHS, Store

# A stored file is never part of our pages: whatever it holds, the browser gives it no rights.
SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; sandbox"


def store() -> Store:
    """The store of uploads of this instance."""
    return Store(current_app.config["PORTAL"].uploads)


def send(version: FileVersion, *, download: bool = False):
    """The file itself: pictures and PDF may open in the browser, everything else is always a download."""
    inline = not download and version.mime in ("image/jpeg", "image/png", "application/pdf")
    response = send_file(
        store().open(version.path), mimetype=version.mime, as_attachment=not inline, download_name=version.name
    )
    response.headers["Content-Security-Policy"] = SANDBOX
    return response


def play(version: FileVersion):
    """A video in the parts a player asks for: 206 for a byte range, 416 for one beyond the end, all of it otherwise."""
    try:
        response = send_file(
            store().place_of(version.path), mimetype=version.mime, download_name=version.name, conditional=True,
            etag=version.sha256,
        )  # fmt: skip
    except RequestedRangeNotSatisfiable:
        response = make_response("", 416)
        response.headers["Content-Range"] = f"bytes */{version.size}"
    response.headers["Content-Security-Policy"] = SANDBOX
    return response


def preview(version: FileVersion, page: int = 1):
    """One page of the file as a picture, at the width asked for in the address (`w`, in pixels)."""
    width = min(PREVIEW_WIDTHS, key=lambda known: abs(known - request.args.get("w", 1200, type=int)))
    picture = store().preview(version.path, page, width)
    response = make_response(picture)
    response.mimetype = "image/png" if picture[:4] == b"\x89PNG" else "image/jpeg"
    response.headers["Content-Security-Policy"] = SANDBOX
    response.headers["Cache-Control"] = "private, max-age=600"
    return response


def send_bytes(content: bytes, name: str, mime: str = "application/pdf"):
    """A document that was just made, under its Chinese file name."""
    return send_file(BytesIO(content), mimetype=mime, as_attachment=True, download_name=name)

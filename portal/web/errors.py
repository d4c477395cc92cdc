"""What a refusal looks like: each error mapped once to a page or a piece; and the headers of every answer."""

from flask import Flask, current_app, g, make_response, request
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, SecurityError

from portal.actions.guessing import TooManyTries
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.storage import DiskFull
from portal.web.pages import is_partial, show

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "media-src 'self'; connect-src 'self'; form-action 'self'; frame-src 'self'; frame-ancestors 'self'; "
    "base-uri 'none'; manifest-src 'self'"
)


def install(app: Flask) -> None:
    """Map the errors and set the headers of this application."""
    app.register_error_handler(NotAllowed, lambda error: refuse(403, error.message))
    app.register_error_handler(Stale, lambda error: refuse(409, error.message))
    app.register_error_handler(Invalid, lambda error: refuse(422, error.message))
    app.register_error_handler(TooManyTries, lambda error: refuse(429, error.message))
    app.register_error_handler(DiskFull, lambda error: refuse(503, error.message))
    app.register_error_handler(CSRFError, lambda error: refuse(400, "页面已过期或表单校验失败，请刷新页面后重试。"))
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _crash)
    app.after_request(set_headers)


def refuse(status: int, text: str = ""):
    """The error page of a status, or for HTMX the message piece; the words say what to do."""
    message = {"tone": "bad", "text": text, "details": ()} if text else None
    page = f"errors/{status}.html" if status in _PAGES else "errors/400.html"
    if is_partial():
        # The target of the request may be anything on the page; the message has its own place.
        response = show(page, pieces=("shared/_message.html",), status=status, message=message or _words(status))
        response.headers["HX-Retarget"] = "#message"
        response.headers["HX-Reswap"] = "outerHTML"
        return response
    return show(page, status=status, message=message)


def set_headers(response):
    """Headers of every answer: nothing inline, nothing framed by others, signed-in pages never cached."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", POLICY)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("X-Frame-Options", "SAMEORIGIN")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
    if current_app.config["PORTAL"].https:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if request.endpoint not in ("static", "assets.htmx"):
        headers.add("Vary", "Cookie")
        if current_user.is_authenticated or "_flashes" in g:
            headers["Cache-Control"] = "no-store"
        else:
            headers.setdefault("Cache-Control", "no-cache")
    return response


_PAGES = {400, 403, 404, 409, 413, 422, 429, 500, 503}
_WORDS = {
    400: "请求不完整或页面已过期，请刷新页面后重试。",
    403: "您当前的身份不能进行这项操作。如果您有多个身份，请先切换身份。",
    404: "没有找到您要的内容，可能已被移走，或不属于您的单位。",
    405: "这个地址不支持这样的操作，请从页面上的按钮进入。",
    413: "上传的内容太大，请压缩后重试。",
    429: "操作过于频繁，请稍后再试。",
    500: "系统出了问题，您的操作没有保存。请稍后重试；如仍不行，请联系技术人员。",
    503: "系统正忙，您的操作没有保存，请稍后重试。",
}


def _words(status: int) -> dict:
    return {"tone": "bad", "text": _WORDS.get(status, _WORDS[400]), "details": ()}


def _http(error: HTTPException):
    if error.code is None or error.code < 400:
        return error
    if isinstance(error, SecurityError):
        # A host that is not ours (PORTAL_HOSTS): no address can be built for it, so no page of ours can be drawn.
        return make_response("请求的网址不正确。", 400, {"Content-Type": "text/plain; charset=utf-8"})
    return refuse(error.code) if error.code in _PAGES else refuse(400, _WORDS.get(error.code, ""))


def _crash(error: Exception):
    """A full disk and a locked database have their own words; everything else is logged and answered with 500."""
    text = " ".join(str(each) for each in _chain(error))
    if isinstance(error, OverflowError) and "SQLite INTEGER" in text:
        return refuse(404)  # an id in the address that is larger than any id can be
    current_app.logger.exception("unhandled error on %s", request.endpoint)
    if "database or disk is full" in text or any(getattr(each, "errno", None) == 28 for each in _chain(error)):
        return refuse(503, "服务器磁盘空间已满，您的操作没有保存，请联系技术人员清理后重试。")
    if "database is locked" in text:
        return refuse(503)
    if current_app.config.get("PROPAGATE_EXCEPTIONS") or current_app.testing:
        raise error
    return refuse(500)


def _chain(error: BaseException | None):
    """The error and what it happened during: on a full disk SQLite rolls back by itself, and peewee's own rollback then
    fails and hides the cause."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__

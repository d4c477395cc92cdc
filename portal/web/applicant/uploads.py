"""Files in and out at the applicant's door: keeping uploads, and showing only what belongs to oneself (R13.08)."""

from flask import abort, request, url_for

from portal.actions.files import remove_file
from portal.models import Case, FileVersion
from portal.rules.errors import Invalid, NotAllowed
from portal.storage import PORTRAIT, SCAN
from portal.web.applicant import blueprint
from portal.web.files import preview, send, store
from portal.web.guards import actor
from portal.web.pages import get_or_404, go

MOST_FILES = 12


def keep_scans(field: str) -> list:
    """Check and keep every file sent under this name; raises Invalid for the first bad one, and then none counts."""
    uploads = [upload for upload in request.files.getlist(field) if upload.filename]
    if len(uploads) > MOST_FILES:
        raise Invalid(field, f"一次最多上传{MOST_FILES}个文件，请分几次上传，或合成一个PDF文件。")
    return [store().keep(upload.stream, upload.filename, SCAN, field=field) for upload in uploads]


def portrait_of(upload):
    """Check and keep a photo; raises Invalid also when there is none."""
    if upload is None or not upload.filename:
        raise Invalid("portrait", "请选择照片。")
    return store().keep(upload.stream, upload.filename, PORTRAIT, field="portrait")


def own_file(id: int) -> FileVersion:
    """A file of the signed-in person or of an own registration, else 404."""
    version = get_or_404(FileVersion.select().where(FileVersion.id == id))
    kind, _, number = version.owner.partition(":")
    if kind == "person" and int(number) == actor().person:
        return version
    if kind == "case" and Case.visible_to(actor()).where(Case.id == int(number)).exists():
        return version
    abort(404)


@blueprint.get("/files/<int:id>")
def open_file(id: int):
    """The file itself; `?download=1` saves it."""
    return _found(lambda: send(own_file(id), download=request.args.get("download") == "1"))


@blueprint.get("/files/<int:id>/pages/<int:page>")
def open_page(id: int, page: int):
    """One page as a picture."""
    return _found(lambda: preview(own_file(id), page))


@blueprint.post("/files/<int:id>/remove")
def remove_own_file(id: int):
    """Take a scan of the profile out of use; it stays on record (R12.04)."""
    version = own_file(id)
    if not version.owner.startswith("person:") or not version.slot.endswith(".scan"):
        raise NotAllowed("这份文件不能删除，可以上传新的文件替换。")
    remove_file(version, actor=actor())
    row = version.slot.split(".")
    endpoint = {"qualification": "applicant.edit_qualification", "work": "applicant.edit_work"}[row[0]]
    return go(url_for(endpoint, id=int(row[1]), case=request.form.get("case", type=int)), "文件已移除。")


def _found(read):
    try:
        return read()
    except FileNotFoundError:
        abort(404)

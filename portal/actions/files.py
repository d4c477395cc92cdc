"""Uploaded files as rows: each keeping is a new version, none is ever overwritten (R12.04)."""

from peewee import fn

from portal import clock
from portal.database import transaction
from portal.models import FileVersion
from portal.rules.workflow import Actor


def keep_file(*, owner: str, slot: str, kept, actor: Actor) -> FileVersion:
    """Write the row of a file that storage has kept (`kept` is a storage.Kept); its version follows the newest one's.

    Call it after the bytes are safely on disk: a file without a row is swept away, a row without a file never exists.
    """
    with transaction():
        newest = (
            FileVersion.select(fn.MAX(FileVersion.version))
            .where(FileVersion.owner == owner, FileVersion.slot == slot)
            .scalar()
        )
        return FileVersion.create(
            owner=owner,
            slot=slot,
            version=(newest or 0) + 1,
            path=kept.path,
            sha256=kept.sha256,
            size=kept.size,
            mime=kept.mime,
            pages=kept.pages,
            name=kept.name,
            by=actor.user,
            at=clock.now(),
        )


def remove_file(version: FileVersion, *, actor: Actor) -> None:
    """Take a file out of use; it stays in the record and opens from the trail."""
    with transaction():
        FileVersion.update(removed_at=clock.now()).where(FileVersion.id == version.id).execute()

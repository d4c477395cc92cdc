"""The first bytes of a credential as a row: entered once, with their hash in the record, never replaced."""

from portal import clock
from portal.actions import sealing
from portal.actions.card_moves import subject_of
from portal.actions.events import record
from portal.database import transaction
from portal.models import Credential, FileVersion
from portal.rules.workflow import Actor
from portal.storage import Kept

SLOT = "credential"


def keep_rendered(credential: int, kept: Kept, *, actor: Actor) -> bool:
    """Enter rendered bytes as the credential's document; False when it has one already, which then stays.

    Call it after the bytes are safely on disk; a file that lost the race is swept with other files without a row.
    """
    with transaction():
        if Credential.get_by_id(credential).file_id is not None:
            return False
        version = FileVersion.create(
            owner=f"credential:{credential}", slot=SLOT, version=1, path=kept.path, sha256=kept.sha256, size=kept.size,
            mime=kept.mime, pages=kept.pages, name=kept.name, by=actor.user, at=clock.now(),
        )  # fmt: skip
        row = Credential.get_by_id(credential)
        Credential.update(file=version.id).where(Credential.id == credential).execute()
        record(
            sealing.RENDERED, "生成证书文件", actor=actor, subject=subject_of(row),
            data={"number": row.number, "sha256": kept.sha256},
        )  # fmt: skip
        return True

"""The page of a statement's case: what is said, against which decision, with which evidence; 采纳 or 不予采纳."""

from types import SimpleNamespace

from flask import url_for

from portal.models import Case, Statement
from portal.models.dossiers import Dossier, dossier_of
from portal.models.statements import EVIDENCE, Decided, decided_of
from portal.rules.flows.statement import State
from portal.rules.kinds import KINDS
from portal.web.desk.case_words import document_of, shared_context
from portal.web.desk.forms import DecisionForm
from portal.web.guards import actor

# Where an upheld statement is acted on, by what it is against: pages of the province's door.
_PLACES = {
    "strike": ("撤销这次认定", "province.annul"),
    "bar": ("解除这项决定", "province.bar"),
    "credential": ("恢复或重新办理证书（证卡）", "province.card"),
}


def context_of(found: Case, *, form: DecisionForm | None = None, typed=None) -> dict:
    """Everything the statement's templates need."""
    dossier = dossier_of(found, actor())
    shared = shared_context(found, dossier)
    statement = Statement.get_by_id(found.id)
    decided, outcomes = decided_of(statement), KINDS[found.kind].outcomes
    return {
        **shared,
        "form": form or DecisionForm(formdata=None),
        "documents": _documents(dossier, f"{shared['href']}/files"),
        "statement": statement,
        "by": statement.organisation.name if statement.organisation_id else "本人",
        "decided": decided,
        "pass_word": outcomes["pass"][1],
        "reject_word": outcomes["reject"][1],
        "upheld": found.state == State.UPHELD,
        "place": place_of(decided),
        "can_record": None,
        "is_final": False,
    }


def place_of(decided: Decided) -> SimpleNamespace:
    """Where the attacked decision can be taken back, as label and address."""
    label, endpoint = _PLACES[decided.kind]
    return SimpleNamespace(label=label, href=url_for(endpoint, id=decided.row.id))


def _documents(dossier: Dossier, base: str) -> list[SimpleNamespace]:
    files = dossier.submission.files.get(EVIDENCE, []) if dossier.submission else []
    return [document_of(dossier, base, id_, "证据材料", ("", ""), files) for id_ in files if id_ in dossier.files]

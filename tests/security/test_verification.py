"""Attacks on public verification: guessing, telling apart what answers the same, injecting, reading personal data."""

import re
import secrets

import pytest

from portal.database import database
from portal.models import Credential
from portal.models.verification import find_by_token
from portal.rules.flows.credential import State
from tests import make
from tests.make_credentials import issuer_of, make_credential, make_passed
from tests.pages import identity_numbers, parse
from tests.security.test_payloads import PAYLOADS

GUESSES = 100_000
TOKEN = re.compile(r'name="csrf_token" value="[^"]+"')
INPUT = re.compile(r'(<input [^>]*name="(?:number|name)"[^>]*) value="[^"]*"')


@pytest.fixture
def cards(app, at):
    """Ten cards of one class."""
    from portal.actions import issuing

    at("2023-03-01 10:00")
    organisation, plan = make.make_organisation(), make.make_plan()
    rows = [make_passed(plan, organisation) for _ in range(10)]
    return issuing.issue_credentials(plan, rows, actor=issuer_of("sichuan")).credentials


def ask(client, number, name="", **kw):
    """A look-up with the form's own token, each from an address of its own unless told."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/verify").text)[1]
    address = kw.pop("address", f"10.{secrets.randbelow(250)}.{secrets.randbelow(250)}.{secrets.randbelow(250)}")
    return client.post("/verify", data={"csrf_token": token, "number": number, "name": name},
                       environ_overrides={"REMOTE_ADDR": address})  # fmt: skip


def shape(answer) -> str:
    """The answer without what was typed and without the form's token."""
    return INPUT.sub(r"\1", TOKEN.sub("", answer.text))


def test_a_hundred_thousand_guessed_tokens_hit_nothing(app, cards):
    """No guess of the right kind is anybody's token (ASVS 11.5.1: 128 random bits)."""
    tokens = {card.token for card in cards}
    assert len(tokens) == len(cards) and all(len(token) >= 22 for token in tokens)
    assert find_by_token(cards[0].token) == cards[0].id  # control: the right one is found
    assert not any(find_by_token(secrets.token_urlsafe(16)) for _ in range(GUESSES))
    # Neither is a counter, a number or an id one.
    client = app.test_client()
    for guess in (*(str(card.id) for card in cards), *(card.number for card in cards), "%", "_" * 22, "' OR 1=1 --"):
        answer = client.get(f"/verify/t/{guess}")
        assert answer.status_code == 404 and "没有查到" in answer.text, guess


def test_an_unknown_number_and_a_wrong_name_answer_the_same(app, cards):
    """Same status, headers, words and length, after the same statements to the database."""
    client, known = app.test_client(), cards[3]
    unknown = known.number[:-5] + "99999"
    assert Credential.select().where(Credential.number == unknown).count() == 0
    ask(client, unknown)  # both have been here before
    answers, statements = [], []
    for number, name in ((unknown, known.name), (known.number, "赵不对"), (unknown, "赵不对"), (unknown, "")):
        seen: list[str] = []
        database.connection().set_trace_callback(seen.append)
        answers.append(ask(client, number, name))
        database.connection().set_trace_callback(None)
        statements.append([re.sub(r"'[^']*'", "?", statement) for statement in seen])
    first = answers[0]
    for answer, ran in zip(answers, statements, strict=True):
        assert answer.status_code == 200 and shape(answer) == shape(first)
        assert dict(answer.headers) | {"Content-Length": ""} == dict(first.headers) | {"Content-Length": ""}
        assert ran == statements[0] and any("credential" in statement for statement in ran)
    # Control: the right name is another answer.
    assert shape(ask(client, known.number, known.name)) != shape(first)
    assert shape(ask(client, known.number)) != shape(first)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_is_typed_is_shown_as_text_only(app, cards, payload):
    for number, name in ((payload[:60], "甲"), ("X1", payload[:60])):
        answer = ask(app.test_client(), number, name)
        assert answer.status_code in (200, 422)
        if "<" in payload[:60]:
            assert payload[:60] not in answer.text
        for element in parse(answer.text).iter():
            if isinstance(element.tag, str):
                live = [name for name in element.attrib if name.startswith(("on", "hx-", "data-hx", "style"))]
                assert not live and (element.tag != "script" or element.get("src")), (element.tag, live)


def test_an_injected_hx_get_in_a_name_does_nothing(app, db, at):
    """A holder whose name carries markup is printed as text (htmx acts on attributes of elements only)."""
    at("2023-03-01 10:00")
    name = '<b hx-get="/verify" hx-trigger="load">张'
    organisation = make.make_organisation(name='<i hx-get="/" hx-trigger="load">单位')
    card = make_credential(registration=make_passed(
        make.make_plan(), organisation, make.make_person(organisation, name=name)))  # fmt: skip
    for answer in (ask(app.test_client(), card.number, name), app.test_client().get(f"/verify/t/{card.token}")):
        assert "&lt;b hx-get=" in answer.text and "<b hx-get" not in answer.text and "<i hx-get" not in answer.text


def test_no_identity_number_on_any_answer(app, cards):
    client = app.test_client()
    for card in cards:
        Credential.update(state=State.VALID).where(Credential.id == card.id).execute()
        for answer in (ask(client, card.number), ask(client, card.number, card.name), ask(
                client, card.printed["id_number"], card.name), client.get(f"/verify/t/{card.token}")):  # fmt: skip
            assert identity_numbers(answer.text) == [] and card.printed["id_number"] not in answer.text


def test_a_photo_ticket_is_nobodys_but_the_signers(app, cards):
    """Ids, other signatures, and a ticket of another purpose are "not found"."""
    from itsdangerous import URLSafeSerializer

    client = app.test_client()
    value = {"credential": cards[0].id, "until": "2099-01-01T00:00:00"}
    own = URLSafeSerializer(app.secret_key, salt="verification-portrait").dumps(value)
    forged = [
        "1", own[:-1], own + "A", URLSafeSerializer("another", salt="verification-portrait").dumps(value),
        URLSafeSerializer(app.secret_key, salt="verification-form").dumps(value),
        *(URLSafeSerializer(app.secret_key, salt="verification-portrait").dumps(odd)
          for odd in (1, [], "x", {"until": "2099-01-01"}, {"credential": 1}, {"credential": 1, "until": 5})),
    ]  # fmt: skip
    for ticket in forged:
        assert client.get(f"/verify/portrait/{ticket}").status_code == 404, ticket


def test_the_form_is_not_a_way_around_its_token(app, cards):
    """Without a token of ours no look-up happens, whatever else is sent."""
    client = app.test_client()
    for token in ("", "x", "IjIwOTktMDEtMDFUMDA6MDA6MDAi.abc"):
        answer = client.post("/verify", data={"csrf_token": token, "number": cards[0].number, "name": cards[0].name},
                             headers={"HX-Request": "true", "Origin": "https://evil.example"})  # fmt: skip
        assert answer.status_code == 400 and cards[0].printed["unit"] not in answer.text

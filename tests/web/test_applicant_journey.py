"""The applicant's way from an empty profile to a submitted registration, with real files through the client."""

import io

import pytest

from portal.models import Case, Person, Registration
from tests import make
from tests.actions.registering import picture, scene


def sign_in(client, person):
    return client.sign_in(make.grant_of(person))


def test_from_draft_to_submission(client, page, at):
    at("2022-12-10 10:00")
    s = scene()
    sign_in(client, s.person)
    listed = page("/applicant/registrations")
    assert "报名" in listed.text
    form = listed.press(f"/applicant/plans/{s.plan.id}/register")
    case = Case.get()
    assert form.url == f"/applicant/registrations/{case.id}/edit"
    done = form.press("add-qualification", kind="职业资格", occupation_name="汽车维修工", level="1", number="1723",
                      issuer="省中心", issued_on="2019-05-10", material_kind="scan",
                      scan=(io.BytesIO(picture()), "证书.jpg"))
    done = done.press("add-qualification", kind="考评员", occupation_name="汽车维修工", grade="考评员", number="K1",
                      issuer="省中心", issued_on="2019-05-10", material_kind="scan",
                      scan=(io.BytesIO(picture()), "证书.jpg"))
    work = page(f"/applicant/work/new?case={case.id}").press("work-form", organisation_name="云帆", starts_on="2018年1月1日", ends_on="2021-12-31")
    done = page(f"/applicant/registrations/{case.id}/edit")
    print(done.values("registration-form"))
    done = done.press("registration-form", occupation=str(make.make_occupation().id), health="yes", declarations=["mastery", "code_of_conduct"], next="1")
    assert done.url.endswith("/confirm"), done.text
    print(done.text)
    after = done.press("submit-form", declared="yes")
    print(after.text)
    assert Case.get().state == "under_review"

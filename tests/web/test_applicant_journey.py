"""The applicant's way from a complete profile to a submitted registration, with real files through the client."""

import io

from portal.models import Case, Submission
from tests import make
from tests.actions.registering import picture, scene


def test_from_the_list_to_the_receipt(client, page, at):
    at("2022-12-10 10:00")
    s = scene()
    client.sign_in(make.grant_of(s.person))
    form = page("/applicant/registrations").press(f"/applicant/plans/{s.plan.id}/register")
    case = Case.get()
    assert form.url == f"/applicant/registrations/{case.id}/edit"
    issued = {"occupation_name": "汽车维修工", "issuer": "省中心", "issued_on": "2019-05-10", "material_kind": "scan"}
    held = ({"kind": "职业资格", "level": "1", "number": "1723"}, {"kind": "考评员", "grade": "考评员", "number": "K1"})
    for more in held:
        form = form.press("add-qualification", **issued, **more, scan=(io.BytesIO(picture()), "证书.jpg"))
    page(f"/applicant/work/new?case={case.id}").press(
        "work-form", organisation_name="云帆", starts_on="2018年1月1日", ends_on="2021-12-31"
    )
    form = page(f"/applicant/registrations/{case.id}/edit")
    confirm = form.press(
        "registration-form", occupation=str(make.make_occupation().id), health="yes",
        declarations=["mastery", "code_of_conduct"], next="1",
    )  # fmt: skip
    assert confirm.url.endswith("/confirm")
    assert "还不能提交" not in confirm.text
    done = confirm.press("submit-form", declared="yes")
    assert "报名编号：512022000001" in done.text and "待单位初审" in done.text
    assert [len(files) for files in Submission.get().files.values()].count(1) == 3

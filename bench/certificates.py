"""Certificates issued and rendered as one job, each with its own photo and QR code: rate, memory, and a naive loop.

usage: python -m bench.certificates job FOLDER COUNT [MARK …] | naive COUNT [MARK …]     (prints JSON)
"""

import io
import json
import resource
import sys
import time
from pathlib import Path

from PIL import Image, ImageDraw

from bench.rig import OUT, Report, python, say

PROVINCE, GRADE, AT_ONCE = "anhui", "senior", 1000
# Memory may grow by this factor from the hundredth document to the last; one document more a time would be far beyond.
GROWTH = 1.2


def measure(report: Report, sizes: tuple[int, ...], naive: int) -> None:
    """The section of the report: `sizes` are the numbers of documents after which memory is read, the last is all."""
    report.title(f"Certificates: {sizes[-1]:,} issued and rendered as one job, each with its own photo and QR code")
    folder = OUT / "certificates"
    say(f"issuing and rendering {sizes[-1]:,} …")
    ours = json.loads(python("bench.certificates", "job", folder, *sizes))
    say(f"rendering {naive:,} one by one …")
    theirs = json.loads(python("bench.certificates", "naive", *[size for size in sizes if size <= naive] or [naive]))
    report.line(f"issued in one transaction, {ours['batch']:,} each", f"{ours['issued']:.0f}/s")
    report.least("rendered, kept and recorded", ours["rate"], "one document, one render", theirs["rate"], 1.0, "/s")
    report.least("the same in processor time", ours["cpu_rate"], "the same", theirs["cpu_rate"], 1.0, "/s")
    first = ours["memory"][0]
    for size, used in zip(sizes, ours["memory"], strict=True):
        other = dict(theirs["memory"]).get(size)
        beside = f"naive {other:.0f} MB" if other else ""
        report.line(f"resident after {size:,}", f"{used:.0f} MB", beside, f"≤ {GROWTH} ×", used <= GROWTH * first)


# ---- in processes of their own ---------------------------------------------------------------------------------------


def run_job(folder: Path, sizes: list[int]) -> dict:
    """Issue and render the last of `sizes` documents as the worker does."""
    import shutil

    from app import create_app
    from portal import database, jobs
    from portal.actions import issuing
    from portal.actions.jobs import lease_job
    from portal.models import Credential, Plan
    from portal.settings import Settings

    shutil.rmtree(folder, ignore_errors=True)
    settings = Settings(data=folder.resolve(), testing=True).prepare()
    database.use(settings.database)
    database.open_connection()
    database.migrate()
    create_app(settings)
    database.open_connection()
    plan, issuer = seed(settings, sizes[-1])
    started = time.perf_counter()
    while waiting := list(issuing.waiting(Plan.get_by_id(plan)).limit(AT_ONCE)):
        issuing.issue_credentials(Plan.get_by_id(plan), waiting, actor=issuer)
    issued = time.perf_counter() - started
    memory, done = [], 0
    started, cpu = time.perf_counter(), time.process_time()
    while job := lease_job():
        finished = False
        while not finished:
            finished = jobs.do_step(job)
            reached = done + job.done
            while len(memory) < len(sizes) and reached >= sizes[len(memory)]:
                memory.append(resident())
        done += job.total
    took, used = time.perf_counter() - started, time.process_time() - cpu
    drawn = Credential.select().where(Credential.file.is_null(False)).count()
    if drawn != sizes[-1] or len({row.number for row in Credential.select(Credential.number)}) != drawn:
        raise SystemExit(f"{drawn} of {sizes[-1]} documents were rendered")
    return {"issued": drawn / issued, "batch": min(AT_ONCE, drawn), "rate": drawn / took, "cpu_rate": drawn / used,
            "memory": memory, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}  # fmt: skip


def run_naive(sizes: list[int]) -> dict:
    """The same pages as one would write it first: an HTML string, a style sheet, write_pdf(), for each document."""
    import base64

    import segno
    from weasyprint import CSS, HTML

    from portal.documents import fonts
    from portal.documents.render import _environment, _read_styles

    page = _environment.get_template("e_certificate/page.html")
    stacks = "".join(f"--{stack}: {families}; --{stack}-weight: {weight};" for stack in fonts.STACKS
                     for families, weight in [fonts.describe_stack(stack)])  # fmt: skip
    style = ":root {" + stacks + "}" + "".join(_read_styles("e_certificate"))
    target, memory = OUT / "naive.pdf", []
    started, cpu = time.perf_counter(), time.process_time()
    for number in range(1, sizes[-1] + 1):
        printed = compose(number)
        code = io.BytesIO()
        segno.make(printed["verify"], error="m").save(code, kind="png", scale=10, border=4)
        html = page.render(printed=printed, created=None)
        for name, content in (("portrait", draw_photo(number)), ("qr", code.getvalue())):
            html = html.replace(f"asset:{name}", "data:image/png;base64," + base64.b64encode(content).decode())
        target.write_bytes(HTML(string=html).write_pdf(stylesheets=[CSS(string=style)]))
        if number in sizes:
            memory.append((number, resident()))
    took, used = time.perf_counter() - started, time.process_time() - cpu
    return {"rate": sizes[-1] / took, "cpu_rate": sizes[-1] / used, "memory": memory}


def compose(number: int) -> dict:
    """The printed fields of one invented holder."""
    from datetime import date

    from portal.models.jurisdictions import profile_of, use_profiles
    from portal.rules import credential as rules
    from portal.settings import ROOT

    if not hasattr(compose, "profile"):
        use_profiles(ROOT / "data" / "profiles")
        compose.profile = profile_of(PROVINCE)
    profile = compose.profile
    return rules.compose_printed(
        profile.credential, profile.grade(GRADE), occupation="汽车维修工", unit="云帆技能评价有限公司",
        person=holder(number), issued_on=date(2023, 3, 1), valid_to=None, verify=f"https://example.test/verify/t/{number}",
        number=rules.write_number(profile.credential, year=2023, grade=GRADE, serial=number),
    )  # fmt: skip


def holder(number: int) -> dict:
    """An invented person: name, sex and document."""
    from portal.rules import invented

    sample = invented.make_person(number, seed="bench")
    return {"name": sample.name, "sex": sample.sex, "id_type": "居民身份证", "id_number": sample.id_number}


def draw_photo(number: int) -> bytes:
    """A portrait of usual size that is nobody else's."""
    image = Image.new("RGB", (413, 579), ((number * 37) % 120 + 100, 150, 220))
    draw = ImageDraw.Draw(image)
    draw.ellipse((110, 120, 300, 380), fill=(240, 205, 180))
    draw.rectangle((60, 400, 350, 579), fill=((number * 91) % 200, 60, 90))
    draw.text((150, 480), str(number), fill=(255, 255, 255))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90)
    return out.getvalue()


def seed(settings, count: int):
    """So many people of one plan who passed, by plain inserts; gives the plan's id and who issues."""
    from portal import clock
    from portal.database import transaction
    from portal.models import (
        Case,
        FileVersion,
        Grant,
        Occupation,
        Office,
        Organisation,
        Person,
        Plan,
        Region,
        Registration,
        User,
    )
    from portal.models.jurisdictions import profile_of
    from portal.rules.flows.registration import State
    from portal.rules.workflow import Actor, Seat
    from portal.storage import Store

    now, store = clock.now(), Store(settings.uploads)
    with transaction():
        region = Region.create(code="340100", name="合肥市", level="city", province=PROVINCE)
        unit = Organisation.create(name="云帆技能评价有限公司", unit_kind="city", region=region, province=PROVINCE)
        office = Office.create(name=profile_of(PROVINCE).wording.centre, level="province", body="centre",
                               province=PROVINCE)  # fmt: skip
        plan = Plan.create(
            office=office, province=PROVINCE, name="培训班", grade=GRADE, state="published", created_at=now
        )
        occupation = Occupation.create(edition="2015", code="4-12-01-01", name="汽车维修工", klass="4")
        user = User.create(login="issuer", name="发证员", password_hash="!", created_at=now)
        Grant.create(user=user, office=office, seat=str(Seat.PROVINCE_CENTRE), granted_at=now)
    for number in range(1, count + 1):
        kept = store.keep_issued(draw_photo(number), "照片.jpg", kind="jpeg")
        about = holder(number)
        with transaction():
            portrait = FileVersion.create(
                owner=f"person:{number}", slot="person.portrait", version=1, path=kept.path, sha256=kept.sha256,
                size=kept.size, mime=kept.mime, name=kept.name, at=now,
            )  # fmt: skip
            person = Person.create(**{**about, "id_type": "201"}, organisation=unit, portrait=portrait,
                                   province=PROVINCE, created_at=now)  # fmt: skip
            case = Case.create(
                kind="registration", state=State.PASSED, organisation=unit, person=person, plan=plan, province=PROVINCE,
                title=person.name, number=f"B{number}", created_at=now,
            )  # fmt: skip
            Registration.create(case=case, plan=plan, person=person, organisation=unit, occupation=occupation)
    return plan.id, Actor(user.id, user.name, Seat.PROVINCE_CENTRE, office.id, office.name, PROVINCE)


def resident() -> float:
    """What this process holds in memory now, in MB."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    marks = [int(text) for text in rest[what == "job":]]
    print(json.dumps(run_job(Path(rest[0]), marks) if what == "job" else run_naive(marks)))

"""The locks name no address, pin every dependency with hashes, and every dependency has a written reason."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
LOCKS = ("requirements.lock", "requirements-test.lock")


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _name(requirement: str) -> str:
    return _normal(re.match(r"[A-Za-z0-9._-]+", requirement)[0])


def _project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def _pins(lock: str) -> dict[str, str]:
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    return {_name(line): line.split("==")[1].split()[0] for line in lines if re.match(r"[A-Za-z0-9]", line)}


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_names_no_address(lock):
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.search(r"://|--?(extra-)?index|--find-links|\bfile:|@ |\w\.(com|org|net|cn|io)\b", text)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_the_lock_is_a_comment_a_pin_or_a_hash(lock):
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    shapes = r"#.*|[a-z0-9][a-z0-9-]*==[0-9][0-9a-z.]*( ; [^\\]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?"
    assert [line for line in lines if not re.fullmatch(shapes, line)] == []
    for pin, following in zip(lines, lines[1:], strict=False):
        if "==" in pin and not pin.startswith("#"):
            assert following.startswith("    --hash="), f"{pin} has no hash"


def test_test_lock_contains_the_lock_with_the_same_versions():
    run, test = _pins(LOCKS[0]), _pins(LOCKS[1])
    assert run and {name: test.get(name) for name in run} == run


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_holds_every_dependency_at_or_above_its_floor(lock):
    project, pins = _project(), _pins(lock)
    wanted = list(project["dependencies"])
    if lock == LOCKS[1]:
        wanted += [line for extra in project["optional-dependencies"].values() for line in extra]
    for requirement in wanted:
        name, sign, floor = re.fullmatch(r"([A-Za-z0-9._-]+)(>=|==)([0-9.]+)", requirement).groups()
        found = pins[_normal(name)]
        assert _version(found) >= _version(floor), f"{name} {found} is below {floor}"
        assert sign == ">=" or found == floor


def test_every_dependency_has_a_reason_and_every_reason_a_dependency():
    project = _project()
    wanted = project["dependencies"] + [line for extra in project["optional-dependencies"].values() for line in extra]
    text = (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8")
    section = text.split("## Dependencies")[1].split("\n## ")[0]
    reasons = [_normal(name) for name in re.findall(r"^- `([^`]+)` — \S", section, re.MULTILINE)]
    assert sorted(reasons) == sorted(_name(line) for line in wanted)

"""No province and no city is named in code: what differs between them stands in the profiles (R0.27)."""

import ast
from pathlib import Path

import pytest

from portal.rules.profile import load_profiles

ROOT = Path(__file__).parents[2]
# Invented people need places to live in, and demo data follows the source documents.
EXEMPT = {ROOT / "portal" / "rules" / "invented.py"}
MODULES = [
    file
    for file in sorted((ROOT / "portal").rglob("*.py"))
    if file not in EXEMPT and not any("demo" in part for part in file.relative_to(ROOT).parts)
]


def place_names() -> set[str]:
    """Short and full names of the profiles' provinces and cities, and the profiles' own keys."""
    names = set()
    for profile in load_profiles(ROOT / "data" / "profiles").values():
        cities = [region.name for region in profile.regions if region.kind == "city"]
        names |= {profile.key, profile.name.removesuffix("省"), *(city.removesuffix("市") for city in cities)}
        names |= {city[:2] for city in cities if not city.endswith("市")}
    return names


NAMES = place_names()


def find_places(source: str) -> list[str]:
    """The string literals that name a place; docstrings explain and cite, so they do not count."""
    tree = ast.parse(source)
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in documentation
        and any(name in node.value.lower() for name in NAMES)
    ]


def test_the_search_would_find_a_place():
    assert {"安徽", "四川", "合肥", "成都", "阿坝", "anhui"} <= NAMES
    assert find_places('x = "在合肥市"') == ["在合肥市"]
    assert find_places('def f():\n    """合肥市"""\n    return f"{1}四川省"') == ["四川省"]
    assert find_places('if key == "Sichuan": pass') == ["Sichuan"]
    assert find_places('"""安徽"""\nx = "本省"') == []


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_place_is_named_in_code(file):
    assert find_places(file.read_text(encoding="utf-8")) == []

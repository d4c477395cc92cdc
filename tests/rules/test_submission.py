"""The items of a submission, and what changed between two of them."""

import copy

import pytest

from portal.rules.submission import FILE_LABELS, Item, changes, items

DATA = {
    "person": {"name": "赵启明", "phone": "13900000001", "education": None, "unknown": "不显示"},
    "registration": {
        "occupation": {"id": 4, "label": "汽车维修工"},
        "reviewer": None,
        "health": False,
        "declarations": [{"key": "truthful", "label": "信息真实"}, {"key": "clean", "label": "廉洁自律"}],
    },
    "qualifications": [
        {"id": 12, "kind": "职业资格", "level": "一级/高级技师", "number": "17001", "issuer": "", "valid_to": None},
        {"id": 15, "kind": "考评员", "level": "考评员", "number": "K1"},
    ],
    "work": [{"id": 3, "organisation": "云帆技能评价有限公司", "from": "2018-01-01", "to": ""}],
}
FILES = {
    "person.portrait": [7],
    "qualification.12.scan": [8, 9],
    "work.3.scan": [],
    "stamped_form": [11],
}


def submission(change=None):
    """(data, files), changed by a function of both."""
    data, files = copy.deepcopy(DATA), copy.deepcopy(FILES)
    if change:
        change(data, files)
    return items(data, files)


def keys(found) -> list[str]:
    return [change.key for change in found]


def test_items_come_in_reading_order_with_stable_keys():
    assert [item.key for item in submission()] == [
        "person.portrait", "person.name", "person.education", "person.phone",
        "registration.occupation", "registration.reviewer", "registration.health", "registration.declarations",
        "qualification.12", "qualification.12.scan", "qualification.15", "qualification.15.scan",
        "work.3", "work.3.scan", "stamped_form",
    ]  # fmt: skip


def test_values_are_words():
    found = {item.key: item for item in submission()}
    assert found["registration.occupation"].value == "汽车维修工"
    assert found["registration.health"].value == "否"
    assert found["registration.declarations"].value == "信息真实；廉洁自律"
    assert found["registration.reviewer"].value == found["person.education"].value == ""
    assert found["qualification.12"].value == "证书类别：职业资格；等级：一级/高级技师；证书编号：17001"
    assert found["work.3"].value == "考评单位：云帆技能评价有限公司；开始日期：2018-01-01"
    assert found["qualification.12.scan"].files == (8, 9)
    assert found["qualification.15.scan"].files == () and found["stamped_form"].files == (11,)


def test_files_are_files_and_values_are_not():
    assert {item.key for item in submission() if item.is_file} == {
        "person.portrait", "qualification.12.scan", "qualification.15.scan", "work.3.scan", "stamped_form",
    }  # fmt: skip
    assert set(FILE_LABELS) <= {item.key for item in submission()}


def test_an_empty_submission_still_asks_for_portrait_and_form():
    assert [item.key for item in items({}, {})] == ["person.portrait", "stamped_form"]


def test_nothing_changed():
    assert changes(submission(), submission()) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda data, files: data["person"].update(phone="13900000002"), ["person.phone"]),
        (lambda data, files: data["registration"].update(health=True), ["registration.health"]),
        (lambda data, files: data["registration"]["declarations"].pop(), ["registration.declarations"]),
        (lambda data, files: data["qualifications"][0].update(level="二级/技师"), ["qualification.12"]),
        (lambda data, files: data["qualifications"][0].update(issuer="省中心"), ["qualification.12"]),
        (lambda data, files: files["qualification.12.scan"].reverse(), ["qualification.12.scan"]),
        (lambda data, files: files.update({"work.3.scan": [20]}), ["work.3.scan"]),
        (lambda data, files: files.update({"stamped_form": []}), ["stamped_form"]),
        # What only the machine reads (material_key, ids of choices) is no change that a reviewer has to look at.
        (lambda data, files: data["qualifications"][0].update(material_key="scan"), []),
    ],
)
def test_one_change_is_one_line(change, expected):
    found = changes(submission(), submission(change))
    assert keys(found) == expected
    for line in found:
        assert line.before is not None and line.after is not None
        assert (line.before.value, line.before.files) != (line.after.value, line.after.files)


def test_a_new_row_has_no_before_and_an_empty_place_for_files_is_no_news():
    after = submission(lambda data, files: data["work"].append({"id": 9, "organisation": "新单位"}))
    found = changes(submission(), after)
    assert keys(found) == ["work.9"]
    assert found[0].before is None and found[0].after.value == "考评单位：新单位"


def test_a_removed_row_has_no_after_and_comes_last():
    after = submission(lambda data, files: (data["qualifications"].pop(0), data["person"].update(name="钱")))
    found = changes(submission(), after)
    assert keys(found) == ["person.name", "qualification.12", "qualification.12.scan"]
    assert [line.after is None for line in found] == [False, True, True]
    # The other qualification keeps its key although it now is the first one.
    assert "qualification.15" not in keys(found)


def test_a_moved_row_is_no_change():
    assert changes(submission(), submission(lambda data, files: data["qualifications"].reverse())) == []


def test_changes_are_symmetric_in_what_they_name():
    after = submission(lambda data, files: (data["person"].update(phone="1"), data["work"].pop()))
    assert set(keys(changes(submission(), after))) == {"person.phone", "work.3", "work.3.scan"}
    # The other way round the empty place for the row's file is no news.
    assert set(keys(changes(after, submission()))) == {"person.phone", "work.3"}


def test_items_compare_by_value():
    assert Item("a", "甲", "1") == Item("a", "甲", "1") != Item("a", "甲", "2")

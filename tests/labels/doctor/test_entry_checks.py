from __future__ import annotations

import pytest
from doctor_files import CATEGORY, found, person, read

from posekit.labels.doctor import entry_checks as checks


def test_nothing_is_found_in_a_faultless_file(tmp_path):
    table = read(tmp_path, [person(1), person(2, 2)])
    for check in (checks.check_keypoint_set, checks.check_unusable, checks.check_ids, checks.check_categories):
        assert not found(check, table)
    assert not found(checks.check_counts, table)
    assert not found(checks.check_coverage, table)


@pytest.mark.parametrize(
    ("kind", "annotation", "text"),
    [
        (
            "unusable keypoints",
            person(7, keypoints=[1] * 20),
            "annotation 7 on image 1: keypoints: 20 numbers where 21",
        ),
        ("unusable keypoints", person(7, keypoints=[float("nan")] * 21), "a number is NaN"),
        ("unusable box", person(7, bbox=[1, 2, "3", 4]), "annotation 7 on image 1: bbox: found '3'"),
        ("unusable image id", person(7, 9), "annotation 7: image_id 9 is the id of no image"),
        ("unusable id", person("seven"), "annotations[1]: id must be a whole number, found seven"),
        ("unusable id", person(2**63), "annotations[1]: id must be a whole number, found 9223372036854775808"),
    ],
)
def test_unusable_annotation(kind, annotation, text, tmp_path):
    finding = found(checks.check_unusable, read(tmp_path, [person(), annotation]))[kind]
    assert (finding.severity, finding.count) == ("error", 1)
    assert text in finding.where[0].text


def test_unusable_image(tmp_path):
    images = [dict(id=1, file_name="1.png", width=120, height=90), dict(id=2, file_name="2.png", width=-1, height=90)]
    finding = found(checks.check_unusable, read(tmp_path, [person()], images=images))["unusable image"]
    assert finding.where[0].text == "images[1]: width must be a number of pixels above 0, found -1"


@pytest.mark.parametrize(
    ("category", "severity", "message"),
    [
        (dict(id=1, name="person"), "warning", "most annotations have 7"),
        ({**CATEGORY, "keypoints": ["a"] * 7}, "error", "names must be unique, repeated: a"),
        ({**CATEGORY, "skeleton": [[1, 99]]}, "error", "'99' is no keypoint of the set"),
        (7, "warning", "No category names its keypoints"),
    ],
)
def test_keypoint_set(category, severity, message, tmp_path):
    table = read(tmp_path, [person()], categories=[category])
    finding = found(checks.check_keypoint_set, table)["keypoint set"]
    assert finding.severity == severity
    assert message in finding.message
    assert table.names == [f"keypoint {i}" for i in range(1, 8)]
    assert len(table.points) == 1


def test_repeated_ids(tmp_path):
    table = read(tmp_path, [person(1), person(1, 2), person(3)], categories=[CATEGORY, CATEGORY])
    assert found(checks.check_ids, table)["repeated id"].where[0].text == "id 1: 2 annotations"
    assert "more than once: 1." in found(checks.check_categories, table)["repeated id"].message


def test_files_listed_twice(tmp_path):
    infos = [dict(id=i, file_name=f"{name}.png", width=120, height=90) for i, name in enumerate((1, 2, 1, 1))]
    finding = found(checks.check_file_names, read(tmp_path, [person()], images=infos))["repeated file name"]
    assert (finding.count, finding.where[0].text.endswith("images/1.png: 3 entries")) == (1, True)
    assert not found(checks.check_file_names, read(tmp_path, [person()], images=infos[:2]))


@pytest.mark.parametrize("value", [5, None, [1], "1"])
def test_unknown_category(value, tmp_path):
    table = read(tmp_path, [person(1), person(2, category_id=value)])
    assert [place.text for place in found(checks.check_categories, table)["unknown category"].where] == [
        "annotation 2 on image 1"
    ]


@pytest.mark.parametrize(("stated", "hint"), [(3, "above 0."), (0, "1 of them state 0"), ("7", "above 0.")])
def test_wrong_count(stated, hint, tmp_path):
    finding = found(checks.check_counts, read(tmp_path, [person(1), person(2, num_keypoints=stated)]))["wrong count"]
    assert finding.count == 1
    assert hint in finding.message


def test_no_count_is_no_wrong_count(tmp_path):
    assert not found(checks.check_counts, read(tmp_path, [person(num_keypoints=...)]))


def test_coverage(tmp_path, monkeypatch):
    monkeypatch.setattr(checks, "CROWDED", 3)
    bare = person(4, keypoints=[0] * 21, num_keypoints=0)
    findings = found(checks.check_coverage, read(tmp_path, [person(1), person(2), person(3), bare]))
    assert findings["image without annotation"].where[0].text.endswith("2.png")
    assert findings["nothing labelled"].where[0].text == "annotation 4 on image 1"
    assert "up to 4" in findings["crowded image"].message


def test_long_lists_are_shortened():
    assert checks.shortened(list(range(9))) == "0, 1, 2, 3, 4, 5 … (9)"
    assert checks.shortened([]) == "none"

from __future__ import annotations

import json

import pytest
from doctor_files import CATEGORY, person, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from posekit.labels.doctor.examination import CHECKS, examine
from posekit.labels.doctor.source import file_source
from posekit.reports.doctor_page import doctor_page

PRIMITIVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.just(10**400), st.just(3e38)
)
VALUES = st.recursive(
    PRIMITIVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=3), inner, max_size=2)),
    max_leaves=6,
)
NUMBERS = st.one_of(st.integers(-5, 200), st.floats(-3e38, 3e38), st.just(0))


def broken(whole):
    """Make a dict like ``whole`` with some values exchanged and keys missing."""
    keys = sorted(whole)
    return st.tuples(
        st.dictionaries(st.sampled_from(keys), VALUES, max_size=3), st.sets(st.sampled_from(keys), max_size=2)
    ).map(lambda change: {k: v for k, v in {**whole, **change[0]}.items() if k not in change[1]})


ANNOTATIONS = st.one_of(
    broken(person()),
    st.tuples(st.lists(NUMBERS, min_size=21, max_size=21), st.lists(NUMBERS, min_size=4, max_size=4), NUMBERS).map(
        lambda parts: person(2, keypoints=parts[0], bbox=parts[1], area=parts[2])
    ),
    VALUES,
)
IMAGES = st.one_of(
    broken(dict(id=1, file_name="1.png", width=120, height=90)),
    st.just(dict(id=1, file_name="1.png", width=120, height=90)),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    annotations=st.lists(ANNOTATIONS, max_size=4),
    images=st.lists(IMAGES, max_size=3),
    categories=st.one_of(VALUES, st.lists(st.one_of(broken(CATEGORY), VALUES), max_size=3)),
)
def test_any_file_is_examined_or_refused(annotations, images, categories, tmp_path):
    path = write(tmp_path, annotations, images=images, categories=categories)
    try:
        found = examine([file_source(path)], threads=1)
    except ValueError as error:
        refusal = str(error)
        assert "own.json" in refusal
        return
    json.dumps(found.as_dict(), allow_nan=False)
    assert doctor_page(found).startswith("<!doctype html>")


def test_a_faultless_file_has_no_findings(tmp_path):
    marks = person()["keypoints"]
    marks[2] = 1
    path = write(tmp_path, [person(1, keypoints=marks), person(2, 2)])
    found = examine([file_source(path)])
    assert not found.findings
    numbers = found.statistics[0]
    assert (numbers.images, numbers.images_read, numbers.annotations, numbers.usable) == (2, 2, 2, 2)
    assert numbers.categories == {"person": 2}
    assert (numbers.keypoints[0].name, numbers.keypoints[0].labelled, numbers.keypoints[0].seen) == ("nose", 2, 1)
    assert numbers.labelled_per_instance == 7
    assert numbers.box_side_px[50] == 60


def test_categories_of_one_name_count_together(tmp_path):
    annotations = [person(1), person(2, 2, category_id=2), person(3, 2, category_id=7)]
    path = write(tmp_path, annotations, categories=[CATEGORY, {**CATEGORY, "id": 2}])
    assert examine([file_source(path)], images=False).statistics[0].categories == {"person": 2, "id 7": 1}


def test_errors_come_first_and_are_counted(tmp_path):
    path = write(tmp_path, [person(1, bbox=[35, 10, 90, 60]), person(1)])
    found = examine([file_source(path)], images=False)
    assert [finding.severity for finding in found.findings] == ["error", "warning", "note", "note"]
    assert (found.count("error"), found.count("note")) == (1, 2)
    assert found.statistics[0].images_read == 0
    assert found.as_dict()["findings"][0]["where"] == ["id 1: 2 annotations"]


def test_many_annotations_on_one_image(tmp_path):
    found = examine([file_source(write(tmp_path, [person(i) for i in range(3000)]))], images=False)
    kinds = {finding.kind: finding for finding in found.findings}
    assert kinds["copied annotation"].count == 2999
    assert len(kinds["copied annotation"].where) == 1000
    assert "up to 3000" in kinds["crowded image"].message


@pytest.mark.parametrize("text", ["[1]", '{"images": 3, "annotations": []}', "{"])
def test_what_is_no_coco_file_is_refused(text, tmp_path):
    (tmp_path / "own.json").write_text(text)
    with pytest.raises(ValueError, match=r"own\.json"):
        examine([file_source(tmp_path / "own.json")])


def test_every_check_is_documented():
    assert all(check.__doc__ for check in CHECKS)


def test_coco_mini(shared):
    """80 photographs of COCO train2017: sound, but for joints hidden at the border of their box."""
    path = shared / "data" / "coco-mini" / "annotations" / "person_keypoints_train2017.json"
    found = examine([file_source(path)])
    assert found.count("error") == 0
    assert {finding.kind: finding.count for finding in found.findings} == {
        "keypoint outside box": 8,
        "left and right mixed up": 4,
        "image without annotation": 44,
        "nothing labelled": 86,
    }


def test_lspet(shared):
    """Leeds Sports Pose Extended: crowd-sourced labels, two photographs in both splits."""
    folder = shared / "data" / "lspet" / "annotations"
    found = examine([file_source(folder / "val.json")], most_images=20)
    kinds = {finding.kind: finding for finding in found.findings}
    assert found.count("error") == 0
    assert kinds["left and right mixed up"].count == 14
    assert kinds["left and right mixed up"].where[0].text == "annotation 3327 on image 3327: wrist (gain 15.6)"

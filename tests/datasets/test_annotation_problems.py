"""Bad annotation files: each problem is named; training leaves it out, evaluation refuses it; nothing else happens."""

from __future__ import annotations

import json
import logging
import re
from array import array

import pytest
from coco_files import TRIANGLE, annotation, image, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from posekit.datasets.base_coco import BaseCocoStyleDataset
from posekit.datasets.readers.annotation_file import KEPT, Problems, number_rows, packer, whole_numbers
from posekit.files import read_json

NAN = float("nan")

BAD_ANNOTATIONS = {
    "annotation 7 on image 1: keypoints: 8 numbers where 9 belong (3 keypoints": annotation(7, keypoints=[1] * 8),
    "annotation 7 on image 1: keypoints: a number is NaN": annotation(7, keypoints=[NAN, 1, 2] * 3),
    "annotation 7 on image 1: keypoints: found 'x' among the 9": annotation(7, keypoints=["x"] * 9),
    "annotation 7 on image 1: keypoints: found None where 9": annotation(7, keypoints=None),
    "annotation 7 on image 1: keypoints: found True among": annotation(7, keypoints=[True] * 9),
    "annotation 7 on image 1: bbox: found None where 4 numbers belong; give [x, y, w": annotation(7, bbox=...),
    "annotation 7 on image 1: bbox: 3 numbers where 4 belong": annotation(7, bbox=[1, 2, 3]),
    "annotation 7 on image 1: bbox: a number is NaN or infinite": annotation(7, bbox=[1, 2, NAN, 4]),
    "annotation 7 on image 1: bbox: a number is NaN or inf": annotation(7, bbox=[1, 2, 10**400, 4]),
    "annotation 7 on image 1: the box has no area inside the image (xyxy [10.0": annotation(7, bbox=[10, 20, 0, 40]),
    "annotation 7 on image 1: the box has no area inside the image (xyxy [99.0": annotation(7, bbox=[500, 20, 9, 9]),
    "annotation 7 on image 1: the box has no area": annotation(7, bbox=[50, 50, -20, 9]),
    "annotation 7: image_id 9 is the id of no image in the file": annotation(7, 9),
    "annotations[1]: image_id must be a whole number, found None": annotation(7, image_id=...),
    "annotations[1]: image_id must be a whole number, found [1]": annotation(7, [1]),
    "annotations[1]: id must be a whole number, found None": annotation(..., 1),
    "annotations[1]: id must be a whole number, found 1000000000": annotation(10**30, 1),
}

BAD_IMAGES = {
    "images[1]: no width and no height": image(2, width=..., height=...),
    "images[1]: id must be a whole number, found 'two'": image("two"),
    "images[1]: file_name must be a text, found '3'": image(2, file_name=3),
    "images[1]: width must be a number of pixels above 0, found -4": image(2, width=-4),
    "images[1]: id 1 is another image's": image(1, file_name="other.jpg"),
}


def build(path, **arguments):
    return BaseCocoStyleDataset(path, metainfo=TRIANGLE, **arguments)


def check_problem(path, message, caplog):
    with caplog.at_level(logging.WARNING):
        assert len(build(path)) == 1
    assert len(caplog.records) == 1
    assert message in caplog.text
    assert "1 problem in the annotations; training leaves these annotations out" in caplog.text
    with pytest.raises(ValueError, match=re.escape(message)):
        build(path, test_mode=True)


@pytest.mark.parametrize("message", BAD_ANNOTATIONS)
def test_bad_annotation(message, tmp_path, caplog):
    check_problem(write(tmp_path, [annotation(1), BAD_ANNOTATIONS[message]]), message, caplog)


@pytest.mark.parametrize("message", BAD_IMAGES)
def test_bad_image(message, tmp_path, caplog):
    annotations = [annotation(1)] if "id 1" in message or "two" in message else [annotation(1), annotation(2, 2)]
    check_problem(write(tmp_path, annotations, [image(1), BAD_IMAGES[message]]), message, caplog)


def test_an_image_listed_twice_is_no_problem(tmp_path):
    assert len(build(write(tmp_path, [annotation(1)], [image(1), image(1)]), test_mode=True)) == 1


def test_many_problems_are_counted(tmp_path):
    path = write(tmp_path, [annotation(n, 9) for n in range(50)])
    with pytest.raises(ValueError, match=r"50 problems in the annotations; (.|\n)* and 42 more"):
        build(path, test_mode=True)


def test_of_very_many_problems_some_are_kept():
    problems = Problems("a.json")
    for number in range(3 * KEPT):
        problems.add(f"annotations[{number}]", "wrong", "box" if number % 3 else "id")
    assert problems.counts == {"box": 2 * KEPT, "id": KEPT}
    assert len(problems.found) == 2 * KEPT
    with pytest.raises(ValueError, match=f"{3 * KEPT} problems in the annotations"):
        problems.report(strict=True)


@pytest.mark.parametrize("values", [[1, 2.5, 3], [0, 0, 0], [-1e29, 1, 2]])
@pytest.mark.parametrize("other", [[1, 2], [1, 2, "3"], [1, True, 3], None, [1, 2, 10**400], [NAN, 1, 2], [1e30, 1, 2]])
@pytest.mark.parametrize("kind", [list, tuple, lambda row: array("d", row)])
def test_rows_of_numbers(values, other, kind, monkeypatch):
    monkeypatch.setattr("posekit.datasets.readers.annotation_file.ROWS_AT_ONCE", 2)
    rows, good = number_rows([kind(values), kind(values), kind(values), other, [7, 8, 9]], 3)
    assert rows.tolist() == [values, values, values, [0, 0, 0], [7, 8, 9]]
    assert good.tolist() == [True, True, True, False, True]


@pytest.mark.parametrize("other", [None, True, 2.0, "2", 2**63, [2]])
def test_whole_numbers(other):
    numbers, good = whole_numbers([1, -(2**63), other])
    assert (numbers.tolist(), good.tolist()) == ([1, -(2**63), 0], [True, True, False])
    assert whole_numbers([])[0].shape == (0,)


PACKED = dict(image_id=1, keypoints=[1, 2.5, 2], bbox=[1, 2, 3, 4])


@pytest.mark.parametrize(
    ("item", "kind"),
    [
        (PACKED, array),
        ({**PACKED, "keypoints": [1, True, 2]}, list),
        ({**PACKED, "keypoints": [1, "2", 2]}, list),
        ({**PACKED, "keypoints": [10**400, 1, 2]}, list),
        (dict(keypoints=[1, 2, 2]), list),
    ],
)
def test_packed_lists_hold_the_same_numbers(item, kind, tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(item))
    read = read_json(tmp_path / "a.json", hook=packer(("keypoints", "foot")))
    assert type(read["keypoints"]) is kind
    assert {**read, "keypoints": list(read["keypoints"])} == item


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32-le"])
def test_encodings_of_json(encoding, tmp_path):
    (tmp_path / "a.json").write_bytes('{"name": "Füße"}'.encode(encoding))
    assert read_json(str(tmp_path / "a.json")) == {"name": "Füße"}


def test_nothing_usable(tmp_path):
    with pytest.raises(ValueError, match="no usable instance; BaseCocoStyleDataset needs annotations with keypoints"):
        build(write(tmp_path, [annotation(1, keypoints=...)]))


FILES = {
    "line 1, column 25 (character 24 of 24 bytes); it may be truncated": '{"images": [{"id": 1}, {',
    "a COCO annotation file is a dict with images and annotations, found list": "[1, 2]",
    "'images' must be a list of dicts, found only 'a'": '{"a": 1}',
    "'annotations' must be a list of dicts, found str": '{"images": [], "annotations": "none"}',
    "images[1] must be a dict, found 3": '{"images": [{}, 3], "annotations": []}',
    "is no valid JSON": "\x00\x01",
    "is no valid JSON: Exceeds the limit": "1" * 5000,
}


@pytest.mark.parametrize("message", FILES)
def test_bad_file(message, tmp_path):
    path = tmp_path / "annotations.json"
    path.write_text(FILES[message])
    with pytest.raises(ValueError, match=re.escape(message)):
        build(str(path))


def test_deeply_nested_file(tmp_path):
    path = tmp_path / "annotations.json"
    path.write_text("[" * 100_000)
    with pytest.raises(ValueError, match="is no valid JSON"):
        build(str(path))


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing.json' is not there, seen from .*check the path"):
        build("nothing.json", data_root=str(tmp_path))
    with pytest.raises(FileNotFoundError, match="is a folder"):
        build(str(tmp_path))
    with pytest.raises(FileNotFoundError, match="no annotation file given; set its path"):
        build("")


DETECTIONS = {
    "detection 0: bbox, score: 4 numbers where 5 belong": dict(image_id=1, category_id=1, bbox=[1, 2, 3], score=1),
    "detection 0: bbox, score: found None among the 5": dict(image_id=1, category_id=1, bbox=[1, 2, 3, 4]),
    "detection 0: image_id 5 is the id of no annotated": dict(image_id=5, category_id=1, bbox=[1, 2, 3, 4], score=1),
}


@pytest.mark.parametrize("message", DETECTIONS)
def test_bad_detection(message, tmp_path):
    (tmp_path / "found.json").write_text(json.dumps([DETECTIONS[message]]))
    path = write(tmp_path, [annotation(1)])
    with pytest.raises(ValueError, match=re.escape(message)):
        build(path, bbox_file=str(tmp_path / "found.json"), test_mode=True)


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.just(10**400)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=3), inner, max_size=2)),
    max_leaves=6,
)
KEYPOINTS = st.lists(st.one_of(st.integers(-5, 200), st.floats(width=32), VALUES), min_size=8, max_size=9)


def broken(whole, extra):
    """Make a dict like ``whole`` with some values exchanged and keys missing."""
    keys = sorted({*whole, *extra})
    return st.tuples(
        st.dictionaries(st.sampled_from(keys), VALUES, max_size=3), st.sets(st.sampled_from(keys), max_size=2)
    ).map(lambda change: {k: v for k, v in {**whole, **change[0]}.items() if k not in change[1]})


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    annotations=st.lists(
        st.one_of(broken(annotation(1), ()), KEYPOINTS.map(lambda points: annotation(2, keypoints=points)), VALUES),
        max_size=4,
    ),
    images=st.lists(st.one_of(broken(image(1), ("crowdIndex",)), st.just(image(2)), VALUES), max_size=3),
    mode=st.sampled_from(["topdown", "bottomup"]),
    test_mode=st.booleans(),
)
def test_any_file_is_read_or_refused(annotations, images, mode, test_mode, tmp_path):
    path = write(tmp_path, annotations, images)
    try:
        dataset = build(path, data_mode=mode, test_mode=test_mode)
    except ValueError as error:
        refusal = str(error)
        assert "annotations.json" in refusal
        return
    for index in range(len(dataset)):
        info = dataset[index]
        assert info["keypoints"].shape[1:] == (3, 2)
        assert info["bbox"].shape == (len(info["keypoints"]), 4)

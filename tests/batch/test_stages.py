"""The stages find what one predictor finds, and results read back as they were written."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

import posekit
from posekit.batch.projection import measured
from posekit.batch.shard import plan_of
from posekit.batch.stages import FindBoxes, FindPoses, ModelOptions, read
from posekit.batch.tables import pixels_of, result_of

pytest.importorskip("pyarrow")
PHOTOGRAPH = Path(posekit.__file__).parent / "inference" / "assets" / "demo.jpg"


@pytest.fixture
def photographs(tmp_path):
    """A photograph of a person at two sizes, an image of nobody, and a file that is no image."""
    folder = tmp_path / "in"
    folder.mkdir()
    image = cv2.imread(str(PHOTOGRAPH))
    for name, side in (("a", 320), ("b", 256)):
        cv2.imwrite(str(folder / f"{name}.png"), cv2.resize(image, (side, side)))
    (folder / "c.png").write_bytes(b"")
    cv2.imwrite(str(folder / "d.png"), np.zeros((64, 64, 3), np.uint8))
    return folder


@pytest.mark.parametrize("detector", [None, "whole"])
def test_the_stages_find_what_one_predictor_finds(photographs, detector):
    options = ModelOptions(detector=detector)
    (table,) = read(plan_of([str(photographs)]).shards[0])
    if detector is None:
        table = FindBoxes(options, "cpu")(table)
    rows = FindPoses(options, "cpu", detects=detector is None)(table).to_pylist()
    pose = posekit.Pose(detector=detector)
    assert [row["end"] for row in rows] == [False] * 4 + [True]
    assert "empty" in rows[2]["error"]
    for number, name in ((0, "a"), (1, "b"), (3, "d")):
        expected, result = pose(photographs / f"{name}.png"), result_of(rows[number], pose.skeleton)
        assert result.file_name == str(photographs / f"{name}.png")
        assert result.image_size_wh == expected.image_size_wh
        assert result.keypoints.shape == expected.keypoints.shape
        np.testing.assert_allclose(result.keypoints, expected.keypoints, atol=0.05)
        np.testing.assert_allclose(result.scores, expected.scores, atol=1e-3)
        np.testing.assert_allclose(result.boxes, expected.boxes, atol=0.05)


def test_images_go_through_tables_unchanged(photographs):
    (table,) = read(plan_of([str(photographs)]).shards[0])
    images = pixels_of(table)
    assert [image is None for image in images] == [False, False, True, False, True]
    np.testing.assert_array_equal(images[1], cv2.imread(str(photographs / "b.png")))


def test_many_images_are_handed_on_in_parts(tmp_path, monkeypatch):
    monkeypatch.setattr("posekit.batch.stages.IMAGES_AT_ONCE", 2)
    for number in range(5):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.zeros((4, 4, 3), np.uint8))
    tables = list(read(plan_of([str(tmp_path)]).shards[0]))
    assert [table["row"].to_pylist() for table in tables] == [[0, 1], [2, 3], [4, 5]]
    assert tables[-1]["end"].to_pylist() == [False, True]


def test_the_stages_are_measured(photographs):
    shards = plan_of([str(photographs)], shard_size=2).shards
    times = measured(shards, ModelOptions(max_people=1), "cpu", detects=True)
    assert times.images == 4
    assert list(times.seconds) == ["read", "detect", "pose"]
    assert all(value > 0 for value in times.seconds.values())

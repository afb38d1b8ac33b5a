"""Boxes of a detector become crops of people."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from posekit.apis.boxes import add_detector
from posekit.inference.detection import Detections
from posekit.inference.people import DetectedPeople, labels_of, look_for_people, without_repeats
from posekit.inference.pose_model import PoseModel
from posekit.inference.results import PoseResult

IMAGE = np.zeros((100, 200, 3), np.uint8)


class Finder:
    """A detector that finds given boxes."""

    def __init__(self, *rows: tuple[float, ...]) -> None:
        table = np.array(rows, np.float32).reshape(-1, 5)
        self.found = Detections(table[:, :4], table[:, 4], np.arange(len(table)))

    def __call__(self, image: np.ndarray) -> Detections:
        return self.found


def poses(*rows: tuple[float, ...], boxes=None, **options) -> PoseResult:
    predictor = PoseModel.default().predictor
    predictor.prepare = DetectedPeople(predictor.prepare, Finder(*rows), **options)
    (result,) = predictor.predict([IMAGE], [boxes])
    return result


def test_each_box_becomes_a_person():
    result = poses((10, 10, 60, 90, 0.9), (100, 20, 150, 80, 0.5), (0, 0, 20, 20, 0.1))
    np.testing.assert_allclose(result.boxes, [[9.5, 9.5, 59.5, 89.5], [99.5, 19.5, 149.5, 79.5]])
    np.testing.assert_allclose(result.box_scores, [0.9, 0.5])
    scores = result.scores.mean(axis=1) * result.box_scores
    assert [row["score"] for row in result.to_coco()] == pytest.approx(scores, abs=1e-4)


def test_boxes_end_at_the_border_and_slivers_are_left_out():
    result = poses((-20, 50, 30, 130, 0.8), (199.5, 0, 260, 100, 0.9))
    np.testing.assert_allclose(result.boxes, [[-0.5, 49.5, 29.5, 99.5]])


def test_poses_that_repeat_a_better_one_are_left_out():
    predictor = look_for_people(PoseModel.default().predictor, "whole")
    keypoints = np.random.default_rng(0).uniform(0, 100, (1, 17, 2))
    keypoints = np.concatenate([keypoints, keypoints + 0.5, keypoints + 300])
    boxes = np.array([[0, 0, 100, 100], [0, 0, 101, 101], [300, 300, 400, 400]], np.float32)
    result = PoseResult(keypoints, np.ones((3, 17)), {}, boxes=boxes, box_scores=np.array([0.6, 0.9, 0.5]))
    sigmas = np.asarray(predictor.metainfo["sigmas"])
    assert without_repeats(result, sigmas=sigmas).box_scores.tolist() == [0.9, 0.5]
    given = replace(result, box_scores=np.ones(3))
    assert len(without_repeats(given, sigmas=sigmas)) == 3


def test_nobody_there():
    result = poses()
    assert len(result) == 0
    assert result.to_coco() == []


def test_at_most_so_many_people():
    rows = [(10, 10, 60, 90, 0.9), (100, 20, 150, 80, 0.8), (20, 20, 90, 90, 0.7)]
    assert len(poses(*rows, max_people=2)) == 2


def test_only_some_classes():
    rows = [(10, 10, 60, 90, 0.9), (100, 20, 150, 80, 0.8)]
    np.testing.assert_allclose(poses(*rows, labels=[1]).box_scores, [0.8])


@pytest.mark.parametrize(
    ("names", "known", "labels"),
    [(None, ("dog", "person"), [1]), (None, ("dog",), None), (["cat", "dog"], ("dog", "cat"), [1, 0])],
)
def test_classes_by_name(names, known, labels):
    assert labels_of(names, known) == labels


def test_a_class_that_is_not_there():
    with pytest.raises(ValueError, match=r"the detector has no class 'dogg'; did you mean 'dog'\?"):
        labels_of(["dogg"], ["dog"])


def test_boxes_that_are_given_come_first():
    assert len(poses((10, 10, 60, 90, 0.9), (100, 20, 150, 80, 0.8), boxes=[[5, 5, 50, 50]])) == 1


def test_detectors_by_name(tmp_path):
    predictor = PoseModel.default().predictor
    crops = predictor.prepare
    assert look_for_people(predictor, "whole").prepare is crops
    with pytest.raises(FileNotFoundError, match=r"mine.onnx: no such model file"):
        look_for_people(predictor, tmp_path / "mine.onnx")
    assert isinstance(look_for_people(predictor, "people").prepare, DetectedPeople)


@pytest.mark.parametrize("name", ["mine.onnx", "mine.xml"])
def test_exported_detectors_of_both_kinds_take_classes_and_threads(name, monkeypatch):
    opened = []
    detector = SimpleNamespace(recipe=SimpleNamespace(classes=("cat", "person")))
    monkeypatch.setattr(
        "posekit.inference.people.Detector.open", lambda path, **options: opened.append(options) or detector
    )
    predictor = add_detector(PoseModel.default().predictor, name, threads=2, classes=["cat"])
    assert opened == [{"threads": 2}]
    assert predictor.prepare.labels == [0]

"""Exported detectors against their models, and the numpy around them against the rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_models import DETECTORS, detector_model
from torchvision.ops import nms as torch_nms

from posekit.apis import inference_detector
from posekit.export import detector
from posekit.export.detector import export_detector, made_up_images
from posekit.export.onnx import ParityError
from posekit.inference import detection
from posekit.inference.detection import Detector, DetectorRecipe, class_nms, letterbox, nms


@pytest.fixture(scope="module", params=DETECTORS)
def pair(request: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Detector]:
    """A model and its exported file."""
    pytest.importorskip("onnxscript")
    model, path = detector_model(request.param), tmp_path_factory.mktemp("export") / "detector.onnx"
    parity = export_detector(model, path, detect=inference_detector)
    assert parity.agreeing == 1
    assert parity.detections > 10
    return model, Detector.open(path, threads=1)


def test_file_and_model_find_the_same(pair: tuple[Any, Detector]) -> None:
    model, exported = pair
    images = made_up_images(3)
    for image, found in zip(images, exported.detect(images), strict=True):
        wanted = inference_detector(model, image).pred_instances
        assert len(found.boxes) == len(wanted)
        for box, score, label in zip(wanted.bboxes, wanted.scores, wanted.labels, strict=True):
            near = (np.abs(found.boxes - box).max(axis=1) < 0.05) & (found.labels == label)
            assert found.scores[near] == pytest.approx(score, abs=1e-4)


def test_the_file_knows_its_classes(pair: tuple[Any, Detector]) -> None:
    assert pair[1].recipe.classes == ("a", "b")


def test_no_images_no_detections(pair: tuple[Any, Detector]) -> None:
    assert pair[1].detect([]) == []


def test_other_pipelines_are_refused(tmp_path: Path) -> None:
    model = detector_model("yolox")
    del model.cfg["test_dataloader"]["dataset"]["pipeline"][1]
    with pytest.raises(ValueError, match="can be exported; this one has LoadImage, Pad, PackDetInputs"):
        export_detector(model, tmp_path / "detector.onnx", detect=inference_detector)


def test_a_file_that_differs_is_not_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detector, "write_graph", lambda deployed, recipe, path, half: path.write_bytes(b"graph"))
    monkeypatch.setattr(detector, "compare", lambda *_: detector.DetectorParity(4, 10, 0.5, 1.0))
    with pytest.raises(ParityError, match=r"differs .* of 10 boxes on 4 images 50.0 % agree within 1 px"):
        export_detector(detector_model("yolox"), tmp_path / "detector.onnx", detect=inference_detector)
    assert not list(tmp_path.iterdir())


def test_models_of_poses_and_absent_files_are_refused(tmp_path: Path) -> None:
    from posekit.inference.pose_model import DEFAULT_MODEL

    with pytest.raises(ValueError, match="is no detector, but a model of poses"):
        Detector.open(DEFAULT_MODEL)
    with pytest.raises(FileNotFoundError):
        Detector.open(tmp_path / "absent.onnx")


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 2}', '{"format": 1, "input_size": [8, 8]}'])
def test_broken_metadata_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=r"^file\.onnx: "):
        DetectorRecipe.from_json(text, source="file.onnx")


def test_recipes_read_back() -> None:
    recipe = DetectorRecipe(input_size=(64, 32), strides=(8, 16), classes=("cat",), nms_pre=3)
    assert DetectorRecipe.from_json(recipe.to_json(), source="") == recipe


@pytest.mark.parametrize("seed", range(5))
def test_nms_equals_torchvision(seed: int) -> None:
    rng = np.random.default_rng(seed)
    low, scores = rng.uniform(0, 60, (80, 2)), rng.random(80).astype(np.float32)
    boxes = np.concatenate([low, low + rng.uniform(0, 40, (80, 2))], 1).astype(np.float32)
    expected = torch_nms(torch.from_numpy(boxes), torch.from_numpy(scores), 0.4)
    assert nms(boxes, scores, 0.4).tolist() == expected.tolist()


@pytest.mark.parametrize("many", [False, True])
def test_classes_do_not_suppress_one_another(many: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if many:
        monkeypatch.setattr(detection, "MANY_BOXES", 1)
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 11], [0, 0, 10, 10], [5, 5, 5, 5]], np.float32)
    best = class_nms(boxes, np.array([0.5, 0.9, 0.2, 0.6]), np.array([0, 0, 1, 1]), 0.5)
    assert best.tolist() == [1, 3, 2]
    assert class_nms(boxes[:0], np.zeros(0), np.zeros(0), 0.5).tolist() == []


@pytest.mark.parametrize(
    ("shape", "size"), [((50, 100), (64, 32)), ((100, 50), (32, 64)), ((3, 400), (64, 1)), ((64, 64), (64, 64))]
)
def test_letterbox_keeps_the_aspect_ratio(shape: tuple[int, int], size: tuple[int, int]) -> None:
    canvas, scale = letterbox(np.full((*shape, 3), 200, np.uint8), (64, 64))
    width, height = size
    assert (canvas[:height, :width] == 200).all()
    assert (canvas[height:] == 114).all()
    assert (canvas[:, width:] == 114).all()
    assert scale == (width / shape[1], height / shape[0])


def test_the_best_of_each_level_go_on() -> None:
    recipe = DetectorRecipe(input_size=(16, 16), strides=(8, 16), nms_pre=1, score_thr=0.1)
    scores = np.array([[0.2], [0.9], [0.3], [0.05], [0.15]], np.float32)  # four cells, then one
    points, _, values = detection.candidates(recipe, scores)
    assert points.tolist() == [1, 4]
    assert values.tolist() == pytest.approx([0.9, 0.15])

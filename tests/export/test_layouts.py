"""Files in MMDeploy's form: others run them as they are, and posekit recognises them without its own metadata."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxscript")

from small_models import RTMO, RTMPOSE, SIZE, detector_model, pose_model  # noqa: E402

from posekit.apis import inference_bottomup, inference_detector  # noqa: E402
from posekit.export.detector import export_detector, made_up_images  # noqa: E402
from posekit.export.model_file import MMDEPLOY  # noqa: E402
from posekit.export.one_stage import export_one_stage  # noqa: E402
from posekit.export.onnx import export_onnx  # noqa: E402
from posekit.inference.detection import Detector  # noqa: E402
from posekit.inference.pose_model import PoseModel  # noqa: E402

BOXES = np.array([[10.5, 10, 90, 110], [-20, 50, 60, 118], [100, 0, 150, 60]])


def blotches(width: int, height: int) -> np.ndarray:
    """Return a smooth random image (h, w, 3)."""
    coarse = np.random.default_rng(0).integers(0, 256, (height // 12, width // 12, 3)).astype(np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


IMAGE, SQUARE = blotches(160, 120), blotches(160, 160)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file of each family, each compared with its model as it is written."""
    folder = tmp_path_factory.mktemp("mmdeploy")
    images = made_up_images(2)
    assert export_onnx(pose_model(RTMPOSE), folder / "rtmpose.onnx", layout=MMDEPLOY).agreeing == 1
    people = export_one_stage(pose_model(RTMO), folder / "rtmo.onnx", find=inference_bottomup, images=images)
    assert people.agreeing == 1
    assert people.detections > 10
    assert "people on 2 images 100.0 % agree within 0.5 px" in str(people)
    for name in ("rtmdet", "yolox"):
        options: Any = dict(detect=inference_detector, layout=MMDEPLOY, images=images)
        parity = export_detector(detector_model(name), folder / f"{name}.onnx", **options)
        assert parity.agreeing == 1
        assert parity.detections > 10
    return folder


def anonymous(file: Path, name: str) -> Path:
    """Write a file without its metadata under another name."""
    graph = onnx.load(str(file))
    del graph.metadata_props[:]
    path = file.parent / name
    path.parent.mkdir(exist_ok=True)
    onnx.save(graph, str(path))
    return path


@pytest.mark.parametrize(
    ("name", "outputs"),
    [
        ("rtmpose", {"simcc_x": ["batch", 17, 96], "simcc_y": ["batch", 17, 128]}),
        ("rtmo", {"dets": ["batch", 200, 5], "keypoints": ["batch", 200, 17, 3]}),
        ("rtmdet", {"dets": ["batch", 20, 5], "labels": ["batch", 20]}),
        ("yolox", {"dets": ["batch", 300, 5], "labels": ["batch", 300]}),
    ],
)
def test_names_and_shapes_are_those_of_mmdeploy(name: str, outputs: dict[str, Any], files: Path) -> None:
    graph = onnx.load(str(files / f"{name}.onnx")).graph
    shapes = {
        port.name: [dim.dim_param or dim.dim_value for dim in port.type.tensor_type.shape.dim] for port in graph.output
    }
    assert graph.input[0].name == "input"
    assert graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"
    assert shapes == outputs


def test_rtmlib_runs_rtmpose(files: Path) -> None:
    rtmlib = pytest.importorskip("rtmlib")
    # rtmlib does not swap the channels, which RTMPose wants as R, G, B.
    rgb = np.ascontiguousarray(IMAGE[..., ::-1])
    keypoints, _ = rtmlib.RTMPose(str(files / "rtmpose.onnx"), model_input_size=SIZE)(rgb, BOXES)
    assert np.abs(keypoints - PoseModel(files / "rtmpose.onnx").predict(IMAGE, BOXES).keypoints).max() < 0.5


def test_rtmlib_runs_rtmo(files: Path) -> None:
    rtmlib = pytest.importorskip("rtmlib")
    network = rtmlib.RTMO(str(files / "rtmo.onnx"), model_input_size=(128, 128), score_thr=0.8, nms_thr=0.65)
    people, square = PoseModel(files / "rtmo.onnx"), cv2.resize(SQUARE, (128, 128))
    keypoints, own = network(square)[0], people.predict(square).keypoints
    assert len(keypoints) == len(own) > 5
    assert np.abs(keypoints[:, None] - own).max((2, 3)).min(0).max() < 0.5


@pytest.mark.parametrize(
    ("name", "kind", "options"),
    [
        ("rtmdet", "RTMDet", dict(model_input_size=(128, 128), mean=(100, 110, 120), std=(57, 57, 58))),
        ("yolox", "YOLOX", dict(model_input_size=(96, 96))),
    ],
)
def test_rtmlib_runs_detectors(name: str, kind: str, options: dict[str, Any], files: Path) -> None:
    rtmlib = pytest.importorskip("rtmlib")
    boxes = getattr(rtmlib, kind)(str(files / f"{name}.onnx"), **options)(IMAGE)
    found = Detector.open(files / f"{name}.onnx")(IMAGE)
    own = found.boxes[found.scores > 0.3]
    assert len(boxes) == len(own) > 5
    assert np.abs(boxes[:, None] - own).max(2).min(0).max() < 1


def test_rtmpose_is_recognised_by_its_outputs(files: Path) -> None:
    model, own = PoseModel(anonymous(files / "rtmpose.onnx", "end2end.onnx")), PoseModel(files / "rtmpose.onnx")
    assert model.info.dataset_name == "coco"
    np.testing.assert_allclose(model.predict(IMAGE, BOXES).keypoints, own.predict(IMAGE, BOXES).keypoints, atol=1e-3)


def test_what_the_caller_says_of_the_pixels_counts(files: Path) -> None:
    path = anonymous(files / "rtmpose.onnx", "end2end.onnx")
    plain, raw = PoseModel(path), PoseModel(path, preprocess="raw")
    assert plain.info.to_rgb
    assert not raw.info.mean
    assert np.abs(plain.predict(IMAGE, BOXES).keypoints - raw.predict(IMAGE, BOXES).keypoints).max() > 1
    assert PoseModel(files / "rtmpose.onnx", preprocess="raw").info == raw.info.__class__(
        **{**vars(PoseModel(files / "rtmpose.onnx").info), "mean": (), "std": (), "to_rgb": False}
    )


def test_rtmo_is_recognised_and_finds_everybody(files: Path) -> None:
    model = PoseModel(anonymous(files / "rtmo.onnx", "unnamed.onnx"))
    keypoints, own = model.predict(SQUARE).keypoints, PoseModel(files / "rtmo.onnx").predict(SQUARE).keypoints
    assert len(own) > 5
    assert np.abs(keypoints[:, None] - own).max((2, 3)).min(0).max() < 1e-3
    with pytest.raises(ValueError, match="leave the boxes out"):
        model.predict(SQUARE, BOXES)


def test_detectors_are_told_apart_by_name(files: Path) -> None:
    yolox = Detector.open(anonymous(files / "yolox.onnx", "yolox_tiny_humanart.onnx"))
    own = Detector.open(files / "yolox.onnx")(IMAGE)
    people = own.boxes[own.labels == 0]
    assert len(people) > 5
    np.testing.assert_allclose(yolox(IMAGE).boxes, people, atol=1e-2)
    rtmdet = Detector.open(anonymous(files / "rtmdet.onnx", "rtmdet_nano/end2end.onnx"))
    assert rtmdet.recipe.mean == (103.53, 116.28, 123.675)
    unnamed = anonymous(files / "rtmdet.onnx", "detect.onnx")
    with pytest.raises(ValueError, match=r"detect\.onnx: is a detector .* say preprocess='rtmdet'"):
        Detector.open(unnamed)
    assert Detector.open(unnamed, preprocess="rtmdet").recipe == rtmdet.recipe


def test_other_layouts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"layout 'mmdeply': .*did you mean 'mmdeploy'"):
        export_onnx(None, tmp_path / "x.onnx", layout="mmdeply")

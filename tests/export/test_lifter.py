"""Exported lifters give the joints of the trained ones, without torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxscript")

from small_lifters import LIFTERS, lifter_config, walking_persons  # noqa: E402
from small_models import lively  # noqa: E402

from posekit.apis.inference import init_model, lifter_of  # noqa: E402
from posekit.export.lifter import export_lifter  # noqa: E402
from posekit.export.onnx import ParityError  # noqa: E402
from posekit.inference.model_file import open_lifter, open_network  # noqa: E402
from posekit.inference.pose_model import PoseModel  # noqa: E402


def lifter(kind: str, **test_cfg: Any) -> Any:
    torch.manual_seed(0)
    config = lifter_config(kind)
    config["model"]["test_cfg"] = test_cfg
    return lively(init_model(config))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Any]]:
    """A file of each kind of lifter, with its model."""
    folder, written = tmp_path_factory.mktemp("lifters"), {}
    for kind in LIFTERS:
        model = lifter(kind, flip_test=kind == "motionbert")
        parity = export_lifter(model, folder / f"{kind}.onnx", lift=lifter_of(model).predict, card=dict(by="hand"))
        assert "mm at most" in str(parity)
        written[kind] = folder / f"{kind}.onnx", model
    return written


@pytest.mark.parametrize("kind", LIFTERS)
@pytest.mark.parametrize("frames", [1, 5, 11])
def test_joints_are_those_of_the_trained_lifter(kind: str, frames: int, files: Any) -> None:
    path, model = files[kind]
    video = walking_persons(frames)
    wanted, lifted = lifter_of(model).predict(video), open_lifter(path, threads=1).predict(video)
    assert len(lifted) == frames
    assert np.abs(wanted[0].keypoints).max() > 0.01
    for trained, exported in zip(wanted, lifted, strict=True):
        np.testing.assert_allclose(exported.keypoints, trained.keypoints, atol=1e-3)
        np.testing.assert_allclose(exported.scores, trained.scores, atol=1e-6)


def test_the_file_says_all_about_itself(files: Any) -> None:
    recipe = open_lifter(files["motionbert"][0]).windows
    assert (recipe.length, recipe.whole, recipe.flip_test) == (8, True, True)
    assert recipe.codec["type"] == "MotionBERTLabel"
    assert recipe.names[0] == "root"
    assert recipe.card == dict(by="hand")
    assert open_lifter(files["video"][0]).windows.length == 9


def test_openvino_gives_the_same_joints(files: Any) -> None:
    pytest.importorskip("openvino")
    for path, model in files.values():
        video = walking_persons(3)
        lifted = open_lifter(path, providers=["OpenVINO"]).predict(video)
        np.testing.assert_allclose(lifted[2].keypoints, lifter_of(model).predict(video)[2].keypoints, atol=1e-3)


def test_a_lifter_is_no_model_of_images(files: Any) -> None:
    path = files["image"][0]
    with pytest.raises(ValueError, match=r"image\.onnx: is a lifter, which takes poses; give it as --lift"):
        PoseModel(path)
    assert open_network(path).recipe.length == 1
    with pytest.raises(ValueError, match=r"default\.onnx: is no lifter"):
        open_lifter(PoseModel.default().path)


@pytest.mark.parametrize("kind", LIFTERS)
def test_half_weights_are_smaller(kind: str, files: Any, tmp_path: Path) -> None:
    path, model = files[kind]
    export_lifter(model, tmp_path / "half.onnx", lift=lifter_of(model).predict, half_weights=True)
    assert (tmp_path / "half.onnx").stat().st_size < path.stat().st_size


def test_a_file_that_disagrees_is_not_left(tmp_path: Path) -> None:
    model, other = lifter("image"), lifter("image")
    with torch.no_grad():
        other.head.conv.bias += 1
    with pytest.raises(ParityError, match=r"no file was written .* allowed are 1 mm"):
        export_lifter(model, tmp_path / "x.onnx", lift=lifter_of(other).predict)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda steps: steps.pop(0), "this one has PackPoseInputs"),
        (lambda steps: steps[0].update(encoder={**steps[0]["encoder"], "zero_center": False}), "one codec for both"),
    ],
)
def test_lifters_that_cannot_be_exported(change: Any, message: str, tmp_path: Path) -> None:
    model = lifter("video")
    change(model.cfg["test_dataloader"]["dataset"]["pipeline"])
    with pytest.raises(ValueError, match=message):
        export_lifter(model, tmp_path / "x.onnx", lift=lambda video: video)
    with pytest.raises(ValueError, match="layout 'mmdeploy': is of models that take images"):
        export_lifter(model, tmp_path / "x.onnx", lift=lambda video: video, layout="mmdeploy")

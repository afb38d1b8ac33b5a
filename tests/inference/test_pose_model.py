from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from posekit.inference import pose_model
from posekit.inference.pose_model import PoseModel

BOX = [40.0, 30.0, 140.0, 120.0]


@pytest.mark.parametrize("use_udp", [False, True])
@pytest.mark.parametrize("flip_test", [False, True])
def test_finds_the_blobs_in_image_pixels(use_udp, flip_test, blob_model, blob_image):
    image, places = blob_image
    codec = dict(type="UDPHeatmap" if use_udp else "MSRAHeatmap", input_size=[48, 64], heatmap_size=[24, 32], sigma=2)
    found = PoseModel(blob_model(use_udp=use_udp, codec=codec)).predict(image, [BOX], flip_test=flip_test)
    assert found.keypoints.shape == (1, 2, 2)
    # One heatmap cell is 2 x 2.4 image pixels of this box; mirrored cells lie half a cell beside the plain ones.
    np.testing.assert_allclose(found.keypoints[0], places, atol=6 if flip_test else 4)
    assert (found.keypoint_scores > 0.5).all()
    np.testing.assert_allclose(found.bboxes, [BOX])


def test_batches_do_not_matter(blob_model, blob_image):
    image, _ = blob_image
    boxes = np.array(BOX) + np.arange(7)[:, None]
    together = PoseModel(blob_model()).predict(image, boxes)
    in_parts = PoseModel(blob_model(), batch_size=3, threads=1).predict(image, boxes)
    assert len(together) == 7
    np.testing.assert_allclose(together.keypoints, in_parts.keypoints, atol=1e-4)


def test_whole_image_and_no_boxes(blob_model, blob_image):
    model = PoseModel(blob_model())
    assert model.predict(blob_image[0]).bboxes.tolist() == [[0, 0, 200, 150]]
    nothing = model.predict(blob_image[0], np.zeros((0, 4)))
    assert nothing.keypoints.shape == (0, 2, 2)


def test_metainfo_describes_the_keypoints(blob_model):
    meta = PoseModel(blob_model()).metainfo
    assert meta["keypoint_name2id"] == {"blue": 0, "red": 1}
    assert meta["skeleton_links"] == [[0, 1]]


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        ([[5, 5, 5, 9]], "has no area"),
        ([[5, 5, np.nan, 9]], "has no area"),
        ([[5, 5, 9, 9], [5000, 5, 5009, 9]], r"\[5000.*lies outside of the image"),
        ([[-9, 5, 0, 9]], "lies outside of the image"),
        ([[1, 2, 3]], r"expected \(N, 4\)"),
        ([1, 2, 3, 4, 5], r"expected \(N, 4\)"),
    ],
)
def test_wrong_boxes(boxes, message, blob_model, blob_image):
    with pytest.raises(ValueError, match=message):
        PoseModel(blob_model()).predict(blob_image[0], boxes)


@pytest.mark.parametrize("image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), 7])
def test_wrong_image(image, blob_model):
    with pytest.raises(ValueError, match=r"expected a path, or a uint8 array \(H, W, 3\), BGR"):
        PoseModel(blob_model()).predict(image)


def test_a_image_may_be_given_by_its_path(blob_model, blob_image, tmp_path):
    model, path = PoseModel(blob_model()), tmp_path / "blob.png"
    cv2.imwrite(str(path), blob_image[0])
    np.testing.assert_array_equal(model.predict(path).keypoints, model.predict(blob_image[0]).keypoints)
    with pytest.raises(FileNotFoundError, match=r"image none\.jpg: no such file"):
        model.predict("none.jpg")


def test_missing_file():
    with pytest.raises(FileNotFoundError, match=r"nowhere\.onnx: no such model file"):
        PoseModel("nowhere.onnx")


def test_no_default_model(monkeypatch, tmp_path):
    monkeypatch.setattr(pose_model, "DEFAULT_MODEL", tmp_path / "default.onnx")
    with pytest.raises(FileNotFoundError, match="has no default model"):
        PoseModel.default()


def test_default_model(monkeypatch, blob_model):
    monkeypatch.setattr(pose_model, "DEFAULT_MODEL", blob_model())
    assert PoseModel.default(threads=1).info.dataset_name == "blobs"


def test_a_file_that_is_no_model(tmp_path):
    (tmp_path / "x.onnx").write_bytes(b"no model")
    with pytest.raises(ValueError, match=r"x\.onnx: ONNX Runtime cannot open it"):
        PoseModel(tmp_path / "x.onnx")


def test_unknown_provider(blob_model):
    with pytest.raises(ValueError, match="ONNX Runtime has no MagicExecutionProvider here; available are "):
        PoseModel(blob_model(), providers=["MagicExecutionProvider"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(metadata="{"), "not readable as JSON"),
        (dict(metadata="{}"), "not of format 1; export it again"),
        (dict(metadata='{"format": 1, "names": [], "size": 3}'), "no 'codec', .*unknown 'size'"),
        (dict(flip_indices=(0, 0)), "do not reorder the 2 keypoints"),
        (dict(links=((0, 7),)), "beyond the 2 that there are"),
        (dict(padding=0), r"padding: 0.0 is out of range; it must be from 0.01 to 100"),
        (dict(codec=dict(type="MSRAHeatmapp")), "cannot be built: (?s:.*)did you mean 'MSRAHeatmap'"),
        (dict(codec=dict(type="MSRAHeatmap", size=3)), "cannot be built: (?s:.*)no argument 'size'"),
    ],
)
def test_wrong_metadata(changes, message, blob_model):
    with pytest.raises(ValueError, match=message):
        PoseModel(blob_model(**changes))


def test_needs_neither_torch_nor_scipy(blob_model):
    code = (
        "import sys, numpy as np, posekit;"
        "posekit.Pose(sys.argv[1])(np.zeros((40, 30, 3), np.uint8));"
        "bad = {'torch', 'scipy'} & set(sys.modules); assert not bad, bad"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code, str(blob_model())], capture_output=True, text=True, cwd=root, check=False
    )
    assert done.returncode == 0, done.stderr

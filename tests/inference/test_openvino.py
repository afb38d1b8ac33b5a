from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("openvino")
pytest.importorskip("onnx")

from posekit.export.model_file import convert_to_openvino
from posekit.inference.networks.graph import OPENVINO
from posekit.inference.pose_model import PoseModel

BOX = [40.0, 30.0, 140.0, 120.0]


@pytest.mark.parametrize("flip_test", [False, True])
def test_finds_what_onnx_runtime_finds(flip_test, blob_model, blob_image):
    path = blob_model()
    wanted = PoseModel(path).predict(blob_image[0], [BOX], flip_test=flip_test)
    found = PoseModel(path, providers=[OPENVINO], threads=1).predict(blob_image[0], [BOX], flip_test=flip_test)
    np.testing.assert_allclose(found.keypoints, wanted.keypoints, atol=1e-3)
    np.testing.assert_allclose(found.keypoint_scores, wanted.keypoint_scores, atol=1e-4)


def test_its_own_files_keep_the_metadata(blob_model, blob_image, tmp_path):
    path = blob_model()
    convert_to_openvino(path, tmp_path / "blobs.xml")
    model = PoseModel(tmp_path / "blobs.xml")
    assert model.info == PoseModel(path).info
    keypoints = model.predict(blob_image[0], [BOX]).keypoints
    np.testing.assert_allclose(keypoints, PoseModel(path).predict(blob_image[0], [BOX]).keypoints, atol=1e-3)


def test_less_precision_is_near(blob_model, blob_image):
    providers = [(OPENVINO, {"precision": "bf16"})]
    found = PoseModel(blob_model(), providers=providers).predict(blob_image[0], [BOX])
    wanted = PoseModel(blob_model()).predict(blob_image[0], [BOX])
    np.testing.assert_allclose(found.keypoint_scores, wanted.keypoint_scores, atol=0.02)


def test_files_that_are_none(tmp_path):
    (tmp_path / "x.xml").write_text("<net/>")
    with pytest.raises(ValueError, match=r"x\.xml: OpenVINO cannot open it"):
        PoseModel(tmp_path / "x.xml")

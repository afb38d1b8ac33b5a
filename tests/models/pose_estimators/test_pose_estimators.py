"""Whole models: the three modes, flip tests and the way back to the image."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from posekit.geometry import Affine
from posekit.models.backbones.base import BaseBackbone
from posekit.models.heads.base import BaseHead
from posekit.models.pose_estimators.bottomup import BottomupPoseEstimator
from posekit.models.pose_estimators.topdown import TopdownPoseEstimator
from posekit.registry import MODELS
from posekit.structures import InstanceData, PixelData, PoseDataSample

CONFIG = {
    "backbone": {"type": "ResNet", "depth": 18, "stem_channels": 8, "base_channels": 8},
    "head": {
        "type": "HeatmapHead",
        "in_channels": 64,
        "out_channels": 3,
        "deconv_out_channels": (8, 8, 8),
        "deconv_kernel_sizes": (4, 4, 4),
        "decoder": {"type": "MSRAHeatmap", "input_size": (64, 64), "heatmap_size": (16, 16), "sigma": 2},
    },
}


class Echo(BaseBackbone):
    """Gives its input back as the only feature map."""

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return (x,)


class FixedHead(BaseHead):
    """Predicts the same two instances everywhere, in input space."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.seen: Any = None

    def forward(self, feats: Any) -> torch.Tensor:
        return feats[0] * self.scale

    def predict(self, feats: Any, batch: Any, test_cfg: Any = None) -> Any:
        self.seen = feats
        keypoints = np.array([[[0.0, 0], [10, 20]], [[1, 1], [2, 2]]])
        one = InstanceData(keypoints=keypoints, keypoint_scores=np.ones((2, 2)), bboxes=np.array([[0.0, 0, 4, 6]] * 2))
        return [one for _ in batch], [PixelData(heatmaps=torch.rand(2, 4, 4)) for _ in batch]


def sample(**parts: Any) -> PoseDataSample:
    affine = Affine(np.array([[0.5, 0, 1], [0, 0.5, 2]]), "image", "input")
    return PoseDataSample(metainfo={"affine": affine, "flip_indices": [0, 2, 1]}, **parts)


BOXES = InstanceData(bboxes=np.array([[1.0, 2, 3, 4]]), bbox_scores=np.array([0.9]))


@pytest.mark.parametrize("flip_test", [False, True])
def test_topdown_predicts_in_image_space(flip_test: bool) -> None:
    model = MODELS.build({"type": "TopdownPoseEstimator", **CONFIG, "test_cfg": {"flip_test": flip_test}}).eval()
    (result,) = model(torch.randn(1, 3, 64, 64), [sample(gt_instances=BOXES)], mode="predict")
    instances = result.pred_instances
    (in_input,) = model.head.predict(model.features(torch.zeros(1, 3, 64, 64), []), [sample()], model.test_cfg)
    assert instances.keypoints.shape == in_input.keypoints.shape == (1, 3, 2)
    assert instances.bboxes.tolist() == [[1, 2, 3, 4]]
    assert instances.bbox_scores == pytest.approx(0.9)
    assert instances.keypoints_visible.shape == (1, 3)


def test_topdown_inverts_the_forward_map() -> None:
    model = TopdownPoseEstimator(Echo(), head=FixedHead())
    (result,) = model(torch.zeros(1, 1), [sample()], mode="predict")
    assert result.pred_instances.keypoints[0].tolist() == [[-2, -4], [18, 36]]


def test_bottomup_moves_boxes_too() -> None:
    model = BottomupPoseEstimator(Echo(), head=FixedHead())
    (result,) = model(torch.zeros(1, 1), [sample()], mode="predict")
    assert result.pred_instances.bboxes[0].tolist() == [-2, -4, 6, 8]


@pytest.mark.parametrize("flip_test", [False, True])
def test_bottomup_takes_several_scales(flip_test: bool) -> None:
    head = FixedHead()
    model = BottomupPoseEstimator(Echo(), head=head, test_cfg={"multiscale_test": True, "flip_test": flip_test})
    model([torch.zeros(1, 2), torch.zeros(1, 4)], [sample()], mode="predict")
    assert len(head.seen) == 2
    assert isinstance(head.seen[0], list if flip_test else tuple)
    with pytest.raises(ValueError, match="one for each scale"):
        model(torch.zeros(1, 2), [sample()], mode="predict")


def test_keeps_only_the_keypoints_asked_for() -> None:
    model = TopdownPoseEstimator(Echo(), head=FixedHead(), test_cfg={"output_keypoint_indices": [1]})
    (result,) = model(torch.zeros(1, 1), [sample()], mode="predict")
    assert result.pred_instances.keypoints[0].tolist() == [[18, 36]]
    assert result.pred_instances.keypoint_scores.shape == (2, 1)
    assert result.pred_fields.heatmaps.shape == (1, 4, 4)


def test_tensor_mode_needs_no_samples() -> None:
    assert TopdownPoseEstimator(Echo(), head=FixedHead())(torch.ones(1, 2)).tolist() == [[1, 1]]
    assert TopdownPoseEstimator(Echo())(torch.ones(1, 2))[0].tolist() == [[1, 1]]


def test_no_samples_give_no_results() -> None:
    assert TopdownPoseEstimator(Echo(), head=FixedHead()).predict(torch.zeros(0, 1), []) == []


@pytest.mark.parametrize(
    ("mode", "samples", "message"),
    [
        ("train", None, "mode: 'train' is not supported; use one of 'loss', 'predict', 'tensor'"),
        ("predict", None, "needs data_samples"),
        ("predict", [PoseDataSample()], "metainfo 'affine', which is missing"),
    ],
)
def test_wrong_calls_are_named(mode: str, samples: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TopdownPoseEstimator(Echo(), head=FixedHead())(torch.zeros(1, 1), samples, mode=mode)


def test_losses_need_a_head() -> None:
    with pytest.raises(ValueError, match="need a head"):
        TopdownPoseEstimator(Echo())(torch.zeros(1, 1), [sample()], mode="loss")


def test_a_model_may_name_its_own_keypoint_set() -> None:
    model = TopdownPoseEstimator(Echo(), head=FixedHead(), metainfo={"from_file": "configs/_base_/datasets/coco.py"})
    (result,) = model(torch.zeros(1, 1), [sample()], mode="predict")
    assert len(result.metainfo["flip_indices"]) == 17

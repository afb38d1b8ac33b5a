"""One row for each head: how to build it small, what it takes, what its targets are made by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from posekit.structures import PoseBatch

INPUT_SIZE = (48, 64)
NUM_KEYPOINTS = 5
FLIP_INDICES = [0, 2, 1, 4, 3]

HEATMAP = {"type": "MSRAHeatmap", "input_size": INPUT_SIZE, "heatmap_size": (12, 16), "sigma": 2}
SIMCC = {"type": "SimCCLabel", "input_size": INPUT_SIZE, "sigma": 6.0, "simcc_split_ratio": 2.0}
REGRESSION = {"type": "RegressionLabel", "input_size": INPUT_SIZE}
INTEGRAL = {"type": "IntegralRegressionLabel", "input_size": INPUT_SIZE, "heatmap_size": (12, 16), "sigma": 2.0}


def maps(*channels: int, height: int = 4, width: int = 3) -> Callable[[int], tuple[Tensor, ...]]:
    """Return a maker of feature maps for a batch, each twice as large as the next."""
    sizes = [2**i for i in reversed(range(len(channels)))]
    return lambda batch: tuple(
        torch.randn(batch, c, height * s, width * s) for c, s in zip(channels, sizes, strict=True)
    )


@dataclass
class HeadCase:
    """A head's config without decoder, its features and its targets.

    Attributes:
        codec: makes the targets, unless ``labels`` gives their shapes for each sample.
        levels: at how many levels they come.
        pose: shape of the predicted keypoints of a sample.
    """

    config: dict[str, Any]
    feats: Callable[[int], Any]
    codec: dict[str, Any]
    levels: int = 0
    labels: dict[str, tuple[int, ...]] | None = None
    pose: tuple[int, int, int] = (1, NUM_KEYPOINTS, 2)

    def batch(self, codec: Any, size: int) -> PoseBatch:
        """Return samples with encoded targets."""
        metainfos = [{"flip_indices": FLIP_INDICES, "input_size": INPUT_SIZE}] * size
        if self.labels is not None:
            labels = {f"gt_instance_labels.{key}": torch.rand(size, *shape) for key, shape in self.labels.items()}
            return PoseBatch(labels, metainfos)
        keypoints = torch.rand(size, 1, NUM_KEYPOINTS, 2) * torch.tensor(INPUT_SIZE).float()
        encoded = codec.encode_batch(keypoints, torch.ones(size, 1, NUM_KEYPOINTS))
        columns = {f"gt_instance_labels.{to}": encoded[key] for key, to in codec.label_mapping_table.items()}
        columns |= {f"gt_fields.{to}": encoded[key] for key, to in codec.field_mapping_table.items()}
        if self.levels:
            columns["gt_fields.heatmaps"] = (columns["gt_fields.heatmaps"],) * self.levels
            columns["gt_instance_labels.keypoint_weights"] = torch.ones(size, self.levels, 1, NUM_KEYPOINTS)
        return PoseBatch(columns, metainfos)


DECONV = {"deconv_out_channels": (8,), "deconv_kernel_sizes": (4,)}
TOKENS = {"hidden_dims": 16, "s": 8, "expansion_factor": 2, "act_fn": "SiLU", "use_rel_bias": True, "pos_enc": True}
PLAIN = {"in_channels": 8, "out_channels": NUM_KEYPOINTS}
COORDINATES = {"in_channels": 8, "num_joints": NUM_KEYPOINTS}
CLASSIFIED = {**PLAIN, "input_size": INPUT_SIZE, "in_featuremap_size": (3, 4)}
KEYPOINT_MSE = {"type": "KeypointMSELoss", "use_target_weight": True}
CASES: dict[str, HeadCase] = {
    "HeatmapHead": HeadCase({**PLAIN, "deconv_out_channels": (8, 8), "deconv_kernel_sizes": (4, 3)}, maps(8), HEATMAP),
    "ViPNASHead": HeadCase(
        {**PLAIN, "deconv_out_channels": (8, 8), "deconv_kernel_sizes": (4, 2), "deconv_num_groups": (4, 2)},
        maps(8),
        HEATMAP,
    ),
    "CPMHead": HeadCase(
        {**PLAIN, "num_stages": 2, "loss": [KEYPOINT_MSE, KEYPOINT_MSE]},
        lambda batch: [torch.randn(batch, 8, 16, 12) for _ in range(2)],
        HEATMAP,
    ),
    "MSPNHead": HeadCase(
        {
            "num_stages": 2,
            "num_units": 2,
            "out_shape": (16, 12),
            "unit_channels": 8,
            "out_channels": NUM_KEYPOINTS,
            "use_prm": True,
            "level_indices": [0, 1, 0, 1],
        },
        lambda batch: [[torch.randn(batch, 8, 8 * size, 6 * size) for size in (1, 2)] for _ in range(2)],
        HEATMAP,
        levels=2,
    ),
    "SimCCHead": HeadCase({**CLASSIFIED, **DECONV}, maps(8), SIMCC),
    "RTMCCHead": HeadCase({**CLASSIFIED, "gau_cfg": TOKENS}, maps(8), SIMCC),
    "RTMWHead": HeadCase({**CLASSIFIED, "gau_cfg": TOKENS}, maps(4, 8), SIMCC),
    "RegressionHead": HeadCase(COORDINATES, lambda batch: (torch.randn(batch, 8),), REGRESSION),
    "RLEHead": HeadCase(COORDINATES, lambda batch: (torch.randn(batch, 8),), REGRESSION),
    "IntegralRegressionHead": HeadCase(
        {**COORDINATES, "in_featuremap_size": (6, 8), **DECONV}, maps(8, height=8, width=6), INTEGRAL
    ),
    "DSNTHead": HeadCase({**COORDINATES, "in_featuremap_size": (6, 8), **DECONV}, maps(8, height=8, width=6), INTEGRAL),
    "TemporalRegressionHead": HeadCase(
        COORDINATES,
        lambda batch: (torch.randn(batch, 8, 1),),
        {"type": "ImagePoseLifting", "num_keypoints": NUM_KEYPOINTS, "root_index": 0},
        labels={"lifting_target_label": (1, NUM_KEYPOINTS, 3), "lifting_target_weight": (1, NUM_KEYPOINTS)},
        pose=(1, NUM_KEYPOINTS, 3),
    ),
    "TrajectoryRegressionHead": HeadCase(
        COORDINATES,
        lambda batch: (torch.randn(batch, 8, 1),),
        {"type": "VideoPoseLifting", "num_keypoints": NUM_KEYPOINTS, "root_index": 0},
        labels={"lifting_target_label": (1, NUM_KEYPOINTS, 3), "trajectory_weights": (1, NUM_KEYPOINTS)},
        pose=(1, NUM_KEYPOINTS, 3),
    ),
    "MotionRegressionHead": HeadCase(
        {"in_channels": 8, "embedding_size": 16, "loss": {"type": "MPJPEVelocityJointLoss", "use_target_weight": True}},
        lambda batch: torch.randn(batch, 4, NUM_KEYPOINTS, 8),
        {"type": "MotionBERTLabel", "num_keypoints": NUM_KEYPOINTS},
        labels={"lifting_target_label": (4, NUM_KEYPOINTS, 3), "lifting_target_weight": (4, NUM_KEYPOINTS)},
        pose=(4, NUM_KEYPOINTS, 3),
    ),
}

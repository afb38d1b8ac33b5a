"""One row for each head: how to build it small, what it takes, what its targets are made by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from posekit.geometry import Affine
from posekit.structures import InstanceData, PixelData, PoseBatch, PoseDataSample

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
        field: shape of the heatmaps beside those labels.
        levels: at how many levels they come.
        pose: shape of the predicted keypoints of a sample; empty for any number of instances, None for boxes alone.
        samples: makes a sample with targets by the codec for ``persons`` instances, where targets are no plain
            columns.
        decodes_itself: the head takes no decoder.
        decoder: the name of the argument that takes it.
    """

    config: dict[str, Any]
    feats: Callable[[int], Any]
    codec: dict[str, Any]
    levels: int = 0
    labels: dict[str, tuple[int, ...]] | None = None
    field: tuple[int, ...] = ()
    pose: tuple[int, ...] | None = (1, NUM_KEYPOINTS, 2)
    samples: Callable[..., PoseDataSample] | None = None
    decodes_itself: bool = False
    decoder: str = "decoder"

    def batch(self, codec: Any, size: int, *, empty: bool = False) -> PoseBatch:
        """Return samples with encoded targets; ``empty`` ones hold no instances or no visible keypoints."""
        seen = float(not empty)
        metainfos = [{"flip_indices": FLIP_INDICES, "input_size": INPUT_SIZE, "affine": Affine.identity()}] * size
        if self.samples is not None:
            samples = [self.samples(codec, **({"persons": 0} if empty else {})) for _ in range(size)]
            for sample, info in zip(samples, metainfos, strict=True):
                sample.set_metainfo(info)
            return PoseBatch.from_samples(samples)
        if self.labels is not None:
            labels = {f"gt_instance_labels.{key}": torch.rand(size, *shape) for key, shape in self.labels.items()}
            labels |= {key: value * seen for key, value in labels.items() if "weight" in key}
            fields = {"gt_fields.heatmaps": torch.rand(size, *self.field)} if self.field else {}
            return PoseBatch(labels | fields, metainfos)
        keypoints = torch.rand(size, 1, NUM_KEYPOINTS, 2) * torch.tensor(INPUT_SIZE).float()
        encoded = codec.encode_batch(keypoints, torch.full((size, 1, NUM_KEYPOINTS), seen))
        columns = {f"gt_instance_labels.{to}": encoded[key] for key, to in codec.label_mapping_table.items()}
        columns |= {f"gt_fields.{to}": encoded[key] for key, to in codec.field_mapping_table.items()}
        if self.levels:
            columns["gt_fields.heatmaps"] = (columns["gt_fields.heatmaps"],) * self.levels
            columns["gt_instance_labels.keypoint_weights"] = torch.full((size, self.levels, 1, NUM_KEYPOINTS), seen)
        return PoseBatch(columns, metainfos)


def keypoints_of(persons: int) -> tuple[np.ndarray, np.ndarray]:
    """Return keypoints (N, K, 2) inside of the input and their visibility."""
    points = np.random.default_rng(0).uniform((4, 4), (44, 60), (persons, NUM_KEYPOINTS, 2)).astype(np.float32)
    return points, np.ones((persons, NUM_KEYPOINTS), np.float32)


def crowd(codec: Any, persons: int = 2) -> PoseDataSample:
    """Return an image of some instances with targets by ``codec``."""
    encoded = codec.encode(*keypoints_of(persons))
    parts = {"gt_instance_labels": codec.label_mapping_table, "gt_fields": codec.field_mapping_table}
    tensors = {part: {to: torch.as_tensor(encoded[key]) for key, to in table.items()} for part, table in parts.items()}
    return PoseDataSample(
        gt_instance_labels=InstanceData(**tensors["gt_instance_labels"]), gt_fields=PixelData(**tensors["gt_fields"])
    )


def boxed(codec: Any, persons: int = 2) -> PoseDataSample:
    """Return an image of some instances with boxes, half of it to be ignored."""
    points, visible = keypoints_of(persons)
    boxes = np.concatenate([points.min(1), points.max(1)], -1)
    encoded = codec.encode(points, visible, bbox=boxes, category_id=[1] * persons)
    ignored = torch.zeros(1, INPUT_SIZE[1], INPUT_SIZE[0])
    ignored[..., 24:] = 1
    labels: dict[str, Any] = {
        "bboxes": torch.as_tensor(boxes),
        "labels": torch.as_tensor(encoded["bbox_labels"]),
        "keypoints": torch.as_tensor(points),
        "keypoints_visible": torch.as_tensor(visible),
        "areas": torch.as_tensor(np.prod(boxes[:, 2:] - boxes[:, :2], -1)),
    }
    return PoseDataSample(gt_instance_labels=InstanceData(**labels), gt_fields=PixelData(heatmap_mask=ignored))


def objects(codec: Any, persons: int = 2) -> PoseDataSample:
    """Return an image of some boxes, the last of them to be ignored."""
    points, _ = keypoints_of(persons)
    boxes = np.concatenate([points.min(1), points.max(1)], -1)
    ignored = np.arange(persons) == persons - 1 if persons > 1 else np.zeros(persons, bool)
    instances: dict[str, Any] = {"bboxes": boxes, "labels": np.arange(persons) % 3, "ignored": ignored}
    return PoseDataSample(gt_instances=InstanceData(**instances), metainfo={"img_shape": INPUT_SIZE[::-1]})


def shares(codec: Any, persons: int = 2) -> PoseDataSample:
    """Return an image of some instances with boxes and keypoints as shares of its size."""
    points, _ = keypoints_of(persons)
    boxes = np.concatenate([points.min(1), points.max(1)], -1)
    area = np.prod(boxes[:, 2:] - boxes[:, :2], -1)
    encoded = codec.encode(keypoints=points, bbox=boxes, area=area, input_size=INPUT_SIZE)
    labels: dict[str, Any] = {to: torch.as_tensor(encoded[key]) for key, to in codec.label_mapping_table.items()}
    return PoseDataSample(gt_instance_labels=InstanceData(**labels))


POINTWISE = {
    "num_keypoints": NUM_KEYPOINTS,
    "featmap_strides": (8, 16),
    "assigner": {
        "type": "SimOTAAssigner",
        "dynamic_k_indicator": "oks",
        "oks_calculator": {"type": "PoseOKS", "metainfo": None},
    },
    "use_aux_loss": True,
    "loss_bbox_aux": {"type": "L1Loss", "reduction": "sum"},
}
QUERIES = {
    "num_queries": 8,
    "num_feature_levels": 2,
    "num_keypoints": NUM_KEYPOINTS,
    "as_two_stage": True,
    "refine_queries_num": 6,
    "encoder": {
        "num_layers": 1,
        "layer_cfg": {
            "self_attn_cfg": {"embed_dims": 16, "num_heads": 2, "num_levels": 2, "num_points": 2},
            "ffn_cfg": {"embed_dims": 16, "feedforward_channels": 32},
        },
    },
    "decoder": {
        "num_layers": 3,
        "embed_dims": 16,
        "num_group": 4,
        "num_box_decoder_layers": 1,
        "layer_cfg": {
            "self_attn_cfg": {"embed_dims": 16, "num_heads": 2, "batch_first": True},
            "cross_attn_cfg": {"embed_dims": 16, "num_heads": 2, "num_levels": 2, "num_points": 2},
            "ffn_cfg": {"embed_dims": 16, "feedforward_channels": 32},
        },
    },
    "out_head": {"num_classes": 2},
    "positional_encoding": {"num_pos_feats": 8, "temperatureH": 20, "temperatureW": 20, "normalize": True},
}
DECONV = {"deconv_out_channels": (8,), "deconv_kernel_sizes": (4,)}
TOKENS = {"hidden_dims": 16, "s": 8, "expansion_factor": 2, "act_fn": "SiLU", "use_rel_bias": True, "pos_enc": True}
PLAIN = {"in_channels": 8, "out_channels": NUM_KEYPOINTS}
COORDINATES = {"in_channels": 8, "num_joints": NUM_KEYPOINTS}
CLASSIFIED = {**PLAIN, "input_size": INPUT_SIZE, "in_featuremap_size": (3, 4)}
CROWD = {"input_size": INPUT_SIZE, "heatmap_size": (12, 16)}
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
        {"type": "VideoPoseLifting", "num_keypoints": NUM_KEYPOINTS, "zero_center": False},
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
    "AssociativeEmbeddingHead": HeadCase(
        {"in_channels": 8, "num_keypoints": NUM_KEYPOINTS, **DECONV, "tag_per_keypoint": False},
        maps(8, height=8, width=6),
        {**CROWD, "type": "AssociativeEmbedding", "decode_keypoint_order": list(range(NUM_KEYPOINTS))},
        pose=(),
        samples=crowd,
    ),
    "DEKRHead": HeadCase(
        {
            "in_channels": 8,
            "num_keypoints": NUM_KEYPOINTS,
            "num_heatmap_filters": 4,
            "num_displacement_filters_per_keypoint": 2,
        },
        maps(8, height=16, width=12),
        {**CROWD, "type": "SPR", "generate_keypoint_heatmaps": True},
        pose=(),
        samples=crowd,
    ),
    "CIDHead": HeadCase(
        {"in_channels": 8, "num_keypoints": NUM_KEYPOINTS, "gfd_channels": 4},
        maps(8, height=16, width=12),
        {**CROWD, "type": "DecoupledHeatmap"},
        pose=(),
        samples=crowd,
    ),
    "VisPredictHead": HeadCase(
        {"pose_cfg": {"type": "HeatmapHead", **PLAIN, "deconv_out_channels": (8, 8), "deconv_kernel_sizes": (4, 4)}},
        maps(8),
        HEATMAP,
    ),
    "InternetHead": HeadCase(
        {
            "keypoint_head_cfg": {"in_channels": 8, "out_channels": 8, "depth_size": 4, **DECONV},
            "root_head_cfg": {"in_channels": 8, "heatmap_size": 8, "hidden_dims": [4]},
            "hand_type_head_cfg": {"in_channels": 8, "num_labels": 2, "hidden_dims": [4]},
        },
        maps(8),
        {
            "type": "Hand3DHeatmap",
            "image_size": [32, 32],
            "root_heatmap_size": 8,
            "heatmap_size": [6, 8, 4],
            "depth_size": 4,
        },
        labels={
            "keypoint_weights": (1, 4),
            "root_depth": (1,),
            "root_depth_weight": (1,),
            "type": (1, 2),
            "type_weight": (1,),
        },
        field=(16, 8, 6),
        pose=(1, 4, 3),
    ),
    "YOLOXPoseHead": HeadCase(
        {
            **POINTWISE,
            "head_module_cfg": {"in_channels": 8, "feat_channels": 8, "stacked_convs": 1},
            "loss_kpt_aux": {"type": "L1Loss", "use_target_weight": True},
        },
        maps(8, 8),
        {"type": "YOLOXPoseAnnotationProcessor"},
        pose=(),
        samples=boxed,
        decodes_itself=True,
    ),
    "RTMOHead": HeadCase(
        {
            **POINTWISE,
            "head_module_cfg": {
                "in_channels": 4,
                "cls_feat_channels": 8,
                "stacked_convs": 1,
                "num_groups": 2,
                "channels_per_group": 4,
                "pose_vec_channels": 8,
            },
            "dcc_cfg": {
                "in_channels": 8,
                "feat_channels": 8,
                "num_bins": (12, 16),
                "spe_channels": 8,
                "gau_cfg": {"s": 8, "pos_enc": "add"},
            },
        },
        maps(8, 8),
        {"type": "YOLOXPoseAnnotationProcessor"},
        pose=(),
        samples=boxed,
        decodes_itself=True,
    ),
    "RTMDetSepBNHead": HeadCase(
        {
            "num_classes": 3,
            "in_channels": 8,
            "feat_channels": 8,
            "anchor_generator": {"type": "MlvlPointGenerator", "offset": 0, "strides": [8, 16]},
            "assigner": {"type": "DynamicSoftLabelAssigner"},
        },
        maps(8, 8),
        {},
        pose=None,
        samples=objects,
        decodes_itself=True,
    ),
    "YOLOXHead": HeadCase(
        {
            "num_classes": 3,
            "in_channels": 8,
            "feat_channels": 8,
            "strides": (8, 16),
            "use_l1": True,
            "assigner": {"type": "SimOTAAssigner"},
        },
        maps(8, 8),
        {},
        pose=None,
        samples=objects,
        decodes_itself=True,
    ),
    "EDPoseHead": HeadCase(
        QUERIES,
        maps(16, 16),
        {"type": "EDPoseLabel", "num_select": 3, "num_keypoints": NUM_KEYPOINTS},
        pose=(3, NUM_KEYPOINTS, 2),
        samples=shares,
        decoder="data_decoder",
    ),
}

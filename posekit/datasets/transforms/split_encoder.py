"""Making targets on the training device instead of in the workers.

A worker that hands over keypoints sends kilobytes where heatmaps are megabytes.
:func:`split_encoder` takes the codec out of a pipeline, and
:func:`encode_columns` gives, for a whole batch on its device, what the
pipeline would have packed for each sample.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from posekit.codecs.base import BaseCodec
from posekit.datasets.transforms.base import BaseTransform
from posekit.datasets.transforms.generate_target import GenerateTarget, input_keypoints, mapping_tables
from posekit.datasets.transforms.pack_pose_inputs import PackPoseInputs
from posekit.datasets.transforms.pipeline import Pipeline
from posekit.datasets.transforms.results import Results
from posekit.datasets.transforms.topdown_affine import TopdownAffine

GROUPS = {
    "instance_mapping_table": "gt_instances",
    "label_mapping_table": "gt_instance_labels",
    "field_mapping_table": "gt_fields",
}


class KeepKeypoints(BaseTransform):
    """Stands where GenerateTarget was, and has the codec's inputs packed as instance labels."""

    requires = ("keypoints", "keypoints_visible")
    provides = ("transformed_keypoints", "label_mapping_table")

    def __init__(self, codec: BaseCodec, use_dataset_keypoint_weights: bool) -> None:
        self.use_dataset_keypoint_weights = use_dataset_keypoint_weights
        self._tables = mapping_tables([codec])
        kept = {key: key for key in ("transformed_keypoints", "keypoints_visible")}
        labels = self._tables.get("label_mapping_table", PackPoseInputs.label_mapping_table)
        if "keypoints_visible_weights" in labels:
            kept["keypoints_visible_weights"] = labels["keypoints_visible_weights"]
        if use_dataset_keypoint_weights:
            kept["dataset_keypoint_weights"] = "dataset_keypoint_weights"
        self._tables["label_mapping_table"] = kept

    def transform(self, results: Results) -> Results:
        keypoints, visible = input_keypoints(results)
        results["transformed_keypoints"] = keypoints
        if self.use_dataset_keypoint_weights:
            results["dataset_keypoint_weights"] = np.broadcast_to(results["dataset_keypoint_weights"], visible.shape)
        results.update(self._tables)  # pyright: ignore[reportCallIssue, reportArgumentType]
        return results


def split_encoder(pipeline: Pipeline) -> tuple[Pipeline, BaseCodec | None]:
    """Return the pipeline without its target step, and the codec to run on the device.

    That is possible where one codec that encodes whole batches sits right before
    PackPoseInputs in a top-down pipeline; otherwise the pipeline comes back as it
    is, with None.
    """
    steps = list(pipeline)
    if len(steps) < 2 or not isinstance(steps[-1], PackPoseInputs) or not isinstance(steps[-2], GenerateTarget):
        return pipeline, None
    target = steps[-2]
    codec = target.encoder
    topdown = any(isinstance(step, TopdownAffine) for step in steps)
    if isinstance(codec, list) or not topdown or not encodes_batches(codec):
        return pipeline, None
    keeper = KeepKeypoints(codec, target.use_dataset_keypoint_weights)
    return Pipeline([*steps[:-2], keeper, steps[-1]], pipeline.available), codec


def encodes_batches(codec: BaseCodec) -> bool:
    """Whether ``codec`` has a batched ``encode_batch`` of its own that needs nothing but keypoints."""
    return type(codec).encode_batch is not BaseCodec.encode_batch and not codec.auxiliary_encode_keys


def encode_columns(codec: BaseCodec, labels: Mapping[str, Any]) -> dict[str, Any]:
    """Encode a batch from what the split pipeline packed.

    Shapes: B batch, N instances, K keypoints.

    Args:
        codec: the codec that :func:`split_encoder` returned.
        labels: stacked ``gt_instance_labels``: ``transformed_keypoints`` (B, N, K, 2), ``keypoints_visible``
            (B, N, K) and, if the pipeline used them, ``dataset_keypoint_weights`` (B, N, K).

    Returns:
        Targets by column, such as ``gt_fields.heatmaps``, on the device of the keypoints.
    """
    encoded = codec.encode_batch(labels["transformed_keypoints"], labels["keypoints_visible"])
    if "keypoint_weights" in encoded and labels.get("dataset_keypoint_weights") is not None:
        encoded["keypoint_weights"] = encoded["keypoint_weights"] * labels["dataset_keypoint_weights"]
    tables = mapping_tables([codec])
    columns: dict[str, Any] = {}
    for name, group in GROUPS.items():
        table: dict[str, str] = tables[name] if name in tables else getattr(PackPoseInputs, name)
        columns.update({f"{group}.{packed}": encoded[key] for key, packed in table.items() if key in encoded})
    return columns

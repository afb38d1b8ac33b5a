"""The end of a pipeline: results as a tensor and a data sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from posekit.datasets.transforms.base import BaseTransform
from posekit.datasets.transforms.results import Results
from posekit.registry import TRANSFORMS
from posekit.structures import InstanceData, MultilevelPixelData, PixelData, PoseDataSample

META_KEYS = (
    "id",
    "img_id",
    "img_path",
    "category_id",
    "crowd_index",
    "box_size",
    "ori_shape",
    "img_shape",
    "input_size",
    "input_center",
    "input_scale",
    "flip",
    "flip_direction",
    "flip_indices",
    "raw_ann_info",
    "dataset_name",
)


@TRANSFORMS.register_module()
class PackPoseInputs(BaseTransform):
    """Pack results as ``inputs`` and ``data_samples``.

    ``inputs`` is the image as (3, H, W) uint8 tensor in BGR; several images of one
    size are stacked, of several sizes listed; without an image they are the keypoints. What
    goes into ``gt_instances``, ``gt_instance_labels`` and ``gt_fields``, and under which
    name, is told by the tables below; a codec may bring its own.

    Args:
        meta_keys: results that become metainfo; ``affine`` always does.
        pack_transformed: also pack ``transformed_keypoints`` into ``gt_instances``, for drawing.
        extra_mapping_labels: results to pack into ``gt_instance_labels`` besides those of the table, and their
            packed names.
    """

    provides = ("inputs", "data_samples")

    instance_mapping_table: ClassVar[dict[str, str]] = {
        "bbox": "bboxes",
        "bbox_score": "bbox_scores",
        "keypoints": "keypoints",
        "keypoints_cam": "keypoints_cam",
        "keypoints_visible": "keypoints_visible",
        "bbox_scale": "bbox_scales",
        "head_size": "head_size",
    }
    label_mapping_table: ClassVar[dict[str, str]] = {
        key: key for key in ("keypoint_labels", "keypoint_weights", "keypoints_visible_weights")
    }
    field_mapping_table: ClassVar[dict[str, str]] = {
        key: key
        for key in (
            "heatmaps",
            "instance_heatmaps",
            "heatmap_mask",
            "heatmap_weights",
            "displacements",
            "displacement_weights",
        )
    }

    def __init__(
        self,
        meta_keys: Sequence[str] = META_KEYS,
        pack_transformed: bool = False,
        extra_mapping_labels: dict[str, str] | None = None,
    ) -> None:
        self.meta_keys = tuple(meta_keys)
        self.pack_transformed = pack_transformed
        self.extra_labels = extra_mapping_labels or {}

    def transform(self, results: Results) -> Any:
        return {"inputs": pack_inputs(results), "data_samples": self.pack_sample(results)}

    def pack_sample(self, results: Results) -> PoseDataSample:
        values: dict[str, Any] = results  # pyright: ignore[reportAssignmentType]
        instances = select(values, "instance_mapping_table", self.instance_mapping_table)
        if self.pack_transformed and "transformed_keypoints" in values:
            instances["transformed_keypoints"] = values["transformed_keypoints"]
        labels = select(values, "label_mapping_table", self.label_mapping_table)
        labels.update(select(values, "", self.extra_labels))
        fields = select(values, "field_mapping_table", self.field_mapping_table)
        metainfo = {key: values[key] for key in (*self.meta_keys, "affine") if key in values}
        sample = PoseDataSample(
            metainfo=metainfo,
            gt_instances=InstanceData(**instances),
            gt_instance_labels=InstanceData(**{key: label_tensor(value) for key, value in labels.items()}),
        )
        if fields:
            sample.gt_fields = pack_fields(fields)  # pyright: ignore[reportAttributeAccessIssue]
        return sample


def select(values: dict[str, Any], name: str, default: dict[str, str]) -> dict[str, Any]:
    """Return the values that a mapping table names, under their packed names."""
    return {packed: values[key] for key, packed in values.get(name, default).items() if key in values}


def label_tensor(value: Any) -> Any:
    """Make a tensor of a label; the labels of several codecs are stacked."""
    return to_tensor(np.stack(value) if isinstance(value, list) else value)


def pack_fields(fields: dict[str, Any]) -> PixelData | MultilevelPixelData:
    """Pack maps, all of them arrays or all of them lists with one array per level."""
    if any(isinstance(value, list) for value in fields.values()):
        levels: dict[str, Any] = {key: [to_tensor(level) for level in value] for key, value in fields.items()}
        return MultilevelPixelData(**levels)
    return PixelData(**{key: to_tensor(value) for key, value in fields.items()})


def to_tensor(value: Any) -> Any:
    import torch

    if isinstance(value, np.ndarray):
        return torch.from_numpy(value if value.flags.writeable else value.copy())
    return torch.as_tensor(value)


def pack_inputs(results: Results) -> Any:
    """Return the network's input: the image or images, or the keypoints of a lifter.

    Raises:
        ValueError: if the results hold neither.
    """
    import torch

    img = results.get("img")
    if isinstance(img, list):
        tensors = [image_to_tensor(frame) for frame in img]
        return torch.stack(tensors) if len({t.shape for t in tensors}) == 1 else tensors
    if img is not None:
        return image_to_tensor(img)
    keypoints = results.get("keypoint_labels", results.get("keypoints"))
    if keypoints is None or "lifting_target" not in results:
        raise ValueError(
            "PackPoseInputs: the results hold neither 'img' nor 'keypoints' with a 'lifting_target'; "
            "the first step of the pipeline is usually LoadImage"
        )
    return torch.from_numpy(np.ascontiguousarray(keypoints))


def image_to_tensor(img: np.ndarray) -> Any:
    """Return (H, W, C) or (H, W) as a contiguous tensor (C, H, W)."""
    import cv2
    import torch

    if img.ndim == 3 and img.shape[2] == 3 and img.dtype == np.uint8:
        planes = np.empty((3, *img.shape[:2]), np.uint8)
        cv2.split(img, [planes[0], planes[1], planes[2]])  # three times as fast as a transposed copy
        return torch.from_numpy(planes)
    planes = img[None] if img.ndim == 2 else img.transpose(2, 0, 1)
    return torch.from_numpy(planes.copy())

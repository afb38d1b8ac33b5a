"""The end of a detector's pipeline: results as a tensor and a data sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from posekit.datasets.transforms.base import BaseTransform
from posekit.datasets.transforms.pack_pose_inputs import pack_inputs
from posekit.datasets.transforms.results import Results
from posekit.registry import TRANSFORMS
from posekit.structures import InstanceData, PoseDataSample

META_KEYS = (
    "id",
    "img_id",
    "img_path",
    "ori_shape",
    "img_shape",
    "scale_factor",
    "flip",
    "flip_direction",
    "raw_ann_info",
)
INSTANCES = {"bbox": "bboxes", "labels": "labels", "ignored": "ignored"}
"""Results that describe boxes -> their names in ``gt_instances``."""


@TRANSFORMS.register_module()
class PackDetInputs(BaseTransform):
    """Pack an image and its boxes as ``inputs`` and ``data_samples``.

    ``inputs`` is the image as (3, H, W) uint8 tensor in BGR; ``gt_instances`` holds ``bboxes`` (N, 4) xyxy in input
    pixels, ``labels`` (N,) and ``ignored`` (N,).

    Args:
        meta_keys: results that become metainfo; ``affine`` always does.
    """

    requires = ("img",)
    provides = ("inputs", "data_samples")

    def __init__(self, meta_keys: Sequence[str] = META_KEYS) -> None:
        self.meta_keys = tuple(meta_keys)

    def transform(self, results: Results) -> Any:
        values: dict[str, Any] = results  # pyright: ignore[reportAssignmentType]
        sample = PoseDataSample(
            metainfo={key: values[key] for key in (*self.meta_keys, "affine") if key in values},
            gt_instances=InstanceData(**{name: values[key] for key, name in INSTANCES.items() if key in values}),
        )
        return {"inputs": pack_inputs(results), "data_samples": sample}

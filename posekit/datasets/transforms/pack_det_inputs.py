"""The end of a detector's pipeline: results as a tensor and a data sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from posekit.datasets.transforms.base import BaseTransform
from posekit.datasets.transforms.pack_pose_inputs import image_to_tensor
from posekit.datasets.transforms.results import Results
from posekit.geometry.affine import EDGE
from posekit.registry import TRANSFORMS
from posekit.structures import InstanceData, PoseDataSample
from posekit.structures.bbox import bbox_clip_border

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
INSTANCES = {"labels": "labels", "ignored": "ignored"}
"""Results that describe boxes -> their names in ``gt_instances``."""


@TRANSFORMS.register_module()
class PackDetInputs(BaseTransform):
    """Pack an image and its boxes as ``inputs`` and ``data_samples``.

    ``inputs`` is the image as (3, H, W) uint8 tensor in BGR; ``gt_instances`` holds ``bboxes`` (N, 4) xyxy in input
    pixels, ``labels`` (N,) and ``ignored`` (N,). Packed boxes count from the corner of the image, as those of
    annotation files and of detectors do, and end at its border: that is half a pixel more than in the pipeline, where
    pixel centres sit at integers. Boxes of datasets without labels, as those of poses, are of the first class.

    Args:
        meta_keys: results that become metainfo; ``affine`` always does.
    """

    requires = ("img",)
    provides = ("inputs", "data_samples")

    def __init__(self, meta_keys: Sequence[str] = META_KEYS) -> None:
        self.meta_keys = tuple(meta_keys)

    def transform(self, results: Results) -> Any:
        values: dict[str, Any] = results  # pyright: ignore[reportAssignmentType]
        instances = {name: values[key] for key, name in INSTANCES.items() if key in values}
        if "bbox" in values:
            height, width = results["img"].shape[:2]
            instances["bboxes"] = bbox_clip_border(values["bbox"] + EDGE, (width, height))
            count = len(values["bbox"])
            instances = {"labels": np.zeros(count, np.int64), "ignored": np.zeros(count, bool), **instances}
        sample = PoseDataSample(
            metainfo={key: values[key] for key in (*self.meta_keys, "affine") if key in values},
            gt_instances=InstanceData(**instances),
        )
        return {"inputs": image_to_tensor(results["img"]), "data_samples": sample}

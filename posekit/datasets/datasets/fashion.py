"""Datasets of clothes."""

from __future__ import annotations

from typing import Any

from posekit.datasets.base_coco import BaseCocoStyleDataset
from posekit.registry import DATASETS


@DATASETS.register_module()
class DeepFashion2Dataset(BaseCocoStyleDataset):
    """DeepFashion2: 294 landmarks of 13 kinds of clothes (Ge et al., CVPR 2019)."""

    METAINFO = dict(from_file="configs/_base_/datasets/deepfashion2.py")


@DATASETS.register_module()
class DeepFashionDataset(BaseCocoStyleDataset):
    """DeepFashion landmarks (Liu et al., CVPR 2016).

    Args:
        subset: ``"full"`` (8 landmarks; also for ``""``), ``"upper"`` (6) or ``"lower"`` (4).
        options: arguments of ``BaseCocoStyleDataset``.
    """

    METAINFO = dict(from_file="configs/_base_/datasets/deepfashion_full.py")

    def __init__(self, ann_file: str = "", subset: str = "", **options: Any) -> None:
        subset = subset or "full"
        if subset not in ("full", "upper", "lower"):
            raise ValueError(f"DeepFashionDataset.subset: '{subset}' must be 'full', 'upper' or 'lower'")
        if options.get("metainfo") is None:
            options["metainfo"] = dict(from_file=f"configs/_base_/datasets/deepfashion_{subset}.py")
        super().__init__(ann_file, **options)

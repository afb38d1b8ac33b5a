"""Everything known about one image: annotations, targets, predictions."""

from __future__ import annotations

from typing import Any

from posekit.structures.data_element import DataElement, describe
from posekit.structures.instance_data import InstanceData
from posekit.structures.pixel_data import MultilevelPixelData, PixelData

PARTS: dict[str, tuple[type, ...]] = {
    "gt_instances": (InstanceData,),
    "gt_instance_labels": (InstanceData,),
    "gt_fields": (PixelData, MultilevelPixelData),
    "pred_instances": (InstanceData,),
    "pred_instance_labels": (InstanceData,),
    "pred_fields": (PixelData, MultilevelPixelData),
}


class PoseDataSample(DataElement):
    """One image's annotations, training targets and predictions.

    Convention: ``gt_instances`` and ``pred_instances`` are in image space; ``gt_instance_labels`` and
    ``pred_instance_labels`` (N, K, ...), ``gt_fields`` and ``pred_fields`` (C, H, W) are in output space.

    Meta information is read as ``sample.metainfo["img_shape"]``, ``sample.get("img_shape")``
    or ``sample.img_shape``. A part that was not set raises AttributeError; ask with
    ``"pred_instances" in sample``.

    Raises:
        TypeError: when a part is set to something of another type.
    """

    gt_instances: InstanceData
    gt_instance_labels: InstanceData
    gt_fields: PixelData
    pred_instances: InstanceData
    pred_instance_labels: InstanceData
    pred_fields: PixelData

    def _accepted(self, name: str, value: Any) -> Any:
        allowed = PARTS.get(name)
        if allowed is not None and not isinstance(value, allowed):
            names = " or ".join(kind.__name__ for kind in allowed)
            raise TypeError(f"PoseDataSample.{name}: got {describe(value)}; it must be {names}")
        return value

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)

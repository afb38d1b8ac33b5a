"""Training with inputs of several sizes."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from posekit.registry import MODELS
from posekit.structures import PoseBatch, PoseDataSample

SHAPES = ("img_shape", "pad_shape")


@MODELS.register_module()
class BatchSyncRandomResize(nn.Module):
    """Resizes whole batches, with their labels, to a size that changes at intervals and is the same on all devices.

    Sizes are multiples of the divisor; the first batches keep their size.

    Args:
        random_size_range: smallest and largest height, in pixels.
        interval: number of batches after which a new size is drawn.
        size_divisor: divisor of heights and widths.

    Raises:
        ValueError: if the range contains no size.
    """

    registry = MODELS

    def __init__(self, random_size_range: tuple[int, int], interval: int = 10, size_divisor: int = 32) -> None:
        super().__init__()
        self.low, self.high = (round(size / size_divisor) for size in random_size_range)
        if not 0 < self.low <= self.high:
            raise ValueError(
                f"BatchSyncRandomResize.random_size_range: {tuple(random_size_range)} holds no multiple of "
                f"size_divisor={size_divisor}; give (smallest, largest)"
            )
        self.interval = interval
        self.size_divisor = size_divisor
        self.batches = 0
        self.size_hw: tuple[int, int] | None = None

    def forward(self, inputs: Tensor, data_samples: Any) -> tuple[Tensor, Any]:
        """Return resized copies of inputs (B, C, H, W) and samples; the arguments stay unchanged."""
        height, width = inputs.shape[-2:]
        size_hw = self.size_hw or (height, width)
        self.batches += 1
        if self.batches % self.interval == 0:
            self.size_hw = self.draw(width / height, inputs.device)
        if size_hw == (height, width):
            return inputs, data_samples
        factor_xy = (size_hw[1] / width, size_hw[0] / height)
        samples = [resized(sample, size_hw, factor_xy) for sample in data_samples or ()]
        inputs = F.interpolate(inputs, size=size_hw, mode="bilinear", align_corners=False)  # (B, C, *size_hw)
        return inputs, PoseBatch.from_samples(samples) if isinstance(data_samples, PoseBatch) else samples

    def draw(self, aspect_ratio: float, device: torch.device) -> tuple[int, int]:
        """Draw a height; the width follows from width / height."""
        cells = torch.randint(self.low, self.high + 1, ()).to(device)
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            torch.distributed.broadcast(cells, 0)
        count = int(cells)
        return self.size_divisor * count, self.size_divisor * max(int(aspect_ratio * count), 1)


def resized(sample: PoseDataSample, size_hw: tuple[int, int], factor_xy: tuple[float, float]) -> PoseDataSample:
    """Return a copy of a sample whose labels fit the resized input."""
    x, y = factor_xy
    copy = PoseDataSample(metainfo=sample.metainfo)
    for name, value in sample.items():
        setattr(copy, name, value)
    shapes = {name: sample.metainfo[name] for name in SHAPES if name in sample.metainfo}
    scaled = {name: (int(shape[0] * y), int(shape[1] * x)) for name, shape in shapes.items()}
    copy.set_metainfo({**scaled, "batch_input_shape": size_hw})
    factors = {"bboxes": (x, y, x, y), "keypoints": (x, y), "areas": x * y}
    for part in ("gt_instances", "gt_instance_labels"):
        if part in sample:
            labels = sample[part][:]
            for name in factors.keys() & labels.keys():
                values = torch.as_tensor(labels[name])
                setattr(labels, name, values * values.new_tensor(factors[name]))
            setattr(copy, part, labels)
    if "gt_fields" in sample:
        copy.gt_fields = sample.gt_fields.map(lambda maps: resized_maps(maps, factor_xy))
    return copy


def resized_maps(maps: Any, factor_xy: tuple[float, float]) -> Any:
    """Return maps (C, H, W), or a list of those of each level, as float maps of the resized input."""
    if isinstance(maps, list):
        return [resized_maps(level, factor_xy) for level in maps]
    size_hw = [round(side * factor) for side, factor in zip(maps.shape[1:], reversed(factor_xy), strict=True)]
    return F.interpolate(maps[None].float(), size=size_hw, mode="bilinear", align_corners=False)[0]  # (C, *size_hw)

"""From 8-bit images to the inputs of a backbone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from posekit.models.base_module import Settings
from posekit.models.data_preprocessors.base import BaseDataPreprocessor
from posekit.registry import MODELS


@MODELS.register_module("DetDataPreprocessor")
@MODELS.register_module()
class PoseDataPreprocessor(BaseDataPreprocessor):
    """Moves images to the device, swaps their channels, normalises, pads and stacks them.

    Args:
        mean: mean of each channel after swapping, in 0..255; None for no normalisation.
        std: standard deviation of each channel; None for no normalisation.
        pad_size_divisor: divisor of heights and widths, which are padded on the right and at the bottom.
        pad_value: value of padded pixels after normalisation.
        bgr_to_rgb: whether the first and the last channel are swapped.
        rgb_to_bgr: the same as ``bgr_to_rgb``.
        non_blocking: whether to copy to the device asynchronously.
        batch_augments: modules that change batches in training, such as BatchSyncRandomResize.

    Raises:
        ValueError: if both swaps are set, or only one of mean and std.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        pad_size_divisor: int = 1,
        pad_value: float = 0,
        bgr_to_rgb: bool = False,
        rgb_to_bgr: bool = False,
        non_blocking: bool = False,
        batch_augments: list[Settings] | None = None,
    ) -> None:
        super().__init__(non_blocking)
        if bgr_to_rgb and rgb_to_bgr:
            raise ValueError("PoseDataPreprocessor: bgr_to_rgb and rgb_to_bgr exclude each other; set one of them")
        if (mean is None) != (std is None):
            raise ValueError(f"PoseDataPreprocessor: mean={mean} and std={std}; give both or none")
        for name, values in (("mean", mean or [0.0]), ("std", std or [1.0])):
            self.register_buffer(name, torch.tensor(values, dtype=torch.float32).view(1, -1, 1, 1), persistent=False)
        self.swap_channels = bgr_to_rgb or rgb_to_bgr
        self.pad_size_divisor = pad_size_divisor
        self.pad_value = float(pad_value)
        self.batch_augments = nn.ModuleList(MODELS.build(augment) for augment in batch_augments or ())

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Return the normalised batch (B, C, H, W) float32 and the samples, both on the device.

        Args:
            data: ``inputs``, a list of (C, H, W) images or one (B, C, H, W) batch, and ``data_samples``, whose
                metainfo gains ``batch_input_shape`` and ``pad_shape`` (heights and widths).
            training: whether to apply the batch augmentations.
        """
        images, samples = data["inputs"], self.to_device(data.get("data_samples"))
        batch = self.stack(images)  # (B, C, H, W)
        self.note_shapes(images, batch, samples)
        if training:
            for augment in self.batch_augments:
                batch, samples = augment(batch, samples)
        return {"inputs": batch, "data_samples": samples}

    def stack(self, inputs: Tensor | list[Tensor]) -> Tensor:
        """Return one normalised and padded float batch on the device."""
        if isinstance(inputs, Tensor) and inputs.ndim != 4:
            raise ValueError(f"inputs: a batch has the shape (B, C, H, W), this one {tuple(inputs.shape)}")
        if not isinstance(inputs, Tensor) and len({image.shape for image in inputs}) == 1:
            inputs = torch.stack(list(inputs))  # (B, C, H, W)
        height, width = self.padded_size(inputs)
        if isinstance(inputs, Tensor) and tuple(inputs.shape[2:]) == (height, width):
            return self.normalize(self.to_device(inputs))  # (B, C, H, W)
        batch = self.mean.new_full((len(inputs), inputs[0].shape[0], height, width), self.pad_value)  # (B, C, H, W)
        for slot, image in zip(batch, inputs, strict=True):
            slot[:, : image.shape[1], : image.shape[2]] = self.normalize(self.to_device(image[None]))[0]
        return batch

    def normalize(self, batch: Tensor) -> Tensor:
        """Swap channels while they are bytes, then shift and scale them."""
        if self.swap_channels:
            batch = batch.flip(1)
        return (batch - self.mean).div_(self.std)  # (B, C, H, W)

    def padded_size(self, inputs: Tensor | Sequence[Tensor]) -> tuple[int, int]:
        """Return the height and width that all images fit in."""
        sizes = [self.round_up(image.shape[-2:]) for image in inputs]
        return max(height for height, _ in sizes), max(width for _, width in sizes)

    def round_up(self, size_hw: Sequence[int]) -> tuple[int, int]:
        """Round a height and a width up to multiples of ``pad_size_divisor``."""
        step = self.pad_size_divisor
        return -(-size_hw[0] // step) * step, -(-size_hw[1] // step) * step

    def note_shapes(self, images: Tensor | Sequence[Tensor], batch: Tensor, samples: Any) -> None:
        """Write the shapes before and after batching into each sample's metainfo."""
        if samples is None:
            return
        infos = getattr(samples, "metainfos", None)
        for index, image in enumerate(images):
            shapes = {"batch_input_shape": tuple(batch.shape[2:]), "pad_shape": self.round_up(image.shape[-2:])}
            if infos is None:
                samples[index].set_metainfo(shapes)
            else:
                infos[index].update(shapes)

"""What predictors ask of a network, independent of what computes it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import numpy as np

from posekit.inference.recipe import Pixels
from posekit.structures.pose_data_sample import PoseDataSample


class Batch(NamedTuple):
    """Inputs of a network and what is known of each.

    Attributes:
        inputs: one for each sample: crops (h, w, 3), BGR, 0 ... 255, or what a config's own pipeline made.
        samples: samples of each input; their metainfo ``affine`` leads from image to input space.
        flip_test: whether to average with the mirrored input; None for what the model was evaluated with.
    """

    inputs: Sequence[Any]
    samples: list[PoseDataSample]
    flip_test: bool | None = None


class Network(Protocol):
    """Finds the keypoints in a batch."""

    def run(self, batch: Batch) -> list[PoseDataSample]:
        """Return the batch's samples with ``pred_instances`` in image space.

        ``pred_instances`` holds ``keypoints`` (N, K, D), ``keypoint_scores`` (N, K) and what else the model tells.
        """
        ...


def planes(crops: Sequence[np.ndarray], dtype: Any, pixels: Pixels | None = None) -> np.ndarray:
    """Return crops (h, w, 3), BGR, of one size as a batch (B, 3, h, w), in one pass over their pixels.

    Args:
        crops: uint8.
        dtype: dtype of the batch: float32, or that of the crops.
        pixels: what the network wants of them; by default B, G, R, 0 ... 255.
    """
    height, width = crops[0].shape[:2]
    batch = np.empty((len(crops), 3, height, width), dtype)
    if batch.dtype != np.float32:
        for target, crop in zip(batch, crops, strict=True):
            target[:] = crop.transpose(2, 0, 1)
        return batch
    import cv2

    pixels = pixels or Pixels()
    order, tables = (2, 1, 0) if pixels.to_rgb else (0, 1, 2), levels(pixels.mean, pixels.std)
    channel = np.empty((height, width), np.uint8)
    for target, crop in zip(batch, crops, strict=True):
        for plane, source, table in zip(target, order, tables, strict=True):
            cv2.extractChannel(crop, source, channel)
            cv2.LUT(channel, table, plane)
    return batch


@lru_cache
def levels(mean: tuple[float, ...], std: tuple[float, ...]) -> np.ndarray:
    """Return what each of the 256 levels becomes in each channel (3, 256): computed once, it is only looked up."""
    table = np.broadcast_to(np.arange(256, dtype=np.float32), (1, 3, 256)).copy()
    return normalized(table[..., None], Pixels(mean=mean, std=std))[0, ..., 0]


def normalized(batch: np.ndarray, pixels: Pixels) -> np.ndarray:
    """Shift and scale a batch (B, 3, h, w), its channels in the network's order, in place."""
    if pixels.mean:
        mean, std = (np.array(values, batch.dtype)[:, None, None] for values in (pixels.mean, pixels.std))
        batch -= mean
        batch /= std
    return batch


def as_wanted(batch: np.ndarray, pixels: Pixels) -> np.ndarray:
    """Return a batch (B, 3, h, w) of B, G, R, 0 ... 255 as a network wants it."""
    return normalized(batch[:, ::-1].copy() if pixels.to_rgb else batch.copy(), pixels)

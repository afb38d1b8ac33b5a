"""C4 and C5: encoding keypoints and decoding outputs, per sample of a batch of 64.

The baseline is the textbook: one sample after the other, one keypoint after the other, in numpy,
with Gaussians pasted as patches and whole maps blurred by OpenCV before DARK.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import cv2
import numpy as np
import torch

from benchmarks.case import Case, interleaved_seconds
from posekit.registry import CODECS

BATCH, INPUT, HEATMAP, SIGMA, KERNEL = 64, (192, 256), (48, 64), 2, 11
SIMCC_SIGMA, SPLIT = (4.9, 5.66), 2.0
SIZES: dict[str, Any] = {"input_size": INPUT, "heatmap_size": HEATMAP, "sigma": SIGMA}


# --- the textbook ------------------------------------------------------------
def encode_gaussians(keypoints: np.ndarray, exact: bool) -> np.ndarray:
    """Paste a patch of 6 sigma + 1 cells per keypoint (K, 2), given in cells."""
    width, height = HEATMAP
    maps = np.zeros((len(keypoints), height, width), np.float32)
    reach = 3 * SIGMA
    for k, point in enumerate(keypoints):
        x, y = (point + 0.5).astype(int)
        left, right = max(0, x - reach), min(width, x + reach + 1)
        top, bottom = max(0, y - reach), min(height, y + reach + 1)
        if left >= right or top >= bottom:
            continue
        middle = point if exact else (x, y)
        dx, dy = np.arange(left, right) - middle[0], np.arange(top, bottom)[:, None] - middle[1]
        maps[k, top:bottom, left:right] = np.exp(-(dx**2 + dy**2) / (2 * SIGMA**2))
    return maps


def encode_simcc(keypoints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows = [np.zeros((len(keypoints), int(size * SPLIT)), np.float32) for size in INPUT]
    for k, point in enumerate(np.round(keypoints * SPLIT)):
        for axis, row in enumerate(rows):
            bins = np.arange(row.shape[1], dtype=np.float32)
            row[k] = np.exp(-((bins - point[axis]) ** 2) / (2 * SIMCC_SIGMA[axis] ** 2))
    return rows[0], rows[1]


def maximum(heatmap: np.ndarray) -> tuple[int, int]:
    y, x = np.unravel_index(heatmap.argmax(), heatmap.shape)
    return int(x), int(y)


def decode_argmax(heatmaps: np.ndarray) -> np.ndarray:
    points = np.zeros((len(heatmaps), 2), np.float32)
    height, width = heatmaps.shape[1:]
    for k, heatmap in enumerate(heatmaps):
        x, y = maximum(heatmap)
        points[k] = x, y
        if 1 < x < width - 1 and y > 0:
            points[k, 0] += 0.25 * np.sign(heatmap[y, x + 1] - heatmap[y, x - 1])
        if 1 < y < height - 1 and x > 0:
            points[k, 1] += 0.25 * np.sign(heatmap[y + 1, x] - heatmap[y - 1, x])
    return points


def blurred_logarithms(heatmap: np.ndarray, lowest: float) -> np.ndarray:
    border = KERNEL // 2
    padded = np.zeros((heatmap.shape[0] + 2 * border, heatmap.shape[1] + 2 * border), np.float32)
    padded[border:-border, border:-border] = heatmap
    blurred = cv2.GaussianBlur(padded, (KERNEL, KERNEL), 0)[border:-border, border:-border]
    return np.log(np.maximum(blurred * heatmap.max() / blurred.max(), lowest))


def decode_dark(heatmaps: np.ndarray, wide: bool) -> np.ndarray:
    """DARK with second differences over two cells (``wide``), or over one cell as UDP has them."""
    points = np.zeros((len(heatmaps), 2), np.float32)
    height, width = heatmaps.shape[1:]
    for k, heatmap in enumerate(heatmaps):
        x, y = maximum(heatmap)
        points[k] = x, y
        if not (1 < x < width - 2 and 1 < y < height - 2):
            continue
        m = blurred_logarithms(heatmap, 1e-10 if wide else 1e-3)
        gradient = 0.5 * np.array([m[y, x + 1] - m[y, x - 1], m[y + 1, x] - m[y - 1, x]])
        if wide:
            dxx = 0.25 * (m[y, x + 2] - 2 * m[y, x] + m[y, x - 2])
            dyy = 0.25 * (m[y + 2, x] - 2 * m[y, x] + m[y - 2, x])
        else:
            dxx = m[y, x + 1] - 2 * m[y, x] + m[y, x - 1]
            dyy = m[y + 1, x] - 2 * m[y, x] + m[y - 1, x]
        dxy = 0.25 * (m[y + 1, x + 1] - m[y - 1, x + 1] - m[y + 1, x - 1] + m[y - 1, x - 1])
        points[k] -= np.linalg.inv(np.array([[dxx, dxy], [dxy, dyy]])) @ gradient
    return points


def decode_simcc(rows_x: np.ndarray, rows_y: np.ndarray) -> np.ndarray:
    points = np.stack([rows_x.argmax(-1), rows_y.argmax(-1)], -1).astype(np.float32)
    scores = np.minimum(rows_x.max(-1), rows_y.max(-1))
    points[scores <= 0] = -1
    return points / SPLIT


# --- the cases ---------------------------------------------------------------
def keypoints(count: int) -> np.ndarray:
    """Return keypoints (64, 1, count, 2) in input space, well inside of it."""
    return (20 + np.random.default_rng(0).random((BATCH, 1, count, 2)) * (np.array(INPUT) - 40)).astype(np.float32)


def measured(ours: Callable[[], Any], textbook: Callable[[], Any]) -> dict[str, float]:
    with torch.no_grad():
        seconds = interleaved_seconds({"ours": ours, "textbook": textbook})
    per_sample = {f"{name}_us": value / BATCH * 1e6 for name, value in seconds.items()}
    return {**per_sample, "ratio": seconds["textbook"] / seconds["ours"]}


def encode_case(config: dict[str, Any], textbook: Callable[[Any, np.ndarray], Any], count: int) -> dict[str, float]:
    codec, points = CODECS.build(config), keypoints(count)
    tensors = torch.from_numpy(points), torch.ones(BATCH, 1, count)

    def ours() -> tuple[Any, ...]:
        encoded = codec.encode_batch(*tensors)
        return tuple(value for name, value in encoded.items() if name != "keypoint_weights")

    def baseline() -> list[Any]:
        return [textbook(codec, sample[0]) for sample in points]

    for i, expected in enumerate(baseline()):
        for part, want in zip(ours(), expected if isinstance(expected, tuple) else (expected,), strict=True):
            np.testing.assert_allclose(part[i].reshape(want.shape), want, atol=1e-5)
    return measured(ours, baseline)


def decode_case(config: dict[str, Any], textbook: Callable[..., np.ndarray], count: int = 17) -> dict[str, float]:
    codec = CODECS.build(config)
    encoded = codec.encode_batch(torch.from_numpy(keypoints(count)), torch.ones(BATCH, 1, count))
    parts = [value.flatten(1, 2) if value.ndim == 4 and "labels" in name else value for name, value in encoded.items()]
    parts = [part for part, name in zip(parts, encoded, strict=True) if name != "keypoint_weights"]
    noise = torch.Generator().manual_seed(0)
    parts = [part + 0.02 * torch.rand(part.shape, generator=noise) for part in parts]
    arrays = [part.numpy() for part in parts]
    scale = getattr(codec, "scale_factor", 1.0)

    def baseline() -> np.ndarray:
        return np.stack([textbook(*sample) for sample in zip(*arrays, strict=True)])

    ours = partial(codec.batch_decode, *parts)
    np.testing.assert_allclose(ours()[0][:, 0].numpy(), baseline() * scale, atol=0.02)
    return measured(ours, baseline)


def cells(codec: Any, points: np.ndarray) -> np.ndarray:
    return points / codec.scale_factor


SIMCC = {
    "type": "SimCCLabel",
    "input_size": INPUT,
    "sigma": SIMCC_SIGMA,
    "simcc_split_ratio": SPLIT,
    "normalize": False,
}
ENCODERS: dict[str, tuple[dict[str, Any], Callable[[Any, np.ndarray], Any]]] = {
    "MSRA": ({"type": "MSRAHeatmap", **SIZES}, lambda codec, points: encode_gaussians(cells(codec, points), False)),
    "UDP": ({"type": "UDPHeatmap", **SIZES}, lambda codec, points: encode_gaussians(cells(codec, points), True)),
    "SimCC": (SIMCC, lambda codec, points: encode_simcc(points)),
}
DECODERS: dict[str, tuple[dict[str, Any], Callable[..., np.ndarray]]] = {
    "argmax": ({"type": "MSRAHeatmap", **SIZES}, decode_argmax),
    "DARK": ({"type": "MSRAHeatmap", "unbiased": True, **SIZES}, partial(decode_dark, wide=True)),
    "UDP": ({"type": "UDPHeatmap", **SIZES}, partial(decode_dark, wide=False)),
    "SimCC": (SIMCC, decode_simcc),
}
CASES = [
    Case(
        f"C4 encode {name} K={count}",
        "batch 64, 192x256, CPU, per sample",
        ">= 8x",
        partial(encode_case, *parts, count),
    )
    for count in (17, 133)
    for name, parts in ENCODERS.items()
] + [
    Case(f"C5 decode {name} K=17", "batch 64, 192x256, CPU, per sample", ">= 5x", partial(decode_case, *parts))
    for name, parts in DECODERS.items()
]

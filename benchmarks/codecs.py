"""C4 and C5: encoding keypoints and decoding outputs, per sample of a batch of 64.

The baseline is the textbook: one sample after the other, most of it one keypoint after the other,
in numpy, with Gaussians pasted as patches and whole maps blurred by OpenCV before DARK.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import cv2
import numpy as np
import torch

from benchmarks.case import Case, interleaved_seconds
from posekit.registry import CODECS

BATCH, INPUT, HEATMAP, SIGMA, KERNEL = 64, (192, 256), (48, 64), 2, 11
SIMCC_SIGMA, SPLIT = (4.9, 5.66), 2.0
SIZES: dict[str, Any] = {"input_size": INPUT, "heatmap_size": HEATMAP, "sigma": SIGMA}


Textbook: TypeAlias = Callable[..., tuple[np.ndarray, ...]]


# --- the textbook ------------------------------------------------------------
def encode_gaussians(keypoints: np.ndarray, visible: np.ndarray, *, exact: bool) -> tuple[np.ndarray, np.ndarray]:
    """Paste a patch of 6 sigma + 1 cells per keypoint (K, 2), given in cells."""
    (width, height), reach = HEATMAP, 3 * SIGMA
    maps, weights = np.zeros((len(keypoints), height, width), np.float32), visible.copy()
    cells = np.arange(-reach, reach + 1, dtype=np.float32)
    for k, point in enumerate(keypoints):
        if visible[k] < 0.5:
            continue
        cell = (point + 0.5).astype(np.int64)
        (left, top), (right, bottom) = cell - reach, cell + reach + 1
        if left >= width or top >= height or right < 0 or bottom < 0:
            weights[k] = 0
            continue
        shift = point - cell if exact else (0, 0)
        patch = np.exp(-((cells - shift[0]) ** 2 + (cells[:, None] - shift[1]) ** 2) / (2 * SIGMA**2))
        rows, columns = slice(max(0, top), min(height, bottom)), slice(max(0, left), min(width, right))
        visible_part = patch[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
        np.maximum(maps[k, rows, columns], visible_part, out=maps[k, rows, columns])
    return maps, weights


def encode_simcc(keypoints: np.ndarray, visible: np.ndarray) -> tuple[np.ndarray, ...]:
    """Fill two rows per keypoint (K, 2), given in bins."""
    lengths = [int(size * SPLIT) for size in INPUT]
    rows = [np.zeros((len(keypoints), length), np.float32) for length in lengths]
    bins = [np.arange(length, dtype=np.float32) for length in lengths]
    weights, reach = visible.copy(), 3 * np.array(SIMCC_SIGMA)
    for k, middle in enumerate(np.round(keypoints).astype(np.int64)):
        if visible[k] < 0.5:
            continue
        if (middle - reach >= lengths).any() or (middle + reach + 1 < 0).any():
            weights[k] = 0
            continue
        for row, cells, mean, sigma in zip(rows, bins, middle.tolist(), SIMCC_SIGMA, strict=True):
            row[k] = np.exp(-((cells - mean) ** 2) / (2 * sigma**2))
    return *rows, weights


def maxima(heatmaps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    flat = heatmaps.reshape(len(heatmaps), -1)
    y, x = np.unravel_index(flat.argmax(1), heatmaps.shape[1:])
    points, scores = np.stack([x, y], -1).astype(np.float32), flat.max(1)
    points[scores <= 0] = -1
    return points, scores


def decode_argmax(heatmaps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    heatmaps = heatmaps.copy()
    points, scores = maxima(heatmaps)
    quarter_steps(points, heatmaps)
    return points, scores


def quarter_steps(points: np.ndarray, heatmaps: np.ndarray) -> None:
    """Move the points (K, 2), in place, a quarter of a cell towards the higher neighbours."""
    height, width = heatmaps.shape[1:]
    for k, heatmap in enumerate(heatmaps):
        x, y = points[k].astype(int)
        dx = heatmap[y, x + 1] - heatmap[y, x - 1] if 1 < x < width - 1 and 0 < y < height else 0.0
        dy = heatmap[y + 1, x] - heatmap[y - 1, x] if 1 < y < height - 1 and 0 < x < width else 0.0
        points[k] += 0.25 * np.sign([dx, dy], dtype=np.float32)


def blurred_logarithms(heatmaps: np.ndarray, lowest: float, highest: float) -> np.ndarray:
    """Return the logarithms of whole blurred maps, each scaled back to its height."""
    border, blurred = KERNEL // 2, heatmaps.copy()
    inner = slice(border, -border)
    for heatmap in blurred:
        height = heatmap.max()
        padded = np.zeros([size + 2 * border for size in heatmap.shape], np.float32)
        padded[inner, inner] = heatmap
        heatmap[:] = cv2.GaussianBlur(padded, (KERNEL, KERNEL), 0)[inner, inner]
        heatmap *= height / heatmap.max()
    np.clip(blurred, lowest, highest, out=blurred)
    return np.log(blurred, out=blurred)


def decode_dark(heatmaps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """DARK, keypoint after keypoint, with second differences over two cells."""
    points, scores = maxima(heatmaps)
    height, width = heatmaps.shape[1:]
    for k, m in enumerate(blurred_logarithms(heatmaps, 1e-10, np.inf)):
        x, y = points[k].astype(int)
        if not (1 < x < width - 2 and 1 < y < height - 2):
            continue
        gradient = 0.5 * np.array([m[y, x + 1] - m[y, x - 1], m[y + 1, x] - m[y - 1, x]])
        dxx = 0.25 * (m[y, x + 2] - 2 * m[y, x] + m[y, x - 2])
        dyy = 0.25 * (m[y + 2, x] - 2 * m[y, x] + m[y - 2, x])
        dxy = 0.25 * (m[y + 1, x + 1] - m[y - 1, x + 1] - m[y + 1, x - 1] + m[y - 1, x - 1])
        if dxx * dyy - dxy**2 != 0:
            points[k] -= np.linalg.inv(np.array([[dxx, dxy], [dxy, dyy]])) @ gradient
    return points, scores


def decode_udp(heatmaps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """DARK as UDP has it: all keypoints of the sample at once, with differences over one cell."""
    points, scores = maxima(heatmaps)
    padded = np.pad(blurred_logarithms(heatmaps, 1e-3, 50.0), ((0, 0), (1, 1), (1, 1)), mode="edge")
    (x, y), k = (points + 1).astype(int).T, np.arange(len(points))
    m = {(i, j): padded[k, y + j, x + i] for i in (-1, 0, 1) for j in (-1, 0, 1) if i * j >= 0}
    here, diagonal = m[0, 0], m[1, 1] + m[-1, -1]
    gradient = 0.5 * np.stack([m[1, 0] - m[-1, 0], m[0, 1] - m[0, -1]], -1)
    dxx, dyy = m[1, 0] - 2 * here + m[-1, 0], m[0, 1] - 2 * here + m[0, -1]
    dxy = 0.5 * (diagonal + 2 * here - m[1, 0] - m[-1, 0] - m[0, 1] - m[0, -1])
    second = np.stack([dxx, dxy, dxy, dyy], -1).reshape(-1, 2, 2) + np.finfo(np.float32).eps * np.eye(2)
    return points - np.einsum("kij,kj->ki", np.linalg.inv(second), gradient), scores


def decode_simcc(rows_x: np.ndarray, rows_y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    points = np.stack([rows_x.argmax(-1), rows_y.argmax(-1)], -1).astype(np.float32)
    scores, other = rows_x.max(-1), rows_y.max(-1)
    lower = scores > other
    scores[lower] = other[lower]
    points[scores <= 0] = -1
    return points, scores


# --- the cases ---------------------------------------------------------------
def keypoints(count: int) -> np.ndarray:
    """Return keypoints (64, 1, count, 2) in input space, well inside of it."""
    return (20 + np.random.default_rng(0).random((BATCH, 1, count, 2)) * (np.array(INPUT) - 40)).astype(np.float32)


def measured(ours: Callable[[], Any], textbook: Callable[[], Any], samples: int = BATCH) -> dict[str, float]:
    with torch.no_grad():
        seconds = interleaved_seconds({"ours": ours, "textbook": textbook}, clock=time.process_time)
    per_sample = {f"{name}_us": value / samples * 1e6 for name, value in seconds.items()}
    return {**per_sample, "ratio": seconds["textbook"] / seconds["ours"]}


def encode_case(config: dict[str, Any], textbook: Textbook, count: int) -> dict[str, float]:
    codec, points = CODECS.build(config), keypoints(count)
    tensors = torch.from_numpy(points), torch.ones(BATCH, 1, count)
    visible = tensors[1].numpy()

    def baseline() -> list[tuple[np.ndarray, ...]]:
        return [textbook(points[i, 0] / scale_of(codec), visible[i, 0]) for i in range(BATCH)]

    ours = partial(codec.encode_batch, *tensors)
    for i, expected in enumerate(baseline()):
        for part, want in zip(ours().values(), expected, strict=True):
            np.testing.assert_allclose(part[i].reshape(want.shape), want, atol=1e-5)
    return measured(ours, baseline)


def decode_case(config: dict[str, Any], textbook: Textbook, count: int = 17) -> dict[str, float]:
    codec = CODECS.build(config)
    encoded = codec.encode_batch(torch.from_numpy(keypoints(count)), torch.ones(BATCH, 1, count))
    noise = torch.Generator().manual_seed(0)
    parts = [value.reshape(BATCH, count, *value.shape[3 if "labels" in name else 2 :])
             for name, value in encoded.items() if name != "keypoint_weights"]  # fmt: skip
    parts = [part + 0.02 * torch.rand(part.shape, generator=noise) for part in parts]
    arrays = [part.numpy() for part in parts]

    def baseline() -> list[tuple[np.ndarray, np.ndarray]]:
        found = [textbook(*sample) for sample in zip(*arrays, strict=True)]
        return [(points * scale_of(codec), scores) for points, scores in found]

    ours = partial(codec.batch_decode, *parts)
    for found, wanted in zip(ours(), zip(*baseline(), strict=True), strict=True):
        np.testing.assert_allclose(found[:, 0].numpy(), np.stack(wanted), atol=0.02)
    return measured(ours, baseline)


def scale_of(codec: Any) -> np.ndarray:
    """Return input pixels per unit of what the textbook draws and finds, (2,)."""
    return codec.scale_factor if hasattr(codec, "scale_factor") else np.full(2, 1 / SPLIT, np.float32)


SIMCC = {
    "type": "SimCCLabel",
    "input_size": INPUT,
    "sigma": SIMCC_SIGMA,
    "simcc_split_ratio": SPLIT,
    "normalize": False,
}
ENCODERS: dict[str, tuple[dict[str, Any], Textbook]] = {
    "MSRA": ({"type": "MSRAHeatmap", **SIZES}, partial(encode_gaussians, exact=False)),
    "UDP": ({"type": "UDPHeatmap", **SIZES}, partial(encode_gaussians, exact=True)),
    "SimCC": (SIMCC, encode_simcc),
}
DECODERS: dict[str, tuple[dict[str, Any], Textbook]] = {
    "argmax": ({"type": "MSRAHeatmap", **SIZES}, decode_argmax),
    "DARK": ({"type": "MSRAHeatmap", "unbiased": True, **SIZES}, decode_dark),
    "UDP": ({"type": "UDPHeatmap", **SIZES}, decode_udp),
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

"""C5, continued: decoding images with several persons, per image.

The baseline is the textbook: maxima of whole batches in torch, then one image after the other, one
person and one keypoint after the other in numpy; for SPR a position in every cell before the few that
count are read. Persons and candidates are matched by scipy, which leaves the slowest part of such
decoders, a Hungarian algorithm in python, out of the comparison.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from benchmarks.case import Case
from benchmarks.codecs import measured, quarter_steps
from posekit.registry import CODECS

IMAGES, PERSONS, K, INPUT, HEATMAP = 8, 5, 17, (512, 512), (128, 128)
WINDOW, CANDIDATES, LOWEST, TAG_DISTANCE = 5, 30, 0.1, 1.0
ORDER = [0, 1, 2, 3, 4, 5, 6, 11, 12, 7, 8, 9, 10, 13, 14, 15, 16]
NOISE = 0.005
EMBEDDING = {
    "type": "AssociativeEmbedding",
    "input_size": INPUT,
    "heatmap_size": HEATMAP,
    "sigma": 2,
    "decode_keypoint_order": ORDER,
    "decode_topk": CANDIDATES,
    "decode_max_instances": 30,
}
SPR = {
    "type": "SPR",
    "input_size": INPUT,
    "heatmap_size": HEATMAP,
    "sigma": (4, 2),
    "generate_keypoint_heatmaps": True,
    "decode_max_instances": CANDIDATES,
}


# --- the textbook ------------------------------------------------------------
def peaks_of(heatmaps: Tensor) -> Tensor:
    """Return maps (B, K, H, W) with zeros where a cell is not the highest of its window."""
    highest = F.max_pool2d(heatmaps, WINDOW, stride=1, padding=WINDOW // 2)
    return heatmaps * (heatmaps == highest).float()


def decode_embedding(heatmaps: Tensor, tags: Tensor) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return keypoints (N, K, 2) in cells and scores (N, K) of each image."""
    scores, index = peaks_of(heatmaps).flatten(2).topk(CANDIDATES)
    candidate_tags = tags.flatten(2).gather(2, index).numpy()
    places = torch.stack([index % HEATMAP[0], index // HEATMAP[0]], -1).numpy()
    found: list[tuple[np.ndarray, np.ndarray]] = []
    for i, (maps, tag_maps) in enumerate(zip(heatmaps.numpy(), tags.numpy(), strict=True)):
        points, values = group(places[i], scores[i].numpy(), candidate_tags[i])
        for person in points:
            quarter_steps(person, maps)
        fill_missing(points, values, maps, tag_maps)
        found.append((points, values))
    return found


def group(places: np.ndarray, scores: np.ndarray, tags: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Put candidates (K, M) together to persons, by the distance to the mean of each person's tags."""
    persons: list[tuple[np.ndarray, np.ndarray, list[Any]]] = []
    for k in ORDER:
        valid = scores[k] > LOWEST
        members = list(zip(places[k, valid], scores[k, valid], tags[k, valid], strict=True))
        owner: dict[int, int] = {}
        if persons and members:
            means = np.array([np.mean(known) for _, _, known in persons])
            distance = np.abs(tags[k, valid][:, None] - means)
            for row, column in zip(
                *linear_sum_assignment(np.round(distance) * 100 - scores[k, valid][:, None]), strict=True
            ):
                if distance[row, column] < TAG_DISTANCE:
                    owner[int(row)] = int(column)
        for row, (place, score, tag) in enumerate(members):
            if row not in owner:
                persons.append((np.zeros((K, 2), np.float32), np.zeros(K, np.float32), []))
            points, values, known = persons[owner.get(row, -1)]
            points[k], values[k] = place, score
            known.append(tag)
    return np.stack([person[0] for person in persons]), np.stack([person[1] for person in persons])


def fill_missing(points: np.ndarray, values: np.ndarray, heatmaps: np.ndarray, tags: np.ndarray) -> None:
    """Put each person's missing keypoints, in place, into the cell whose tag and score fit best."""
    for person, score in zip(points, values, strict=True):
        seen = np.flatnonzero(score > 0)
        mean = np.mean([tags[(k, *np.clip(person[k].astype(np.int64), 0, HEATMAP[0] - 1)[::-1])] for k in seen])
        for k in np.flatnonzero(score <= 0):
            cost = np.round(np.linalg.norm(tags[k][None] - mean, axis=0)) * 100 - heatmaps[k]
            y, x = np.unravel_index(np.argmin(cost), cost.shape)
            person[k], score[k] = (x, y), heatmaps[k, y, x]


def decode_spr(heatmaps: Tensor, displacements: Tensor) -> tuple[Tensor, Tensor]:
    """Return keypoints (N, K, 2) in cells and scores (N, K) of one image."""
    height, width = heatmaps.shape[-2:]
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    positions = (torch.stack([x, y]).float() + displacements.view(K, 2, height, width)).flatten(2)
    scores, index = peaks_of(heatmaps[None, -1:]).flatten().topk(CANDIDATES)
    points = positions[:, :, index[scores > 0.01]].permute(2, 0, 1)
    at = (points / torch.tensor([width - 1, height - 1]) * 2 - 1).transpose(0, 1)[:, None]
    return points, F.grid_sample(heatmaps[:K, None], at, padding_mode="border", align_corners=False)[:, 0, 0].T


# --- the cases ---------------------------------------------------------------
def crowd() -> tuple[np.ndarray, np.ndarray]:
    """Return keypoints (8, 5, 17, 2), in clusters around a person's middle, and visibility, a tenth of it zero."""
    draw = np.random.default_rng(0)
    middles = np.stack([draw.permutation(np.linspace(90, 420, PERSONS)) for _ in range(2 * IMAGES)])
    middles = middles.reshape(IMAGES, 2, PERSONS).transpose(0, 2, 1)[:, :, None]
    points = (middles + draw.uniform(-60, 60, (IMAGES, PERSONS, K, 2))).astype(np.float32)
    return points, (draw.random((IMAGES, PERSONS, K)) > 0.1).astype(np.float32)


def noisy(parts: list[np.ndarray]) -> Tensor:
    maps = torch.from_numpy(np.stack(parts))
    return maps + NOISE * torch.rand(maps.shape, generator=torch.Generator().manual_seed(0))


def embedding_case() -> dict[str, float]:
    codec, (points, visible) = CODECS.build(EMBEDDING), crowd()
    heatmaps = noisy([codec.encode(*sample)["heatmaps"] for sample in zip(points, visible, strict=True)])
    y, x = np.mgrid[: HEATMAP[1], : HEATMAP[0]].astype(np.float32)
    cells = (points / codec.scale_factor)[..., None, None]
    distance = (x - cells[:, :, :, 0]) ** 2 + (y - cells[:, :, :, 1]) ** 2
    tags = noisy([2.0 * nearest.argmin(0).astype(np.float32) for nearest in distance])

    ours, baseline = partial(codec.batch_decode, heatmaps, tags), partial(decode_embedding, heatmaps, tags)
    for found, wanted in zip(zip(*ours(), strict=True), baseline(), strict=True):
        assert len(wanted[0]) >= PERSONS
        np.testing.assert_allclose(found[0], wanted[0] * codec.scale_factor, atol=1e-3)
        np.testing.assert_allclose(found[1], wanted[1], atol=1e-5)
    return measured(ours, baseline, IMAGES)


def spr_case() -> dict[str, float]:
    codec = CODECS.build(SPR)
    encoded = [codec.encode(*sample) for sample in zip(*crowd(), strict=True)]
    maps = [noisy([one[name] for one in encoded]) for name in ("heatmaps", "displacements")]
    scale = torch.from_numpy(codec.scale_factor)

    def baseline() -> list[tuple[Tensor, Tensor]]:
        found = [decode_spr(*sample) for sample in zip(*maps, strict=True)]
        return [(points * scale, scores) for points, scores in found]

    ours = partial(codec.batch_decode, *maps)
    for found, (_, scores), wanted in zip(*ours(), baseline(), strict=True):
        assert len(found) == PERSONS
        np.testing.assert_allclose(found.numpy(), wanted[0].numpy(), atol=1e-3)
        np.testing.assert_allclose(scores.numpy(), wanted[1].numpy(), atol=1e-4)
    return measured(ours, baseline, IMAGES)


CASES = [
    Case(f"C5 decode {name}", "8 images of 5 persons, 17 maps of 128x128, CPU, per image", ">= 5x", run)
    for name, run in (("AssociativeEmbedding", embedding_case), ("SPR", spr_case))
]

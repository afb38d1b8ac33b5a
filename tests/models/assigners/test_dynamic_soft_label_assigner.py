"""Which points of RTMDet learn which box, against the formulas spelled out."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from posekit.models.assigners.dynamic_soft_label_assigner import DynamicSoftLabelAssigner
from posekit.models.assigners.mlvl_point_generator import MlvlPointGenerator
from posekit.models.assigners.sim_ota_assigner import Guess, SimOTAAssigner
from posekit.structures import InstanceData

BOXES = torch.tensor([[4.0, 4, 30, 30], [10, 8, 36, 34], [20, 20, 44, 40]])
LABELS = torch.tensor([0.0, 1, 0])


def scene(seed: int) -> tuple[Guess, InstanceData]:
    """Return predictions at 36 points of a 48x48 image, and three overlapping boxes."""
    torch.manual_seed(seed)
    points = MlvlPointGenerator([8], offset=0).points([torch.zeros(1, 1, 6, 6)])
    middle, half = points[:, :2] + torch.randn(36, 2) * 4, torch.rand(36, 2) * 12 + 4
    truth: dict[str, Any] = {"bboxes": BOXES, "labels": LABELS}
    return Guess(points, torch.cat([middle - half, middle + half], -1), torch.rand(36, 3)), InstanceData(**truth)


def iou(a: Tensor, b: Tensor) -> float:
    inner = (torch.minimum(a[2:], b[2:]) - torch.maximum(a[:2], b[:2])).clamp(min=0).prod()
    return float(inner / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - inner))


def soft_cost(scores: list[float], label: int, quality: float) -> float:
    """Cross entropy with the soft label, times the squared distance from it, over all classes."""
    wanted = [quality if index == label else 0.0 for index in range(len(scores))]
    pairs = zip(scores, wanted, strict=True)
    return sum(-(y * math.log(p) + (1 - y) * math.log(1 - p)) * (y - p) ** 2 for p, y in pairs)


def spelled_out(guess: Guess, topk: int) -> dict[int, int]:
    """Return the box of each point that learns one, by loops."""
    cost, fit, valid = {}, {}, []
    for p, (x, y, stride, _) in enumerate(guess.points.tolist()):
        if any(box[0] < x < box[2] and box[1] < y < box[3] for box in BOXES.tolist()):
            valid.append(p)
        for n, box in enumerate(BOXES):
            distance = math.dist((x, y), ((box[:2] + box[2:]) / 2).tolist()) / stride
            fit[p, n] = iou(guess.boxes[p], box)
            cost[p, n] = (
                soft_cost(guess.scores[p].tolist(), int(LABELS[n]), fit[p, n])
                - 3 * math.log(fit[p, n] + 1e-7)
                + 10 ** (distance - 3)
            )
    wanted: dict[int, list[int]] = {}
    for n in range(len(BOXES)):
        number = max(int(sum(sorted((fit[p, n] for p in valid), reverse=True)[:topk])), 1)
        for p in sorted(valid, key=lambda p: cost[p, n])[:number]:
            wanted.setdefault(p, []).append(n)
    return {p: ns[0] if len(ns) == 1 else min(range(3), key=lambda n: cost[p, n]) for p, ns in wanted.items()}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("topk", [13, 3])
def test_equals_the_formulas(seed: int, topk: int) -> None:
    guess, truth = scene(seed)
    match = DynamicSoftLabelAssigner(topk=topk).assign(guess, truth)
    pairs = dict(zip(match.points.tolist(), match.instances.tolist(), strict=True))
    assert pairs == spelled_out(guess, topk)
    for p, n, quality in zip(*(column.tolist() for column in match), strict=True):
        assert quality == pytest.approx(iou(guess.boxes[p], BOXES[n]), abs=1e-5)


def test_nothing_there_gives_no_match() -> None:
    guess, truth = scene(0)
    assert not len(DynamicSoftLabelAssigner().assign(guess, truth[:0]).points)


def test_sim_ota_does_without_keypoints() -> None:
    match = SimOTAAssigner().assign(*scene(0))
    assert set(match.instances.tolist()) == {0, 1, 2}

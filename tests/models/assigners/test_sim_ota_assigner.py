"""Which points learn which instance, against the formulas spelled out."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from posekit.models.assigners.mlvl_point_generator import MlvlPointGenerator
from posekit.models.assigners.sim_ota_assigner import Guess, SimOTAAssigner, cross_entropy
from posekit.models.losses.oks_loss import PoseOKS
from posekit.registry import MODELS
from posekit.structures import InstanceData

K = 3


def scene(seed: int = 0) -> tuple[Guess, InstanceData]:
    """Return predictions at 36 points of a 48x48 image, and three overlapping instances."""
    torch.manual_seed(seed)
    points = MlvlPointGenerator([8]).points([torch.zeros(1, 1, 6, 6)])
    middle = points[:, :2] + torch.randn(36, 2) * 4
    half = torch.rand(36, 2) * 12 + 4
    boxes = torch.tensor([[4.0, 4, 30, 30], [10, 8, 36, 34], [20, 20, 44, 40]])
    keypoints = boxes[:, None, :2] + torch.rand(3, K, 2) * (boxes[:, None, 2:] - boxes[:, None, :2])
    truth: dict[str, Any] = {
        "bboxes": boxes,
        "labels": torch.tensor([0.0, 1, 0]),
        "keypoints": keypoints,
        "keypoints_visible": torch.tensor([[1.0, 1, 1], [1, 0, 1], [0, 0, 0]]),
        "areas": (boxes[:, 2:] - boxes[:, :2]).prod(-1),
    }
    poses = middle[:, None] + torch.randn(36, K, 2) * 6
    guess = Guess(points, torch.cat([middle - half, middle + half], -1), torch.rand(36, 2), poses, torch.rand(36, K))
    return guess, InstanceData(**truth)


def iou(a: Tensor, b: Tensor) -> float:
    inner = (torch.minimum(a[2:], b[2:]) - torch.maximum(a[:2], b[:2])).clamp(min=0).prod()
    return float(inner / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - inner))


def oks(pose: Tensor, truth: InstanceData, index: int) -> float:
    visible = truth.keypoints_visible[index]
    squared = (pose - truth.keypoints[index]).square().sum(-1) / truth.areas[index]
    return float((torch.exp(-squared / 2) * visible).sum() / visible.sum().clamp(min=1e-8))


def bce(probability: float, target: float) -> float:
    return -math.log(probability if target else 1 - probability)


def spelled_out(assigner: SimOTAAssigner, guess: Guess, truth: InstanceData) -> dict[int, int]:
    """Return the instance of each point that learns one, by loops."""
    cost, fit = {}, {}
    for p, (x, y, stride, _) in enumerate(guess.points.tolist()):
        for n, box in enumerate(truth.bboxes):
            inside = bool(box[0] < x < box[2] and box[1] < y < box[3])
            center = (box[:2] + box[2:]) / 2
            near = max(abs(x - float(center[0])), abs(y - float(center[1]))) < assigner.center_radius * stride
            fits = {"iou": iou(guess.boxes[p], box), "oks": oks(guess.keypoints[p], truth, n)}
            fit[p, n] = (fits[assigner.dynamic_k_indicator], inside or near)
            scores = guess.scores[p].tolist()
            seen = zip(guess.visible[p].tolist(), truth.keypoints_visible[n].tolist(), strict=True)
            cost[p, n] = (
                sum(-math.log(fits[name] + 1e-7) * assigner.weights[name] for name in fits)
                + sum(bce(s, c == int(truth.labels[n])) for c, s in enumerate(scores)) * assigner.weights["cls"]
                + sum(bce(a, b) for a, b in seen) * assigner.weights["vis"]
                + 1e5 * (not (inside and near))
            )
    count = len(truth)
    candidates = [p for p in range(len(guess.points)) if any(fit[p, n][1] for n in range(count))]
    wanted: dict[int, list[int]] = {}
    for n in range(count):
        best = sorted((fit[p, n][0] for p in candidates), reverse=True)[: assigner.candidate_topk]
        number = max(int(sum(best)), 1)
        for p in sorted(candidates, key=lambda p: cost[p, n])[:number]:
            wanted.setdefault(p, []).append(n)
    return {p: ns[0] if len(ns) == 1 else min(range(count), key=lambda n: cost[p, n]) for p, ns in wanted.items()}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"dynamic_k_indicator": "oks"},
        {"dynamic_k_indicator": "oks", "vis_weight": 0.5, "center_radius": 1.0, "candidate_topk": 30},
        {"iou_weight": 0.0, "oks_weight": 0.0, "cls_weight": 0.0, "vis_weight": 1.0},
    ],
)
def test_equals_the_formulas(seed: int, settings: dict[str, Any]) -> None:
    assigner = SimOTAAssigner(**settings, oks_calculator=PoseOKS(None))
    guess, truth = scene(seed)
    match = assigner.assign(guess, truth)
    assert dict(zip(match.points.tolist(), match.instances.tolist(), strict=True)) == spelled_out(
        assigner, guess, truth
    )
    for p, n, quality in zip(*(one.tolist() for one in match), strict=True):
        fit = (
            oks(guess.keypoints[p], truth, n)
            if "dynamic_k_indicator" in settings
            else iou(guess.boxes[p], truth.bboxes[n])
        )
        assert quality == pytest.approx(fit, abs=1e-5)


def test_boxes_may_decide_and_keypoints_be_the_quality() -> None:
    guess, truth = scene()
    by_boxes = SimOTAAssigner(oks_calculator=PoseOKS(None)).assign(guess, truth)
    match = SimOTAAssigner(quality_indicator="oks", oks_calculator=PoseOKS(None)).assign(guess, truth)
    assert match.points.tolist() == by_boxes.points.tolist()
    pairs = zip(match.points.tolist(), match.instances.tolist(), strict=True)
    assert match.quality.tolist() == pytest.approx([oks(guess.keypoints[p], truth, n) for p, n in pairs], abs=1e-5)


def test_a_point_learns_one_instance_and_each_instance_has_its_chance() -> None:
    match = SimOTAAssigner(oks_calculator=PoseOKS(None)).assign(*scene())
    assert match.points.unique().tolist() == match.points.tolist()
    assert set(match.instances.tolist()) == {0, 1, 2}


def test_centers_of_visible_keypoints() -> None:
    _, truth = scene()
    centers = SimOTAAssigner(use_keypoints_for_center=True).centers(truth)
    assert torch.allclose(centers[0], truth.keypoints[0].mean(0))
    assert torch.allclose(centers[1], truth.keypoints[1, [0, 2]].mean(0))
    assert centers[2].tolist() == [32.0, 30.0]  # no keypoint is visible: the box's


def test_nobody_there_gives_no_match() -> None:
    guess, truth = scene()
    assert not len(SimOTAAssigner().assign(guess, truth[:0]).points)


def test_certain_and_wrong_costs_a_hundred() -> None:
    assert cross_entropy(torch.tensor([[0.0]]), torch.tensor([[1.0]])).tolist() == [100.0]


def test_unknown_indicator_says_what_is_allowed() -> None:
    with pytest.raises(ValueError, match="use one of 'iou', 'oks'"):
        SimOTAAssigner(dynamic_k_indicator="giou")  # pyright: ignore[reportArgumentType]


def test_builds_from_a_config_with_the_sigmas_of_a_keypoint_set() -> None:
    calculators = {"iou_calculator": {"type": "BBoxOverlaps2D"}, "oks_calculator": {"type": "PoseOKS"}}
    assigner = MODELS.build({"type": "SimOTAAssigner", **calculators})
    pose = torch.zeros(1, 17, 2)
    moved = pose + torch.tensor([3.0, 0])
    sigma = assigner.oks_calculator.oks.sigmas
    expected = torch.exp(-9 / 100 / (2 * sigma).square() / 2).mean()
    similarity = assigner.oks_calculator(pose, moved, torch.ones(1, 17), torch.tensor([100.0]))
    assert similarity.item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize(
    ("settings", "first", "last"),
    [
        ({"offset": 0}, [0, 0, 8, 8], [16, 8, 8, 8]),
        ({}, [4, 4, 8, 8], [20, 12, 8, 8]),
        ({"centralize_points": True}, [3.5, 3.5, 8, 8], [19.5, 11.5, 8, 8]),
    ],
)
def test_points(settings: dict[str, Any], first: list[float], last: list[float]) -> None:
    points = MlvlPointGenerator([8, 16], **settings).points([torch.zeros(1, 2, 2, 3), torch.zeros(1, 2, 1, 1)])
    assert points.shape == (7, 4)
    assert points[0].tolist() == first
    assert points[5].tolist() == last


def test_points_need_a_stride_for_each_map() -> None:
    with pytest.raises(ValueError, match="one entry per map"):
        MlvlPointGenerator([8, 16]).points([torch.zeros(1, 2, 2, 3)])

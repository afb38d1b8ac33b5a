"""Which query learns which instance."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import Tensor

from posekit.models.assigners.hungarian_assigner import Candidates, HungarianAssigner
from posekit.models.losses.oks_loss import PoseOKS
from posekit.registry import MODELS
from posekit.structures import InstanceData

K = 3


@pytest.fixture
def truth() -> InstanceData:
    torch.manual_seed(0)
    values: dict[str, Tensor] = {
        "labels": torch.tensor([1, 1]),
        "boxes": torch.tensor([[0.3, 0.4, 0.2, 0.4], [0.7, 0.5, 0.3, 0.6]]),
        "keypoints": torch.rand(2, K, 2),
        "visible": torch.tensor([[1.0, 1, 0], [1, 1, 1]]),
        "sizes": torch.tensor([[640.0, 480]]).expand(2, 2),
        "areas": torch.tensor([5000.0, 9000]),
    }
    return InstanceData(**values)


@pytest.fixture
def candidates() -> Candidates:
    torch.manual_seed(1)
    return Candidates(torch.randn(6, 2), torch.rand(6, 4) * 0.5 + 0.1, torch.rand(6, K, 2))


def assigner(**weights: float) -> HungarianAssigner:
    chosen = dict.fromkeys(("cls_weight", "bbox_weight", "iou_weight", "kpt_weight", "oks_weight"), 0.0) | weights
    return HungarianAssigner(**chosen, oks_calculator=PoseOKS(None))


def test_prefers_the_right_query(truth: InstanceData, candidates: Candidates) -> None:
    candidates.boxes[[4, 1]] = truth.boxes + 0.01
    candidates.keypoints[[4, 1]] = truth.keypoints + 0.01  # pyright: ignore[reportOptionalSubscript]
    candidates.logits[[4, 1], 1] = 2.0
    pairs = HungarianAssigner(oks_calculator=PoseOKS(None)).assign(candidates, truth)
    assert dict(zip(pairs.instances.tolist(), pairs.queries.tolist(), strict=True)) == {0: 4, 1: 1}


@pytest.mark.parametrize("part", ["cls", "bbox", "iou", "kpt", "oks"])
def test_each_cost_alone_finds_the_query_that_is_best_in_it(
    part: str, truth: InstanceData, candidates: Candidates
) -> None:
    if part == "cls":
        candidates.logits[2, 1] = 9.0
    elif part in ("bbox", "iou"):
        candidates.boxes[2] = truth.boxes[0]
    else:
        candidates.keypoints[2] = truth.keypoints[0]  # pyright: ignore[reportOptionalSubscript]
    pairs = assigner(**{f"{part}_weight": 1.0}).assign(candidates, truth[:1])
    assert pairs.queries.tolist() == [2]


def test_the_pairs_together_cost_the_least(truth: InstanceData, candidates: Candidates) -> None:
    matcher = HungarianAssigner(oks_calculator=PoseOKS(None))
    cost = matcher.cost(candidates, truth)
    pairs = matcher.assign(candidates, truth)
    best = min(float(cost[a, 0] + cost[b, 1]) for a, b in itertools.permutations(range(6), 2))
    assert float(cost[pairs.queries, pairs.instances].sum()) == pytest.approx(best)


def test_costs_are_the_formulas(truth: InstanceData, candidates: Candidates) -> None:
    assert candidates.keypoints is not None
    q, n = 3, 0
    p = float(candidates.logits[q, 1].sigmoid())
    focal = -0.25 * (1 - p) ** 2 * math.log(p) + 0.75 * p**2 * math.log(1 - p)
    assert assigner(cls_weight=1.0).cost(candidates, truth)[q, n].item() == pytest.approx(focal, abs=1e-5)
    error = (candidates.keypoints[q] - truth.keypoints[n]).abs()[:2].sum()  # the third is not visible
    assert assigner(kpt_weight=1.0).cost(candidates, truth)[q, n].item() == pytest.approx(error.item(), rel=1e-5)
    pixels = (candidates.keypoints[q] - truth.keypoints[n]) * truth.sizes[n]
    similarity = torch.exp(-pixels.square().sum(-1) / truth.areas[n] / 2)[:2].mean()
    found = assigner(oks_weight=1.0).cost(candidates, truth)[q, n].item()
    assert found == pytest.approx(1 - similarity.item(), abs=1e-5)


def test_works_without_keypoints_and_without_instances(truth: InstanceData, candidates: Candidates) -> None:
    boxes_only = candidates._replace(keypoints=None)
    assert len(HungarianAssigner().assign(boxes_only, truth).queries) == 2
    assert len(HungarianAssigner().assign(boxes_only, truth[:0]).queries) == 0


def test_what_is_no_number_is_matched_last(truth: InstanceData, candidates: Candidates) -> None:
    candidates.boxes[:4] = torch.nan
    pairs = assigner(bbox_weight=1.0).assign(candidates, truth)
    assert sorted(pairs.queries.tolist()) == [4, 5]


def test_builds_from_a_config() -> None:
    built = MODELS.build({"type": "HungarianAssigner", "kpt_weight": 1.0, "oks_calculator": {"type": "PoseOKS"}})
    assert built.weights["kpt"] == 1.0
    assert built.oks_calculator.oks.sigmas.shape == (17,)

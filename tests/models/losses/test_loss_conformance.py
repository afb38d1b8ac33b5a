"""Every loss against recorded values of the reference, and what all losses share."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch

from posekit.registry import MODELS


def registered_losses() -> list[str]:
    return sorted(name for name, place in MODELS.index.items() if place.startswith("posekit.models.losses."))


NOT_RECORDED = {
    "BBoxOverlaps2D",
    "CombinedLoss",
    "CrossEntropyLoss",
    "FocalLoss",
    "GIoULoss",
    "PoseOKS",
    "QualityFocalLoss",
}
"""Without values of the reference: no loss of its own, or none that the reference has;
detectors' losses are tested with their heads."""


@pytest.fixture(scope="session")
def cases(checker: Any) -> list[dict[str, Any]]:
    return checker.read_cases("losses")


@pytest.mark.parametrize("name", sorted(set(registered_losses()) - NOT_RECORDED))
def test_equals_the_reference(name: str, checker: Any, cases: list[dict[str, Any]]) -> None:
    own = [case for case in cases if case["cfg"]["type"] == name]
    assert own
    for case in own:
        checker.case_losses(copy.deepcopy(case))


IMAGES = torch.rand(2, 4, 6, 5, generator=torch.Generator().manual_seed(0))
POINTS = torch.rand(2, 9, 2, generator=torch.Generator().manual_seed(1))


def test_missing_weights_are_named() -> None:
    with pytest.raises(ValueError, match="SmoothL1Loss: use_target_weight=True"):
        MODELS.build({"type": "SmoothL1Loss", "use_target_weight": True})(POINTS, POINTS)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"type": "L1Loss", "reduction": "max"}, "reduction: 'max' is not supported; use one of 'mean', 'sum', 'none'"),
        ({"type": "IoULoss", "mode": "cubic"}, "mode: 'cubic' is not supported"),
        ({"type": "InfoNCELoss", "temperature": 0}, "must be positive"),
        ({"type": "KeypointOHKMMSELoss", "topk": 0}, "at least 1 keypoint"),
        ({"type": "RLELoss", "q_distribution": "uniform"}, "use one of 'laplace', 'gaussian'"),
    ],
)
def test_bad_settings_are_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MODELS.build(config)


def test_bad_shapes_are_refused() -> None:
    loss = MODELS.build({"type": "KeypointMSELoss"})
    with pytest.raises(ValueError, match="do not lead target"):
        loss(IMAGES, IMAGES, torch.ones(2, 3))
    with pytest.raises(ValueError, match="does not broadcast"):
        loss(IMAGES, IMAGES, None, torch.ones(2, 2, 6, 5))
    with pytest.raises(ValueError, match="only 4 keypoints"):
        MODELS.build({"type": "KeypointOHKMMSELoss", "topk": 5})(IMAGES, IMAGES)


def test_wrappers_take_as_many_outputs_as_losses() -> None:
    wrapper = MODELS.build({"type": "MultipleLossWrapper", "losses": [{"type": "L1Loss"}, {"type": "MSELoss"}]})
    with pytest.raises(ValueError, match="has 2 losses"):
        wrapper([POINTS], [POINTS])
    combined = MODELS.build({"type": "CombinedLoss", "losses": {"a": {"type": "L1Loss"}, "b": {"type": "MSELoss"}}})
    assert combined["a"](POINTS, POINTS + 1) == pytest.approx(1)


def test_rle_prefers_the_truth() -> None:
    loss = MODELS.build({"type": "RLELoss"})
    sigma = torch.zeros_like(POINTS)
    assert loss(POINTS, sigma, POINTS) < loss(POINTS + 0.5, sigma, POINTS)


def test_associative_embedding_of_no_instances_is_zero() -> None:
    tags = torch.rand(1, 3, 4, 4, requires_grad=True)
    pull, push = MODELS.build({"type": "AssociativeEmbeddingLoss"})(tags, [torch.zeros(0, 3, 2, dtype=torch.long)])
    (pull + push).backward()
    assert pull == push == 0


def test_associative_embedding_separates_instances() -> None:
    cells = torch.tensor([[[0, 1], [1, 1]], [[2, 1], [3, 1]]])
    apart = torch.tensor([0.0, 0, 9, 9]).expand(1, 2, 4).reshape(1, 2, 2, 2)
    pull, push = MODELS.build({"type": "AssociativeEmbeddingLoss", "push_loss_factor": 1.0})(apart, cells[None])
    mixed = torch.tensor([0.0, 9, 0, 9]).expand(1, 2, 4).reshape(1, 2, 2, 2)
    mixed_pull, mixed_push = MODELS.build({"type": "AssociativeEmbeddingLoss"})(mixed, cells[None])
    assert pull == 0
    assert mixed_pull > 1
    assert push == pytest.approx(1)  # each instance with itself, two of two ordered pairs
    assert mixed_push == pytest.approx(1.0)


def test_focal_loss_is_cross_entropy_played_down_where_decided() -> None:
    logits, target = POINTS[..., 0] * 4 - 2, (POINTS[..., 1] > 0.5).float()
    right = torch.where(target > 0, logits, -logits).sigmoid()
    weight = torch.where(target > 0, 0.3, 0.7)
    expected = -(weight * (1 - right) ** 1.5 * right.log())
    loss = MODELS.build({"type": "FocalLoss", "alpha": 0.3, "gamma": 1.5, "reduction": "none"})
    torch.testing.assert_close(loss(logits, target), expected)


@pytest.mark.parametrize(
    ("box", "expected"),
    [([0.0, 0, 2, 2], 0.0), ([0.0, 0, 1, 2], 0.5), ([2.0, 0, 4, 2], 1.0), ([6.0, 0, 8, 2], 1.5)],
)
def test_giou_loss_grows_with_the_gap(box: list[float], expected: float) -> None:
    loss = MODELS.build({"type": "GIoULoss"})
    scale = 1e-3  # boxes as shares of the image are small
    value = loss(torch.tensor([box]) * scale, torch.tensor([[0.0, 0, 2, 2]]) * scale)
    assert value.item() == pytest.approx(expected, abs=1e-4)

"""Losses and predictions of the heads that predict a person at every point, against the formulas."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from head_cases import CASES, INPUT_SIZE, boxed
from torchvision.ops import box_iou

from posekit.models.assigners.sim_ota_assigner import Match
from posekit.models.heads.point_head import PointOutputs, aux_targets, distinct, sampled
from posekit.models.heads.rtmo_head import DynamicCoordinateClassifier
from posekit.registry import CODECS, MODELS
from posekit.structures import InstanceData, PoseBatch, PoseDataSample

K = 5
MATCH = Match(torch.tensor([3, 17, 40]), torch.tensor([0, 1, 1]), torch.tensor([0.25, 0.5, 1.0]))


def build(name: str, **settings: Any) -> Any:
    torch.manual_seed(0)
    return MODELS.build({"type": name, **CASES[name].config, **settings}).eval()


def fixed(match: Match, **more: Any) -> Any:
    """Return an assigner that always gives the same match."""
    return SimpleNamespace(assign=lambda guess, truth: match, **more)


def crowd() -> PoseBatch:
    sample = boxed(CODECS.build(CASES["YOLOXPoseHead"].codec))
    sample.set_metainfo({"input_size": INPUT_SIZE})
    return PoseBatch.from_samples([sample])


def nobody() -> PoseBatch:
    empty: dict[str, Any] = {"bboxes": torch.zeros(0, 4)}
    return PoseBatch.from_samples([PoseDataSample(gt_instance_labels=InstanceData(**empty))])


def test_offsets_are_in_strides_and_sizes_logarithms() -> None:
    outputs = PointOutputs(
        torch.tensor([[8.0, 16, 8, 8]]),
        scores=torch.zeros(1, 1, 1),
        box_offsets=torch.tensor([[[0.5, -1, 0, torch.log(torch.tensor(2.0))]]]),
        keypoint_offsets=torch.tensor([[[1.0, 2, -1, 0.5]]]),
        visible=torch.zeros(1, 1, 2),
        objectness=torch.zeros(1, 1, 1),
    )
    assert torch.allclose(outputs.boxes, torch.tensor([8.0, 0, 16, 16]))  # centre (12, 8), size (8, 16)
    assert outputs.keypoints.tolist() == [[[[16.0, 32.0], [0.0, 20.0]]]]
    assert outputs.confidence.item() == 0.25


def test_yoloxpose_losses() -> None:
    head, batch, feats = build("YOLOXPoseHead", overlaps_power=0.5), crowd(), CASES["YOLOXPoseHead"].feats(1)
    head.assigner = fixed(MATCH)
    losses = head.loss(feats, batch)
    outputs = head.point_outputs(head(feats))
    positives = head.positives(outputs, batch)
    index, truth = MATCH.points, head.truth(batch[0], outputs.points)[MATCH.instances]
    there = torch.zeros(len(outputs.points), 1)
    there[index] = 1
    weights = head.weights(outputs, batch)
    assert 0 < weights.min() + weights.max() < 2  # some points look at the ignored half
    entropy = F.binary_cross_entropy_with_logits(outputs.objectness[0], there, reduction="none")
    overlap = box_iou(outputs.boxes[0, index], truth.bboxes).diagonal()
    squared = (outputs.keypoints[0, index] - truth.keypoints).square().sum(-1) / truth.areas[:, None]
    classes = F.binary_cross_entropy_with_logits(
        outputs.scores[0, index], MATCH.quality[:, None].sqrt(), reduction="sum"
    )
    boxes, keypoints = aux_targets(positives)
    error = outputs.keypoint_offsets[0, index].unflatten(-1, (K, 2)) - keypoints
    expected = {
        "loss_obj": (entropy * weights).sum() / 3,
        "loss_bbox": (1 - overlap.square()).sum() * 5 / 3,
        "loss_kpt": (1 - torch.exp(-squared / 2).mean(-1)).mean() * 30,
        "loss_vis": F.softplus(-outputs.visible[0, index]).mean(),  # all are visible
        "loss_cls": classes / 3,
        "loss_bbox_aux": (outputs.box_offsets[0, index] - boxes).abs().sum() / 3,
        "loss_kpt_aux": error.abs().mean() / K,
    }
    assert losses.keys() == expected.keys()
    for name, value in expected.items():
        assert losses[name].item() == pytest.approx(value.item(), rel=1e-4), name


def test_aux_targets_decode_to_the_truth() -> None:
    head, batch = build("YOLOXPoseHead"), crowd()
    head.assigner = fixed(MATCH)
    outputs = head.point_outputs(head(CASES["YOLOXPoseHead"].feats(1)))
    positives = head.positives(outputs, batch)
    boxes, keypoints = aux_targets(positives)
    nothing = torch.zeros(3, 1, 1)
    found = [
        PointOutputs(point[None], nothing, box[None, None], pose.flatten()[None, None], nothing)
        for point, box, pose in zip(positives.points, boxes, keypoints, strict=True)
    ]
    assert torch.allclose(torch.cat([one.boxes[0] for one in found]), positives.truth.bboxes, atol=1e-4)
    assert torch.allclose(torch.cat([one.keypoints[0] for one in found]), positives.truth.keypoints, atol=1e-4)


@pytest.mark.parametrize("name", ["YOLOXPoseHead", "RTMOHead"])
def test_nobody_there_is_a_loss_with_gradients_for_all(name: str) -> None:
    head = build(name)
    losses = head.loss(CASES[name].feats(1), nobody())
    assert losses.pop("loss_bbox").item() == 0
    assert next(iter(losses.values())) > 0
    torch.stack(list(head.loss(CASES[name].feats(1), nobody()).values())).sum().backward()
    assert all(one.grad is not None for one in head.parameters())


def test_rtmo_scores_learn_the_fit_at_all_points() -> None:
    head, batch, feats = build("RTMOHead", overlaps_power=0.5), crowd(), CASES["RTMOHead"].feats(1)
    head.assigner = fixed(MATCH)
    outputs = head.point_outputs(head.training_outputs(feats))
    wanted = torch.zeros(len(outputs.points), 1)
    wanted[MATCH.points] = MATCH.quality[:, None].sqrt()
    expected = head.loss_cls(outputs.scores[0], wanted, head.weights(outputs, batch)) / 3
    assert head.loss(feats, batch)["loss_cls"].item() == pytest.approx(expected.item(), rel=1e-5)


def test_rtmo_proxy_targets() -> None:
    head, batch = build("RTMOHead", proxy_target_cc=True), crowd()
    fit = torch.tensor([0.1, 0.2, 0.3])
    head.assigner = fixed(MATCH, oks_calculator=lambda *given: fit)
    outputs = head.point_outputs(head.training_outputs(CASES["RTMOHead"].feats(1)))
    positives = head.positives(outputs, batch)
    target = positives.truth.keypoints
    offset, classified = target + 2.0, target + 3.0
    classified[0, 0] = target[0, 0]
    classes, weights = head.proxy_targets(offset, classified, positives)
    assert classes.tolist() == fit[:, None].tolist()
    assert weights.nonzero().tolist() == [[0, 0]]  # only there the classified one is nearer
    assert set(head.loss(CASES["RTMOHead"].feats(1), batch)) >= {"loss_oks", "loss_mle", "loss_cls"}


def test_rtmo_trains_on_a_single_positive() -> None:
    head = build("RTMOHead").train()
    head.assigner = fixed(Match(*(one[:1] for one in MATCH)))
    assert head.loss(CASES["RTMOHead"].feats(1), crowd())["loss_mle"].isfinite()


def test_rtmo_has_keypoints_by_offset_in_training_only() -> None:
    head, feats = build("RTMOHead"), CASES["RTMOHead"].feats(1)
    assert head(feats).keypoints == []
    assert [tuple(one.shape) for one in head.train()(feats).keypoints] == [(1, 2 * K, 8, 6), (1, 2 * K, 4, 3)]


def test_rtmo_needs_its_classifier() -> None:
    config = {key: value for key, value in CASES["RTMOHead"].config.items() if key != "dcc_cfg"}
    with pytest.raises(ValueError, match="dcc_cfg"):
        MODELS.build({"type": "RTMOHead", **config})


@pytest.fixture
def classifier() -> DynamicCoordinateClassifier:
    torch.manual_seed(0)
    return DynamicCoordinateClassifier(6, K, 8, (5, 9), spe_channels=8, gau_cfg={"s": 8}).eval()


def test_classified_keypoints_are_means_over_bins_of_the_region(classifier: DynamicCoordinateClassifier) -> None:
    regions = torch.tensor([[20.0, 30, 8, 16], [5, 5, 4, 4]])
    keypoints, (x, y) = classifier(torch.randn(2, 6), regions, torch.tensor([[16.0, 32], [0, 0]]))
    assert x.shape == (2, K, 5)
    assert torch.allclose(y.sum(-1), torch.ones(2, K))
    assert torch.allclose(keypoints[0, :, 0], x[0] @ torch.tensor([16.0, 18, 20, 22, 24]))
    assert torch.allclose(keypoints[1, :, 1], y[1] @ torch.linspace(3, 7, 9))


def test_shifting_region_and_point_shifts_the_keypoints(classifier: DynamicCoordinateClassifier) -> None:
    poses, regions, points = torch.randn(2, 6), torch.rand(2, 4) * 20 + 5, torch.rand(2, 2) * 20
    shift = torch.tensor([7.0, -3.0])
    moved = classifier(poses, regions + torch.cat([shift, torch.zeros(2)]), points + shift)[0]
    assert torch.allclose(moved, classifier(poses, regions, points)[0] + shift, atol=1e-3)


def test_likelihoods_are_of_a_laplace_distribution(classifier: DynamicCoordinateClassifier) -> None:
    poses, regions = torch.randn(1, 6), torch.tensor([[20.0, 30, 8, 16]])
    x, _ = classifier.likelihoods(poses, regions, torch.full((1, K, 2), 19.0), torch.tensor([64.0]))
    sigma = classifier.sigma_fc(poses)[0, 0].item()
    errors = torch.tensor([3.0, 1, 1, 3, 5])
    assert torch.allclose(x[0, 0], torch.exp(-errors / (8 * sigma) / 2) / sigma)


def test_unknown_position_encoding_says_what_is_allowed() -> None:
    with pytest.raises(ValueError, match="use one of 'none', 'add'"):
        DynamicCoordinateClassifier(6, K, 8, (5, 9), gau_cfg={"pos_enc": "rope"})


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({}, [1, 0, 2]),
        ({"nms_thr": 0.5}, [1, 2]),
        ({"score_thr": 0.3}, [1, 0]),
        ({"nms_pre": 1}, [1]),
        ({"score_thr": 0.95, "nms_thr": 0.5}, []),
    ],
)
def test_distinct_boxes(settings: dict[str, Any], kept: list[int]) -> None:
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 11], [20, 20, 30, 30]])
    assert distinct(boxes, torch.tensor([0.5, 0.9, 0.2]), settings).tolist() == kept


def test_masks_are_read_between_pixels_and_zero_outside() -> None:
    mask = torch.zeros(1, 4, 6)
    mask[0, 1, 2] = 1
    places = torch.tensor([[2.0, 1.0], [2.5, 1.0], [2.0, 2.0], [-9.0, 1.0]])
    assert torch.allclose(sampled(mask, places), torch.tensor([1.0, 0.5, 0.0, 0.0]), atol=1e-5)


def test_boxes_end_at_the_border() -> None:
    (found,) = build("YOLOXPoseHead").predict([one * 9 for one in CASES["YOLOXPoseHead"].feats(1)], crowd())
    assert found.bboxes.min() >= 0
    assert found.bboxes.max(0).tolist() <= [*INPUT_SIZE, *INPUT_SIZE]
    assert (found.bbox_scores[:-1] >= found.bbox_scores[1:]).all()


def test_flip_test_is_refused() -> None:
    with pytest.raises(ValueError, match="flip_test=False"):
        build("RTMOHead").predict([], crowd(), {"flip_test": True})

"""What heads of boxes share, against the formulas."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from head_cases import CASES, INPUT_SIZE
from torchvision.ops import box_iou, generalized_box_iou

from posekit.geometry import Affine
from posekit.models.assigners.sim_ota_assigner import Match
from posekit.models.heads import dense_head
from posekit.models.heads.dense_head import boxes_in_image, class_nms
from posekit.models.heads.rtmdet_head import DistanceOutputs
from posekit.registry import MODELS
from posekit.structures import InstanceData, PoseBatch, PoseDataSample

MATCH = Match(torch.tensor([3, 17, 40]), torch.tensor([0, 1, 1]), torch.tensor([0.25, 0.5, 1.0]))
BOXES = torch.tensor([[4.0, 4, 30, 40], [10, 20, 40, 60]])


HALF = Affine(np.array([[0.5, 0, -0.25], [0, 0.5, -0.25]]), "image", "input")
"""To half the size, the corner in place."""


def build(name: str, **settings: Any) -> Any:
    torch.manual_seed(0)
    head = MODELS.build({"type": name, **CASES[name].config, **settings}).eval()
    head.assigner = SimpleNamespace(assign=lambda guess, truth: MATCH)
    return head


def scene(**more: Any) -> PoseBatch:
    instances: dict[str, Any] = {"bboxes": BOXES, "labels": torch.tensor([2, 0]), **more}
    info = {"img_shape": INPUT_SIZE[::-1], "affine": HALF}
    return PoseBatch.from_samples([PoseDataSample(gt_instances=InstanceData(**instances), metainfo=info)])


def test_rtmdet_losses() -> None:
    head, feats = build("RTMDetSepBNHead", exp_on_reg=True), CASES["RTMDetSepBNHead"].feats(1)
    losses, outputs = head.loss(feats, scene()), head.point_outputs(head(feats))
    wanted = torch.zeros_like(outputs.scores[0])
    for point, instance, quality in zip(*MATCH, strict=True):
        wanted[point, [2, 0][instance]] = quality
    entropy = F.binary_cross_entropy_with_logits(outputs.scores[0], wanted, reduction="none")
    focal = entropy * (wanted - outputs.scores[0].sigmoid()) ** 2
    overlap = generalized_box_iou(outputs.boxes[0, MATCH.points], BOXES[MATCH.instances]).diagonal()
    assert losses["loss_cls"].item() == pytest.approx(focal.sum().item() / 1.75, rel=1e-5)
    expected = 2 * ((1 - overlap) * MATCH.quality).sum() / 1.75
    assert losses["loss_bbox"].item() == pytest.approx(expected.item(), rel=1e-4)


def test_yolox_losses() -> None:
    head, feats = build("YOLOXHead"), CASES["YOLOXHead"].feats(1)
    losses, outputs = head.loss(feats, scene()), head.point_outputs(head(feats))
    index, boxes = MATCH.points, BOXES[MATCH.instances]
    there = torch.zeros(len(outputs.points), 1)
    there[index] = 1
    labels = F.one_hot(torch.tensor([2, 0, 0]), 3) * MATCH.quality[:, None]
    overlap = box_iou(outputs.boxes[0, index], boxes).diagonal()
    place, stride = outputs.points[index].split(2, -1)
    low, high = boxes.split(2, -1)
    offsets = torch.cat([((low + high) / 2 - place) / stride, ((high - low) / stride).log()], -1)
    expected = {
        "loss_cls": F.binary_cross_entropy_with_logits(outputs.scores[0, index], labels, reduction="sum") / 3,
        "loss_obj": F.binary_cross_entropy_with_logits(outputs.objectness[0], there, reduction="sum") / 3,
        "loss_bbox": 5 * (1 - overlap.square()).sum() / 3,
        "loss_l1": (outputs.box_offsets[0, index] - offsets).abs().sum() / 3,
    }
    assert losses.keys() == expected.keys()
    for name, value in expected.items():
        assert losses[name].item() == pytest.approx(value.item(), rel=1e-4), name


def test_the_assigner_of_yolox_looks_at_the_centres_of_cells() -> None:
    head = build("YOLOXHead")
    outputs = head.point_outputs(head(CASES["YOLOXHead"].feats(1)))
    guess = outputs.guess(0)
    assert outputs.points[0].tolist() == [0, 0, 8, 8]
    assert guess.points[0].tolist() == [4, 4, 8, 8]
    assert torch.allclose(guess.scores.square(), outputs.confidence[0], atol=1e-6)


@pytest.mark.parametrize("name", ["RTMDetSepBNHead", "YOLOXHead"])
class TestIgnoredRegions:
    def test_are_not_learned(self, name: str) -> None:
        head = build(name)
        sample = scene(ignored=torch.tensor([True, False]))[0]
        truth = head.truth(sample, torch.zeros(1))
        assert truth.bboxes.tolist() == BOXES[1:].tolist()
        assert truth.labels.tolist() == [0]

    def test_are_not_background_either(self, name: str) -> None:
        head, feats = build(name), CASES[name].feats(1)
        head.init_weights()
        everywhere = torch.tensor([[-1e4, -1e4, 1e4, 1e4]])
        outputs = head.point_outputs(head(feats))
        batch = scene(bboxes=torch.cat([BOXES[:1], everywhere]), ignored=torch.tensor([False, True]))
        assert head.weights(outputs, batch).sum() == 0
        head.assigner = SimpleNamespace(
            assign=lambda guess, truth: Match(torch.tensor([3]), torch.tensor([0]), torch.tensor([0.5]))
        )
        losses = head.loss(feats, batch)  # the positive counts all the same
        assert losses["loss_obj" if "loss_obj" in losses else "loss_cls"] > 0

    def test_by_the_share_of_the_box_within(self, name: str) -> None:
        head = build(name)
        points = torch.zeros(3, 4)
        boxes = torch.tensor([[0.0, 0, 10, 10], [5.5, 0, 15, 10], [40, 40, 50, 50]])
        outputs = DistanceOutputs(points, torch.zeros(1, 3, 3), torch.cat([-boxes[:, :2], boxes[:, 2:]], -1)[None])
        batch = scene(bboxes=torch.tensor([[0.0, 0, 10, 10]]), labels=torch.tensor([0]), ignored=torch.tensor([True]))
        assert head.weights(outputs, batch)[:, 0].tolist() == [0, 1, 1]


def test_rtmdet_finds_several_classes_at_a_point_and_cuts_boxes_at_the_input() -> None:
    head = build("RTMDetSepBNHead")
    points = head.prior_generator.points([torch.zeros(1, 1, 2, 2), torch.zeros(1, 1, 1, 1)])
    scores = torch.full((1, 5, 3), -9.0)
    scores[0, 0, [0, 2]] = torch.tensor([2.0, 1.0])
    scores[0, 4, 1] = 3.0
    outputs = DistanceOutputs(points, scores, torch.full((1, 5, 4), 1e3))
    info = scene().metainfos[0]
    found = head.instances(outputs, 0, info, {"score_thr": 0.5, "nms": {"iou_threshold": 0.5}})
    assert found.labels.tolist() == [1, 0, 2]
    assert found.bboxes.tolist() == [[0, 0, 96, 128]] * 3  # the input of 48 x 64 shows the image at half its size


@pytest.mark.parametrize("many", [False, True])
def test_nms_keeps_classes_apart(many: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if many:
        monkeypatch.setattr(dense_head, "MANY_BOXES", 1)
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 11], [0, 0, 10, 10], [20, 20, 30, 30]])
    best = class_nms(boxes, torch.tensor([0.5, 0.9, 0.2, 0.6]), torch.tensor([0, 0, 1, 1]), 0.5)
    assert best.tolist() == [1, 3, 2]


def test_nms_of_nothing() -> None:
    assert class_nms(torch.zeros(0, 4), torch.zeros(0), torch.zeros(0), 0.5).tolist() == []


def test_boxes_need_the_way_back() -> None:
    with pytest.raises(ValueError, match="PackDetInputs"):
        boxes_in_image(BOXES, {})


def test_small_boxes_and_those_beyond_the_number_are_left_out() -> None:
    head = build("RTMDetSepBNHead")
    points = head.prior_generator.points([torch.zeros(1, 1, 2, 2), torch.zeros(1, 1, 1, 1)])
    distances = torch.ones(1, 5, 4) * torch.tensor([3.0, 3, 3, -3, 3])[None, :, None]
    outputs = DistanceOutputs(points, torch.linspace(1, 2, 5)[None, :, None].expand(1, 5, 3), distances)
    settings = {"score_thr": 0.0, "min_bbox_size": 0, "nms": {"iou_threshold": 0.9}, "max_per_img": 4}
    found = head.instances(outputs, 0, scene().metainfos[0], settings)
    assert len(found) == 4
    assert ((found.bboxes[:, 2:] - found.bboxes[:, :2]) > 0).all()


def test_objectness_is_refused() -> None:
    with pytest.raises(ValueError, match="with_objectness"):
        build("RTMDetSepBNHead", with_objectness=True)


def test_levels_share_convolutions_but_not_norms() -> None:
    head = build("RTMDetSepBNHead", share_conv=True)
    first, second = (head.cls_convs[level][0] for level in (0, 1))
    assert first.conv is second.conv
    assert first.bn is not second.bn
    assert "cls_convs.1.0.conv.weight" in head.state_dict()

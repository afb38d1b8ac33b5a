"""ED-Pose: the order and sight of queries, noise, losses, and whether it learns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from head_cases import CASES, INPUT_SIZE, NUM_KEYPOINTS, QUERIES
from torch import Tensor

from posekit.geometry import Affine
from posekit.models.heads.edpose_decoder import Layout, StageOutputs, block_noised
from posekit.models.heads.edpose_denoising import Denoising
from posekit.models.heads.transformer_head import image_hw
from posekit.models.losses.oks_loss import PoseOKS
from posekit.registry import CODECS, MODELS
from posekit.structures import InstanceData, PoseBatch, PoseDataSample

CASE = CASES["EDPoseHead"]


def build(**settings: Any) -> Any:
    torch.manual_seed(0)
    return MODELS.build({"type": "EDPoseHead", **QUERIES, **settings})


def batch(size: int = 1) -> PoseBatch:
    return CASE.batch(CODECS.build(CASE.codec), size)


def nobody() -> PoseDataSample:
    labels = batch()[0].gt_instance_labels[:0]
    return PoseDataSample(metainfo={"input_size": INPUT_SIZE}, gt_instance_labels=labels)


def truths(*counts: int) -> list[InstanceData]:
    torch.manual_seed(0)
    made: list[InstanceData] = []
    for count in counts:
        values: dict[str, Tensor] = {"labels": torch.ones(count).long(), "boxes": torch.rand(count, 4) * 0.5 + 0.2}
        made.append(InstanceData(**values))
    return made


def test_the_layout_takes_apart_and_joins() -> None:
    x, layout = torch.randn(2, 3 + 4 * 6, 7), Layout(3, 5)
    persons, keypoints = layout.persons(x), layout.keypoints(x)
    assert persons.shape == (2, 7, 7)
    assert keypoints.shape == (2, 4, 5, 7)
    assert torch.equal(persons[:, 3], x[:, 3])
    assert torch.equal(keypoints[:, 1, 0], x[:, 3 + 6 + 1])
    assert torch.equal(layout.join(persons, keypoints), x)


def test_noised_queries_are_seen_by_their_own_group_only() -> None:
    seen = ~block_noised(torch.tensor([0, 0, 1, 1]), 2)
    assert seen.int().tolist() == [
        [1, 1, 0, 0, 1, 1],
        [1, 1, 0, 0, 1, 1],
        [0, 0, 1, 1, 1, 1],
        [0, 0, 1, 1, 1, 1],
        [0, 0, 0, 0, 1, 1],
        [0, 0, 0, 0, 1, 1],
    ]


def test_keypoints_see_their_person_and_persons_see_persons() -> None:
    seen = ~block_noised(torch.zeros(0), 4, 1)  # person, keypoint, person, keypoint
    assert seen.int().tolist() == [[1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 1, 1], [0, 0, 1, 1]]


@pytest.mark.parametrize(
    ("counts", "repeats", "size"), [((2, 1), 3, 2), ((0, 3), 2, 3), ((0, 0), 6, 1), ((9, 2), 1, 6)]
)
def test_noise_repeats_the_instances_in_groups(counts: tuple[int, ...], repeats: int, size: int) -> None:
    noised = Denoising(dn_box_noise_scale=0.0, dn_label_noise_ratio=0.0).make(given := truths(*counts), 6)
    assert noised.groups.tolist() == [group for group in range(repeats) for _ in range(size)]
    assert noised.boxes.shape == (2, repeats * size, 4)
    assert len(noised.index) == len(noised.truth) == repeats * sum(min(count, 6) for count in counts)
    torch.testing.assert_close(noised.boxes.flatten(0, 1)[noised.index], noised.truth.boxes)
    assert torch.equal(noised.labels.flatten()[noised.index], noised.truth.labels)
    assert torch.equal(noised.truth.boxes[: min(counts[0], 6)], given[0].boxes[:6])


def test_noise_is_as_large_as_asked_for() -> None:
    boxes = torch.tensor([0.5, 0.5, 0.2, 0.4]).expand(1, 2000, 4)
    moved = Denoising(dn_box_noise_scale=0.5).noised_boxes(boxes) - boxes
    assert moved.abs().amax(1)[0].tolist() == pytest.approx([0.05, 0.1, 0.1, 0.2], rel=0.02)
    labels = Denoising(dn_label_noise_ratio=0.5, dn_labelbook_size=50).noised_labels(torch.full((1, 2000), 99))
    assert (labels == 99).float().mean().item() == pytest.approx(0.5, abs=0.05)
    assert labels[labels != 99].max() < 50


def test_losses_have_a_name_for_each_part() -> None:
    names = {name.removeprefix("loss_") for name in build().loss(CASE.feats(1), batch())}
    persons, poses = {"cls", "bbox", "iou"}, {"kpt", "oks"}
    prefixes = {"": persons | poses, "aux_": persons | poses, "enc_": persons, "first_": poses, "dn_": persons}
    assert names == {prefix + name for prefix, parts in prefixes.items() for name in parts}


def test_losses_are_the_formulas() -> None:
    head = build()
    (truth,) = (head.truth(sample, torch.device("cpu")) for sample in batch())
    boxes = torch.full((1, 3, 4), 0.5)
    boxes[0, [2, 0]] = truth.boxes + 0.01
    poses = torch.full((1, 3, NUM_KEYPOINTS, 2), 0.5)
    poses[0, [2, 0]] = truth.keypoints + torch.tensor([0.02, 0.0])
    found = StageOutputs(torch.zeros(1, 3, 2), boxes, poses)
    matched = head.match(found, [truth])
    assert dict(zip(matched.index.tolist(), matched.truth.boxes.tolist(), strict=True)) == {
        2: truth.boxes[0].tolist(),
        0: truth.boxes[1].tolist(),
    }
    losses = head.stage_losses(found, matched, torch.tensor(2.0))
    assert losses["bbox"].item() == pytest.approx(5 * 0.04, rel=1e-4)
    assert losses["kpt"].item() == pytest.approx(10 * 0.02 * NUM_KEYPOINTS, rel=1e-4)
    similarity = torch.exp(-((0.02 * INPUT_SIZE[0]) ** 2) / truth.areas / 2)
    assert losses["oks"].item() == pytest.approx(4 * (1 - similarity).mean().item(), rel=1e-3)
    log2 = 0.6931
    assert losses["cls"].item() == pytest.approx(2 * 0.25 * log2 * (2 * 0.25 + 4 * 0.75) / 2, rel=1e-3)


def test_nobody_there_is_a_loss_with_gradients_for_all() -> None:
    head = build()
    losses = head.loss(CASE.feats(2), PoseBatch.from_samples([nobody(), nobody()]))
    assert losses["loss_cls"] > 0
    assert losses["loss_bbox"] == losses["loss_kpt"] == losses["loss_dn_cls"] == 0
    torch.stack(list(losses.values())).sum().backward()
    assert all(one.grad is not None and one.grad.isfinite().all() for one in head.parameters())


def test_images_with_and_without_instances_train_together() -> None:
    losses = build().loss(CASE.feats(2), PoseBatch.from_samples([nobody(), batch()[0]]))
    assert all(value.isfinite() for value in losses.values())
    assert losses["loss_kpt"] > 0


@pytest.mark.parametrize(
    "settings",
    [
        {"as_two_stage": False},
        {"two_stage_keep_all_tokens": True},
        {"refine_queries_num": 0},
        {"dec_pred_class_embed_share": True, "dec_pred_bbox_embed_share": True},
        {"out_head": {"num_classes": 1, "cls_no_bias": True, "dec_pred_pose_embed_share": True}},
        {"num_queries": 1000},
    ],
)
def test_variants_train(settings: dict[str, Any]) -> None:
    head = build(**settings)
    torch.stack(list(head.loss(CASE.feats(1), batch()).values())).sum().backward()
    unreached = [name for name, one in head.named_parameters() if one.grad is None]
    assert unreached == (["label_enc.weight"] if settings.get("refine_queries_num") == 0 else [])


def test_channels_last_changes_nothing() -> None:
    head, feats = build().eval(), CASE.feats(2)
    found = head([one.to(memory_format=torch.channels_last) for one in feats])
    for expected, one in zip(head(feats), found, strict=True):
        torch.testing.assert_close(one, expected)


def test_coco_keypoints_have_a_branch_for_their_first_places_and_no_state_of_losses() -> None:
    plain, coco = build(), build(num_keypoints=17)
    assert len(coco.out_head.pose_embed) == len(plain.out_head.pose_embed) + 1
    assert coco.loss_module["oks"].sigmas.shape == (17,)
    assert not [name for name in coco.state_dict() if "loss" in name or "sigmas" in name]
    assert {name for name in coco.state_dict() if name.startswith("decoder.bbox_embed.0")} == {
        f"decoder.bbox_embed.0.layers.{i}.{part}" for i in range(3) for part in ("weight", "bias")
    }


def test_initial_weights_keep_the_starting_points() -> None:
    head = build()
    head.init_weights()
    attention = head.encoder.layers[0].self_attn
    assert not attention.sampling_offsets.weight.any()
    assert attention.sampling_offsets.bias.any()
    assert not head.out_head.bbox_embed[0].layers[-1].weight.any()


TINY = {
    "type": "BottomupPoseEstimator",
    "data_preprocessor": {"type": "PoseDataPreprocessor", "mean": [127.0] * 3, "std": [60.0] * 3},
    "backbone": {"type": "ResNet", "depth": 18, "stem_channels": 8, "base_channels": 8, "out_indices": (2, 3)},
    "neck": {"type": "ChannelMapper", "in_channels": [32, 64], "out_channels": 16, "kernel_size": 1, "act_cfg": None},
    "head": {"type": "EDPoseHead", **QUERIES, "data_decoder": CASE.codec},
}


def test_a_tiny_model_overfits_two_images() -> None:
    torch.manual_seed(0)
    model, codec = MODELS.build(TINY), CODECS.build(CASE.codec)
    model.init_weights()
    images = [torch.randint(0, 255, (3, height, width), dtype=torch.uint8) for height, width in ((64, 96), (96, 64))]
    samples: list[PoseDataSample] = []
    for seed, (image, count) in enumerate(zip(images, (1, 2), strict=True)):
        height, width = image.shape[1:]
        points = np.random.default_rng(seed).uniform(0.2, 0.8, (count, NUM_KEYPOINTS, 2)) * (width, height)
        boxes = np.concatenate([points.min(1), points.max(1)], -1)
        encoded = codec.encode(
            keypoints=points, bbox=boxes, area=np.prod(boxes[:, 2:] - boxes[:, :2], -1), input_size=(width, height)
        )
        labels: dict[str, Any] = {to: torch.as_tensor(encoded[key]) for key, to in codec.label_mapping_table.items()}
        metainfo = {"img_shape": (height, width), "input_size": (width, height), "affine": Affine.identity("image")}
        samples.append(PoseDataSample(metainfo=metainfo, gt_instance_labels=InstanceData(**labels)))
    data = model.data_preprocessor({"inputs": images, "data_samples": samples})
    optimizer = torch.optim.AdamW(model.parameters(), 1e-2)
    history: list[float] = []
    for _ in range(60):
        losses = model(**data, mode="loss")
        total = torch.stack(list(losses.values())).sum()
        optimizer.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        history.append(float(total.detach()))
    assert np.mean(history[-5:]) < 0.7 * np.mean(history[:5])
    for sample in model.eval()(**data, mode="predict"):
        assert sample.pred_instances.keypoints.shape == (3, NUM_KEYPOINTS, 2)
        assert sample.pred_instances.bboxes.shape == (3, 4)
        assert (np.diff(sample.pred_instances.bbox_scores) <= 0).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"decoder": {**QUERIES["decoder"], "num_box_decoder_layers": 3}}, "num_box_decoder_layers=3 of num_layers=3"),
        ({"loss": {"type": "L1Loss"}}, "CombinedLoss of cls, bbox, iou, kpt, oks"),
    ],
)
def test_settings_that_cannot_work_are_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(**settings)


def test_wrong_inputs_are_named() -> None:
    head = build()
    with pytest.raises(ValueError, match="got 1 feature maps, but num_feature_levels=2"):
        head(CASE.feats(1)[:1])
    with pytest.raises(ValueError, match="flip_test=False"):
        head.predict(CASE.feats(1), batch(), {"flip_test": True})
    with pytest.raises(ValueError, match="neither 'img_shape' nor 'input_size'"):
        image_hw({})
    pixels: dict[str, Any] = {"keypoint_labels": torch.rand(2, NUM_KEYPOINTS, 2)}
    sample = PoseDataSample(metainfo={"input_size": INPUT_SIZE}, gt_instance_labels=InstanceData(**pixels))
    for unlabelled in (sample, PoseDataSample(metainfo={"input_size": INPUT_SIZE})):
        with pytest.raises(ValueError, match="GenerateTarget with the encoder EDPoseLabel"):
            head.loss(CASE.feats(1), [unlabelled])


def test_losses_and_matching_can_be_chosen() -> None:
    losses = {name: {"type": "L1Loss", "reduction": "sum"} for name in ("bbox", "kpt")}
    others = {
        "cls": {"type": "VariFocalLoss", "reduction": "sum"},
        "iou": {"type": "GIoULoss"},
        "oks": {"type": "OKSLoss"},
    }
    head = build(
        loss={"type": "CombinedLoss", "losses": losses | others},
        assigner={"type": "HungarianAssigner", "oks_calculator": PoseOKS(None)},
    )
    assert all(value.isfinite() for value in head.loss(CASE.feats(1), batch()).values())

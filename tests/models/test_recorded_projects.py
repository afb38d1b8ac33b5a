"""Models of MMPose's projects: the numbers that the projects' own code computes with the same weights and inputs.

They were computed by MMPose 1.3.2 with MMYOLO 0.6.0 and MMDetection 3.3.0 on PyTorch 2.14.1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from keyed_weights import keyed, keyed_state

from posekit.checkpoints.load import load_into
from posekit.config import loads
from posekit.registry import CODECS, MODELS
from posekit.structures import InstanceData, PoseBatch, PoseDataSample

BN = dict(type="BN", momentum=0.03, eps=0.001)
WIDTH = dict(deepen_factor=0.33, widen_factor=0.125)
YOLOX_POSE = dict(
    type="YOLODetector",
    data_preprocessor=dict(type="mmdet.DetDataPreprocessor", pad_size_divisor=32),
    backbone=dict(type="YOLOXCSPDarknet", **WIDTH, norm_cfg=BN),
    neck=dict(type="YOLOXPAFPN", **WIDTH, in_channels=[256, 512, 1024], out_channels=256, norm_cfg=BN),
    bbox_head=dict(
        type="YOLOXPoseHead",
        head_module=dict(
            type="YOLOXPoseHeadModule", num_classes=1, in_channels=256, widen_factor=0.125, num_keypoints=17
        ),
        loss_bbox_aux=dict(type="mmdet.L1Loss", reduction="sum"),
        loss_pose=dict(type="OksLoss", metainfo="configs/_base_/datasets/coco.py", loss_weight=30.0),
    ),
    train_cfg=dict(
        assigner=dict(
            type="PoseSimOTAAssigner",
            iou_calculator=dict(type="mmdet.BboxOverlaps2D"),
            oks_calculator=dict(type="OksLoss", metainfo="configs/_base_/datasets/coco.py"),
        )
    ),
    test_cfg=dict(yolox_style=True, score_thr=0.001, nms=dict(type="nms", iou_threshold=0.65)),
)
MMYOLO_NAMES = [
    ("neck.reduce_layers.0.", "neck.reduce_layers.2."),
    ("neck.reduce_layers.1.", "neck.top_down_layers.0.1."),
    ("neck.top_down_blocks.0.", "neck.top_down_layers.0.0."),
    ("neck.top_down_blocks.1.", "neck.top_down_layers.1."),
    ("neck.downsamples.", "neck.downsample_layers."),
    ("neck.bottom_up_blocks.", "neck.bottom_up_layers."),
    ("neck.out_convs.", "neck.out_layers."),
    ("head.head_module.conv_cls.", "bbox_head.head_module.multi_level_cls_convs."),
    ("head.head_module.conv_reg.", "bbox_head.head_module.multi_level_reg_convs."),
    ("head.head_module.conv_pose.", "bbox_head.head_module.multi_level_pose_convs."),
    ("head.head_module.out_cls.", "bbox_head.head_module.multi_level_conv_cls."),
    ("head.head_module.out_bbox.", "bbox_head.head_module.multi_level_conv_reg."),
    ("head.head_module.out_obj.", "bbox_head.head_module.multi_level_conv_obj."),
    ("head.head_module.out_kpt.", "bbox_head.head_module.multi_level_conv_offsets."),
    ("head.head_module.out_kpt_vis.", "bbox_head.head_module.multi_level_conv_vis."),
    ("head.loss_oks.", "bbox_head.loss_pose."),
]
"""Beginnings of keys in posekit and in MMYOLO."""


def mmyolo_name(key: str) -> str:
    return next((theirs + key.removeprefix(ours) for ours, theirs in MMYOLO_NAMES if key.startswith(ours)), key)


@pytest.fixture(scope="module")
def yolox_pose() -> Any:
    """The project's model, its config as written there, with weights whose keys are MMYOLO's."""
    model = MODELS.build(loads(f"model = {YOLOX_POSE!r}").model.to_dict())
    state = keyed_state(model, mmyolo_name)
    state["bbox_head.assigner_oks_calculator.sigmas"] = state["bbox_head.loss_pose.sigmas"]
    assert load_into(model, state, strict=True).is_complete
    return model.eval()


def people() -> PoseBatch:
    """Return two and one made-up people."""
    samples = []
    for image, count in enumerate((2, 1)):
        low = (keyed(f"low{image}.running_var", (count, 2)) - 0.5) * 30
        size = keyed(f"size{image}.running_var", (count, 2)) * 30
        keypoints = low[:, None] + (keyed(f"kpt{image}.running_var", (count, 17, 2)) - 0.5) * size[:, None]
        labels: dict[str, Any] = dict(
            bboxes=torch.cat([low, low + size], 1),
            labels=torch.zeros(count),
            keypoints=keypoints,
            keypoints_visible=(keyed(f"vis{image}.running_var", (count, 17)) > 0.7).float(),
            areas=torch.ones(count),
        )
        sample = PoseDataSample(
            metainfo=dict(img_shape=(64, 96)),
            gt_instances=InstanceData(bboxes=labels["bboxes"]),
            gt_instance_labels=InstanceData(**labels),
        )
        samples.append(sample)
    return PoseBatch.from_samples(samples)


@torch.no_grad()
def test_yolox_pose(yolox_pose: Any) -> None:
    feats = yolox_pose.extract_feat(keyed("image.running_var", (2, 3, 64, 96)) * 110)
    yolox_pose.head.use_aux_loss = True
    losses = {name: value.item() for name, value in yolox_pose.head.loss(feats, people()).items()}
    assert losses == pytest.approx(
        {
            "loss_cls": 0.92029762,
            "loss_bbox": 4.43430758,
            "loss_obj": 69.95576477,
            "loss_bbox_aux": 1.54301393,
            "loss_kpt": 28.05646515,
            "loss_vis": 1.06400752,
        },
        rel=1e-5,
    )
    first = yolox_pose.head.predict(feats, people(), yolox_pose.test_cfg)[0]
    assert len(first) == 126
    assert first.scores[0] == pytest.approx(0.36878380, rel=1e-5)
    expected = [[59.65865326, 27.94150543], [63.49366760, 33.50185013]]
    np.testing.assert_allclose(first.keypoints[0, [0, 16]], expected, atol=1e-3)
    assert first.keypoint_scores[0, 0] == pytest.approx(0.55589271, rel=1e-5)


FIRST_STAGES = [(0.07790259, 1.05610371, -1.28554666), (-0.04321067, 0.98242664, -2.05132937)]


@pytest.mark.parametrize(
    ("windows", "last_stages"),
    [
        ({}, [(-0.02009977, 0.98923105, -0.92706656), (-0.00501245, 0.98582447, -0.88385808)]),
        (
            dict(use_hybrid=True, window_size=4),
            [(-0.02361075, 0.99701202, -1.08893490), (-0.00107000, 0.98327899, -0.63485730)],
        ),
        (
            dict(use_window=True, window_size=3),
            [(-0.02570241, 0.98986161, -1.32720113), (-0.00420405, 0.97386748, -0.21373749)],
        ),
    ],
)
@torch.no_grad()
def test_uniformer(windows: dict[str, Any], last_stages: list[tuple[float, ...]]) -> None:
    config = dict(type="UniFormer", depths=[1, 1, 5, 1], embed_dims=[8, 16, 24, 32], head_dim=8, **windows)
    backbone = MODELS.build(config).eval()
    backbone.load_state_dict(keyed_state(backbone))
    maps = backbone(keyed("image.weight2", (1, 3, 96, 64)))
    found = [(each.mean().item(), each.std().item(), each.flatten()[100].item()) for each in maps]
    np.testing.assert_allclose(found, [*FIRST_STAGES, *last_stages], atol=2e-5)


CODEC = dict(
    type="SimCC3DLabel", input_size=(48, 64, 48), sigma=(6.0, 6.93, 6.0), simcc_split_ratio=2.0, normalize=False,
    use_dark=False, root_index=(11, 12),
)  # fmt: skip
PARENTS = [0, 0, 0, 1, 2, 0, 0, 5, 6, 7, 8, 5, 6, 11, 12, 13, 14]
RTMW3D = dict(
    type="RTMW3DHead", in_channels=32, out_channels=17, input_size=CODEC["input_size"], in_featuremap_size=(2, 2),
    simcc_split_ratio=2.0, final_layer_kernel_size=7, decoder=CODEC,
    gau_cfg=dict(
        hidden_dims=32, s=16, expansion_factor=2, dropout_rate=0.0, drop_path=0.0, act_fn="SiLU", use_rel_bias=False,
        pos_enc=False,
    ),
    loss=[
        dict(type="KLDiscretLossWithWeight", use_target_weight=True, beta=10.0, label_softmax=True),
        dict(type="BoneLoss", joint_parents=PARENTS, use_target_weight=True, loss_weight=2.0),
    ],
)  # fmt: skip


def poses_in_space() -> PoseBatch:
    """Return a person whose depth is known and one whose is not."""
    codec, samples = CODECS.build(CODEC), []
    for image in range(2):
        keypoints = (keyed(f"kp{image}.running_var", (1, 17, 2)) - 0.5).numpy() * np.array([48, 64], np.float32)
        visible = (keyed(f"v{image}.running_var", (1, 17)) > 0.7).float().numpy()
        depth = keyed("z.running_var", (1, 17, 1)).numpy() + 4
        in_space = None if image else np.concatenate([keypoints, depth], -1)
        encoded = codec.encode(keypoints, visible, keypoints_3d=in_space)
        rows: dict[str, Any] = {name: torch.as_tensor(encoded[name]) for name in RTMW3D_LABELS}
        samples.append(PoseDataSample(gt_instance_labels=InstanceData(**rows)))
    return PoseBatch.from_samples(samples)


RTMW3D_LABELS = ("keypoint_x_labels", "keypoint_y_labels", "keypoint_z_labels", "keypoint_weights", "weight_z")


@torch.no_grad()
def test_rtmw3d() -> None:
    head = MODELS.build(RTMW3D).eval()
    head.load_state_dict(keyed_state(head))
    feats = (keyed("fine.x", (2, 16, 4, 4)) * 20, keyed("coarse.x", (2, 32, 2, 2)) * 20)
    values = [rows[1, 3, 7].item() for rows in head(feats)]
    np.testing.assert_allclose(values, [-0.00717226, -0.03523364, 0.00440092], atol=1e-6)
    predictions = head.predict(feats, PoseBatch.from_samples([PoseDataSample(), PoseDataSample()]))
    expected = [[45.0, 8.5, 1.40435624], [12.5, 59.0, -1.04194176]]
    np.testing.assert_allclose(predictions[1].keypoints[0, [0, 9]], expected, atol=1e-5)
    np.testing.assert_allclose(predictions[1].keypoints_simcc[0, [0, 9], 2], [39.5, 12.5], atol=1e-4)
    np.testing.assert_allclose(predictions[0].keypoint_scores[0, [0, 9]], [0.06339642, 0.05847983], atol=1e-6)
    losses = {name: value.item() for name, value in head.loss(feats, poses_in_space()).items()}
    assert losses == pytest.approx({"loss_kld": 0.08360614, "loss_bone": 65.31794739}, rel=1e-5)

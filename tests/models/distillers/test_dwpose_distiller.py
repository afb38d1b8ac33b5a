"""Both stages of distillation, on models of a few weights."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from posekit.checkpoints.load import load_into
from posekit.checkpoints.read import CheckpointError
from posekit.config import load
from posekit.geometry import Affine
from posekit.models.losses.distillation_loss import FeaLoss, KDLoss
from posekit.registry import CODECS, MODELS, BuildError
from posekit.structures import PoseBatch, PoseDataSample

SIZE, NUM_KEYPOINTS = (32, 32), 3
CODEC = {"type": "SimCCLabel", "input_size": SIZE, "sigma": 2.0, "simcc_split_ratio": 2.0}
FEATURES = {"type": "FeaLoss", "name": "loss_fea", "use_this": True, "student_channels": 16, "teacher_channels": 32}
LOGITS = {"type": "KDLoss", "name": "loss_logit", "use_this": True, "weight": 0.1}


def model(depth: int = 18, *, width: int = 2, **head: Any) -> dict[str, Any]:
    """Return the config of a small top-down model with ``8 * width`` feature channels."""
    options = {"hidden_dims": 16, "s": 8, "act_fn": "SiLU", "use_rel_bias": False}
    return {
        "type": "TopdownPoseEstimator",
        "data_preprocessor": {"type": "PoseDataPreprocessor", "mean": [1.0] * 3, "std": [2.0] * 3},
        "backbone": {"type": "ResNet", "depth": depth, "stem_channels": width, "base_channels": width},
        "head": {
            "type": "RTMCCHead",
            "in_channels": 8 * width,
            "out_channels": NUM_KEYPOINTS,
            "input_size": SIZE,
            "in_featuremap_size": (1, 1),
            "gau_cfg": options,
            "loss": {"type": "KLDiscretLoss", "beta": 10.0, "label_softmax": True},
            "decoder": CODEC,
            **head,
        },
    }


TEACHER, STUDENT = model(width=4), model(width=2)
STAGE_ONE = {
    "type": "DWPoseDistiller",
    "teacher_cfg": TEACHER,
    "student_cfg": STUDENT,
    "distill_cfg": [{"methods": [FEATURES]}, {"methods": [LOGITS]}],
}
STAGE_TWO = {**STAGE_ONE, "teacher_cfg": STUDENT, "two_dis": True, "distill_cfg": [{"methods": [LOGITS]}]}


def build(config: dict[str, Any], **changes: Any) -> Any:
    torch.manual_seed(0)
    distiller = MODELS.build(copy.deepcopy({**config, **changes}))
    distiller.init_weights()
    return distiller.train()


@pytest.fixture
def batch() -> tuple[Tensor, PoseBatch]:
    torch.manual_seed(1)
    codec = CODECS.build(CODEC)
    encoded = codec.encode_batch(torch.rand(4, 1, NUM_KEYPOINTS, 2) * 31, torch.ones(4, 1, NUM_KEYPOINTS))
    columns = {f"gt_instance_labels.{to}": encoded[key] for key, to in codec.label_mapping_table.items()}
    return torch.randn(4, 3, *SIZE), PoseBatch(columns, [{}] * 4)


def teacher_state(distiller: Any) -> dict[str, Tensor]:
    return {key: value.clone() for key, value in distiller.teacher.state_dict().items()}


@pytest.mark.parametrize("config", [STAGE_ONE, STAGE_TWO], ids=["one", "two"])
class TestBothStages:
    def test_a_step_moves_what_learns_and_leaves_the_teacher(self, config: dict[str, Any], batch: Any) -> None:
        distiller = build(config)
        before = teacher_state(distiller)
        losses = distiller(*batch, mode="loss")
        assert set(losses) == {"loss_kpt", *distiller.distill_losses}
        sum(losses.values()).backward()
        learning = {name: p for name, p in distiller.named_parameters() if p.requires_grad}
        assert learning
        assert not [name for name, p in learning.items() if p.grad is None]
        with torch.no_grad():
            for p in learning.values():
                p.sub_(p.grad)
        assert not any(p.requires_grad or p.grad is not None for p in distiller.teacher.parameters())
        for key, value in distiller.teacher.state_dict().items():
            assert torch.equal(value, before[key]), key

    def test_saves_what_the_students_config_loads(self, config: dict[str, Any], batch: Any) -> None:
        distiller = build(config).eval()
        student = MODELS.build(copy.deepcopy(STUDENT)).eval()
        report = load_into(student, distiller.state_dict())
        assert report.missing == report.wrong_shape == []
        assert report.unexpected == []
        assert all(key.startswith("distill_losses.loss_fea.align") for key in report.left_out)
        for own, loaded in zip(distiller(batch[0]), student(batch[0]), strict=True):
            assert torch.equal(own, loaded)

    def test_another_one_takes_its_weights(self, config: dict[str, Any]) -> None:
        distiller, other = build(config), build(config)
        other.load_state_dict(distiller.state_dict())
        assert set(dict(distiller.named_parameters())) <= set(distiller.state_dict())
        assert not any("teacher" in key for key in distiller.state_dict())

    def test_predicts_in_the_image(self, config: dict[str, Any], batch: Any) -> None:
        sample = PoseDataSample(metainfo={"affine": Affine(np.eye(3)[:2], "image", "input")})
        (result,) = build(config).eval()(batch[0][:1], [sample], mode="predict")
        assert result.pred_instances.keypoints.shape == (1, NUM_KEYPOINTS, 2)

    def test_the_teacher_stays_in_evaluation_mode_and_moves_along(self, config: dict[str, Any]) -> None:
        distiller = build(config).double()
        assert not any(part.training for part in distiller.teacher.modules())
        assert all(p.dtype == torch.float64 for p in distiller.teacher.parameters())
        assert distiller.head.training
        assert distiller.backbone.training is not distiller.two_dis

    def test_runs_in_bfloat16(self, config: dict[str, Any], batch: Any) -> None:
        distiller = build(config)
        with torch.autocast("cpu", torch.bfloat16):
            losses = distiller(*batch, mode="loss")
        assert all(value.isfinite() for value in losses.values())


def test_stage_one_adds_both_losses_with_a_weight_that_falls(batch: Any) -> None:
    distiller = build(STAGE_ONE).eval()
    inputs, samples = batch
    feats, teacher_feats = distiller.extract_feat(inputs), distiller.teacher.extract_feat(inputs)
    logits, teacher_logits = distiller.head(feats), distiller.teacher.head(teacher_feats)
    feature_loss = distiller.distill_losses["loss_fea"](feats[-1], teacher_feats[-1]).item()
    logit_loss = distiller.distill_losses["loss_logit"](logits, teacher_logits, 10.0).item()
    for epoch, weight in ((0, 1.0), (5, 0.5), (9, 0.1)):
        distiller.set_epoch(epoch, 10)
        losses = distiller.loss(inputs, samples)
        assert losses["loss_fea"].item() == pytest.approx(feature_loss * weight)
        assert losses["loss_logit"].item() == pytest.approx(logit_loss * weight)
        assert losses["loss_kpt"].item() == pytest.approx(distiller.head.loss(feats, samples)["loss_kpt"].item())


def test_stage_two_keeps_its_weight_and_trains_the_head_alone(batch: Any) -> None:
    distiller = build(STAGE_TWO)
    distiller.set_epoch(9, 10)
    assert distiller.epoch_weight == 1
    assert distiller.backbone is distiller.teacher.backbone
    assert distiller.head is not distiller.teacher.head
    assert all(name.startswith("head.") for name, p in distiller.named_parameters() if p.requires_grad)


def test_logit_loss_equals_the_value_by_hand() -> None:
    loss = KDLoss("loss_logit", True, weight=0.5)
    student = torch.tensor([[[0.0, math.log(3)]]])  # 1/4, 3/4
    teacher = torch.tensor([[[0.0, 0.0]]])  # 1/2, 1/2
    one_axis = 0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 0.75)
    assert loss((student, teacher), (teacher, teacher), 1.0).item() == pytest.approx(0.5 * one_axis)
    half = loss((student / 2, teacher), (teacher, teacher), 2.0)
    assert half.item() == pytest.approx(0.5 * one_axis)


def test_feature_loss_equals_the_value_by_hand() -> None:
    loss = FeaLoss("loss_fea", True, student_channels=1, teacher_channels=2, alpha_fea=0.1)
    with torch.no_grad():
        loss.align.weight.copy_(torch.tensor([2.0, -1.0]).view(2, 1, 1, 1))
        loss.align.bias.copy_(torch.tensor([0.0, 1.0]))
    student = torch.tensor([1.0, 3.0]).view(2, 1, 1, 1)  # becomes (2, 0) and (6, -2)
    teacher = torch.ones(2, 2, 1, 1)
    assert loss(student, teacher).item() == pytest.approx(0.1 * ((1 + 1) + (25 + 9)) / 2)


def test_losses_name_shapes_that_differ() -> None:
    with pytest.raises(ValueError, match=r"FeaLoss 'f': the student's features \(1, 2, 4, 4\) .* student_channels 2"):
        FeaLoss("f", True, 2, 2)(torch.zeros(1, 2, 4, 4), torch.zeros(1, 2, 8, 8))
    with pytest.raises(ValueError, match=r"KDLoss 'k': the student's logits \(1, 3, 8\), the teacher's \(1, 3, 6\)"):
        KDLoss("k", True)([torch.zeros(1, 3, 8)], [torch.zeros(1, 3, 6)], 1.0)


def test_reads_configs_and_the_teachers_weights(tmp_path: Path, batch: Any) -> None:
    for name, settings in (("teacher", TEACHER), ("student", STUDENT)):
        (tmp_path / f"{name}.py").write_text(f"model = {settings!r}\n")
    torch.save({"state_dict": MODELS.build(copy.deepcopy(TEACHER)).state_dict()}, tmp_path / "teacher.pth")
    (tmp_path / "distill.py").write_text(
        "model = dict(type='DWPoseDistiller', teacher_cfg='{{ fileDirname }}/teacher.py',\n"
        "    student_cfg='{{ fileDirname }}/student.py', teacher_pretrained='{{ fileDirname }}/teacher.pth')\n"
    )
    distiller = MODELS.build(load(tmp_path / "distill.py").model)
    distiller.init_weights()
    weights = torch.load(tmp_path / "teacher.pth", weights_only=True)["state_dict"]
    for key, value in distiller.teacher.state_dict().items():
        assert torch.equal(value, weights[key])
    assert set(distiller.train()(*batch, mode="loss")) == {"loss_kpt"}


def test_a_teacher_that_stays_without_weights_is_refused(tmp_path: Path) -> None:
    state = MODELS.build(copy.deepcopy(TEACHER)).state_dict()
    torch.save({"state_dict": {key: state[key] for key in list(state)[:-1]}}, tmp_path / "part.pth")
    with pytest.raises(CheckpointError, match=r"does not fill the model of teacher_cfg(.|\n)*not in the checkpoint"):
        build(STAGE_ONE, teacher_pretrained=str(tmp_path / "part.pth"))


def test_losses_that_are_not_used_are_left_out() -> None:
    unused = {**FEATURES, "use_this": False}
    assert list(build(STAGE_ONE, distill_cfg=[{"methods": [unused, LOGITS]}]).distill_losses) == ["loss_logit"]


BOTTOM_UP = {"type": "BottomupPoseEstimator", "backbone": STUDENT["backbone"], "head": STUDENT["head"]}
HEATMAP = {
    **STUDENT,
    "head": {"type": "HeatmapHead", "in_channels": 16, "out_channels": 3, "deconv_out_channels": None},
}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"teacher_cfg": "nowhere.py"}, r"DWPoseDistiller\.teacher_cfg: nowhere\.py: no such file"),
        (
            {"student_cfg": {"type": "BottomupPoseEstimator", **{k: STUDENT[k] for k in ("backbone", "head")}}},
            "belongs",
        ),
        ({"student_cfg": {**STUDENT, "head": None}}, "student_cfg: needs a TopdownPoseEstimator with a head"),
        ({"student_cfg": HEATMAP}, "'loss_logit' compares SimCC logits .* HeatmapHead has a KeypointMSELoss"),
        ({"two_dis": True}, "keeps the teacher's backbone and neck"),
        ({"two_dis": True, "teacher_cfg": STUDENT}, "'loss_fea' compares features, but in stage two"),
        (
            {"distill_cfg": [{"method": [LOGITS]}]},
            r"distill_cfg\.0: a group is dict\(methods=.* found the keys method",
        ),
        ({"distill_cfg": [{"methods": [{"type": "MSELoss"}]}]}, "holds a MSELoss; allowed are FeaLoss and KDLoss"),
        ({"distill_cfg": [{"methods": [{**LOGITS, "name": "kd"}]}]}, "the name 'kd' must contain 'loss'"),
        ({"distill_cfg": [{"methods": [LOGITS, LOGITS]}]}, "'loss_logit' must contain 'loss' and be used once"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(STAGE_ONE, **changes)


def test_problems_inside_are_found_before_anything_is_built() -> None:
    wrong = {**STAGE_ONE, "distill_cfg": [{"methods": [{**LOGITS, "waight": 1}]}], "two_dis": False}
    wrong["student_cfg"] = {**STUDENT, "backbone": {"type": "ResNot"}}
    with pytest.raises(BuildError, match=r"2 problems(.|\n)*student_cfg.backbone.type(.|\n)*did you mean 'weight'"):
        MODELS.build(wrong)

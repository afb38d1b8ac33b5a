"""A student that learns from a teacher as well as from labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from posekit.checkpoints.load import load_into, open_checkpoint
from posekit.checkpoints.read import CheckpointError
from posekit.config import load
from posekit.config.config import ConfigError
from posekit.models.base_module import InitRules, Settings
from posekit.models.data_preprocessors.base import BaseDataPreprocessor
from posekit.models.heads.base import SampleBatch
from posekit.models.losses.base import BaseLoss
from posekit.models.losses.distillation_loss import FeaLoss, KDLoss
from posekit.models.pose_estimators.base import Inputs
from posekit.models.pose_estimators.topdown import TopdownPoseEstimator
from posekit.registry import MODELS


@MODELS.register_module()
class DWPoseDistiller(TopdownPoseEstimator):
    """The student of ``student_cfg`` with a teacher at its side.

    In stage one a smaller model learns from the teacher's features and logits, whose weight decreases from epoch to
    epoch. In stage two (``two_dis``) a new head on the teacher's own backbone and neck, which stay as they are,
    learns from the teacher's head.

    The parts of this model are the student's, under the student's names: what training saves loads into
    ``student_cfg`` as it is. The teacher is no part of it: nothing trains, averages or saves it, and it is always
    in evaluation mode.

    Args:
        teacher_cfg: path of the config whose model teaches, or that model itself.
        student_cfg: path of the config whose model learns, or that model itself.
        two_dis: whether this is stage two.
        distill_cfg: losses between student and teacher: ``[dict(methods=[FeaLoss, KDLoss]), ...]``,
            grouped in any way. Losses with ``use_this=False`` are left out.
        teacher_pretrained: path or URL of the teacher's weights, which ``init_weights`` reads.
        train_cfg: settings for ``loss``; the student's by default.
        data_preprocessor: module that turns a collated batch into inputs; the student's by default.
        init_cfg: rules for the student's initial weights.

    Attributes:
        teacher: model that teaches.
        epoch_weight: factor of the losses between student and teacher.

    Raises:
        ValueError: if a config holds no top-down model, a loss is unknown or does not fit the two models, or
            in stage two the student's backbone and neck differ from the teacher's.

    Source: DWPose, arXiv 2307.15880; the reference keeps its teacher in training mode, here it is in evaluation mode.
    """

    teacher: TopdownPoseEstimator

    def __init__(
        self,
        teacher_cfg: str | TopdownPoseEstimator,
        student_cfg: str | TopdownPoseEstimator,
        two_dis: bool = False,
        distill_cfg: Sequence[Mapping[str, Sequence[BaseLoss]]] | None = None,
        teacher_pretrained: str | None = None,
        train_cfg: Settings | None = None,
        data_preprocessor: BaseDataPreprocessor | None = None,
        init_cfg: InitRules = None,
    ) -> None:
        student, teacher = model_of(student_cfg, "student_cfg"), model_of(teacher_cfg, "teacher_cfg")
        body = body_of(teacher, student) if two_dis else student
        super().__init__(
            body.backbone,
            body.neck,
            student.head,
            train_cfg or student.train_cfg,
            student.test_cfg,
            data_preprocessor or student.data_preprocessor,
            student.use_syncbn,
            init_cfg or student.init_cfg,
        )
        self.metainfo = student.metainfo
        self.__dict__["teacher"] = teacher.eval().requires_grad_(False)  # a plain attribute, not a part of this module
        self.teacher_pretrained = teacher_pretrained
        self.two_dis = two_dis
        self.distill_losses = nn.ModuleDict(chosen_losses(distill_cfg or ()))
        self.epoch_weight = 1.0
        self.check_losses()

    def check_losses(self) -> None:
        """Raise a ValueError for losses that these two models cannot have."""
        for name, loss in self.distill_losses.items():
            if isinstance(loss, FeaLoss) and self.two_dis:
                raise ValueError(
                    f"DWPoseDistiller.distill_cfg: '{name}' compares features, but in stage two (two_dis) both models "
                    "have the same; use KDLoss alone"
                )
            if isinstance(loss, KDLoss) and not hasattr(self.head.loss_module, "beta"):
                raise ValueError(
                    f"DWPoseDistiller.distill_cfg: '{name}' compares SimCC logits as KLDiscretLoss sharpens them, but "
                    f"the student's {type(self.head).__name__} has a {type(self.head.loss_module).__name__}"
                )

    def init_weights(self) -> None:
        """Set the student's initial weights, and the teacher's: those of ``teacher_pretrained``, if given."""
        if self.two_dis:
            self.head.init_weights()
        else:
            super().init_weights()
        if self.teacher_pretrained is None:
            self.teacher.init_weights()
            return
        checkpoint = open_checkpoint(self.teacher_pretrained)
        report = load_into(self.teacher, checkpoint.state, source=checkpoint.source)
        if report.missing or report.wrong_shape:
            raise CheckpointError(f"teacher_pretrained does not fill the model of teacher_cfg\n{report}")

    def set_epoch(self, epoch: int, max_epochs: int) -> None:
        """Set the teacher's weight: 1 in stage one's first epoch, decreasing until the last; always 1 in stage two."""
        self.epoch_weight = 1.0 if self.two_dis else 1 - epoch / max_epochs

    def train(self, mode: bool = True) -> DWPoseDistiller:
        super().train(mode)
        for part in (self.backbone, self.neck) if self.two_dis else ():
            if part is not None:
                part.eval()
        return self

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> DWPoseDistiller:
        """Move the teacher along to other devices and types."""
        self.teacher._apply(fn, recurse)
        return super()._apply(fn, recurse)

    def loss(self, inputs: Inputs, data_samples: SampleBatch) -> dict[str, Tensor]:
        with torch.no_grad():
            teacher_feats = self.teacher.extract_feat(inputs)
            teacher_logits = self.teacher.head(teacher_feats)
        feats = teacher_feats if self.two_dis else self.extract_feat(inputs)
        logits = self.head(feats)
        losses = self.head.losses(logits, *self.head.targets(data_samples))
        for name, loss in self.distill_losses.items():
            if isinstance(loss, FeaLoss):
                value = loss(feats[-1], teacher_feats[-1])
            else:
                value = loss(logits, teacher_logits, self.head.loss_module.beta)
            losses[name] = value * self.epoch_weight
        return losses


def model_of(source: str | TopdownPoseEstimator, name: str) -> TopdownPoseEstimator:
    """Return a model from the path of its config, or as it is."""
    try:
        model = MODELS.build(load(source)["model"]) if isinstance(source, str) else source
    except ConfigError as error:
        raise ValueError(f"DWPoseDistiller.{name}: {error}") from None
    if not isinstance(model, TopdownPoseEstimator) or model.head is None:
        raise ValueError(
            f"DWPoseDistiller.{name}: needs a TopdownPoseEstimator with a head, found a {type(model).__name__} "
            f"in {source if isinstance(source, str) else 'the config'}"
        )
    return model


def body_of(teacher: TopdownPoseEstimator, student: TopdownPoseEstimator) -> TopdownPoseEstimator:
    """Return the teacher, if its backbone and neck have the shapes of the student's."""
    shapes = [
        {key: value.shape for key, value in model.state_dict().items() if not key.startswith("head.")}
        for model in (teacher, student)
    ]
    if shapes[0] != shapes[1]:
        raise ValueError(
            "DWPoseDistiller.student_cfg: in stage two (two_dis) the student keeps the teacher's backbone and neck, "
            "but its own differ; give it the teacher's config or one with another head"
        )
    return teacher


def chosen_losses(groups: Sequence[Mapping[str, Any]]) -> dict[str, nn.Module]:
    """Return the losses to use, by name."""
    chosen: dict[str, nn.Module] = {}
    for index, group in enumerate(groups):
        place = f"DWPoseDistiller.distill_cfg.{index}"
        if set(group) != {"methods"}:
            raise ValueError(f"{place}: a group is dict(methods=[...]), found the keys {', '.join(group) or 'none'}")
        for loss in group["methods"]:
            if not isinstance(loss, (FeaLoss, KDLoss)):
                raise ValueError(f"{place}.methods: holds a {type(loss).__name__}; allowed are FeaLoss and KDLoss")
            if "loss" not in loss.name or loss.name in chosen:
                raise ValueError(f"{place}.methods: the name '{loss.name}' must contain 'loss' and be used once")
            if loss.use_this:
                chosen[loss.name] = loss
    return chosen

"""From sequences of 2D keypoints to 3D joints."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from posekit.codecs.flips import flip_coordinates
from posekit.models.backbones.base import BaseBackbone
from posekit.models.base_module import InitRules, Settings
from posekit.models.data_preprocessors.base import BaseDataPreprocessor
from posekit.models.heads.base import BaseHead, SampleBatch, flip_indices
from posekit.models.losses.base import BaseLoss
from posekit.models.necks.base import BaseNeck
from posekit.models.pose_estimators.base import ComposedPoseEstimator, Inputs
from posekit.registry import MODELS
from posekit.structures import InstanceData, PoseBatch, PoseDataSample

UNLABELED = "unlabeled_target_2d"


@MODELS.register_module()
class PoseLifter(ComposedPoseEstimator):
    """Predicts joints relative to their root and, with a trajectory branch, the position of the root.

    Samples with ``gt_instance_labels.unlabeled_target_2d`` (1, K, 2) and ``.intrinsics`` (1, 4 | 9) instead of 3D
    targets are unlabelled; ``semi_loss`` learns from them.

    Args:
        backbone: network from keypoint sequences to features.
        neck: network from features to other features.
        head: head that predicts the joints.
        traj_backbone: backbone of the trajectory branch; None to share the features of ``backbone``.
        traj_neck: neck of the trajectory branch.
        traj_head: head that predicts the trajectory.
        semi_loss: loss of unlabelled samples; needs ``head`` and ``traj_head``.
        train_cfg: settings for ``loss``.
        test_cfg: settings for ``predict``.
        data_preprocessor: module that turns a collated batch into inputs.
        init_cfg: rules for the initial weights.
        metainfo: the model's own keypoint set.

    Raises:
        ValueError: if there is a ``semi_loss`` without both heads.
    """

    def __init__(
        self,
        backbone: BaseBackbone,
        neck: BaseNeck | None = None,
        head: BaseHead | None = None,
        traj_backbone: BaseBackbone | None = None,
        traj_neck: BaseNeck | None = None,
        traj_head: BaseHead | None = None,
        semi_loss: BaseLoss | None = None,
        train_cfg: Settings | None = None,
        test_cfg: Settings | None = None,
        data_preprocessor: BaseDataPreprocessor | None = None,
        init_cfg: InitRules = None,
        metainfo: Settings | None = None,
    ) -> None:
        super().__init__(backbone, neck, head, train_cfg, test_cfg, data_preprocessor, False, init_cfg, metainfo)
        if semi_loss is not None and (head is None or traj_head is None):
            raise ValueError("PoseLifter.semi_loss projects poses to images; it needs head and traj_head")
        self.traj_backbone = traj_backbone
        self.traj_neck = traj_neck
        self.traj_head: Any = traj_head
        self.semi_loss = semi_loss

    @property
    def causal(self) -> bool:
        """Whether the backbone sees no frame after the one that it lifts."""
        return bool(getattr(self.backbone, "causal", False))

    def outputs(self, inputs: Inputs) -> Any:
        feats = self.extract_feat(inputs)
        pose = feats if self.head is None else self.head(feats)
        return pose if self.traj_head is None else (pose, self.traj_head(self.trajectory_feat(inputs, feats)))

    def trajectory_feat(self, inputs: Any, feats: Any) -> Any:
        """Return the features of the trajectory branch."""
        branch = feats if self.traj_backbone is None else self.traj_backbone(inputs)
        return branch if self.traj_neck is None else self.traj_neck(branch)

    def loss(self, inputs: Inputs, data_samples: SampleBatch) -> dict[str, Tensor]:
        samples = list(data_samples)
        unlabeled = [UNLABELED in sample.gt_instance_labels for sample in samples]
        mask = torch.tensor(unlabeled)
        pairs = list(zip(samples, unlabeled, strict=True))
        labeled = PoseBatch.from_samples(sample for sample, is_unlabeled in pairs if not is_unlabeled)
        labeled_inputs: Any = inputs if not any(unlabeled) else inputs[~mask]  # pyright: ignore[reportCallIssue, reportArgumentType]
        feats = self.extract_feat(labeled_inputs)
        losses = self.needed_head.loss(feats, labeled, train_cfg=self.train_cfg)
        if self.traj_head is not None:
            traj_feats = self.trajectory_feat(labeled_inputs, feats)
            losses |= self.traj_head.loss(traj_feats, labeled, train_cfg=self.train_cfg)
        if self.semi_loss is not None and any(unlabeled):
            batch = PoseBatch.from_samples(sample for sample, is_unlabeled in pairs if is_unlabeled)
            losses |= self.semi_losses(inputs[mask], self.head(feats), batch)  # pyright: ignore[reportCallIssue, reportArgumentType]
        return losses

    def semi_losses(self, inputs: Any, labeled_pose: Tensor, batch: PoseBatch) -> dict[str, Tensor]:
        """Return the losses of unlabelled samples."""
        pose, trajectory = self.outputs(inputs)  # (B, K, 3), (B, 1, 3)
        output = {"labeled_pose": labeled_pose, "unlabeled_pose": pose, "unlabeled_traj": trajectory}
        columns = {name: batch.column(f"gt_instance_labels.{name}").flatten(0, 1) for name in (UNLABELED, "intrinsics")}
        losses = self.semi_loss(output, columns) if self.semi_loss is not None else {}
        return {f"loss_{name.removesuffix('_loss')}": value for name, value in losses.items()}

    def predict(self, inputs: Inputs, data_samples: SampleBatch) -> list[PoseDataSample]:
        samples = super().predict(inputs, data_samples)
        if self.traj_head is not None and samples:
            feats = None if self.traj_backbone is not None else self.extract_feat(inputs)
            trajectory = self.traj_head(self.trajectory_feat(inputs, feats))  # (B, 1, 3)
            for sample, root in zip(samples, trajectory.detach().cpu().numpy(), strict=True):
                sample.pred_instances.trajectory = root[None]
        return samples

    def features(self, inputs: Any, samples: SampleBatch) -> Any:
        if not self.test_cfg.get("flip_test"):
            return self.extract_feat(inputs)
        shift = self.test_cfg.get("shift_coords", True)
        mirrored = flip_coordinates(inputs, flip_indices(samples), shift_coords=shift, input_width=1)
        return [self.extract_feat(inputs), self.extract_feat(mirrored)]

    def place(self, instances: InstanceData, sample: PoseDataSample) -> None:
        """Leave the joints unchanged: they lie in space, not in the image."""

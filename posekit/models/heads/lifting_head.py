"""Heads that lift 2D keypoints to 3D joints, and their base."""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor, nn

from posekit.codecs.base import BaseCodec
from posekit.models.base_module import InitRules
from posekit.models.heads.base import BaseHead, Features, Outputs, SampleBatch, stack_metainfo
from posekit.models.losses.base import BaseLoss
from posekit.models.losses.regression_loss import MPJPELoss, MSELoss
from posekit.registry import MODELS

LIFTING_TARGET = "gt_instance_labels.lifting_target_label"
LIFTING_WEIGHT = "gt_instance_labels.lifting_target_weight"


class LiftingHead(BaseHead):
    """Base of heads whose outputs are joints (B, ..., K, 3).

    Attributes:
        loss_name: name of their loss.
    """

    reads = (LIFTING_TARGET, LIFTING_WEIGHT)
    loss_name: ClassVar[str] = "loss_pose3d"

    def losses(self, outputs: Outputs, *targets: Any) -> dict[str, Tensor]:
        return {self.loss_name: self.loss_module(outputs, *targets)}


@MODELS.register_module()
class TemporalRegressionHead(LiftingHead):
    """One convolution over the features of a sequence that gives the joints of its middle or last frame.

    Args:
        in_channels: channels of the features.
        num_joints: number of joints.
        loss: loss of the joints; the weighted squared error by default.
        decoder: codec that undoes the normalisation.
        init_cfg: rules for the initial weights.

    Source: Martinez et al., arXiv 1705.03098; Pavllo et al., arXiv 1811.11742.
    """

    keypoint_layers = ("conv",)

    default_init: ClassVar[InitRules] = [{"type": "Normal", "layer": ["Linear"], "std": 0.01, "bias": 0}]

    def __init__(
        self,
        in_channels: int,
        num_joints: int,
        loss: BaseLoss | None = None,
        decoder: BaseCodec | None = None,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(loss or self.default_loss(), decoder, init_cfg)
        self.num_joints = num_joints
        self.conv = nn.Conv1d(in_channels, num_joints * 3, 1)

    def default_loss(self) -> BaseLoss:
        """Return the loss of a head that is built without one."""
        return MSELoss(use_target_weight=True)

    def forward(self, feats: Features) -> Tensor:
        """Compute joints (B, K, 3) from features (B, C, 1)."""
        return self.conv(feats[-1]).reshape(-1, self.num_joints, 3)  # (B, K, 3)

    def decodable(self, outputs: Outputs) -> Tensor:
        return outputs.unsqueeze(1)  # (B, 1, K, 3): one instance

    def completed(self, outputs: Outputs, batch: SampleBatch) -> tuple[Tensor, ...]:
        root = stack_metainfo(batch, "target_root", outputs)
        return (outputs,) if root is None else (outputs, root.reshape(len(root), 1, 3))


@MODELS.register_module()
class TrajectoryRegressionHead(TemporalRegressionHead):
    """TemporalRegressionHead for the position of the root in the camera's space.

    Its target is the root (1, 3) that a codec with ``zero_center`` subtracts from the joints and leaves as
    ``target_root`` in the sample's meta information; errors are weighted by the inverse of the root's depth, as in the
    paper. (MMPose 1.x instead compares the one predicted point with all joints relative to the root, from which no
    trajectory can be learned.) Where the codec leaves the joints in the camera's space, the target is ``num_joints``
    of them with ``trajectory_weights``.

    Args:
        in_channels: channels of the features.
        num_joints: number of joints; 1 for the root alone.
        loss: loss of the positions; the weighted distance by default.
        decoder: codec that undoes the normalisation.
        init_cfg: rules for the initial weights.

    Raises:
        ValueError: when losses are computed, if the target root is missing or ``num_joints`` does not fit it.

    Source: Pavllo et al., arXiv 1811.11742, section 4.
    """

    reads = (LIFTING_TARGET, "gt_instance_labels.trajectory_weights")
    loss_name = "loss_traj"
    keypoint_layers = ()

    def default_loss(self) -> BaseLoss:
        return MPJPELoss(use_target_weight=True)

    def targets(self, batch: SampleBatch) -> list[Any]:
        """Return the roots (B, 1, 3) and their weights (B, 1), or those of joints in the camera's space."""
        root = stack_metainfo(batch, "target_root", self.conv.weight)
        if root is None:
            if getattr(self.decoder, "zero_center", False):
                raise ValueError(
                    "TrajectoryRegressionHead learns the root's position, but the samples' metainfo has no "
                    "'target_root'; add it to PackPoseInputs.meta_keys"
                )
            return super().targets(batch)
        if self.num_joints != 1:
            raise ValueError(
                f"TrajectoryRegressionHead.num_joints: {self.num_joints} joints for the one root that the codec "
                "subtracts; use num_joints=1"
            )
        root = root.reshape(len(root), 1, 3)
        return [root, 1 / root[..., 2]]  # (B, 1, 3), (B, 1)

    def completed(self, outputs: Outputs, batch: SampleBatch) -> tuple[Tensor, ...]:
        return (outputs,)

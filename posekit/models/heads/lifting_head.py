"""What heads share that lift 2D keypoints to 3D joints."""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor, nn

from posekit.codecs.base import BaseCodec
from posekit.models.base_module import InitRules
from posekit.models.heads.base import BaseHead, Batch, Features, Outputs, stack_metainfo
from posekit.models.losses.base import BaseLoss
from posekit.models.losses.regression_loss import MPJPELoss, MSELoss
from posekit.registry import MODELS

LIFTING_TARGET = "gt_instance_labels.lifting_target_label"
LIFTING_WEIGHT = "gt_instance_labels.lifting_target_weight"


class LiftingHead(BaseHead):
    """Base of heads whose outputs are joints (B, ..., K, 3); ``loss_name`` is what their loss is called."""

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
        loss: by default the weighted squared error.
        decoder: the codec that undoes the normalisation.
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
        super().__init__(loss or MSELoss(use_target_weight=True), decoder, init_cfg)
        self.num_joints = num_joints
        self.conv = nn.Conv1d(in_channels, num_joints * 3, 1)

    def forward(self, feats: Features) -> Tensor:
        """Compute joints (B, K, 3) from features (B, C, 1)."""
        return self.conv(feats[-1]).reshape(-1, self.num_joints, 3)

    def decodable(self, outputs: Outputs) -> Tensor:
        return outputs.unsqueeze(1)  # (B, 1, K, 3): one instance

    def completed(self, outputs: Outputs, batch: Batch) -> tuple[Tensor, ...]:
        root = stack_metainfo(batch, "target_root", outputs)
        return (outputs,) if root is None else (outputs, root.reshape(len(root), 1, 3))


@MODELS.register_module()
class TrajectoryRegressionHead(TemporalRegressionHead):
    """TemporalRegressionHead for where the root is in the camera's space.

    Args:
        in_channels: channels of the features.
        num_joints: number of joints, one for the root alone.
        loss: by default the distance weighted by inverse depth.
        decoder: the codec that undoes the normalisation.
        init_cfg: rules for the initial weights.

    Source: Pavllo et al., arXiv 1811.11742, section 4.
    """

    reads = (LIFTING_TARGET, "gt_instance_labels.trajectory_weights")
    loss_name = "loss_traj"
    keypoint_layers = ()

    def __init__(
        self,
        in_channels: int,
        num_joints: int,
        loss: BaseLoss | None = None,
        decoder: BaseCodec | None = None,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(in_channels, num_joints, loss or MPJPELoss(use_target_weight=True), decoder, init_cfg)

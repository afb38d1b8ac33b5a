"""Semi-supervision of 3D poses by their projection and their bones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from posekit.models.losses.base import BaseLoss
from posekit.models.losses.regression_loss import BoneLoss, MPJPELoss
from posekit.registry import MODELS


@MODELS.register_module()
class SemiSupervisionLoss(BaseLoss):
    """What unlabelled videos can teach: poses project onto their 2D keypoints and have ordinary bone lengths.

    Args:
        joint_parents: each joint's parent.
        projection_loss_weight: weight of the projection error.
        bone_loss_weight: weight of the bone lengths.
        warmup_iterations: calls that give no loss, so that labelled data come first.

    Source: Pavllo et al., arXiv 1811.11742, section 4.
    """

    def __init__(
        self,
        joint_parents: Sequence[int],
        projection_loss_weight: float = 1.0,
        bone_loss_weight: float = 1.0,
        warmup_iterations: int = 0,
    ) -> None:
        super().__init__()
        self.criterion_projection = MPJPELoss(loss_weight=projection_loss_weight)
        self.criterion_bone = BoneLoss(joint_parents, loss_weight=bone_loss_weight)
        self.warmup_iterations = warmup_iterations
        self.num_iterations = 0

    def forward(self, output: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return ``proj_loss`` and ``bone_loss``, or nothing during the warm-up.

        Args:
            output: labeled_pose (B, K, 3), unlabeled_pose (B', K, 3), unlabeled_traj (B', 1, 3).
            target: unlabeled_target_2d (B', K, 2) in pixels, intrinsics (B', 4 | 9).
        """
        self.num_iterations += 1
        if self.num_iterations <= self.warmup_iterations:
            return {}
        pose = output["unlabeled_pose"]
        projected = project_points(pose + output["unlabeled_traj"], target["intrinsics"])
        return {
            "proj_loss": self.criterion_projection(projected, target["unlabeled_target_2d"]),
            "bone_loss": self.criterion_bone(pose, output["labeled_pose"]),
        }


def project_points(points: Tensor, intrinsics: Tensor) -> Tensor:
    """Project camera-space points (B, K, 3) to pixels (B, K, 2).

    Args:
        points: metres or millimetres, z forward; the image plane is cut at 45 degrees.
        intrinsics: (B, 4) focal lengths and centre, or (B, 9) with three radial and two tangential distortions.
    """
    focal, center, radial, tangential = intrinsics[:, None].split(
        [2, 2, *([3, 2] if intrinsics.shape[-1] == 9 else [0, 0])], -1
    )
    plane = torch.clamp(points[..., :2] / points[..., 2:], -1, 1)
    if radial.shape[-1]:
        r2 = plane.square().sum(-1, keepdim=True)
        stretch = 1 + (radial * torch.cat([r2, r2**2, r2**3], -1)).sum(-1, keepdim=True)
        stretch = stretch + (tangential * plane).sum(-1, keepdim=True)
        plane = plane * stretch + tangential * r2
    return focal * plane + center

"""Semi-supervision of 3D poses by their projections and their bones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from posekit.models.losses.base import BaseLoss
from posekit.models.losses.regression_loss import BoneLoss, MPJPELoss
from posekit.registry import MODELS


@MODELS.register_module()
class SemiSupervisionLoss(BaseLoss):
    """Loss of unlabelled videos: poses project onto their 2D keypoints and have the bone lengths of labelled poses.

    Args:
        joint_parents: parent of each joint.
        projection_loss_weight: weight of the projection error.
        bone_loss_weight: weight of the bone lengths.
        warmup_iterations: number of calls that give no loss, so that labelled data come first.

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
            output: labeled_pose (B, K, 3) and unlabeled_pose (B', K, 3) relative to the root, unlabeled_traj (B', 1, 3)
                positions of the root in the camera's space.
            target: unlabeled_target_2d (B', K, 2) in pixels, intrinsics (B', 4 | 9).
        """
        self.num_iterations += 1
        if self.num_iterations <= self.warmup_iterations:
            return {}
        pose = output["unlabeled_pose"]
        projected = project_points(pose + output["unlabeled_traj"], target["intrinsics"])  # (B', K, 2)
        return {
            "proj_loss": self.criterion_projection(projected, target["unlabeled_target_2d"]),
            "bone_loss": self.criterion_bone(pose, output["labeled_pose"]),
        }


def project_points(points: Tensor, intrinsics: Tensor) -> Tensor:
    """Project camera-space points (B, K, 3) to pixels (B, K, 2).

    Args:
        points: metres or millimetres, z forward; projections are clipped at 45 degrees.
        intrinsics: (B, 4) focal lengths and centre, or (B, 9) with three radial and two tangential distortions.
    """
    focal, center, radial, tangential = intrinsics[:, None].split(  # (B, 1, 2), (B, 1, 2), (B, 1, 3), (B, 1, 2)
        [2, 2, *([3, 2] if intrinsics.shape[-1] == 9 else [0, 0])], -1
    )
    plane = torch.clamp(points[..., :2] / points[..., 2:], -1, 1)  # (B, K, 2)
    if radial.shape[-1]:
        r2 = plane.square().sum(-1, keepdim=True)  # (B, K, 1)
        stretch = 1 + (radial * torch.cat([r2, r2**2, r2**3], -1)).sum(-1, keepdim=True)  # (B, K, 1)
        stretch = stretch + (tangential * plane).sum(-1, keepdim=True)  # (B, K, 1)
        plane = plane * stretch + tangential * r2  # (B, K, 2)
    return focal * plane + center  # (B, K, 2)

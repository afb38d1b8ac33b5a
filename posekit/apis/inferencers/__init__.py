"""The inferencers of MMPose 1.x: its arguments in, its dictionaries out, and posekit's predictors in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from posekit.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from posekit.apis.inferencers.hand3d import Hand3DInferencer as Hand3DInferencer
    from posekit.apis.inferencers.mmpose import MMPoseInferencer as MMPoseInferencer
    from posekit.apis.inferencers.pose2d import Pose2DInferencer as Pose2DInferencer
    from posekit.apis.inferencers.pose3d import Pose3DInferencer as Pose3DInferencer
    from posekit.zoo.model_index import get_model_aliases as get_model_aliases

__all__, __getattr__ = lazy_exports(  # pyright: ignore[reportUnsupportedDunderAll]
    __name__,
    {
        "zoo.model_index": "get_model_aliases",
        "apis.inferencers.hand3d": "Hand3DInferencer",
        "apis.inferencers.mmpose": "MMPoseInferencer",
        "apis.inferencers.pose2d": "Pose2DInferencer",
        "apis.inferencers.pose3d": "Pose3DInferencer",
    },
)

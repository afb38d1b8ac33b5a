"""Inference in a few calls: trained models with torch, exported ones and the embedded default without."""

from __future__ import annotations

from typing import TYPE_CHECKING

from posekit.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from posekit.apis.detection import inference_detector as inference_detector
    from posekit.apis.inference import inference_bottomup as inference_bottomup
    from posekit.apis.inference import inference_pose_lifter_model as inference_pose_lifter_model
    from posekit.apis.inference import inference_topdown as inference_topdown
    from posekit.apis.inference import init_model as init_model
    from posekit.inference.pose_model import PoseModel as PoseModel

__all__, __getattr__ = lazy_exports(  # pyright: ignore[reportUnsupportedDunderAll]
    __name__,
    {
        "apis.inference": "init_model inference_topdown inference_bottomup inference_pose_lifter_model",
        "inference.pose_model": "PoseModel",
        "apis.detection": "inference_detector",
    },
)

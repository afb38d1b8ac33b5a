"""Inference in a few calls: trained models with torch, exported ones and the embedded default without."""

from __future__ import annotations

from typing import TYPE_CHECKING

from posekit.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from posekit.apis.detection import inference_detector as inference_detector
    from posekit.apis.greedy_tracks import _compute_iou as _compute_iou
    from posekit.apis.greedy_tracks import _track_by_iou as _track_by_iou
    from posekit.apis.greedy_tracks import _track_by_oks as _track_by_oks
    from posekit.apis.inference import inference_bottomup as inference_bottomup
    from posekit.apis.inference import inference_pose_lifter_model as inference_pose_lifter_model
    from posekit.apis.inference import inference_topdown as inference_topdown
    from posekit.apis.inference import init_model as init_model
    from posekit.apis.inferencers.hand3d import Hand3DInferencer as Hand3DInferencer
    from posekit.apis.inferencers.mmpose import MMPoseInferencer as MMPoseInferencer
    from posekit.apis.inferencers.pose2d import Pose2DInferencer as Pose2DInferencer
    from posekit.apis.inferencers.pose3d import Pose3DInferencer as Pose3DInferencer
    from posekit.apis.pose_sequences import collate_pose_sequence as collate_pose_sequence
    from posekit.apis.pose_sequences import collect_multi_frames as collect_multi_frames
    from posekit.apis.pose_sequences import convert_keypoint_definition as convert_keypoint_definition
    from posekit.apis.pose_sequences import extract_pose_sequence as extract_pose_sequence
    from posekit.apis.visualization import visualize as visualize
    from posekit.inference.pose_model import PoseModel as PoseModel
    from posekit.zoo.model_index import get_model_aliases as get_model_aliases

__all__, __getattr__ = lazy_exports(  # pyright: ignore[reportUnsupportedDunderAll]
    __name__,
    {
        "apis.inference": "init_model inference_topdown inference_bottomup inference_pose_lifter_model",
        "inference.pose_model": "PoseModel",
        "apis.detection": "inference_detector",
        "zoo.model_index": "get_model_aliases",
        "apis.inferencers.hand3d": "Hand3DInferencer",
        "apis.inferencers.mmpose": "MMPoseInferencer",
        "apis.inferencers.pose2d": "Pose2DInferencer",
        "apis.inferencers.pose3d": "Pose3DInferencer",
        "apis.pose_sequences": """collate_pose_sequence collect_multi_frames convert_keypoint_definition
            extract_pose_sequence""",
        "apis.greedy_tracks": "_compute_iou _track_by_iou _track_by_oks",
        "apis.visualization": "visualize",
    },
)

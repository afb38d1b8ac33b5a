"""One inferencer for everything, called as MMPose's MMPoseInferencer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from posekit.apis.inferencers.base import BaseInferencer
from posekit.apis.inferencers.hand3d import Hand3DInferencer
from posekit.apis.inferencers.pose2d import Pose2DInferencer
from posekit.apis.inferencers.pose3d import Pose3DInferencer


class MMPoseInferencer:
    """Finds poses in images, or lifts them to space.

    Args:
        pose2d: what finds 2D poses: name or alias of a released model such as ``human``, name or path of a config, an
            exported model (``.onnx``), or a config.
        pose2d_weights: path or URL of its weights; a released model brings its own.
        pose3d: lifter, or model of hands in space, in the same ways, such as ``human3d`` and ``hand3d``.
        pose3d_weights: path or URL of its weights.
        device, scope, det_model, det_weights, det_cat_ids, show_progress: as for ``Pose2DInferencer``.

    Attributes:
        inferencer: the one that does the work.

    Raises:
        ValueError: if no model is named, or one cannot be used.
        DownloadError: if released weights can be had from nowhere.
    """

    def __init__(
        self,
        pose2d: Any = None,
        pose2d_weights: str | None = None,
        pose3d: Any = None,
        pose3d_weights: str | None = None,
        device: str | None = None,
        scope: str = "mmpose",
        det_model: Any = None,
        det_weights: str | None = None,
        det_cat_ids: int | Sequence[int] | None = None,
        show_progress: bool = False,
    ) -> None:
        boxes = (det_model, det_weights, det_cat_ids, show_progress)
        self.inferencer: BaseInferencer
        if pose3d is not None and is_hand(pose3d):
            self.inferencer = Hand3DInferencer(pose3d, pose3d_weights, device, scope, *boxes)
        elif pose3d is not None:
            models = (pose3d, pose3d_weights, pose2d, pose2d_weights)
            self.inferencer = Pose3DInferencer(*models, device, scope, *boxes)
        elif pose2d is not None:
            self.inferencer = Pose2DInferencer(pose2d, pose2d_weights, device, scope, *boxes)
        else:
            raise ValueError("MMPoseInferencer: name a model with pose2d= or pose3d=, such as pose2d='human'")

    def __call__(
        self,
        inputs: Any,
        return_datasamples: bool = False,
        batch_size: int = 1,
        out_dir: str | None = None,
        **options: Any,
    ) -> Iterator[dict[str, list[Any]]]:
        """Find the poses in images, as ``BaseInferencer.__call__`` tells."""
        return self.inferencer(inputs, return_datasamples, batch_size, out_dir, **options)


def is_hand(pose3d: Any) -> bool:
    """Whether a model or config, passed as such or by name, is one of hands."""
    if isinstance(pose3d, Mapping):
        head = (pose3d.get("model") or {}).get("head") or {}
        return "Internet" in str(head.get("type", ""))
    text = str(pose3d).lower()
    return any(word in text for word in ("hand3d", "interhand", "internet"))

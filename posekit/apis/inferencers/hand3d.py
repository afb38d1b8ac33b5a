"""Hands in space, called as MMPose's Hand3DInferencer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from posekit.apis.inferencers.base import BaseInferencer, FramePrediction, merged
from posekit.apis.inferencers.frames import Source
from posekit.apis.inferencers.options import CallOptions
from posekit.apis.inferencers.pose2d import Pose2DInferencer
from posekit.apis.inferencers.pose3d import draw_in_space
from posekit.array import to_numpy
from posekit.structures import InstanceData, PoseDataSample

JOINTS = 21
"""Of one hand: the right one comes first, the left one after it."""


class Hand3DInferencer(BaseInferencer):
    """Finds both hands in space: x and y in the image's pixels and depth in millimetres, turned so that z is up.

    Args:
        model: name or alias of a released model, name or path of a config, or a config.
        weights: path or URL of the weights; a released model brings its own.
        device, scope, det_model, det_weights, det_cat_ids, show_progress: as for ``Pose2DInferencer``.
    """

    def __init__(
        self,
        model: Any,
        weights: str | None = None,
        device: str | None = None,
        scope: str | None = "mmpose",
        det_model: Any = None,
        det_weights: str | None = None,
        det_cat_ids: int | Sequence[int] | None = None,
        show_progress: bool = False,
    ) -> None:
        super().__init__(show_progress=show_progress)
        self.finder = Pose2DInferencer(model, weights, device, scope, det_model, det_weights, det_cat_ids)
        self.model, self.cfg = self.finder.model, self.finder.cfg

    def find(self, source: Source, options: CallOptions) -> Iterator[FramePrediction]:
        for frame in source:
            samples = self.finder.samples(frame, options)
            pairs = [flat_and_deep(sample, rebase=not options.disable_rebase_keypoint) for sample in samples]
            flat, deep = (merged(each) for each in zip(*pairs, strict=True))
            yield FramePrediction(frame, [deep], flat)

    def draw(self, finding: FramePrediction, options: CallOptions) -> np.ndarray:
        metainfo = self.finder.predictor.metainfo
        return draw_in_space(finding, options, metainfo, metainfo, axis_azimuth=-115.0, axis_limit=200.0)


def flat_and_deep(sample: PoseDataSample, *, rebase: bool) -> tuple[PoseDataSample, PoseDataSample]:
    """Return samples of the hands of a box in the image and in space."""
    instances = sample.pred_instances
    keypoints = to_numpy(instances.keypoints).copy()
    hands = to_numpy(instances.hand_type)
    keypoints[:, JOINTS:, 2] += to_numpy(instances.rel_root_depth).reshape(-1, 1)
    scores = to_numpy(instances.keypoint_scores) * np.repeat(hands, JOINTS, axis=1)
    if scores.max(initial=0) > 1:
        scores = scores / 255
    beside = {name: instances[name] for name in ("bboxes", "bbox_scores") if name in instances}
    upright = keypoints[..., [0, 2, 1]] * np.array([1, 1, -1], keypoints.dtype)
    if rebase and (scores > 0).any():
        upright[..., 2] -= upright[scores > 0][:, 2].min()
    samples = []
    for points in (keypoints[..., :2], upright):
        samples.append(PoseDataSample(metainfo=sample.metainfo))
        samples[-1].pred_instances = InstanceData(keypoints=points, keypoint_scores=scores, **beside)
    return samples[0], samples[1]

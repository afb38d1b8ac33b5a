"""Poses lifted to space, called as MMPose's Pose3DInferencer."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from posekit.apis.inferencers.base import BaseInferencer, FramePrediction, merged
from posekit.apis.inferencers.frames import Source
from posekit.apis.inferencers.options import CallOptions
from posekit.apis.inferencers.pose2d import Pose2DInferencer
from posekit.inference.results import PoseResult
from posekit.structures import InstanceData, PoseDataSample
from posekit.tracking import Tracker

WEAK = 0.1


class Pose3DInferencer(BaseInferencer):
    """Finds poses in images and lifts them to space: metres, x to the left, y away from the camera, z up.

    A video is lifted once all of its frames have 2D poses, so that windows reach into the future.

    Args:
        model: name or alias of a released lifter, name or path of a config, or a config.
        weights: path or URL of the weights; a released lifter brings its own.
        pose2d_model: what finds the 2D poses, as for ``Pose2DInferencer``; by default ``human``.
        pose2d_weights: path or URL of its weights.
        device, scope, det_model, det_weights, det_cat_ids, show_progress: as for ``Pose2DInferencer``.

    Raises:
        ValueError: if a model cannot be used, or the lifter's joints cannot be made of the 2D model's keypoints.
        DownloadError: if released weights can be had from nowhere.
    """

    def __init__(
        self,
        model: Any,
        weights: str | None = None,
        pose2d_model: Any = None,
        pose2d_weights: str | None = None,
        device: str | None = None,
        scope: str | None = "mmpose",
        det_model: Any = None,
        det_weights: str | None = None,
        det_cat_ids: int | Sequence[int] | None = None,
        show_progress: bool = False,
    ) -> None:
        super().__init__(show_progress=show_progress)
        from posekit.apis.inference import lifter_of

        self.model = open_model(model, weights, device)
        self.cfg = self.model.cfg
        self.lifter = lifter_of(self.model)
        self.pose2d_model = Pose2DInferencer(
            pose2d_model or "human", pose2d_weights, device, scope, det_model, det_weights, det_cat_ids
        )
        self.lifter.check(self.pose2d_model.predictor.metainfo)

    def find(self, source: Source, options: CallOptions) -> Iterator[FramePrediction]:
        if source.endless:
            raise ValueError("webcam: a video is lifted as a whole; record it first, then give the file")
        if source.video is None:
            for finding in self.pose2d_model.find(source, replace(options, merge_results=True)):
                flat = self.flat_result(finding)
                [lifted] = self.lift([flat], options)
                yield FramePrediction(finding.frame, [self.sample(lifted, finding, options)], finding.samples[0])
            return
        confident = options.bbox_thr
        tracker = Tracker(
            confident=confident, weak=min(WEAK, confident), min_similarity=max(options.tracking_thr, 1e-6)
        )
        findings, results = [], []
        for finding in self.pose2d_model.find(source, replace(options, merge_results=True)):
            flat = self.flat_result(finding)
            results.append(replace(flat, track_ids=tracker.update(flat)))
            bare = finding.frame._replace(image=np.zeros((0, 0, 3), np.uint8))  # constant memory: it is read again
            findings.append(FramePrediction(bare, finding.samples))
        for frame, finding, lifted in zip(source, findings, self.lift(results, options), strict=True):
            sample = self.sample(lifted, finding, options)
            yield FramePrediction(frame, [sample], finding.samples[0])

    def flat_result(self, finding: FramePrediction) -> PoseResult:
        """Return the 2D poses of an image."""
        height, width = finding.frame.image.shape[:2]
        return PoseResult.from_samples(finding.samples, self.pose2d_model.predictor.metainfo, (width, height))

    def lift(self, results: Sequence[PoseResult], options: CallOptions) -> list[PoseResult]:
        """Return the poses of a video's frames in space, in the camera's axes."""
        if not sum(map(len, results)):
            count = len(self.lifter.metainfo["keypoint_id2name"])
            empty = np.zeros((0, count, 3), np.float32)
            return [
                replace(each, keypoints=empty, scores=empty[..., 0], skeleton=self.lifter.metainfo, visible=None)
                for each in results
            ]
        stats = self.lifter.metainfo.get("stats_info")
        if stats and not options.disable_norm_pose_2d:
            results = [normed(result, stats) for result in results]
        return self.lifter.predict(results)

    def sample(self, lifted: PoseResult, finding: FramePrediction, options: CallOptions) -> PoseDataSample:
        """Return the sample of a frame, its poses upright and in the order of their tracks."""
        keypoints = upright(lifted.keypoints)
        if not options.disable_rebase_keypoint and len(keypoints):
            keypoints[..., 2] -= keypoints[..., 2].min(axis=-1, keepdims=True)
        columns: dict[str, Any] = {"keypoints": keypoints, "keypoint_scores": lifted.scores}
        order = np.arange(len(keypoints))
        if lifted.track_ids is not None:
            columns["track_ids"] = lifted.track_ids
            order = np.argsort(np.where(lifted.track_ids < 0, np.iinfo(np.int64).max, lifted.track_ids), kind="stable")
        sample = PoseDataSample(metainfo=finding.samples[0].metainfo)
        sample.pred_instances = InstanceData(**columns)[order]
        return sample

    def draw(self, finding: FramePrediction, options: CallOptions) -> np.ndarray:
        return draw_in_space(
            finding, options, self.lifter.metainfo, self.pose2d_model.predictor.metainfo, axis_azimuth=70.0
        )


def open_model(model: Any, weights: str | None, device: str | None) -> Any:
    """Build a model by its name or config."""
    from posekit.apis.inference import init_model
    from posekit.zoo.model_files import files_of

    if isinstance(model, (str, os.PathLike)):
        name = os.fspath(model)
        model, weights = files_of(name, weights)
        if model is None:
            raise ValueError(f"{name}: exported models give no poses in space; give a released model or a config")
    return init_model(model, weights, device or "auto")


def normed(result: PoseResult, stats: Mapping[str, Any]) -> PoseResult:
    """Move and scale each person to the place and size that people had in a lifter's training."""
    assert result.boxes is not None
    corners = result.boxes.reshape(-1, 2, 2)
    centers, sizes = corners.mean(axis=1), np.ptp(corners, axis=1).max(axis=-1)
    unit = (result.keypoints[..., :2] - centers[:, None]) / np.maximum(sizes, 1e-6)[:, None, None]
    center, size = np.reshape(stats["bbox_center"], 2), float(np.max(stats["bbox_scale"]))
    return replace(result, keypoints=(unit * size + center).astype(result.keypoints.dtype))


def upright(joints: np.ndarray) -> np.ndarray:
    """Turn joints (N, J, 3) from the camera's axes (x right, y down, z away) to x left, y away, z up."""
    return joints[..., [0, 2, 1]] * np.array([-1, 1, -1], joints.dtype)


def draw_in_space(
    finding: FramePrediction,
    options: CallOptions,
    metainfo: Mapping[str, Any],
    flat_metainfo: Mapping[str, Any],
    **view: Any,
) -> np.ndarray:
    """Return an image's 2D poses and, beside it, its poses in space, BGR."""
    from posekit.visualization.local_visualizer_3d import DrawOptions3d, Pose3dLocalVisualizer

    visualizer = Pose3dLocalVisualizer(radius=options.radius, line_width=options.thickness)
    visualizer.set_dataset_meta(metainfo)
    visualizer.flat_metainfo = flat_metainfo
    visualizer.det_data_sample = finding.beside
    settings = DrawOptions3d(
        draw_bbox=options.draw_bbox, kpt_thr=options.kpt_thr, num_instances=options.num_instances, up="z", **view
    )
    drawn = visualizer.draw(np.ascontiguousarray(finding.frame.image[..., ::-1]), merged(finding.samples), settings)
    return np.ascontiguousarray(drawn[..., ::-1])

"""Poses in images, called as MMPose's Pose2DInferencer."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from posekit.apis.inferencers.base import BaseInferencer, FramePrediction, merged
from posekit.apis.inferencers.detectors import BoxesOrWhole, find_boxes_of, kind_of, settle_boxes
from posekit.apis.inferencers.frames import InputFrame, Source
from posekit.apis.inferencers.options import CallOptions
from posekit.array import to_numpy
from posekit.inference.people import rows_without_repeats
from posekit.inference.results import PoseResult
from posekit.inference.top_down import TopDownPredictor
from posekit.keypoints.nearby_joints_nms import nearby_joints_nms
from posekit.structures import InstanceData, PoseDataSample


class Pose2DInferencer(BaseInferencer):
    """Finds poses in images.

    Args:
        model: name or alias of a released model, name or path of a config, an exported model (``.onnx``), or a config.
        weights: path or URL of the weights; a released model brings its own.
        device: auto, cpu, cuda, cuda:N or mps; None for auto.
        scope: accepted for the sake of callers.
        det_model: what finds the boxes for a top-down model: a released detector, an exported one, a config, one of
            ``human``, ``hand``, ``face`` and ``animal``, or ``whole_image`` if each image is one box; by default what
            the model's dataset shows.
        det_weights: path or URL of the weights of a detector's config.
        det_cat_ids: numbers of the classes whose boxes count; by default that of persons, else all.
        show_progress: whether the terminal shows how far a call is.

    Raises:
        ValueError: if a model cannot be used, or there is no such device.
        DownloadError: if released weights can be had from nowhere.
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
        self.predictor = open_predictor(model, weights, device)
        self.model = getattr(self.predictor.network, "model", None)
        self.cfg = getattr(self.model, "cfg", {})
        if isinstance(self.predictor, TopDownPredictor):
            finder = find_boxes_of(kind_of(self.cfg), det_model, det_weights, det_cat_ids, device or "auto")
            settle_boxes(self.predictor, finder)

    def find(self, source: Source, options: CallOptions) -> Iterator[FramePrediction]:
        for frame in source:
            samples = self.samples(frame, options)
            merged_sample = merged(samples)
            if options.pose_based_nms and len(merged_sample.pred_instances):
                merged_sample.pred_instances = without_shared_joints(merged_sample.pred_instances)
            yield FramePrediction(frame, [merged_sample] if options.merge_results else samples, samples)

    def samples(self, frame: InputFrame, options: CallOptions) -> list[PoseDataSample]:
        """Return the samples of an image: of each box, or the one of a bottom-up model."""
        if options.bboxes is not None and frame.number >= len(options.bboxes):
            raise ValueError(f"bboxes: {len(options.bboxes)} lists, and there are more frames; give one for each")
        boxes = None if options.bboxes is None else options.bboxes[frame.number]
        if isinstance(self.predictor.prepare, BoxesOrWhole):
            self.predictor.prepare.score_thr, self.predictor.prepare.iou_thr = options.bbox_thr, options.nms_thr
        with self.test_settings(options):
            samples = self.predictor.samples(frame.image, boxes)
        for sample in samples:
            sample.set_metainfo({"img_id": frame.number, "img_path": frame.name})
        return [samples[row] for row in self.distinct(samples)]

    def distinct(self, samples: list[PoseDataSample]) -> list[int]:
        """Return the numbers of the samples of boxes that show nobody whom a better one shows."""
        sigmas = self.predictor.metainfo.get("sigmas")
        if not isinstance(self.predictor.prepare, BoxesOrWhole) or sigmas is None or not len(sigmas):
            return list(range(len(samples)))
        result = PoseResult.from_samples(samples, self.predictor.metainfo, None)
        return rows_without_repeats(result, sigmas=np.asarray(sigmas, np.float64)).tolist()

    @contextmanager
    def test_settings(self, options: CallOptions) -> Iterator[None]:
        """Set what the model is asked for while a call lasts: heatmaps, and the thresholds of bottom-up models."""
        if self.model is None:
            yield
            return
        before = self.model.test_cfg
        changes: dict[str, Any] = {"output_heatmaps": True} if options.draw_heatmap else {}
        if not isinstance(self.predictor, TopDownPredictor):
            thresholds = {"score_thr": options.bbox_thr, "nms_thr": options.nms_thr}
            changes |= {name: value for name, value in thresholds.items() if name in before}
        self.model.test_cfg = {**before, **changes}
        try:
            yield
        finally:
            self.model.test_cfg = before

    def draw(self, finding: FramePrediction, options: CallOptions) -> np.ndarray:
        from posekit.visualization.draw import draw_heatmaps
        from posekit.visualization.local_visualizer import PoseLocalVisualizer, heatmaps_in_image
        from posekit.visualization.visualizer import DrawOptions

        image = finding.frame.image * 0 if options.black_background else finding.frame.image
        visualizer = PoseLocalVisualizer(radius=options.radius, line_width=options.thickness)
        visualizer.set_dataset_meta(self.predictor.metainfo)
        names = ("draw_bbox", "kpt_thr", "skeleton_style")
        settings = DrawOptions(**{name: getattr(options, name) for name in names})
        drawn = visualizer.draw_instances(image, merged(finding.samples).pred_instances, settings)
        maps = [heatmaps_in_image(sample, image.shape[:2]) for sample in finding.beside] if options.draw_heatmap else []
        if shown := [each for each in maps if each is not None]:
            drawn = np.concatenate([drawn, draw_heatmaps(image, np.max(shown, axis=0))])
        return drawn


def open_predictor(model: Any, weights: str | None, device: str | None) -> Any:
    """Return the predictor of a model by its name or config."""
    from posekit.apis import pose

    if model is None or isinstance(model, (str, os.PathLike)):
        return pose.open_predictor(model, weights, device or "auto")
    from posekit.apis.inference import init_model, predictor_of

    return predictor_of(init_model(model, weights, device or "auto"))


def without_shared_joints(instances: InstanceData) -> InstanceData:
    """Leave out poses that share more than a third of their keypoints with a better one."""
    keypoints = to_numpy(instances.keypoints)[..., :2]
    name = "bbox_scores" if "bbox_scores" in instances else "keypoint_scores"
    scores = to_numpy(instances[name]).reshape(len(keypoints), -1).mean(axis=1)
    return instances[nearby_joints_nms(keypoints, scores, min_shared=keypoints.shape[1] // 3)]

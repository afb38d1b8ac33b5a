"""COCO's average precision of poses."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np

from posekit.array import to_numpy
from posekit.datasets.records import Lazy
from posekit.evaluation.average_precision import PoseScores, score_poses
from posekit.evaluation.box_precision import MAX_BOXES, FoundBoxes, score_boxes
from posekit.evaluation.coco_truth import read_coco, true_poses
from posekit.evaluation.metrics.base import BaseMetric, look_up
from posekit.evaluation.pose_matching import MAX_DETS
from posekit.files import write_atomically
from posekit.keypoints.mapping import KeypointMapping
from posekit.keypoints.oks import FoundPoses, TruePoses
from posekit.keypoints.oks_nms import oks_nms, soft_oks_nms
from posekit.registry import METRICS

CHOICES = {
    "iou_type": ("keypoints", "keypoints_crowd", "bbox"),
    "score_mode": ("bbox_keypoint", "bbox", "keypoint", "bbox_rle"),
    "nms_mode": ("oks_nms", "soft_oks_nms", "none"),
}
CROWD_LEVELS = {"AP(E)": (-np.inf, 0.2), "AP(M)": (0.2, 0.8), "AP(H)": (0.8, np.inf)}
"""Crowd indices of easy, medium and hard images, the upper end excluded; Li et al., CrowdPose, CVPR 2019."""


class Prediction(NamedTuple):
    """What one sample contributes: N predicted poses, and its labels where no annotation file has them."""

    id: Any
    image: Any
    category: Any
    keypoints: np.ndarray  # (N, K, 2)
    keypoint_scores: np.ndarray  # (N, K)
    boxes: np.ndarray  # (N, 4) xyxy, NaN where unknown
    box_scores: np.ndarray  # (N,)
    nms_areas: np.ndarray  # (N,), NaN where unknown
    annotations: Sequence[Mapping[str, Any]] = ()
    crowd_index: float | None = None


class Predictions(NamedTuple):
    """The predictions of all samples as columns, one row per pose."""

    poses: FoundPoses
    keypoint_scores: np.ndarray
    boxes: np.ndarray

    def rows(self, which: np.ndarray) -> Predictions:
        """Return the predictions that a mask or index array chooses."""
        return Predictions(self.poses.rows(which), self.keypoint_scores[which], self.boxes[which])


@METRICS.register_module()
class CocoMetric(BaseMetric):
    """AP and AR over OKS thresholds, equal to pycocotools to rounding but some thirty times faster.

    Results: AP, AP .5, AP .75, AP (M), AP (L) and the same of AR; with ``keypoints_crowd``
    AP, AR and the AP of easy, medium and hard images; with ``bbox`` the AP of detectors' boxes, AP (S), AP (M) and
    AP (L) among them, and AR. -1 means that there was nothing to find.

    Args:
        ann_file: COCO annotation file with the labels. Without it ``dataset_meta["ann_file"]`` is
            read if there is one, else the samples' ``raw_ann_info`` are the labels: then persons
            without a sample do not count as missed.
        use_area: whether the annotations carry areas; otherwise 0.53 of the box is taken.
        iou_type: "keypoints", "keypoints_crowd" for CrowdPose, or "bbox" for detectors.
        score_mode: a pose's score is that of its box ("bbox"), the mean of its keypoints'
            ("keypoint"), the box's times the mean of the keypoints' above a threshold
            ("bbox_keypoint"), or box + mean + best keypoint ("bbox_rle").
        keypoint_score_thr: that threshold.
        nms_mode: "oks_nms", "soft_oks_nms" or "none".
        nms_thr: OKS above which two poses are one.
        format_only: write the results, do not evaluate.
        pred_converter: settings of a KeypointConverter for the predictions, such as ``dict(mapping="aic_to_coco")``.
        gt_converter: settings of one for the labels.
        outfile_prefix: results are written to ``<prefix>.keypoints.json``.
        sigmas: sigmas of the keypoints, in place of those of the keypoint set.
        keypoint_weights: weights of the keypoints in the OKS of the evaluation, above 0; NMS counts all alike.
        keypoint_ap: also note the AP of each single keypoint in ``per_keypoint``: OKS and visibility
            of that keypoint alone decide.
        max_dets: number of predictions of each image and category that count, the best first; by default 20 poses or
            100 boxes.
    """

    default_prefix = "coco"
    parts: ClassVar[tuple[str, ...]] = ("keypoints",)

    def __init__(
        self,
        ann_file: str | None = None,
        use_area: bool = True,
        iou_type: str = "keypoints",
        score_mode: str = "bbox_keypoint",
        keypoint_score_thr: float = 0.2,
        nms_mode: str = "oks_nms",
        nms_thr: float = 0.9,
        format_only: bool = False,
        pred_converter: dict[str, Any] | None = None,
        gt_converter: dict[str, Any] | None = None,
        outfile_prefix: str | None = None,
        collect_device: str = "cpu",
        prefix: str | None = None,
        sigmas: Sequence[float] | None = None,
        keypoint_weights: Sequence[float] | None = None,
        keypoint_ap: bool = False,
        max_dets: int | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        choices = {"iou_type": iou_type, "score_mode": score_mode, "nms_mode": nms_mode}
        for name, value in choices.items():
            if value not in CHOICES[name]:
                raise ValueError(f"{type(self).__name__}: {name} is {value!r}; use {', '.join(CHOICES[name])}")
        self.of_boxes = iou_type == "bbox"
        max_dets = (MAX_BOXES if self.of_boxes else MAX_DETS) if max_dets is None else max_dets
        if not isinstance(max_dets, int) or max_dets < 1:
            raise ValueError(f"{type(self).__name__}: max_dets is {max_dets!r}; use a whole number above 0")
        if format_only and outfile_prefix is None:
            raise ValueError(f"{type(self).__name__}: format_only writes results; say where with outfile_prefix")
        self.use_area = use_area
        self.crowded = iou_type == "keypoints_crowd"
        self.score_mode = score_mode
        self.keypoint_score_thr = keypoint_score_thr
        self.nms_mode = nms_mode
        self.nms_thr = nms_thr
        self.format_only = format_only
        self.pred_mapping = self.mapping_of(pred_converter, "pred_converter")
        self.gt_mapping = self.mapping_of(gt_converter, "gt_converter")
        self.outfile_prefix = outfile_prefix
        self.own_sigmas = positive(sigmas, f"{type(self).__name__}.sigmas")
        self.keypoint_weights = positive(keypoint_weights, f"{type(self).__name__}.keypoint_weights")
        self.keypoint_ap = keypoint_ap
        self.max_dets = max_dets
        self.per_keypoint: dict[str, dict[str, float]] = {}
        self.coco = read_coco(ann_file) if ann_file is not None and not format_only else None

    def mapping_of(self, converter: dict[str, Any] | None, argument: str) -> KeypointMapping | None:
        """Return the mapping that the settings of a KeypointConverter describe."""
        if converter is None:
            return None
        return KeypointMapping.of_converter(converter, f"{type(self).__name__}.{argument}")

    @property
    def reads_file(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.coco is not None

    def settled_meta(self, dataset_meta: dict[str, Any] | None) -> dict[str, Any]:
        """Return the keypoint set after ``gt_converter``, and read the annotation file that it names."""
        meta = dict(dataset_meta or {})
        self.num_labelled = meta.get("num_keypoints")
        if self.gt_mapping is not None and len(meta.get("sigmas", ())):
            meta["sigmas"] = self.gt_mapping.points(np.asarray(meta["sigmas"])[:, None], fill=1.0)[:, 0]
            meta["num_keypoints"] = len(meta["sigmas"])
            meta.pop("keypoint_id2name", None)  # the converted keypoints have no names
        if self.coco is None and meta.get("ann_file") and not self.format_only:
            self.coco = read_coco(meta["ann_file"])
        return meta

    def process(self, data_batch: Any, data_samples: Sequence[Any]) -> None:
        """Keep the predictions of each sample, and its labels if no annotation file has them."""
        if self.of_boxes:
            self.results += [self.box_prediction(sample) for sample in data_samples]
            return
        for sample in data_samples:
            keypoints = self.required(sample, "pred_instances.keypoints")
            scores = self.required(sample, "pred_instances.keypoint_scores")
            count = len(keypoints)
            if keypoints.ndim != 3 or scores.shape != keypoints.shape[:2]:
                raise ValueError(
                    f"{type(self).__name__}: keypoints {keypoints.shape} and keypoint_scores {scores.shape} "
                    "do not fit; expected (N, K, 2) and (N, K)"
                )
            labels = {} if self.coco is not None or self.format_only else self.labels_of(sample)
            self.results.append(
                Prediction(
                    id=look_up(sample, "id"),
                    image=self.required(sample, "img_id").item(),
                    category=category_of(sample),
                    keypoints=keypoints[..., :2],
                    keypoint_scores=scores,
                    boxes=boxes_of(sample, count),
                    box_scores=box_scores_of(sample, count),
                    nms_areas=nms_areas_of(sample, count),
                    **labels,
                )
            )

    def box_prediction(self, sample: Any) -> FoundBoxes:
        """Return the boxes found in a sample, by the annotation file's category ids."""
        labels = self.required(sample, "pred_instances.labels").astype(np.int64)
        return FoundBoxes(
            self.required(sample, "img_id").item(),
            self.required(sample, "pred_instances.bboxes").reshape(-1, 4),
            self.required(sample, "pred_instances.scores"),
            np.asarray(self.meta("category_ids"))[labels],
        )

    def box_scores(self, results: list[FoundBoxes]) -> dict[str, float]:
        """Write and evaluate the boxes of all samples, once each."""
        results = list({result.image: result for result in results}.values())
        if self.outfile_prefix is not None:
            write_results(Path(f"{self.outfile_prefix}.bbox.json"), box_rows(results))
        if self.format_only:
            return {}
        if self.coco is None:
            raise ValueError(f"{type(self).__name__}: boxes are compared with the labels of a file; give ann_file")
        self.check_images(results)
        return score_boxes(
            self.coco["annotations"],
            results,
            categories=self.meta("category_ids"),
            ignore_where=(self.dataset_meta or {}).get("ignore_where"),
            max_dets=self.max_dets,
        )

    def labels_of(self, sample: Any) -> dict[str, Any]:
        """Return the annotations that a sample itself carries."""
        annotations = look_up(sample, "raw_ann_info")
        if annotations is None:
            raise ValueError(
                f"{type(self).__name__}: no labels to compare with; give ann_file, or samples with "
                f"raw_ann_info, which sample {look_up(sample, 'id')} lacks"
            )
        if isinstance(annotations, Lazy):
            annotations = annotations.value
        annotations = [annotations] if isinstance(annotations, Mapping) else list(annotations)
        return {"annotations": annotations, "crowd_index": look_up(sample, "crowd_index")}

    def compute_metrics(self, results: list[Prediction]) -> dict[str, float]:
        """Score, suppress, write and evaluate the predictions."""
        if self.of_boxes:
            return self.box_scores(results)  # pyright: ignore[reportArgumentType]
        predictions = self.suppressed(self.predictions(results))
        if self.outfile_prefix is not None:
            write_results(Path(f"{self.outfile_prefix}.keypoints.json"), self.result_rows(predictions))
        if self.format_only:
            return {}
        truth = self.truth(results)
        with_keypoints = np.asarray((predictions.keypoint_scores > 0).any(1))
        poses = with_areas(predictions).rows(with_keypoints)
        if self.keypoint_ap:
            single = [self.scores(truth, poses, slice(k, k + 1)).ap() for k in range(poses.keypoints.shape[1])]
            self.per_keypoint["AP"] = self.by_keypoint(single)
        return self.summary(truth, poses, self.crowd_indices(results) if self.crowded else {})

    def coco_rows(self, results: list[Any]) -> list[dict[str, Any]]:
        """Return what the metric scores of the entries of all samples, as COCO writes results."""
        return box_rows(results) if self.of_boxes else self.result_rows(self.suppressed(self.predictions(results)))

    def predictions(self, results: list[Prediction]) -> Predictions:
        """Join the predictions of all samples, once each, with their scores and the areas that NMS uses."""
        results = unique_by_id(results)
        counts = [len(result.keypoints) for result in results]
        keypoints = np.concatenate([result.keypoints for result in results]).astype(np.float64)
        keypoint_scores = np.concatenate([result.keypoint_scores for result in results]).astype(np.float64)
        if self.pred_mapping is not None:
            keypoints = self.pred_mapping.points(keypoints)
            keypoint_scores = self.pred_mapping.points(keypoint_scores[..., None])[..., 0]
        areas = np.concatenate([result.nms_areas for result in results])
        box_scores = np.concatenate([result.box_scores for result in results]).astype(np.float64)
        poses = FoundPoses(
            image=np.repeat(np.array([result.image for result in results]), counts),
            category=np.repeat(np.array([result.category for result in results]), counts),
            keypoints=keypoints,
            score=pose_scores(self.score_mode, box_scores, keypoint_scores, self.keypoint_score_thr),
            area=areas_or_extents(areas, keypoints),
        )
        return Predictions(poses, keypoint_scores, np.concatenate([result.boxes for result in results]))

    def suppressed(self, predictions: Predictions) -> Predictions:
        """Apply the non-maximum suppression of ``nms_mode``."""
        if self.nms_mode == "none" or not len(predictions.poses.image):
            return predictions
        suppress = oks_nms if self.nms_mode == "oks_nms" else soft_oks_nms
        return predictions.rows(suppress(predictions.poses, self.sigmas(), self.nms_thr))

    def sigmas(self) -> np.ndarray:
        """Return the keypoints' standard deviations.

        Raises:
            ValueError: if the keypoint set has none.
        """
        if self.own_sigmas is not None:
            return self.one_each(self.own_sigmas, "sigmas")
        sigmas = np.asarray(self.meta("sigmas"), np.float64)
        if not sigmas.size:
            name = self.meta("dataset_name")
            raise ValueError(
                f"{type(self).__name__}: the keypoint set '{name}' has no sigmas, so there is no OKS; "
                "add them to its dataset_info, or evaluate with PCKAccuracy, AUC or EPE"
            )
        return sigmas

    def one_each(self, values: np.ndarray, name: str) -> np.ndarray:
        """Return given values after checking that there is one for each keypoint."""
        count = self.meta("num_keypoints")
        if len(values) != count:
            raise ValueError(
                f"{type(self).__name__}.{name}: {len(values)} values for {count} keypoints; give one for each"
            )
        return values

    def scores(self, truth: TruePoses, found: FoundPoses, which: slice | None = None) -> PoseScores:
        """Score the poses, or some of their keypoints as if there were no others."""
        sigmas, weights = self.sigmas(), self.keypoint_weights
        if weights is not None:
            weights = self.one_each(weights, "keypoint_weights")
        if which is None:
            return score_poses(truth, found, sigmas, weights, max_dets=self.max_dets)
        weights = None if weights is None else weights[which]
        part = truth.with_keypoints(which), found.with_keypoints(which)
        return score_poses(*part, sigmas[which], weights, max_dets=self.max_dets)

    def truth(self, results: list[Prediction]) -> TruePoses:
        """Return the labels, from the annotation file or from the samples."""
        if self.coco is not None:
            annotations = self.coco["annotations"]
            self.check_images(results)
        else:
            annotations = list({row["id"]: row for result in results for row in result.annotations}.values())
        count = self.num_labelled or self.meta("num_keypoints")
        truth = true_poses(
            annotations, count, use_area=self.use_area, parts=self.parts, trust_num_keypoints=self.crowded
        )
        if self.gt_mapping is None:
            return truth
        keypoints = self.gt_mapping.points(truth.keypoints)
        return truth._replace(keypoints=keypoints, ignore=truth.crowd | ~(keypoints[..., 2] > 0).any(1))

    def check_images(self, results: Sequence[Prediction | FoundBoxes]) -> None:
        """Raise ValueError if a prediction is of an image that the annotation file does not know."""
        known = {image["id"] for image in (self.coco or {})["images"]}
        strange = next((result.image for result in results if result.image not in known), None)
        if strange is not None:
            raise ValueError(
                f"{type(self).__name__}: prediction of image {strange!r}, which the annotation file does not list; "
                "is ann_file that of the evaluated dataset?"
            )

    def crowd_indices(self, results: list[Prediction]) -> dict[Any, float]:
        """Return how crowded each image is, from the annotation file or from the samples."""
        indices: dict[Any, Any]
        if self.coco is not None:
            indices = {image["id"]: image.get("crowdIndex") for image in self.coco["images"]}
        else:
            indices = {result.image: result.crowd_index for result in results}
        without = [image for image, index in indices.items() if index is None]
        if without:
            raise ValueError(f"{type(self).__name__}: image {without[0]} has no crowd index; use iou_type='keypoints'")
        return indices

    def summary(self, truth: TruePoses, found: FoundPoses, crowd_indices: dict[Any, float]) -> dict[str, float]:
        """Return the values that the metric reports."""
        values = self.scores(truth, found).named()
        if not self.crowded:
            return values
        for name, (low, high) in CROWD_LEVELS.items():
            images = np.array([image for image, index in crowd_indices.items() if low <= index < high])
            chosen = truth.rows(np.isin(truth.image, images)), found.rows(np.isin(found.image, images))
            values[name] = self.scores(*chosen).ap()
        return {name: value for name, value in values.items() if not name.endswith((" (M)", " (L)"))}

    def result_rows(self, predictions: Predictions) -> list[dict[str, Any]]:
        """Return the predictions as COCO writes results."""
        keypoints = np.concatenate([predictions.poses.keypoints, predictions.keypoint_scores[..., None]], axis=-1)
        boxes = np.concatenate([predictions.boxes[:, :2], predictions.boxes[:, 2:] - predictions.boxes[:, :2]], axis=1)
        columns = zip(
            predictions.poses.image.tolist(),
            predictions.poses.category.tolist(),
            keypoints.reshape(len(keypoints), -1).tolist(),
            predictions.poses.score.tolist(),
            boxes.tolist(),
            np.isnan(boxes[:, 0]).tolist(),
            strict=True,
        )
        return [
            {"image_id": image, "category_id": category, **self.split_parts(numbers), "score": score}
            | ({} if no_box else {"bbox": box})
            for image, category, numbers, score, box, no_box in columns
        ]

    def split_parts(self, numbers: list[float]) -> dict[str, list[float]]:
        """Name the fields of a result that hold its keypoints' numbers."""
        return {"keypoints": numbers}


def box_rows(results: list[FoundBoxes]) -> list[dict[str, Any]]:
    """Return boxes as COCO writes results."""
    return [
        {
            "image_id": result.image,
            "category_id": category,
            "bbox": [box[0], box[1], box[2] - box[0], box[3] - box[1]],
            "score": score,
        }
        for result in results
        for box, score, category in zip(
            result.boxes.tolist(), result.scores.tolist(), result.categories.tolist(), strict=True
        )
    ]


def category_of(sample: Any) -> Any:
    """Return a sample's category; that of its first person where it holds several, 1 where it has none."""
    category = np.asarray(look_up(sample, "category_id", 1)).reshape(-1)
    return category[0].item() if category.size else 1


def boxes_of(sample: Any, count: int) -> np.ndarray:
    """Return the predicted boxes (N, 4), NaN if there are none."""
    boxes = look_up(sample, "pred_instances.bboxes")
    return np.full((count, 4), np.nan) if boxes is None else to_numpy(boxes).reshape(-1, 4)


def box_scores_of(sample: Any, count: int) -> np.ndarray:
    """Return the boxes' scores (N,): predicted, else those of the boxes that were given, else 1."""
    predicted = look_up(sample, "pred_instances.bbox_scores")
    if predicted is not None:
        return to_numpy(predicted).reshape(-1)
    labelled = look_up(sample, "gt_instances.bbox_scores")
    return np.ones(count) if labelled is None or len(labelled) != count else to_numpy(labelled).reshape(-1)


def nms_areas_of(sample: Any, count: int) -> np.ndarray:
    """Return the areas (N,) of the regions that were cropped, NaN where there are none."""
    scales = look_up(sample, "gt_instances.bbox_scales")
    return np.full(count, np.nan) if scales is None or len(scales) != count else to_numpy(scales).prod(1)


def unique_by_id(results: list[Prediction]) -> list[Prediction]:
    """Drop samples that were predicted twice, which padding a distributed sampler does; the others keep their order."""
    if any(not isinstance(result.id, (int, np.integer, str)) for result in results):
        return results
    return list({(result.image, result.id): result for result in results}.values())


def pose_scores(mode: str, box_scores: np.ndarray, keypoint_scores: np.ndarray, thr: float) -> np.ndarray:
    """Combine the scores of boxes (N,) and keypoints (N, K) to those of poses (N,)."""
    if mode == "bbox":
        return box_scores
    mean = keypoint_scores.mean(1)
    if mode == "keypoint":
        return mean
    if mode == "bbox_rle":
        return box_scores + mean + keypoint_scores.max(1)
    trusted = keypoint_scores > thr
    return box_scores * (keypoint_scores * trusted).sum(1) / np.maximum(trusted.sum(1), 1)


def extents(keypoints: np.ndarray) -> np.ndarray:
    """Return the areas (N,) of the boxes around keypoints (N, K, 2)."""
    return (keypoints.max(1) - keypoints.min(1)).prod(1)


def areas_or_extents(areas: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    """Return areas (N,), with the extents of the keypoints (N, K, 2) for those that are NaN."""
    unknown = np.isnan(areas)
    areas = areas.astype(np.float64)
    areas[unknown] = extents(keypoints[unknown])
    return areas


def with_areas(predictions: Predictions) -> FoundPoses:
    """Return the poses with the areas that decide in which range of sizes they count."""
    size = predictions.boxes[:, 2:] - predictions.boxes[:, :2]
    return predictions.poses._replace(area=areas_or_extents(size[:, 0] * size[:, 1], predictions.poses.keypoints))


def positive(values: Sequence[float] | None, name: str) -> np.ndarray | None:
    """Return given numbers as an array.

    Raises:
        ValueError: if one of them is not above 0.
    """
    if values is None:
        return None
    numbers = np.asarray(values, np.float64)
    if numbers.ndim != 1 or not (numbers > 0).all():
        raise ValueError(f"{name}: give a number above 0 for each keypoint, found {numbers.tolist()}")
    return numbers


def write_results(path: Path, rows: Any) -> None:
    """Write a results file, whole or not at all."""
    write_atomically(path, lambda file: file.write(json.dumps(rows).encode()))

"""PoseTrack18's average precision of single joints, as the PoseTrack challenge computes it.

Shapes: P predictions and G labelled persons of one frame, K joints.
Source: https://github.com/leonid-pishchulin/poseval (evaluateAP): joints are right within half a head's
size of the person that shares most joints with the prediction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from posekit.evaluation.coco_truth import keypoints_of, read_coco
from posekit.evaluation.metrics.coco_metric import CocoMetric, Prediction, Predictions, write_results
from posekit.registry import METRICS

NAMES = (
    "nose", "head_bottom", "head_top", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
    "right_ankle",
)  # fmt: skip
PARTS = {
    "Head": ("nose", "head_bottom", "head_top"),
    "Shou": ("left_shoulder", "right_shoulder"),
    "Elb": ("left_elbow", "right_elbow"),
    "Wri": ("left_wrist", "right_wrist"),
    "Hip": ("left_hip", "right_hip"),
    "Knee": ("left_knee", "right_knee"),
    "Ankl": ("left_ankle", "right_ankle"),
}
"""The joints that are evaluated; ears are not."""

NEAR_HEADS = 0.5
"""Distance in heads up to which a joint is right."""

HEAD_SHARE = 0.6
"""A head's size is this share of the diagonal of its box."""


@METRICS.register_module()
class PoseTrack18Metric(CocoMetric):
    """AP in percent of seven parts of the body and of all fifteen joints ("Total AP"), as the challenge computes it.

    A joint is right within half a head's size, in predictions that were assigned to a person by how many
    of its joints they have right. Joints in regions to ignore do not count. The numbers are those of the
    challenge's own ``poseval``, which is not needed.

    Args:
        ann_file: annotations of all videos in one COCO file, with ``bbox_head`` of each person and the
            ``ignore_regions_x`` and ``ignore_regions_y`` of each image.
        outfile_prefix: results go into this prefix's folder, a file for each video, as the challenge wants them.
        score_mode, keypoint_score_thr, nms_mode, nms_thr, format_only: as for CocoMetric.
    """

    default_prefix = "posetrack18"

    def __init__(
        self,
        ann_file: str,
        score_mode: str = "bbox_keypoint",
        keypoint_score_thr: float = 0.2,
        nms_mode: str = "oks_nms",
        nms_thr: float = 0.9,
        format_only: bool = False,
        outfile_prefix: str | None = None,
        collect_device: str = "cpu",
        prefix: str | None = None,
    ) -> None:
        super().__init__(
            score_mode=score_mode,
            keypoint_score_thr=keypoint_score_thr,
            nms_mode=nms_mode,
            nms_thr=nms_thr,
            format_only=format_only,
            outfile_prefix=outfile_prefix,
            collect_device=collect_device,
            prefix=prefix,
        )
        self.labelled = self.coco = read_coco(ann_file)

    def compute_metrics(self, results: list[Prediction]) -> dict[str, float]:
        """Score, suppress, write and evaluate the predictions."""
        self.check_images(results)
        predictions = self.suppressed(self.predictions(results))
        if self.outfile_prefix is not None:
            self.write_videos(Path(self.outfile_prefix).parent, predictions)
        if self.format_only:
            return {}
        ap = dict(zip(NAMES, joint_ap(self.frames(predictions)), strict=True))
        parts = {name: np.array([ap[joint] for joint in joints]) for name, joints in PARTS.items()}
        parts["Total"] = np.concatenate(list(parts.values()))
        return {f"{name} AP": float(np.nanmean(values)) for name, values in parts.items() if not np.isnan(values).all()}

    def frames(self, predictions: Predictions) -> Iterator[ScoredFrame]:
        """Yield the frames in which somebody is labelled, without what lies in regions to ignore."""
        people = by_image(self.labelled["annotations"])
        order = np.argsort(predictions.poses.image, kind="stable")
        ids = predictions.poses.image[order]
        for image in self.labelled["images"]:
            labels = people.get(image["id"], [])
            if not labels:
                continue
            start, stop = np.searchsorted(ids, image["id"], "left"), np.searchsorted(ids, image["id"], "right")
            frame_predictions = predictions.rows(order[start:stop])
            points, scores = frame_predictions.poses.keypoints, frame_predictions.keypoint_scores
            true = keypoints_of(labels, len(NAMES), self.parts)
            regions = polygons_of(image)
            yield ScoredFrame(
                true=true[..., :2],
                labelled=true.any(-1) & ~inside_polygons(true[..., :2], regions),
                heads=np.array([head_size(label) for label in labels]),
                found=points,
                present=(points.any(-1) | (scores != 0)) & ~inside_polygons(points, regions),
                scores=scores,
            )

    def write_videos(self, folder: Path, predictions: Predictions) -> None:
        """Write a results file for each video."""
        rows = by_image(self.result_rows(predictions))
        videos: dict[str, list[Mapping[str, Any]]] = {}
        for image in self.labelled["images"]:
            videos.setdefault(PurePosixPath(image["file_name"]).parent.name, []).append(image)
        for name, images in videos.items():
            annotations = [
                {**row, "scores": row["keypoints"][2::3], "track_id": track}
                for image in images
                for track, row in enumerate(rows.get(image["id"], []))
            ]
            content = {
                "images": [{"id": image["id"], "file_name": image["file_name"]} for image in images],
                "categories": self.labelled.get("categories", []),
                "annotations": annotations,
            }
            write_results(folder / f"{name}.json", content)


def by_image(rows: Any) -> dict[Any, list[Any]]:
    """Group annotations or results by their image."""
    groups: dict[Any, list[Any]] = {}
    for row in rows:
        groups.setdefault(row["image_id"], []).append(row)
    return groups


def polygons_of(image: Mapping[str, Any]) -> list[np.ndarray]:
    """Return the regions to ignore, each (N, 2)."""
    sides = image.get("ignore_regions_x") or (), image.get("ignore_regions_y") or ()
    return [np.array([x, y], np.float64).T for x, y in zip(*sides, strict=True)]


def head_size(label: Mapping[str, Any]) -> float:
    """Return the size of a labelled person's head.

    Raises:
        ValueError: if the annotation has no box of it.
    """
    box = label.get("bbox_head")
    if not box:
        raise ValueError(
            f"PoseTrack18Metric: annotation {label.get('id')} has no bbox_head, which tells how near a joint must be"
        )
    return HEAD_SHARE * float(np.hypot(box[2], box[3]))


class ScoredFrame(NamedTuple):
    """Labels and predictions of one frame.

    Shapes: true (G, K, 2), labelled (G, K), heads (G,) in pixels; found (P, K, 2), present (P, K), scores (P, K).
    """

    true: np.ndarray
    labelled: np.ndarray
    heads: np.ndarray
    found: np.ndarray
    present: np.ndarray
    scores: np.ndarray


def right_joints(frame: ScoredFrame) -> np.ndarray:
    """Tell which joints (P, K) of the predictions are right."""
    right = np.zeros(frame.present.shape, bool)
    if not len(frame.true) or not len(frame.found):
        return right
    distance = np.linalg.norm(frame.found[:, None] - frame.true[None], axis=-1) / frame.heads[:, None]
    near = (distance <= NEAR_HEADS) & frame.present[:, None] & frame.labelled[None]
    shared = near.sum(2) / np.maximum(frame.labelled.sum(1), 1)
    best = shared.argmax(1)  # each prediction keeps one person, and each person the best prediction of those
    shares = np.where(np.arange(len(frame.true)) == best[:, None], shared, 0)
    for person in np.flatnonzero(shares.max(0) > 0):
        winner = shares[:, person].argmax()
        right[winner] = near[winner, person]
    return right


def joint_ap(frames: Iterable[ScoredFrame]) -> np.ndarray:
    """Return the average precision (K,) of each joint in percent, NaN where it is never labelled.

    Raises:
        ValueError: if there are no frames.
    """
    parts = [(right_joints(frame), frame) for frame in frames]
    if not parts:
        raise ValueError("no person is labelled in any frame, so there is no average precision")
    right = np.concatenate([joints for joints, _ in parts])
    present = np.concatenate([frame.present for _, frame in parts])
    scores = np.concatenate([frame.scores for _, frame in parts])
    totals = np.sum([frame.labelled.sum(0) for _, frame in parts], axis=0)
    single = zip(right.T, present.T, scores.T, totals, strict=True)
    return np.array([100 * average_precision(r[p], s[p], int(total)) for r, p, s, total in single])


def average_precision(right: np.ndarray, scores: np.ndarray, total: int) -> float:
    """Return the area under the monotonic precision over recall, as PASCAL VOC does; NaN without labels."""
    if not total:
        return float("nan")
    hits = np.cumsum(right[np.argsort(-scores, kind="stable")])
    precision = hits / np.arange(1, len(hits) + 1)
    highest_after = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(hits, prepend=0) * highest_after).sum() / total)


def inside_polygons(points: np.ndarray, polygons: Sequence[np.ndarray]) -> np.ndarray:
    """Tell which points (..., 2) lie in any of the polygons (N, 2), by the even-odd rule."""
    inside = np.zeros(points.shape[:-1], bool)
    x, y = points[..., None, 0], points[..., None, 1]
    for polygon in polygons:
        (x1, y1), (x2, y2) = polygon.T, np.roll(polygon, -1, axis=0).T
        spans = (y1 > y) != (y2 > y)
        at = x1 + (y - y1) / np.where(y1 == y2, 1, y2 - y1) * (x2 - x1)
        inside |= (spans & (x < at)).sum(-1) % 2 == 1
    return inside

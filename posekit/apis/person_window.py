"""One person in the frames of a window, as ``inference_pose_lifter_model`` is given them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from posekit.array import to_numpy
from posekit.structures import PoseDataSample, bbox_xyxy2cs

Norm = tuple[np.ndarray, float]


def person_window(
    frames: Sequence[Sequence[PoseDataSample]], at: int, row: int, by_track: bool, norm: Norm | None
) -> np.ndarray:
    """Return the keypoints (T, K, 2) of a person in each frame; where it is missing, those of the nearest frame.

    Args:
        frames: the persons of each frame.
        at: the frame that the person is taken from.
        row: its place there.
        by_track: find it by its ``track_id`` in the others, else at the same place.
        norm: centre and size that the person's box is brought to.

    Raises:
        ValueError: if a sample has no ``track_id`` or the frames have other numbers of persons.
    """
    if by_track and any("track_id" not in person for frame in frames for person in frame):
        raise ValueError("pose_results_2d: a sample has no track_id; set it, or give with_track_id=False")
    if not by_track and len({len(frame) for frame in frames}) > 1:
        counts = [len(frame) for frame in frames]
        raise ValueError(
            f"pose_results_2d: with_track_id=False needs the same persons in every frame, and the frames have {counts}"
        )
    name = frames[at][row].get("track_id")
    persons = [next((p for p in f if p.get("track_id") == name), None) if by_track else f[row] for f in frames]
    known = np.array([i for i, person in enumerate(persons) if person is not None])
    nearest = known[np.abs(np.arange(len(persons))[:, None] - known).argmin(axis=1)]
    return np.stack([keypoints_of(persons[i], norm) for i in nearest])


def keypoints_of(person: Any, norm: Norm | None) -> np.ndarray:
    """Return a person's keypoints (K, 2), with its box brought to a place and size if there is a ``norm``."""
    keypoints = to_numpy(person.pred_instances.keypoints)[0, :, :2]
    if norm is None:
        return keypoints
    center, size = box_of(person)
    return (keypoints - center) / size * norm[1] + norm[0]


def box_of(person: PoseDataSample) -> Norm:
    """Return the centre (2,) and longer side of a person's box."""
    if "bboxes" not in person.pred_instances:
        raise ValueError("pose_results_2d: norm_pose_2d=True needs pred_instances.bboxes in every sample")
    center, sides = bbox_xyxy2cs(to_numpy(person.pred_instances.bboxes)[:1].astype(np.float32))
    return center.reshape(2), float(sides.max())


def pose_norm(frames: Sequence[Sequence[PoseDataSample]], metainfo: Mapping[str, Any]) -> Norm:
    """Return centre and size of the training set's boxes, else the means of the boxes here."""
    stats = metainfo.get("stats_info") or {}
    if "bbox_center" in stats and "bbox_scale" in stats:
        return np.reshape(stats["bbox_center"], 2), float(np.max(stats["bbox_scale"]))
    centers, sizes = zip(*(box_of(person) for frame in frames for person in frame), strict=True)
    return np.mean(centers, axis=0), float(np.mean(sizes))

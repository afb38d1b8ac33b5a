"""Identities of poses over time.

Shapes: M tracks, N poses of a frame, K keypoints.
Source: Zhang et al., ByteTrack, arXiv 2110.06864, for the two passes; OKS beside IoU as their similarity is ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from posekit.keypoints.oks import oks_between, squared_length
from posekit.structures.bbox.overlaps import bbox_overlaps

NO_IDENTITY = -1
"""Id of a pose that belongs to no track: a weak one that continues none."""

SIGMA = 0.1
"""Spread of every keypoint in the OKS, by default: as wide as the hip in COCO, since predicted motion is rough."""

VELOCITY_GAIN = 0.3
"""Share of a prediction's error that corrects the velocity; the second sight of a track sets it."""

GROWTH_PER_LOST_FRAME = 0.1
"""Each frame without a sight lets a pose lie this much of its size further away."""

FAR = 2.0
"""Poses further apart than this many sizes (roots of the area) have a similarity of 0, unless their boxes overlap."""


class TrackablePoses(Protocol):
    """The poses of a frame, as ``PoseResult`` has them."""

    @property
    def keypoints(self) -> np.ndarray:
        """(N, K, 2 or 3); not finite where missing."""
        ...

    @property
    def scores(self) -> np.ndarray:
        """(N, K), at least 0."""
        ...

    @property
    def boxes(self) -> np.ndarray | None:
        """(N, 4) xyxy."""
        ...

    @property
    def box_scores(self) -> np.ndarray | None:
        """(N,)."""
        ...


@dataclass
class Track:
    """A person who is followed.

    Attributes:
        identity: number of the person.
        keypoints: (K, 2) at the last sight, moved on since; 0 where missing.
        weights: (K,) confidence in each keypoint; 0 where missing.
        box: (4,) xyxy at the last sight, moved on since.
        velocity: (2,) pixels per frame.
        lost: frames since the last sight.
        sights: number of frames that showed the person.
    """

    identity: int
    keypoints: np.ndarray
    weights: np.ndarray
    box: np.ndarray
    velocity: np.ndarray
    lost: int = 0
    sights: int = 1

    def move(self) -> None:
        """Go on to the next frame at constant velocity."""
        self.keypoints = self.keypoints + self.velocity
        self.box = self.box + np.tile(self.velocity, 2)
        self.lost += 1

    def see(self, keypoints: np.ndarray, weights: np.ndarray, box: np.ndarray) -> None:
        """Take over what the current frame shows."""
        shared = (weights > 0) & (self.weights > 0)
        if shared.any():
            error = np.median(keypoints[shared] - self.keypoints[shared], axis=0)
        else:
            error = (box - self.box).reshape(2, 2).mean(0)
        self.velocity = self.velocity + error / self.lost * (1 if self.sights == 1 else VELOCITY_GAIN)
        self.keypoints, self.weights, self.box = keypoints, weights, box
        self.lost, self.sights = 0, self.sights + 1


class Tracker:
    """Gives the same id to the same person, frame by frame.

    Confident poses are assigned to tracks first, weak ones then to the tracks that the frame before showed and that
    are still without a pose. Confident poses that are left begin tracks. A track without a pose goes on at constant
    velocity for ``max_lost`` frames.

    Delay: none; an id depends on this frame and those before it.

    Args:
        confident: box score from which a pose can begin a track; poses without box scores all can.
        weak: box score from which a pose can continue a track.
        min_similarity: least mean of OKS and IoU, 0 ... 1, at which a pose continues a track.
        max_lost: frames for which a person who is out of sight keeps the id.
        sigmas: spread of the keypoints in the OKS, (K,) or one for all, relative to the root of the area.

    Example:
        >>> from posekit import PoseResult
        >>> keypoints, box = np.array([[[0.0, 0.0], [10.0, 20.0]]]), np.array([[0.0, 0.0, 10.0, 20.0]])
        >>> frame = PoseResult(keypoints, np.ones((1, 2)), {}, boxes=box)
        >>> tracker = Tracker()
        >>> tracker.update(frame).tolist(), tracker.update(frame).tolist()
        ([1], [1])
    """

    def __init__(
        self,
        *,
        confident: float = 0.5,
        weak: float = 0.1,
        min_similarity: float = 0.2,
        max_lost: int = 30,
        sigmas: float | Sequence[float] | np.ndarray = SIGMA,
    ) -> None:
        if not 0 <= weak <= confident:
            raise ValueError(f"weak {weak} and confident {confident}: expected 0 <= weak <= confident")
        if not 0 < min_similarity <= 1:
            raise ValueError(f"min_similarity {min_similarity}: expected more than 0 and at most 1")
        if max_lost < 0:
            raise ValueError(f"max_lost {max_lost}: expected 0 or more frames")
        self.confident, self.weak = confident, weak
        self.min_similarity, self.max_lost, self.sigmas = min_similarity, max_lost, sigmas
        self.tracks: list[Track] = []
        self.next_identity = 1

    def update(self, poses: TrackablePoses) -> np.ndarray:
        """Return the ids (N,) of the next frame's poses: from 1, unique in the frame, -1 for weak poses of no track.

        Every frame counts, also one without poses.
        """
        keypoints, weights, boxes, scores = columns_of(poses)
        ids = np.full(len(keypoints), NO_IDENTITY, np.int64)
        for track in self.tracks:
            track.move()
        confident = np.flatnonzero(scores >= self.confident)
        weak = np.flatnonzero((scores >= self.weak) & (scores < self.confident))
        for rows, most_lost in ((confident, self.max_lost + 1), (weak, 1)):
            waiting = [track for track in self.tracks if 0 < track.lost <= most_lost]
            for track, row in self._pairs(waiting, keypoints, weights, boxes, rows):
                track.see(keypoints[row], weights[row], boxes[row])
                ids[row] = track.identity
        for row in confident[ids[confident] == NO_IDENTITY]:
            ids[row] = self._begin(keypoints[row], weights[row], boxes[row])
        self.tracks = [track for track in self.tracks if track.lost <= self.max_lost]
        return ids

    def _begin(self, keypoints: np.ndarray, weights: np.ndarray, box: np.ndarray) -> int:
        track = Track(self.next_identity, keypoints, weights, box, np.zeros(2))
        self.tracks.append(track)
        self.next_identity += 1
        return track.identity

    def _pairs(
        self, tracks: list[Track], keypoints: np.ndarray, weights: np.ndarray, boxes: np.ndarray, rows: np.ndarray
    ) -> list[tuple[Track, int]]:
        """Assign poses to tracks so that the sum of similarities is greatest."""
        if not tracks or not len(rows):
            return []
        from scipy.optimize import linear_sum_assignment  # takes half a second to import, which most images never need

        similarity = similarities(tracks, keypoints[rows], weights[rows], boxes[rows], sigmas=self.sigmas)
        similarity[similarity < self.min_similarity] = 0
        pairs = zip(*linear_sum_assignment(similarity, maximize=True), strict=True)
        return [(tracks[i], int(rows[j])) for i, j in pairs if similarity[i, j] > 0]


def columns_of(poses: TrackablePoses) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return keypoints (N, K, 2), their weights (N, K), boxes (N, 4) and scores (N,) of a frame, missing ones as 0."""
    keypoints = np.asarray(poses.keypoints, np.float64)[..., :2]
    weights = np.where(np.isfinite(keypoints).all(-1), np.nan_to_num(np.asarray(poses.scores, np.float64)), 0.0).clip(0)
    keypoints = np.where(weights[..., None] > 0, keypoints, 0.0)
    boxes = boxes_around(keypoints, weights) if poses.boxes is None else np.asarray(poses.boxes, np.float64)[:, :4]
    boxes = np.where(np.isfinite(boxes).all(-1, keepdims=True), boxes, 0.0)
    scores = np.ones(len(keypoints)) if poses.box_scores is None else np.asarray(poses.box_scores, np.float64)
    return keypoints, weights, boxes, scores


def boxes_around(keypoints: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the boxes (N, 4) of keypoints with a weight above 0; of none, a box of no size at the origin."""
    known = weights[..., None] > 0
    low = np.where(known, keypoints, np.inf).min(1, initial=np.inf)
    high = np.where(known, keypoints, -np.inf).max(1, initial=-np.inf)
    return np.concatenate([np.where(np.isfinite(low), low, 0), np.where(np.isfinite(high), high, 0)], 1)


def similarities(
    tracks: Sequence[Track],
    keypoints: np.ndarray,
    weights: np.ndarray,
    boxes: np.ndarray,
    *,
    sigmas: float | Sequence[float] | np.ndarray = SIGMA,
) -> np.ndarray:
    """Return (M, N) means of OKS and IoU, in 0 ... 1; IoU alone where a pair shares no keypoint."""
    track_boxes = np.stack([track.box for track in tracks])
    track_keypoints = np.stack([track.keypoints for track in tracks])
    track_weights = np.stack([track.weights for track in tracks])
    reach = 1 + GROWTH_PER_LOST_FRAME * np.array([track.lost - 1 for track in tracks])
    area = (areas(track_boxes)[:, None] + areas(boxes)[None]) / 2 * reach[:, None] ** 2
    similarity = bbox_overlaps(track_boxes, boxes)
    apart = squared_length(centres(track_boxes)[:, None] - centres(boxes)[None])
    i, j = np.nonzero((apart <= FAR**2 * area) | (similarity > 0))
    shared = track_weights[i] * weights[j]
    oks = oks_between(track_keypoints[i], keypoints[j], area[i, j], np.asarray(sigmas, np.float64), shared)
    similarity[i, j] = np.where(shared.any(-1), (oks + similarity[i, j]) / 2, similarity[i, j])
    return similarity


def centres(boxes: np.ndarray) -> np.ndarray:
    """Return the centres (N, 2) of boxes (N, 4)."""
    return (boxes[:, :2] + boxes[:, 2:]) / 2


def areas(boxes: np.ndarray) -> np.ndarray:
    """Return the areas of boxes (N, 4)."""
    return (boxes[:, 2:] - boxes[:, :2]).clip(0).prod(1)

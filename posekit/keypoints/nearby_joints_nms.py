"""Suppression of poses that share many joints with a better one."""

from __future__ import annotations

import numpy as np


def nearby_joints_nms(
    keypoints: np.ndarray,
    scores: np.ndarray,
    dist_thr: float = 0.05,
    *,
    min_shared: int | None = None,
    max_dets: int = 30,
) -> np.ndarray:
    """Return the indices of poses to keep, best first.

    Args:
        keypoints: (N, K, 2).
        scores: (N,).
        dist_thr: joints are shared if nearer than this share of the diagonal of the pose's extent.
        min_shared: poses that share more joints exclude one another; by default half of them.
        max_dets: largest number to keep; not positive for all.

    Source: Geng et al., DEKR, arXiv 2104.02300.
    """
    num_poses, num_keypoints = keypoints.shape[:2]
    if num_poses == 0:
        return np.zeros(0, dtype=np.int64)
    limit = num_keypoints // 2 if min_shared is None else min_shared
    diagonal = np.linalg.norm(keypoints.max(1) - keypoints.min(1), axis=-1)
    distance = np.linalg.norm(keypoints[:, None] - keypoints[None], axis=-1)  # (N, N, K)
    alike = ((distance < dist_thr * diagonal[:, None, None]).sum(-1) > limit) | np.eye(num_poses, dtype=bool)
    rows: list[int] = []
    gone = np.zeros(num_poses, dtype=bool)
    for index in np.argsort(scores)[::-1]:
        group = np.flatnonzero(alike[index])
        if gone[index]:
            continue
        best = int(group[np.argmax(scores[group])])
        if not gone[best]:
            rows.append(best)
            gone[group] = True
    chosen = np.array(rows, dtype=np.int64)
    if 0 < max_dets < len(chosen):
        chosen = chosen[np.argsort(scores[chosen])[::-1][:max_dets]]
    return chosen

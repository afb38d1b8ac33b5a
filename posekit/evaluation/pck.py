"""Distance-based scores of keypoints: PCK, AUC, EPE, NME.

Shapes: N instances, K keypoints, D dimensions.
Convention: prediction and ground truth share one space; sizes that normalise are in its units.
"""

from __future__ import annotations

import numpy as np


def normalized_distances(pred: np.ndarray, gt: np.ndarray, mask: np.ndarray, size: np.ndarray | float) -> np.ndarray:
    """Measure how far each keypoint is from its ground truth, in units of ``size``.

    Args:
        pred: (N, K, D).
        gt: (N, K, D).
        mask: (N, K), true where the ground truth is labelled.
        size: (N,) or one number; instances whose size is not above 0 do not count.

    Returns:
        (N, K) distances, NaN where a keypoint does not count, infinite where the prediction is NaN.

    Raises:
        ValueError: if the shapes disagree.
    """
    if pred.shape != gt.shape or mask.shape != pred.shape[:2]:
        raise ValueError(
            f"predictions {pred.shape}, ground truth {gt.shape} and mask {mask.shape} disagree; "
            "expected (N, K, D), (N, K, D) and (N, K): do model and dataset have the same keypoints?"
        )
    sizes = np.broadcast_to(np.asarray(size, np.float64), pred.shape[:1])
    counts = np.asarray(mask, bool) & (sizes > 0)[:, None]
    distances = np.nan_to_num(np.linalg.norm(pred.astype(np.float64) - gt, axis=-1), nan=np.inf, posinf=np.inf)
    return np.divide(distances, sizes[:, None], out=np.full(distances.shape, np.nan), where=counts)


def fraction_within(distances: np.ndarray, thr: float) -> np.ndarray:
    """Return for each keypoint the fraction of its distances below ``thr``; (N, K) -> (K,), NaN where none counts."""
    counted = (~np.isnan(distances)).sum(0)
    hits = (distances < thr).sum(0)
    return np.divide(hits, counted, out=np.full(counted.shape, np.nan), where=counted > 0)


def mean_of_valid(values: np.ndarray) -> float:
    """Return the mean of the values that are not NaN, 0 where there are none."""
    valid = values[~np.isnan(values)]
    return float(valid.mean()) if valid.size else 0.0


def keypoint_pck(distances: np.ndarray, thr: float) -> tuple[np.ndarray, float]:
    """Return the PCK of each keypoint (K,) and their mean over the keypoints that were ever labelled.

    Source: Yang and Ramanan, Articulated human detection with flexible mixtures of parts, TPAMI 2013.
    """
    per_keypoint = fraction_within(distances, thr)
    return per_keypoint, mean_of_valid(per_keypoint)


def keypoint_auc(distances: np.ndarray, num_thrs: int = 20) -> float:
    """Return the mean PCK over the thresholds 0, 1/n, ... (n-1)/n."""
    return float(np.mean([keypoint_pck(distances, i / num_thrs)[1] for i in range(num_thrs)]))

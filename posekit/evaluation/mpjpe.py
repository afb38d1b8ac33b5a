"""Position errors of 3D keypoints, plain and after alignment.

Shapes: N instances, K keypoints, D dimensions (3).
"""

from __future__ import annotations

import numpy as np


def align_scale(pred: np.ndarray, gt: np.ndarray) -> np.ndarray:
    """Scale each (K, D) prediction to fit its ground truth best in the least-squares sense; (N, K, D) -> (N, K, D)."""
    power = np.einsum("nkd,nkd->n", pred, pred)
    shared = np.einsum("nkd,nkd->n", pred, gt)
    return pred * np.divide(shared, power, out=np.ones_like(power), where=power > 0)[:, None, None]


def align_procrustes(pred: np.ndarray, gt: np.ndarray) -> np.ndarray:
    """Rotate, scale and move each prediction to fit its ground truth best; (N, K, D) -> (N, K, D).

    Source: Umeyama, Least-squares estimation of transformation parameters, TPAMI 1991, eq. 40-43.
    """
    pred_mean, gt_mean = pred.mean(1, keepdims=True), gt.mean(1, keepdims=True)
    pred_centred, gt_centred = pred - pred_mean, gt - gt_mean
    left, stretch, right = np.linalg.svd(np.einsum("nki,nkj->nij", gt_centred, pred_centred))
    handedness = np.sign(np.linalg.det(left @ right))  # a reflection is no rotation: turn the weakest axis back
    stretch[:, -1] *= handedness
    left[:, :, -1] *= handedness[:, None]
    spread = (pred_centred**2).sum((1, 2))
    scale = np.divide(stretch.sum(1), spread, out=np.zeros_like(spread), where=spread > 0)
    return scale[:, None, None] * pred_centred @ (left @ right).transpose(0, 2, 1) + gt_mean


ALIGNMENTS = {"mpjpe": None, "p-mpjpe": align_procrustes, "n-mpjpe": align_scale}
"""How each mode aligns the prediction before it is measured."""


def position_errors(pred: np.ndarray, gt: np.ndarray, mode: str = "mpjpe") -> np.ndarray:
    """Return the distances (N, K) between keypoints, after the alignment of ``mode``.

    Raises:
        ValueError: if the mode is unknown.
    """
    if mode not in ALIGNMENTS:
        raise ValueError(f"mode is {mode!r}; use {', '.join(ALIGNMENTS)}")
    pred, gt = pred.astype(np.float64), gt.astype(np.float64)
    align = ALIGNMENTS[mode]
    return np.linalg.norm((align(pred, gt) if align else pred) - gt, axis=-1)

"""MPJPE: the mean distance of 3D keypoints to the ground truth, plain and after alignment.

Shapes: N instances, K keypoints, D dimensions (3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from posekit.evaluation.metrics.base import BaseMetric
from posekit.registry import METRICS


@dataclass
class LiftedPose:
    """Predicted and true 3D keypoints (T, K, 3) with visibility (T, K), and what was being done."""

    pred: np.ndarray
    gt: np.ndarray
    mask: np.ndarray
    action: str | None = None


@METRICS.register_module()
class SimpleMPJPE(BaseMetric):
    """Mean per-joint position error, in the unit of the ground truth.

    Args:
        mode: "mpjpe" measures the prediction as it is, "n-mpjpe" after the best scaling,
            "p-mpjpe" after the best rotation, scaling and shift.
        skip_list: recordings to leave out, by the part of the file name before its first dot.
    """

    def __init__(
        self,
        mode: str = "mpjpe",
        collect_device: str = "cpu",
        prefix: str | None = None,
        skip_list: Sequence[str] = (),
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if mode not in ALIGNMENTS:
            raise ValueError(f"{type(self).__name__}: mode is {mode!r}; use {', '.join(ALIGNMENTS)}")
        self.mode = mode
        self.skip_list = set(skip_list)

    def process(self, data_batch: Any, data_samples: Sequence[Any]) -> None:
        """Keep the 3D keypoints of each sample that is not skipped."""
        for sample in data_samples:
            recording = self.recording(sample)
            if recording in self.skip_list:
                continue
            gt = self.required(sample, "gt_instances.lifting_target")
            pred = self.required(sample, "pred_instances.keypoints")
            pred = pred.reshape(gt.shape) if pred.ndim == 4 else pred
            mask = self.required(sample, "gt_instances.lifting_target_visible").astype(bool).reshape(gt.shape[:2])
            self.results.append(LiftedPose(pred, gt, mask, action_of(recording)))

    def recording(self, sample: Any) -> str | None:
        """Return the name of the recording that a sample belongs to, where that is asked for."""
        return None

    def compute_metrics(self, results: list[LiftedPose]) -> dict[str, float]:
        """Return the mean error, under the mode's name, and that of each known action."""
        name = self.mode.upper()
        errors = np.concatenate([position_errors(pose.pred, pose.gt, self.mode) for pose in results])
        mask = np.concatenate([pose.mask for pose in results])
        actions = np.concatenate([np.full(len(pose.mask), pose.action, object) for pose in results])
        metrics = {name: mean_error(errors, mask)}
        for action in dict.fromkeys(action for action in actions if action is not None):
            chosen = actions == action
            metrics[f"{name}_{action}"] = mean_error(errors[chosen], mask[chosen])
        return metrics


def mean_error(errors: np.ndarray, mask: np.ndarray) -> float:
    """Average the visible keypoints' errors; NaN where none is visible."""
    return float(errors[mask].mean()) if mask.any() else float("nan")


def action_of(recording: str | None) -> str | None:
    """Return "Walking" for the recording "S9_Walking_1"."""
    parts = recording.split("_") if recording else []
    return parts[1] if len(parts) > 1 else None


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

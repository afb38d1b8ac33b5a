"""The metrics of InterHand2.6M: two hands in 3D, the distance between them, and which hands there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from posekit.evaluation.metrics.base import BaseMetric
from posekit.registry import METRICS

MODES = ("MPJPE", "MRRPE", "HandednessAcc")
RIGHT_ROOT, LEFT_ROOT, JOINTS = 20, 41, 21
"""The wrists, and how many joints a hand has; the right hand's come first."""


class HandPair(NamedTuple):
    """What one sample contributes.

    Shapes: joint_errors (42,) in millimetres, NaN where invisible; root_error, NaN where it does not
    count; handedness, whether both hands were told right, None where that is not labelled.
    """

    joint_errors: np.ndarray
    interacting: bool
    root_error: float
    handedness: bool | None


@METRICS.register_module()
class InterHandMetric(BaseMetric):
    """Errors of two hands in camera space, in millimetres.

    ``MPJPE_all``, ``MPJPE_single`` and ``MPJPE_interacting`` are mean distances of joints after both
    hands were moved to their true wrists' place, ``MRRPE`` is the error of the left wrist relative to
    the right one, ``HandednessAcc`` the share of samples whose hands were told right. What no sample
    is labelled for is left out.

    Samples need the meta information ``hand_type``, ``abs_depth``, ``focal``, ``principal_pt`` and, for
    HandednessAcc, ``hand_type_valid``: name them in ``PackPoseInputs(meta_keys=...)``.

    Args:
        modes: which of MPJPE, MRRPE and HandednessAcc.

    Source: Moon et al., InterHand2.6M, arXiv 2008.09309.
    """

    def __init__(self, modes: Sequence[str] = MODES, collect_device: str = "cpu", prefix: str | None = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        unknown = [mode for mode in modes if mode not in MODES]
        if unknown or not modes:
            raise ValueError(f"InterHandMetric: modes {list(modes)}; use one or several of {', '.join(MODES)}")
        self.modes = tuple(modes)

    def process(self, data_batch: Any, data_samples: Sequence[Any]) -> None:
        """Measure each sample's hands."""
        for sample in data_samples:
            pixels = self.required(sample, "pred_instances.keypoints")[0].astype(np.float64)
            gt = self.required(sample, "gt_instances.keypoints_cam")[0].astype(np.float64)
            visible = self.required(sample, "gt_instances.keypoints_visible").reshape(-1) > 0
            hands = self.required(sample, "hand_type").reshape(-1)
            self.results.append(
                HandPair(
                    joint_errors=self.joint_errors(sample, pixels, gt, visible),
                    interacting=bool(hands.all()),
                    root_error=self.root_error(sample, pixels, gt) if self.has_roots(hands, visible) else float("nan"),
                    handedness=self.handedness(sample, hands),
                )
            )

    def joint_errors(self, sample: Any, pixels: np.ndarray, gt: np.ndarray, visible: np.ndarray) -> np.ndarray:
        """Return the distances (42,) of the joints of both hands relative to their wrists, NaN where invisible."""
        depths = np.repeat(self.required(sample, "abs_depth").reshape(-1), JOINTS)
        pred = self.in_camera(sample, pixels, pixels[:, 2] + depths)
        roots = np.repeat([RIGHT_ROOT, LEFT_ROOT], JOINTS)
        errors = np.linalg.norm((pred - pred[roots]) - (gt - gt[roots]), axis=-1)
        return np.where(visible, errors, np.nan)

    def has_roots(self, hands: np.ndarray, visible: np.ndarray) -> bool:
        return "MRRPE" in self.modes and bool(hands.all() and visible[RIGHT_ROOT] and visible[LEFT_ROOT])

    def root_error(self, sample: Any, pixels: np.ndarray, gt: np.ndarray) -> float:
        """Return the error of the vector from the right wrist to the left one."""
        depth = self.required(sample, "abs_depth").reshape(-1)[0]
        between = self.required(sample, "pred_instances.rel_root_depth").reshape(-1)[0]
        roots = [LEFT_ROOT, RIGHT_ROOT]
        left, right = self.in_camera(sample, pixels[roots], pixels[roots, 2] + depth + np.array([between, 0]))
        return float(np.linalg.norm((left - right) - (gt[LEFT_ROOT] - gt[RIGHT_ROOT])))

    def handedness(self, sample: Any, hands: np.ndarray) -> bool | None:
        """Return whether both hands were told right, None where that is not asked for or not labelled."""
        if "HandednessAcc" not in self.modes or not (self.required(sample, "hand_type_valid") > 0).all():
            return None
        return bool((self.required(sample, "pred_instances.hand_type").reshape(-1) == hands).all())

    def in_camera(self, sample: Any, pixels: np.ndarray, depth: np.ndarray) -> np.ndarray:
        """Return the points (N, 3) in camera space of pixels (N, 2 or more) at depths (N,)."""
        focal, center = (self.required(sample, key).reshape(2) for key in ("focal", "principal_pt"))
        return np.column_stack([(pixels[:, :2] - center) / focal * depth[:, None], depth])

    def compute_metrics(self, results: list[HandPair]) -> dict[str, float]:
        """Average over all samples."""
        errors = np.stack([result.joint_errors for result in results])
        interacting = np.array([result.interacting for result in results])
        values: dict[str, Any] = {}
        if "MPJPE" in self.modes:
            values |= {
                "MPJPE_all": errors,
                "MPJPE_single": errors[~interacting],
                "MPJPE_interacting": errors[interacting],
            }
        if "MRRPE" in self.modes:
            values["MRRPE"] = np.array([result.root_error for result in results])
        if "HandednessAcc" in self.modes:
            told = [result.handedness for result in results if result.handedness is not None]
            values["HandednessAcc"] = np.array(told, float)
        return {name: float(np.nanmean(v)) for name, v in values.items() if not np.isnan(v).all()}

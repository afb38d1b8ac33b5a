"""PCK: the percentage of correct keypoints."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from posekit.evaluation.metrics.keypoint_pairs import KeypointPairs, KeypointPairsMetric
from posekit.evaluation.pck import keypoint_pck, normalized_distances
from posekit.registry import METRICS

NAMES = {"bbox": "PCK", "head": "PCKh", "torso": "tPCK"}
GT_SIZES = {"bbox": "bbox_size", "head": "head_size"}
TORSO_PAIRS = (("left_shoulder", "right_hip"), ("right_shoulder", "left_hip"))
"""A torso is as long as the first of these diagonals that is labelled."""


@METRICS.register_module()
class PCKAccuracy(KeypointPairsMetric):
    """Fraction of keypoints closer to their ground truth than ``thr`` times a size of the person.

    Results are named PCK, PCKh and tPCK for the sizes bbox (the box's longer side),
    head (the dataset's ``head_size``) and torso (left shoulder to right hip, found by
    keypoint names). Each is the mean over keypoints; ``per_keypoint`` has the single ones.

    An unlabelled shoulder or hip (invisible, at (0, 0)) gives no torso: the other
    diagonal is measured instead, and a person without either does not count in tPCK.

    Args:
        thr: distance, in units of the size, below which a keypoint is correct.
        norm_item: "bbox", "head", "torso" or several of them.
    """

    def __init__(
        self,
        thr: float = 0.05,
        norm_item: str | Sequence[str] = "bbox",
        collect_device: str = "cpu",
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.thr = thr
        self.norm_item = [norm_item] if isinstance(norm_item, str) else list(norm_item)
        unknown = [item for item in self.norm_item if item not in NAMES]
        if unknown or not self.norm_item:
            raise ValueError(
                f"{type(self).__name__}: norm_item {norm_item!r}; use one or several of {', '.join(NAMES)}"
            )
        self.per_keypoint: dict[str, dict[str, float]] = {}

    def sizes(self, sample: Any, gt: np.ndarray, mask: np.ndarray) -> dict[str, np.ndarray]:
        """Return the chosen sizes of one sample."""
        sizes = {item: self.gt_size(sample, GT_SIZES[item]) for item in self.norm_item if item in GT_SIZES}
        if "torso" in self.norm_item:
            sizes["torso"] = torso_size(gt, mask, self.meta("keypoint_name2id"))
        return sizes

    def compute(self, pairs: KeypointPairs) -> dict[str, float]:
        """Compute the PCK of each chosen size and note it per keypoint."""
        metrics: dict[str, float] = {}
        for item in self.norm_item:
            without = int((pairs.sizes[item] <= 0).sum())
            if without:
                logging.getLogger(__name__).warning(
                    "%s: %d of %d persons have no %s size and do not count in %s",
                    type(self).__name__, without, len(pairs.mask), item, NAMES[item],
                )  # fmt: skip
            distances = normalized_distances(pairs.pred, pairs.gt, pairs.mask, pairs.sizes[item])
            per_keypoint, _ = keypoint_pck(distances, self.thr)
            self.per_keypoint[NAMES[item]] = self.by_keypoint(per_keypoint)
            metrics.update(self.summary(NAMES[item], distances))
        return metrics

    def summary(self, name: str, distances: np.ndarray) -> dict[str, float]:
        """Return the values that the metric reports for one size."""
        return {name: keypoint_pck(distances, self.thr)[1]}


def torso_size(gt: np.ndarray, mask: np.ndarray, ids: Mapping[str, int]) -> np.ndarray:
    """Measure torsos from shoulder to opposite hip.

    Args:
        gt: (N, K, 2) keypoints.
        mask: (N, K), true where visible.
        ids: keypoint numbers by name.

    Returns:
        (N,) lengths, 0 where neither diagonal is labelled.

    Raises:
        ValueError: if the keypoint set has neither diagonal.
    """
    pairs = [(ids[a], ids[b]) for a, b in TORSO_PAIRS if a in ids and b in ids]
    if not pairs:
        raise ValueError(
            "norm_item 'torso' needs the keypoints left_shoulder and right_hip (or right_shoulder and left_hip), "
            f"which this keypoint set lacks ({', '.join(list(ids)[:6])} ...); use norm_item 'bbox'"
        )
    labelled = mask | (gt != 0).any(-1)
    sizes = np.zeros(len(gt))
    for a, b in reversed(pairs):
        length = np.linalg.norm(gt[:, a].astype(np.float64) - gt[:, b], axis=-1)
        sizes = np.where(labelled[:, a] & labelled[:, b], length, sizes)
    return sizes


class PartPCKAccuracy(PCKAccuracy):
    """PCK reported for parts of the body beside the whole; a base for benchmarks that do so."""

    parts: ClassVar[dict[str, tuple[str, ...]]] = {}

    def part_values(self, name: str, per_keypoint: np.ndarray) -> dict[str, float]:
        """Average the PCK of each part's keypoints, leaving out parts that are never labelled."""
        ids = self.meta("keypoint_name2id")
        values = {part: per_keypoint[[ids[n] for n in names]] for part, names in self.parts.items()}
        return {f"{part} {name}": float(np.nanmean(v)) for part, v in values.items() if not np.isnan(v).all()}

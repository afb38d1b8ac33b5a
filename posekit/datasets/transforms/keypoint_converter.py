"""From one keypoint set to another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from posekit.datasets.transforms.base import BaseTransform
from posekit.datasets.transforms.instances import visibility
from posekit.datasets.transforms.results import Results
from posekit.keypoints.mapping import named_mapping
from posekit.registry import TRANSFORMS

Mapping = Sequence[tuple[int | tuple[int, int], int]]


@TRANSFORMS.register_module()
class KeypointConverter(BaseTransform):
    """Reorder keypoints into a set of ``num_keypoints``.

    A target keypoint is a source keypoint, or the middle of two. Targets without a
    source are invisible, and weigh nothing where visibility is learned:
    ``keypoints_visible`` becomes (N, K, 2) with that weight in its second column. What
    the results hold about the keypoint set (mirror partners, halves of the body, weights)
    follows the new order.

    Args:
        num_keypoints: size of the target set; a named mapping knows it.
        mapping: (source, target) index pairs; ((source, source), target) takes the middle. Or two keypoint sets
            whose keypoints are matched by name, such as ``aic_to_coco`` or ``coco_wholebody_to_halpe26``.

    Raises:
        ValueError: if a target is out of range, or a source is neither an index nor two.

    Example:
        >>> convert = KeypointConverter(num_keypoints=2, mapping=[(3, 0), ((0, 1), 1)])
        >>> convert(dict(keypoints=np.zeros((1, 4, 2)), keypoints_visible=np.ones((1, 4))))["keypoints"].shape
        (1, 2, 2)
    """

    requires = ("keypoints",)
    provides = ("keypoints_visible",)

    def __init__(self, num_keypoints: int | None = None, mapping: Mapping | str = ()) -> None:
        if isinstance(mapping, str):
            given, name = num_keypoints, mapping
            mapping, num_keypoints = named_mapping(name)
            if given not in (None, num_keypoints):
                raise ValueError(f"KeypointConverter.num_keypoints: {given}, but {name} makes {num_keypoints}")
        if num_keypoints is None or not mapping:
            raise ValueError("KeypointConverter: needs num_keypoints and a mapping, or a named mapping alone")
        self.num_keypoints = num_keypoints
        self.mapping = mapping
        pairs = [(s, s) if isinstance(s, int) else tuple(s) for s, _ in mapping]
        self._targets = [target for _, target in mapping]
        if any(len(pair) != 2 for pair in pairs):
            raise ValueError(f"KeypointConverter.mapping: a source is one index or two, got {mapping}")
        if any(not 0 <= target < num_keypoints for target in self._targets):
            raise ValueError(
                f"KeypointConverter.mapping: targets must be below num_keypoints={num_keypoints}, got {self._targets}"
            )
        self._first, self._second = [p[0] for p in pairs], [p[1] for p in pairs]
        if min([*self._first, *self._second]) < 0:
            raise ValueError(f"KeypointConverter.mapping: sources are counted from 0, got {mapping}")

    def transform(self, results: Results) -> Results:
        keypoints, given = results["keypoints"], results.get("keypoints_visible")
        if keypoints.shape[1] <= max(*self._first, *self._second):
            raise IndexError(
                f"KeypointConverter.mapping: takes keypoint {max(*self._first, *self._second)} of a set of "
                f"{keypoints.shape[1]}"
            )
        if given is None:
            given = results["keypoints_visible"] = np.ones(keypoints.shape[:2], np.float32)
        visible = visibility(results)
        known = given[..., 1] if given.ndim == 3 else np.ones_like(given)
        weights = self.spread(known[:, self._first] * self.partner(known)).astype(np.float32)
        both = self.spread(visible[:, self._first] * self.partner(visible))
        results["keypoints_visible"] = np.stack([both, weights], axis=-1)
        results["keypoints"] = self.middle(keypoints)[..., :2]
        if "keypoints_3d" in results:
            results["keypoints_3d"] = moved = self.middle(results["keypoints_3d"])
            results["lifting_target"] = moved[results["target_idx"]]
            results["lifting_target_visible"] = both[results["target_idx"]]
        self.convert_set(results)
        return results

    def partner(self, visible: np.ndarray) -> np.ndarray:
        """Return the visibility of the second of two sources, 1 where there is only one."""
        single = np.equal(self._first, self._second)
        return np.where(single, 1, visible[:, self._second]).astype(visible.dtype)

    def middle(self, points: np.ndarray) -> np.ndarray:
        """Return points (N, K source, D) as (N, K target, D)."""
        return self.spread((points[:, self._first] + points[:, self._second]) / 2)

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Put values (N, M, ...) of the mapping's M entries at their targets, 0 elsewhere."""
        out = np.zeros((len(values), self.num_keypoints, *values.shape[2:]), values.dtype)
        out[:, self._targets] = values
        return out

    def convert_set(self, results: Results) -> None:
        """Let what is known about the keypoint set follow the new order."""
        values: dict[str, Any] = results  # pyright: ignore[reportAssignmentType]
        flips = values.get("flip_indices")
        if flips is not None:
            values["flip_indices"] = mirrored = self.mirror_partners(flips)
            values["flip_pairs"] = [[i, j] for i, j in enumerate(mirrored) if i < j]
        for key in ("upper_body_ids", "lower_body_ids"):
            if values.get(key) is not None:
                chosen = set(values[key])
                sides = zip(self._first, self._second, self._targets, strict=True)
                values[key] = sorted({t for a, b, t in sides if a in chosen and b in chosen})
        weights = values.get("dataset_keypoint_weights")
        if weights is not None:
            weights = np.asarray(weights)
            moved = np.ones(self.num_keypoints, weights.dtype)
            moved[self._targets] = (weights[self._first] + weights[self._second]) / 2
            values["dataset_keypoint_weights"] = moved

    def mirror_partners(self, flip_indices: Sequence[int]) -> list[int]:
        """Return each target's mirror partner; a target whose partner is not mapped is its own."""
        sources = [frozenset(pair) for pair in zip(self._first, self._second, strict=True)]
        target_of = dict(zip(sources, self._targets, strict=True))
        partners = list(range(self.num_keypoints))
        for source, target in zip(sources, self._targets, strict=True):
            partners[target] = target_of.get(frozenset(flip_indices[i] for i in source), target)
        return partners

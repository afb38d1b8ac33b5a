"""Random mirror images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from posekit.datasets.transforms.base import random_generator
from posekit.datasets.transforms.geometric import GeometricTransform
from posekit.datasets.transforms.results import Results
from posekit.datasets.transforms.warp import current_space, frame_size, pend
from posekit.geometry import Affine
from posekit.registry import TRANSFORMS

DIRECTIONS = ("horizontal", "vertical", "diagonal")
Axes = list[tuple[int, float]]
"""The mirrored axes (0 is x, 1 is y), each with its last coordinate."""


@TRANSFORMS.register_module()
class RandomFlip(GeometricTransform):
    """Mirror the image, its boxes and its keypoints; left and right keypoints change names.

    Args:
        prob: chance of a flip, or one chance for each of ``direction``.
        direction: ``horizontal``, ``vertical`` or ``diagonal`` (both), or a list of
            them, which share ``prob`` equally unless it is a list too.

    Raises:
        ValueError: for another direction, or chances that are no distribution.
    """

    requires = ("img",)
    provides = ("flip", "flip_direction")
    keeps_frame = True

    def __init__(self, prob: float | list[float] = 0.5, direction: str | list[str] = "horizontal") -> None:
        self.prob = prob
        self.direction = direction
        self._choices = [direction] if isinstance(direction, str) else list(direction)
        if unknown := [d for d in self._choices if d not in DIRECTIONS]:
            raise ValueError(f"{type(self).__name__}.direction: {unknown[0]!r} is not one of {', '.join(DIRECTIONS)}")
        chances = self._chances(prob)
        if len(chances) != len(self._choices) or min(chances) < 0 or sum(chances) > 1 + 1e-9:
            raise ValueError(
                f"{type(self).__name__}.prob: {prob!r} for direction {direction!r}; "
                "give one number from 0 to 1, or one for each direction with a sum of at most 1"
            )
        self._bounds = np.cumsum(chances).tolist()

    def _chances(self, prob: float | Sequence[float]) -> list[float]:
        if isinstance(prob, (int, float)):
            return [prob / len(self._choices)] * len(self._choices)
        return list(prob)

    def choose(self, rng: np.random.Generator) -> str | None:
        """Draw a direction, or None for no flip."""
        draw = rng.random()
        return next((name for name, bound in zip(self._choices, self._bounds, strict=True) if draw < bound), None)

    def place(self, results: Results) -> Results | None:
        direction = self.choose(random_generator(results))
        results["flip"] = direction is not None
        results["flip_direction"] = direction
        if direction is None:
            return results
        size_wh = frame_size(results)
        space = current_space(results)
        step = Affine.flip(size_wh, direction, space)
        flip_annotations(results, step)
        pend(results, step, size_wh)
        return results


@TRANSFORMS.register_module()
class HandRandomFlip(RandomFlip):
    """Flip horizontally, and swap right and left in ``hand_type`` and the sign of ``rel_root_depth`` along with it."""

    requires = ("img", "hand_type", "rel_root_depth")
    provides = ("flip", "flip_direction")

    def __init__(self, prob: float = 0.5) -> None:
        super().__init__(prob, "horizontal")

    def place(self, results: Results) -> Results | None:
        super().place(results)
        if results["flip"]:
            results["hand_type"] = results["hand_type"][..., [1, 0]]
            results["rel_root_depth"] = -results["rel_root_depth"]
        return results


def flip_annotations(results: Results, step: Affine) -> None:
    """Mirror boxes and keypoints that lie in the space of ``step``; left and right swap unless it is a half turn."""
    (right, _, last_x), (_, down, last_y) = step.matrix.tolist()
    axes = [(axis, last) for axis, sign, last in ((0, right, last_x), (1, down, last_y)) if sign < 0]
    mirrored = len(axes) == 1
    cropped = results.get("transformed_keypoints") is not None
    if not cropped:
        flip_boxes(results, axes, mirrored)
    key = "transformed_keypoints" if cropped else "keypoints"
    if results.get(key) is not None:
        results[key] = mirror_points(results[key], axes)
        if mirrored:
            swap_sides(results, key)
    if results.get("keypoints_3d") is not None:
        # In the camera's space, mirrored about its optical axis.
        results["keypoints_3d"] = mirror_points(results["keypoints_3d"], [(axis, 0.0) for axis, _ in axes])


def swap_sides(results: Results, key: str) -> None:
    """Reorder the keypoints called ``key``, and their visibility, so that left is left again."""
    order = results["flip_indices"]
    for name in (key, "keypoints_visible", "keypoints_visible_weights", "keypoints_3d", "keypoints_3d_visible"):
        if results.get(name) is not None:
            results[name] = results[name].take(order, axis=1)


def flip_boxes(results: Results, axes: Axes, mirrored: bool) -> None:
    if results.get("bbox") is not None:
        boxes = results["bbox"]
        results["bbox"] = mirror_points(boxes, axes) if boxes.ndim == 3 else mirror_boxes(boxes, axes)
    if results.get("bbox_center") is not None:
        results["bbox_center"] = mirror_points(results["bbox_center"], axes)
    if results.get("bbox_rotation") is not None and mirrored:
        results["bbox_rotation"] = -results["bbox_rotation"]


def mirror_points(points: np.ndarray, axes: Axes) -> np.ndarray:
    """Return points (..., D) whose coordinates on ``axes`` count from the other side."""
    moved = points.copy()
    for axis, last in axes:
        moved[..., axis] = last - points[..., axis]
    return moved


def mirror_boxes(boxes_xyxy: np.ndarray, axes: Axes) -> np.ndarray:
    """Return boxes (..., 4) whose corners on ``axes`` count from the other side, low and high exchanged."""
    moved = boxes_xyxy.copy()
    for axis, last in axes:
        moved[..., axis::2] = last - boxes_xyxy[..., axis + 2 :: -2]
    return moved

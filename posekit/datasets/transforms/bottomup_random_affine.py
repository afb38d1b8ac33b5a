"""Random shift, size and rotation of the whole image."""

from __future__ import annotations

import numpy as np

from posekit.datasets.transforms.base import random_generator, truncated_normal
from posekit.datasets.transforms.geometric import GeometricTransform
from posekit.datasets.transforms.instances import hide_outside
from posekit.datasets.transforms.results import Results
from posekit.datasets.transforms.warp import Border, current_space, frame_size, move_boxes, move_points, pend
from posekit.geometry import Affine, crop_affine
from posekit.registry import TRANSFORMS
from posekit.structures.bbox import bbox_clip_border, bbox_xyxy2corner, get_pers_warp_matrix

MODES = ("affine", "affine_udp", "perspective")


@TRANSFORMS.register_module()
class BottomupRandomAffine(GeometricTransform):
    """Shift, resize, turn and shear the image into the network's input; everything in it moves along.

    Args:
        input_size: (w, h) of the input in pixels.
        shift_factor: largest shift as a fraction of the image (``perspective``: of the input).
        shift_prob: chance of a shift.
        scale_factor: smallest and largest factor of the region shown (``perspective``: of the image).
        scale_prob: chance of another scale.
        scale_type: ``short`` or ``long``: the side of the image that fills the input.
        rotate_factor: largest angle in degrees.
        rotate_prob: chance of a rotation.
        shear_factor: largest shear in degrees, in mode ``perspective`` only.
        shear_prob: chance of a shear.
        use_udp: the same as ``transform_mode="affine_udp"``.
        pad_val: grey level, or B, G, R, outside of the image.
        border: accepted from older configs; it has no meaning.
        distribution: ``trunc_norm`` (standard normal cut off at -1 and 1) or ``uniform``.
        transform_mode: ``affine``, ``affine_udp`` or ``perspective``, which keeps the middle
            of the input in place instead of the middle of the image.
        bbox_keep_corner: give the moved corners (N, 4, 2) instead of upright boxes (N, 4).
        clip_border: cut boxes at the border and hide keypoints beyond it.

    Raises:
        ValueError: for another mode, distribution or scale type, or without ``input_size``.
    """

    requires = ("img",)
    provides = ("img_shape", "input_size", "affine")

    def __init__(
        self,
        input_size: tuple[int, int] | None = None,
        shift_factor: float = 0.2,
        shift_prob: float = 1.0,
        scale_factor: tuple[float, float] = (0.75, 1.5),
        scale_prob: float = 1.0,
        scale_type: str = "short",
        rotate_factor: float = 30.0,
        rotate_prob: float = 1.0,
        shear_factor: float = 2.0,
        shear_prob: float = 1.0,
        use_udp: bool = False,
        pad_val: Border = 0,
        border: tuple[int, int] = (0, 0),
        distribution: str = "trunc_norm",
        transform_mode: str = "affine",
        bbox_keep_corner: bool = True,
        clip_border: bool = False,
    ) -> None:
        if input_size is None:
            raise ValueError("BottomupRandomAffine.input_size: give (width, height) of the network's input")
        choices = (
            ("transform_mode", transform_mode, MODES),
            ("distribution", distribution, ("trunc_norm", "uniform")),
            ("scale_type", scale_type, ("short", "long")),
        )
        for name, value, allowed in choices:
            if value not in allowed:
                raise ValueError(f"BottomupRandomAffine.{name}: {value!r} is not one of {', '.join(allowed)}")
        self.input_size = (int(input_size[0]), int(input_size[1]))
        self.shift_factor, self.shift_prob = shift_factor, shift_prob
        self.scale_factor, self.scale_prob = tuple(scale_factor), scale_prob
        self.scale_type = scale_type
        self.rotate_factor, self.rotate_prob = rotate_factor, rotate_prob
        self.shear_factor, self.shear_prob = shear_factor, shear_prob
        self.pad_val = pad_val
        self.distribution = distribution
        self.transform_mode = "affine_udp" if use_udp and transform_mode == "affine" else transform_mode
        self.bbox_keep_corner = bbox_keep_corner
        self.clip_border = clip_border

    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, float, float, np.ndarray]:
        """Draw shift (2,) as a fraction, scale, angle in degrees, and shear (2,) in degrees."""
        draws = rng.random(10)
        amounts = (
            2 * draws[:6] - 1 if self.distribution == "uniform" else np.array(truncated_normal(draws[:6].tolist()))
        )
        happens = draws[6:] < (self.shift_prob, self.scale_prob, self.rotate_prob, self.shear_prob)
        low, high = self.scale_factor
        return (
            amounts[:2] * self.shift_factor * happens[0],
            low + (high - low) * (amounts[2] + 1) / 2 if happens[1] else 1.0,
            float(amounts[3] * self.rotate_factor * happens[2]),
            amounts[4:] * self.shear_factor * happens[3],
        )

    def place(self, results: Results) -> Results | None:
        matrix = self.matrix(np.array(frame_size(results), float), *self.draw(random_generator(results)))
        step = Affine(matrix, current_space(results), "input")
        self.move_annotations(results, step)
        results["input_size"] = self.input_size
        results["img_shape"] = (self.input_size[1], self.input_size[0])
        pend(results, step, self.input_size, self.pad_val)
        return results

    def matrix(self, frame: np.ndarray, shift: np.ndarray, scale: float, angle: float, shear: np.ndarray) -> np.ndarray:
        """Return the (2, 3) map from an image of size ``frame`` (2,) to the input."""
        size = np.array(self.input_size, float)
        if self.transform_mode == "perspective":
            return get_pers_warp_matrix(size / 2, shift * size, scale, angle, shear.tolist())[:2]
        use_udp = self.transform_mode == "affine_udp"
        factors = frame * scale / size
        region = size * (factors.min() if self.scale_type == "short" else factors.max())
        center = (frame - use_udp) / 2 + shift * frame
        return crop_affine(center, region, angle, self.input_size, use_udp=use_udp).matrix

    def move_annotations(self, results: Results, step: Affine) -> None:
        if results.get("keypoints") is not None:
            results["keypoints"] = move_points(step, results["keypoints"])
            if self.clip_border:
                hide_outside(results, self.input_size)
        if results.get("bbox") is not None:
            boxes = results["bbox"]
            if self.bbox_keep_corner:
                boxes = move_points(step, bbox_xyxy2corner(boxes))
            else:
                boxes = move_boxes(step, boxes)
            results["bbox"] = bbox_clip_border(boxes, self.input_size) if self.clip_border else boxes
        if results.get("area") is not None:
            results["area"] = results["area"] * abs(np.linalg.det(step.matrix[:, :2]))

"""The crop of one person as the network's input."""

from __future__ import annotations

import math

import numpy as np

from posekit.datasets.transforms.geometric import GeometricTransform
from posekit.datasets.transforms.results import Results
from posekit.datasets.transforms.warp import current_space, move_points, pend
from posekit.geometry import Affine, crop_affine
from posekit.registry import TRANSFORMS


@TRANSFORMS.register_module()
class TopdownAffine(GeometricTransform):
    """Cut the box (centre, scale and rotation) out of the image at the size of the network's input.

    The scale grows to the aspect ratio of ``input_size`` first. Keypoints stay as
    they are; ``transformed_keypoints`` holds them in the input, and ``affine`` the
    map from the image as loaded to the input.

    Args:
        input_size: (w, h) of the input in pixels.
        use_udp: align the centres of the outer pixels instead of their edges
            (Huang et al., arXiv 1911.07524).
        border_value: grey level, or B, G, R, outside of the image.

    Raises:
        ValueError: if ``input_size`` is not two positive integers.
    """

    requires = ("img", "bbox_center", "bbox_scale")
    provides = ("transformed_keypoints", "input_size", "input_center", "input_scale", "affine")

    def __init__(
        self, input_size: tuple[int, int], use_udp: bool = False, border_value: float | tuple[float, ...] = 0
    ) -> None:
        size = tuple(input_size)
        if len(size) != 2 or any(not isinstance(side, (int, np.integer)) or side < 1 for side in size):
            raise ValueError(f"TopdownAffine.input_size: {input_size!r} is not (width, height) in whole pixels")
        self.input_size = (int(size[0]), int(size[1]))
        self.use_udp = use_udp
        self.border_value = border_value

    def place(self, results: Results) -> Results | None:
        center, scale = self.crop(results)
        rotation = float(results["bbox_rotation"][0]) if "bbox_rotation" in results else 0.0
        crop = crop_affine(center, scale, rotation, self.input_size, use_udp=self.use_udp)
        step = Affine(crop.matrix, current_space(results), "input")
        if results.get("keypoints") is not None:
            results["transformed_keypoints"] = move_points(step, results["keypoints"])
        results["input_size"] = self.input_size
        results["input_center"] = center
        results["input_scale"] = scale
        pend(results, step, self.input_size, self.border_value)
        return results

    def crop(self, results: Results) -> tuple[np.ndarray, np.ndarray]:
        """Return centre and scale, and write the scale with its new aspect ratio back.

        Raises:
            ValueError: unless there is exactly one box, of a size above zero.
        """
        centers, scales = results["bbox_center"], results["bbox_scale"]
        if len(centers) != 1:
            raise ValueError(
                f"TopdownAffine: {len(centers)} boxes in one sample (bbox_center {np.shape(centers)}); "
                "a top-down sample has one, use data_mode='topdown'"
            )
        width, height = scales[0].tolist()
        if not (width > 0 and height > 0 and math.isfinite(width + height + sum(centers[0].tolist()))):
            raise ValueError(
                f"TopdownAffine: image {results.get('img_path')}, instance {results.get('id')}: the box has "
                f"centre {centers[0].tolist()} and scale {[width, height]}; both need finite numbers, the scale above 0"
            )
        aspect = self.input_size[0] / self.input_size[1]
        scale = np.array([max(width, height * aspect), max(height, width / aspect)], dtype=scales.dtype)
        results["bbox_scale"] = scale[None]
        return centers[0], scale

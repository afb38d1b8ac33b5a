"""Random shift, size, rotation and shear, as YOLOX's configs name it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from posekit.datasets.transforms.base import random_generator
from posekit.datasets.transforms.geometric import GeometricTransform
from posekit.datasets.transforms.instances import move_instances
from posekit.datasets.transforms.results import Results
from posekit.datasets.transforms.warp import current_space, frame_size, pend
from posekit.geometry import Affine
from posekit.registry import TRANSFORMS
from posekit.structures.bbox import get_pers_warp_matrix


@TRANSFORMS.register_module()
class RandomAffine(GeometricTransform):
    """Turn, resize, shear and shift the image about its middle, and cut or extend its frame.

    Args:
        max_rotate_degree: largest angle in degrees.
        max_translate_ratio: largest shift as a fraction of the result.
        scaling_ratio_range: smallest and largest factor.
        max_shear_degree: largest shear in degrees.
        border: pixels (x, y) that the frame grows by on each side; negative ones cut, as after a mosaic.
        border_val: grey level, or B, G, R, outside of the image.
        bbox_clip_border: whether boxes are cut, and keypoints hidden, at the border.

    Source: Ge et al., YOLOX, arXiv 2107.08430. MMDetection turns and resizes about the corner instead.
    """

    requires = ("img",)
    provides = ("img_shape", "affine")

    def __init__(
        self,
        max_rotate_degree: float = 10.0,
        max_translate_ratio: float = 0.1,
        scaling_ratio_range: Sequence[float] = (0.5, 1.5),
        max_shear_degree: float = 2.0,
        border: Sequence[int] = (0, 0),
        border_val: float | Sequence[float] = (114, 114, 114),
        bbox_clip_border: bool = True,
    ) -> None:
        self.max_rotate_degree = max_rotate_degree
        self.max_translate_ratio = max_translate_ratio
        self.scaling_ratio_range = (scaling_ratio_range[0], scaling_ratio_range[1])
        self.max_shear_degree = max_shear_degree
        self.border = (int(border[0]), int(border[1]))
        self.border_val = border_val
        self.bbox_clip_border = bbox_clip_border

    def place(self, results: Results) -> Results | None:
        frame = frame_size(results)
        size = (frame[0] + 2 * self.border[0], frame[1] + 2 * self.border[1])
        if min(size) < 1:
            raise ValueError(
                f"RandomAffine.border: {self.border} leaves nothing of an image of {frame[0]} x {frame[1]}"
            )
        step = Affine(self.draw(random_generator(results), frame, size), current_space(results), "input")
        move_instances(results, step, size if self.bbox_clip_border else None)
        results["img_shape"] = (size[1], size[0])
        pend(results, step, size, self.border_val)
        return results

    def draw(self, rng: np.random.Generator, frame: tuple[int, int], size: tuple[int, int]) -> np.ndarray:
        """Return a random (2, 3) map from an image of size ``frame`` to a result of ``size``."""
        angle = rng.uniform(-self.max_rotate_degree, self.max_rotate_degree)
        scale = rng.uniform(*self.scaling_ratio_range)
        shear = rng.uniform(-self.max_shear_degree, self.max_shear_degree, 2)
        shift = rng.uniform(-self.max_translate_ratio, self.max_translate_ratio, 2) * size
        center = np.array(frame) / 2
        return get_pers_warp_matrix(center, np.array(size) / 2 - center + shift, scale, angle, shear.tolist())[:2]

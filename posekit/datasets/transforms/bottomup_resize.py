"""The whole image as the network's input."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from posekit.datasets.transforms.geometric import GeometricTransform
from posekit.datasets.transforms.results import Results
from posekit.datasets.transforms.warp import (
    Border,
    Warp,
    apply_warp,
    current_space,
    frame_size,
    move_points,
    pend,
    render,
)
from posekit.geometry import Affine, crop_affine
from posekit.media.image_file import MAX_PIXELS
from posekit.registry import TRANSFORMS

Size = tuple[int, int]


@TRANSFORMS.register_module()
class BottomupResize(GeometricTransform):
    """Resize the image to the network's input, its aspect ratio kept.

    Keypoints stay as they are; ``transformed_keypoints`` holds them in the input.

    Args:
        input_size: (w, h) in pixels.
        aug_scales: further factors of ``input_size``; ``img`` becomes a list, the plain size first.
        size_factor: both sides of the input are multiples of this.
        resize_mode: ``fit`` puts the whole image into ``input_size`` and pads;
            ``expand`` makes its shorter side fill ``input_size``, and the input as large as needed.
        pad_val: grey level, or B, G, R, of the padding.
        use_udp: align the centres of the outer pixels instead of their edges; the padding is at right and bottom.

    Raises:
        ValueError: for another mode, in mode ``fit`` if a side is no multiple of ``size_factor``, or, once it
            runs, if a narrow image would become far too large an input.
    """

    requires = ("img",)
    provides = ("img_shape", "input_size", "input_center", "input_scale", "affine")

    def __init__(
        self,
        input_size: Size,
        aug_scales: list[float] | None = None,
        size_factor: int = 32,
        resize_mode: str = "fit",
        pad_val: Border = (0, 0, 0),
        use_udp: bool = False,
    ) -> None:
        if resize_mode not in ("fit", "expand"):
            raise ValueError(f"BottomupResize.resize_mode: {resize_mode!r} is neither 'fit' nor 'expand'")
        self.input_size = (int(input_size[0]), int(input_size[1]))
        self.aug_scales = aug_scales
        self.size_factor = size_factor
        self.resize_mode = resize_mode
        self.pad_val = pad_val
        self.use_udp = use_udp
        for size in self.sizes() if resize_mode == "fit" else ():
            if ceil_to_multiple(size, size_factor) != size:
                raise ValueError(
                    f"BottomupResize.input_size: {size} is no multiple of size_factor={size_factor}, "
                    f"as resize_mode='fit' needs; use {ceil_to_multiple(size, size_factor)} or 'expand'"
                )

    def sizes(self) -> list[Size]:
        """Return the wanted sizes (w, h), the plain one first."""
        width, height = self.input_size
        return [self.input_size, *((int(width * s), int(height * s)) for s in self.aug_scales or ())]

    def place(self, results: Results) -> Results | None:
        if self.aug_scales:
            render(results)
        frame, space = frame_size(results), current_space(results)
        warps = [self.fit(frame, size, space) for size in self.sizes()]
        others = [apply_warp(results["img"], warp) for warp in warps[1:]]
        main = warps[0]
        pend(results, main.affine, main.size_wh, self.pad_val)
        if results.get("keypoints") is not None:
            results["transformed_keypoints"] = move_points(main.affine, results["keypoints"])
        results["input_center"], results["input_scale"] = self.region(frame, main)
        results["input_size"] = main.size_wh
        results["img_shape"] = (main.size_wh[1], main.size_wh[0])
        if self.aug_scales:
            results["aug_scales"] = self.aug_scales
            results["img"] = [render(results)["img"], *others]
        else:
            results["aug_scale"] = None
        return results

    def fit(self, frame: Size, wanted: Size, space: str) -> Warp:
        """Return the map from an image of size ``frame`` to an input of about ``wanted``, and its true size."""
        choose = min if self.resize_mode == "fit" else max
        base = ceil_to_multiple(wanted, self.size_factor)
        factor = choose(base[0] / frame[0], base[1] / frame[1])
        resized = (frame[0] * factor, frame[1] * factor)
        padded = base if self.resize_mode == "fit" else ceil_to_multiple(resized, self.size_factor)
        if padded[0] * padded[1] > MAX_PIXELS:
            raise ValueError(
                f"BottomupResize: an image of {frame[0]} x {frame[1]} pixels would become an input of {padded[0]} x "
                f"{padded[1]}, more than {MAX_PIXELS} pixels; use resize_mode='fit' or cut the image"
            )
        if self.use_udp:
            center = ((frame[0] - 1) / 2, (frame[1] - 1) / 2)
            crop = crop_affine(center, frame, 0.0, resized, use_udp=True)  # pyright: ignore[reportArgumentType]
        else:
            scale = (frame[0] * padded[0] / resized[0], frame[1] * padded[1] / resized[1])
            crop = crop_affine((frame[0] / 2, frame[1] / 2), scale, 0.0, padded)
        return Warp(Affine(crop.matrix, space, "input"), padded, self.pad_val)

    def region(self, frame: Size, warp: Warp) -> tuple[np.ndarray, np.ndarray]:
        """Return centre and scale, in the image, of what the input shows."""
        size = np.array(frame, np.float32)
        if self.use_udp:
            return (size - 1) / 2, size
        return size / 2, (np.array(warp.size_wh) / warp.affine.matrix[0, 0]).astype(np.float32)


def ceil_to_multiple(size: Sequence[float], base: int) -> Size:
    # a tiny excess is rounding of the aspect ratio, not another row of cells
    width, height = (math.ceil(round(side, 6) / base) * base for side in size)
    return width, height

"""Borders that bring images to a size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from posekit.datasets.transforms.base import BaseTransform
from posekit.datasets.transforms.results import Results
from posekit.registry import TRANSFORMS


@TRANSFORMS.register_module()
class Pad(BaseTransform):
    """Pad the image at right and bottom; boxes stay where they are.

    Args:
        size: (w, h) of the result.
        size_divisor: both sides become multiples of this, in place of ``size``.
        pad_to_square: both sides become as long as the longer one.
        pad_val: grey level, or B, G, R, of the border; or ``dict(img=...)`` of it.
        padding_mode: accepted from configs; only ``constant``.

    Raises:
        ValueError: without anything that says how large, for another mode, or for an image that does not fit.
    """

    requires = ("img",)
    provides = ("img", "img_shape")

    def __init__(
        self,
        size: Sequence[int] | None = None,
        size_divisor: int | None = None,
        pad_to_square: bool = False,
        pad_val: float | Sequence[float] | Mapping[str, float | Sequence[float]] = 0,
        padding_mode: str = "constant",
    ) -> None:
        if size is None and size_divisor is None and not pad_to_square:
            raise ValueError("Pad: give size=(width, height), size_divisor or pad_to_square=True")
        if padding_mode != "constant":
            raise ValueError(f"Pad.padding_mode: {padding_mode!r} is not supported; use 'constant'")
        self.size = None if size is None else (int(size[0]), int(size[1]))
        self.size_divisor = size_divisor
        self.pad_to_square = pad_to_square
        value = pad_val.get("img", 0) if isinstance(pad_val, Mapping) else pad_val
        self.pad_val = tuple(value) if isinstance(value, Sequence) else (value,) * 3

    def transform(self, results: Results) -> Results:
        import cv2

        height, width = results["img"].shape[:2]
        right, bottom = self.wanted(width, height)
        if right < width or bottom < height:
            raise ValueError(f"Pad.size: an image of {width} x {height} does not fit into {right} x {bottom}")
        if (right, bottom) != (width, height):
            results["img"] = cv2.copyMakeBorder(
                results["img"], 0, bottom - height, 0, right - width, cv2.BORDER_CONSTANT, value=self.pad_val
            )
        results["img_shape"] = results["img"].shape[:2]
        return results

    def wanted(self, width: int, height: int) -> tuple[int, int]:
        """Return the size (w, h) of the result."""
        if self.pad_to_square:
            width = height = max(width, height)
        if self.size is not None:
            return self.size
        step = self.size_divisor or 1
        return -(-width // step) * step, -(-height // step) * step

"""Image files as arrays."""

from __future__ import annotations

import os
import stat
from typing import Any

import numpy as np

from posekit.datasets.transforms.base import BaseTransform
from posekit.datasets.transforms.image_cache import ImageCache
from posekit.datasets.transforms.image_header import ImageFileError, check_header
from posekit.datasets.transforms.results import Results
from posekit.registry import TRANSFORMS

COLOR_TYPES = ("color", "color_ignore_orientation", "grayscale", "grayscale_ignore_orientation", "unchanged")
MAX_BYTES = 2**30
MAX_PIXELS = 2**27


@TRANSFORMS.register_module("LoadImageFromFile")
@TRANSFORMS.register_module()
class LoadImage(BaseTransform):
    """Decode ``img_path`` to (H, W, 3) uint8 BGR, or take the array in ``img``.

    Grey, transparent and 16-bit files become 8-bit colour, and the orientation
    that a camera noted (EXIF) is applied. Headers are checked before anything is
    decoded; a file that is missing, empty, cut off or too large is an error
    that names it.

    Args:
        to_float32: return float32 instead of uint8.
        color_type: ``color``, ``grayscale``, ``unchanged`` (channels and depth as
            stored), or the first two with ``_ignore_orientation``.
        imdecode_backend: only ``cv2``.
        ignore_empty: skip a sample whose file is missing or empty.
        backend_args: only ``dict(backend="local")``, or "disk", the older name of the same.
        cache: ``ram`` keeps decoded images for samples to come (read-only arrays).
        cache_mb: memory of the cache in megabytes, for each worker.
        max_pixels: largest width x height that is decoded.
        file_client_args: the older name of ``backend_args``.

    Raises:
        ValueError: for another value of an argument.
        FileNotFoundError: if the file is missing.
        ImageFileError: if the file cannot be used.
    """

    requires = ("img_path",)
    provides = ("img", "img_shape", "ori_shape")

    def __init__(
        self,
        to_float32: bool = False,
        color_type: str = "color",
        imdecode_backend: str = "cv2",
        ignore_empty: bool = False,
        backend_args: dict | None = None,
        cache: str | None = None,
        cache_mb: float = 512,
        max_pixels: int = MAX_PIXELS,
        file_client_args: dict | None = None,
    ) -> None:
        check_choice("color_type", color_type, COLOR_TYPES)
        check_choice("imdecode_backend", imdecode_backend, ("cv2",))
        for name, given in (("backend_args", backend_args), ("file_client_args", file_client_args)):
            check_choice(f"{name}.backend", (given or {}).get("backend", "disk"), ("local", "disk"))
        check_choice("cache", cache, (None, "ram"))
        self.to_float32 = to_float32
        self.color_type = color_type
        self.ignore_empty = ignore_empty
        self.max_pixels = max_pixels
        self._cache = ImageCache(cache_mb * 2**20) if cache == "ram" else None

    def transform(self, results: Results) -> Results | None:
        given = results.get("img")
        if given is None:
            path = str(results["img_path"])
            img = self.load(path)
            if img is None:
                return None
        else:
            results.setdefault("img_path", None)
            img = check_array(given)
        if self.to_float32 and img.dtype != np.float32:
            img = img.astype(np.float32)
        results["img"] = img
        results["img_shape"] = results["ori_shape"] = img.shape[:2]
        return results

    def load(self, path: str) -> np.ndarray | None:
        """Return the decoded file, from the cache if it is there; None if it is empty and may be."""
        img = self._cache.get(path) if self._cache is not None else None
        if img is not None:
            return img
        try:
            data = read_bytes(path)
            if self.ignore_empty and not data:
                return None
            img = decode(data, self.color_type, self.max_pixels)
        except FileNotFoundError as error:
            if self.ignore_empty:
                return None
            raise FileNotFoundError(f"image {path}: no such file; check ann_file, data_root and data_prefix") from error
        except ImageFileError as error:
            raise ImageFileError(f"image {path}: {error}") from error
        if self._cache is not None:
            self._cache.put(path, img)
        return img


def read_image(path: str | os.PathLike[str]) -> np.ndarray:
    """Return an image file as (H, W, 3) uint8, BGR; see ``LoadImage``.

    Raises:
        FileNotFoundError: if the file is missing.
        ImageFileError: if the file cannot be used.
    """
    image = LoadImage().load(os.fspath(path))
    assert image is not None  # only ignore_empty gives None
    return image


def read_bytes(path: str) -> bytes:
    """Return the content of an image file.

    Raises:
        FileNotFoundError: if there is no such file.
        ImageFileError: if it is no plain file (a folder, a device that never ends), too large or unreadable.
    """
    wrong, data = "", b""
    try:
        status = os.stat(path)  # noqa: PTH116 - next to a decoder, the code of pathlib is cold and takes 0.1 ms
        if not stat.S_ISREG(status.st_mode):
            wrong = "it is a folder or a device"
        elif status.st_size > MAX_BYTES:
            wrong = f"it has {status.st_size} bytes, and no picture needs more than {MAX_BYTES}"
        else:
            with open(path, "rb", buffering=0) as file:  # noqa: PTH123
                data = file.read()
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        wrong = getattr(error, "strerror", None) or str(error)
    if wrong:
        raise ImageFileError(f"cannot be read ({wrong})")
    return data


def check_choice(name: str, value: Any, allowed: tuple) -> None:
    if value not in allowed:
        raise ValueError(f"LoadImage.{name}: {value!r} is not supported; use {' or '.join(map(repr, allowed))}")


def decode(data: bytes, color_type: str = "color", max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Decode the bytes of an image file.

    Raises:
        ImageFileError: if they are no whole image of a known format and a sane size.
    """
    import cv2

    check_header(data, max_pixels)
    flag = {"color": cv2.IMREAD_COLOR, "grayscale": cv2.IMREAD_GRAYSCALE, "unchanged": cv2.IMREAD_UNCHANGED}
    kind, _, ignore = color_type.partition("_")
    try:
        img = cv2.imdecode(np.frombuffer(data, np.uint8), flag[kind] | (cv2.IMREAD_IGNORE_ORIENTATION if ignore else 0))
    except cv2.error as error:
        raise ImageFileError(f"the decoder refused it ({error.err})") from error
    if img is None:
        raise ImageFileError(
            "the decoder found no image in it: the file is damaged or holds other numbers than 8 or 16 bits; convert it"
        )
    return img


def check_array(img: Any) -> np.ndarray:
    """Return a given image as (H, W, 3) uint8 or float32; grey and transparent images become colour.

    Raises:
        ImageFileError: for anything else.
    """
    import cv2

    if isinstance(img, np.ndarray) and img.dtype in (np.uint8, np.float32) and img.size:
        if img.ndim == 3 and img.shape[2] == 3:
            return img
        if img.ndim == 2 or (img.ndim == 3 and img.shape[2] == 1):
            return cv2.cvtColor(img, cv2.COLOR_GRAY2BGR)
        if img.ndim == 3 and img.shape[2] == 4:
            return cv2.cvtColor(img, cv2.COLOR_BGRA2BGR)
    what = f"{img.dtype} of shape {img.shape}" if isinstance(img, np.ndarray) else type(img).__name__
    raise ImageFileError(f"results['img'] is {what}; give a uint8 array of shape (H, W, 3), BGR")

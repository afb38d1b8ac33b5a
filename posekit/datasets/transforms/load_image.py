"""Image files as arrays."""

from __future__ import annotations

import logging
from collections import OrderedDict

import numpy as np

from posekit.console import check_choice
from posekit.datasets.transforms.base import BaseTransform
from posekit.datasets.transforms.results import Results
from posekit.media.image_file import MAX_PIXELS, check_array, decode, read_bytes
from posekit.media.image_header import ImageFileError
from posekit.registry import TRANSFORMS

logger = logging.getLogger(__name__)

COLOR_TYPES = ("color", "color_ignore_orientation", "grayscale", "grayscale_ignore_orientation", "unchanged")


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
        backend_args: ``dict(backend="local")`` or its older name "disk"; "petrel" is read as local, with a warning.
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
        check_choice("LoadImage.color_type", color_type, COLOR_TYPES)
        check_choice("LoadImage.imdecode_backend", imdecode_backend, ("cv2",))
        for name, settings in (("backend_args", backend_args), ("file_client_args", file_client_args)):
            check_backend(name, (settings or {}).get("backend", "local"))
        check_choice("LoadImage.cache", cache, (None, "ram"))
        self.to_float32 = to_float32
        self.color_type = color_type
        self.ignore_empty = ignore_empty
        self.max_pixels = max_pixels
        self._cache = ImageCache(cache_mb * 2**20) if cache == "ram" else None

    def transform(self, results: Results) -> Results | None:
        image = results.get("img")
        if image is None:
            path = str(results["img_path"])
            img = self.load(path)
            if img is None:
                return None
        else:
            results.setdefault("img_path", None)
            img = check_array(image)
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


def check_backend(name: str, backend: str) -> None:
    """Refuse what is no local file; say so where a cluster's store is read as local.

    Raises:
        ValueError: for any other backend.
    """
    if backend == "petrel":
        logger.warning("LoadImage.%s: backend 'petrel' is read as local files; set data_root to where they lie", name)
        return
    check_choice(f"LoadImage.{name}.backend", backend, ("local", "disk"))


class ImageCache:
    """Decoded images by path; the least recently used go when ``max_bytes`` is reached.

    Stored images are read-only, for several samples share them. Each worker
    process holds its own.
    """

    def __init__(self, max_bytes: float) -> None:
        self.max_bytes = max_bytes
        self.num_bytes = 0
        self._images: OrderedDict[str, np.ndarray] = OrderedDict()

    def get(self, path: str) -> np.ndarray | None:
        img = self._images.get(path)
        if img is not None:
            self._images.move_to_end(path)
        return img

    def put(self, path: str, img: np.ndarray) -> None:
        if img.nbytes > self.max_bytes or path in self._images:
            return
        img.flags.writeable = False
        self._images[path] = img
        self.num_bytes += img.nbytes
        while self.num_bytes > self.max_bytes:
            self.num_bytes -= self._images.popitem(last=False)[1].nbytes

    def __len__(self) -> int:
        return len(self._images)

    def __getstate__(self) -> dict[str, float]:
        return {"max_bytes": self.max_bytes}

    def __setstate__(self, state: dict[str, float]) -> None:
        self.__init__(state["max_bytes"])

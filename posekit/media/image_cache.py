"""A bounded store of decoded images."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np


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

"""Memory that is used again and again."""

from __future__ import annotations

import math
import threading

import numpy as np


class Scratch(threading.local):
    """Memory that one thread uses again and again: fresh megabytes cost more than the work done in them."""

    def __init__(self) -> None:
        self.buffers: dict[str, np.ndarray] = {}

    def array(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """Return an uint8 array with whatever content; the next call with this name takes it back."""
        size = math.prod(shape)
        buffer = self.buffers.get(name)
        if buffer is None or len(buffer) < size:
            buffer = self.buffers[name] = np.empty(size, np.uint8)
        return buffer[:size].reshape(shape)


SCRATCH = Scratch()

"""The part of a checkpoint's meta information that is plain values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from posekit.checkpoints.torch_file import CheckpointError

MAX_VALUES = 100_000
MAX_DEPTH = 50
_DROPPED = object()


class PlainMeta:
    """Copies meta information as JSON has it; what is no plain value is left out and noted.

    Attributes:
        values: the copy, with texts as keys.
        dropped: places where something was left out, such as ``hook_msgs.history``.

    Raises:
        CheckpointError: for more values than meta information has; a few nested lists can share parts so that
            they would unfold to any number.
    """

    def __init__(self, meta: Mapping[Any, Any]) -> None:
        self.dropped: list[str] = []
        self.count = 0
        self.values: dict[str, Any] = self.copy(dict(meta), "", 0)

    def copy(self, value: Any, path: str, depth: int) -> Any:
        self.count += 1
        if self.count > MAX_VALUES or depth > MAX_DEPTH:
            raise CheckpointError("the meta information is nested too deeply, or has too many values, to be copied")
        if isinstance(value, (np.ndarray, np.generic)):
            value = value.tolist()
        if isinstance(value, float):
            return value if math.isfinite(value) else None
        if value is None or isinstance(value, (str, bool, int)):
            return value
        if isinstance(value, Mapping):
            return self.copy_items({str(key): item for key, item in value.items()}, path, depth)
        if isinstance(value, (list, tuple, set, frozenset)):
            items = self.copy_items({str(index): item for index, item in enumerate(value)}, path, depth)
            return list(items.values())
        self.dropped.append(path)
        return _DROPPED

    def copy_items(self, items: dict[str, Any], path: str, depth: int) -> dict[str, Any]:
        copied = {key: self.copy(item, f"{path}.{key}".lstrip("."), depth + 1) for key, item in items.items()}
        return {key: item for key, item in copied.items() if item is not _DROPPED}

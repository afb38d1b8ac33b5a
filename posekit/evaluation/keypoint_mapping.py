"""Moving keypoints from one keypoint set to another for evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Source = int | Sequence[int]


def map_keypoints(values: np.ndarray, converter: Mapping[str, Any], fill: float = 0.0) -> np.ndarray:
    """Pick and reorder keypoints as a ``KeypointConverter`` with the same arguments does.

    Args:
        values: (..., K, C).
        converter: ``num_keypoints`` and ``mapping``, a list of (source, target); a source may
            be several keypoints, whose mean is taken.
        fill: value of targets without a source.

    Returns:
        (..., num_keypoints, C).

    Raises:
        ValueError: if the converter lacks a key or names a keypoint that does not exist.
    """
    mapping: Sequence[tuple[Source, int]] = converter.get("mapping", ())
    count = converter.get("num_keypoints")
    if not isinstance(count, int) or not mapping:
        raise ValueError("a converter needs num_keypoints and mapping, a list of (source, target)")
    mapped = np.full((*values.shape[:-2], count, values.shape[-1]), fill, values.dtype)
    for source, target in mapping:
        sources = [source] if isinstance(source, int) else list(source)
        if not 0 <= target < count or min(sources) < 0 or max(sources) >= values.shape[-2]:
            raise ValueError(
                f"converter maps {source} to {target}, but there are {values.shape[-2]} keypoints to map to {count}"
            )
        mapped[..., target, :] = values[..., sources, :].mean(-2)
    return mapped

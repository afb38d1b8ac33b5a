"""Which keypoints of one set become which of another."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from posekit.keypoints.skeleton import Skeleton

SAME = {"head_top": "head", "top_head": "head", "upper_neck": "neck"}
"""Names under which sets keep points that training on several of them takes for one."""

IndexPairs = Sequence[tuple[int | Sequence[int], int]]
"""(source, target) indices; a source is one keypoint or several, whose mean is taken."""


class KeypointMapping:
    """Turns the keypoints of one set into those of another.

    Shapes: K source keypoints, T target keypoints, M mapped ones among these.

    Args:
        pairs: (source, target) indices; a source is one keypoint or several, whose mean is taken. Or the names of two
            keypoint sets with ``_to_`` between them, such as ``aic_to_coco``, whose keypoints are matched by name.
        num_keypoints: size T of the target set; a named mapping knows it.
        owner: the argument that messages name.

    Raises:
        ValueError: if the size or the pairs are missing, or an index is out of range.

    Example:
        >>> mapping = KeypointMapping([(0, 0), ((1, 2), 1)], num_keypoints=2)  # the second is the mean of two
        >>> mapping.points(np.array([[0.0, 0.0], [2.0, 4.0], [4.0, 8.0]])).tolist()
        [[0.0, 0.0], [3.0, 6.0]]
    """

    def __init__(self, pairs: IndexPairs | str, num_keypoints: int | None = None, *, owner: str = "mapping") -> None:
        if isinstance(pairs, str):
            name, size = pairs, num_keypoints
            pairs, num_keypoints = named_mapping(name)
            if size not in (None, num_keypoints):
                raise ValueError(f"{owner}: num_keypoints is {size}, but {name} makes {num_keypoints}")
        if not isinstance(num_keypoints, int) or not pairs:
            raise ValueError(f"{owner}: needs num_keypoints and a mapping, or a named mapping alone")
        sources = [(source,) if isinstance(source, int) else tuple(source) for source, _ in pairs]
        if not all(sources) or min(map(min, sources)) < 0:
            raise ValueError(f"{owner}: a source is one index or several, counted from 0; found {pairs}")
        self.num_keypoints = num_keypoints
        self.targets = [target for _, target in pairs]
        if not all(0 <= target < num_keypoints for target in self.targets):
            raise ValueError(f"{owner}: targets must be below num_keypoints={num_keypoints}, found {self.targets}")
        self.sources = sources
        self.owner = owner
        width = max(map(len, sources))
        self._index = np.array([source + source[:1] * (width - len(source)) for source in sources])
        self._counts = np.array([len(source) for source in sources])
        self._stated = np.arange(width) < self._counts[:, None]

    @classmethod
    def of_converter(cls, settings: dict[str, Any], owner: str) -> KeypointMapping:
        """Return the mapping that the settings of a ``KeypointConverter`` describe."""
        return cls(settings.get("mapping", ()), settings.get("num_keypoints"), owner=owner)

    def __repr__(self) -> str:
        return f"KeypointMapping({list(zip(self.sources, self.targets, strict=True))}, {self.num_keypoints})"

    def points(self, values: np.ndarray, fill: float = 0.0) -> np.ndarray:
        """Map coordinates or other values: the mean over each target's sources.

        Args:
            values: (..., K, D).
            fill: value of targets without a source.

        Returns:
            (..., T, D).

        Raises:
            ValueError: if the mapping takes a keypoint beyond the K.
        """
        taken = self._taken(values, axis=-2)
        total = taken.sum(axis=-2, where=self._stated[:, :, None])
        return self._spread(total / self._counts[:, None].astype(values.dtype), fill)

    def visibility(self, values: np.ndarray) -> np.ndarray:
        """Map visibilities (..., K) to (..., T): a target is as visible as all of its sources together."""
        product = self._taken(values, axis=-1).prod(axis=-1, where=self._stated)
        return self._spread(product.astype(values.dtype)[..., None])[..., 0]

    def subset(self, chosen: Collection[int]) -> list[int]:
        """Return the targets, sorted, all of whose sources are among the chosen keypoints."""
        known = set(chosen)
        return sorted({t for source, t in zip(self.sources, self.targets, strict=True) if known.issuperset(source)})

    def mirror_partners(self, flip_indices: Sequence[int]) -> list[int]:
        """Return each target's mirror partner (T,); a target whose partner is not mapped is its own.

        Args:
            flip_indices: mirror partner of each source keypoint (K,).
        """
        sources = [frozenset(source) for source in self.sources]
        target_of = dict(zip(sources, self.targets, strict=True))
        partners = list(range(self.num_keypoints))
        for source, target in zip(sources, self.targets, strict=True):
            partners[target] = target_of.get(frozenset(flip_indices[i] for i in source), target)
        return partners

    def _taken(self, values: np.ndarray, axis: int) -> np.ndarray:
        """Return the values of each target's sources, in two axes (M, W) in place of the one of the keypoints."""
        if values.shape[axis] <= self._index.max():
            raise ValueError(f"{self.owner}: takes keypoint {self._index.max()} of a set of {values.shape[axis]}")
        return np.take(values, self._index, axis=axis)

    def _spread(self, values: np.ndarray, fill: float = 0.0) -> np.ndarray:
        """Put values (..., M, D) at their targets."""
        spread = np.full((*values.shape[:-2], self.num_keypoints, values.shape[-1]), fill, values.dtype)
        spread[..., self.targets, :] = values
        return spread


def named_mapping(name: str) -> tuple[list[tuple[int, int]], int]:
    """Return the mapping that a text such as ``aic_to_coco`` names.

    Args:
        name: two keypoint sets with ``_to_`` between them.

    Returns:
        (source, target) index pairs in the order of the source, and the number of target keypoints.

    Raises:
        ValueError: if the text has another form, a set is unknown, or the two share no keypoint.
    """
    source, between, target = name.partition("_to_")
    if not between:
        raise ValueError(f"keypoint mapping '{name}': write SOURCE_to_TARGET with two keypoint sets, as in aic_to_coco")
    before, after = Skeleton.load(source), Skeleton.load(target)
    place = {SAME.get(keypoint, keypoint): index for index, keypoint in enumerate(after.names)}
    known = [SAME.get(keypoint, keypoint) for keypoint in before.names]
    pairs = [(index, place[keypoint]) for index, keypoint in enumerate(known) if keypoint in place]
    if not pairs:
        raise ValueError(
            f"keypoint mapping '{name}': {source} ({', '.join(before.names[:3])} …) and {target} "
            f"({', '.join(after.names[:3])} …) share no keypoint; give index pairs"
        )
    return pairs, len(after.names)

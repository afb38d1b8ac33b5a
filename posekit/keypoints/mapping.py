"""Which keypoint of one set is which of another, by their names."""

from __future__ import annotations

from posekit.keypoints.skeleton import Skeleton

SAME = {"head_top": "head", "top_head": "head", "upper_neck": "neck"}
"""Names under which sets keep points that training on several of them takes for one."""


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

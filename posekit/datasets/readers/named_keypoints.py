"""The keypoint set that the categories of a COCO file name."""

from __future__ import annotations

import logging
import re
from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from posekit.datasets.readers.annotation_file import dicts_under
from posekit.files import read_json
from posekit.keypoints.proposed_skeleton import info_of_category, names_keypoints

logger = logging.getLogger(__name__)


def propose_info(path: str) -> dict[str, Any]:
    """Return a ``dataset_info`` of the keypoints that a COCO file names.

    Swaps are proposed where two names differ in left and right alone; they are logged, to be checked.

    Raises:
        ValueError: if no category of the file names keypoints.
    """
    categories = dicts_under(read_json(path, "annotation file"), "categories", path)
    named = [category for category in categories if names_keypoints(category)]
    if not named:
        raise ValueError(f"{path}: no category names its keypoints; give metainfo=dict(from_file=...)")
    info = info_of_category(named[0])
    names, swaps = named[0]["keypoints"], {point["name"]: point["swap"] for point in info["keypoint_info"].values()}
    pairs = [f"{name} and {swap}" for name, swap in swaps.items() if swap and name < swap]
    logger.warning(
        "%s: keypoints %s of category '%s'; proposed to swap when mirrored: %s. If that is wrong, write the keypoint "
        "set into a file and give metainfo=dict(from_file=...)",
        path, ", ".join(names), named[0].get("name"), ", ".join(pairs) or "none",
    )  # fmt: skip
    return info


def names_other_keypoints(
    categories: Any, annotations: Sequence[Mapping[str, Any]], known: Mapping[int, str] | None
) -> bool:
    """Whether a file names as many keypoints as its annotations have, and not those of the set ``known``."""
    lists = (
        [item.get("keypoints") for item in categories if isinstance(item, dict)] if isinstance(categories, list) else []
    )
    named = next((names for names in lists if isinstance(names, list) and names), [])
    labelled = next((ann["keypoints"] for ann in annotations if isinstance(ann.get("keypoints"), (list, array))), None)
    if labelled is None or not named or len(labelled) != 3 * len(named):
        return False
    return known is None or list(map(_letters, named)) != list(map(_letters, known.values()))


def _letters(name: Any) -> str:
    """Return a name without what is only spelling: ``Left Eye`` is ``left_eye``."""
    return re.sub(r"[\W_]+", "", str(name)).lower()

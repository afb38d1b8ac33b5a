"""Labels of COCO-style annotations as columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from posekit.evaluation.oks import TruePoses
from posekit.json_file import read_json

AREA_OF_BOX = 0.53
"""How much of its box a person covers, where the annotations have no area."""


def read_coco(path: str | Path) -> dict[str, Any]:
    """Read an annotation file and check that it has images and annotations.

    Raises:
        ValueError: if it is no COCO file.
    """
    content = read_json(path)
    missing = [key for key in ("images", "annotations") if not isinstance(content, dict) or key not in content]
    if missing:
        raise ValueError(f"{path}: no {' and no '.join(missing)}; a COCO annotation file has both")
    return content


def true_poses(
    annotations: Iterable[Mapping[str, Any]],
    num_keypoints: int,
    *,
    use_area: bool = True,
    parts: Sequence[str] = ("keypoints",),
    trust_num_keypoints: bool = False,
) -> TruePoses:
    """Turn annotations into columns.

    Args:
        annotations: in COCO's format; those without keypoints become regions to ignore.
        num_keypoints: how many the keypoint set has.
        use_area: take the area from the annotations rather than from the boxes.
        parts: the fields that hold the keypoints, in their order.
        trust_num_keypoints: ignore annotations whose ``num_keypoints`` is 0, rather than those
            without a visible keypoint; CrowdPose counts only some of the visible ones.

    Raises:
        ValueError: if an annotation has another number of keypoints, or no area.
    """
    rows = list(annotations)
    keypoints = keypoints_of(rows, num_keypoints, parts)
    boxes = column(rows, "bbox", np.float64).reshape(-1, 4)
    crowd = np.array([bool(row.get("iscrowd", 0)) for row in rows], bool)
    counted = column(rows, "num_keypoints", np.int64) if trust_num_keypoints else (keypoints[..., 2] > 0).sum(1)
    return TruePoses(
        image=column(rows, "image_id", None),
        category=np.array([row.get("category_id", 1) for row in rows]),
        keypoints=keypoints,
        boxes_xywh=boxes,
        area=column(rows, "area", np.float64) if use_area else boxes[:, 2] * boxes[:, 3] * AREA_OF_BOX,
        ignore=crowd | (counted == 0),
        crowd=crowd,
    )


def column(rows: Sequence[Mapping[str, Any]], key: str, dtype: Any) -> np.ndarray:
    """Return one field of all annotations.

    Raises:
        ValueError: if an annotation lacks it.
    """
    try:
        return np.array([row[key] for row in rows], dtype)
    except KeyError as error:
        row = next(row for row in rows if key not in row)
        hint = "; set use_area=False to take it from the box" if key == "area" else ""
        raise ValueError(f"annotation {row.get('id')} has no {key}{hint}") from error


def keypoints_of(rows: Sequence[Mapping[str, Any]], num_keypoints: int, parts: Sequence[str]) -> np.ndarray:
    """Return the keypoints (G, K, 3) of annotations, all 0 where one has none."""
    absent = [0] * (3 * num_keypoints)
    flat = []
    for row in rows:
        numbers = [number for part in parts for number in row.get(part) or ()] or absent
        if len(numbers) != len(absent):
            raise ValueError(
                f"annotation {row.get('id')}: {len(numbers)} numbers in {' + '.join(parts)}, "
                f"but {num_keypoints} keypoints have {len(absent)}; is this the right keypoint set?"
            )
        flat.append(numbers)
    return np.array(flat, np.float64).reshape(-1, num_keypoints, 3)

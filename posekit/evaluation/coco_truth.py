"""Labels of COCO-style annotations as columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from posekit.datasets.readers.annotation_file import INFINITE
from posekit.files import read_json
from posekit.keypoints.oks import TruePoses

AREA_OF_BOX = 0.53
"""How much of its box a person covers, where the annotations have no area."""


def read_coco(path: str | Path) -> dict[str, Any]:
    """Read an annotation file and check that it has images and annotations.

    Raises:
        ValueError: if it is no COCO file.
    """
    content = read_json(path, "annotation file")
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
        annotations: annotations in COCO's format; those without keypoints become regions to ignore.
        num_keypoints: number of keypoints in the keypoint set.
        use_area: take the area from the annotations rather than from the boxes.
        parts: the fields that hold the keypoints, in their order.
        trust_num_keypoints: ignore annotations whose ``num_keypoints`` is 0, rather than those
            without a visible keypoint; CrowdPose counts only some of the visible ones.

    Raises:
        ValueError: if an annotation has another number of keypoints, or no area, or one below 0.
    """
    rows = list(annotations)
    keypoints = keypoints_of(rows, num_keypoints, parts)
    boxes = column(rows, "bbox", np.float64, 4)
    crowd = np.array([is_crowd(row) for row in rows], bool)
    counted = column(rows, "num_keypoints", np.int64) if trust_num_keypoints else (keypoints[..., 2] > 0).sum(1)
    area = column(rows, "area", np.float64) if use_area else boxes[:, 2] * boxes[:, 3] * AREA_OF_BOX
    if (area < 0).any():
        worst = int(area.argmin())
        raise ValueError(f"annotation {rows[worst].get('id')}: its area is {area[worst]:g}; it must not be below 0")
    return TruePoses(
        image=column(rows, "image_id", None),
        category=column([{"category_id": 1, **row} for row in rows], "category_id", None),
        keypoints=keypoints,
        boxes_xywh=boxes,
        area=area,
        ignore=crowd | (counted == 0),
        crowd=crowd,
    )


def is_crowd(row: Mapping[str, Any]) -> bool:
    """Return whether an annotation marks several persons."""
    mark = row.get("iscrowd") or 0
    if mark not in (0, 1):
        raise ValueError(f"annotation {row.get('id')}: iscrowd must be 0 or 1, found {mark!r:.60}")
    return bool(mark)


def column(rows: Sequence[Mapping[str, Any]], key: str, dtype: Any, *shape: int) -> np.ndarray:
    """Return one field of all annotations, of the given shape in each.

    Raises:
        ValueError: if an annotation lacks it, or has something else in it.
    """
    lacking = next((row for row in rows if key not in row), None)
    if lacking is not None:
        hint = "; set use_area=False to take it from the box" if key == "area" else ""
        raise ValueError(f"annotation {lacking.get('id')} has no {key}{hint}")
    return as_array(rows, [row[key] for row in rows], key, dtype, *shape)


def as_array(rows: Sequence[Mapping[str, Any]], values: list[Any], key: str, dtype: Any, *shape: int) -> np.ndarray:
    """Return the values of annotations as an array.

    Raises:
        ValueError: if one has another shape or is no finite number; the message names its annotation.
    """
    array = fitting(values, dtype, len(values), *shape)
    if array is not None:
        return array
    row, value = next(
        ((row, value) for row, value in zip(rows, values, strict=True) if fitting(value, dtype, *shape) is None),
        (rows[0], "a mixture of numbers and texts"),
    )
    wanted = f"{shape[0]} finite numbers" if shape else "a finite number" if dtype else "a whole number or a text"
    raise ValueError(f"annotation {row.get('id')}: {key} must be {wanted}, found {str(value)[:60]}")


def fitting(value: Any, dtype: Any, *shape: int) -> np.ndarray | None:
    """Return an array of this shape, of finite numbers or, without ``dtype``, of ids; None if it is none."""
    try:
        array = np.array(value, dtype)
    except (ValueError, TypeError, OverflowError):
        return None
    if not array.size:
        return array.reshape(shape) if 0 in shape else None
    fits = array.dtype.kind in "iuU" if dtype is None else bool((np.abs(array) < INFINITE).all())
    return array if fits and array.shape == shape else None


def keypoints_of(rows: Sequence[Mapping[str, Any]], num_keypoints: int, parts: Sequence[str]) -> np.ndarray:
    """Return the keypoints (G, K, 3) of annotations, all 0 where one has none."""
    absent = [0] * (3 * num_keypoints)
    flat = []
    for row in rows:
        lists = [row.get(part) or () for part in parts]
        if wrong := [part for part in lists if not isinstance(part, (list, tuple))]:
            raise ValueError(f"annotation {row.get('id')}: keypoints must be a list of numbers, found {wrong[0]!r:.60}")
        numbers = [number for part in lists for number in part] or absent
        if len(numbers) != len(absent):
            raise ValueError(
                f"annotation {row.get('id')}: {len(numbers)} numbers in {' + '.join(parts)}, "
                f"but {num_keypoints} keypoints have {len(absent)}; is this the right keypoint set?"
            )
        flat.append(numbers)
    return as_array(rows, flat, " + ".join(parts), np.float64, len(absent)).reshape(-1, num_keypoints, 3)

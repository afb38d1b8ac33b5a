"""Small COCO files for the tests of datasets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

NAMES = ("nose", "left_hand", "right_hand")

TRIANGLE = dict(
    dataset_name="triangle",
    keypoint_info={
        0: dict(id=0, name="nose", type="upper", swap=""),
        1: dict(id=1, name="left_hand", type="upper", swap="right_hand"),
        2: dict(id=2, name="right_hand", type="lower", swap="left_hand"),
    },
    skeleton_info={0: dict(link=("nose", "left_hand")), 1: dict(link=("nose", "right_hand"))},
    joint_weights=[1.0, 1.5, 1.5],
    sigmas=[0.02, 0.05, 0.05],
)


def annotation(number: int, image_id: int = 1, **changes: Any) -> dict[str, Any]:
    whole = dict(
        id=number,
        image_id=image_id,
        category_id=1,
        bbox=[10, 20, 30, 40],
        keypoints=[15, 25, 2, 20, 30, 1, 0, 0, 0],
        num_keypoints=2,
        area=700.0,
        iscrowd=0,
        segmentation=[[10, 20, 40, 20, 40, 60]],
    )
    return {key: value for key, value in {**whole, **changes}.items() if value is not ...}


def image(number: int, **changes: Any) -> dict[str, Any]:
    whole = dict(id=number, file_name=f"{number}.jpg", width=100, height=80)
    return {key: value for key, value in {**whole, **changes}.items() if value is not ...}


def write(folder: Path, annotations: list[Any], images: list[Any] | None = None) -> str:
    """Write a COCO file and return its path."""
    path = folder / "annotations.json"
    data = dict(
        images=[image(1), image(2)] if images is None else images,
        annotations=annotations,
        categories=[dict(id=1, name="person")],
    )
    path.write_text(json.dumps(data))
    return str(path)

"""Small COCO files with images, to find mistakes in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from posekit.labels.doctor.finding import Finding
from posekit.labels.doctor.image_scan import scan_images
from posekit.labels.doctor.source import file_source
from posekit.labels.doctor.table import InstanceTable

NAMES = ("nose", "left_eye", "right_eye", "left_shoulder", "right_shoulder", "left_hip", "right_hip")
POSE = ((50, 20), (54, 16), (46, 16), (60, 35), (40, 35), (56, 60), (44, 60))
SIZE = (120, 90)
CATEGORY = dict(id=1, name="person", keypoints=list(NAMES), skeleton=[[4, 6], [5, 7], [4, 5], [6, 7]])


def keypoints(points: Iterable[Any] = POSE, mark: int = 2) -> list[float]:
    return [value for x, y in points for value in (float(x), float(y), mark)]


def person(number: int = 1, image_id: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a faultless annotation, with changes; ``...`` takes a key away."""
    whole = dict(
        id=number, image_id=image_id, category_id=1, bbox=[35, 10, 30, 60], area=900.0, iscrowd=0,
        keypoints=keypoints(), num_keypoints=7,
    )  # fmt: skip
    return {key: value for key, value in {**whole, **changes}.items() if value is not ...}


def image(seed: int, size_wh: tuple[int, int] = SIZE) -> np.ndarray:
    """Return an image of blots, another one for each seed."""
    blots = np.random.default_rng(seed).integers(0, 256, (7, 9, 3), np.uint8)
    return cv2.resize(blots, size_wh, interpolation=cv2.INTER_CUBIC)


def write(folder: Path, annotations: list[Any], *, name: str = "own.json", **parts: Any) -> str:
    """Write a COCO file and, where there are none yet, the images of images 1 and 2; return its path."""
    infos = [dict(id=i, file_name=f"{i}.png", width=SIZE[0], height=SIZE[1]) for i in (1, 2)]
    data = {"images": infos, "annotations": annotations, "categories": [CATEGORY], **parts}
    (folder / "images").mkdir(exist_ok=True)
    for i in (1, 2):
        path = folder / "images" / f"{i}.png"
        if not path.exists():
            cv2.imwrite(str(path), image(i))
    (folder / name).write_text(json.dumps(data))
    return str(folder / name)


def read(folder: Path, annotations: list[Any], **parts: Any) -> InstanceTable:
    """Return the table of a COCO file, its images looked at."""
    table = InstanceTable.read(file_source(write(folder, annotations, **parts)))
    table.scan = scan_images(table.images.paths, threads=2)
    return table


def found(check: Callable[[Any], Iterable[Finding]], subject: Any) -> dict[str, Finding]:
    """Return a check's findings by kind; there must be one of each."""
    findings = list(check(subject))
    by_kind = {finding.kind: finding for finding in findings}
    assert len(by_kind) == len(findings)
    assert all(finding.remedy.endswith(".") and finding.message for finding in findings)
    return by_kind

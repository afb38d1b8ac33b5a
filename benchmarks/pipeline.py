"""C2: samples per second of the HRNet and RTMPose train pipelines on one core, from JPEG files to network input.

Images of 640 x 480 pixels are generated, with about the persons of COCO in each. ``file`` decodes for every
person, ``group`` once for all persons of an image, and ``cached`` finds all images in memory. Targets are
left to the training device, as in training.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.case import Case
from posekit.datasets.transforms.load_image import LoadImage
from posekit.datasets.transforms.pipeline import Pipeline

NUM_IMAGES, WIDTH, HEIGHT = 12, 640, 480
PERSONS = (1, 2, 2, 3, 3, 5)
"""Persons of one image after another; their mean is COCO's 2.65."""
SIZE = (192, 256)
MODES = ("file", "group", "cached")

CROP = [
    dict(type="GetBBoxCenterScale"),
    dict(type="RandomFlip", direction="horizontal"),
    dict(type="RandomHalfBody"),
]
HRNET = [
    *CROP,
    dict(type="RandomBBoxTransform"),
    dict(type="TopdownAffine", input_size=SIZE),
    dict(type="GenerateTarget", encoder=dict(type="MSRAHeatmap", input_size=SIZE, heatmap_size=(48, 64), sigma=2)),
    dict(type="PackPoseInputs"),
]
DROPOUT = dict(type="CoarseDropout", max_holes=1, max_height=0.4, max_width=0.4, min_height=0.2, min_width=0.2, p=1.0)
RTMPOSE = [
    *CROP,
    dict(type="RandomBBoxTransform", scale_factor=(0.6, 1.4), rotate_factor=80),
    dict(type="TopdownAffine", input_size=SIZE),
    dict(type="YOLOXHSVRandomAug"),
    dict(type="Albumentation", transforms=[dict(type="Blur", p=0.1), dict(type="MedianBlur", p=0.1), DROPOUT]),
    dict(type="GenerateTarget", encoder=dict(type="SimCCLabel", input_size=SIZE, sigma=(4.9, 5.66))),
    dict(type="PackPoseInputs"),
]
PIPELINES = {"hrnet": HRNET, "rtmpose": RTMPOSE}


def make_images(folder: Path, rng: np.random.Generator) -> list[str]:
    """Write JPEG files with the detail of photographs (about 100 KB each) and return their paths."""
    import cv2

    paths = []
    for index in range(NUM_IMAGES):
        coarse = rng.integers(0, 256, (HEIGHT // 32, WIDTH // 32, 3), np.uint8)
        fine = rng.normal(0, 12, (HEIGHT // 2, WIDTH // 2, 3))
        smooth = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
        img = np.clip(smooth + cv2.resize(fine, (WIDTH, HEIGHT)), 0, 255).astype(np.uint8)
        paths.append(str(folder / f"{index}.jpg"))
        cv2.imwrite(paths[-1], img)
    return paths


def make_rows(paths: list[str], rng: np.random.Generator) -> list[dict[str, Any]]:
    """Return what a dataset of 17 keypoints gives for each person, images in order."""
    flips = [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15]
    rows = []
    for index, path in enumerate(paths):
        for _ in range(PERSONS[index % len(PERSONS)]):
            size = rng.uniform(60, 300) * np.array([0.5, 1.0])
            corner = rng.uniform(0, 1, 2) * ((WIDTH, HEIGHT) - size)
            box = np.concatenate([corner, corner + size])[None].astype(np.float32)
            points = (corner + rng.random((1, 17, 2)) * size).astype(np.float32)
            meta = dict(flip_indices=flips, upper_body_ids=list(range(11)), lower_body_ids=list(range(11, 17)))
            rows.append(
                dict(
                    img_path=path, img_id=index, id=len(rows), bbox=box, bbox_score=np.ones(1, np.float32),
                    keypoints=points, keypoints_visible=np.ones((1, 17), np.float32), category_id=1, **meta,
                )
            )  # fmt: skip
    return rows


class PipelineCase:
    """The workload: ``run`` takes one pass over all persons and returns the seconds of this process per sample."""

    def __init__(self, name: str, mode: str) -> None:
        self.load = LoadImage(cache=None if mode == "file" else "ram")
        self.pipeline = Pipeline([self.load, *PIPELINES[name]]).split()[0]
        self.mode = mode

    def run(self, rows: list[dict[str, Any]], seed: int = 0) -> float:
        if self.mode == "group":
            self.load = LoadImage(cache="ram")
            self.pipeline = Pipeline([self.load, *list(self.pipeline)[1:]])
        samples = [{**row, "rng": np.random.default_rng([seed, row["id"]])} for row in rows]
        start = time.process_time()
        for sample in samples:
            self.pipeline(sample)
        return (time.process_time() - start) / len(rows)


def measure(rounds: int = 7) -> Iterator[tuple[str, str, float]]:
    """Yield pipeline, mode and the median of samples per second, the variants interleaved."""
    import cv2
    import torch

    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    cases = {(name, mode): PipelineCase(name, mode) for name in PIPELINES for mode in MODES}
    with tempfile.TemporaryDirectory() as folder:
        rows = make_rows(make_images(Path(folder), rng), rng)
        seconds: dict[tuple[str, str], list[float]] = {key: [] for key in cases}
        for case in cases.values():
            case.run(rows)
        for round_ in range(rounds):
            for key, case in cases.items():
                seconds[key].append(case.run(rows, round_))
    for (name, mode), values in seconds.items():
        yield name, mode, 1 / float(np.median(values))


def rates() -> dict[str, float]:
    """Return samples per second by pipeline and mode."""
    return {f"{name} {mode}": rate for name, mode, rate in measure()}


CASES = [
    Case("C2 sample", "640x480 JPEG to network input, samples/s", ">= 5x; >= 12x cached (reference 216-250)", rates)
]

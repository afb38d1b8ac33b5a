"""C10: opening a COCO file of 150,000 persons, random rows of it, and what a worker has to copy.

The baseline keeps one pickled dict per row, unpickles it and copies it, as datasets often do.
"""

from __future__ import annotations

import copy
import json
import multiprocessing
import pickle
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.case import Case, interleaved_seconds
from posekit.registry import DATASETS

PERSONS, PER_IMAGE, ROWS = 150_000, 3, 20_000


def write_persons(path: Path) -> None:
    """Write a COCO file with boxes, keypoints and outlines."""
    rng = np.random.default_rng(0)
    corners, sizes = rng.uniform(0, 400, (PERSONS, 1, 2)).round(2), rng.uniform(20, 200, (PERSONS, 1, 2)).round(2)
    visible = rng.integers(0, 3, (PERSONS, 17, 1))
    keypoints = np.concatenate(
        [((corners + sizes * rng.random((PERSONS, 17, 2))) * (visible > 0)).round(), visible], -1
    )
    outlines = (corners + sizes * rng.random((PERSONS, 20, 2))).round(1)
    rows = zip(
        np.concatenate([corners, sizes], -1)[:, 0].tolist(),
        keypoints.reshape(PERSONS, 51).astype(int).tolist(),
        outlines.reshape(PERSONS, 40).tolist(),
        (visible > 0).sum((1, 2)).tolist(),
        strict=True,
    )
    annotations = [
        dict(
            id=i, image_id=i // PER_IMAGE, category_id=1, iscrowd=0, area=box[2] * box[3], bbox=box, keypoints=points,
            num_keypoints=count, segmentation=[outline],
        )
        for i, (box, points, outline, count) in enumerate(rows)
    ]  # fmt: skip
    images = [dict(id=i, file_name=f"{i:012}.jpg", width=640, height=640) for i in range(-(-PERSONS // PER_IMAGE))]
    categories = [dict(id=1, name="person")]
    path.write_text(json.dumps(dict(images=images, annotations=annotations, categories=categories)))


def private_megabytes() -> float:
    """Return what this process has changed of the memory it shares with its parent, and has beside it."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


def read_rows(dataset: Any, rows: list[int], answer: Any) -> None:
    before = private_megabytes()
    for row in rows:
        dataset.get_data_info(row)
    answer.put(private_megabytes() - before)


def megabytes_of_a_worker(dataset: Any, rows: list[int]) -> float:
    context = multiprocessing.get_context("fork")
    answer = context.Queue()
    worker = context.Process(target=read_rows, args=(dataset, rows, answer))
    worker.start()
    grown = answer.get()
    worker.join()
    return grown


def each(read: Callable[[Any], Any], rows: list[Any]) -> None:
    """Read row after row; a pipeline keeps none, and 20,000 dicts kept would measure the garbage collector."""
    for row in rows:
        read(row)


def annotations() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "persons.json"
        write_persons(path)
        start = time.perf_counter()
        json.loads(path.read_bytes())
        parsed = time.perf_counter() - start
        start = time.perf_counter()
        dataset: Any = DATASETS.build(dict(type="CocoDataset", ann_file=str(path)))
        opened = time.perf_counter() - start
    rows = np.random.default_rng(1).integers(len(dataset), size=ROWS).tolist()
    pickled = [pickle.dumps(dict(dataset.get_data_info(row))) for row in rows]
    seconds = interleaved_seconds(
        {
            "ours": lambda: each(dataset.get_data_info, rows),
            "pickled": lambda: each(lambda row: copy.deepcopy(pickle.loads(row)), pickled),
        }
    )
    return {
        "open s": opened,
        "json alone s": parsed,
        **{f"{name} us per row": value / ROWS * 1e6 for name, value in seconds.items()},
        "ratio": seconds["pickled"] / seconds["ours"],
        "MB per worker": megabytes_of_a_worker(dataset, rows),
    }


CASES = [Case("C10 annotations", "150,000 persons, 20,000 random rows", "<= 2 us per row; no copy", annotations)]

"""C3: batches of 64 from two workers through posekit's loader, without a model.

The images are those of C2, the pipeline is HRNet's. Time of the main process is what a training
loop loses; targets are left to the training device, as in training.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.case import Case
from benchmarks.pipeline import HEIGHT, HRNET, WIDTH, make_images, make_rows
from posekit.engine.data_module import PoseDataModule

BATCH, WORKERS, SAMPLES = 64, 2, 6400


def write_annotations(folder: Path) -> Path:
    """Write images and a COCO file of some 6,400 persons on them."""
    rng = np.random.default_rng(0)
    paths = make_images(folder, rng)
    rows = make_rows(paths, rng)
    annotations = []
    for index in range(SAMPLES):
        row = rows[index % len(rows)]
        (left, top, right, bottom), points = row["bbox"][0].tolist(), row["keypoints"][0].round(2).tolist()
        box = [left, top, right - left, bottom - top]
        keypoints = [value for x, y in points for value in (x, y, 2)]
        annotations.append(
            dict(
                id=index, image_id=row["img_id"], category_id=1, bbox=box, area=box[2] * box[3], iscrowd=0,
                keypoints=keypoints, num_keypoints=17,
            )
        )  # fmt: skip
    images = [dict(id=i, file_name=Path(path).name, width=WIDTH, height=HEIGHT) for i, path in enumerate(paths)]
    document = dict(images=images, annotations=annotations, categories=[dict(id=1, name="person")])
    path = folder / "persons.json"
    path.write_text(json.dumps(document))
    return path


def loader(path: Path, cache: str | None) -> Any:
    dataset = dict(
        type="CocoDataset",
        ann_file=str(path),
        data_prefix=dict(img=str(path.parent)),
        pipeline=[dict(type="LoadImage", cache=cache), *HRNET],
    )
    settings = dict(batch_size=BATCH, num_workers=WORKERS, persistent_workers=True, dataset=dataset)
    return PoseDataModule(dict(train=settings)).train_dataloader()


def epoch(batches: Any) -> tuple[float, float]:
    """Return seconds, and seconds of this process, per sample of one epoch."""
    start, own = time.perf_counter(), time.process_time()
    for _ in batches:
        pass
    return (time.perf_counter() - start) / SAMPLES, (time.process_time() - own) / SAMPLES


def rates() -> dict[str, float]:
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = write_annotations(Path(folder))
        for name, cache in (("cached", "ram"), ("file", None)):
            batches = loader(path, cache)
            epoch(batches)  # workers start, caches fill
            wall, own = np.median([epoch(batches) for _ in range(3)], axis=0)
            found |= {f"{name}, samples/s": 1 / wall, f"{name}, main process ms": own * 1e3}
    return found


CASES = [
    Case(
        "C3 loader",
        "2 workers, batch 64, HRNet pipeline, no model",
        ">= 8x of 140 per worker; <= 0.06 ms in the main process",
        rates,
    )
]

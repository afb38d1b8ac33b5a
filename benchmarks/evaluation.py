"""C6: COCO's average precision of some 100,000 detections, OKS-NMS included, and its intervals.

The labels are generated at the size of COCO val2017 (5,000 images, some 10,000 persons): crowded
and empty images, several detections for each person and false ones, scores of all kinds.
"""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.case import Case
from posekit.evaluation.average_precision import match_poses
from posekit.evaluation.bootstrap import draw_images, interval, resampled_scores
from posekit.evaluation.metrics.coco_metric import CocoMetric, with_areas
from posekit.keypoints.skeleton import Skeleton

NUM_IMAGES = 5000
PEOPLE, SHARES = (0, 1, 2, 3, 6, 14), (0.45, 0.2, 0.12, 0.1, 0.08, 0.05)


def made_up_labels(rng: np.random.Generator) -> dict[str, Any]:
    """Return a COCO document of persons in random places."""
    annotations = []
    for image in range(1, NUM_IMAGES + 1):
        for _ in range(rng.choice(PEOPLE, p=SHARES)):
            corner, size = rng.uniform(0, 500, 2), rng.uniform(20, 300, 2)
            visible = rng.integers(0, 3, 17)
            keypoints = np.c_[corner + size * rng.random((17, 2)), visible].round(1) * (visible > 0)[:, None]
            annotations.append(
                dict(
                    id=len(annotations) + 1, image_id=image, category_id=1, iscrowd=int(rng.random() < 0.01),
                    bbox=[*corner, *size], area=size.prod() / 2, num_keypoints=int((visible > 0).sum()),
                    keypoints=keypoints.ravel().tolist(),
                )
            )  # fmt: skip
    images = [dict(id=image) for image in range(1, NUM_IMAGES + 1)]
    return dict(images=images, categories=[dict(id=1, name="person")], annotations=annotations)


def made_up_samples(rng: np.random.Generator, labels: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one sample for each detection: three for each person, the others by chance."""
    people: dict[int, list[dict[str, Any]]] = {image["id"]: [] for image in labels["images"]}
    for annotation in labels["annotations"]:
        people[annotation["image_id"]].append(annotation)
    samples = []
    for image, present in people.items():
        for number in range(rng.integers(14, 28)):
            if number < 3 * len(present):
                person = present[number % len(present)]
                box = np.array(person["bbox"])
                noise = rng.normal(0, rng.choice([0.01, 0.03, 0.1]) * person["area"] ** 0.5, (17, 2))
                keypoints = np.reshape(person["keypoints"], (17, 3))[:, :2] + noise
            else:
                box = np.r_[rng.uniform(0, 500, 2), rng.uniform(20, 200, 2)]
                keypoints = box[:2] + box[2:] * rng.random((17, 2))
            samples.append(sample(rng, len(samples), image, keypoints, box))
    return samples


def sample(rng: np.random.Generator, number: int, image: int, keypoints: np.ndarray, box: np.ndarray) -> dict[str, Any]:
    """Return what a top-down model's prediction for one box looks like to a metric."""
    return dict(
        id=number,
        img_id=image,
        category_id=1,
        gt_instances=dict(bbox_scales=np.float32(box[None, 2:] * 1.25), bbox_scores=np.float32([rng.random()])),
        pred_instances=dict(
            keypoints=keypoints[None].astype(np.float32),
            keypoint_scores=rng.uniform(0.2, 1, (1, 17)).astype(np.float32),
            bboxes=np.float32([[*box[:2], *(box[:2] + box[2:])]]),
        ),
    )


class CocoAP:
    """The workload: ``evaluate`` is what is timed, ``check`` compares with pycocotools."""

    def __init__(self, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        labels = made_up_labels(rng)
        self.samples = made_up_samples(rng, labels)
        self.folder = tempfile.TemporaryDirectory()
        self.ann_file = Path(self.folder.name) / "labels.json"
        self.ann_file.write_text(json.dumps(labels))
        self.metric = CocoMetric(ann_file=str(self.ann_file))
        self.metric.dataset_meta = Skeleton.load("coco").metainfo()
        self.metric.process(None, self.samples)
        self.results = self.metric.results

    def evaluate(self) -> dict[str, float]:
        """Score, suppress and evaluate all detections, as after the last batch of a test."""
        self.metric.results = self.results
        return self.metric.evaluate(len(self.results))

    def check(self) -> float:
        """Return the largest difference from pycocotools over all ten values."""
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval

        self.metric.outfile_prefix = str(Path(self.folder.name) / "results")
        ours = list(self.evaluate().values())
        self.metric.outfile_prefix = None
        with contextlib.redirect_stdout(io.StringIO()):
            truth = COCO(str(self.ann_file))
            theirs = COCOeval(truth, truth.loadRes(f"{self.folder.name}/results.keypoints.json"), "keypoints")
            theirs.evaluate()
            theirs.accumulate()
            theirs.summarize()
        return float(np.abs(np.array(ours) - theirs.stats).max())


def measure(rounds: int = 7) -> dict[str, float]:
    """Return the median wall time of an evaluation, after it agreed with pycocotools."""
    workload = CocoAP()
    difference = workload.check()
    assert difference < 1e-9, f"values differ from pycocotools by {difference}"
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        workload.evaluate()
        seconds.append(time.perf_counter() - start)
    return {
        "seconds": float(np.median(seconds)),
        "detections": len(workload.samples),
        "largest difference": difference,
    }


def measure_bootstrap(rounds: int = 3) -> dict[str, float]:
    """Return the median wall time of matching and of the ten values of 1,000 resamples of the images."""
    workload = CocoAP()
    found = workload.metric.suppressed(workload.metric.predictions(workload.results))
    truth, sigmas = workload.metric.truth(workload.results), workload.metric.sigmas()
    times = draw_images(NUM_IMAGES, 1000)
    images, seconds, matching = range(1, NUM_IMAGES + 1), [], []
    for _ in range(rounds):
        start = time.perf_counter()
        matches = match_poses(truth, with_areas(found), sigmas, images=images)
        matching.append(time.perf_counter() - start)
        values = resampled_scores(matches, times)
        seconds.append(time.perf_counter() - start)
    ap = interval(matches.scores().ap(), values["AP"])
    assert ap.low < ap.value < ap.high, f"AP {ap.value} lies outside of its interval {ap.low} to {ap.high}"
    return {"seconds": float(np.median(seconds)), "seconds of matching": float(np.median(matching)), "resamples": 1000}


CASES = [
    Case("C6 COCO AP", "some 100,000 detections with OKS-NMS", "<= 1.5 s, equal to pycocotools to 1e-9", measure),
    Case("C6 bootstrap", "intervals of COCO's ten values, some 70,000 detections, 5,000 images", "", measure_bootstrap),
]

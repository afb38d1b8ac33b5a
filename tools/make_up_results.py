"""Make up results for a COCO keypoints file, with errors of every kind, to try evaluation on.

python tools/make_up_results.py ANNOTATIONS.json OUT.json [--seed 0] [--jitter 0.02]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from posekit.evaluation.labelled_set import counterparts, keypoint_names

MISSED, DOUBLED, MIRRORED, LOST, STRAY = 0.08, 0.05, 0.06, 0.04, 0.15
"""Shares: of persons not found, found twice, found with left and right mixed up; of keypoints far
away; of images with a prediction of nobody."""


def make_up(content: dict[str, Any], rng: np.random.Generator, jitter: float) -> list[dict[str, Any]]:
    """Return predictions of most persons, some twice, and of nobody in some images.

    Args:
        content: the annotation file.
        rng: source of all chance.
        jitter: standard deviation of keypoints, relative to the root of the area.
    """
    flips, rows = counterparts(keypoint_names(content, "annotations")), []
    for label in content["annotations"]:
        points = np.array(label["keypoints"], float).reshape(-1, 3)[:, :2]
        scale = np.sqrt(label["area"])
        if not points.any() or rng.random() < MISSED:
            continue
        found = points + rng.normal(0, jitter * scale, points.shape)
        found = found[flips] if rng.random() < MIRRORED else found
        lost = rng.random(len(points)) < LOST
        found[lost] += rng.normal(0, 0.5 * scale, (int(lost.sum()), 2))
        rows.append(row(label, found, rng.normal(0.8, 0.1) - jitter))
        if rng.random() < DOUBLED:
            rows.append(row(label, found + rng.normal(0, 0.05 * scale, points.shape), 0.5))
    for image in {image["id"]: image for image in content["images"]}.values():
        if rng.random() < STRAY:
            corner, size = rng.uniform(0, 300, 2), rng.uniform(30, 200, 2)
            rows.append(row(dict(image_id=image["id"]), corner + size * rng.random((len(flips), 2)), rng.beta(2, 4)))
    return rows


def row(label: dict[str, Any], points: np.ndarray, score: float) -> dict[str, Any]:
    """Return one prediction as a results file holds it."""
    keypoints = np.c_[points, np.ones(len(points))].round(2).ravel().tolist()
    ids = dict(image_id=label["image_id"], category_id=label.get("category_id", 1))
    return dict(**ids, keypoints=keypoints, score=round(float(np.clip(score, 0, 1)), 4))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("annotations", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jitter", type=float, default=0.02)
    given = parser.parse_args()
    content = json.loads(given.annotations.read_text(encoding="utf-8"))
    rows = make_up(content, np.random.default_rng(given.seed), given.jitter)
    given.out.write_text(json.dumps(rows), encoding="utf-8")
    print(f"{len(rows)} predictions: {given.out}")


if __name__ == "__main__":
    main()

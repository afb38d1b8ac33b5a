"""Average precision of boxes against pycocotools, on made-up scenes with crowds and several classes."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from posekit.evaluation.box_precision import FoundBoxes, score_boxes
from posekit.registry import METRICS

NAMES = ["AP", "AP .5", "AP .75", "AP (S)", "AP (M)", "AP (L)"]


def scene(seed: int, images: int = 12) -> tuple[dict[str, Any], list[FoundBoxes]]:
    """Return annotations and predictions that are some of them moved a little, and others made up."""
    rng = np.random.default_rng(seed)
    annotations, found = [], []
    for image in range(1, images + 1):
        count = int(rng.integers(0, 7))
        low, size = rng.uniform(0, 300, (count, 2)), rng.uniform(8, 160, (count, 2))
        boxes, labels = np.concatenate([low, size], 1), rng.integers(1, 3, count)
        for box, label in zip(boxes.tolist(), labels.tolist(), strict=True):
            crowd = int(rng.random() < 0.15)
            row = {"image_id": image, "category_id": label, "bbox": box, "area": box[2] * box[3], "iscrowd": crowd}
            annotations.append({"id": len(annotations) + 1, **row})
        near = boxes[rng.random(count) < 0.8] if count else boxes
        near = np.concatenate([near, near + rng.normal(0, 4, near.shape)])  # twice, so that some are one too many
        near[:, 2:] = np.abs(near[:, 2:]) + 1
        far = np.concatenate([rng.uniform(0, 300, (3, 2)), rng.uniform(8, 90, (3, 2))], 1)
        xywh = np.concatenate([near, far])
        corners = np.concatenate([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]], 1)
        scores = rng.permutation(len(xywh)) / 97 + image / 1e4
        found.append(FoundBoxes(image, corners, scores, rng.integers(1, 3, len(xywh))))
    info = [{"id": image, "width": 640, "height": 480, "file_name": f"{image}.jpg"} for image in range(1, images + 1)]
    categories = [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]
    return {"images": info, "annotations": annotations, "categories": categories}, found


def reference(content: dict[str, Any], found: list[FoundBoxes], path: Path) -> list[float]:
    """Return pycocotools' six APs and the AR of 100 predictions."""
    coco = pytest.importorskip("pycocotools.coco")
    evaluation = pytest.importorskip("pycocotools.cocoeval")
    rows = [
        {"image_id": one.image, "category_id": int(c), "score": float(s), "bbox": [*b[:2], *(b[2:] - b[:2])]}
        for one in found
        for b, s, c in zip(one.boxes, one.scores, one.categories, strict=True)
    ]
    path.write_text(json.dumps(content))
    with contextlib.redirect_stdout(io.StringIO()):
        truth = coco.COCO(str(path))
        run = evaluation.COCOeval(truth, truth.loadRes(rows), "bbox")
        run.evaluate()
        run.accumulate()
        run.summarize()
    return [*run.stats[:6], run.stats[8]]


@pytest.mark.parametrize("seed", range(3))
def test_equals_pycocotools(seed: int, tmp_path: Path) -> None:
    content, found = scene(seed)
    scores = score_boxes(content["annotations"], found)
    expected = dict(zip([*NAMES, "AR"], reference(content, found, tmp_path / "truth.json"), strict=True))
    assert scores == pytest.approx(expected, abs=1e-9)


def test_perfect_and_absent() -> None:
    row = {"image_id": 1, "category_id": 1, "bbox": [10, 10, 50, 50], "area": 2500, "id": 1}
    right = FoundBoxes(1, np.array([[10.0, 10, 60, 60]]), np.ones(1), np.array([1]))
    scores = score_boxes([row], [right])
    assert scores["AP"] == pytest.approx(1)
    assert scores["AP (S)"] == -1
    assert (
        score_boxes([row], [right._replace(boxes=right.boxes[:0], scores=np.ones(0), categories=np.ones(0))])["AP"] == 0
    )


def test_ignored_regions_forgive_what_lies_within() -> None:
    rows = [
        {"image_id": 1, "category_id": 1, "bbox": [100, 100, 50, 50], "id": 1},
        {"image_id": 1, "category_id": 1, "bbox": [0, 0, 50, 50], "id": 2, "box_source": "detector"},
    ]
    boxes = np.array([[0.0, 0, 20, 20], [100, 100, 150, 150]])
    found = [FoundBoxes(1, boxes, np.array([0.9, 0.5]), np.array([1, 1]))]
    assert score_boxes(rows[:1], found)["AP"] == pytest.approx(0.5)
    assert score_boxes(rows, found, ignore_where={"box_source": "detector"})["AP"] == pytest.approx(1)


def test_metric_of_samples(tmp_path: Path) -> None:
    content, found = scene(0)
    (tmp_path / "truth.json").write_text(json.dumps(content))
    prefix = str(tmp_path / "results")
    metric = METRICS.build(
        {"type": "CocoMetric", "iou_type": "bbox", "ann_file": str(tmp_path / "truth.json"), "outfile_prefix": prefix}
    )
    metric.dataset_meta = {"classes": ("a", "b"), "category_ids": [1, 2]}
    samples = [
        {
            "img_id": one.image,
            "pred_instances": {"bboxes": one.boxes, "scores": one.scores, "labels": one.categories - 1},
        }
        for one in found
    ]
    metric.process(None, samples[:1])  # an image twice, as a padding sampler has it, counts once
    metric.process(None, samples)
    scores = metric.evaluate(len(samples) + 1)
    expected = {f"coco/{name}": value for name, value in score_boxes(content["annotations"], found).items()}
    assert scores == pytest.approx(expected)
    rows = json.loads((tmp_path / "results.bbox.json").read_text())
    assert len(rows) == sum(len(one.boxes) for one in found)
    assert set(rows[0]) == {"image_id", "category_id", "bbox", "score"}


def test_metric_needs_a_file() -> None:
    metric = METRICS.build({"type": "CocoMetric", "iou_type": "bbox"})
    metric.dataset_meta = {"category_ids": [1]}
    empty = {"bboxes": np.zeros((0, 4)), "scores": np.zeros(0), "labels": np.zeros(0)}
    metric.process(None, [{"img_id": 1, "pred_instances": empty}])
    with pytest.raises(ValueError, match="give ann_file"):
        metric.evaluate(1)

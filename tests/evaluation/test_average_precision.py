from __future__ import annotations

import contextlib
import io
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posekit.evaluation.average_precision import score_poses
from posekit.evaluation.coco_truth import true_poses
from posekit.evaluation.metrics.coco_metric import extents
from posekit.evaluation.oks import FoundPoses

pycocotools_coco = pytest.importorskip("pycocotools.coco")
pycocotools_eval = pytest.importorskip("pycocotools.cocoeval")

COCO_SIGMAS = np.array([26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89]) / 1000


def annotation(rng: np.random.Generator, number: int, image: int, category: int, num_keypoints: int) -> dict:
    corner, size = rng.uniform(0, 300, 2), rng.uniform(10, 250, 2)
    keypoints = np.c_[corner + size * rng.uniform(0, 1, (num_keypoints, 2)), rng.integers(0, 3, num_keypoints)]
    keypoints *= rng.random() > 0.15  # some have no keypoint at all
    return dict(
        id=number, image_id=image, category_id=category, bbox=[*corner.tolist(), *size.tolist()],
        area=float(size.prod() * rng.uniform(0.3, 0.8)), iscrowd=int(rng.random() < 0.1),
        keypoints=keypoints.ravel().tolist(), num_keypoints=int((keypoints[:, 2] > 0).sum()),
    )  # fmt: skip


def detection(rng: np.random.Generator, label: dict, spread: float) -> dict:
    keypoints = np.array(label["keypoints"], float).reshape(-1, 3).copy()
    keypoints[:, :2] += rng.normal(0, spread * np.sqrt(label["area"]), (len(keypoints), 2))
    keypoints[:, 2] = 1
    score = float(rng.integers(0, 10)) / 10  # with ties
    return dict(
        image_id=label["image_id"], category_id=label["category_id"], keypoints=keypoints.ravel().tolist(), score=score
    )


def made_up(rng: np.random.Generator, *, images: int, people: int, categories: int, num_keypoints: int = 17):
    labels = []
    for image in range(1, images + 1):
        for _ in range(rng.integers(0, people + 1)):
            category = int(rng.integers(1, categories + 1))
            labels.append(annotation(rng, len(labels) + 1, image, category, num_keypoints))
    found = [detection(rng, label, spread) for label in labels for spread in rng.choice([0, 0.02, 0.05, 0.2], 6)]
    truth = dict(
        images=[dict(id=i) for i in range(1, images + 1)],
        categories=[dict(id=i) for i in range(1, categories + 1)],
        annotations=labels,
    )
    return truth, [found[i] for i in rng.permutation(len(found))]


def pycocotools_scores(truth: dict, found: list[dict], sigmas: np.ndarray):
    with contextlib.redirect_stdout(io.StringIO()):
        coco = pycocotools_coco.COCO()
        coco.dataset = json.loads(json.dumps(truth))
        coco.createIndex()
        evaluation = pycocotools_eval.COCOeval(coco, coco.loadRes(json.loads(json.dumps(found))), "keypoints")
        evaluation.params.kpt_oks_sigmas = sigmas
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation


def posekit_scores(truth: dict, found: list[dict], sigmas: np.ndarray):
    keypoints = np.array([row["keypoints"] for row in found]).reshape(len(found), -1, 3)[..., :2]
    poses = FoundPoses(
        image=np.array([row["image_id"] for row in found]),
        category=np.array([row["category_id"] for row in found]),
        keypoints=keypoints,
        score=np.array([row["score"] for row in found]),
        area=extents(keypoints),
    )
    return score_poses(true_poses(truth["annotations"], len(sigmas)), poses, sigmas)


def assert_equal_scores(truth: dict, found: list[dict], sigmas: np.ndarray = COCO_SIGMAS) -> None:
    theirs, ours = pycocotools_scores(truth, found, sigmas), posekit_scores(truth, found, sigmas)
    np.testing.assert_allclose(list(ours.named().values()), theirs.stats, atol=1e-9, rtol=0)
    categories = sorted({row["category_id"] for row in truth["annotations"]})
    chosen = [[c["id"] for c in truth["categories"]].index(c) for c in categories]
    np.testing.assert_allclose(ours.precision, theirs.eval["precision"][..., 0][:, :, chosen], atol=1e-9, rtol=0)
    np.testing.assert_allclose(ours.recall, theirs.eval["recall"][..., 0][:, chosen], atol=1e-9, rtol=0)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), images=st.integers(1, 6), people=st.integers(1, 8), categories=st.integers(1, 3))
def test_equals_pycocotools_on_made_up_scenes(seed, images, people, categories):
    truth, found = made_up(np.random.default_rng(seed), images=images, people=people, categories=categories)
    if found:
        assert_equal_scores(truth, found)


@pytest.mark.parametrize("num_keypoints", [1, 4, 133])
def test_equals_pycocotools_for_other_keypoint_sets(num_keypoints):
    rng = np.random.default_rng(num_keypoints)
    truth, found = made_up(rng, images=4, people=5, categories=1, num_keypoints=num_keypoints)
    assert_equal_scores(truth, found, rng.uniform(0.02, 0.1, num_keypoints))


def test_equals_pycocotools_on_real_annotations(shared):
    truth = json.loads((shared / "data" / "coco_val_subset_person_keypoints.json").read_text())
    rng = np.random.default_rng(0)
    spreads = rng.choice([0.01, 0.03, 0.08], (len(truth["annotations"]), 2))
    found = [
        detection(rng, row, spread)
        for row, pair in zip(truth["annotations"], spreads, strict=True)
        for spread in pair
        if row["num_keypoints"]
    ]
    assert_equal_scores(truth, found)


def test_perfect_predictions_score_one():
    truth, _ = made_up(np.random.default_rng(3), images=5, people=3, categories=1)
    found = [detection(np.random.default_rng(0), row, 0) for row in truth["annotations"] if row["num_keypoints"]]
    scores = posekit_scores(truth, found, COCO_SIGMAS)
    assert scores.ap() == pytest.approx(1)
    assert scores.ar() == pytest.approx(1)


def test_no_predictions_score_zero_and_no_labels_minus_one():
    truth, _ = made_up(np.random.default_rng(3), images=5, people=3, categories=1)
    nothing = FoundPoses(np.zeros(0, int), np.zeros(0, int), np.zeros((0, 17, 2)), np.zeros(0), np.zeros(0))
    scores = score_poses(true_poses(truth["annotations"], 17), nothing, COCO_SIGMAS)
    assert (scores.ap(), scores.ar()) == (0, 0)
    scores = score_poses(true_poses([], 17), nothing, COCO_SIGMAS)
    assert (scores.ap(), scores.ar()) == (-1, -1)


def test_nan_predictions_are_wrong_not_fatal():
    truth, _ = made_up(np.random.default_rng(3), images=5, people=3, categories=1)
    found = [detection(np.random.default_rng(0), row, 0) for row in truth["annotations"]]
    found[0]["keypoints"] = [float("nan")] * 51
    assert 0 < posekit_scores(truth, found, COCO_SIGMAS).ap() <= 1

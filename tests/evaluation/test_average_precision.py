from __future__ import annotations

import contextlib
import io
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posekit.evaluation.average_precision import match_poses, score_poses
from posekit.evaluation.coco_truth import true_poses
from posekit.evaluation.metrics.coco_metric import extents
from posekit.keypoints.oks import FoundPoses, oks_of_pairs

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


def pycocotools_scores(truth: dict, found: list[dict], sigmas: np.ndarray, max_dets: int = 20):
    with contextlib.redirect_stdout(io.StringIO()):
        coco = pycocotools_coco.COCO()
        coco.dataset = json.loads(json.dumps(truth))
        coco.createIndex()
        evaluation = pycocotools_eval.COCOeval(coco, coco.loadRes(json.loads(json.dumps(found))), "keypoints")
        evaluation.params.kpt_oks_sigmas = sigmas
        evaluation.params.maxDets = [max_dets]
        evaluation.evaluate()
        evaluation.accumulate()
        if max_dets == 20:  # it summarizes no other number
            evaluation.summarize()
    return evaluation


def poses_of(found: list[dict], num_keypoints: int) -> FoundPoses:
    keypoints = np.array([row["keypoints"] for row in found]).reshape(len(found), num_keypoints, 3)[..., :2]
    return FoundPoses(
        image=np.array([row["image_id"] for row in found]),
        category=np.array([row["category_id"] for row in found]),
        keypoints=keypoints,
        score=np.array([row["score"] for row in found]),
        area=extents(keypoints),
    )


def posekit_scores(truth: dict, found: list[dict], sigmas: np.ndarray):
    return score_poses(true_poses(truth["annotations"], len(sigmas)), poses_of(found, len(sigmas)), sigmas)


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


AREAS = (0.0, 1.0, 32**2 - 1e-4, 32**2, 32**2 + 1e-4, 96**2, 96**2 + 1e-4, 5e4, 1e10, 2e10)
"""At the ends of the ranges of sizes."""


def ties(rng: np.random.Generator) -> tuple[dict, list[dict]]:
    """Return persons and predictions on a coarse grid: equal places, scores and similarities, areas at all limits."""
    images, categories, num_keypoints = rng.permutation([3, 7, -2, 10**6]).tolist(), [9, 2, 5], int(rng.integers(1, 6))
    labels, found = [], []
    for image in images[: rng.integers(1, 5)]:
        for _ in range(rng.integers(0, 6)):
            label = annotation(rng, len(labels) + 1, image, int(rng.choice(categories)), num_keypoints)
            rows = np.array(label["keypoints"]).reshape(-1, 3)
            rows[:, :2] = rng.integers(0, 5, (num_keypoints, 2)) * 10 * (rows[:, 2:] > 0)
            labels.append(label | dict(keypoints=rows.ravel().tolist(), area=float(rng.choice(AREAS))))
        for _ in range(rng.choice([0, 3, 30])):
            near = labels[-1 - rng.integers(0, 6) % len(labels)] if labels else dict(keypoints=[0] * 3 * num_keypoints)
            rows = np.array(near["keypoints"]).reshape(-1, 3) + rng.integers(-1, 2, (num_keypoints, 3)) * [5, 5, 1]
            score, category = float(rng.choice([-1, 0, 0.5, 0.5, 0.9])), int(rng.choice([*categories, 77]))
            found.append(dict(image_id=image, category_id=category, keypoints=rows.ravel().tolist(), score=score))
    return dict(images=[dict(id=i) for i in images], categories=[dict(id=i) for i in categories], annotations=labels), [
        found[i] for i in rng.permutation(len(found))
    ]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), max_dets=st.sampled_from([1, 20, 100]))
def test_equals_pycocotools_where_everything_ties(seed, max_dets):
    truth, found = ties(np.random.default_rng(seed))
    if not found or not truth["annotations"]:
        return
    sigmas = np.random.default_rng(seed).uniform(0.02, 0.2, len(found[0]["keypoints"]) // 3)
    theirs = pycocotools_scores(truth, found, sigmas, max_dets)
    labels = true_poses(truth["annotations"], len(sigmas))
    ours = score_poses(labels, poses_of(found, len(sigmas)), sigmas, max_dets=max_dets)
    chosen = np.searchsorted([2, 5, 9], np.unique(labels.category))
    np.testing.assert_allclose(ours.precision, theirs.eval["precision"][..., 0][:, :, chosen], atol=1e-9, rtol=0)
    np.testing.assert_allclose(ours.recall, theirs.eval["recall"][..., 0][:, chosen], atol=1e-9, rtol=0)


@pytest.mark.parametrize("places", [(-10, 10), (10, -10)])
def test_of_equally_similar_labels_the_later_is_taken(places):
    """The second prediction is right only where the first has taken the other label."""
    shared_part = dict(image_id=1, category_id=1)
    truth = dict(images=[dict(id=1)], categories=[dict(id=1)], annotations=[
        dict(id=i, bbox=[0, 0, 9, 9], area=1e4, iscrowd=0, keypoints=[100 + x, 50, 2], num_keypoints=1, **shared_part)
        for i, x in enumerate(places, 1)
    ])  # fmt: skip
    found = [dict(keypoints=[x, 50, 1], score=score, **shared_part) for x, score in ((100, 0.9), (125, 0.8))]
    assert_equal_scores(truth, found, np.array([0.1]))
    assert posekit_scores(truth, found, np.array([0.1])).ar(0.75) == (1 if places[1] < 0 else 0.5)


def stray(rng: np.random.Generator, image: int) -> dict:
    """Return a prediction of nobody."""
    points = rng.uniform(0, 300, 2) + rng.uniform(20, 200, 2) * rng.random((17, 2))
    keypoints = np.c_[points, np.ones(17)].ravel().tolist()
    return dict(image_id=image, category_id=1, keypoints=keypoints, score=float(rng.random()))


def test_equals_pycocotools_on_real_annotations(shared):
    """Jittered and doubled persons, some missed, crowds and persons without keypoints found too, strays."""
    truth = json.loads((shared / "data" / "coco_val_subset_person_keypoints.json").read_text())
    rng = np.random.default_rng(0)
    spreads = rng.choice([0.01, 0.03, 0.08, 0.3], (len(truth["annotations"]), 2))
    found = [
        detection(rng, row, spread)
        for row, pair in zip(truth["annotations"], spreads, strict=True)
        for spread in pair[: rng.integers(0, 3)]
    ]
    found += [stray(rng, image["id"]) for image in truth["images"] if rng.random() < 0.5]
    crowds = [row for row in truth["annotations"] if row["iscrowd"]]
    assert len(crowds) > 20
    for row in crowds:  # a region's keypoints are all 0: put poses into it
        x, y, w, h = row["bbox"]
        points = np.c_[x + w * rng.random((17, 1)), y + h * rng.random((17, 1)), np.ones(17)]
        found.append(
            dict(image_id=row["image_id"], category_id=1, keypoints=points.ravel().tolist(), score=float(rng.random()))
        )
    assert_equal_scores(truth, found)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32), k=st.integers(0, 4))
def test_single_keypoints_equal_pycocotools_on_labels_of_one_keypoint(seed, k):
    truth, found = made_up(np.random.default_rng(seed), images=4, people=5, categories=1, num_keypoints=5)
    if not found:
        return
    sigmas = np.array([0.03, 0.05, 0.08, 0.1, 0.2])
    areas = extents(np.array([row["keypoints"] for row in found]).reshape(-1, 5, 3)[..., :2])
    for rows in (truth["annotations"], found):
        for row in rows:
            row["keypoints"] = row["keypoints"][3 * k : 3 * k + 3]
    for row in truth["annotations"]:
        row["num_keypoints"] = int(row["keypoints"][2] > 0)
    for row, area in zip(found, areas, strict=True):
        row["bbox"] = [0, 0, float(area), 1]  # the area that the whole pose has
    theirs = pycocotools_scores(truth, found, sigmas[k : k + 1])
    poses = poses_of(found, 1)._replace(area=areas)
    ours = score_poses(true_poses(truth["annotations"], 1), poses, sigmas[k : k + 1])
    np.testing.assert_allclose(ours.precision, theirs.eval["precision"][..., 0], atol=1e-9, rtol=0)


def test_with_keypoints_ignores_poses_that_lack_them():
    truth = true_poses(made_up(np.random.default_rng(2), images=4, people=5, categories=1)[0]["annotations"], 17)
    part = truth.with_keypoints([3])
    np.testing.assert_array_equal(part.ignore, truth.crowd | (truth.keypoints[:, 3, 2] == 0))
    np.testing.assert_array_equal(truth.with_keypoints(slice(None)).ignore, truth.ignore)


def test_weights_of_keypoints():
    truth, found = made_up(np.random.default_rng(5), images=6, people=5, categories=1)
    labels, poses = true_poses(truth["annotations"], 17), poses_of(found, 17)
    plain = score_poses(labels, poses, COCO_SIGMAS)
    alike = score_poses(labels, poses, COCO_SIGMAS, np.full(17, 3.0))
    np.testing.assert_allclose(alike.precision, plain.precision, atol=1e-9)
    weights = np.ones(17)
    weights[:5] = 7
    d, g = np.zeros(1, int), np.flatnonzero(~labels.ignore)[:1]
    terms = [
        oks_of_pairs(poses.with_keypoints([k]), labels.with_keypoints([k]), COCO_SIGMAS[[k]], d, g) for k in range(17)
    ]
    seen = weights * (labels.keypoints[g[0], :, 2] > 0)
    expected = (seen * np.ravel(terms)).sum() / seen.sum()
    assert oks_of_pairs(poses, labels, COCO_SIGMAS, d, g, weights)[0] == pytest.approx(expected)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32), categories=st.integers(1, 2))
def test_a_resample_scores_like_the_images_copied(seed, categories):
    rng = np.random.default_rng(seed)
    truth, found = made_up(rng, images=5, people=4, categories=categories)
    if not found:
        return
    for row, score in zip(found, rng.permutation(len(found)), strict=True):
        row["score"] = float(score)  # without ties, whose order a copy of the images may change
    times = rng.integers(0, 4, 5)
    copies = [(image, 100 * copy + image) for image in range(1, 6) for copy in range(times[image - 1])]
    labels = [row | dict(image_id=new) for old, new in copies for row in truth["annotations"] if row["image_id"] == old]
    poses = [row | dict(image_id=new) for old, new in copies for row in found if row["image_id"] == old]
    matches = match_poses(true_poses(truth["annotations"], 17), poses_of(found, 17), COCO_SIGMAS, images=range(1, 6))
    resampled = next(matches.resampled(times[None]))
    if not labels or not poses:
        assert resampled.ap() in (-1, 0)
        return
    expected = score_poses(true_poses(labels, 17), poses_of(poses, 17), COCO_SIGMAS)
    assert resampled.named() == pytest.approx(expected.named())
    chosen = matches.resampled(times[None], areas=("all",))
    assert next(chosen).ap() == pytest.approx(expected.ap())


def test_curve_is_the_precision_over_recall():
    truth, found = made_up(np.random.default_rng(1), images=6, people=5, categories=1)
    scores = posekit_scores(truth, found, COCO_SIGMAS)
    assert scores.curve().mean() == pytest.approx(scores.ap())
    assert scores.curve(0.5).mean() == pytest.approx(scores.ap(0.5))
    assert (np.diff(scores.curve(0.5)) <= 0).all()


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

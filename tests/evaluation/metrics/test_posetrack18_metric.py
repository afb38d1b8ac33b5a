from __future__ import annotations

import json

import numpy as np
import pytest

from posekit.evaluation.metrics.posetrack18_metric import NAMES
from posekit.keypoints.skeleton import Skeleton
from posekit.registry import METRICS

# Numbers of the challenge's own evaluation (poseval, evaluateAP) for ``predictions`` with seed 0.
POSEVAL = {
    "Head AP": 48.43842665271237, "Shou AP": 54.3218954248366, "Elb AP": 47.359678719972834,
    "Wri AP": 60.69279984721161, "Hip AP": 49.0986790986791, "Knee AP": 44.40947940947941,
    "Ankl AP": 37.00712481962482, "Total AP": 48.73963963984972,
}  # fmt: skip


@pytest.fixture
def coco() -> dict:
    rng = np.random.default_rng(0)
    labels = []
    for number in range(4):
        points = rng.uniform(100, 300, (17, 2))
        flat = np.c_[points, np.ones(17)].ravel().tolist()
        labels.append(dict(id=number, image_id=number // 2, bbox_head=[0, 0, 30, 40], keypoints=flat))
    images = [dict(id=i, file_name=f"images/val/video{i}/000000.jpg") for i in range(3)]
    return dict(images=images, annotations=labels, categories=[dict(id=1, name="person")])


def sample(label: dict, shift: float = 0.0) -> dict:
    points = np.reshape(label["keypoints"], (1, 17, 3))[..., :2] + shift
    return dict(
        id=label["id"],
        img_id=label["image_id"],
        pred_instances=dict(keypoints=points, keypoint_scores=np.full((1, 17), 0.5)),
    )


def run(tmp_path, coco: dict, samples: list[dict], **settings) -> dict[str, float]:
    path = tmp_path / "posetrack18_val.json"
    path.write_text(json.dumps(coco))
    metric = METRICS.build(dict(type="PoseTrack18Metric", ann_file=str(path), **settings))
    metric.dataset_meta = Skeleton.load("posetrack18").metainfo()
    metric.process(None, samples)
    return metric.evaluate(len(samples))


def test_names_are_those_of_the_keypoint_set():
    assert Skeleton.load("posetrack18").names == NAMES


def test_half_of_the_persons_found(tmp_path, coco):
    samples = [sample(label) for label in coco["annotations"][:2]]
    values = run(tmp_path, coco, samples)
    assert list(values) == [f"posetrack18/{name}" for name in POSEVAL]
    assert list(values.values()) == pytest.approx([50] * 8)


def test_images_without_persons_do_not_count(tmp_path, coco):
    stray = sample(coco["annotations"][0]) | dict(id=9, img_id=2)
    values = run(tmp_path, coco, [sample(label) for label in coco["annotations"]] + [stray])
    assert values["posetrack18/Total AP"] == pytest.approx(100)


def test_regions_to_ignore_hide_labels_and_predictions(tmp_path, coco):
    coco["images"][0] |= dict(ignore_regions_x=[[0, 999, 999, 0]], ignore_regions_y=[[0, 0, 999, 999]])
    samples = [sample(label, 30 * (label["image_id"] == 0)) for label in coco["annotations"]]
    assert run(tmp_path, coco, samples)["posetrack18/Total AP"] == pytest.approx(100)


def test_ears_do_not_count(tmp_path, coco):
    samples = [sample(label) for label in coco["annotations"]]
    for one in samples:
        one["pred_instances"]["keypoints"][0, 3:5] += 500
    assert run(tmp_path, coco, samples)["posetrack18/Total AP"] == pytest.approx(100)


def test_a_file_for_each_video(tmp_path, coco):
    folder = tmp_path / "out"
    samples = [sample(label) for label in coco["annotations"][:3]]
    assert run(tmp_path, coco, samples, outfile_prefix=str(folder / "x"), format_only=True) == {}
    assert sorted(path.name for path in folder.iterdir()) == ["video0.json", "video1.json", "video2.json"]
    content = json.loads((folder / "video0.json").read_text())
    assert content["images"] == [dict(id=0, file_name="images/val/video0/000000.jpg")]
    assert [row["track_id"] for row in content["annotations"]] == [0, 1]
    assert content["annotations"][0]["scores"] == [0.5] * 17
    assert json.loads((folder / "video2.json").read_text())["annotations"] == []


def test_a_head_is_needed(tmp_path, coco):
    del coco["annotations"][0]["bbox_head"]
    with pytest.raises(ValueError, match="annotation 0 has no bbox_head"):
        run(tmp_path, coco, [sample(coco["annotations"][0])])


def test_unknown_images_are_named(tmp_path, coco):
    with pytest.raises(ValueError, match="prediction of image 7"):
        run(tmp_path, coco, [sample(coco["annotations"][0]) | dict(img_id=7)])


def test_equals_poseval_on_posetrack_labels(tmp_path, shared):
    path = shared / "data" / "samples" / "posetrack18" / "annotations" / "test_posetrack18_val.json"
    coco = json.loads(path.read_text())
    for image in coco["images"]:
        image.pop("ignore_regions_x"), image.pop("ignore_regions_y")
    values = run(tmp_path, coco, predictions(np.random.default_rng(0), coco["annotations"]))
    assert list(values.values()) == pytest.approx(list(POSEVAL.values()), abs=1e-9)


def predictions(rng: np.random.Generator, labels: list[dict]) -> list[dict]:
    """Return noisy copies of labelled persons, some with joints mixed up, all with some joints missing."""
    samples = []
    for label in labels:
        for _ in range(rng.integers(0, 3)):
            points = np.reshape(label["keypoints"], (17, 3))[:, :2] + rng.normal(0, 1, (17, 2))
            if rng.random() < 0.2:
                points = points[rng.permutation(17)]
            scores = rng.random(17)
            absent = rng.random(17) < 0.1
            points[absent], scores[absent] = 0, 0
            box = dict(bbox_scores=np.array([rng.random()]), bbox_scales=np.array([[100.0, 100]]))
            pose = dict(keypoints=points[None], keypoint_scores=scores[None])
            samples.append(dict(id=len(samples), img_id=label["image_id"], pred_instances=pose, gt_instances=box))
    return samples

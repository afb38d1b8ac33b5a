from __future__ import annotations

import json

import numpy as np
import pytest

from posekit.registry import METRICS
from posekit.structures import InstanceData, PoseDataSample

NAMES = ["left_shoulder", "right_hip", "nose", "tail"]
META = dict(
    dataset_name="made_up", num_keypoints=4, sigmas=np.full(4, 0.05), keypoint_id2name=dict(enumerate(NAMES)),
    keypoint_name2id={name: i for i, name in enumerate(NAMES)},
)  # fmt: skip
GROUPS = dict(front=[2, 0], back=[3])


def sample(number: int, error: float = 0.0) -> dict:
    """Return a person whose tail is predicted wrongly."""
    points = np.random.default_rng(number).uniform(0, 100, (1, 4, 2))
    pred = points.copy()
    pred[0, 3] += error
    label = dict(
        id=number, image_id=number, category_id=1, area=5000.0, bbox=[0, 0, 100, 100], num_keypoints=4,
        keypoints=np.c_[points[0], np.full(4, 2)].ravel().tolist(),
    )  # fmt: skip
    return dict(
        id=number, img_id=number, raw_ann_info=label,
        gt_instances=dict(keypoints=points, keypoints_visible=np.ones((1, 4)), bboxes=np.array([[0, 0, 100, 100.0]])),
        pred_instances=dict(keypoints=pred, keypoint_scores=np.ones((1, 4))),
    )  # fmt: skip


def run(metric: dict, *samples, partitions=GROUPS) -> dict[str, float]:
    built = METRICS.build(dict(type="KeypointPartitionMetric", metric=metric, partitions=partitions))
    built.dataset_meta = META
    built.process(None, list(samples))
    return built.evaluate(len(samples))


def test_groups_are_measured_apart():
    assert run(dict(type="EPE"), sample(1, 3.0), sample(2)) == pytest.approx(
        {"front/EPE": 0, "back/EPE": 3 * 2**0.5 / 2}
    )


def test_samples_may_be_objects_and_stay_as_they_are():
    plain = sample(1, 3.0)
    parts = {key: InstanceData(**plain[key]) for key in ("gt_instances", "pred_instances")}
    assert run(dict(type="EPE"), PoseDataSample(metainfo=dict(id=1), **parts))["back/EPE"] == pytest.approx(18**0.5)
    assert parts["pred_instances"].keypoints.shape == (1, 4, 2)


def test_names_go_with_their_keypoints():
    values = run(dict(type="PCKAccuracy", norm_item="torso"), sample(1), partitions=dict(some=[1, 0, 3]))
    assert values == {"some/tPCK": 1}


@pytest.mark.parametrize("from_file", [False, True])
def test_coco_of_a_group_is_that_of_its_keypoints(tmp_path, from_file):
    samples = [sample(1, 300.0), sample(2, 300.0)]
    path = tmp_path / "labels.json"
    labels = [one["raw_ann_info"] for one in samples]
    path.write_text(json.dumps(dict(images=[dict(id=1), dict(id=2)], annotations=labels)))
    metric = dict(type="CocoMetric", **(dict(ann_file=str(path)) if from_file else {}))
    values = run(metric, *samples)
    assert values["front/coco/AP"] == pytest.approx(1)
    assert values["back/coco/AP"] == 0


@pytest.mark.parametrize(
    ("metric", "partitions", "message"),
    [
        (dict(type="EPE"), {}, "at least one group"),
        (dict(type="EPE"), dict(a=[]), "a keypoint in each"),
        (dict(type="EPE"), dict(a=[0, 4]), "'a' has keypoint 4, but there are 4"),
        (dict(type="CocoWholeBodyMetric"), GROUPS, "CocoWholeBodyMetric has parts or converters of its own"),
        (
            dict(type="CocoMetric", gt_converter=dict(num_keypoints=1, mapping=[(0, 0)])),
            GROUPS,
            "give a plain CocoMetric",
        ),
        (dict(type="EPEE"), GROUPS, "did you mean 'EPE'"),
    ],
)
def test_wrong_settings(metric, partitions, message):
    with pytest.raises(ValueError, match=message):
        run(metric, sample(1), partitions=partitions)

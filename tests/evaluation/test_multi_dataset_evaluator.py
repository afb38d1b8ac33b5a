from __future__ import annotations

import json

import numpy as np
import pytest

from posekit.keypoints.skeleton import Skeleton
from posekit.registry import METRICS

COCO, MPII = dict(type="CocoDataset"), dict(type="MpiiDataset")
EPE, HALF = dict(type="EPE"), dict(type="PCKAccuracy", thr=0.5)


def sample(number: int, name: str | None, error: float, count: int = 17) -> dict:
    points = np.zeros((1, count, 2))
    return dict(
        id=number, dataset_name=name,
        gt_instances=dict(keypoints=points, keypoints_visible=np.ones((1, count)), bboxes=np.array([[0, 0, 10, 10.0]])),
        pred_instances=dict(keypoints=points + np.array([error, 0])),
    )  # fmt: skip


def build(metrics, datasets=(COCO, MPII), **settings):
    return METRICS.build(dict(type="MultiDatasetEvaluator", metrics=list(metrics), datasets=list(datasets), **settings))


def test_samples_go_to_the_metric_of_their_data_set():
    evaluator = build([EPE, HALF])
    evaluator.process(None, [sample(1, "coco", 2.0), sample(2, "mpii", 9.0, count=16), sample(3, "coco", 4.0)])
    assert evaluator.evaluate(3) == {"EPE": 3, "PCK": 0}
    assert set(evaluator.per_keypoint) == {"mpii/PCK"}


def test_values_of_one_name_carry_that_of_the_data_set():
    evaluator = build([EPE, EPE], prefix="val")
    evaluator.process(None, [sample(1, "coco", 2.0), sample(2, "mpii", 9.0, count=16)])
    assert evaluator.evaluate(2) == {"val/coco/EPE": 2, "val/mpii/EPE": 9}


def test_each_metric_knows_its_own_keypoint_set():
    evaluator = build([EPE, HALF])
    assert evaluator.metrics["mpii"].dataset_meta["num_keypoints"] == 16


def test_keypoints_of_samples_are_those_of_the_whole():
    evaluator = build([EPE, HALF])
    evaluator.dataset_meta = Skeleton.load("coco").metainfo()
    evaluator.process(None, [sample(1, "mpii", 1.0)])
    evaluator.evaluate(1)
    assert list(evaluator.per_keypoint["mpii/PCK"])[:2] == ["nose", "left_eye"]


def test_keypoints_of_an_annotation_file_stay_those_of_the_part(tmp_path):
    file = tmp_path / "labels.json"
    file.write_text(json.dumps(dict(images=[], annotations=[], categories=[dict(id=1, name="person")])))
    metric = dict(type="CocoMetric", ann_file=str(file))
    groups = dict(type="KeypointPartitionMetric", metric=metric, partitions=dict(legs=[0, 1]))
    evaluator = build([metric, groups], [MPII, dict(type="AicDataset")])
    evaluator.dataset_meta = Skeleton.load("coco").metainfo()
    assert [metric.dataset_meta["num_keypoints"] for metric in evaluator.metrics.values()] == [16, 14]


def test_a_sample_without_name_is_of_the_wholes_own_set():
    evaluator = build([EPE, HALF])
    evaluator.dataset_meta = dict(dataset_name="coco")
    evaluator.process(None, [sample(1, None, 2.0)])
    assert evaluator.evaluate(1) == {"EPE": 2}


def test_samples_that_padding_added_are_dropped():
    evaluator = build([EPE, HALF])
    evaluator.process(None, [sample(1, "coco", 2.0), sample(2, "mpii", 1.0, count=16), sample(1, "coco", 8.0)])
    assert evaluator.evaluate(2)["EPE"] == 2


def test_data_sets_of_one_name_can_be_renamed():
    with pytest.raises(ValueError, match="several datasets are named 'coco'"):
        build([EPE, EPE], [COCO, COCO])
    info = dict(dataset_name="mine", keypoint_info={0: dict(id=0, name="tip")})
    assert set(build([EPE, EPE], [COCO, COCO | dict(metainfo=info)]).metrics) == {"coco", "mine"}


@pytest.mark.parametrize(
    ("metrics", "message"),
    [([EPE], "1 metrics for 2 datasets"), ([EPE, dict(type="EPEE")], r"metrics\.1\.type: no metric named 'EPEE'")],
)
def test_wrong_settings(metrics, message):
    with pytest.raises(ValueError, match=message):
        build(metrics)


def test_a_strange_sample_is_named():
    with pytest.raises(
        ValueError, match="sample 5 is of dataset 'aic', which has no metric; there are metrics for coco"
    ):
        build([EPE, HALF]).process(None, [sample(5, "aic", 1.0)])


def test_the_keypoint_set_is_that_of_the_built_data_set():
    upper = dict(type="DeepFashionDataset", subset="upper", ann_file="unread.json")
    assert set(build([EPE, EPE], [COCO, upper]).metrics) == {"coco", "deepfashion_upper"}

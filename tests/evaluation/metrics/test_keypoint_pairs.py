"""PCK and its relatives, beyond what every metric promises."""

from __future__ import annotations

import numpy as np
import pytest

from posekit.evaluation.metrics.jhmdb_pck_accuracy import JhmdbPCKAccuracy
from posekit.evaluation.metrics.mpii_pck_accuracy import MpiiPCKAccuracy
from posekit.evaluation.metrics.nme import NME
from posekit.evaluation.metrics.pck_accuracy import PCKAccuracy, torso_size
from posekit.registry import METRICS

TORSO = ["left_shoulder", "right_shoulder", "left_hip", "right_hip", "head"]
IDS = {name: i for i, name in enumerate(TORSO)}
META = dict(dataset_name="torso", keypoint_name2id=IDS, keypoint_id2name=dict(enumerate(TORSO)), num_keypoints=5)


def person(offset: float = 0.0) -> dict:
    points = np.array([[[10, 0], [0, 0], [10, 40], [2, 30], [5, 60]]], np.float32)
    return dict(
        id=7,
        gt_instances=dict(keypoints=points, keypoints_visible=np.ones((1, 5, 1)), bboxes=np.array([[0, 0, 50, 100.0]])),
        pred_instances=dict(keypoints=points + np.float32(offset)),
    )


def run(metric, *samples) -> dict[str, float]:
    metric.dataset_meta = META
    metric.process(None, list(samples))
    return metric.evaluate(len(samples))


def test_torso_goes_by_names_and_falls_back_to_the_other_diagonal():
    gt, mask = person()["gt_instances"]["keypoints"], np.ones((1, 5), bool)
    assert torso_size(gt, mask, IDS)[0] == pytest.approx(np.hypot(8, 30))
    gt[0, IDS["right_hip"]], mask[0, IDS["right_hip"]] = 0, False
    assert torso_size(gt, mask, IDS)[0] == pytest.approx(np.hypot(10, 40))
    gt[0, IDS["left_hip"]], mask[0, IDS["left_hip"]] = 0, False
    assert torso_size(gt, mask, IDS)[0] == 0


def test_an_occluded_hip_that_is_labelled_counts():
    gt, mask = person()["gt_instances"]["keypoints"], np.zeros((1, 5), bool)
    assert torso_size(gt, mask, IDS)[0] == pytest.approx(np.hypot(8, 30))


def test_a_set_without_torso_is_refused():
    with pytest.raises(ValueError, match="use norm_item 'bbox'"):
        torso_size(np.zeros((1, 1, 2)), np.ones((1, 1), bool), {"nose": 0})


def test_pck_per_keypoint():
    metric = PCKAccuracy(thr=0.05, norm_item=["bbox", "torso"])
    sample = person()
    sample["pred_instances"]["keypoints"][0, 4] += 20
    assert run(metric, sample) == {"PCK": 0.8, "tPCK": 0.8}
    assert metric.per_keypoint["PCK"] == {**dict.fromkeys(TORSO, 1.0), "head": 0.0}


def test_people_without_size_are_counted_in_the_log(caplog):
    sample = person()
    sample["gt_instances"]["bboxes"][:] = 0
    run(PCKAccuracy(), sample, person())
    assert "1 of 2 persons have no bbox size" in caplog.text


def test_missing_size_is_named():
    with pytest.raises(ValueError, match="sample 7 has no 'head_size' to normalise by"):
        run(PCKAccuracy(norm_item="head"), person())


@pytest.mark.parametrize("item", ["arm", [], ["bbox", "arm"]])
def test_unknown_norm_item(item):
    with pytest.raises(ValueError, match="use one or several of bbox, head, torso"):
        PCKAccuracy(norm_item=item)


def test_mpii_normalises_by_the_head_alone():
    with pytest.raises(ValueError, match="'head' alone"):
        MpiiPCKAccuracy(norm_item="bbox")


def test_parts_that_were_never_labelled_are_left_out():
    metric = JhmdbPCKAccuracy()
    metric.parts = {"Head": ("head",), "Sho": ("left_shoulder", "right_shoulder")}
    sample = person()
    sample["gt_instances"]["keypoints_visible"][0, 4] = 0
    assert run(metric, sample) == {"Sho PCK": 1.0, "PCK": 1.0}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(norm_mode="face"), "use 'use_norm_item' or 'keypoint_distance'"),
        (dict(norm_mode="use_norm_item"), "needs norm_item"),
        (dict(norm_mode="keypoint_distance", keypoint_indices=[1]), "exactly two"),
    ],
)
def test_nme_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        NME(**settings)


@pytest.mark.parametrize(
    ("indices", "message"), [(None, "no default keypoint_indices"), ([0, 5], "not all among the 5 keypoints")]
)
def test_nme_keypoints(indices, message):
    with pytest.raises(ValueError, match=message):
        run(NME("keypoint_distance", keypoint_indices=indices), person())


def test_nme_by_box():
    assert run(NME("use_norm_item", "bbox_size"), person(3.0))["NME"] == pytest.approx(18**0.5 / 100)


def test_nme_by_a_size_that_the_data_set_names():
    assert run(NME("use_norm_item", "box_size"), person(3.0) | {"box_size": 50})["NME"] == pytest.approx(18**0.5 / 50)
    with pytest.raises(ValueError, match="has no 'box_size' to normalise by"):
        run(NME("use_norm_item", "box_size"), person())


@pytest.mark.parametrize("settings", [dict(norm_factor=0), dict(num_thrs=0)])
def test_auc_settings(settings):
    with pytest.raises(ValueError, match="must be above 0"):
        METRICS.build(dict(type="AUC", **settings))

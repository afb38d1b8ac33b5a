from __future__ import annotations

import numpy as np
import pytest

from posekit.registry import METRICS


def frame(path: str | None, error: float) -> dict:
    gt = np.zeros((1, 4, 3))
    sample = dict(
        id=3,
        gt_instances=dict(lifting_target=gt, lifting_target_visible=np.ones((1, 4, 1))),
        pred_instances=dict(keypoints=(gt + np.array([error, 0, 0]))[None]),
    )
    return sample | (dict(target_img_path=[path]) if path else {})


def test_actions_and_skipped_recordings():
    metric = METRICS.build(dict(type="MPJPE", skip_list=["S11_Sitting_1"]))
    metric.process(None, [frame("a/S9_Walking_1.5_1.jpg", 1), frame("a/S9_Eating.5_1.jpg", 3)])
    metric.process(None, [frame("a/S11_Sitting_1.5_1.jpg", 9)])
    assert metric.evaluate(3) == {"MPJPE": 2, "MPJPE_Walking": 1, "MPJPE_Eating": 3}


def test_paths_are_required_for_actions_only():
    METRICS.build(dict(type="SimpleMPJPE")).process(None, [frame(None, 1)])
    with pytest.raises(ValueError, match="sample 3 has no target_img_path; use SimpleMPJPE"):
        METRICS.build(dict(type="MPJPE")).process(None, [frame(None, 1)])


def test_unknown_mode():
    with pytest.raises(ValueError, match="SimpleMPJPE: mode is 'x'; use mpjpe, p-mpjpe, n-mpjpe"):
        METRICS.build(dict(type="SimpleMPJPE", mode="x"))

from __future__ import annotations

import numpy as np
import pytest

from posekit.registry import METRICS

FOCAL, CENTER = np.array([1500.0, 1400]), np.array([256.0, 250])


def hands(*, both: bool = True, move: tuple[float, float, float] = (0, 0, 0), between: float = 0.0, **changes) -> dict:
    """Return a sample of two hands, with all predicted joints but the wrists moved and the hands ``between`` deeper."""
    rng = np.random.default_rng(0)
    true = rng.normal(0, 40, (42, 3)) + np.array([0, 0, 900])
    pred = true + np.array(move)
    pred[[20, 41]] = true[[20, 41]]
    roots = true[[20, 41], 2]
    pixels = np.c_[pred[:, :2] / pred[:, 2:] * FOCAL + CENTER, pred[:, 2] - np.repeat(roots, 21)]
    return dict(
        id=4, hand_type=np.array([[1, int(both)]]), hand_type_valid=np.array([1]), abs_depth=roots.tolist(),
        focal=FOCAL, principal_pt=CENTER,
        gt_instances=dict(keypoints_cam=true[None], keypoints_visible=np.ones((1, 42))),
        pred_instances=dict(
            keypoints=pixels[None],
            rel_root_depth=np.array([roots[1] - roots[0] + between]),
            hand_type=np.array([[1, 1]]),
        ),
    ) | changes  # fmt: skip


def run(*samples, **settings) -> dict[str, float]:
    metric = METRICS.build(dict(type="InterHandMetric", **settings))
    metric.process(None, list(samples))
    return metric.evaluate(len(samples))


def test_joints_are_measured_from_the_wrists():
    values = run(hands(move=(3, 0, 4)), hands(both=False), modes=["MPJPE"])
    moved = 5 * 40 / 42  # all but two wrists
    expected = {"MPJPE_all": moved / 2, "MPJPE_single": 0, "MPJPE_interacting": moved}
    assert values == pytest.approx(expected, abs=1e-9)


def test_depth_between_the_hands():
    assert run(hands(), modes=["MRRPE"])["MRRPE"] == pytest.approx(0, abs=1e-9)
    sample = hands(between=10)
    ray = np.append((sample["pred_instances"]["keypoints"][0, 41, :2] - CENTER) / FOCAL, 1)
    assert run(sample, modes=["MRRPE"])["MRRPE"] == pytest.approx(10 * np.linalg.norm(ray))


def test_handedness():
    assert run(hands(), hands(both=False), modes=["HandednessAcc"]) == {"HandednessAcc": 0.5}
    assert run(hands(), hands(both=False, hand_type_valid=np.array([0])))["HandednessAcc"] == 1


def test_what_no_sample_is_labelled_for_is_left_out():
    sample = hands(both=False, hand_type_valid=np.array([0]))
    assert set(run(sample)) == {"MPJPE_all", "MPJPE_single"}


def test_invisible_joints_and_wrists_do_not_count():
    sample = hands(move=(3, 0, 4))
    sample["gt_instances"]["keypoints_visible"][0, [0, 41]] = 0
    assert run(sample) == pytest.approx(
        {"MPJPE_all": 5 * 39 / 40, "MPJPE_interacting": 5 * 39 / 40, "HandednessAcc": 1}
    )


def test_wrong_settings_and_samples():
    with pytest.raises(ValueError, match=r"modes \['PCK'\]; use one or several of MPJPE, MRRPE, HandednessAcc"):
        run(hands(), modes=["PCK"])
    with pytest.raises(ValueError, match="sample 4 has no abs_depth"):
        run(hands(abs_depth=None))

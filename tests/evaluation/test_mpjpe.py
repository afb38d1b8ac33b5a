from __future__ import annotations

import numpy as np
import pytest

from posekit.evaluation.metrics.simple_mpjpe import align_procrustes, position_errors


def rotation(rng: np.random.Generator) -> np.ndarray:
    q, r = np.linalg.qr(rng.normal(size=(3, 3)))
    q *= np.sign(np.diag(r))
    return q * np.sign(np.linalg.det(q))


@pytest.mark.parametrize("seed", range(5))
def test_procrustes_undoes_any_similarity(seed):
    rng = np.random.default_rng(seed)
    gt = rng.normal(size=(4, 9, 3))
    pred = 2.5 * gt @ rotation(rng) + rng.normal(size=(4, 1, 3))
    np.testing.assert_allclose(align_procrustes(pred, gt), gt, atol=1e-9)
    assert position_errors(pred, gt, "p-mpjpe").max() < 1e-9


def test_procrustes_never_reflects():
    gt = np.random.default_rng(0).normal(size=(1, 9, 3))
    assert position_errors(gt * [-1, 1, 1], gt, "p-mpjpe").mean() > 0.1


def test_n_mpjpe_undoes_a_scale_only():
    gt = np.random.default_rng(0).normal(size=(2, 9, 3))
    assert position_errors(gt * 7, gt, "n-mpjpe").max() < 1e-9
    assert position_errors(gt + 1, gt, "n-mpjpe").mean() > 0.1


def test_a_collapsed_prediction_has_a_finite_error():
    gt = np.random.default_rng(0).normal(size=(1, 9, 3))
    for mode in ("p-mpjpe", "n-mpjpe"):
        assert np.isfinite(position_errors(np.zeros_like(gt), gt, mode)).all()


def test_unknown_mode():
    with pytest.raises(ValueError, match="mode is 'q'; use mpjpe, p-mpjpe, n-mpjpe"):
        position_errors(np.zeros((1, 2, 3)), np.zeros((1, 2, 3)), "q")

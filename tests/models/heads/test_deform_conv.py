"""The deformable convolution of DEKR's head."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from posekit.models.heads.dekr_head import DeformConv2d  # noqa: E402


@pytest.mark.parametrize("offset", [1e12, -1e30, float("inf"), float("nan")])
def test_points_far_outside_count_as_zero(offset):
    layer = DeformConv2d(4, 1)
    outside = layer(torch.ones(1, 4, 6, 6), torch.full((1, 18, 6, 6), offset))
    assert torch.equal(outside, torch.zeros(1, 4, 6, 6))

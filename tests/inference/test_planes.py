from __future__ import annotations

import numpy as np
import pytest

from posekit.inference.networks.base import as_wanted, planes
from posekit.inference.recognition import IMAGENET, IMAGENET_BGR, RAW

CROPS = list(np.random.default_rng(0).integers(0, 256, (3, 8, 6, 3), np.uint8))


@pytest.mark.parametrize("pixels", [None, RAW, IMAGENET, IMAGENET_BGR])
def test_looking_up_equals_computing(pixels):
    plain = np.stack(CROPS).transpose(0, 3, 1, 2).astype(np.float32)
    wanted = plain if pixels is None else as_wanted(plain, pixels)
    np.testing.assert_array_equal(planes(CROPS, np.float32, pixels), wanted)


def test_parts_of_larger_images_and_bytes():
    parts = [crop[1:7, ::2] for crop in CROPS]
    wanted = np.stack(parts).transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(planes(parts, np.uint8), wanted)
    np.testing.assert_array_equal(planes(parts, np.float32), wanted)


def test_red_comes_first_where_it_is_wanted():
    blue = np.zeros((2, 2, 3), np.uint8)
    blue[..., 0] = 255
    assert planes([blue], np.float32, IMAGENET)[0, 2].mean() == pytest.approx((255 - 103.53) / 57.375)

"""A network whose outputs are the encoded targets finds the keypoints in the image again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from codec_cases import FLIP_INDICES, TOP_DOWN, Case, keypoints_inside

from posekit.codecs.base import BaseCodec
from posekit.geometry import Affine, crop_affine

SIZE, HEATMAP = (192, 256), (48, 64)
SIGMAS = np.array([0.026, 0.025, 0.025, 0.035, 0.035])  # the first of COCO, the strictest


def outputs_of(codec: BaseCodec, case: Case, keypoints: np.ndarray) -> tuple[Any, ...]:
    """Return the outputs (1, K, ...) of a perfect network for an input with these keypoints."""
    return tuple(part if part.shape[0] == 1 else part[None] for part in case.outputs(codec.encode(keypoints)))


def oks(distance: np.ndarray, area: float) -> float:
    return float(np.exp(-(distance**2) / (2 * area * (2 * SIGMAS) ** 2)).mean())


@pytest.mark.parametrize("flip_test", [False, True], ids=["plain", "flip_test"])
@pytest.mark.parametrize("rotation", [0.0, 30.0, -75.0])
@pytest.mark.parametrize("use_udp", [False, True], ids=["crop", "udp_crop"])
@pytest.mark.parametrize("case", TOP_DOWN.values(), ids=TOP_DOWN)
def test_perfect_network(case: Case, use_udp: bool, rotation: float, flip_test: bool) -> None:
    codec = case.build(SIZE, HEATMAP)
    scale_wh = np.array([240.0, 320.0])
    affine = crop_affine([310.0, 205.0], scale_wh, rotation, SIZE, use_udp=use_udp)
    wanted = affine.inverse().points(keypoints_inside(7, size_wh=SIZE, margin=40).astype(np.float64))
    keypoints_input = affine.points(wanted).astype(np.float32)

    options = case.flip_options[-1]
    outputs = outputs_of(codec, case, keypoints_input)
    bound_px = codec.round_trip_px
    if flip_test:
        mirrored = Affine.flip(SIZE, space="input").points(keypoints_input)[:, FLIP_INDICES]
        unflipped = outputs_of(codec, case, mirrored)
        unflipped = codec.flip(unflipped if len(unflipped) > 1 else unflipped[0], FLIP_INDICES, **options)
        unflipped = unflipped if isinstance(unflipped, tuple) else (unflipped,)
        outputs = tuple((plain + flipped) / 2 for plain, flipped in zip(outputs, unflipped, strict=True))
        bound_px += abs(codec.flip_offset_px(**options))

    keypoints, _ = codec.batch_decode(*outputs)
    found = affine.inverse().points(np.reshape(keypoints, (1, -1, 2)).astype(np.float64))
    distance = np.linalg.norm(found - wanted, axis=-1)[0]
    image_px = bound_px * np.linalg.norm(affine.inverse().matrix[:, :2], 2)
    assert distance.max() <= image_px + 1e-3
    area = float(scale_wh.prod())
    assert oks(distance, area) >= oks(np.full(len(SIGMAS), image_px), area)
    if bound_px <= 0.5:
        assert oks(distance, area) >= 0.9995

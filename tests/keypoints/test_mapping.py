"""Keypoints of one set found in another by their names."""

from __future__ import annotations

import numpy as np
import pytest

from posekit.datasets.transforms.keypoint_converter import KeypointConverter
from posekit.keypoints.mapping import named_mapping

BODY = [(i, i) for i in range(17)]
LIMBS = [(0, 6), (1, 8), (2, 10), (3, 5), (4, 7), (5, 9), (6, 12), (7, 14), (8, 16), (9, 11), (10, 13), (11, 15)]
MPII_LIMBS = [(0, 16), (1, 14), (2, 12), (3, 11), (4, 13), (5, 15)]
MPII_ARMS = [(10, 10), (11, 8), (12, 6), (13, 5), (14, 7), (15, 9)]
JHMDB = [(3, 6), (4, 5), (5, 12), (6, 11), (7, 8), (8, 7), (9, 14), (10, 13), (11, 10), (12, 9), (13, 16), (14, 15)]
PUBLISHED = {
    "aic_to_coco": LIMBS,
    "crowdpose_to_coco": [(i, i + 5) for i in range(12)],
    "mpii_to_coco": [*MPII_LIMBS, *MPII_ARMS],
    "jhmdb_to_coco": JHMDB,
    "halpe_to_coco": BODY,
    "coco_to_coco_wholebody": BODY,
    "aic_to_halpe26": [*LIMBS, (12, 17), (13, 18)],
    "crowdpose_to_halpe26": [*((i, i + 5) for i in range(12)), (12, 17), (13, 18)],
    "mpii_to_halpe26": [*MPII_LIMBS, (8, 18), (9, 17), *MPII_ARMS],
    "jhmdb_to_halpe26": [(0, 18), (2, 17), *JHMDB],
    "posetrack18_to_halpe26": [(0, 0), (2, 17), *((i, i) for i in range(3, 17))],
    "coco_wholebody_to_halpe26": [*BODY, (17, 20), (18, 22), (19, 24), (20, 21), (21, 23), (22, 25)],
}
"""The index pairs that configs of RTMPose spell out."""


@pytest.mark.parametrize(("name", "pairs"), PUBLISHED.items())
def test_names_give_the_published_pairs(name: str, pairs: list[tuple[int, int]]) -> None:
    assert named_mapping(name)[0] == pairs


def test_a_converter_takes_a_named_mapping() -> None:
    convert = KeypointConverter(mapping="aic_to_coco")
    results = convert(dict(keypoints=np.arange(28.0).reshape(1, 14, 2), keypoints_visible=np.ones((1, 14))))
    assert results["keypoints"].shape == (1, 17, 2)
    assert results["keypoints"][0, 6].tolist() == [0, 1]
    assert results["keypoints_visible"][0, :5].tolist() == [[0, 0]] * 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mapping": "coco"}, "'coco': write SOURCE_to_TARGET"),
        ({"mapping": "coco_to_nothing"}, "nothing"),
        ({"mapping": "coco_to_fly"}, r"coco \(nose, .*share no keypoint; give index pairs"),
        ({"mapping": "aic_to_coco", "num_keypoints": 19}, "num_keypoints is 19, but aic_to_coco makes 17"),
        ({"num_keypoints": 17}, "needs num_keypoints and a mapping, or a named mapping alone"),
    ],
)
def test_wrong_mappings(options: dict, message: str) -> None:
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        KeypointConverter(**options)

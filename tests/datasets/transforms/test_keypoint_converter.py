from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from dot_images import KEYPOINTS  # pyright: ignore[reportMissingImports]

from posekit.datasets.transforms.keypoint_converter import KeypointConverter

# source: 0 middle, (1, 2) and (3, 4) pairs, 5 middle and invisible
MAPPING: Any = [(0, 4), ((1, 2), 0), (3, 1), (4, 2), ((4, 5), 5)]


@pytest.fixture
def converted(make_results: Any) -> Any:
    return KeypointConverter(num_keypoints=7, mapping=MAPPING)(make_results())


def test_keypoints_move_to_their_targets(converted: Any) -> None:
    points = converted["keypoints"][0]
    assert points.shape == (7, 2)
    assert points[4].tolist() == KEYPOINTS[0, 0].tolist()
    assert points[0].tolist() == KEYPOINTS[0, 1:3].mean(axis=0).tolist()
    assert points[[3, 6]].tolist() == [[0, 0], [0, 0]]


def test_a_target_may_be_the_mean_of_three(make_results: Any) -> None:
    results: Any = KeypointConverter(2, [((0, 1, 5), 1), (2, 0)])(make_results())
    assert results["keypoints"][0, 1] == pytest.approx(KEYPOINTS[0, [0, 1, 5]].mean(axis=0))
    assert results["keypoints_visible"][0].tolist() == [[1, 1], [0, 1]]


def test_visible_where_all_sources_are(converted: Any) -> None:
    visible, weights = np.moveaxis(converted["keypoints_visible"][0], -1, 0)
    assert visible.tolist() == [1, 1, 1, 0, 1, 0, 0]
    assert weights.tolist() == [1, 1, 1, 0, 1, 1, 0]


def test_what_is_known_of_the_set_follows(converted: Any) -> None:
    assert converted["flip_indices"] == [0, 2, 1, 3, 4, 5, 6]
    assert converted["flip_pairs"] == [[1, 2]]
    assert converted["upper_body_ids"] == [0, 4]
    assert converted["lower_body_ids"] == [1, 2, 5]
    assert converted["dataset_keypoint_weights"].tolist() == [1, 2, 2, 1, 1, 1.25, 1]


def test_the_data_sets_own_lists_stay(make_results: Any) -> None:
    given = make_results()
    flips = given["flip_indices"]
    KeypointConverter(7, MAPPING)(given)
    assert flips == [0, 2, 1, 4, 3, 5]


def test_3d_keypoints_convert_too(make_results: Any) -> None:
    points = np.random.default_rng(0).normal(size=(3, 6, 3)).astype(np.float32)
    given = make_results(
        keypoints=points[..., :2], keypoints_visible=np.ones((3, 6)), keypoints_3d=points, target_idx=[1]
    )
    results: Any = KeypointConverter(7, MAPPING)(given)
    assert results["keypoints_3d"][:, 4].tolist() == points[:, 0].tolist()
    assert results["lifting_target"].shape == (1, 7, 3)
    assert results["lifting_target_visible"].tolist() == [[1, 1, 1, 0, 1, 1, 0]]


@pytest.mark.parametrize("mapping", [[(0, 7)], [((), 0)], [(-1, 0)]])
def test_mapping_that_cannot_be(mapping: Any) -> None:
    with pytest.raises(ValueError, match=r"KeypointConverter\.mapping"):
        KeypointConverter(7, mapping)


def test_a_set_with_too_few_keypoints_is_named(make_results: Any) -> None:
    with pytest.raises(ValueError, match=r"KeypointConverter.mapping: takes keypoint 16 of a set of 6"):
        KeypointConverter(7, [(0, 0), ((1, 16), 1)])(make_results())


def test_what_one_converter_leaves_out_the_next_does_not_bring_back(make_results: Any) -> None:
    once: Any = KeypointConverter(3, [(0, 0), (1, 1)])(make_results())
    twice: Any = KeypointConverter(3, [(0, 1), (2, 0), ((0, 2), 2)])(once)
    assert twice["keypoints_visible"][0].tolist() == [[0, 0], [1, 1], [0, 0]]

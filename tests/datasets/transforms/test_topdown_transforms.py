"""RandomFlip, RandomHalfBody, RandomBBoxTransform and TopdownAffine, each on its own."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from dot_images import KEYPOINTS, dot_image  # pyright: ignore[reportMissingImports]

from posekit.datasets.transforms.base import truncated_normal
from posekit.datasets.transforms.random_bbox_transform import RandomBBoxTransform
from posekit.datasets.transforms.random_flip import RandomFlip
from posekit.datasets.transforms.random_half_body import RandomHalfBody
from posekit.datasets.transforms.topdown_affine import TopdownAffine
from posekit.datasets.transforms.warp import Warp, apply_warp
from posekit.geometry import Affine

CENTER, SCALE = np.array([[41, 35]], np.float32), np.array([[32, 40]], np.float32)


class TestRandomFlip:
    def test_keypoints_in_space_are_mirrored_with_those_of_the_image(self, make_results: Any) -> None:
        in_space = np.arange(18, dtype=np.float32).reshape(1, 6, 3)
        results: Any = RandomFlip(1.0)(make_results(keypoints_3d=in_space))
        want = in_space[:, [0, 2, 1, 4, 3, 5]] * np.array([-1, 1, 1])
        np.testing.assert_array_equal(results["keypoints_3d"], want)

    def test_sides_swap_but_not_in_a_half_turn(self, make_results: Any) -> None:
        for direction, swapped in (("horizontal", True), ("vertical", True), ("diagonal", False)):
            results = RandomFlip(1.0, direction)(make_results())
            assert results is not None
            point = results["affine"].points(KEYPOINTS[0, 2 if swapped else 1])
            assert results["keypoints"][0, 1] == pytest.approx(point)

    def test_box_and_rotation_follow(self, make_results: Any) -> None:
        given = make_results(bbox_center=CENTER, bbox_rotation=np.array([20], np.float32))
        results: Any = RandomFlip(1.0)(given)
        assert results["bbox"] == pytest.approx(np.array([[79 - 57, 15, 79 - 25, 55]]))
        assert results["bbox_center"] == pytest.approx(np.array([[79 - 41, 35]]))
        assert results["bbox_rotation"] == pytest.approx([-20])

    def test_chances(self) -> None:
        rng = np.random.default_rng(0)
        flip = RandomFlip([0.2, 0.3], ["horizontal", "vertical"])
        counts = Counter(flip.choose(rng) for _ in range(4000))
        assert counts["horizontal"] / 4000 == pytest.approx(0.2, abs=0.03)
        assert counts["vertical"] / 4000 == pytest.approx(0.3, abs=0.03)
        assert counts[None] / 4000 == pytest.approx(0.5, abs=0.03)

    @pytest.mark.parametrize("prob", [1.2, -0.1, [0.5], [0.7, 0.7]])
    def test_chances_that_are_none(self, prob: Any) -> None:
        with pytest.raises(ValueError, match=r"RandomFlip\.prob"):
            RandomFlip(prob, ["horizontal", "vertical"])

    def test_unknown_direction(self) -> None:
        with pytest.raises(ValueError, match="'sideways' is not one of horizontal, vertical, diagonal"):
            RandomFlip(0.5, "sideways")

    def test_a_list_of_frames_and_a_mask_flip(self, make_results: Any) -> None:
        img = dot_image(10, 10)
        results: Any = RandomFlip(1.0)(make_results(img=[img, img], img_mask=img[..., 0]))
        assert np.array_equal(results["img"][1], img[:, ::-1])
        assert np.array_equal(results["img_mask"], img[:, ::-1, 0])


class TestRandomHalfBody:
    def half(self, make_results: Any, seed: int = 0, **settings: Any) -> Any:
        settings = dict(min_total_keypoints=4, min_upper_keypoints=2, min_lower_keypoints=2, prob=1.0) | settings
        return RandomHalfBody(**settings)(make_results(seed, bbox_center=CENTER, bbox_scale=SCALE))

    def test_upper_and_lower_half(self, make_results: Any) -> None:
        upper = self.half(make_results, upper_prioritized_prob=1.0, padding=1.0)
        assert upper["bbox_center"] == pytest.approx(KEYPOINTS[:, :3].mean(axis=1))
        lower = self.half(make_results, upper_prioritized_prob=0.0, padding=2.0)
        assert lower["bbox_center"] == pytest.approx(KEYPOINTS[:, 3:5].mean(axis=1))
        assert lower["bbox_scale"] == pytest.approx(np.array([[40, 4]]))

    @pytest.mark.parametrize(
        "settings", [dict(prob=0.0), dict(min_total_keypoints=6), dict(min_upper_keypoints=4, min_lower_keypoints=4)]
    )
    def test_stays_whole(self, settings: dict[str, Any], make_results: Any) -> None:
        assert np.array_equal(self.half(make_results, **settings)["bbox_center"], CENTER)

    def test_only_possible_half_is_taken(self, make_results: Any) -> None:
        for seed in range(6):
            results = self.half(make_results, seed, min_upper_keypoints=4)
            assert results["bbox_center"] == pytest.approx(KEYPOINTS[:, 3:5].mean(axis=1))


class TestRandomBBoxTransform:
    def test_stays_within_its_limits(self, make_results: Any) -> None:
        transform = RandomBBoxTransform(0.16, 1.0, (0.5, 1.5), 1.0, 80.0, 1.0)
        shifts, factors, angles = [], [], []
        for seed in range(100):
            results: Any = transform(make_results(seed, bbox_center=CENTER, bbox_scale=SCALE))
            shifts.append((results["bbox_center"] - CENTER) / SCALE)
            factors.append(results["bbox_scale"] / SCALE)
            angles.append(results["bbox_rotation"])
        assert 0.12 < np.abs(shifts).max() <= 0.1601
        assert np.min(factors) >= 0.4999
        assert np.max(factors) <= 1.5001
        assert 60 < np.abs(angles).max() <= 80
        assert results["bbox_center"].dtype == results["bbox_scale"].dtype == np.float32

    def test_chances_of_zero_change_nothing(self, make_results: Any) -> None:
        transform = RandomBBoxTransform(shift_prob=0, scale_prob=0, rotate_prob=0)
        results: Any = transform(make_results(bbox_center=CENTER, bbox_scale=SCALE))
        assert np.array_equal(results["bbox_center"], CENTER)
        assert np.array_equal(results["bbox_scale"], SCALE)
        assert results["bbox_rotation"].tolist() == [0]

    def test_several_boxes_get_their_own_numbers(self, make_results: Any) -> None:
        many: Any = make_results(bbox_center=np.repeat(CENTER, 5, 0), bbox_scale=np.repeat(SCALE, 5, 0))
        assert len(np.unique(RandomBBoxTransform()(many)["bbox_scale"][:, 0])) == 5  # pyright: ignore

    def test_distribution_is_the_truncated_normal(self) -> None:
        uniform = np.linspace(0, 0.999, 50)
        below = np.array([math.erf(value / math.sqrt(2)) for value in truncated_normal(uniform)])
        one = math.erf(1 / math.sqrt(2))
        assert (below + one) / (2 * one) == pytest.approx(uniform)


class TestTopdownAffine:
    def test_scale_grows_to_the_aspect_ratio(self, make_results: Any) -> None:
        results: Any = TopdownAffine((48, 64))(make_results(bbox_center=CENTER, bbox_scale=SCALE))
        assert results["bbox_scale"] == pytest.approx(np.array([[32, 32 / 0.75]]))
        assert results["input_scale"] == pytest.approx(results["bbox_scale"][0])
        assert results["input_size"] == (48, 64)
        assert results["img"].shape == (64, 48, 3)

    def test_works_without_keypoints(self, make_results: Any) -> None:
        given = make_results(bbox_center=CENTER, bbox_scale=SCALE)
        del given["keypoints"]
        assert "transformed_keypoints" not in TopdownAffine((48, 64))(given)  # pyright: ignore

    @pytest.mark.parametrize("scale", [[0, 10], [10, -1], [np.nan, 10], [np.inf, 10]])
    def test_box_without_area_is_named(self, scale: list[float], make_results: Any) -> None:
        given = make_results(bbox_center=CENTER, bbox_scale=np.array([scale], np.float32))
        with pytest.raises(ValueError, match=r"dot\.png, instance \[3\]: the box has centre"):
            TopdownAffine((48, 64))(given)

    def test_several_boxes_are_refused(self, make_results: Any) -> None:
        given = make_results(bbox_center=np.repeat(CENTER, 2, 0), bbox_scale=np.repeat(SCALE, 2, 0))
        with pytest.raises(ValueError, match="2 boxes in one sample"):
            TopdownAffine((48, 64))(given)

    @pytest.mark.parametrize("size", [(48,), (48, 64, 3), (48.5, 64), (0, 64)])
    def test_input_size_must_be_two_whole_numbers(self, size: Any) -> None:
        with pytest.raises(ValueError, match=r"TopdownAffine\.input_size"):
            TopdownAffine(size)

    def test_border_value(self, make_results: Any) -> None:
        given = make_results(bbox_center=CENTER * 0, bbox_scale=SCALE)
        results: Any = TopdownAffine((48, 64), border_value=(1, 2, 3))(given)
        assert results["img"][0, 0].tolist() == [1, 2, 3]


class TestApplyWarp:
    def test_crop_beside_the_image_is_all_border(self) -> None:
        affine = Affine.translate((500, 0))
        assert (apply_warp(dot_image(5, 5), Warp(affine, (20, 10), 4)) == 4).all()

    def test_float_and_gray_images_take_the_direct_way(self) -> None:
        img = dot_image(5, 5)
        warp = Warp(Affine.translate((2, 1)), (20, 10))
        color = apply_warp(img, warp)
        assert np.array_equal(apply_warp(img.astype(np.float32), warp), color)
        assert np.array_equal(apply_warp(img[..., 0], warp), color[..., 0])

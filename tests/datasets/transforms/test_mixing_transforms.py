"""Mosaic, YOLOXMixUp, crops, sizes, and the transforms for hands and lifters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from dot_images import KEYPOINTS, dot_center  # pyright: ignore[reportMissingImports]

from posekit.datasets.transforms.bottomup_random_choice_resize import BottomupRandomChoiceResize
from posekit.datasets.transforms.bottomup_random_crop import BottomupRandomCrop
from posekit.datasets.transforms.keypoint_converter import KeypointConverter
from posekit.datasets.transforms.mosaic import Mosaic
from posekit.datasets.transforms.random_choice import RandomChoice
from posekit.datasets.transforms.random_flip import HandRandomFlip
from posekit.datasets.transforms.random_flip_around_root import RandomFlipAroundRoot
from posekit.datasets.transforms.single_hand_converter import SingleHandConverter
from posekit.datasets.transforms.yolox_mix_up import YOLOXMixUp


def brightness_at(img: np.ndarray, point: np.ndarray) -> float:
    x, y = np.rint(point).astype(int)
    return float(img[y, x].max())


@pytest.mark.parametrize("seed", range(4))
class TestMosaic:
    def test_four_images_with_their_keypoints(self, seed: int, make_results: Any) -> None:
        square = [[20.0, 10.0, 60.0, 10.0, 60.0, 50.0, 20.0, 50.0]]
        given = make_results(seed, invalid_segs=[square])
        results: Any = Mosaic((80, 64), (0.9, 1.1), pad_val=0)(given)
        assert results["img"].shape == (128, 160, 3)
        assert results["ori_shape"] == results["img_shape"] == (128, 160)
        assert len(results["keypoints"]) == len(results["bbox"]) == len(results["category_id"]) == 4
        for points in results["keypoints"]:
            assert brightness_at(results["img"], points[0]) > 200
        [[region]] = results["invalid_segs"]
        assert np.subtract(region[:2], results["keypoints"][0, 0]).tolist() == [20 - 40, 10 - 32]

    def test_what_is_cut_off_is_hidden(self, seed: int, make_results: Any) -> None:
        results: Any = Mosaic((40, 32), (0.5, 0.5))(make_results(seed))
        inside = ((results["keypoints"] >= 0) & (results["keypoints"] <= (80, 64))).all(axis=-1)
        assert not results["keypoints_visible"][~inside].any()
        assert results["bbox"].min() >= 0


@pytest.mark.parametrize("flip_ratio", [0.0, 1.0])
@pytest.mark.parametrize("seed", range(4))
def test_mix_up_brings_the_other_along(seed: int, flip_ratio: float, make_results: Any) -> None:
    mix = YOLOXMixUp((80, 60), ratio_range=(0.8, 1.0), flip_ratio=flip_ratio, pad_val=0)
    results: Any = mix(make_results(seed))
    own, other = results["keypoints"][:, 0]
    assert np.array_equal(own, KEYPOINTS[0, 0])
    assert brightness_at(results["img"], own) > 100
    assert brightness_at(results["img"], other) > 90
    mirrored = results["keypoints"][1, 1, 0] > results["keypoints"][1, 2, 0]
    assert not mirrored  # left stays left of right: sides swap with the mirror


def test_no_mixing_without_chance(make_results: Any) -> None:
    given = make_results()
    assert np.array_equal(Mosaic(prob=0.0)(given)["img"], make_results()["img"])  # pyright: ignore


class TestRandomCrop:
    @pytest.mark.parametrize(
        ("crop_type", "size", "low", "high"),
        [
            ("absolute", (50, 40), (50, 40), (50, 40)),
            ("absolute", (500, 40), (80, 40), (80, 40)),
            ("absolute_range", (30, 50), (30, 30), (50, 50)),
            ("relative", (0.5, 0.25), (40, 15), (40, 15)),
            ("relative_range", (0.5, 0.25), (40, 15), (80, 60)),
        ],
    )
    def test_size(self, crop_type: str, size: Any, low: Any, high: Any, make_results: Any) -> None:
        crop = BottomupRandomCrop(size, crop_type, allow_negative_crop=True)
        for seed in range(10):
            img = crop(make_results(seed))["img"]  # pyright: ignore
            assert np.all(np.array(low) <= img.shape[1::-1])
            assert np.all(np.array(img.shape[1::-1]) <= high)

    def test_crop_without_instances_is_skipped(self, make_results: Any) -> None:
        given = make_results(bbox=np.array([[70, 50, 79, 59]], np.float32))
        crop = BottomupRandomCrop((10, 10))
        outcomes = {crop(make_results(seed, bbox=given["bbox"])) is None for seed in range(20)}
        assert True in outcomes
        kept: Any = BottomupRandomCrop((2, 2), allow_negative_crop=True)(make_results(bbox=given["bbox"]))
        assert len(kept["keypoints"]) == len(kept["id"]) == 0

    @pytest.mark.parametrize(
        ("crop_type", "size"),
        [("absolute", (0, 5)), ("absolute", (5.5, 5)), ("relative", (1.5, 1)), ("absolute_range", (9, 5))],
    )
    def test_size_that_does_not_suit(self, crop_type: str, size: Any) -> None:
        with pytest.raises(ValueError, match=r"BottomupRandomCrop\.crop_size"):
            BottomupRandomCrop(size, crop_type)

    def test_other_settings(self) -> None:
        with pytest.raises(ValueError, match="'odd' is not one of absolute"):
            BottomupRandomCrop((5, 5), "odd")
        with pytest.raises(ValueError, match="needs instance masks"):
            BottomupRandomCrop((5, 5), recompute_bbox=True)


class TestRandomChoiceResize:
    @pytest.mark.parametrize(
        ("scale", "keep_ratio", "size"),
        [((40, 40), False, (40, 40)), ((40, 40), True, (40, 30)), ((30, 100), True, (40, 30)), (0.5, True, (40, 30))],
    )
    def test_size(self, scale: Any, keep_ratio: bool, size: tuple[int, int], make_results: Any) -> None:
        results: Any = BottomupRandomChoiceResize([scale], keep_ratio=keep_ratio)(make_results())
        assert results["input_size"] == size
        assert dot_center(results["img"]) == pytest.approx(results["keypoints"][0, 0], abs=0.2)

    @pytest.mark.parametrize("scales", [[640, 640], [], [(0, 10)], [-1], ["a"], [(40.5, 30)]])
    def test_scales_that_are_none(self, scales: Any) -> None:
        with pytest.raises(ValueError, match=r"give sizes as \[\(640, 640\), ...\], or factors above 0"):
            BottomupRandomChoiceResize(scales)

    def test_areas_grow_with_the_image(self, make_results: Any) -> None:
        results: Any = BottomupRandomChoiceResize([0.5], keep_ratio=True)(make_results())
        assert results["area"] == pytest.approx(1280 / 4)
        assert results["area"].dtype == np.float32

    def test_every_scale_is_drawn(self, make_results: Any) -> None:
        resize = BottomupRandomChoiceResize([(40, 30), (60, 45)])
        assert {resize(make_results(seed))["img_shape"] for seed in range(20)} == {(30, 40), (45, 60)}  # pyright: ignore


class TestRandomChoice:
    def test_every_choice_is_drawn_as_often_as_asked_for(self, make_results: Any) -> None:
        small = dict(type="RandomChoiceResize", scales=[(40, 30)])
        large = [dict(type="RandomFlip", prob=1.0), dict(type="BottomupRandomChoiceResize", scales=[(60, 45)])]
        choice = RandomChoice([small, large], prob=[0.25, 0.75])
        shapes = [choice(make_results(seed))["img_shape"] for seed in range(60)]  # pyright: ignore
        assert set(shapes) == {(30, 40), (45, 60)}
        assert shapes.count((30, 40)) == pytest.approx(15, abs=8)
        assert set(choice.provides) == set(BottomupRandomChoiceResize.provides)

    @pytest.mark.parametrize(("count", "prob"), [(0, None), (2, [1.0]), (2, [0.5, 0.6])])
    def test_choices_and_probabilities_have_to_fit(self, count: int, prob: Any) -> None:
        with pytest.raises(ValueError, match="probabilities that add up to 1"):
            RandomChoice([dict(type="RandomFlip")] * count, prob=prob)


class TestHands:
    def test_flip_swaps_the_hands(self, make_results: Any) -> None:
        results: Any = HandRandomFlip(1.0)(make_results())
        assert results["hand_type"].tolist() == [[0, 1]]
        assert results["rel_root_depth"].tolist() == [[-0.3]]

    @pytest.mark.parametrize(("hand", "target"), [([[0, 1]], 0), ([[1, 0]], 1)])
    def test_converter_follows_the_hand(self, hand: list[list[int]], target: int, make_results: Any) -> None:
        convert = SingleHandConverter(2, [(0, 0)], [(0, 1)])
        results: Any = convert(make_results(hand_type=np.array(hand)))
        assert results["keypoints"][0, target].tolist() == KEYPOINTS[0, 0].tolist()

    def test_two_hands_are_refused(self, make_results: Any) -> None:
        with pytest.raises(ValueError, match=r"must be \[1, 0\] \(right\) or \[0, 1\] \(left\)"):
            SingleHandConverter(2, [(0, 0)], [(0, 1)])(make_results(hand_type=np.array([[1, 1]])))


class TestFlipAroundRoot:
    def flip(self, results: Any, **settings: Any) -> Any:
        return RandomFlipAroundRoot(dict(center_x=40.0), dict(center_mode="root"), flip_prob=1.0, **settings)(results)

    def test_mirrors_both(self, make_results: Any) -> None:
        target = np.arange(18, dtype=np.float32).reshape(1, 6, 3)
        results = self.flip(make_results(lifting_target=target))
        assert results["keypoints"][0, 1].tolist() == [80 - 50, 22]
        assert results["lifting_target"][0, 0].tolist() == [0, 1, 2]
        assert results["lifting_target"][0, 1, 0] == -6

    def test_labels_and_camera(self, make_results: Any) -> None:
        camera = dict(c=np.array([3.0, 4.0]), p=[1.0, 2.0], f=5)
        given = make_results(keypoint_labels=KEYPOINTS, lifting_target_label=KEYPOINTS, camera_param=camera)
        results = self.flip(given, flip_label=True, flip_camera=True)
        assert results["camera_param"]["c"].tolist() == [-3, 4]
        assert results["camera_param"]["p"].tolist() == [-1, 2]
        assert camera["c"].tolist() == [3, 4]
        assert np.array_equal(results["keypoints"], KEYPOINTS)

    def test_several_cameras(self, make_results: Any) -> None:
        cameras = [dict(c=(1.0, 2.0), f=3), dict(c=(4.0, 5.0), f=6)]
        results = self.flip(make_results(camera_param=cameras), flip_camera=True)
        assert [camera["c"].tolist() for camera in results["camera_param"]] == [[-1, 2], [-4, 5]]

    def test_visibility_with_weights_is_mirrored(self, make_results: Any) -> None:
        given: Any = KeypointConverter(6, [(1, 1), (2, 0)])(make_results())
        given["keypoints_visible"][0, 0, 0] = 0
        assert self.flip(given)["keypoints_visible"][0, :3].tolist() == [[1, 1], [0, 1], [0, 0]]

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            (dict(flip_prob=5), "flip_prob: must be from 0 to 1, found 5"),
            (dict(target_flip_cfg=dict(center=0)), "a flip knows center_index, center_mode, center_x, not center"),
        ],
    )
    def test_settings_that_are_none(self, settings: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            RandomFlipAroundRoot(**{"keypoints_flip_cfg": {}, "target_flip_cfg": {}, **settings})

    def test_missing_target_is_named(self, make_results: Any) -> None:
        given = make_results()
        del given["lifting_target"]
        with pytest.raises(KeyError, match="RandomFlipAroundRoot needs 'lifting_target'"):
            self.flip(given)

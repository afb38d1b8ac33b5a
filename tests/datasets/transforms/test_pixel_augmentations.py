"""Albumentation, PhotometricDistortion and YOLOXHSVRandomAug."""

from __future__ import annotations

import importlib.machinery
import random
import sys
import types
from typing import Any

import cv2
import numpy as np
import pytest

from posekit.datasets.transforms.albumentation import Albumentation
from posekit.datasets.transforms.photometric_distortion import PhotometricDistortion
from posekit.datasets.transforms.pixel_ops import PIXEL_OPS, odd_sizes
from posekit.datasets.transforms.yolox_hsv_random_aug import YOLOXHSVRandomAug, shift_hsv, turn_hue

IMG = np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8)


def run(transform: Any, seed: int = 0) -> np.ndarray:
    return transform(dict(img=IMG.copy(), rng=np.random.default_rng(seed)))["img"]


class TestAlbumentation:
    @pytest.mark.parametrize(
        "config",
        [
            dict(
                type="CoarseDropout",
                max_holes=1,
                min_holes=1,
                max_height=0.4,
                max_width=0.4,
                min_height=0.2,
                min_width=0.2,
            ),
            dict(
                type="CoarseDropout", num_holes_range=(1, 1), hole_height_range=(0.2, 0.4), hole_width_range=(0.2, 0.4)
            ),
        ],
        ids=["old names", "new names"],
    )
    def test_dropout_covers_one_rectangle(self, config: dict[str, Any]) -> None:
        for seed in range(20):
            rows, columns = np.nonzero((run(Albumentation([config | dict(p=1.0)]), seed) == 0).all(axis=-1))
            height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
            assert 0.2 * 40 - 1 <= height <= 0.4 * 40
            assert 0.2 * 30 - 1 <= width <= 0.4 * 30
            assert len(rows) == height * width

    def test_dropout_in_pixels_with_a_color(self) -> None:
        step = dict(
            type="CoarseDropout", max_holes=1, max_height=100, max_width=5, min_height=100, fill_value=(1, 2, 3), p=1
        )
        covered = (run(Albumentation([step])) == (1, 2, 3)).all(axis=-1)
        assert covered.sum() == 40 * 5

    def test_grid_of_squares(self) -> None:
        step = dict(type="GridDropout", unit_size_min=10, unit_size_max=10, fill_value=(1, 2, 3), p=1.0)
        covered = (run(Albumentation([step])) == (1, 2, 3)).all(axis=-1)
        rows, columns = np.arange(40) % 10 < 5, np.arange(30) % 10 < 5
        assert np.array_equal(covered, rows[:, None] & columns)

    def test_grid_of_random_unit_and_offset(self) -> None:
        step = dict(type="GridDropout", unit_size_range=(4, 8), random_offset=True, fill=7, p=1.0)
        covered = [(run(Albumentation([step]), seed) == 7).all(axis=-1) for seed in range(20)]
        assert all(0.1 < mask.mean() < 0.35 for mask in covered)
        assert len({mask.tobytes() for mask in covered}) > 5

    @pytest.mark.parametrize("name", ["Blur", "MedianBlur"])
    def test_blur_sizes(self, name: str) -> None:
        plain = cv2.blur if name == "Blur" else cv2.medianBlur
        options = [cv2.blur(IMG, (k, k)) if plain is cv2.blur else cv2.medianBlur(IMG, k) for k in (3, 5)]
        outputs = [run(Albumentation([dict(type=name, blur_limit=5, p=1.0)]), seed) for seed in range(12)]
        matches = {next(i for i, o in enumerate(options) if np.array_equal(o, img)) for img in outputs}
        assert matches == {0, 1}

    def test_gray_weighs_blue_green_red(self) -> None:
        gray = run(Albumentation([dict(type="ToGray", p=1.0)]))
        assert np.abs(gray[..., 0] - IMG @ [0.114, 0.587, 0.299]).max() <= 1
        assert np.array_equal(gray[..., 0], gray[..., 2])

    def test_brightness_and_contrast(self) -> None:
        step = dict(type="RandomBrightnessContrast", brightness_limit=(0.1, 0.1), contrast_limit=(0.5, 0.5), p=1.0)
        want = np.clip(IMG * 1.5 + 25.5, 0, 255)
        assert np.abs(run(Albumentation([step])) - want).max() <= 1

    def test_noise_has_the_given_deviation(self) -> None:
        gray = np.full((200, 200, 3), 128, np.uint8)
        for step in (dict(var_limit=(25.0, 25.0)), dict(std_range=(5 / 255, 5 / 255))):
            transform = Albumentation([dict(type="GaussNoise", p=1.0, **step)])
            noisy = transform(dict(img=gray, rng=np.random.default_rng(0)))["img"]
            assert noisy.std() == pytest.approx(5, abs=0.1)
            assert abs(noisy.mean() + 0.5 - 128) < 0.1
            assert (noisy[..., 0] != noisy[..., 1]).any()
        one_channel = Albumentation([dict(type="GaussNoise", per_channel=False, p=1.0)])
        noisy = one_channel(dict(img=gray, rng=np.random.default_rng(0)))["img"]
        assert (noisy[..., 0] == noisy[..., 2]).all()

    def test_hue_turns_and_value_shifts(self) -> None:
        red = np.zeros((4, 4, 3), np.uint8) + np.array([0, 0, 200], np.uint8)
        limits = dict(hue_shift_limit=(60, 60), sat_shift_limit=0, val_shift_limit=(-50, -50))
        transform = Albumentation([dict(type="HueSaturationValue", p=1.0, **limits)])
        turned = transform(dict(img=red, rng=np.random.default_rng(0)))["img"]
        assert turned[0, 0].tolist() == [0, 150, 0]

    def test_gaussian_blur_sizes(self) -> None:
        options = [cv2.GaussianBlur(IMG, (k, k), 0) for k in (3, 5)]
        outputs = [run(Albumentation([dict(type="GaussianBlur", blur_limit=(3, 5), p=1.0)]), s) for s in range(12)]
        matches = {next(i for i, o in enumerate(options) if np.array_equal(o, img)) for img in outputs}
        assert matches == {0, 1}

    def test_one_of_weighs_by_p(self) -> None:
        fill = [
            dict(type="CoarseDropout", max_height=99, max_width=99, min_height=99, min_width=99, fill=v, p=w)
            for v, w in ((1, 0.1), (2, 0.3))
        ]
        drawn = [run(Albumentation([dict(type="OneOf", transforms=fill, p=1.0)]), s)[0, 0, 0] for s in range(400)]
        assert np.mean(np.equal(drawn, 2)) == pytest.approx(0.75, abs=0.07)

    def test_chance(self) -> None:
        changed = [not np.array_equal(run(Albumentation([dict(type="Blur", p=0.1)]), s), IMG) for s in range(600)]
        assert np.mean(changed) == pytest.approx(0.1, abs=0.04)

    def test_unknown_parameter_is_named(self) -> None:
        with pytest.raises(ValueError, match=r"Blur does not take these parameters.*radius"):
            Albumentation([dict(type="Blur", radius=3)])

    @pytest.mark.parametrize(
        "config",
        [
            dict(type="CoarseDropout", fill="random"),
            dict(type="CoarseDropout", holes=3),
            dict(type="GridDropout", unit_size_min=4),
            dict(type="GridDropout", holes_number_x=4),
            dict(type="ToGray", method="pca"),
            dict(type="RandomBrightnessContrast", ensure_safe_range=True),
            dict(type="Blur", blur_limit=2),
        ],
    )
    def test_what_is_not_built_in_is_said(self, config: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=r"built in|no odd kernel"):
            Albumentation([config])

    def test_other_types_need_the_package(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        with pytest.raises(ImportError, match=r"'RandomFog' is not built in.*pip install albumentations"):
            Albumentation([dict(type="RandomFog", p=0.1)])

    @pytest.mark.parametrize("seeded", [True, False], ids=["2.x", "1.x"])
    def test_other_types_run_through_the_package(self, seeded: bool, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "albumentations", fake_package(seeded))
        transform = Albumentation([dict(type="Shift", amount=3)], keymap={"img": "image"})
        state = random.getstate()
        first, again, other = run(transform, 0), run(transform, 0), run(transform, 1)
        assert random.getstate() == state
        assert np.array_equal(first, again)
        assert not np.array_equal(first, other)

    def test_kernel_sizes(self) -> None:
        assert odd_sizes(7) == [3, 5, 7]
        assert odd_sizes((5, 9)) == [5, 7, 9]
        colours = {"GaussNoise", "HueSaturationValue", "RandomBrightnessContrast", "ToGray"}
        assert set(PIXEL_OPS) == {"Blur", "GaussianBlur", "MedianBlur", "CoarseDropout", "GridDropout", *colours}


def fake_package(seeded: bool) -> types.ModuleType:
    """Return a stand-in for albumentations, of the kind that takes a seed or of the older kind."""
    package = types.ModuleType("albumentations")
    package.__spec__ = importlib.machinery.ModuleSpec("albumentations", None)

    class Shift:
        def __init__(self, amount: int) -> None:
            self.amount = amount

    class Compose:
        def __init__(self, steps: list[Shift]) -> None:
            self.amount, self.generator = steps[0].amount, random

        def __call__(self, image: np.ndarray) -> dict[str, np.ndarray]:
            return {"image": image + np.uint8(self.amount * self.generator.randrange(50))}

    if seeded:
        Compose.set_random_seed = lambda self, seed: setattr(self, "generator", random.Random(seed))  # pyright: ignore
    package.Shift, package.Compose = Shift, Compose  # pyright: ignore[reportAttributeAccessIssue]
    return package


class TestHsv:
    @pytest.mark.parametrize("shift", [-179, -90, -76, -5, -1, 1, 4, 76, 90])
    def test_hue_turns_round(self, shift: int) -> None:
        hues = np.arange(180, dtype=np.uint8)
        turn_hue(hues, shift)
        assert np.array_equal(hues, (np.arange(180) + shift) % 180)

    def test_equals_the_arithmetic(self) -> None:
        hsv = cv2.cvtColor(IMG, cv2.COLOR_BGR2HSV) + np.array([4, -20, 25])
        hsv[..., 0] %= 180
        want = cv2.cvtColor(np.clip(hsv, 0, 255).astype(np.uint8), cv2.COLOR_HSV2BGR)
        assert np.array_equal(shift_hsv(IMG, 4, -20, 25), want)

    def test_zero_deltas_change_nothing(self) -> None:
        assert np.array_equal(run(YOLOXHSVRandomAug(0, 0, 0)), IMG)


class TestPhotometricDistortion:
    def test_without_range_only_channels_swap(self) -> None:
        transform = PhotometricDistortion(0, (1, 1), (1, 1), 0)
        for seed in range(10):
            assert np.array_equal(np.sort(run(transform, seed), axis=-1), np.sort(IMG, axis=-1))

    def test_changes_most_images(self) -> None:
        transform = PhotometricDistortion()
        assert sum(not np.array_equal(run(transform, seed), IMG) for seed in range(20)) > 15

    def test_saturation_of_zero_is_gray(self) -> None:
        transform = PhotometricDistortion(0, (1, 1), (0, 0), 0)
        spread = [np.ptp(run(transform, seed).astype(int), axis=-1).max() for seed in range(20)]
        assert 0 in spread

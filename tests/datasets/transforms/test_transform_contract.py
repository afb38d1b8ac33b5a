"""What every registered transform promises."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from dot_images import KEYPOINTS, dot_center  # pyright: ignore[reportMissingImports]

from posekit.datasets.transforms.base import BaseTransform
from posekit.datasets.transforms.geometric import GeometricTransform
from posekit.datasets.transforms.pipeline import Pipeline
from posekit.datasets.transforms.results import DERIVED, Results
from posekit.registry import TRANSFORMS

CODEC = dict(type="MSRAHeatmap", input_size=(48, 64), heatmap_size=(12, 16), sigma=1)
CROP = dict(bbox_center=np.array([[41, 35]], np.float32), bbox_scale=np.array([[32, 40]], np.float32))
AFFINE = dict(input_size=(64, 48))

CASES: dict[str, dict[str, Any]] = {
    "LoadImage": {},
    "GetBBoxCenterScale": dict(padding=1.1),
    "RandomFlip": dict(prob=[0.3, 0.3, 0.3], direction=["horizontal", "vertical", "diagonal"]),
    "RandomHalfBody": dict(min_total_keypoints=4, min_lower_keypoints=2, prob=0.7),
    "RandomBBoxTransform": {},
    "TopdownAffine": dict(input_size=(48, 64)),
    "BottomupResize": dict(input_size=(64, 64)),
    "BottomupRandomAffine": AFFINE,
    "BottomupGetHeatmapMask": {},
    "GenerateTarget": dict(encoder=CODEC),
    "PackPoseInputs": {},
    "KeypointConverter": dict(num_keypoints=4, mapping=[(0, 0), ((1, 2), 1), (3, 2), (4, 3)]),
    "FilterAnnotations": dict(by_box=True, by_area=True),
    "PhotometricDistortion": {},
    "YOLOXHSVRandomAug": {},
    "Albumentation": dict(
        transforms=[
            dict(type="Blur", p=0.5),
            dict(type="CoarseDropout", max_holes=2, p=0.5),
            dict(type="RandomBrightnessContrast"),
        ]
    ),
    "HandRandomFlip": dict(prob=1.0),
    "SingleHandConverter": dict(num_keypoints=4, left_hand_mapping=[(0, 0)], right_hand_mapping=[(0, 1), (2, 2)]),
    "RandomFlipAroundRoot": dict(keypoints_flip_cfg={}, target_flip_cfg=dict(center_mode="root")),
    "BottomupRandomCrop": dict(crop_size=(50, 40)),
    "BottomupRandomChoiceResize": dict(scales=[(40, 30), (100, 90)]),
    "RandomChoiceResize": dict(scales=[(40, 30), (100, 90)]),
    "RandomChoice": dict(transforms=[dict, [dict, dict]]),  # callables that copy the results
    "Mosaic": dict(img_scale=(40, 32)),
    "YOLOXMixUp": dict(img_scale=(64, 48)),
    "CachedMosaic": dict(img_scale=(40, 32), max_cached_images=4),
    "CachedMixUp": dict(img_scale=(64, 48), max_cached_images=2),
    "LoadAnnotations": {},
    "PackDetInputs": {},
    "Pad": dict(size_divisor=32),
    "RandomAffine": {},
    "RandomCrop": dict(crop_size=(50, 40)),
    "RandomResize": dict(scale=(64, 48), ratio_range=(0.5, 2.0), keep_ratio=True),
    "Resize": dict(scale=(64, 48), keep_ratio=True),
    "UnlabeledPose": {},
}
CAMERA = dict(target_idx=[0], camera_param=dict(f=[[90.0], [90.0]], c=[[50.0], [40.0]]))
NEEDS = {"TopdownAffine": CROP, "RandomHalfBody": CROP, "RandomBBoxTransform": CROP, "UnlabeledPose": CAMERA}
OPTIONAL = {"PackPoseInputs": ["img"], "RandomFlipAroundRoot": ["lifting_target"]}
NAMES = [name for name in TRANSFORMS.names() if TRANSFORMS.get(name).__name__ == name]
"""All but further names of the same class."""
CACHED = ("CachedMosaic", "CachedMixUp")
GEOMETRIC = {
    "flip": dict(type="RandomFlip", prob=1.0),
    "flip vertical": dict(type="RandomFlip", prob=1.0, direction="vertical"),
    "flip diagonal": dict(type="RandomFlip", prob=1.0, direction="diagonal"),
    "topdown": dict(type="TopdownAffine", input_size=(48, 64)),
    "topdown udp": dict(type="TopdownAffine", input_size=(48, 64), use_udp=True),
    "bottomup fit": dict(type="BottomupResize", input_size=(64, 64)),
    "bottomup expand": dict(type="BottomupResize", input_size=(64, 64), resize_mode="expand"),
    "bottomup udp": dict(type="BottomupResize", input_size=(64, 64), use_udp=True),
    "bottomup affine": dict(type="BottomupRandomAffine", **AFFINE, shift_factor=0.1),
    "bottomup affine udp": dict(type="BottomupRandomAffine", **AFFINE, transform_mode="affine_udp", shift_factor=0.1),
    "hand flip": dict(type="HandRandomFlip", prob=1.0),
    "crop": dict(type="BottomupRandomCrop", crop_size=(70, 50)),
    "resize": dict(type="BottomupRandomChoiceResize", scales=[(40, 60)]),
    "resize by another name": dict(type="RandomChoiceResize", scales=[(40, 60)]),
    "affine": dict(type="RandomAffine", max_translate_ratio=0.05, scaling_ratio_range=(0.5, 0.8), border_val=0),
    "bottomup perspective": dict(
        type="BottomupRandomAffine", **AFFINE, transform_mode="perspective", shift_factor=0.1, distribution="uniform"
    ),
}


def build(name: str) -> BaseTransform:
    return TRANSFORMS.build(dict(type=name, **copy.deepcopy(CASES[name])))


def snapshot(value: Any) -> Any:
    """Return a comparable copy of results: arrays as (bytes, shape, dtype), packed samples as dicts."""
    if hasattr(value, "to_dict"):
        return snapshot(value.to_dict())
    if isinstance(value, dict):
        return {key: snapshot(item) for key, item in value.items() if key not in ("rng", "affine", "dataset")}
    if isinstance(value, (list, tuple)):
        return [snapshot(item) for item in value]
    array = np.asarray(value)
    return value if array.dtype == object else (array.tobytes(), array.shape, str(array.dtype))


def test_every_registered_transform_has_a_case() -> None:
    assert sorted(CASES) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
class TestTransformContract:
    def test_same_generator_same_result(self, name: str, make_results: Any) -> None:
        if name in CACHED:
            pytest.skip("depends on the samples before, as its docstring says")
        transform = build(name)
        runs = [snapshot(transform(make_results(seed, **NEEDS.get(name, {})))) for seed in (0, 1, 2, 3) * 2]
        assert runs[:4] == runs[4:]

    def test_global_generators_are_not_used(self, name: str, make_results: Any) -> None:
        before = np.random.get_state()[1].copy()
        build(name)(make_results(**NEEDS.get(name, {})))
        assert np.array_equal(before, np.random.get_state()[1])

    def test_required_keys_are_enough_and_provided_ones_come(self, name: str, make_results: Any) -> None:
        transform = build(name)
        given = make_results(loaded=name != "LoadImage", **NEEDS.get(name, {}))
        allowed = [*transform.requires, "rng", "keypoints", "flip_indices", *OPTIONAL.get(name, ())]
        results = transform({key: given[key] for key in allowed if key in given})
        assert results is not None
        missing = set(transform.provides) - set(results)
        assert not missing

    def test_a_missing_key_is_named(self, name: str, make_results: Any) -> None:
        transform = build(name)
        for key in transform.requires:
            results = make_results(loaded=name != "LoadImage", **NEEDS.get(name, {}))
            del results[key]
            with pytest.raises(KeyError, match=f"{name} needs '{key}'"):
                transform(results)

    def test_arrays_that_came_in_are_untouched(self, name: str, make_results: Any) -> None:
        given = make_results(loaded=name != "LoadImage", **NEEDS.get(name, {}))
        kept = {key: value for key, value in given.items() if key not in ("rng", "dataset")}
        for value in kept.values():
            if isinstance(value, np.ndarray):
                value.flags.writeable = False
        before = snapshot(kept)
        build(name)(given)
        assert snapshot(kept) == before

    def test_declared_keys_are_documented(self, name: str) -> None:
        cls = TRANSFORMS.get(name)
        assert {*cls.requires, *cls.provides} <= set(Results.__annotations__)
        assert cls.__doc__

    def test_repr_names_settings(self, name: str) -> None:
        assert repr(build(name)).startswith(f"{name}(")


@pytest.mark.parametrize("case", GEOMETRIC)
@pytest.mark.parametrize("seed", range(4))
class TestGeometry:
    """Image, keypoints and ``affine`` move together."""

    def results(self, case: str, seed: int, make_results: Any) -> dict[str, Any]:
        rotation = np.array([[0.0], [35.0], [-80.0], [10.0]], np.float32)[seed]
        given = make_results(seed, **CROP, bbox_rotation=rotation)
        return TRANSFORMS.build(dict(GEOMETRIC[case]))(given)

    def test_keypoint_stays_on_its_dot(self, case: str, seed: int, make_results: Any) -> None:
        results = self.results(case, seed, make_results)
        points = results.get("transformed_keypoints", results["keypoints"])
        assert dot_center(results["img"]) == pytest.approx(points[0, 0], abs=0.2)

    def test_affine_is_the_whole_way(self, case: str, seed: int, make_results: Any) -> None:
        results = self.results(case, seed, make_results)
        assert results["affine"].source == "image"
        assert dot_center(results["img"]) == pytest.approx(results["affine"].points(KEYPOINTS[0, 0]), abs=0.2)
        assert "pending" not in results

    def test_flip_before_and_after_fold_into_one_warp(self, case: str, seed: int, make_results: Any) -> None:
        flip = dict(type="RandomFlip", prob=1.0)
        steps = [TRANSFORMS.build(dict(config)) for config in (flip, GEOMETRIC[case], flip)]
        folded = Pipeline(steps, DERIVED)(make_results(seed, **CROP))
        single: Any = make_results(seed, **CROP)
        for step in steps:
            single = step(single)
        assert folded is not None
        assert np.abs(folded["img"].astype(int) - single["img"]).max() <= 2
        for key in ("keypoints", "bbox", "transformed_keypoints", "keypoints_visible"):
            assert np.array_equal(folded.get(key, 0), single.get(key, 0))
        assert folded["affine"].matrix == pytest.approx(single["affine"].matrix)


def test_every_geometric_transform_is_tested() -> None:
    covered = {config["type"] for config in GEOMETRIC.values()}
    assert covered == {name for name in NAMES if issubclass(TRANSFORMS.get(name), GeometricTransform)}

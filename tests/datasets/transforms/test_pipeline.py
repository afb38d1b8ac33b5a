from __future__ import annotations

from typing import Any, ClassVar

import cv2
import numpy as np
import pytest

from posekit.datasets.transforms.base import BaseTransform
from posekit.datasets.transforms.pipeline import Pipeline
from posekit.datasets.transforms.results import Results

TOPDOWN = [
    dict(type="LoadImage"),
    dict(type="GetBBoxCenterScale"),
    dict(type="RandomFlip", prob=1.0),
    dict(type="RandomHalfBody"),
    dict(type="RandomBBoxTransform"),
    dict(type="TopdownAffine", input_size=(48, 64)),
]


class Reader(BaseTransform):
    requires: ClassVar[tuple[str, ...]] = ("img",)

    def __init__(self) -> None:
        self.seen: list[tuple[int, ...]] = []

    def transform(self, results: Results) -> Results:
        assert "pending" not in results
        self.seen.append(results["img"].shape)
        return results


@pytest.fixture
def count_warps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that grows with every call of OpenCV's warp or flip."""
    calls: list[str] = []
    for name in ("warpAffine", "flip"):
        plain = getattr(cv2, name)
        monkeypatch.setattr(cv2, name, lambda *a, _n=name, _f=plain, **k: (calls.append(_n), _f(*a, **k))[1])
    return calls


def test_flip_and_crop_warp_once(make_results: Any, count_warps: list[str]) -> None:
    results = Pipeline(TOPDOWN)(make_results(loaded=False))
    assert results is not None
    assert results["img"].shape == (64, 48, 3)
    assert count_warps == ["warpAffine"]


def test_a_step_that_reads_pixels_in_between_gets_them(make_results: Any, count_warps: list[str]) -> None:
    reader = Reader()
    Pipeline([*TOPDOWN[:3], reader, *TOPDOWN[3:]])(make_results(loaded=False))
    assert reader.seen == [(60, 80, 3)]
    assert count_warps == ["flip", "warpAffine"]


def test_a_callable_that_declares_nothing_gets_pixels(make_results: Any, count_warps: list[str]) -> None:
    def keep(results: Any) -> Any:
        assert "pending" not in results
        return results

    Pipeline([*TOPDOWN[:3], keep, *TOPDOWN[3:]])(make_results(loaded=False))
    assert count_warps == ["flip", "warpAffine"]


def test_two_cuts_are_not_folded(make_results: Any, count_warps: list[str]) -> None:
    steps = [
        dict(type="LoadImage"),
        dict(type="BottomupRandomAffine", input_size=(64, 48)),
        dict(type="RandomFlip", prob=1.0),
        dict(type="BottomupResize", input_size=(32, 32)),
    ]
    results = Pipeline(steps)(make_results(loaded=False))
    assert count_warps == ["warpAffine", "warpAffine"]
    assert results is not None
    assert results["affine"].target == "input"


def test_none_ends_the_pipeline(make_results: Any) -> None:
    reader = Reader()
    pipeline = Pipeline([dict(type="LoadImage"), dict(type="FilterAnnotations", min_kpt_vis=9), reader])
    assert pipeline(make_results(loaded=False)) is None
    assert reader.seen == []


def test_missing_steps_are_all_named_when_built() -> None:
    with pytest.raises(ValueError, match="no step before it provides") as caught:
        Pipeline([dict(type="LoadImage"), dict(type="RandomHalfBody"), dict(type="TopdownAffine", input_size=(48, 64))])
    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    assert lines[0] == (
        "pipeline[1] RandomHalfBody needs 'bbox_center', which no step before it provides; "
        "put GetBBoxCenterScale before it"
    )


def test_keys_of_the_data_set_count() -> None:
    steps = [dict(type="LoadImage"), dict(type="TopdownAffine", input_size=(48, 64))]
    assert len(Pipeline(steps, ["img_path", "bbox_center", "bbox_scale"])) == 2


def test_keys_nobody_knows_are_not_checked() -> None:
    class Custom(Reader):
        requires = ("my_key",)

    assert len(Pipeline([Custom()])) == 1


def test_a_sample_does_not_depend_on_those_before_it(make_results: Any) -> None:
    pipeline = Pipeline(TOPDOWN)
    alone = pipeline(make_results(5, loaded=False))
    for seed in range(5):
        pipeline(make_results(seed, loaded=False))
    again = pipeline(make_results(5, loaded=False))
    assert alone is not None
    assert again is not None
    assert np.array_equal(alone["img"], again["img"])
    assert np.array_equal(alone["transformed_keypoints"], again["transformed_keypoints"])


def test_reads_like_the_list_it_was_built_from() -> None:
    pipeline = Pipeline(TOPDOWN)
    assert [type(step).__name__ for step in pipeline][1] == type(pipeline[1]).__name__ == "GetBBoxCenterScale"
    assert "    TopdownAffine(input_size=(48, 64), use_udp=False" in repr(pipeline)

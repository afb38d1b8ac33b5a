"""What transforms share that mix several images of a dataset."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from posekit.datasets.records import present
from posekit.datasets.transforms.base import BaseTransform, random_generator
from posekit.datasets.transforms.instances import hide_outside
from posekit.datasets.transforms.pipeline import Pipeline
from posekit.datasets.transforms.results import Results
from posekit.datasets.transforms.warp import move_boxes, move_points
from posekit.geometry import Affine
from posekit.structures.bbox import bbox_clip_border

MERGED_KEYS = ("bbox", "bbox_score", "category_id", "keypoints", "keypoints_visible", "area", "labels", "ignored")


class MixImageTransform(BaseTransform):
    """Mixes other samples of ``results["dataset"]`` into a sample.

    Args:
        pre_transform: pipeline for the other samples, starting with LoadImage.
        prob: chance of mixing.
    """

    requires = ("img", "dataset")
    num_others: ClassVar[int]

    def __init__(self, pre_transform: Sequence[BaseTransform] | None = None, prob: float = 1.0) -> None:
        self.prob = prob
        self.pre_transform = Pipeline(pre_transform or [dict(type="LoadImage")])

    def transform(self, results: Results) -> Results | None:
        rng = random_generator(results)
        if rng.random() >= self.prob:
            return results
        others = [self.other(results, rng) for _ in range(self.num_others)]
        if any(other is None for other in others):
            return None
        return self.mix(results, others, rng)  # pyright: ignore[reportArgumentType]

    def other(self, results: Results, rng: np.random.Generator) -> Results | None:
        """Return another sample, drawn at random, after ``pre_transform``."""
        dataset = results["dataset"]
        info = present(dataset.get_data_info(int(rng.integers(len(dataset)))))
        return self.pre_transform({**info, "rng": rng, "dataset": dataset})  # pyright: ignore[reportArgumentType]

    @abstractmethod
    def mix(self, results: Results, others: list[Results], rng: np.random.Generator) -> Results:
        """Return ``results`` with ``others`` mixed in."""


class CachedMix(MixImageTransform):
    """Mixes images that lately passed by into a sample, in place of freshly loaded ones.

    What a sample looks like then depends on those before it in its worker, so a run that is resumed or has another
    number of workers sees other mixtures. Until the cache holds enough other images, images stay alone.

    Args:
        max_cached_images: number of images to keep.
        random_pop: whether any image may leave the full cache, not only the oldest.
        options: arguments of the transform that mixes.
    """

    requires = ("img",)

    def __init__(self, *, max_cached_images: int = 40, random_pop: bool = True, **options: Any) -> None:
        super().__init__(**options)
        if max_cached_images <= self.num_others:
            name = type(self).__name__
            raise ValueError(f"{name}.max_cached_images: {max_cached_images}; it must be above {self.num_others}")
        self.max_cached_images = max_cached_images
        self.random_pop = random_pop
        self._lately: list[Results] = []

    def transform(self, results: Results) -> Results | None:
        rng = random_generator(results)
        self._lately.append({**results, "img": results["img"]})  # pyright: ignore[reportArgumentType]
        if len(self._lately) > self.max_cached_images:
            self._lately.pop(int(rng.integers(len(self._lately) - 1)) if self.random_pop else 0)
        return super().transform(results) if len(self._lately) > self.num_others + 1 else results

    def other(self, results: Results, rng: np.random.Generator) -> Results | None:
        return self._lately[int(rng.integers(len(self._lately)))].copy()


def num_instances(sample: Results) -> int:
    """Return how many instances, with keypoints or boxes, a sample has."""
    return len(sample["keypoints"] if sample.get("keypoints") is not None else sample.get("bbox", ()))


def moved_annotations(sample: Results, step: Affine) -> dict[str, Any]:
    """Return the annotations of a sample as they lie after ``step``."""
    moved: dict[str, Any] = {key: np.asarray(sample[key]) for key in MERGED_KEYS if sample.get(key) is not None}
    if "bbox" in moved:
        moved["bbox"] = move_boxes(step, moved["bbox"])
    if "keypoints" in moved:
        moved["keypoints"] = move_points(step, moved["keypoints"])
    if "area" in moved:
        moved["area"] = moved["area"] * abs(np.linalg.det(step.matrix[:, :2]))
    return moved


def merge_annotations(results: Results, parts: list[dict[str, Any]], size_wh: tuple[int, int]) -> None:
    """Join the annotations of all parts that carry them; boxes are cut, and keypoints hidden, at the border."""
    values: dict[str, Any] = results  # pyright: ignore[reportAssignmentType]
    for key in MERGED_KEYS:
        if all(key in part for part in parts):
            values[key] = np.concatenate([part[key] for part in parts])
    if values.get("bbox") is not None:
        values["bbox"] = bbox_clip_border(values["bbox"], size_wh)
    if values.get("keypoints") is not None:
        hide_outside(results, size_wh)

"""Inputs as a config's own test pipeline makes them, for the predictors that no recipe tells everything."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from posekit.datasets.transforms.pipeline import Pipeline
from posekit.datasets.transforms.results import FROM_DATASET
from posekit.inference.config_recipe import is_top_down, step_name
from posekit.inference.images import Boxes, Image, checked_boxes
from posekit.inference.predictor import Prepared
from posekit.inference.sequence_inputs import sequence_facts


class ConfigPipeline:
    """Prepares images by the steps of a config's test pipeline.

    Args:
        steps: configs of the steps, the first of which reads the image.
        metainfo: the keypoint set, which datasets put into every sample.
    """

    def __init__(self, steps: Sequence[Any], metainfo: Mapping[str, Any]) -> None:
        whole = Pipeline(copy.deepcopy(list(steps)))
        self.names = [step_name(step) for step in steps]
        self.per_box = is_top_down(steps)
        self.first: Any = whole[0]
        self.rest = Pipeline(list(whole)[1:], available=whole.available | set(getattr(self.first, "provides", ())))
        self.metainfo = dict(metainfo)

    def read(self, image: Image) -> np.ndarray:
        """Return an image as the first step does."""
        source = {"img": image} if isinstance(image, np.ndarray) else {"img_path": os.fspath(image)}
        return self.first(source)["img"]

    def __call__(self, image: np.ndarray, boxes: Boxes | None) -> Iterator[Prepared]:
        """Yield an input for each box, or the one of the whole image.

        Raises:
            ValueError: if the boxes cannot be used, or the pipeline ends without packing what it made.
        """
        shape = image.shape[:2]
        results = {"img_id": 0, "img": image, "img_path": "", "img_shape": shape, "ori_shape": shape, **self.metainfo}
        if not self.per_box:
            yield packed(self.rest({**results, "id": 0}), self.names)  # pyright: ignore[reportArgumentType]
            return
        for index, box in enumerate(checked_boxes(boxes, shape).astype(np.float32)):
            item = {**results, "id": index, "bbox": box[None], "bbox_score": np.ones(1, np.float32)}
            yield packed(self.rest(item), self.names)  # pyright: ignore[reportArgumentType]


class LiftingPipeline:
    """Prepares sequences of keypoints by the steps of a config's test pipeline.

    Args:
        steps: configs of the steps.
        metainfo: the keypoint set.
        whole: whether every frame is a target, else one of them.
    """

    def __init__(self, steps: Sequence[Any], metainfo: Mapping[str, Any], *, whole: bool) -> None:
        self.names = [step_name(step) for step in steps]
        self.whole = whole
        self.pipeline = Pipeline(copy.deepcopy(list(steps)), available=FROM_DATASET | {"factor"})
        self.metainfo = dict(metainfo)

    def __call__(self, keypoints: np.ndarray, image_size_wh: tuple[int, int] | None) -> Prepared:
        """Return the input of one person's keypoints (T, K, 2) in image pixels."""
        facts = sequence_facts(keypoints, image_size_wh, whole=self.whole)
        results: dict[str, Any] = {**self.metainfo, "id": 0, "category_id": 1, **facts}
        return packed(self.pipeline(results), self.names)  # pyright: ignore[reportArgumentType]


def packed(results: Any, names: Sequence[str]) -> Prepared:
    """Return the input and the sample that a pipeline of the steps ``names`` made.

    Raises:
        ValueError: if it made none.
    """
    if results is None:
        raise ValueError(f"the test pipeline ({', '.join(names)}) skipped the image; in a test it must not")
    missing = [key for key in ("inputs", "data_samples") if key not in results]
    if missing:
        raise ValueError(
            f"the test pipeline ({', '.join(names)}) ends without {' and '.join(missing)}; "
            "its last step must be PackPoseInputs"
        )
    return results["inputs"], results["data_samples"]

"""Samples of a dataset before and after its pipeline, to look at."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from posekit.datasets.base import BaseDataset
from posekit.datasets.transforms.base import DeviceTransform
from posekit.datasets.transforms.generate_target import GenerateTarget, input_keypoints
from posekit.datasets.transforms.pack_pose_inputs import PackPoseInputs
from posekit.datasets.transforms.pipeline import Pipeline
from posekit.datasets.transforms.results import Results
from posekit.media.image_file import read_image


@dataclass
class TracedSample:
    """A sample at both ends of a pipeline.

    Attributes:
        record: what the dataset put in.
        original: the image as loaded (H, W, 3).
        results: what the pipeline made of it, not packed.
        targets: what codecs encoded, by key.
        keypoints: keypoints of the input, before a codec encoded them (N, K, D).
        visible: which of them there are (N, K).
    """

    record: dict[str, Any]
    original: np.ndarray
    results: dict[str, Any]
    targets: dict[str, Any]
    keypoints: np.ndarray
    visible: np.ndarray


def trace(dataset: BaseDataset, index: int) -> TracedSample:
    """Run a dataset's pipeline on one sample, all but the packing.

    Raises:
        OSError: if the image is not there.
        ValueError: if it cannot be read, or the sample has none.
    """
    owner, place = dataset, index
    if isinstance(getattr(dataset, "dataset", None), BaseDataset):  # RepeatDataset shows its dataset
        owner = dataset.dataset  # pyright: ignore[reportAttributeAccessIssue]
        place = dataset.data_list[index]["place"]
    owner = copy.copy(owner)
    before: list[tuple[np.ndarray, np.ndarray]] = []
    owner.pipeline = Pipeline(watched(owner.pipeline, before), owner.available_keys())
    record = owner.get_data_info(place)
    results = owner.prepare_data(place)
    if results is None:
        raise ValueError(f"sample {index}: the pipeline leaves nothing of it")
    path = record.get("img_path")
    if not isinstance(path, str) or not isinstance(results.get("img"), np.ndarray):
        raise ValueError(f"sample {index} of {type(dataset).__name__} has no single image to show")
    original = read_image(path)
    assert original is not None
    keys = {key for name in ("label_mapping_table", "field_mapping_table") for key in results.get(name, ())}
    targets = {key: results[key] for key in sorted(keys) if key in results}
    keypoints, visible = before[-1] if before else input_keypoints(results)
    return TracedSample(record, original, results, targets, keypoints, visible)


def watched(pipeline: Iterable[Any], before: list[tuple[np.ndarray, np.ndarray]]) -> list[Any]:
    """Return a pipeline's steps on single samples, without the packing.

    Keypoints join ``before`` where codecs are about to encode them. A codec may put its own keypoints, such as shares
    of the input's size, in their place.
    """

    def look(results: Results) -> Results:
        keypoints, visible = input_keypoints(results)
        before.append((keypoints.copy(), visible.copy()))
        return results

    steps = []
    for step in pipeline:
        if isinstance(step, GenerateTarget):
            steps.append(look)
        if not isinstance(step, (PackPoseInputs, DeviceTransform)):
            steps.append(step)
    return steps

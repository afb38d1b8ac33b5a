"""Networks in files: outputs are arrays, and the file's recipe says how to decode them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from posekit.codecs.base import BaseCodec, decode_instances
from posekit.geometry import Affine
from posekit.inference.networks.base import Batch, planes
from posekit.inference.recipe import Recipe
from posekit.registry import CODECS
from posekit.structures import InstanceData, PoseDataSample


class ExportedNetwork(ABC):
    """Base of networks that compute arrays from crops.

    Args:
        recipe: what the file says about itself.
        source: name of the file, for messages.

    Raises:
        ValueError: if posekit has no such codec, or it does not take these settings.
    """

    def __init__(self, recipe: Recipe, source: str) -> None:
        self.recipe = recipe
        self.codec = build_codec(recipe.codec, source)

    @abstractmethod
    def compute(self, crops: np.ndarray) -> Any:
        """Return the outputs, one array (B, ...) or a tuple of them, for crops (B, 3, h, w), BGR, 0 ... 255."""

    def run(self, batch: Batch) -> list[PoseDataSample]:
        """Return the samples with ``keypoints`` (1, K, D), ``keypoint_scores`` (1, K) and perhaps visibility."""
        flip_test = self.recipe.flip_test if batch.flip_test is None else batch.flip_test
        found = self.decode(self.outputs(planes(batch.inputs, np.float32), flip_test))
        maps = [sample.get("affine") for sample in batch.samples]
        back = Affine(np.stack([one.matrix for one in maps]), maps[0].source, maps[0].target).inverse()
        places = back.points(np.stack([one.keypoints for one in found]))
        for sample, one, keypoints in zip(batch.samples, found, places, strict=True):
            one.keypoints = keypoints
            sample.pred_instances = self.kept(one)
            for name in ("bboxes", "bbox_scores"):  # those the crop was cut from
                setattr(sample.pred_instances, name, sample.gt_instances[name])
        return batch.samples

    def outputs(self, crops: np.ndarray, flip_test: bool) -> Any:
        """Return the outputs for crops (B, 3, h, w), with ``flip_test`` averaged with those of mirrored crops."""
        outputs = self.compute(crops)
        if not flip_test:
            return outputs
        mirrored = self.compute(np.ascontiguousarray(crops[..., ::-1]))
        mirrored = self.codec.flip(mirrored, list(self.recipe.flip_indices), **self.recipe.flip_options)
        return mean_of(outputs, mirrored)

    def decode(self, outputs: Any) -> list[InstanceData]:
        """Find the keypoints (1, K, D) of each sample, in input space."""
        return decode_instances(self.codec, outputs)

    def kept(self, found: InstanceData) -> InstanceData:
        """Leave out the keypoints that the recipe does not keep."""
        index = list(self.recipe.kept_keypoints)
        return found.map(lambda column: column[:, index]) if index else found


def build_codec(config: dict[str, Any], source: str) -> BaseCodec:
    """Build the decoder that a model file names.

    Raises:
        ValueError: if posekit has no such codec or it does not take these settings.
    """
    try:
        return CODECS.build(config)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{source}: its codec {config} cannot be built: {error}") from error


def mean_of(first: Any, second: Any) -> Any:
    """Average arrays, or tuples of them."""
    if isinstance(first, tuple):
        return tuple(mean_of(a, b) for a, b in zip(first, second, strict=True))
    return (first + second) / 2

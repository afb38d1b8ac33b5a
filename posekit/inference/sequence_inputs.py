"""Sequences of keypoints as lifters take them."""

from __future__ import annotations

from typing import Any

import numpy as np

from posekit.codecs.base import BaseCodec
from posekit.inference.lifter_recipe import LifterRecipe
from posekit.inference.predictor import Prepared
from posekit.structures import PoseDataSample


class SequenceInputs:
    """Encodes windows of keypoints.

    Args:
        recipe: which frames are targets, and what the decoder learns of a window.
        codec: codec of a lifter.
    """

    def __init__(self, recipe: LifterRecipe, codec: BaseCodec) -> None:
        self.recipe = recipe
        self.codec = codec

    def __call__(self, keypoints: np.ndarray, image_size_wh: tuple[int, int] | None) -> Prepared:
        """Return the input of one person's keypoints (T, K, 2) in image pixels, and what the decoder learns of it."""
        facts = sequence_facts(keypoints, image_size_wh, whole=self.recipe.whole)
        names = {"keypoints", "keypoints_visible", *self.codec.auxiliary_encode_keys}
        encoded = self.codec.encode(**{name: facts.get(name) for name in names})
        known = {**facts, **encoded}
        metainfo = {name: known[name] for name in self.recipe.meta_keys if name in known}
        return np.asarray(encoded["keypoint_labels"], np.float32), PoseDataSample(metainfo=metainfo)


def sequence_facts(keypoints: np.ndarray, image_size_wh: tuple[int, int] | None, *, whole: bool) -> dict[str, Any]:
    """Return what codecs of lifters encode, as a dataset would give it for keypoints without labels.

    They encode targets beside the input, so there are some: joints at the origin.

    Args:
        keypoints: keypoints (T, K, 2) of one person in image pixels.
        image_size_wh: width and height of the image, if they are known.
        whole: whether every frame is a target, else one of them.
    """
    frames, count = keypoints.shape[:2]
    targets = frames if whole else 1
    facts: dict[str, Any] = dict(
        keypoints=keypoints.astype(np.float32), keypoints_visible=np.ones((frames, count), np.float32),
        factor=np.zeros(frames, np.float32), lifting_target=np.zeros((targets, count, 3), np.float32),
        lifting_target_visible=np.ones((targets, count), np.float32), target_idx=list(range(frames - targets, frames)),
    )  # fmt: skip
    if image_size_wh is not None:
        facts["camera_param"] = {"w": image_size_wh[0], "h": image_size_wh[1]}
    return facts

"""From the 2D poses of a video to joints in space."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, TypeAlias

import numpy as np

from posekit.inference.lifted_keypoints import lifted_keypoints
from posekit.inference.lifter_recipe import Windows
from posekit.inference.networks.base import Batch, Network
from posekit.inference.predictor import Prepared
from posekit.inference.results import PoseResult, places_of_persons

BATCH_SIZE = 64

PrepareSequence: TypeAlias = Callable[[np.ndarray, "tuple[int, int] | None"], Prepared]
"""Makes an input of one person's keypoints (T, K, 2) in image pixels and the image's width and height."""


class LiftingPredictor:
    """Lifts 2D poses to joints in space.

    Args:
        prepare: function that makes the input of one window.
        network: network that finds the joints.
        metainfo: the set of the joints.
        windows: which frames the network sees.
        batch_size: most windows that go through the network together.
    """

    def __init__(
        self,
        prepare: PrepareSequence,
        network: Network,
        *,
        metainfo: Mapping[str, Any],
        windows: Windows,
        batch_size: int = BATCH_SIZE,
    ) -> None:
        self.prepare = prepare
        self.network = network
        self.metainfo = dict(metainfo)
        self.windows = windows
        self.batch_size = batch_size

    def check(self, skeleton: Mapping[str, Any]) -> None:
        """Raise ValueError unless the joints can be made of the keypoints of a 2D model's set."""
        count = len(skeleton["keypoint_id2name"])
        lifted_keypoints(np.zeros((0, count, 2)), np.zeros((0, count)), skeleton, self.metainfo)

    def predict(self, results: Sequence[PoseResult]) -> list[PoseResult]:
        """Lift the persons in the frames of a video; an image is a video of one frame.

        Persons are followed by ``track_ids``, without them by their place in each frame's result.

        Args:
            results: results of each frame, in order, all of one image size.

        Returns:
            For each frame the same persons with joints (N, J, 3): metres, x to the right, y down, z away from the
            camera, relative to the root where the model does not say where that is.

        Raises:
            ValueError: if the 2D keypoints lack what the joints are made of.
        """
        count = len(self.metainfo["keypoint_id2name"])
        lifted = [np.zeros((len(result), count, 3), np.float32) for result in results]
        scores = [np.zeros((len(result), count), np.float32) for result in results]
        for places in places_of_persons(results).values():
            points = np.stack([results[frame].keypoints[row, :, :2] for frame, row in places])
            confidence = np.stack([results[frame].scores[row] for frame, row in places])
            points, confidence = lifted_keypoints(points, confidence, results[0].skeleton, self.metainfo)
            for (frame, row), joints, sure in zip(places, self.lift(points, results[0].image_size_wh), confidence,
                                                  strict=True):  # fmt: skip
                lifted[frame][row], scores[frame][row] = joints, sure
        return [
            replace(result, keypoints=joints, scores=sure, skeleton=self.metainfo, visible=None, boxes=None)
            for result, joints, sure in zip(results, lifted, scores, strict=True)
        ]

    def lift(self, keypoints: np.ndarray, image_size_wh: tuple[int, int] | None) -> np.ndarray:
        """Lift one person's keypoints (T, K, 2), as the lifter orders them, to joints (T, J, 3)."""
        joints = np.zeros((*keypoints.shape[:2], 3), np.float32)
        windows = list(self.windows.of_track(len(keypoints)))
        for _, alike in groupby(windows, key=lambda window: len(window[0])):
            same = list(alike)
            for start in range(0, len(same), self.batch_size):
                chunk = same[start : start + self.batch_size]
                prepared = [self.prepare(keypoints[frames], image_size_wh) for frames, _ in chunk]
                inputs, prepared_samples = zip(*prepared, strict=True)
                samples = self.network.run(Batch(list(inputs), list(prepared_samples)))
                for (_, targets), sample in zip(chunk, samples, strict=True):
                    joints[targets] = sample.pred_instances.keypoints[-len(targets) :]
        return joints

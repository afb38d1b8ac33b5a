"""Lifters in files: sequences of keypoints in, joints in space out."""

from __future__ import annotations

from typing import Any

import numpy as np

from posekit.codecs.base import decode_instances
from posekit.codecs.flips import flip_coordinates
from posekit.codecs.image_pose_lifting import ImagePoseLifting
from posekit.codecs.motionbert_label import MotionBERTLabel
from posekit.codecs.video_pose_lifting import VideoPoseLifting
from posekit.console import first_line
from posekit.inference.lifter_recipe import LifterRecipe
from posekit.inference.networks.base import Batch
from posekit.inference.networks.exported import as_outputs, build_codec, mean_of
from posekit.inference.networks.graph import Graph, check_input_shape, run_in_batches, trial_outputs
from posekit.inference.sequence_inputs import SequenceInputs
from posekit.structures import InstanceData, PoseDataSample

CODECS = (ImagePoseLifting, VideoPoseLifting, MotionBERTLabel)
TRIAL_SIZE = (1000, 1000)


class LifterNetwork:
    """A model file that lifts sequences of keypoints to joints in space.

    Args:
        graph: computes joints from keypoints as the codec encodes them.
        recipe: what is known of the file.

    Raises:
        ValueError: if the codec is none of lifters, or file and recipe do not fit together.
    """

    def __init__(self, graph: Graph, recipe: LifterRecipe) -> None:
        self.graph = graph
        self.recipe = recipe
        self.codec: Any = build_codec(recipe.codec, graph.source)
        if not isinstance(self.codec, CODECS):
            names = ", ".join(kind.__name__ for kind in CODECS)
            raise ValueError(f"{graph.source}: its codec {recipe.codec} is none of lifters, which are {names}")
        self.prepare = SequenceInputs(recipe, self.codec)
        self.check()

    def check(self) -> None:
        """Raise ValueError unless the file takes windows as the codec encodes them, and gives what it decodes."""
        source, count = self.graph.source, len(self.recipe.names)
        length = min(self.recipe.length, 2) if self.recipe.whole else self.recipe.length
        try:
            keypoints, sample = self.prepare(np.zeros((length, count, 2), np.float32), TRIAL_SIZE)
        except Exception as error:  # settings that a file may hold break codecs in any way
            raise ValueError(
                f"{source}: its codec {self.recipe.codec} cannot encode {count} keypoints of {length} frames "
                f"({type(error).__name__}: {first_line(error)}); export it again"
            ) from error
        check_input_shape(self.graph, keypoints.shape)
        outputs = as_outputs(trial_outputs(self.graph, keypoints.shape))
        try:
            (instances,) = self.decode(outputs, [sample])
            shape = instances.keypoints.shape
        except Exception as error:  # as above
            raise ValueError(
                f"{source}: its codec {self.recipe.codec} cannot decode its outputs ({type(error).__name__}: "
                f"{first_line(error)}); export it again"
            ) from error
        expected = (length if self.recipe.whole else 1, count, 3)
        if shape != expected:
            raise ValueError(
                f"{source}: gives joints {list(shape)} for a window; its metadata wants {list(expected)}; "
                "export it again"
            )

    def run(self, batch: Batch) -> list[PoseDataSample]:
        """Return the samples with ``keypoints`` (1 or T, J, 3) in metres and ``keypoint_scores`` (1 or T, J)."""
        inputs = np.stack(batch.inputs)
        outputs = self.compute(inputs)
        if self.recipe.flip_test:
            outputs = mean_of(outputs, self.mirrored(self.compute(self.mirrored(inputs))))
        for sample, instances in zip(batch.samples, self.decode(outputs, batch.samples), strict=True):
            sample.pred_instances = instances
        return batch.samples

    def compute(self, sequences: np.ndarray) -> Any:
        """Return the outputs for sequences of keypoints as the codec encodes them."""
        return as_outputs(run_in_batches(self.graph, sequences))

    def mirrored(self, points: np.ndarray) -> np.ndarray:
        """Return points (B, T, K, D) of the network's units as a mirrored image shows them."""
        return flip_coordinates(points, self.recipe.flip_indices, shift_coords=self.recipe.shift_coords)

    def decode(self, outputs: Any, samples: list[PoseDataSample]) -> list[InstanceData]:
        """Find the joints (1 or T, J, 3) of each sample."""
        return decode_instances(self.codec, (outputs, *self.told(samples)))

    def told(self, samples: list[PoseDataSample]) -> tuple[Any, ...]:
        """Return what the decoder learns of the samples beside the outputs."""
        if not isinstance(self.codec, MotionBERTLabel):
            roots = column(samples, "target_root")
            return () if roots is None else (roots.reshape(len(samples), 1, 3),)
        cameras: list[Any] = [sample.get("camera_param") for sample in samples]
        sizes = [np.array([camera[side] for camera in cameras], np.float32) if all(cameras) else None for side in "wh"]
        return (*sizes, column(samples, "factor"))


def column(samples: list[PoseDataSample], name: str) -> np.ndarray | None:
    """Return a piece of the samples' meta information as one array (B, ...); None where they lack it."""
    if any(name not in sample for sample in samples):
        return None
    return np.stack([np.asarray(sample.get(name), np.float32) for sample in samples])

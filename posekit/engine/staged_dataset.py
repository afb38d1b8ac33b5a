"""Training data that changes on the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from posekit.codecs.base import BaseCodec
from posekit.datasets.base import BadSampleError
from posekit.datasets.transforms.pipeline import Pipeline
from posekit.datasets.transforms.split_encoder import split_encoder
from posekit.engine.sample_error import named_error


class StagedDataset:
    """A dataset, or several, each from an epoch on; all of one length.

    Args:
        stages: (first epoch, dataset), by epoch, the first from 0 on.
        seed: of the samples' random numbers.

    Raises:
        ValueError: if the stages differ in length.
    """

    def __init__(self, stages: Sequence[tuple[int, Any]], *, seed: int = 0) -> None:
        self.stages = list(stages)
        lengths = {len(dataset) for _, dataset in self.stages}
        if len(lengths) > 1:
            raise ValueError(f"the training data of all stages must be of one length; found {sorted(lengths)} samples")
        for _, dataset in self.stages:
            dataset.seed = seed

    @property
    def epoch(self) -> int:
        return getattr(self.stages[0][1], "epoch", 0)

    @property
    def current(self) -> Any:
        """The dataset of the present epoch."""
        return [dataset for first, dataset in self.stages if first <= self.epoch][-1]

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch, also in workers that already run."""
        for _, dataset in self.stages:
            if hasattr(dataset, "set_epoch"):
                dataset.set_epoch(epoch)

    def __len__(self) -> int:
        return len(self.stages[0][1])

    def __getitem__(self, index: int) -> Any:
        """Return a sample of the present epoch.

        Raises:
            BadSampleError: names the sample that cannot be used.
        """
        try:
            sample = self.current[index]
            if isinstance(sample, dict) and "inputs" not in sample:
                raise ValueError(packs_nothing(self.current))
        except BadSampleError:
            raise
        except Exception as error:
            raise named_error(self.current, index, error) from error
        return sample

    def take_encoder(self) -> BaseCodec | None:
        """Take the encoding of targets out of the pipelines and return its codec, if all stages allow that."""
        pipelines = [getattr(dataset, "pipeline", None) for _, dataset in self.stages]
        if not all(isinstance(pipeline, Pipeline) for pipeline in pipelines):
            return None
        splits = [split_encoder(pipeline) for pipeline in pipelines]  # pyright: ignore[reportArgumentType]
        codecs = [codec for _, codec in splits if codec is not None]
        if len(codecs) < len(splits) or any(vars(codec) != vars(codecs[0]) for codec in codecs):
            return None
        for (_, dataset), (pipeline, _) in zip(self.stages, splits, strict=True):
            dataset.pipeline = pipeline
        return codecs[0]


def packs_nothing(dataset: Any) -> str:
    """Return what to say of a dataset whose samples no model takes."""
    steps = list(getattr(dataset, "pipeline", None) or ())
    state = f"ends with {type(steps[-1]).__name__}" if steps else "is empty"
    return f"its pipeline {state}, and its samples have no 'inputs'; end it with PackPoseInputs"

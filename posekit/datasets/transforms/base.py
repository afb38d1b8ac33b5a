"""The base classes of transforms, of samples and of batches on the device, and the random numbers they share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from posekit.datasets.transforms.results import Results
from posekit.registry import TRANSFORMS

if TYPE_CHECKING:
    from torch import Tensor

    from posekit.structures import PoseBatch

NORMAL = NormalDist()
LOW, HIGH = NORMAL.cdf(-1.0), NORMAL.cdf(1.0)


class BaseTransform:
    """A callable that takes a ``results`` dict and returns it changed, or None to skip the sample.

    ``requires`` names the keys that must be present and ``provides`` the keys
    present afterwards; :class:`~posekit.datasets.transforms.pipeline.Pipeline`
    checks both when it is built. Arrays found in ``results`` are never written
    to: a changed array is a new one.
    """

    registry = TRANSFORMS
    requires: ClassVar[tuple[str, ...]] = ()
    provides: ClassVar[tuple[str, ...]] = ()

    def __call__(self, results: Results) -> Results | None:
        """Apply the transform.

        Raises:
            KeyError: if a key of ``requires`` is missing; the message names it.
        """
        try:
            return self.transform(results)
        except KeyError as error:
            if error.args and error.args[0] in self.requires and error.args[0] not in results:
                raise KeyError(self.missing_message(error.args[0], results)) from error
            raise

    def transform(self, results: Results) -> Results | None:
        raise NotImplementedError(f"{type(self).__name__} must define transform(results)")

    def split(self, earlier: Sequence[Any]) -> tuple[list[BaseTransform], list[DeviceTransform]] | None:
        """Return what of this step the loader's workers run and what the device runs; None if workers run all of it.

        Args:
            earlier: the steps before this one.
        """
        return None

    def missing_message(self, key: str, results: Results) -> str:
        return f"{type(self).__name__} needs '{key}' in the results, which hold {sorted(results)}"

    def __repr__(self) -> str:
        settings = ", ".join(f"{k}={v!r}" for k, v in vars(self).items() if not k.startswith("_"))
        return f"{type(self).__name__}({settings})"


class DeviceTransform(BaseTransform):
    """A step of a training pipeline that the training device runs, on whole batches.

    Its place is at the end of the pipeline, before ``PackPoseInputs``. Only ``GenerateTarget`` may come between the
    two, if its codec encodes whole batches: then the targets are made from what this step leaves. Random numbers are
    torch's, whose state checkpoints keep.
    """

    def apply(self, inputs: Tensor, samples: PoseBatch) -> Tensor:
        """Return the inputs that the model is to see; a column of the samples is changed by ``set_column``.

        Shapes: B batch, N instances, K keypoints.

        Args:
            inputs: (B, C, H, W) on the device, normalised by the data preprocessor.
            samples: with ``gt_instance_labels.transformed_keypoints`` (B, N, K, 2) in input pixels, where
                ``GenerateTarget`` follows.
        """
        raise NotImplementedError(f"{type(self).__name__} must define apply(inputs, samples)")

    def describe(self) -> str:
        """Name the step for the table printed before training."""
        return type(self).__name__

    def split(self, earlier: Sequence[Any]) -> tuple[list[BaseTransform], list[DeviceTransform]]:
        return [], [self]

    def transform(self, results: Results) -> Results:
        raise ValueError(
            f"{type(self).__name__} changes whole batches on the training device; it can only come at the end of the "
            "training pipeline, before PackPoseInputs"
        )


def random_generator(results: Results | dict[str, Any]) -> np.random.Generator:
    """Return ``results["rng"]``; a fresh generator is made, and kept there, where there is none."""
    rng = results.get("rng")
    if rng is None:
        rng = results["rng"] = np.random.default_rng()
    return rng


def truncated_normal(uniform: Iterable[float]) -> list[float]:
    """Turn uniform values of [0, 1) into values of the standard normal cut off at -1 and 1.

    The inverse of the cumulative distribution is 40 times faster than scipy's
    ``truncnorm.rvs`` for the handful of values a sample needs.
    """
    inverse = NORMAL.inv_cdf
    return [inverse(LOW + u * (HIGH - LOW)) for u in uniform]

"""Models as torch builds them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from posekit.inference.networks.base import Batch, planes
from posekit.structures import PoseDataSample


class TorchNetwork:
    """A pose estimator, whose own ``predict`` flips, decodes and goes back to image space.

    Args:
        model: model in evaluation mode, such as ``posekit.apis.init_model`` returns.
    """

    def __init__(self, model: Any) -> None:
        self.model = model

    @torch.no_grad()
    def run(self, batch: Batch) -> list[PoseDataSample]:
        """Return the samples with what the model predicts: ``pred_instances``, and ``pred_fields`` if asked for."""
        data = self.inputs(batch)
        with self.flip_test(batch.flip_test):
            return self.model(data["inputs"], data["data_samples"], mode="predict")

    def inputs(self, batch: Batch) -> dict[str, Any]:
        """Return the batch as the model wants it, on its device."""
        inputs: Any = list(batch.inputs)
        if isinstance(inputs[0], np.ndarray):
            inputs = torch.from_numpy(planes(inputs, inputs[0].dtype))
        return self.model.data_preprocessor({"inputs": inputs, "data_samples": batch.samples}, training=False)

    @contextmanager
    def flip_test(self, wanted: bool | None) -> Iterator[None]:
        """Switch the flip test on or off for a while; None leaves it as it is."""
        settings = self.model.test_cfg
        if wanted is not None:
            self.model.test_cfg = {**settings, "flip_test": wanted}
        try:
            yield
        finally:
            self.model.test_cfg = settings

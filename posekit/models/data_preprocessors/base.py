"""The role of data preprocessors."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from posekit.registry import MODELS


@MODELS.register_module()
class BaseDataPreprocessor(nn.Module):
    """Stacks a batch's inputs and moves them to the model's device; state dicts hold nothing of it.

    Args:
        non_blocking: whether to copy to the device asynchronously.
    """

    registry = MODELS
    anchor: Tensor

    def __init__(self, non_blocking: bool = False) -> None:
        super().__init__()
        self.non_blocking = non_blocking
        self.register_buffer("anchor", torch.empty(0), persistent=False)

    @property
    def device(self) -> torch.device:
        return self.anchor.device

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Return ``dict(inputs=batch on the device, data_samples=samples on the device)``."""
        return {"inputs": self.stack(data["inputs"]), "data_samples": self.to_device(data.get("data_samples"))}

    def stack(self, inputs: Tensor | list[Tensor]) -> Tensor:
        """Return the inputs as one batch on the device."""
        return self.to_device(inputs if isinstance(inputs, Tensor) else torch.stack(list(inputs)))

    def to_device(self, value: Any) -> Any:
        """Move everything that has ``to``, and the items of lists and tuples, to the device."""
        if isinstance(value, Tensor):
            return value.to(self.device, non_blocking=self.non_blocking)
        if hasattr(value, "to"):
            return value.to(self.device)
        if isinstance(value, (list, tuple)):
            return [self.to_device(item) for item in value]
        return value

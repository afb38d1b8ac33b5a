"""Several losses as one."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from posekit.models.losses.base import BaseLoss
from posekit.registry import MODELS


@MODELS.register_module()
class MultipleLossWrapper(BaseLoss):
    """One loss for each of several outputs.

    Args:
        losses: losses in the order of the outputs.
    """

    def __init__(self, losses: list[BaseLoss]) -> None:
        super().__init__()
        self.loss_modules = nn.ModuleList(losses)

    def forward(
        self, input_list: Sequence[Tensor], target_list: Sequence[Tensor], keypoint_weights: Tensor | None = None
    ) -> list[Tensor]:
        """Return the loss of each output against its target, all with the same weights.

        Raises:
            ValueError: if the numbers of outputs, targets and losses differ.
        """
        if not len(input_list) == len(target_list) == len(self.loss_modules):
            raise ValueError(
                f"MultipleLossWrapper has {len(self.loss_modules)} losses, "
                f"but was given {len(input_list)} outputs and {len(target_list)} targets"
            )
        triples = zip(self.loss_modules, input_list, target_list, strict=True)
        return [loss(output, target, keypoint_weights) for loss, output, target in triples]  # () each


@MODELS.register_module()
class CombinedLoss(BaseLoss, nn.ModuleDict):
    """Losses by name, for heads that call each of them.

    Args:
        losses: losses by name.
    """

    def __init__(self, losses: dict[str, BaseLoss]) -> None:
        super().__init__()
        self.update(losses)

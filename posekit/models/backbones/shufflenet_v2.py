"""ShuffleNetV2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from torch import nn

from posekit.console import check_choice
from posekit.models.backbones.staged import StagedBackbone
from posekit.models.base_module import InitRules, Settings
from posekit.models.layers.activation import RELU
from posekit.models.layers.conv_module import ConvModule
from posekit.models.layers.normalization import BN
from posekit.models.layers.shuffle import ShuffleUnit
from posekit.registry import MODELS


class ShuffleTrunk(StagedBackbone):
    """A stem that divides the size by 4 and stages of 4, 8 and 4 blocks under the name ``layers``.

    A subclass calls ``build`` with its layers.

    Args:
        frozen_stages: number of stages to freeze besides the stem; -1 freezes nothing.
        conv_cfg: kind of convolution.
        norm_cfg: norm of the convolutions.
        act_cfg: activation of the convolutions.
        norm_eval: whether batch norms keep their statistics in training.
        with_cp: whether activations are recomputed in the backward pass to save memory.
        init_cfg: rules for the initial weights.
    """

    default_init = {"type": "Normal", "std": 0.01, "layer": "Conv2d"}  # noqa: RUF012
    stage_blocks = (4, 8, 4)

    def __init__(
        self,
        *,
        frozen_stages: int = -1,
        conv_cfg: Settings | None = None,
        norm_cfg: Settings = BN,
        act_cfg: Settings = RELU,
        norm_eval: bool = False,
        with_cp: bool = False,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(init_cfg)
        self.conv_options: Settings = {"conv_cfg": conv_cfg, "norm_cfg": norm_cfg, "act_cfg": act_cfg}
        self.unit_options: Settings = {"with_cp": with_cp, **self.conv_options}
        self.output_options: Settings = {"frozen_stages": frozen_stages, "norm_eval": norm_eval}

    def build(self, stem_channels: int, layers: Sequence[nn.Module], out_indices: Sequence[int]) -> None:
        """Add the stem and ``layers`` behind it; return the outputs of those at ``out_indices``."""
        self.conv1 = ConvModule(3, stem_channels, 3, 2, **self.conv_options)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layers = nn.ModuleList(layers)
        names = [f"layers.{index}" for index in range(len(layers))]
        self.arrange(["conv1", "maxpool"], names, out_indices=out_indices, **self.output_options)

    def init_weights(self) -> None:
        super().init_weights()
        for name, part in self.named_modules() if not self.is_pretrained else ():
            if isinstance(part, nn.Conv2d) and "conv1" not in name:
                nn.init.normal_(part.weight, 0.0, 1.0 / part.weight.shape[1])


@MODELS.register_module()
class ShuffleNetV2(ShuffleTrunk):
    """ShuffleNetV2. Source: Ma et al., arXiv 1807.11164.

    Args:
        widen_factor: a key of ``widths``.
        out_indices: indices of the outputs to return: 0 to 2 are the stages, 3 the last 1x1 convolution.
        options: arguments of ``ShuffleTrunk``.
    """

    widths: ClassVar[dict[float, tuple[int, ...]]] = {
        0.5: (48, 96, 192, 1024),
        1.0: (116, 232, 464, 1024),
        1.5: (176, 352, 704, 1024),
        2.0: (244, 488, 976, 2048),
    }

    def __init__(self, widen_factor: float = 1.0, out_indices: Sequence[int] = (3,), **options: Any) -> None:
        super().__init__(**options)
        check_choice("ShuffleNetV2.widen_factor", widen_factor, list(self.widths))
        stem_channels = width = 24
        *widths, last = self.widths[widen_factor]
        layers: list[nn.Module] = []
        for out, num_blocks in zip(widths, self.stage_blocks, strict=True):
            first = ShuffleUnit(width, out, 2, **self.unit_options)
            rest = (ShuffleUnit(out, out, **self.unit_options) for _ in range(num_blocks - 1))
            layers.append(nn.Sequential(first, *rest))
            width = out
        layers.append(ConvModule(width, last, 1, **self.conv_options))
        self.build(stem_channels, layers, out_indices)

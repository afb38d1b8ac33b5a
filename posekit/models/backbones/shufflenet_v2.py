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
    """A stem that quarters the size and stages of 4, 8 and 4 blocks under the name ``layers``."""

    default_init = {"type": "Normal", "std": 0.01, "layer": "Conv2d"}  # noqa: RUF012
    stage_blocks = (4, 8, 4)

    def add_stem(self, channels: int, **options: Any) -> list[str]:
        self.conv1 = ConvModule(3, channels, 3, 2, **options)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layers = nn.ModuleList()
        return ["conv1", "maxpool"]

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
        out_indices: the outputs to return, 0 to 2 the stages, 3 the last 1x1 convolution.
        frozen_stages: how many stages stay as loaded, with the stem; -1 for none.
    """

    widths: ClassVar[dict[float, tuple[int, ...]]] = {
        0.5: (48, 96, 192, 1024),
        1.0: (116, 232, 464, 1024),
        1.5: (176, 352, 704, 1024),
        2.0: (244, 488, 976, 2048),
    }

    def __init__(
        self,
        widen_factor: float = 1.0,
        out_indices: Sequence[int] = (3,),
        frozen_stages: int = -1,
        conv_cfg: Settings | None = None,
        norm_cfg: Settings = BN,
        act_cfg: Settings = RELU,
        norm_eval: bool = False,
        with_cp: bool = False,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(init_cfg)
        check_choice("ShuffleNetV2.widen_factor", widen_factor, list(self.widths))
        options: Settings = {"conv_cfg": conv_cfg, "norm_cfg": norm_cfg, "act_cfg": act_cfg}
        width = 24
        stem = self.add_stem(width, **options)
        *widths, last = self.widths[widen_factor]
        for out, num_blocks in zip(widths, self.stage_blocks, strict=True):
            first = ShuffleUnit(width, out, 2, with_cp=with_cp, **options)
            rest = (ShuffleUnit(out, out, with_cp=with_cp, **options) for _ in range(num_blocks - 1))
            self.layers.append(nn.Sequential(first, *rest))
            width = out
        self.layers.append(ConvModule(width, last, 1, **options))
        names = [f"layers.{index}" for index in range(len(self.layers))]
        self.arrange(stem, names, out_indices=out_indices, frozen_stages=frozen_stages, norm_eval=norm_eval)

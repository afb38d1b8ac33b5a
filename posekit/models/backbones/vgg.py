"""VGG."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor, nn

from posekit.console import check_choice
from posekit.models.backbones.staged import FreezableBackbone
from posekit.models.base_module import KAIMING, InitRules, Settings
from posekit.models.layers.activation import RELU
from posekit.models.layers.conv_module import ConvModule
from posekit.registry import MODELS


@MODELS.register_module()
class VGG(FreezableBackbone):
    """VGG. Source: Simonyan and Zisserman, arXiv 1409.1556.

    Args:
        depth: a key of ``arch_settings``.
        num_classes: number of classes of a classifier, whose output comes last; none at -1.
        out_indices: indices of the stages to return, from 0; the last by default.
        frozen_stages: number of stages to freeze; -1 freezes nothing.
        with_last_pool: whether the last stage ends with a pooling.
    """

    arch_settings: ClassVar[dict[int, tuple[int, ...]]] = {
        11: (1, 1, 2, 2, 2),
        13: (2, 2, 2, 2, 2),
        16: (2, 2, 3, 3, 3),
        19: (2, 2, 4, 4, 4),
    }
    default_init = [KAIMING, {"type": "Normal", "std": 0.01, "layer": "Linear"}]  # noqa: RUF012

    def __init__(
        self,
        depth: int,
        num_classes: int = -1,
        num_stages: int = 5,
        dilations: Sequence[int] = (1, 1, 1, 1, 1),
        out_indices: Sequence[int] | None = None,
        frozen_stages: int = -1,
        conv_cfg: Settings | None = None,
        norm_cfg: Settings | None = None,
        act_cfg: Settings = RELU,
        norm_eval: bool = False,
        ceil_mode: bool = False,
        with_last_pool: bool = True,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(init_cfg)
        check_choice("VGG.depth", depth, list(self.arch_settings))
        self.features = nn.Sequential()
        options: Settings = {"bias": True, "conv_cfg": conv_cfg, "norm_cfg": norm_cfg, "act_cfg": act_cfg}
        self.ends, width = [], 3
        for stage, num_blocks in enumerate(self.arch_settings[depth][:num_stages]):
            out = min(64 * 2**stage, 512)
            for block in range(num_blocks):
                self.features.append(ConvModule(out if block else width, out, 3, dilation=dilations[stage], **options))
            if stage < num_stages - 1 or with_last_pool:
                self.features.append(nn.MaxPool2d(2, 2, ceil_mode=ceil_mode))
            self.ends.append(len(self.features))
            width = out
        default = () if num_classes > 0 else (num_stages - 1,)
        self.outputs = frozenset(
            self.ends[i] for i in (default if out_indices is None else out_indices) if i < num_stages
        )
        self.classifier = None
        if num_classes > 0:
            hidden = [nn.Linear(4096, 4096), nn.ReLU(inplace=True), nn.Dropout()]
            first = [nn.Linear(512 * 7 * 7, 4096), nn.ReLU(inplace=True), nn.Dropout()]
            self.classifier = nn.Sequential(*first, *hidden, nn.Linear(4096, num_classes))
        self.norm_eval = norm_eval
        if frozen_stages > 0:
            self.frozen = [f"features.{index}" for index in range(self.ends[frozen_stages - 1])]
            self.freeze()

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        outputs = []
        for index, layer in enumerate(self.features, 1):
            x = layer(x)  # (B, C_i, H / 2^(i+1), W / 2^(i+1)) after stage i
            if index in self.outputs:
                outputs.append(x)
        if self.classifier is not None:
            outputs.append(self.classifier(x.flatten(1)))  # (B, num_classes)
        return tuple(outputs)

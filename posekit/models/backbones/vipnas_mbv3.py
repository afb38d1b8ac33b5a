"""ViPNAS-MobileNetV3."""

from __future__ import annotations

from collections.abc import Sequence

from posekit.models.backbones.staged import StagedBackbone
from posekit.models.base_module import SMALL_NORMAL, InitRules, Settings
from posekit.models.layers.conv_module import ConvModule
from posekit.models.layers.inverted_residual import InvertedResidual
from posekit.models.layers.normalization import BN
from posekit.registry import MODELS


@MODELS.register_module()
class ViPNAS_MobileNetV3(StagedBackbone):  # noqa: N801
    """MobileNetV3 with searched widths, depths, kernels and groups. Source: Xu et al., arXiv 2105.10154.

    Args:
        wid: channels of the stem and of each stage.
        expan: channels of each stage's middle relative to its output; the stem's entry is not used, here and below.
        dep: number of blocks of each stage.
        ks: kernel sizes of the stem and of each stage.
        group: number of groups of each stage's middle convolutions.
        att: whether each stage weighs its channels.
        stride: stride of the stem and of each stage.
        act: activation of the stem and of each stage.
    """

    default_init = SMALL_NORMAL

    def __init__(
        self,
        wid: Sequence[int] = (16, 16, 24, 40, 80, 112, 160),
        expan: Sequence[int | None] = (None, 1, 5, 4, 5, 5, 6),
        dep: Sequence[int | None] = (None, 1, 4, 4, 4, 4, 4),
        ks: Sequence[int] = (3, 3, 7, 7, 5, 7, 5),
        group: Sequence[int | None] = (None, 8, 120, 20, 100, 280, 240),
        att: Sequence[bool | None] = (None, True, True, False, True, True, True),
        stride: Sequence[int] = (2, 1, 2, 2, 2, 1, 2),
        act: Sequence[str] = ("HSwish", "ReLU", "ReLU", "ReLU", "HSwish", "HSwish", "HSwish"),
        conv_cfg: Settings | None = None,
        norm_cfg: Settings = BN,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(init_cfg)
        shared: Settings = {"conv_cfg": conv_cfg, "norm_cfg": norm_cfg}
        self.conv1 = ConvModule(3, wid[0], ks[0], stride[0], act_cfg={"type": act[0]}, **shared)
        names = []
        for stage in range(1, len(wid)):
            for block in range(dep[stage] or 0):
                names.append(f"layer{len(names) + 1}")
                layer = InvertedResidual(
                    wid[stage] if block else wid[stage - 1],
                    wid[stage],
                    wid[stage] * (expan[stage] or 1),
                    kernel_size=ks[stage],
                    stride=1 if block else stride[stage],
                    groups=group[stage],
                    attention=bool(att[stage]),
                    expand=expan[stage] != 1,
                    act_cfg={"type": act[stage]},
                    with_cp=with_cp,
                    **shared,
                )
                self.add_module(names[-1], layer)
        last = [len(names) - 1]
        self.arrange(["conv1"], names, out_indices=last, frozen_stages=frozen_stages, norm_eval=norm_eval)

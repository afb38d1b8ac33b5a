"""CSPNeXt, the backbone of RTMPose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import nn

from posekit.models.backbones.csp_darknet import CSPTrunk, Stage, csp_stages
from posekit.models.backbones.pruned_csp import prune_csp
from posekit.models.base_module import InitRules, Settings
from posekit.models.layers.activation import SILU
from posekit.models.layers.conv_module import ConvModule
from posekit.models.layers.csp_layer import YOLO_BN
from posekit.registry import MODELS


@MODELS.register_module()
class CSPNeXt(CSPTrunk):
    """CSPNeXt. Source: Lyu et al., arXiv 2212.07784.

    Args:
        arch: ``P5`` or ``P6``: how many stages there are; ``arch_ovewrite`` gives one's own.
        deepen_factor: scales the number of blocks, ``widen_factor`` the channels.
        out_indices: the outputs to return; 0 is the stem.
        frozen_stages: how many stages stay as loaded, with the stem; -1 for none.
        expand_ratio: the share of a layer's channels that passes its blocks.
        channel_attention: whether layers weigh their channels.
        pruned_channels: output channels of layers that pruning left with fewer, such as ``{"stem.0.conv": 8}``.
    """

    arch_settings = csp_stages(num_blocks=6)

    def __init__(
        self,
        arch: str = "P5",
        deepen_factor: float = 1.0,
        widen_factor: float = 1.0,
        out_indices: Sequence[int] = (2, 3, 4),
        frozen_stages: int = -1,
        use_depthwise: bool = False,
        expand_ratio: float = 0.5,
        arch_ovewrite: Sequence[Stage] | None = None,
        spp_kernel_sizes: Sequence[int] = (5, 9, 13),
        channel_attention: bool = True,
        conv_cfg: Settings | None = None,
        norm_cfg: Settings = YOLO_BN,
        act_cfg: Settings = SILU,
        norm_eval: bool = False,
        pruned_channels: Mapping[str, int] | None = None,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(init_cfg)
        stages = self.choose_arch(arch, arch_ovewrite)
        plain: Settings = {"norm_cfg": norm_cfg, "act_cfg": act_cfg}
        width = stages[0][0] * widen_factor
        half = int(width // 2)
        self.stem = nn.Sequential(
            ConvModule(3, half, 3, 2, **plain),
            ConvModule(half, half, 3, **plain),
            ConvModule(half, int(width), 3, **plain),
        )
        self.add_stages(
            stages,
            deepen_factor=deepen_factor,
            widen_factor=widen_factor,
            spp_kernel_sizes=spp_kernel_sizes,
            use_depthwise=use_depthwise,
            out_indices=out_indices,
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
            layer_options={
                "use_cspnext_block": True,
                "expand_ratio": expand_ratio,
                "channel_attention": channel_attention,
            },
            conv_cfg=conv_cfg,
            **plain,
        )
        if pruned_channels:
            prune_csp(self, self.order[1:], pruned_channels)
            self.freeze()

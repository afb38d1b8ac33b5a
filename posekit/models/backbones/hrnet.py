"""HRNet."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

from torch import Tensor, nn

from posekit.console import check_choice
from posekit.models.backbones.resnet import zero_last_norms
from posekit.models.backbones.staged import FreezableBackbone
from posekit.models.base_module import SMALL_NORMAL, InitRules, Settings
from posekit.models.layers.branches import StepBuilder, build_fusion, build_transition, dense_step, enter, fuse
from posekit.models.layers.conv_module import build_conv
from posekit.models.layers.normalization import BN, build_norm, norm_name
from posekit.models.layers.residual import BasicBlock, Bottleneck, ResidualBlock, res_layer
from posekit.registry import MODELS


class HRModule(nn.Module):
    """Parallel branches of several resolutions and, where there are several, the exchange between them."""

    def __init__(self, branches: Sequence[nn.Module], fusion: nn.ModuleList | None) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)
        self.fuse_layers = fusion
        self.relu = nn.ReLU(inplace=True)

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        features = [branch(x) for branch, x in zip(self.branches, features, strict=True)]  # (B, C_i, H_i, W_i) each
        if self.fuse_layers is None:
            return features
        # -> (B, C_i, H_i, W_i) each
        return [self.relu(fuse(row, features)) for row in self.fuse_layers]  # pyright: ignore[reportArgumentType]


@MODELS.register_module()
class HRNet(FreezableBackbone):
    """Keeps a branch of high resolution and adds coarser ones beside it. Source: Sun et al., arXiv 1902.09212.

    Shapes: branch i, counted from 0, has C_i channels and a resolution of 1 / 2^(i+2) of the image.

    Args:
        extra: ``stage1`` .. ``stage4``, each with ``num_modules``, ``num_branches``, ``block``, ``num_blocks``
            and ``num_channels`` (of each branch, before the block's expansion); ``upsample`` says how coarser
            branches are enlarged; ``stage4.multiscale_output`` returns all branches.
        frozen_stages: number of stages to freeze besides the stem; -1 freezes nothing.
        norm_eval: whether batch norms keep their statistics in training.
        with_cp: whether activations are recomputed in the backward pass to save memory.
        zero_init_residual: whether each block starts as its shortcut alone.
    """

    default_init = SMALL_NORMAL
    blocks: ClassVar[dict[str, type[nn.Module]]] = {"BASIC": BasicBlock, "BOTTLENECK": Bottleneck}
    fusion_step: ClassVar[StepBuilder] = staticmethod(dense_step)
    upsample: ClassVar[Settings] = {"mode": "nearest", "align_corners": None}

    def __init__(
        self,
        extra: Settings,
        in_channels: int = 3,
        conv_cfg: Settings | None = None,
        norm_cfg: Settings = BN,
        norm_eval: bool = False,
        with_cp: bool = False,
        zero_init_residual: bool = False,
        frozen_stages: int = -1,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(init_cfg)
        self.zero_init_residual, self.with_cp = zero_init_residual, with_cp
        self.shared: Settings = {"conv_cfg": conv_cfg, "norm_cfg": norm_cfg}
        self.upsample_cfg = extra.get("upsample", self.upsample)
        channels = self.add_start(in_channels, extra["stage1"])
        for index in (2, 3, 4):
            channels = self.add_stage(index, extra[f"stage{index}"], channels)
        self.arrange_freezing(frozen_stages, norm_eval)

    def add_start(self, in_channels: int, spec: Settings) -> list[int]:
        """Add the stem, which quarters the size, and the first stage; return its channels."""
        self.norms = [f"{norm_name(self.shared['norm_cfg'])}{index}" for index in (1, 2)]
        for index, norm in enumerate(self.norms, 1):
            conv = build_conv(self.shared["conv_cfg"], in_channels if index == 1 else 64, 64, 3, 2, bias=False)
            self.add_module(f"conv{index}", conv)
            self.add_module(norm, build_norm(self.shared["norm_cfg"], 64))
        self.relu = nn.ReLU(inplace=True)
        block: type[ResidualBlock] = self.find_block(spec)  # pyright: ignore[reportAssignmentType]
        width = spec["num_channels"][0] * block.expansion
        self.layer1 = res_layer(block, spec["num_blocks"][0], 64, width, with_cp=self.with_cp, **self.shared)
        return [width]

    def add_stage(self, index: int, spec: Settings, channels: Sequence[int]) -> list[int]:
        """Add a transition and the stage behind it; return the stage's channels."""
        if not spec["num_branches"] == len(spec["num_blocks"]) == len(spec["num_channels"]):
            raise ValueError(
                f"HRNet.extra.stage{index}: num_blocks {spec['num_blocks']} and num_channels {spec['num_channels']} "
                f"need one entry for each of the {spec['num_branches']} branches"
            )
        block = self.find_block(spec)
        widths = [width * block.expansion for width in spec["num_channels"]]  # pyright: ignore
        multiscale = index < 4 or spec.get("multiscale_output", False)
        modules = []
        for number in range(spec["num_modules"]):
            branches = [self.make_branch(index, spec, number, branch, widths[branch]) for branch in range(len(widths))]
            num_outs = len(widths) if multiscale or number < spec["num_modules"] - 1 else 1
            step = partial(self.fusion_step, **self.shared)
            fusion = build_fusion(widths, num_outs, step, upsample=self.upsample_cfg, **self.shared)
            modules.append(HRModule(branches, fusion if len(widths) > 1 else None))
        self.add_module(
            f"transition{index - 1}", build_transition(channels, widths, partial(dense_step, **self.shared))
        )
        self.add_module(f"stage{index}", nn.Sequential(*modules))
        return widths

    def make_branch(self, stage: int, spec: Settings, module: int, branch: int, width: int) -> nn.Module:
        block: Any = self.find_block(spec)
        return res_layer(block, spec["num_blocks"][branch], width, width, with_cp=self.with_cp, **self.shared)

    def find_block(self, spec: Settings) -> type[nn.Module]:
        check_choice(f"{type(self).__name__}.block", spec["block"], list(self.blocks))
        return self.blocks[spec["block"]]

    def arrange_freezing(self, frozen_stages: int, norm_eval: bool) -> None:
        check_choice(f"{type(self).__name__}.frozen_stages", frozen_stages, range(-1, 5))
        parts = [["layer1", "transition1"], ["stage2", "transition2"], ["stage3", "transition3"], ["stage4"]]
        stem = ["conv1", self.norms[0], "conv2", self.norms[1]]
        self.norm_eval = norm_eval
        self.frozen = [name for group in [stem, *parts][: frozen_stages + 1] for name in group]
        self.freeze()

    def init_weights(self) -> None:
        super().init_weights()
        if self.zero_init_residual and not self.is_pretrained:
            zero_last_norms(self)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        for index, norm in enumerate(self.norms, 1):
            # -> (B, 64, H/2, W/2), then (B, 64, H/4, W/4)
            x = self.relu(getattr(self, norm)(getattr(self, f"conv{index}")(x)))
        features = [self.layer1(x)]  # (B, C_0, H/4, W/4)
        for index in (2, 3, 4):
            # -> one branch more, of half the size of the last
            features = enter(getattr(self, f"transition{index - 1}"), features)
            features = getattr(self, f"stage{index}")(features)  # (B, C_i, H / 2^(i+2), W / 2^(i+2)) each
        return tuple(features)

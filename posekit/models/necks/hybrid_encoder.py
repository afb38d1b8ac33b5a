"""The neck of RT-DETR and RTMO."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from posekit.models.base_module import InitRules, Settings
from posekit.models.layers.activation import RELU, SILU, build_activation
from posekit.models.layers.conv_module import ConvModule
from posekit.models.layers.detr_layers import DetrEncoderLayer, without_implied
from posekit.models.layers.normalization import BN
from posekit.models.layers.path_aggregation import aggregate_paths, check_levels
from posekit.models.layers.sine_positions import SinePositions
from posekit.models.layers.transformer import LN, MultiheadAttention
from posekit.models.necks.base import BaseNeck
from posekit.registry import MODELS


class RepVGGBlock(nn.Module):
    """A 3x3 and a 1x1 convolution in parallel, then an activation. Source: Ding et al., arXiv 2101.03697."""

    def __init__(
        self, in_channels: int, out_channels: int, *, norm_cfg: Settings = BN, act_cfg: Settings = RELU
    ) -> None:
        super().__init__()
        self.branch_3x3 = ConvModule(in_channels, out_channels, 3, norm_cfg=norm_cfg, act_cfg=None)
        self.branch_1x1 = ConvModule(in_channels, out_channels, 1, norm_cfg=norm_cfg, act_cfg=None)
        self.act = build_activation(act_cfg)

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.branch_3x3(x) + self.branch_1x1(x))  # (B, out_channels, H, W)


class CSPRepLayer(nn.Module):
    """Sums a path through RepVGG blocks and a path past them."""

    def __init__(self, in_channels: int, out_channels: int, num_blocks: int, *, width: int, **options: Any) -> None:
        super().__init__()
        self.conv1 = ConvModule(in_channels, width, 1, **options)
        self.conv2 = ConvModule(in_channels, width, 1, **options)
        act_cfg = options["act_cfg"]
        self.bottlenecks = nn.Sequential(*(RepVGGBlock(width, width, act_cfg=act_cfg) for _ in range(num_blocks)))
        self.conv3 = ConvModule(width, out_channels, 1, **options) if width != out_channels else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.conv3(self.bottlenecks(self.conv1(x)) + self.conv2(x))  # (B, out_channels, H, W)


def encoder_layer(self_attn_cfg: Settings, ffn_cfg: Settings, norm_cfg: Settings = LN) -> DetrEncoderLayer:
    """Build a layer in which all tokens attend to all."""
    attention = MultiheadAttention(**without_implied(self_attn_cfg))
    return DetrEncoderLayer(attention, self_attn_cfg["embed_dims"], ffn_cfg, norm_cfg)


class DetrEncoder(nn.Module):
    """Encoder layers, one after another, on tokens (B, N, C)."""

    def __init__(self, num_layers: int, layer_cfg: Settings) -> None:
        super().__init__()
        self.layers = nn.ModuleList(encoder_layer(**layer_cfg) for _ in range(num_layers))

    def forward(self, x: Tensor, positions: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x, query_pos=positions)  # (B, N, C)
        return x


@MODELS.register_module()
class HybridEncoder(BaseNeck):
    """Attention within the coarsest levels, path aggregation across all. Source: Lv et al., arXiv 2304.08069.

    Args:
        encoder_cfg: ``self_attn_cfg`` and ``ffn_cfg`` of an encoder layer.
        projector: neck that the chosen outputs pass at the end.
        num_encoder_layers: number of encoder layers.
        in_channels: channels of each incoming level, which are brought to ``hidden_dim`` first.
        feat_strides: input pixels per cell of each level; accepted for published configs.
        hidden_dim: channels of all levels.
        use_encoder_idx: indices of the levels with attention.
        pe_temperature: ratio of the longest to the shortest wavelength of the sine positions.
        widen_factor: factor of the blocks' channels.
        deepen_factor: factor of the number of blocks.
        spe_learnable: whether the wavelengths are trained.
        output_indices: indices of the levels to return; all by default.
        norm_cfg: norm of the convolutions.
        act_cfg: activation of the convolutions.
        init_cfg: rules for the initial weights.
    """

    def __init__(
        self,
        encoder_cfg: Settings,
        projector: BaseNeck | None = None,
        num_encoder_layers: int = 1,
        in_channels: Sequence[int] = (512, 1024, 2048),
        feat_strides: Sequence[int] = (8, 16, 32),
        hidden_dim: int = 256,
        use_encoder_idx: Sequence[int] = (2,),
        pe_temperature: float = 10000,
        widen_factor: float = 1.0,
        deepen_factor: float = 1.0,
        spe_learnable: bool = False,
        output_indices: Sequence[int] | None = None,
        norm_cfg: Settings = BN,
        act_cfg: Settings = SILU,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(init_cfg)
        self.in_channels, self.use_encoder_idx, self.output_indices = in_channels, use_encoder_idx, output_indices
        self.input_proj = nn.ModuleList(
            ConvModule(width, hidden_dim, 1, norm_cfg=norm_cfg, act_cfg=None) for width in in_channels
        )
        self.encoder = nn.ModuleList(DetrEncoder(num_encoder_layers, encoder_cfg) for _ in use_encoder_idx)
        self.sincos_pos_enc = SinePositions(hidden_dim // 2, temperature=pe_temperature, learnable=spe_learnable)
        options: Settings = {"norm_cfg": norm_cfg, "act_cfg": act_cfg}
        steps = range(len(in_channels) - 1)

        def blocks() -> nn.ModuleList:
            width, depth = int(hidden_dim * widen_factor), round(3 * deepen_factor)
            return nn.ModuleList(CSPRepLayer(hidden_dim * 2, hidden_dim, depth, width=width, **options) for _ in steps)

        self.lateral_convs = nn.ModuleList(ConvModule(hidden_dim, hidden_dim, 1, **options) for _ in steps)
        self.fpn_blocks = blocks()
        self.downsample_convs = nn.ModuleList(ConvModule(hidden_dim, hidden_dim, 3, 2, **options) for _ in steps)
        self.pan_blocks = blocks()
        self.upsample = nn.Upsample(scale_factor=2)
        self.projector = projector

    def forward(self, features: Sequence[Tensor]) -> tuple[Tensor, ...]:
        check_levels(self, features, self.in_channels)
        # -> (B, hidden_dim, H_i, W_i) each
        levels = [project(x) for project, x in zip(self.input_proj, features, strict=True)]
        for encoder, index in zip(self.encoder, self.use_encoder_idx, strict=True):
            rows, columns = levels[index].shape[2:]
            # -> (B, H_i * W_i, hidden_dim)
            tokens = encoder(levels[index].flatten(2).transpose(1, 2), self.sincos_pos_enc(rows, columns))
            levels[index] = tokens.transpose(1, 2).unflatten(2, (rows, columns))  # (B, hidden_dim, H_i, W_i)
        outputs = aggregate_paths(  # (B, hidden_dim, H_i, W_i) each
            levels,
            reduce_layers=self.lateral_convs,
            top_down_blocks=self.fpn_blocks,
            downsamples=self.downsample_convs,
            bottom_up_blocks=self.pan_blocks,
            upsample=self.upsample,
        )
        if self.output_indices is not None:
            outputs = [outputs[index] for index in self.output_indices]
        return tuple(outputs) if self.projector is None else self.projector(outputs)

"""V2V-Net."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from posekit.models.backbones.base import BaseBackbone
from posekit.models.base_module import InitRules, Settings
from posekit.models.layers.conv_module import ConvModule
from posekit.registry import MODELS


def conv3d(in_channels: int, out_channels: int, kernel_size: int, **options: Any) -> ConvModule:
    cfg: Settings = {"conv_cfg": {"type": "Conv3d"}, "norm_cfg": {"type": "BN3d"}, "bias": True}
    return ConvModule(in_channels, out_channels, kernel_size, **cfg, **options)


class Block3d(nn.Module):
    """One layer under the name ``block``."""

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.block = block

    def forward(self, x: Tensor) -> Tensor:
        return self.block(x)  # (B, out_channels, X, Y, Z)


class Residual3d(nn.Module):
    """Two 3x3x3 convolutions and a shortcut."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.res_branch = nn.Sequential(
            conv3d(in_channels, out_channels, 3), conv3d(out_channels, out_channels, 3, act_cfg=None)
        )
        same = in_channels == out_channels
        self.skip_con = nn.Identity() if same else conv3d(in_channels, out_channels, 1, act_cfg=None)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.res_branch(x) + self.skip_con(x))  # (B, out_channels, X, Y, Z)


def double3d(in_channels: int, out_channels: int) -> Block3d:
    """Return a layer that doubles all three sides."""
    deconv = nn.ConvTranspose3d(in_channels, out_channels, 2, 2)
    return Block3d(nn.Sequential(deconv, nn.BatchNorm3d(out_channels), nn.ReLU(inplace=True)))


class EncoderDecoder(nn.Module):
    """Halves the sides twice and restores them, with shortcuts at both sizes."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        wide, wider = channels * 2, channels * 4
        self.encoder_res1 = Residual3d(channels, wide)
        self.encoder_res2 = Residual3d(wide, wider)
        self.mid_res = Residual3d(wider, wider)
        self.decoder_res2 = Residual3d(wider, wider)
        self.decoder_upsample2 = double3d(wider, wide)
        self.decoder_res1 = Residual3d(wide, wide)
        self.decoder_upsample1 = double3d(wide, channels)
        self.skip_res1 = Residual3d(channels, channels)
        self.skip_res2 = Residual3d(wide, wide)

    def forward(self, x: Tensor) -> Tensor:
        half = self.encoder_res1(F.max_pool3d(x, 2))  # (B, 2C, X/2, Y/2, Z/2)
        quarter = self.encoder_res2(F.max_pool3d(half, 2))  # (B, 4C, X/4, Y/4, Z/4)
        quarter = self.decoder_res2(self.mid_res(quarter))  # (B, 4C, X/4, Y/4, Z/4)
        half = self.decoder_res1(self.decoder_upsample2(quarter) + self.skip_res2(half))  # (B, 2C, X/2, Y/2, Z/2)
        return self.decoder_upsample1(half) + self.skip_res1(x)  # (B, C, X, Y, Z)


@MODELS.register_module()
class V2VNet(BaseBackbone):
    """Maps voxels (B, C, X, Y, Z) to voxels of ``output_channels``. Source: Moon et al., arXiv 1711.07399."""

    default_init = {"type": "Normal", "std": 0.001, "layer": ["Conv3d", "ConvTranspose3d"]}  # noqa: RUF012

    def __init__(
        self, input_channels: int, output_channels: int, mid_channels: int = 32, init_cfg: InitRules = None
    ) -> None:
        super().__init__(init_cfg)
        half = mid_channels // 2
        self.front_layers = nn.Sequential(Block3d(conv3d(input_channels, half, 7)), Residual3d(half, mid_channels))
        self.encoder_decoder = EncoderDecoder(mid_channels)
        self.output_layer = nn.Conv3d(mid_channels, output_channels, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        return (self.output_layer(self.encoder_decoder(self.front_layers(x))),)  # (B, output_channels, X, Y, Z)

"""Backbones of MMPretrain that timm has as well: MMPretrain's arguments and outputs, timm's layers and weights.

``mmpretrain.ConvNeXt`` and the like resolve to these. Their checkpoints have timm's keys: take weights with
``pretrained=True`` or ``init_cfg=dict(type='Pretrained', checkpoint='timm://NAME')``, not from MMPretrain's files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from posekit.console import check_choice
from posekit.models.backbones.staged import FreezableBackbone
from posekit.models.backbones.timm_backbone import create_timm_model, with_prefix
from posekit.models.base_module import InitRules
from posekit.registry import MODELS

EFFICIENTNETS = (*(f"b{size}" for size in range(9)), "l2", "es", "em", "el")
EFFICIENTNETS_V2 = ("s", "m", "l", "xl", "b0", "b1", "b2", "b3")
REPVGGS = ("A0", "A1", "A2", "B0", "B1", "B1g4", "B2", "B2g4", "B3", "B3g4", "D2se")
MOBILEONES = ("s0", "s1", "s2", "s3", "s4")
CONVNEXTS = ("atto", "femto", "pico", "nano", "tiny", "small", "base", "large", "xlarge")
CONVNEXTS_V2 = ("atto", "femto", "pico", "nano", "tiny", "small", "base", "large", "huge")


class TimmStages(FreezableBackbone):
    """Layers of a whole timm model, run one after another.

    Args:
        model_name: timm's name of the model.
        out_indices: indices of the layers to return, from 0; negative ones count from the end.
        norm_eval: whether batch norms keep their statistics in training.
        in_channels: channels of the images.
        pretrained: whether to load timm's weights.
        init_cfg: rules for the initial weights.
        options: further arguments of the model.

    Raises:
        ValueError: if a layer does not exist.
    """

    def __init__(
        self,
        model_name: str,
        out_indices: Sequence[int] | int,
        *,
        norm_eval: bool = False,
        in_channels: int = 3,
        pretrained: bool = False,
        init_cfg: InitRules = None,
        **options: Any,
    ) -> None:
        super().__init__(init_cfg)
        name = type(self).__name__
        self.timm_model = create_timm_model(name, model_name, pretrained=pretrained, in_chans=in_channels, **options)
        layers = self.layers_of(self.timm_model)
        indices = [out_indices] if isinstance(out_indices, int) else list(out_indices)
        if wrong := [index for index in indices if not -len(layers) <= index < len(layers)]:
            raise ValueError(f"{name}.out_indices: {wrong} not in 0..{len(layers) - 1}")
        self.out_indices = sorted({index % len(layers) for index in indices})
        self.layers = layers[: self.out_indices[-1] + 1]
        self.norm_eval = norm_eval
        keep_only(self.timm_model, [part for layer in self.layers for part in layer])

    def layers_of(self, model: Any) -> list[list[str]]:
        """Return the names of the parts of ``model`` that make up each layer."""
        raise NotImplementedError

    def freeze_parts(self, parts: Sequence[str]) -> None:
        """Let parts of the timm model stay as they are in training."""
        self.frozen = [f"timm_model.{part}" for part in parts]
        self.freeze()

    def freeze_layers(self, count: int) -> None:
        """Let the first layers stay as they are in training."""
        check_choice(f"{type(self).__name__}.frozen_stages", count, range(len(self.layers) + 1))
        self.freeze_parts([part for layer in self.layers[:count] for part in layer])

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        outputs = []
        for index, layer in enumerate(self.layers):
            for part in layer:
                x = self.timm_model.get_submodule(part)(x)  # (B, C_i, H_i, W_i)
            if index in self.out_indices:
                outputs.append(self.output(index, x))
        return tuple(outputs)

    def output(self, index: int, x: Tensor) -> Tensor:
        """Return the output of layer ``index``, by default ``x``, which the next layer reads."""
        return x

    def convert_state(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Rename the weights of a plain timm model to the keys used here."""
        return with_prefix(state)


def keep_only(model: nn.Module, parts: Sequence[str]) -> None:
    """Remove everything from ``model`` except the named parts and the modules that hold them."""
    for name, module in list(model.named_children()):
        inside = [part.partition(".")[2] for part in parts if part.partition(".")[0] == name]
        if not inside:
            setattr(model, name, nn.Identity())
        elif "" not in inside:
            keep_only(module, inside)


@MODELS.register_module()
class EfficientNet(TimmStages):
    """EfficientNet (Tan and Le, ICML 2019): the stem, five groups of blocks and the layer before pooling.

    Args:
        arch: b0 to b8, l2, or es, em, el for the EdgeTPU models, which use ReLU; b0 by default.
        drop_path_rate: probability, in the last block, that training leaves a residual branch out.
        out_indices: indices of the layers to return, 0 the stem; the last by default.
        frozen_stages: number of layers that stay as they are in training, the stem counted.
        norm_eval: whether batch norms keep their statistics in training.
        in_channels: channels of the images.
        pretrained: whether to load timm's weights.
        init_cfg: rules for the initial weights.
    """

    names, prefix = EFFICIENTNETS, "tf_efficientnet_"
    groups: Sequence[Sequence[int]] = ([0], [1], [2], [3, 4], [5, 6])
    """timm's blocks that form each output; every block is one output where there are no groups."""

    def __init__(
        self,
        arch: str | None = None,
        drop_path_rate: float = 0.0,
        out_indices: Sequence[int] | int = (-1,),
        frozen_stages: int = 0,
        norm_eval: bool = False,
        in_channels: int = 3,
        pretrained: bool = False,
        init_cfg: InitRules = None,
    ) -> None:
        arch = self.names[0] if arch is None else arch
        check_choice(f"{type(self).__name__}.arch", arch, self.names)
        super().__init__(
            self.prefix + arch,
            out_indices,
            norm_eval=norm_eval,
            in_channels=in_channels,
            pretrained=pretrained,
            init_cfg=init_cfg,
            drop_path_rate=drop_path_rate,
        )
        self.freeze_layers(frozen_stages)

    def layers_of(self, model: Any) -> list[list[str]]:
        numbers = range(len(model.blocks))
        groups = self.groups or [[number] for number in numbers]
        blocks = [[f"blocks.{number}" for number in group if number in numbers] for group in groups]
        return [["conv_stem", "bn1"], *blocks, ["conv_head", "bn2"]]


@MODELS.register_module()
class EfficientNetV2(EfficientNet):
    """EfficientNetV2 (Tan and Le, ICML 2021): the stem, each group of blocks, and the layer before pooling.

    Args:
        arch: s, m, l, xl, or b0 to b3; s by default. The other arguments are those of EfficientNet.
    """

    names, prefix = EFFICIENTNETS_V2, "tf_efficientnetv2_"
    groups = ()


@MODELS.register_module()
class RepVGG(TimmStages):
    """RepVGG (Ding et al., CVPR 2021): stages of blocks whose branches merge into one convolution for deployment.

    Args:
        arch: A0 to A2, B0 to B3, B1g4, B2g4, B3g4 or D2se.
        in_channels: channels of the images.
        out_indices: indices of the stages to return, from 0.
        frozen_stages: number of stages to freeze besides the stem; -1 freezes nothing.
        norm_eval: whether batch norms keep their statistics in training.
        deploy: whether to merge the branches of each block right away.
        pretrained: whether to load timm's weights.
        init_cfg: rules for the initial weights.
    """

    names, prefix = REPVGGS, "repvgg_"

    def __init__(
        self,
        arch: str,
        in_channels: int = 3,
        out_indices: Sequence[int] | int = (3,),
        frozen_stages: int = -1,
        norm_eval: bool = False,
        deploy: bool = False,
        pretrained: bool = False,
        init_cfg: InitRules = None,
    ) -> None:
        name, model = type(self).__name__, self.prefix + arch.lower()
        check_choice(f"{name}.arch", arch, self.names)
        common: dict[str, Any] = dict(in_channels=in_channels, pretrained=pretrained, init_cfg=init_cfg)
        super().__init__(model, out_indices, norm_eval=norm_eval, **common)
        check_choice(f"{name}.frozen_stages", frozen_stages, range(-1, 5))
        stages = [f"stages.{index}" for index in range(min(frozen_stages, len(self.layers)))]
        self.freeze_parts(["stem", *stages] if frozen_stages >= 0 else [])
        if deploy:
            self.switch_to_deploy()

    def layers_of(self, model: Any) -> list[list[str]]:
        return [["stem", "stages.0"], *([f"stages.{index}"] for index in range(1, 4))]

    def switch_to_deploy(self) -> None:
        """Merge the branches of each block into one convolution; the outputs in evaluation stay the same."""
        from timm.utils.model import reparameterize_model

        self.timm_model = reparameterize_model(self.timm_model, inplace=True)


@MODELS.register_module()
class MobileOne(RepVGG):
    """MobileOne (Vasu et al., CVPR 2023), s0 to s4; the arguments are those of RepVGG."""

    names, prefix = MOBILEONES, "mobileone_"


@MODELS.register_module()
class ConvNeXt(TimmStages):
    """ConvNeXt (Liu et al., CVPR 2022) and, with ``use_grn``, ConvNeXt V2 (Woo et al., CVPR 2023).

    Each output is normalised. Heads need ``gap_before_final_norm=False``, which keeps it a feature map.

    Args:
        arch: atto to xlarge; also huge for V2.
        in_channels: channels of the images.
        use_grn: whether to build V2, which has global response normalisation.
        drop_path_rate: probability, in the last block, that training leaves a residual branch out.
        layer_scale_init_value: initial scale of residual branches; 0 for no scale.
        out_indices: indices of the stages to return, from 0.
        frozen_stages: number of stages that stay as they are in training; the stem belongs to the first.
        gap_before_final_norm: whether to average each output over its pixels: (B, C) instead of (B, C, H, W).
        pretrained: whether to load timm's weights.
        init_cfg: rules for the initial weights.
    """

    def __init__(
        self,
        arch: str = "tiny",
        in_channels: int = 3,
        use_grn: bool = False,
        drop_path_rate: float = 0.0,
        layer_scale_init_value: float = 1e-6,
        out_indices: Sequence[int] | int = -1,
        frozen_stages: int = 0,
        gap_before_final_norm: bool = True,
        pretrained: bool = False,
        init_cfg: InitRules = None,
    ) -> None:
        check_choice("ConvNeXt.arch", arch, CONVNEXTS_V2 if use_grn else CONVNEXTS)
        super().__init__(
            f"convnext{'v2' if use_grn else ''}_{arch}",
            out_indices,
            in_channels=in_channels,
            pretrained=pretrained,
            init_cfg=init_cfg,
            drop_path_rate=drop_path_rate,
            ls_init_value=None if use_grn else layer_scale_init_value or None,
        )
        self.gap_before_final_norm = gap_before_final_norm
        from timm.layers.norm import LayerNorm2d

        for index in self.out_indices:
            channels = self.timm_model.feature_info[index]["num_chs"]
            self.add_module(f"norm{index}", LayerNorm2d(channels, eps=1e-6))
        self.freeze_layers(frozen_stages)

    def layers_of(self, model: Any) -> list[list[str]]:
        return [["stem", "stages.0"], *([f"stages.{index}"] for index in range(1, len(model.stages)))]

    def output(self, index: int, x: Tensor) -> Tensor:
        norm = self.get_submodule(f"norm{index}")
        # -> (B, C) or (B, C, H_i, W_i)
        return norm(x.mean((2, 3), keepdim=True)).flatten(1) if self.gap_before_final_norm else norm(x)

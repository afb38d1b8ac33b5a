"""Base of heads that encode feature maps and query them with a decoder."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from posekit.codecs.base import BaseCodec
from posekit.models.base_module import InitRules, Settings
from posekit.models.heads.base import BaseHead, Features, Outputs, SampleBatch, as_columns
from posekit.models.layers.deformable_attention import (
    DeformableEncoder,
    MultiScaleDeformableAttention,
    Tokens,
    as_tokens,
    map_padding,
)
from posekit.models.layers.sine_positions import MaskedSinePositions
from posekit.models.losses.base import BaseLoss
from posekit.registry import MODELS


@MODELS.register_module()
class TransformerHead(BaseHead):
    """Base of heads after Deformable DETR: ``forward_encoder``, ``forward_decoder``, ``forward_out_head``.

    A subclass builds ``decoder`` and ``out_head`` and defines the last two steps.

    Shapes: B images, M cells of all maps, M_l of map l, C channels.

    Args:
        encoder: settings of DeformableEncoder.
        positional_encoding: settings of MaskedSinePositions.
        num_feature_levels: number of feature maps.
        num_queries: number of queries that the decoder starts from.
        data_decoder: codec that finds keypoints in the outputs (``decoder`` means something else here).
        loss: loss of the outputs.
        init_cfg: rules for the initial weights.

    Source: Zhu et al., arXiv 2010.04159.
    """

    encoder: DeformableEncoder

    def __init__(
        self,
        encoder: Settings,
        positional_encoding: Settings,
        *,
        num_feature_levels: int = 4,
        num_queries: int = 100,
        data_decoder: BaseCodec | None = None,
        loss: BaseLoss | None = None,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(loss, init_cfg=init_cfg)
        self.data_decoder = data_decoder
        self.num_queries = num_queries
        self.positional_encoding = MaskedSinePositions(**positional_encoding)
        self.encoder = DeformableEncoder(**encoder)
        self.level_embed = nn.Parameter(torch.randn(num_feature_levels, self.embed_dims))

    @property
    def embed_dims(self) -> int:
        """Channels of tokens and queries."""
        return self.encoder.layers[0].self_attn.output_proj.out_features  # pyright: ignore[reportReturnType, reportAttributeAccessIssue]

    def init_weights(self) -> None:
        super().init_weights()
        for coder in (self.encoder, self.decoder):
            for parameter in coder.layers.parameters() if isinstance(coder, nn.Module) else ():
                if parameter.ndim > 1:
                    nn.init.xavier_uniform_(parameter)
        for part in self.modules():
            if isinstance(part, MultiScaleDeformableAttention):
                part.reset_parameters()

    def forward(self, feats: Features, batch: SampleBatch | None = None) -> Outputs:
        """Compute the outputs; without samples the images are assumed to fill the feature maps."""
        return self.forward_out_head(self.forward_decoder(self.forward_encoder(feats, batch)))

    def forward_encoder(self, feats: Features, batch: SampleBatch | None = None) -> Tokens:
        """Return the encoded feature maps.

        Raises:
            ValueError: if their number is not ``num_feature_levels``.
        """
        if len(feats) != len(self.level_embed):
            raise ValueError(
                f"{type(self).__name__}: got {len(feats)} feature maps, but "
                f"num_feature_levels={len(self.level_embed)}; let the neck give as many"
            )
        padding = self.paddings(feats, batch)
        places = [self.positional_encoding(mask).flatten(1, 2) for mask in padding]  # (B, M_l, C) each
        positions = [place + level for place, level in zip(places, self.level_embed, strict=True)]  # (B, M_l, C) each
        return self.encoder(as_tokens(feats, padding), torch.cat(positions, 1))  # (B, M, C)

    def paddings(self, feats: Features, batch: SampleBatch | None) -> list[Tensor]:
        """Return, for each feature map, a mask (B, rows, columns) of the cells outside the image."""
        if batch is None:
            return [feat.new_zeros((len(feat), *feat.shape[2:]), dtype=torch.bool) for feat in feats]
        infos = as_columns(batch).metainfos
        images = [image_hw(info) for info in infos]
        whole = infos[0].get("batch_input_shape") or (max(h for h, _ in images), max(w for _, w in images))
        return [map_padding(images, whole, feat) for feat in feats]

    def forward_decoder(self, memory: Tokens) -> Any:
        """Query the encoded feature maps."""
        raise NotImplementedError

    def forward_out_head(self, decoded: Any) -> Outputs:
        """Turn the decoder's result into outputs."""
        raise NotImplementedError

    @property
    def codec(self) -> BaseCodec:
        if self.data_decoder is None:
            name = type(self).__name__
            raise ValueError(f"{name}: predicting keypoints needs a decoder; give head.data_decoder a codec")
        return self.data_decoder


def image_hw(metainfo: dict[str, Any]) -> tuple[int, int]:
    """Return the height and width of an image within the padded input.

    Raises:
        ValueError: if the sample's meta information lacks the size.
    """
    if "img_shape" in metainfo:
        return int(metainfo["img_shape"][0]), int(metainfo["img_shape"][1])
    if "input_size" not in metainfo:
        raise ValueError(
            "a sample's metainfo has neither 'img_shape' nor 'input_size'; add it to PackPoseInputs.meta_keys"
        )
    width, height = metainfo["input_size"]
    return int(height), int(width)

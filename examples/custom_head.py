"""A head of one's own: two fully connected layers between pooled features and coordinates.

Use it with ``posekit train CONFIG --plugin examples.custom_head`` and in the config

    head=dict(type="TwoLayerHead", in_channels=512, num_keypoints=17, loss=dict(type="L1Loss"), decoder=codec)
"""

from __future__ import annotations

from torch import Tensor, nn

from posekit.codecs.base import BaseCodec
from posekit.models.heads.base import KEYPOINT_LABELS, KEYPOINT_WEIGHTS, BaseHead, Features, Outputs
from posekit.models.losses.base import BaseLoss
from posekit.registry import MODELS


@MODELS.register_module()
class TwoLayerHead(BaseHead):
    """Coordinates from two fully connected layers; ``loss`` and ``predict`` come from BaseHead.

    Args:
        in_channels: channels of the last feature map.
        num_keypoints: how many to find.
        loss: takes outputs, labels and weights, the columns that ``reads`` names.
        decoder: turns outputs into keypoints.
        hidden_channels: width between the layers.
    """

    reads = (KEYPOINT_LABELS, KEYPOINT_WEIGHTS)

    def __init__(
        self,
        in_channels: int,
        num_keypoints: int,
        loss: BaseLoss,
        decoder: BaseCodec,
        hidden_channels: int = 256,
    ) -> None:
        super().__init__(loss, decoder)
        self.layers = nn.Sequential(
            nn.Linear(in_channels, hidden_channels),
            nn.ReLU(),
            nn.Linear(hidden_channels, num_keypoints * 2),
        )

    def forward(self, feats: Features) -> Tensor:
        """Compute coordinates (B, K, 2) from the last feature map (B, C, H, W)."""
        return self.layers(feats[-1].mean(dim=(2, 3))).unflatten(1, (-1, 2))

    def decodable(self, outputs: Outputs) -> Tensor:
        return outputs.unsqueeze(1)  # (B, 1, K, 2): one instance per crop

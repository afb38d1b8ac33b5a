"""AlexNet."""

from __future__ import annotations

from torch import Tensor, nn

from posekit.models.backbones.base import BaseBackbone
from posekit.models.base_module import InitRules
from posekit.registry import MODELS


def conv_relu(in_channels: int, out_channels: int, kernel_size: int, stride: int = 1) -> list[nn.Module]:
    padding = 2 if kernel_size > 3 else 1
    return [nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding), nn.ReLU(inplace=True)]


@MODELS.register_module()
class AlexNet(BaseBackbone):
    """AlexNet, with its classifier where ``num_classes`` is above 0. Source: Krizhevsky et al., NeurIPS 2012.

    Shapes: the classifier takes feature maps of 6 x 6 cells, so images of 224 x 224 pixels.
    """

    def __init__(self, num_classes: int = -1, init_cfg: InitRules = None) -> None:
        super().__init__(init_cfg)
        self.features = nn.Sequential(
            *conv_relu(3, 64, 11, 4),
            nn.MaxPool2d(3, 2),
            *conv_relu(64, 192, 5),
            nn.MaxPool2d(3, 2),
            *conv_relu(192, 384, 3),
            *conv_relu(384, 256, 3),
            *conv_relu(256, 256, 3),
            nn.MaxPool2d(3, 2),
        )
        self.classifier = None
        if num_classes > 0:
            first = [nn.Dropout(), nn.Linear(256 * 6 * 6, 4096), nn.ReLU(inplace=True)]
            second = [nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(inplace=True)]
            self.classifier = nn.Sequential(*first, *second, nn.Linear(4096, num_classes))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        x = self.features(x)  # (B, 256, H/32 - 1, W/32 - 1)
        # -> (B, 256, H/32 - 1, W/32 - 1) or (B, num_classes)
        return (x if self.classifier is None else self.classifier(x.flatten(1)),)

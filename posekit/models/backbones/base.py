"""The role of a backbone."""

from __future__ import annotations

from posekit.models.base_module import BaseModule


class BaseBackbone(BaseModule):
    """Turns images into a tuple of feature maps, finest first.

    Shapes: images (B, 3, H, W), feature maps (B, C_i, H_i, W_i): B batch, C channels, H and W rows and columns.
    """

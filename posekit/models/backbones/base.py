"""The role of a backbone."""

from __future__ import annotations

from posekit.models.base_module import BaseModule


class BaseBackbone(BaseModule):
    """Turns images (B, 3, H, W) into a tuple of feature maps (B, C_i, H_i, W_i), finest first."""

"""The role of a neck."""

from __future__ import annotations

from posekit.models.base_module import BaseModule


class BaseNeck(BaseModule):
    """Turns a backbone's feature maps into the feature maps (or vectors) that a head reads.

    Shapes: level i is (B, C_i, H_i, W_i): B batch, C channels, H and W rows and columns; the finest level is 0.
    """

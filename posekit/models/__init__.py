"""Backbones, necks, heads, losses and whole pose estimators."""

from posekit.lazy_exports import lazy_exports

__all__, __getattr__ = lazy_exports(__name__, {"models.base_module": "ConfigType OptConfigType OptMultiConfig"})

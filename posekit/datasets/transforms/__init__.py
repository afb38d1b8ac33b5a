"""Transforms of samples, the steps of a pipeline."""

from posekit.lazy_exports import lazy_exports

__all__, __getattr__ = lazy_exports(__name__)

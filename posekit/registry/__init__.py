"""One closed table per role, from names to classes."""

from posekit.registry.registry import (
    CODECS,
    DATASETS,
    HOOKS,
    METRICS,
    MODELS,
    OPTIMIZERS,
    SAMPLERS,
    SCHEDULES,
    TRANSFORMS,
    VISUALIZERS,
    BuildError,
    Registry,
    UnknownNameError,
    comparable,
    settings_key,
    strip_scope,
)

__all__ = [
    "CODECS",
    "DATASETS",
    "HOOKS",
    "METRICS",
    "MODELS",
    "OPTIMIZERS",
    "SAMPLERS",
    "SCHEDULES",
    "TRANSFORMS",
    "VISUALIZERS",
    "BuildError",
    "Registry",
    "UnknownNameError",
    "comparable",
    "settings_key",
    "strip_scope",
]

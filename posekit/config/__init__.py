"""The closed configuration language: configs are read, never executed."""

from __future__ import annotations

from posekit.config.config import Config, ConfigError
from posekit.config.folders import find_config, packaged_configs
from posekit.config.load import load, loads

__all__ = ["Config", "ConfigError", "find_config", "load", "loads", "packaged_configs"]

"""What is wrong with a config, all at once and before anything is built."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from posekit.engine import part_checks
from posekit.engine.translation import Translation, read, source_of
from posekit.registry import BuildError


def check_config(config: Mapping[str, Any]) -> list[str]:
    """Return a line, with its place in the file, for each problem of a config.

    Looked at are the model, data and pipelines, evaluators, optimizer, schedules, hooks, visualizer, loops and the
    other settings of a run, each where the config has it.
    """
    return read(config, training=False, whole=True).problems


def require_for_inference(config: Mapping[str, Any]) -> None:
    """Check the parts of a config that prediction and export use: the model and the test pipeline.

    Raises:
        BuildError: if any of these is wrong; it names everything else that is wrong in the config, too.
    """
    made = Translation(config)
    part_checks.check_model(made)
    part_checks.check_test_pipeline(made)
    if made.problems:
        raise BuildError(dict.fromkeys([*made.problems, *check_config(config)]), source_of(config))

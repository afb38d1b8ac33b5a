"""What a config makes of a run, and what is wrong with it: all at once, and before anything is built."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from posekit.engine import part_checks, run_settings
from posekit.engine.run_plan import RunPlan, source_of
from posekit.registry import BuildError

IGNORED = {
    "default_scope": "names are looked up in posekit's own tables",
    "log_processor": "LoggerHook reports means since its last report",
    "launcher": "choose devices on the command line",
    "experiment_name": "the run's folder names it",
    "backend_args": "files are read from local paths",
    "file_client_args": "files are read from local paths",
    "custom_imports": "use --plugin",
}
RUN_KEYS = """
    model train_dataloader val_dataloader test_dataloader train_cfg val_cfg test_cfg val_evaluator test_evaluator
    optim_wrapper param_scheduler default_hooks custom_hooks auto_scale_lr env_cfg load_from resume randomness
    visualizer vis_backends log_level work_dir find_unused_parameters model_wrapper_cfg
"""


def plan_run(config: Mapping[str, Any], *, training: bool = True, world_size: int = 1) -> RunPlan:
    """Check a config as a whole and translate its run settings; nothing is built.

    Args:
        config: the whole config.
        training: whether the run trains; else only what evaluation needs must be right.
        world_size: number of devices, for ``auto_scale_lr``.

    Raises:
        BuildError: names everything in the config that cannot be used, with file and line.
    """
    plan = read_plan(config, training=training, world_size=world_size)
    if plan.problems:
        whole = [] if training else read_plan(config, training=False, whole=True).problems
        raise BuildError(dict.fromkeys([*plan.problems, *whole]), source_of(config))
    return plan


def read_plan(config: Mapping[str, Any], *, training: bool = True, whole: bool = False, world_size: int = 1) -> RunPlan:
    """Return the plan of a run with the problems of its config.

    Args:
        config, training, world_size: as for ``plan_run``.
        whole: also look at what the run does not need, where the config has it.
    """
    plan = RunPlan(config)
    part_checks.check_near_misses(plan, [*RUN_KEYS.split(), *IGNORED])
    run_settings.translate_environment(plan)
    part_checks.check_model(plan)
    stages = ("train", "val", "test") if training or whole else ("test",)
    run_settings.translate_data(plan, stages, needed="train" if training else "" if whole else "test")
    part_checks.check_evaluators(plan, stages)
    part_checks.check_loops(plan)
    for section, step in run_settings.TRAINING_STEPS.items():
        if training or (whole and config.get(section) is not None):
            step(plan)
    if training or whole:
        part_checks.check_codecs_agree(plan)
        run_settings.translate_lr_scale(plan, world_size)
        run_settings.translate_distribution(plan)
    run_settings.translate_hooks(plan)
    for key, reason in IGNORED.items():
        if config.get(key) is not None:
            plan.say(key, f"not needed: {reason}")
    return plan


def check_config(config: Mapping[str, Any]) -> list[str]:
    """Return a line, with its place in the file, for each problem of a config.

    Looked at are the model, data and pipelines, evaluators, optimizer, schedules, hooks, visualizer, loops and the
    other settings of a run, each where the config has it.
    """
    return read_plan(config, training=False, whole=True).problems


def require_for_inference(config: Mapping[str, Any]) -> None:
    """Check the parts of a config that prediction and export use: the model and the test pipeline.

    Raises:
        BuildError: if any of these is wrong; it names everything else that is wrong in the config, too.
    """
    plan = RunPlan(config)
    part_checks.check_model(plan)
    part_checks.check_test_pipeline(plan)
    if plan.problems:
        raise BuildError(dict.fromkeys([*plan.problems, *check_config(config)]), source_of(config))

"""Translate each section of a config's run settings into the plan of the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from os import PathLike
from typing import Any

from posekit.config.config import Config
from posekit.console import suggestion
from posekit.engine import part_checks
from posekit.engine.loggers import LOCAL, backend_problem
from posekit.engine.optimizers.build import CONSTRUCTORS, LAYER_DECAY
from posekit.engine.optimizers.param_groups import ParamRules
from posekit.engine.run_plan import RunPlan
from posekit.registry import HOOKS, VISUALIZERS, strip_scope

COVERED_HOOKS = {
    "IterTimerHook": "LoggerHook measures speed and waiting",
    "DistSamplerSeedHook": "loaders follow the epoch themselves",
    "SyncBuffersHook": "distributed training shares buffers itself",
    "RuntimeInfoHook": "LoggerHook and checkpoints know the position",
    "ParamSchedulerHook": "always on",
}
DEFAULT_HOOKS = {
    "timer": "IterTimerHook",
    "logger": "LoggerHook",
    "param_scheduler": "ParamSchedulerHook",
    "checkpoint": "CheckpointHook",
    "sampler_seed": "DistSamplerSeedHook",
}
"""Types of default hooks that a config need not repeat."""
SHOWING_HOOKS = ("PoseVisualizationHook", "BadCaseAnalysisHook")
LOADER_KEYS = (
    "batch_size num_workers persistent_workers drop_last sampler batch_sampler collate_fn dataset pin_memory "
    "prefetch_factor timeout"
)


def translate_environment(plan: RunPlan) -> None:
    env, random = plan.section("env_cfg"), plan.section("randomness")
    mp = plan.section("env_cfg.mp_cfg", env.get("mp_cfg") or {})
    plan.seed = plan.whole("randomness.seed", random.get("seed") or 0, 0)
    load_from = plan.config.get("load_from")
    if not isinstance(load_from, str | PathLike | None):
        plan.refuse("load_from", f"must be the path or URL of a checkpoint, found {load_from!r:.40}")
    if env.get("cudnn_benchmark"):
        plan.trainer["benchmark"] = True
    if random.get("deterministic"):
        plan.trainer["deterministic"] = True
    plan.data.update(
        seed=plan.seed, opencv_threads=mp.get("opencv_num_threads", 0), start_method=mp.get("mp_start_method")
    )
    plan.channels_last, plan.compile = env.get("channels_last"), env.get("compile", False)
    plan.num_threads = env.get("num_threads")
    extras = [name for name in ("channels_last", "compile", "cudnn_benchmark") if env.get(name)]
    plan.say("randomness", f"seed {plan.seed}" + (", deterministic" if random.get("deterministic") else ""))
    if env:
        plan.say(
            "env_cfg",
            f"workers started by {mp.get('mp_start_method') or 'the default method'}"
            + "".join(f", {x}" for x in extras),
        )
    translate_backends(plan)


def translate_backends(plan: RunPlan) -> None:
    """Read loggers from the visualizer's back ends."""
    visualizer = plan.mapping("visualizer", plan.config.get("visualizer"))
    path = "visualizer.vis_backends" if visualizer.get("vis_backends") else "vis_backends"
    backends = part_checks.one_or_many(plan, path, visualizer.get("vis_backends") or plan.config.get("vis_backends"))
    for at, backend in backends:
        if problem := backend_problem(backend):
            plan.refuse(at, problem)
        elif strip_scope(str(backend["type"])) != LOCAL:
            plan.loggers.append(dict(backend))
    if backends:
        names = [strip_scope(str(config["type"])) for config in plan.loggers]
        plan.say("vis_backends", ", ".join(["files in the run's folder", *names]))
    if visualizer and plan.check_part("visualizer", VISUALIZERS, visualizer):
        plan.visualizer = dict(visualizer)
        plan.say("visualizer", strip_scope(str(visualizer["type"])))


def translate_data(plan: RunPlan, names: Sequence[str], *, needed: str) -> None:
    plan.data["loaders"] = {}
    for name in names:
        path = f"{name}_dataloader"
        loader = plan.mapping(path, plan.config.get(path))
        if not loader:
            if name == needed:
                plan.refuse(path, "is missing; the run needs it")
            continue
        plan.check_keys(path, loader, LOADER_KEYS.split())
        sampler = loader.get("sampler")
        if sampler is not None:
            part_checks.check_sampler(plan, f"{path}.sampler", sampler)
        if loader.get("batch_sampler") is not None:
            plan.refuse(f"{path}.batch_sampler", "is not supported; use sampler, batch_size and drop_last")
        if "dataset" not in loader:
            plan.refuse(path, "has no 'dataset'")
        else:
            part_checks.check_dataset(plan, f"{path}.dataset", loader["dataset"])
        plan.data["loaders"][name] = loader
        workers = plan.whole(f"{path}.num_workers", loader.get("num_workers", 0), 0)
        size = plan.whole(f"{path}.batch_size", loader.get("batch_size", 1), 1)
        plan.say(path, f"batches of {size}, {workers} worker{'s' * (workers != 1)}")


def translate_optimizer(plan: RunPlan) -> None:
    wrapper = plan.section("optim_wrapper")
    kind = strip_scope(str(wrapper.get("type", "OptimWrapper")))
    if kind not in ("OptimWrapper", "AmpOptimWrapper"):
        plan.refuse("optim_wrapper.type", f"is '{kind}'; allowed are 'OptimWrapper' and 'AmpOptimWrapper'")
    is_usable = part_checks.check_optimizer(plan, "optim_wrapper.optimizer", wrapper.get("optimizer"))
    constructor = strip_scope(str(wrapper.get("constructor", CONSTRUCTORS[0])))
    if constructor not in CONSTRUCTORS:
        plan.refuse(
            "optim_wrapper.constructor", f"no constructor '{constructor}'; {suggestion(constructor, CONSTRUCTORS)}"
        )
    rules = plan.mapping("optim_wrapper.paramwise_cfg", wrapper.get("paramwise_cfg"))
    known = [rule.name for rule in fields(ParamRules)]
    if constructor == LAYER_DECAY:
        known += ["num_layers", "layer_decay_rate"]
        for key in ("num_layers", "layer_decay_rate"):
            if key not in rules:
                plan.refuse("optim_wrapper.paramwise_cfg", f"{LAYER_DECAY} needs '{key}'")
    plan.check_keys("optim_wrapper.paramwise_cfg", rules, known)
    clip = plan.section("optim_wrapper.clip_grad", wrapper.get("clip_grad") or {})
    if clip.get("type", "norm") not in ("norm", "value"):
        plan.refuse("optim_wrapper.clip_grad.type", f"is '{clip['type']}'; allowed are 'norm' and 'value'")
    plan.optim_wrapper = wrapper
    steps = plan.whole("optim_wrapper.accumulative_counts", wrapper.get("accumulative_counts", 1), 1)
    plan.trainer["accumulate_grad_batches"] = steps
    if kind == "AmpOptimWrapper":
        plan.trainer["precision"] = {"bfloat16": "bf16-mixed"}.get(str(wrapper.get("dtype")), "16-mixed")
    if is_usable:
        plan.say("optim_wrapper", ", ".join(describe_optimizer(wrapper["optimizer"], wrapper, constructor)))


def describe_optimizer(optimizer: Mapping[str, Any], wrapper: Mapping[str, Any], constructor: str) -> list[str]:
    parts = [f"{optimizer['type']}, learning rate {optimizer.get('lr', 'of the optimizer')}"]
    if optimizer.get("weight_decay"):
        parts.append(f"weight decay {optimizer['weight_decay']}")
    if wrapper.get("paramwise_cfg"):
        parts.append("layer-wise rates" if constructor == LAYER_DECAY else "groups by paramwise_cfg")
    if wrapper.get("clip_grad"):
        parts.append("gradients clipped")
    if wrapper.get("accumulative_counts", 1) not in (1, None):
        parts.append(f"a step every {wrapper['accumulative_counts']} batches")
    return parts


def translate_schedules(plan: RunPlan) -> None:
    plan.schedules = part_checks.checked_schedules(plan)
    names = [strip_scope(str(schedule["type"])) for schedule in plan.schedules]
    plan.say("param_scheduler", ", then ".join(names) or "constant learning rate")


def translate_train_cfg(plan: RunPlan) -> None:
    section = plan.section("train_cfg")
    by_iterations = section.get("by_epoch") is False or strip_scope(str(section.get("type"))) == "IterBasedTrainLoop"
    interval = plan.whole("train_cfg.val_interval", section.get("val_interval", 1), 1)
    unit = "max_iters" if by_iterations else "max_epochs"
    if section.get(unit) is None:
        plan.refuse("train_cfg", f"give {unit}: how long to train")
        return
    length = plan.whole(f"train_cfg.{unit}", section[unit], 1)
    if by_iterations:
        steps = max(length // plan.trainer.get("accumulate_grad_batches", 1), 1)
        plan.trainer.update(max_steps=steps, max_epochs=-1, val_check_interval=interval, check_val_every_n_epoch=None)
        if section.get("dynamic_intervals"):
            plan.refuse("train_cfg.dynamic_intervals", "needs by_epoch=True")
    else:
        plan.trainer.update(max_epochs=length)
        later = section.get("dynamic_intervals") or ()
        if not all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in part_checks.items_of(later)):
            plan.refuse("train_cfg.dynamic_intervals", f"must be a list of (epoch, interval), found {later!r:.40}")
        begin = plan.whole("train_cfg.val_begin", section.get("val_begin", 1), 0)
        plan.validation = {"interval": interval, "begin": begin, "dynamic_intervals": later}
    if not plan.config.get("val_dataloader"):
        plan.trainer.update(limit_val_batches=0)
    if any(plan.section(key).get("fp16") for key in ("val_cfg", "test_cfg")):
        plan.refuse("val_cfg.fp16", "evaluation has the precision of training; use --precision")
    unit = ("iteration" if by_iterations else "epoch") + "s" * (length != 1)
    plan.say("train_cfg", f"{length} {unit}, validation every {interval}")


def translate_lr_scale(plan: RunPlan, world_size: int) -> None:
    section = plan.section("auto_scale_lr")
    if not section.get("enable"):
        return
    if "base_batch_size" not in section:
        plan.refuse("auto_scale_lr", "give base_batch_size, which the learning rate was chosen for")
        return
    base = plan.whole("auto_scale_lr.base_batch_size", section["base_batch_size"], 1)
    loader = plan.data["loaders"].get("train", {})
    if plan.problems:  # the numbers may be none
        return
    size = loader.get("batch_size", 1) * world_size * plan.trainer.get("accumulate_grad_batches", 1)
    plan.lr_factor = size / base
    plan.say(
        "auto_scale_lr",
        f"learning rates times {plan.lr_factor:g} ({size} samples per step instead of {section['base_batch_size']})",
    )


def translate_hooks(plan: RunPlan) -> None:
    defaults = plan.mapping("default_hooks", plan.config.get("default_hooks"))
    hooks = {f"default_hooks.{name}": hook for name, hook in defaults.items()}
    hooks |= dict(part_checks.one_or_many(plan, "custom_hooks", plan.config.get("custom_hooks")))
    for path, hook in hooks.items():
        if hook is None:
            continue
        section, _, name = path.partition(".")
        if section == "default_hooks" and name in DEFAULT_HOOKS and isinstance(hook, Mapping):
            hook = Config(hook)
            hook.setdefault("type", DEFAULT_HOOKS[name])
        name = strip_scope(str(hook["type"])) if isinstance(hook, Mapping) and "type" in hook else ""
        if name in COVERED_HOOKS:
            plan.check_keys(path, hook, ("type", "priority"))
            plan.say(path, f"{name}: {COVERED_HOOKS[name]}")
            continue
        is_off = name in SHOWING_HOOKS and not hook.get("enable", False)
        part_checks.check_inside(plan, path, hook)
        if (not is_off or name in HOOKS) and plan.check_part(path, HOOKS, hook):
            plan.say(path, f"{name}: off" if is_off else name)
            plan.hooks += [] if is_off else [dict(hook)]


def translate_distribution(plan: RunPlan) -> None:
    if plan.config.get("find_unused_parameters"):
        plan.trainer["strategy"] = "ddp_find_unused_parameters_true"
        plan.say("find_unused_parameters", "used with several devices")
    if uses_sync_bn(plan.config.get("model")):
        plan.trainer["sync_batchnorm"] = True


def uses_sync_bn(node: Any) -> bool:
    """Whether a model's config asks for batch statistics across devices."""
    if isinstance(node, Mapping):
        return (
            strip_scope(str(node.get("type"))) in ("SyncBN", "SyncBatchNorm")
            or bool(node.get("use_syncbn"))
            or any(map(uses_sync_bn, node.values()))
        )
    return isinstance(node, (list, tuple)) and any(map(uses_sync_bn, node))


TRAINING_STEPS = {
    "optim_wrapper": translate_optimizer,
    "param_scheduler": translate_schedules,
    "train_cfg": translate_train_cfg,
}
"""What only training needs, by a section that asks for it."""

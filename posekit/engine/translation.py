"""What posekit makes of the run settings in a config: Trainer arguments, hooks and data loading."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from os import PathLike
from typing import Any

from posekit.config.config import Config
from posekit.console import suggestion
from posekit.engine import part_checks
from posekit.engine.loggers import LOCAL, backend_problem
from posekit.engine.optimizers.build import CONSTRUCTORS, LAYER_DECAY
from posekit.engine.optimizers.param_groups import ParamRules
from posekit.registry import HOOKS, VISUALIZERS, BuildError, Registry, strip_scope

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
SECTION_KEYS = {
    "train_cfg": "type by_epoch max_epochs max_iters val_begin val_interval dynamic_intervals",
    "val_cfg": "type fp16",
    "test_cfg": "type fp16",
    "optim_wrapper": "type optimizer paramwise_cfg clip_grad accumulative_counts constructor dtype loss_scale",
    "optim_wrapper.clip_grad": "type max_norm norm_type clip_value error_if_nonfinite foreach",
    "auto_scale_lr": "enable base_batch_size",
    "env_cfg": "cudnn_benchmark mp_cfg dist_cfg resource_limit channels_last compile num_threads",
    "env_cfg.mp_cfg": "mp_start_method opencv_num_threads",
    "randomness": "seed diff_rank_seed deterministic",
}
LOADER_KEYS = (
    "batch_size num_workers persistent_workers drop_last sampler batch_sampler collate_fn dataset pin_memory "
    "prefetch_factor timeout"
)


@dataclass
class Translation:
    """The settings of a run, ready for Lightning, and what became of each key of the config.

    Attributes:
        trainer: arguments of Lightning's Trainer.
        hooks: configs of the hooks, in order.
        data: arguments of PoseDataModule.
        rows: (key of the config, what was made of it).
        problems: what cannot be used; empty after ``translate``.
    """

    config: Mapping[str, Any]
    trainer: dict[str, Any] = field(default_factory=dict)
    hooks: list[dict[str, Any]] = field(default_factory=list)
    validation: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    optim_wrapper: dict[str, Any] = field(default_factory=dict)
    schedules: list[dict[str, Any]] = field(default_factory=list)
    lr_factor: float = 1.0
    seed: int = 0
    channels_last: bool | None = None
    compile: Any = False
    num_threads: int | None = None
    loggers: list[dict[str, Any]] = field(default_factory=list)
    visualizer: dict[str, Any] = field(default_factory=lambda: {"type": "PoseLocalVisualizer"})
    rows: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def say(self, key: str, made: str) -> None:
        self.rows.append((key, made))

    def refuse(self, path: str, reason: str) -> None:
        self.problems.append(f"{path}{line_of(self.config, path)}: {reason}")

    def section(self, path: str, given: Any = None) -> dict[str, Any]:
        """Return a dict of the config after checking its keys; {} if it is absent or None."""
        given = self.mapping(path, self.config.get(path) if given is None else given)
        self.check_keys(path, given, SECTION_KEYS[path].split())
        return dict(given)

    def mapping(self, path: str, value: Any) -> Mapping[str, Any]:
        """Return a dict of the config; {} if it is absent or None, and for anything else, which is refused."""
        if not isinstance(value, Mapping | None):
            self.refuse(path, f"must be a dict, found {value!r:.40}")
        return value if isinstance(value, Mapping) else {}

    def whole(self, path: str, value: Any, least: int) -> int:
        """Return a whole number that is not below ``least``; refuse anything else."""
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        self.refuse(path, f"must be a whole number from {least} on, found {value!r:.40}")
        return least

    def check_keys(self, path: str, given: Mapping[str, Any], known: Iterable[str]) -> None:
        known = list(known)
        for key in given:
            if key not in known and key not in ("_scope_", "_delete_"):
                self.refuse(f"{path}.{key}", f"{path} has no '{key}'; {suggestion(key, known)}")

    def check_part(self, path: str, table: Registry, config: Any, *, given: Iterable[str] = ()) -> bool:
        """Check a part and everything under it; whether nothing is wrong.

        Args:
            given: arguments that the run adds to those of the config.
        """
        is_part = isinstance(config, Mapping) and "type" in config  # which knows its lines itself
        at = path if is_part else f"{path}{line_of(self.config, path)}"
        problems = table.check(config, at, given=given)
        self.problems += problems
        return not problems


def line_of(config: Mapping[str, Any], path: str) -> str:
    """Return `` (line 3)`` or `` (base.py:3)`` of a value where the config knows it."""
    line = config.line(path) if isinstance(config, Config) else ""
    return f" ({line})" if line else ""


def translate(config: Mapping[str, Any], *, training: bool = True, world_size: int = 1) -> Translation:
    """Check a config as a whole and translate its run settings; nothing is built.

    Args:
        config: the whole config.
        training: whether the run trains; else only what evaluation needs must be right.
        world_size: number of devices, for ``auto_scale_lr``.

    Raises:
        BuildError: names everything in the config that cannot be used, with file and line.
    """
    made = read(config, training=training, world_size=world_size)
    if made.problems:
        whole = [] if training else read(config, training=False, whole=True).problems
        raise BuildError(dict.fromkeys([*made.problems, *whole]), source_of(config))
    return made


def read(config: Mapping[str, Any], *, training: bool = True, whole: bool = False, world_size: int = 1) -> Translation:
    """Return the translation of a config with its problems.

    Args:
        config, training, world_size: as for ``translate``.
        whole: also look at what the run does not need, where the config has it.
    """
    made = Translation(config)
    part_checks.check_near_misses(made, [*RUN_KEYS.split(), *IGNORED])
    translate_environment(made)
    part_checks.check_model(made)
    stages = ("train", "val", "test") if training or whole else ("test",)
    translate_data(made, stages, needed="train" if training else "" if whole else "test")
    part_checks.check_evaluators(made, stages)
    part_checks.check_loops(made)
    for section, step in TRAINING_STEPS.items():
        if training or (whole and config.get(section) is not None):
            step(made)
    if training or whole:
        part_checks.check_codecs_agree(made)
        translate_lr_scale(made, world_size)
        translate_distribution(made)
    translate_hooks(made)
    for key, reason in IGNORED.items():
        if config.get(key) is not None:
            made.say(key, f"not needed: {reason}")
    return made


def source_of(config: Mapping[str, Any]) -> str:
    return config.source() if isinstance(config, Config) else ""


def translate_environment(made: Translation) -> None:
    env, random = made.section("env_cfg"), made.section("randomness")
    mp = made.section("env_cfg.mp_cfg", env.get("mp_cfg") or {})
    made.seed = made.whole("randomness.seed", random.get("seed") or 0, 0)
    load_from = made.config.get("load_from")
    if not isinstance(load_from, str | PathLike | None):
        made.refuse("load_from", f"must be the path or URL of a checkpoint, found {load_from!r:.40}")
    if env.get("cudnn_benchmark"):
        made.trainer["benchmark"] = True
    if random.get("deterministic"):
        made.trainer["deterministic"] = True
    made.data.update(
        seed=made.seed, opencv_threads=mp.get("opencv_num_threads", 0), start_method=mp.get("mp_start_method")
    )
    made.channels_last, made.compile = env.get("channels_last"), env.get("compile", False)
    made.num_threads = env.get("num_threads")
    extras = [name for name in ("channels_last", "compile", "cudnn_benchmark") if env.get(name)]
    made.say("randomness", f"seed {made.seed}" + (", deterministic" if random.get("deterministic") else ""))
    if env:
        made.say(
            "env_cfg",
            f"workers by {mp.get('mp_start_method') or 'the default method'}" + "".join(f", {x}" for x in extras),
        )
    translate_backends(made)


def translate_backends(made: Translation) -> None:
    """Read loggers from the visualizer's back ends."""
    visualizer = made.mapping("visualizer", made.config.get("visualizer"))
    path = "visualizer.vis_backends" if visualizer.get("vis_backends") else "vis_backends"
    backends = part_checks.one_or_many(made, path, visualizer.get("vis_backends") or made.config.get("vis_backends"))
    for at, backend in backends:
        if problem := backend_problem(backend):
            made.refuse(at, problem)
        elif strip_scope(str(backend["type"])) != LOCAL:
            made.loggers.append(dict(backend))
    if backends:
        names = [strip_scope(str(config["type"])) for config in made.loggers]
        made.say("vis_backends", ", ".join(["files in the run's folder", *names]))
    if visualizer and made.check_part("visualizer", VISUALIZERS, visualizer):
        made.visualizer = dict(visualizer)
        made.say("visualizer", strip_scope(str(visualizer["type"])))


def translate_data(made: Translation, names: Sequence[str], *, needed: str) -> None:
    made.data["loaders"] = {}
    for name in names:
        path = f"{name}_dataloader"
        loader = made.mapping(path, made.config.get(path))
        if not loader:
            if name == needed:
                made.refuse(path, "is missing; the run needs it")
            continue
        made.check_keys(path, loader, LOADER_KEYS.split())
        sampler = loader.get("sampler")
        if sampler is not None:
            part_checks.check_sampler(made, f"{path}.sampler", sampler)
        if loader.get("batch_sampler") is not None:
            made.refuse(f"{path}.batch_sampler", "is not supported; use sampler, batch_size and drop_last")
        if "dataset" not in loader:
            made.refuse(path, "has no 'dataset'")
        else:
            part_checks.check_dataset(made, f"{path}.dataset", loader["dataset"])
        made.data["loaders"][name] = loader
        workers = made.whole(f"{path}.num_workers", loader.get("num_workers", 0), 0)
        size = made.whole(f"{path}.batch_size", loader.get("batch_size", 1), 1)
        made.say(path, f"batches of {size}, {workers} worker{'s' * (workers != 1)}")


def translate_optimizer(made: Translation) -> None:
    wrapper = made.section("optim_wrapper")
    kind = strip_scope(str(wrapper.get("type", "OptimWrapper")))
    if kind not in ("OptimWrapper", "AmpOptimWrapper"):
        made.refuse("optim_wrapper.type", f"is '{kind}'; allowed are 'OptimWrapper' and 'AmpOptimWrapper'")
    is_usable = part_checks.check_optimizer(made, "optim_wrapper.optimizer", wrapper.get("optimizer"))
    constructor = strip_scope(str(wrapper.get("constructor", CONSTRUCTORS[0])))
    if constructor not in CONSTRUCTORS:
        made.refuse(
            "optim_wrapper.constructor", f"no constructor '{constructor}'; {suggestion(constructor, CONSTRUCTORS)}"
        )
    rules = made.mapping("optim_wrapper.paramwise_cfg", wrapper.get("paramwise_cfg"))
    known = [rule.name for rule in fields(ParamRules)]
    if constructor == LAYER_DECAY:
        known += ["num_layers", "layer_decay_rate"]
        for key in ("num_layers", "layer_decay_rate"):
            if key not in rules:
                made.refuse("optim_wrapper.paramwise_cfg", f"{LAYER_DECAY} needs '{key}'")
    made.check_keys("optim_wrapper.paramwise_cfg", rules, known)
    clip = made.section("optim_wrapper.clip_grad", wrapper.get("clip_grad") or {})
    if clip.get("type", "norm") not in ("norm", "value"):
        made.refuse("optim_wrapper.clip_grad.type", f"is '{clip['type']}'; allowed are 'norm' and 'value'")
    made.optim_wrapper = wrapper
    steps = made.whole("optim_wrapper.accumulative_counts", wrapper.get("accumulative_counts", 1), 1)
    made.trainer["accumulate_grad_batches"] = steps
    if kind == "AmpOptimWrapper":
        made.trainer["precision"] = {"bfloat16": "bf16-mixed"}.get(str(wrapper.get("dtype")), "16-mixed")
    if is_usable:
        made.say("optim_wrapper", ", ".join(describe_optimizer(wrapper["optimizer"], wrapper, constructor)))


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


def translate_schedules(made: Translation) -> None:
    made.schedules = part_checks.checked_schedules(made)
    names = [strip_scope(str(schedule["type"])) for schedule in made.schedules]
    made.say("param_scheduler", ", then ".join(names) or "constant learning rate")


def translate_train_cfg(made: Translation) -> None:
    given = made.section("train_cfg")
    by_iterations = given.get("by_epoch") is False or strip_scope(str(given.get("type"))) == "IterBasedTrainLoop"
    interval = made.whole("train_cfg.val_interval", given.get("val_interval", 1), 1)
    unit = "max_iters" if by_iterations else "max_epochs"
    if given.get(unit) is None:
        made.refuse("train_cfg", f"give {unit}: how long to train")
        return
    length = made.whole(f"train_cfg.{unit}", given[unit], 1)
    if by_iterations:
        steps = max(length // made.trainer.get("accumulate_grad_batches", 1), 1)
        made.trainer.update(max_steps=steps, max_epochs=-1, val_check_interval=interval, check_val_every_n_epoch=None)
        if given.get("dynamic_intervals"):
            made.refuse("train_cfg.dynamic_intervals", "needs by_epoch=True")
    else:
        made.trainer.update(max_epochs=length)
        later = given.get("dynamic_intervals") or ()
        if not all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in part_checks.items_of(later)):
            made.refuse("train_cfg.dynamic_intervals", f"must be a list of (epoch, interval), found {later!r:.40}")
        begin = made.whole("train_cfg.val_begin", given.get("val_begin", 1), 0)
        made.validation = {"interval": interval, "begin": begin, "dynamic_intervals": later}
    if not made.config.get("val_dataloader"):
        made.trainer.update(limit_val_batches=0)
    if any(made.section(key).get("fp16") for key in ("val_cfg", "test_cfg")):
        made.refuse("val_cfg.fp16", "evaluation has the precision of training; use --precision")
    unit = "iterations" if by_iterations else "epochs"
    made.say("train_cfg", f"{length} {unit}, validation every {interval}")


def translate_lr_scale(made: Translation, world_size: int) -> None:
    given = made.section("auto_scale_lr")
    if not given.get("enable"):
        return
    if "base_batch_size" not in given:
        made.refuse("auto_scale_lr", "give base_batch_size, which the learning rate was chosen for")
        return
    base = made.whole("auto_scale_lr.base_batch_size", given["base_batch_size"], 1)
    loader = made.data["loaders"].get("train", {})
    if made.problems:  # the numbers may be none
        return
    size = loader.get("batch_size", 1) * world_size * made.trainer.get("accumulate_grad_batches", 1)
    made.lr_factor = size / base
    made.say(
        "auto_scale_lr",
        f"learning rates times {made.lr_factor:g} ({size} samples a step for {given['base_batch_size']})",
    )


def translate_hooks(made: Translation) -> None:
    defaults = made.mapping("default_hooks", made.config.get("default_hooks"))
    hooks = {f"default_hooks.{name}": hook for name, hook in defaults.items()}
    hooks |= dict(part_checks.one_or_many(made, "custom_hooks", made.config.get("custom_hooks")))
    for path, hook in hooks.items():
        if hook is None:
            continue
        section, _, name = path.partition(".")
        if section == "default_hooks" and name in DEFAULT_HOOKS and isinstance(hook, Mapping):
            hook = Config(hook)
            hook.setdefault("type", DEFAULT_HOOKS[name])
        name = strip_scope(str(hook["type"])) if isinstance(hook, Mapping) and "type" in hook else ""
        if name in COVERED_HOOKS:
            made.check_keys(path, hook, ("type", "priority"))
            made.say(path, f"{name}: {COVERED_HOOKS[name]}")
            continue
        is_off = name in SHOWING_HOOKS and not hook.get("enable", False)
        part_checks.check_inside(made, path, hook)
        if (not is_off or name in HOOKS) and made.check_part(path, HOOKS, hook):
            made.say(path, f"{name}: off" if is_off else name)
            made.hooks += [] if is_off else [dict(hook)]


def translate_distribution(made: Translation) -> None:
    if made.config.get("find_unused_parameters"):
        made.trainer["strategy"] = "ddp_find_unused_parameters_true"
        made.say("find_unused_parameters", "used with several devices")
    if uses_sync_bn(made.config.get("model")):
        made.trainer["sync_batchnorm"] = True


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

"""Check the parts that a config names: model, data, metrics, hooks, schedules, loops. Nothing is built."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from posekit.codecs.agreement import check_codecs
from posekit.config.config import Config, ConfigError
from posekit.config.folders import model_with_paths
from posekit.config.load import load
from posekit.console import suggestion
from posekit.keypoints.skeleton import load_metainfo
from posekit.models.init_weights import RULES, rule_name
from posekit.models.layers.activation import ACTIVATIONS
from posekit.models.layers.conv_module import CONVS
from posekit.models.layers.normalization import NORMS
from posekit.registry import (
    DATASETS,
    METRICS,
    MODELS,
    OPTIMIZERS,
    SAMPLERS,
    SCHEDULES,
    TRANSFORMS,
    BuildError,
    strip_scope,
)
from posekit.registry.signature import parameters

if TYPE_CHECKING:
    from posekit.engine.run_plan import RunPlan

Reader: TypeAlias = Callable[[Mapping[str, Any]], Any]
PLAIN = (str, int, float, list, tuple)
LOOPS = {
    "train_cfg": ("EpochBasedTrainLoop", "IterBasedTrainLoop"),
    "val_cfg": ("ValLoop",),
    "test_cfg": ("TestLoop",),
}
SAMPLER_ARGUMENTS = ("dataset", "seed", "shuffle", "rank", "world_size")
SCHEDULE_ARGUMENTS = ("end", "param_name", "epoch_length")
"""Arguments that the run adds to those of the config."""
LATER_PARTS = {
    "switch_pipeline": TRANSFORMS,
    "new_train_pipeline": TRANSFORMS,
    "new_train_dataset": DATASETS,
    "batch_augments": MODELS,
    "pose_cfg": MODELS,
}
"""Arguments of hooks and models that are configs of parts, which the class builds itself."""
LAYERS = {"norm_cfg": NORMS, "act_cfg": ACTIVATIONS, "conv_cfg": CONVS, "init_cfg": [*RULES, "Pretrained"]}
"""Arguments that name layers or first weights, and what these are called."""


def check_near_misses(plan: RunPlan, known: Sequence[str]) -> None:
    """Refuse top-level keys that look like a misspelt run setting; any other is a variable of the config."""
    for key in plan.config:
        if key in known or not isinstance(key, str):
            continue
        close = difflib.get_close_matches(key, [name for name in known if name not in plan.config], 1, 0.88)
        if close:
            plan.refuse(key, f"nothing reads '{key}'; did you mean '{close[0]}'?")


def check_loops(plan: RunPlan) -> None:
    """Refuse loops of other kinds than the usual ones."""
    for key, known in LOOPS.items():
        kind = plan.mapping(key, plan.config.get(key)).get("type")
        if kind is not None and strip_scope(str(kind)) not in known:
            plan.refuse(f"{key}.type", f"no loop '{kind}'; {suggestion(kind, known)}")


def check_model(plan: RunPlan) -> None:
    """Check the model and everything in it."""
    if "model" not in plan.config:
        plan.refuse("model", f"is missing; {suggestion('model', plan.config, otherwise='the config has:')}")
        return
    plan.check_part("model", MODELS, plan.config["model"])
    check_inside(plan, "model", plan.config["model"])


def check_codecs_agree(plan: RunPlan) -> None:
    """Check that the model decodes by the codecs that its targets are encoded with."""
    model = plan.config.get("model")
    student = model_with_paths(plan.config).get("student_cfg") if isinstance(model, Mapping) else None
    if not isinstance(student, str):
        plan.problems += check_codecs(plan.config)
        return
    try:
        decoding = {**plan.config, "model": load(student)["model"]}  # what a distiller decodes by is another file's
    except ConfigError as error:
        plan.refuse("model.student_cfg", str(error))
    else:
        plan.problems += [f"{student}: {problem}" for problem in check_codecs(decoding)]


def check_dataset(plan: RunPlan, path: str, dataset: Any) -> None:
    """Check a dataset with its pipeline and keypoint set, and those it is made of; a built one is taken as it is."""
    if not isinstance(dataset, (Mapping, *PLAIN)):
        return
    plan.check_part(path, DATASETS, dataset)
    if not isinstance(dataset, Mapping):
        return
    for at, metainfo, read in keypoint_sets(dataset, path):
        try:
            read(metainfo)
        except (OSError, ValueError) as error:
            plan.refuse(at, str(error))


def keypoint_sets(dataset: Mapping[str, Any], path: str) -> Iterator[tuple[str, Mapping[str, Any], Reader]]:
    """Yield the path and the ``metainfo`` of a dataset and of those inside it, and what their classes read it with."""
    metainfo, kind = dataset.get("metainfo"), dataset.get("type")
    if isinstance(metainfo, Mapping) and metainfo:
        built = DATASETS.get(kind) if isinstance(kind, str) and kind in DATASETS else kind
        yield f"{path}.metainfo", metainfo, getattr(built, "_load_metainfo", load_metainfo)
    parts = dataset.get("datasets")
    inside: dict[str, Any] = {
        f"{path}.datasets.{index}": part for index, part in enumerate(parts if isinstance(parts, list) else ())
    }
    inside[f"{path}.dataset"] = dataset.get("dataset")
    for at, part in inside.items():
        if isinstance(part, Mapping):
            yield from keypoint_sets(part, at)


def check_test_pipeline(plan: RunPlan) -> None:
    """Check the transforms that prepare an image for prediction: the test data's, else the validation data's."""
    for loader in ("test_dataloader", "val_dataloader"):
        dataset = plan.mapping(loader, plan.config.get(loader)).get("dataset")
        if isinstance(dataset, Mapping) and dataset.get("pipeline"):
            path = f"{loader}.dataset.pipeline"
            for at, step in one_or_many(plan, path, dataset["pipeline"]):
                plan.check_part(at, TRANSFORMS, step)
            return


def check_sampler(plan: RunPlan, path: str, sampler: Any) -> None:
    plan.check_part(path, SAMPLERS, sampler, added=SAMPLER_ARGUMENTS)


def check_evaluators(plan: RunPlan, stages: Sequence[str]) -> None:
    """Check the metrics of the stages that have any."""
    for path in [f"{stage}_evaluator" for stage in stages if stage != "train"]:
        for at, metric in one_or_many(plan, path, plan.config.get(path)):
            plan.check_part(at, METRICS, metric)


def check_optimizer(plan: RunPlan, path: str, optimizer: Any) -> bool:
    """Check an optimizer; the parameters to train are its first argument."""
    kind: Any = optimizer.get("type") if isinstance(optimizer, Mapping) else None
    cls = kind if callable(kind) else OPTIMIZERS.get(kind) if kind in OPTIMIZERS else None
    return plan.check_part(path, OPTIMIZERS, optimizer, added=list(parameters(cls)[0])[:1] if cls else ())


def checked_schedules(plan: RunPlan) -> list[dict[str, Any]]:
    """Return the schedules of ``param_scheduler`` that can be used."""
    schedules: list[dict[str, Any]] = []
    for at, part in one_or_many(plan, "param_scheduler", plan.config.get("param_scheduler")):
        if not plan.check_part(at, SCHEDULES, part, added=SCHEDULE_ARGUMENTS):
            continue
        whole = Config({"end": 10**9, "param_name": "lr", "epoch_length": 1000})
        whole.update(part)
        try:  # making one costs nothing and shows values that make no sense
            SCHEDULES.construct(whole)
        except (BuildError, ValueError) as error:
            why = error.problems[0].partition(": ")[2] if isinstance(error, BuildError) else str(error)
            plan.refuse(at, why)
        schedules.append(dict(part))
    return schedules


def check_inside(plan: RunPlan, path: str, value: Any, owner: Any = None) -> None:
    """Check what stands in a model or hook and no argument's hint tells of: parts for later, types of layers.

    Args:
        owner: the class whose argument ``value`` is; what others than posekit's own call a layer is theirs to know.
    """
    if isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            check_inside(plan, f"{path}.{index}", item, owner)
    if not isinstance(value, Mapping):
        return
    if value.get("type") in MODELS:
        owner = MODELS.get(value["type"])
    for name, item in value.items():
        at = f"{path}.{name}"
        if name in LATER_PARTS:
            for place, part in one_or_many(plan, at, item):
                plan.check_part(place, LATER_PARTS[name], part)
        if name in LAYERS and getattr(owner, "__module__", "").startswith("posekit."):
            for place, layer in one_or_many(plan, at, item):
                kind = plan.mapping(place, layer).get("type")
                if strip_scope(str(kind)) not in LAYERS[name] and rule_name(str(kind)) not in LAYERS[name]:
                    plan.refuse(f"{place}.type", f"{name} has no type {kind!r}; {suggestion(kind, LAYERS[name])}")
        check_inside(plan, at, item, owner)


def items_of(value: Any) -> Sequence[Any]:
    """Return a list's items; a list of the value itself where it is none."""
    return value if isinstance(value, (list, tuple)) else [value]


def one_or_many(plan: RunPlan, path: str, value: Any) -> list[tuple[str, Any]]:
    """Return the single config at a path, or those of a list, with their paths; refuse anything else."""
    if value is None:
        return []
    if isinstance(value, Mapping):
        return [(path, value)]
    if isinstance(value, (list, tuple)):
        return [(f"{path}.{index}", item) for index, item in enumerate(value)]
    plan.refuse(path, f"must be dict(type=...) or a list of them, found {value!r:.40}")
    return []

"""Train one step and predict once with every combination of parts: ``python tools/try_combinations.py [--part 1/4]``.

A combination is what posekit's configs for poses name as backbone, neck, head, losses, codec, training pipeline and
datasets; of the configs with the same combination the one with the fewest parameters is tried. Its data are made-up
labels. It passes where the losses, all gradients, the weights after the step and the predictions are finite, and every
parameter that is trained has a gradient. Every problem is printed; the exit code says whether there was one.
"""

from __future__ import annotations

import argparse
import copy
import sys
import tempfile
import time
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from made_up_labels import on_made_up_labels

from posekit.config import Config, load
from posekit.engine.loader import collate, collate_columns
from posekit.engine.optimizers.build import build_optimizer
from posekit.engine.task import flat_losses
from posekit.registry import DATASETS, MODELS, strip_scope
from posekit.zoo.config_index import config_entries

BATCH = 2
PARTS = ("backbone", "neck", "head", "traj_backbone", "traj_head", "semi_loss", "distill_cfg")
PRETRAINED = {"Pretrained", "PretrainedInit"}
UNREACHED = ("head.rescore_net.", "backbone.inters.0.")
"""Parameters that published models have and no loss reaches: DEKR's scores come trained, and an hourglass network of
one stack has the layers to the next."""
NOT_TRAINED = ("ae_hrnet-w32_8xb24-300e_coco-512x512", "edpose_res50_8xb2-50e_coco-800x1333")
"""Configs published for testing: their training pipelines are empty, or encode no targets. They only predict."""

OWN_DATA = ("openfield",)
"""Folders of configs whose keypoint set comes with the user's data."""


def combination(config: Mapping[str, Any]) -> Hashable:
    """Return the names of the classes that a config puts together."""
    model = model_of(config["model"])
    data = (config.get("train_dataloader") or config["val_dataloader"])["dataset"]
    return (
        config["model"]["type"],
        *(tuple(types_in(config["model"].get(part) or model.get(part))) for part in PARTS),
        tuple(types_in(data.get("pipeline"))),
        tuple(sorted({*types_in({**data, "pipeline": None}, "dataset", "datasets")})),
    )


def model_of(model: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a model's config, or its student's where one model teaches another."""
    return load(model["student_cfg"])["model"] if "student_cfg" in model else model


def types_in(node: Any, *keys: str) -> list[str]:
    """Return the names of all classes in a config, in its order; with ``keys`` only below those."""
    if isinstance(node, (list, tuple)):
        return [name for item in node for name in types_in(item, *keys)]
    if not isinstance(node, Mapping):
        return []
    own = [strip_scope(str(node["type"]))] if "type" in node else []
    below = [value for key, value in node.items() if key in keys or (not keys and key != "init_cfg")]
    return own + [name for value in below for name in types_in(value, *keys)]


def combinations() -> list[str]:
    """Return the name of the smallest config of each combination, in the order of the configs."""
    smallest: dict[Hashable, Any] = {}
    for entry in config_entries():
        if entry.is_detector or Path(entry.path).parent.name in OWN_DATA:
            continue
        key = combination(load(f"posekit::{entry.path}"))
        if key not in smallest or entry.parameters < smallest[key].parameters:
            smallest[key] = entry
    return [entry.path for entry in smallest.values()]


def without_downloads(node: Any) -> Any:
    """Return a config that starts from random weights."""
    if isinstance(node, (list, tuple)):
        return [without_downloads(item) for item in node]
    if not isinstance(node, Mapping):
        return node
    stale = {key for key, value in node.items() if key == "init_cfg" and {*types_in(value)} & PRETRAINED}
    return {key: without_downloads(value) for key, value in node.items() if key not in {*stale, "teacher_pretrained"}}


def try_config(path: str, folder: Path, steps: int = 1) -> list[str]:
    """Return what goes wrong when the model of a config learns from made-up labels and predicts."""
    torch.manual_seed(0)
    config = load(f"posekit::{path}")
    model = MODELS.build(random_model(config))
    model.init_weights()
    problems = [] if Path(path).stem in NOT_TRAINED else training(model, config, folder, steps)
    return problems or one_prediction(model, config, folder)


def random_model(config: Config) -> dict[str, Any]:
    """Return the config of the model, and of those that it names by their files, with random weights."""
    model = without_downloads(config["model"].to_dict())
    if "semi_loss" in model:
        model["semi_loss"]["warmup_iterations"] = 0  # so that it has its say in the first step
    for key in ("teacher_cfg", "student_cfg"):
        if key in model:
            model[key] = without_downloads(load(model[key])["model"].to_dict())
    return model


def data_of(config: Config, stage: str) -> dict[str, Any]:
    """Return the config of a stage's dataset."""
    if config.get(f"{stage}_dataloader"):
        return config[f"{stage}_dataloader"]["dataset"].to_dict()
    if stage == "test":
        return data_of(config, "val")
    labeled = {**data_of(config, "val"), "test_mode": False}  # semi-supervised: such configs have no training data
    unlabeled = {**labeled, "pipeline": [{"type": "UnlabeledPose"}, *labeled["pipeline"]]}
    metainfo = DATASETS.get(labeled["type"]).METAINFO
    return {"type": "CombinedDataset", "metainfo": metainfo, "datasets": [labeled, unlabeled], "pipeline": []}


def batch_of(config: Config, stage: str, folder: Path) -> dict[str, Any]:
    """Return a batch of samples from the first to the last of a stage; of two kinds, where some are unlabelled."""
    dataset = DATASETS.build(on_made_up_labels(data_of(config, stage), folder))
    join = collate_columns if stage == "train" else collate
    size = BATCH if config.get("train_dataloader") else 2 * BATCH
    return join([dataset[round(index)] for index in np.linspace(0, len(dataset) - 1, size)])


def training(model: Any, config: Config, folder: Path, steps: int) -> list[str]:
    """Return what goes wrong in a few steps of training, up to the first step in which something does."""
    model.train()
    batch = batch_of(config, "train", folder)
    optimizer = build_optimizer(model, config.get("optim_wrapper") or {"optimizer": {"type": "Adam", "lr": 1e-3}})
    for _ in range(steps):
        problems = one_step(model, batch, optimizer)
        if problems:
            return problems
    return []


def one_step(model: Any, batch: dict[str, Any], optimizer: torch.optim.Optimizer) -> list[str]:
    """Return what goes wrong in one step of training."""
    data = model.data_preprocessor(dict(batch), True)
    losses = flat_losses(model(data["inputs"], data["data_samples"], mode="loss"))
    optimizer.zero_grad()
    torch.stack([value for name, value in losses.items() if "loss" in name]).sum().backward()
    problems = [f"{name} is {value.item():g}" for name, value in losses.items() if not value.isfinite()]
    trained = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    gradients = {name: parameter.grad for name, parameter in trained.items() if not name.startswith(UNREACHED)}
    bare = [name for name, gradient in gradients.items() if gradient is None]
    wild = [name for name, gradient in gradients.items() if gradient is not None and not gradient.isfinite().all()]
    optimizer.step()
    lost = [name for name, parameter in trained.items() if not parameter.isfinite().all()]
    for what, names in (("no gradient", bare), ("gradient not finite", wild), ("not finite after a step", lost)):
        problems += [f"{what}: {len(names)} of {len(trained)} parameters, such as {names[0]}"] if names else []
    return problems


def one_prediction(model: Any, config: Config, folder: Path) -> list[str]:
    """Return what is wrong with the predictions for a batch."""
    model.eval()
    data = model.data_preprocessor(batch_of(config, "test", folder), False)
    settle_norms(model, data)
    with torch.no_grad():
        samples = model(data["inputs"], data["data_samples"], mode="predict")
    size = len(data["data_samples"])
    problems = [] if len(samples) == size else [f"{len(samples)} predictions for {size} samples"]
    for index, sample in enumerate(samples):
        for name, value in sample.pred_instances.items():
            if not torch.as_tensor(value).isfinite().all():
                problems.append(f"prediction {index}: {name} is not finite")
    return problems


def settle_norms(model: Any, data: Mapping[str, Any]) -> None:
    """Give batch norms the statistics of a batch: with those of a few steps, deep random networks overflow."""
    norms = [part for part in model.modules() if isinstance(part, torch.nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.train()
        norm.momentum = 1.0
    with torch.no_grad():
        model(data["inputs"], copy.deepcopy(data["data_samples"]), mode="predict")
    model.eval()


def part_of(names: Sequence[str], part: str) -> Sequence[str]:
    """Return part I of N, ``I/N``: every N-th, starting from the I-th."""
    number, count = map(int, part.split("/"))
    if not 1 <= number <= count:
        raise ValueError(f"--part: must be I/N with I from 1 to N, found {part}")
    return names[number - 1 :: count]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="only configs with this in their path")
    parser.add_argument("--part", default="1/1", help="part I of N, as I/N")
    parser.add_argument("--steps", type=int, default=1, help="steps of training, all on the same batch")
    parser.add_argument("--list", action="store_true", help="only print the configs")
    options = parser.parse_args(argv)
    paths = part_of([path for path in combinations() if options.only in path], options.part)
    if options.list:
        print(*paths, sep="\n")
        return 0
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for path in paths:
            start = time.perf_counter()
            try:
                problems = try_config(path, Path(folder), options.steps)
            except Exception as error:  # whatever it is, the others are tried as well
                problems = [f"{type(error).__name__}: {error}"]
            failed += bool(problems)
            print(f"{time.perf_counter() - start:6.1f} s  {path}", *(f"  {line}" for line in problems), sep="\n")
            sys.stdout.flush()
    print(f"{len(paths) - failed} of {len(paths)} combinations train and predict")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())

"""Check and build configs: ``python tools/build_configs.py PATH... [--only WORD] [--every N]``.

PATH is a config, a folder of configs, or a JSON file (also gzipped) of resolved configs by name. For each config the
whole tree is checked, the model is built on torch's meta device, and data, hooks and schedules are built without
reading any data. Every problem is printed; the exit code says whether there was one.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from posekit.config import Config, load
from posekit.engine.config_check import check_config, read_plan
from posekit.engine.hooks.param_scheduler_hook import build_schedule
from posekit.registry import DATASETS, HOOKS, MODELS

EPOCH_LENGTH = 1000
"""Iterations, for schedules that count epochs in them."""


def named_configs(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield the name of each config of a path, and what to load it from."""
    if path.is_dir():
        files = (file for file in sorted(path.rglob("*.py")) if "_base_" not in file.parts)
        yield from ((str(file), file) for file in files)
    elif path.suffix == ".py":
        yield str(path), path
    else:
        text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        yield from json.loads(text).items()


def build(config: Config) -> None:
    """Build the parts of a config that has been checked."""
    with torch.device("meta"):
        MODELS.construct(config["model"])
    plan = read_plan(config, training=False, whole=True)
    for loader in plan.data["loaders"].values():
        DATASETS.construct(lazy(loader["dataset"]))
    for hook in plan.hooks:
        HOOKS.construct(hook)
    for schedule in plan.schedules:
        build_schedule(schedule, EPOCH_LENGTH, plan.trainer.get("max_epochs", 1))


def lazy(settings: Any) -> Any:
    """Return a dataset's config such that neither it nor those inside it read their files."""
    if isinstance(settings, (list, tuple)):
        return [lazy(item) for item in settings]
    if not isinstance(settings, dict):
        return settings
    inside = {key: lazy(value) if key in ("dataset", "datasets") else value for key, value in settings.items()}
    return {**inside, "lazy_init": True}


def problems_of(source: Any) -> list[str]:
    """Return what is wrong with a config: a file, or its settings."""
    try:
        config = load(source) if isinstance(source, Path) else Config(source)
        problems = check_config(config)
        if not problems:
            build(config)
    except (ValueError, KeyError, OSError, ImportError) as error:
        return [str(error)]
    return problems


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--only", default="", help="only configs with this in their name")
    parser.add_argument("--every", type=int, default=1, help="only every N-th of them")
    options = parser.parse_args(argv)
    total = failed = 0
    for path in options.paths:
        chosen = [(name, source) for name, source in named_configs(path) if options.only in name]
        for name, source in chosen[:: options.every]:
            problems = problems_of(source)
            total, failed = total + 1, failed + bool(problems)
            if problems:
                print(name, *(f"  {line}" for problem in problems for line in problem.splitlines()), sep="\n")
    print(f"{total - failed} of {total} configs build")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())

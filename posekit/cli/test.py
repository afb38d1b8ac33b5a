"""``posekit test``: evaluate a checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from posekit.cli.train import ConfigRoots, Device, Overrides, Plugins, Precision, import_plugins


def evaluate_checkpoint(
    config: Annotated[Path, typer.Argument(help="Config file.")],
    checkpoint: Annotated[str, typer.Argument(help="Checkpoint, path or URL.")],
    override: Overrides = None,
    device: Device = "auto",
    precision: Precision = None,
    out: Annotated[Path | None, typer.Option(help="Write the predictions to this JSON file.")] = None,
    metrics_out: Annotated[Path | None, typer.Option(help="Write the metrics to this JSON file.")] = None,
    plugin: Plugins = None,
    config_root: ConfigRoots = None,
) -> None:
    """Evaluate CHECKPOINT on the test data of CONFIG and print the metrics."""
    import_plugins(plugin)
    import json

    from posekit.config import load
    from posekit.engine.hooks.prediction_hook import PredictionHook
    from posekit.engine.run import evaluate
    from posekit.files import require_writable, write_atomically

    for path in filter(None, (out, metrics_out)):
        require_writable(path)
    loaded = load(config, overrides=override or [], plugins=plugin or (), roots=config_root or ())
    hooks = [PredictionHook(out)] if out else []
    task = evaluate(loaded, checkpoint, device=device, precision=precision, hooks=hooks)
    parts = {name: values for metric in task.metrics["test"] for name, values in per_keypoint(metric).items()}
    print_table("metric", {"value": task.test_metrics})
    if parts:
        print_table("keypoint", parts)
    if metrics_out:
        content = {**task.test_metrics, **({"per_keypoint": parts} if parts else {})}
        write_atomically(metrics_out, lambda file: file.write((json.dumps(content, indent=1) + "\n").encode()))
    if out:
        print(f"predictions: {out}")


def print_table(first: str, columns: dict[str, dict[str, float]]) -> None:
    """Print named values, a column for each of ``columns``."""
    from rich.console import Console
    from rich.table import Table

    table = Table(first, *columns)
    names = dict.fromkeys(name for values in columns.values() for name in values)
    for name in names:
        table.add_row(name, *(f"{values[name]:.4f}" if name in values else "" for values in columns.values()))
    Console().print(table)


def per_keypoint(metric: Any) -> dict[str, dict[str, float]]:
    """Return a metric's values of single keypoints by the metric's names, where it has them."""
    return getattr(metric, "per_keypoint", {})


test = evaluate_checkpoint  # the name under which the command line finds it

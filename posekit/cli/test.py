"""``posekit test``: evaluate a checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from posekit.cli.train import Device, Overrides, Plugins, Precision, import_plugins


def evaluate_checkpoint(
    config: Annotated[Path, typer.Argument(help="Config file.")],
    checkpoint: Annotated[str, typer.Argument(help="Checkpoint, path or URL.")],
    override: Overrides = None,
    device: Device = "auto",
    precision: Precision = None,
    out: Annotated[Path | None, typer.Option(help="Write the predictions to this JSON file.")] = None,
    metrics_out: Annotated[Path | None, typer.Option(help="Write the metrics to this JSON file.")] = None,
    plugin: Plugins = None,
) -> None:
    """Evaluate CHECKPOINT on the test data of CONFIG and print the metrics."""
    import_plugins(plugin)
    import json

    from rich.console import Console
    from rich.table import Table

    from posekit.config import load
    from posekit.engine.hooks.prediction_hook import PredictionHook
    from posekit.engine.run import evaluate

    loaded = load(config, overrides=override or [])
    hooks = [PredictionHook(out)] if out else []
    metrics = evaluate(loaded, checkpoint, device=device, precision=precision, hooks=hooks)
    table = Table("metric", "value")
    for name, value in metrics.items():
        table.add_row(name, f"{value:.4f}")
    Console().print(table)
    if metrics_out:
        metrics_out.write_text(json.dumps(metrics, indent=1) + "\n", encoding="utf-8")
    if out:
        print(f"predictions: {out}")


test = evaluate_checkpoint  # the name under which the command line finds it

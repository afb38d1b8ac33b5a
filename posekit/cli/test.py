"""``posekit test``: evaluate a checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from posekit.cli.drawing import Interval, ShowDir, analyse_bad_cases, draw_predictions
from posekit.cli.train import ConfigRoots, Device, Devices, NumNodes, Overrides, Plugins, Precision, import_plugins
from posekit.cli.tree import print_table

if TYPE_CHECKING:
    from posekit.engine.evaluate import EvaluationResult


def evaluate_checkpoint(
    config: Annotated[Path, typer.Argument(help="Config file.")],
    checkpoint: Annotated[str, typer.Argument(help="Checkpoint, path or URL.")],
    override: Overrides = None,
    device: Device = "auto",
    devices: Devices = None,
    num_nodes: NumNodes = None,
    precision: Precision = None,
    dump: Annotated[
        Path | None,
        typer.Option("--dump", "--out", help="COCO results file (.json) to write, as posekit report reads it."),
    ] = None,
    metrics_out: Annotated[Path | None, typer.Option(help="Write the metrics to this JSON file.")] = None,
    work_dir: Annotated[
        Path | None,
        typer.Option(
            help="Folder for metrics.json and for what hooks write; by default hooks write to the training's folder."
        ),
    ] = None,
    show_dir: ShowDir = None,
    interval: Interval = None,
    badcase: Annotated[
        bool, typer.Option("--badcase", help="Draw the worst predictions and list them, in the run's folder.")
    ] = False,
    plugin: Plugins = None,
    config_root: ConfigRoots = None,
) -> None:
    """Evaluate CHECKPOINT on the test data of CONFIG and print the metrics."""
    import_plugins(plugin)
    from posekit.config import load
    from posekit.engine.evaluate import evaluate
    from posekit.engine.hooks.prediction_hook import PredictionHook
    from posekit.engine.launch import plan_launch

    files = files_to_write(dump, metrics_out, work_dir)
    loaded = load(config, overrides=override or [], plugins=plugin or (), roots=config_root or ())
    draw_predictions(loaded, show_dir, interval)
    if badcase:
        analyse_bad_cases(loaded)
    hooks = [PredictionHook(dump)] if dump else []
    launch = plan_launch(devices, num_nodes)
    result = evaluate(
        loaded, checkpoint, device=device, launch=launch, precision=precision, hooks=hooks, work_dir=work_dir
    )
    if launch.is_main:
        show_results(result, files, dump, show_dir)


def files_to_write(dump: Path | None, metrics_out: Path | None, work_dir: Path | None) -> list[Path]:
    """Return the files that the metrics go to.

    Raises:
        ValueError: if the predictions are to be pickled.
        OSError: if one of the files, or ``work_dir``, cannot be written.
    """
    from posekit.files import require_writable

    if dump and dump.suffix.lower() in (".pkl", ".pickle"):
        raise ValueError(f"--dump {dump}: predictions are written as JSON, not pickled; name a .json file")
    if work_dir is not None:
        require_writable(work_dir, folder=True)
    files = [path for path in (metrics_out, work_dir and work_dir / "metrics.json") if path]
    for path in filter(None, (dump, *files)):
        require_writable(path)
    return files


def show_results(result: EvaluationResult, files: list[Path], dump: Path | None, show_dir: Path | None) -> None:
    """Print the metrics, write them to files, and say where predictions and images are."""
    import json

    from posekit.files import write_atomically

    content: dict[str, Any] = dict(result.metrics)
    print_values("metric", {"value": result.metrics})
    if result.per_keypoint:
        print_values("keypoint", result.per_keypoint)
        content["per_keypoint"] = result.per_keypoint
    for path in files:
        write_atomically(path, lambda file: file.write((json.dumps(content, indent=1) + "\n").encode()))
    for name, path in {"predictions": dump, "images": show_dir}.items():
        if path:
            print(f"{name}: {path}")


def print_values(first: str, columns: dict[str, dict[str, float]]) -> None:
    """Print named values, a column for each of ``columns``."""
    names = dict.fromkeys(name for values in columns.values() for name in values)
    rows = [[name, *(f"{values[name]:.4f}" if name in values else "" for values in columns.values())] for name in names]
    print_table([first, *columns], rows)


test = evaluate_checkpoint  # the name under which the command line finds it

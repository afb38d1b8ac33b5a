"""Options of commands that draw predictions while they train or test."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

ShowDir = Annotated[Path | None, typer.Option(help="Folder for images with the predictions drawn on them.")]
Interval = Annotated[
    int | None,
    typer.Option(min=1, help="Number of batches (validation) or samples (test) from one drawing to the next."),
]


def draw_predictions(config: Any, show_dir: Path | None, interval: int | None) -> None:
    """Turn the drawing of predictions on in a config.

    Args:
        show_dir: folder of the images; None leaves the config as it is.
        interval: as for the command's option; by default the hook's own.

    Raises:
        ValueError: if there is an interval and nothing to draw.
        OSError: if the folder cannot be written to.
    """
    from posekit.files import require_writable

    hooks = dict(config.get("default_hooks") or {})
    hook = dict(hooks.get("visualization") or {"type": "PoseVisualizationHook"})
    if show_dir is None and interval is not None and not hook.get("enable"):
        raise ValueError(f"--interval {interval}: nothing is drawn; give --show-dir")
    if show_dir is not None:
        require_writable(show_dir, folder=True)
        hook |= {"enable": True, "out_dir": str(show_dir.absolute())}
    if interval is not None:
        hook |= {"interval": interval, "test_interval": interval}
    config["default_hooks"] = {**hooks, "visualization": hook}


def analyse_bad_cases(config: Any) -> None:
    """Turn the analysis of bad cases on in a config; by an accuracy it takes the config's own metric."""
    hooks = dict(config.get("default_hooks") or {})
    hook = {"type": "BadCaseAnalysisHook", **(hooks.get("badcase") or {}), "enable": True}
    if hook.get("metric_type") == "accuracy" and not hook.get("metric"):
        hook["metric"] = config.get("test_evaluator")
    config["default_hooks"] = {**hooks, "badcase": hook}

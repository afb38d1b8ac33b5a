"""A run's records on disk: log.txt, scalars.jsonl and the curves drawn from them."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from posekit.files import append, write_atomically


class RunLog:
    """Appends lines to ``log.txt`` and numbers to ``scalars.jsonl`` in a run's folder.

    Args:
        folder: folder of the run.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.scalars = folder / "scalars.jsonl"

    def line(self, text: str) -> None:
        append(self.folder / "log.txt", f"{time.strftime('%Y-%m-%d %H:%M:%S')}  {text}\n")

    def numbers(self, entry: dict[str, Any]) -> None:
        """Append one record, such as ``{"kind": "train", "step": 50, "loss": 0.1}``."""
        append(self.scalars, json.dumps(entry) + "\n")

    def records(self) -> list[dict[str, Any]]:
        """Return all records; a line cut off by a crash is left out."""
        return read_records(self.scalars) if self.scalars.is_file() else []

    def rewind(self, step: int) -> None:
        """Forget the records after a step: a resumed run makes them again."""
        lines = [json.dumps(record) + "\n" for record in self.records() if record["step"] <= step]
        write_atomically(self.scalars, lambda file: file.write("".join(lines).encode()))

    def start_over(self) -> None:
        """Put the records of an earlier run aside."""
        for name in ("log.txt", "scalars.jsonl"):
            path = self.folder / name
            if path.is_file() and path.stat().st_size:
                path.replace(path.with_name(f"{path.stem}.previous{path.suffix}"))

    def draw(self) -> Path | None:
        """Draw losses, learning rate and metrics over the epochs as ``curves.png``; None if nothing is known."""
        records = self.records()
        panels = {
            "losses": series(records, "train", lambda name: "loss" in name),
            "training accuracy": series(records, "train", lambda name: name.startswith("acc")),
            "learning rate": series(records, "train", lambda name: name == "lr"),
            "validation": series(records, "val", lambda name: name not in ("epoch", "step", "kind")),
        }
        panels = {title: curves for title, curves in panels.items() if curves}
        return draw_panels(panels, self.folder / "curves.png") if panels else None


def read_records(path: Path) -> list[dict[str, Any]]:
    """Return the records of a file of JSON lines; a line cut off by a crash is left out."""
    records = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            records.append(record)
    return records


def series(records: list[dict[str, Any]], kind: str, wanted: Any) -> dict[str, tuple[list[float], list[float]]]:
    """Return (epochs, values) of each wanted number in the records of a kind."""
    curves: dict[str, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
    for record in records:
        if record["kind"] == kind:
            for name, value in record.items():
                if isinstance(value, (int, float)) and wanted(name):
                    curves[name][0].append(record["epoch"])
                    curves[name][1].append(value)
    return dict(curves)


def draw_panels(
    panels: dict[str, dict[str, tuple[list[float], list[float]]]], path: Path, *, along: str = "epoch", columns: int = 4
) -> Path:
    """Draw one panel per title, with a line per name; ``along`` labels the x axis."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(5 * columns, 4 * rows), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for empty in grid[len(panels) :]:
        empty.remove()
    for axes, (title, curves) in zip(grid, panels.items(), strict=False):
        for name, (epochs, values) in sorted(curves.items()):
            axes.plot(epochs, values, label=name, marker="." if len(values) < 40 else None)
        axes.set(title=title, xlabel=along)
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")
    write_atomically(path, lambda file: canvas.print_png(file))
    return path


@contextmanager
def warnings_in(log: RunLog) -> Iterator[None]:
    """Write posekit's warnings, those of workers too, to the run's log besides the screen."""
    logger, handler = logging.getLogger("posekit"), LogLines(log)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


class LogLines(logging.Handler):
    """Writes log records to a run's log and to the screen."""

    def __init__(self, log: RunLog) -> None:
        super().__init__(logging.WARNING)
        self.run_log = log

    def emit(self, record: logging.LogRecord) -> None:
        line = f"{record.levelname.lower()}: {record.getMessage()}"
        self.run_log.line(line)
        print(line, file=sys.stderr, flush=True)

"""Curves and speed of several runs, from their records."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from posekit.console import suggestion
from posekit.engine.run_log import read_records

OWN_FILE = "scalars.jsonl"
OTHER_FILES = "*/vis_data/scalars.json"
"""Where MMEngine keeps the records of a run."""

POSITION = ("kind", "step", "epoch", "iter")
FIRST_KEYS = ("loss", "acc_pose", "lr")
MOST_METRICS = 3
"""Metrics of validation that are drawn unasked."""

Records = list[dict[str, Any]]
Curve = tuple[list[float], list[float]]


@dataclass(frozen=True)
class Speed:
    """How fast a run was.

    Attributes:
        iterations: number of iterations that count.
        seconds: mean time of an iteration.
        epochs: mean time of an iteration in each epoch, by number.
        samples: samples per second; NaN if unknown.
        waiting: share of the time spent waiting for data; NaN if unknown.
    """

    iterations: int
    seconds: float
    epochs: dict[int, float]
    samples: float
    waiting: float

    @property
    def deviation(self) -> float:
        """Standard deviation of the epochs' means, in seconds."""
        return float(np.std(list(self.epochs.values())))


def read_run(path: Path) -> Records:
    """Return the records of a run, each with ``kind``, ``step`` and ``epoch``.

    Args:
        path: folder of the run, of posekit or MMEngine, or its file of records.

    Raises:
        FileNotFoundError: if there are no records.
        ValueError: if the file holds none.
    """
    if path.is_dir():
        files = [path / OWN_FILE] if (path / OWN_FILE).is_file() else sorted(path.glob(OTHER_FILES))
        if not files:
            raise FileNotFoundError(f"{path}: no {OWN_FILE} in this folder; give the folder of a run")
        path = files[-1]
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file or folder, seen from {Path.cwd()}")
    records = placed(read_records(path))
    if not records:
        raise ValueError(f'{path}: no records of a run; expected lines such as {{"step": 50, "loss": 0.1}}')
    return records


def placed(records: Records) -> Records:
    """Return the records that have a place in the run; those of MMEngine get posekit's names for it."""
    numbered = [record for record in records if isinstance(record.get("step"), (int, float))]
    by_epoch = [record for record in numbered if "kind" in record and isinstance(record.get("epoch"), (int, float))]
    if by_epoch or not numbered:
        return by_epoch
    trained = [record for record in numbered if "lr" in record and record.get("epoch")]
    length = max((record["iter"] / record["epoch"] for record in trained if "iter" in record), default=1.0)
    renamed = []
    for record in numbered:
        is_training = "lr" in record
        step = record["step"] if is_training else record["step"] * length  # epochs, where it validated
        renamed.append({**record, "kind": "train" if is_training else "val", "step": step, "epoch": step / length})
    return renamed


def keys_of(records: Records) -> dict[str, str]:
    """Return the names of all numbers in a run's records, with the kind of record that has them."""
    return {
        name: record["kind"]
        for record in records
        for name, value in record.items()
        if name not in POSITION and isinstance(value, (int, float))
    }


def chosen_keys(runs: Mapping[str, Records], wanted: Sequence[str]) -> list[str]:
    """Return which numbers to draw: those wanted, else the loss, the rate and some metrics.

    Raises:
        ValueError: if no run has a wanted one.
    """
    known: dict[str, str] = {}
    for records in runs.values():
        known |= keys_of(records)
    for name in wanted:
        if name not in known:
            raise ValueError(f"--key {name}: no run has it; {suggestion(name, sorted(known))}")
    metrics = [name for name, kind in known.items() if kind == "val" and name not in ("time", "data_time")]
    return list(wanted) or [name for name in FIRST_KEYS if name in known] + metrics[:MOST_METRICS]


def curves(runs: Mapping[str, Records], keys: Iterable[str], along: str) -> dict[str, dict[str, Curve]]:
    """Return for each key the curve of every run that has it, over ``along``, ``epoch`` or ``step``."""
    panels: dict[str, dict[str, Curve]] = {}
    for key in keys:
        panels[key] = {}
        for name, records in runs.items():
            points = [(record[along], record[key]) for record in records if isinstance(record.get(key), (int, float))]
            if points:
                xs, ys = zip(*points, strict=True)
                panels[key][name] = (list(xs), list(ys))
    return panels


def speed(records: Records, *, whole: bool = False) -> Speed:
    """Measure the speed of a run's training.

    Args:
        records: records of the run.
        whole: whether to count the first report of each epoch, too, which includes the epoch's start.

    Raises:
        ValueError: if the records have no times.
    """
    timed = [record for record in records if record["kind"] == "train" and "time" in record]
    if not timed:
        raise ValueError("no time per iteration in its records; runs of this version of posekit record it")
    steps = np.diff([0, *(record["step"] for record in timed)])
    epochs: dict[int, list[tuple[dict[str, Any], float]]] = defaultdict(list)
    for record, count in zip(timed, steps, strict=True):
        epochs[math.ceil(record["epoch"] - 1e-3)].append((record, max(float(count), 1.0)))
    counted = {epoch: reports if whole or len(reports) == 1 else reports[1:] for epoch, reports in epochs.items()}
    everything = [report for reports in counted.values() for report in reports]
    return Speed(
        iterations=round(sum(count for _, count in everything)),
        seconds=mean_of(everything, "time"),
        epochs={epoch: mean_of(reports, "time") for epoch, reports in counted.items()},
        samples=mean_of(everything, "samples_per_second"),
        waiting=mean_of(everything, "waiting_for_data"),
    )


def mean_of(reports: Iterable[tuple[dict[str, Any], float]], key: str) -> float:
    """Return the mean of a number over reports, weighted by their iterations; NaN where one lacks it."""
    pairs = [(record.get(key, math.nan), count) for record, count in reports]
    values, weights = zip(*pairs, strict=True)
    return float(np.average(values, weights=weights))

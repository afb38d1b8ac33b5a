"""How long a model takes: making its inputs, the network, finding keypoints or boxes; and on which machine."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from posekit.inference.bottom_up import BottomUpPredictor
from posekit.inference.detection import Detector
from posekit.inference.networks.base import Batch
from posekit.inference.predictor import Predictor
from posekit.inference.top_down import TopDownPredictor

FEWEST_ROUNDS = 5
WARM_UP_ROUNDS = 2

PACKAGES = ("posekit", "numpy", "torch", "torchvision", "opencv-python-headless", "onnxruntime", "openvino", "scipy")


class Stopwatch:
    """Adds up the seconds that are spent in functions.

    Args:
        wait: returns once the device has done its work; needed where it goes on beside the program.

    Attributes:
        seconds: seconds by stage since the last ``take``.
    """

    def __init__(self, wait: Callable[[], object] = lambda: None) -> None:
        self.wait = wait
        self.seconds: dict[str, float] = defaultdict(float)

    def time(self, owner: Any, name: str, stage: str) -> None:
        """Have the calls of a method of one object count for a stage."""
        method = getattr(owner, name)

        def timed(*arguments: Any, **options: Any) -> Any:
            start = time.perf_counter()
            result = method(*arguments, **options)
            self.wait()
            self.seconds[stage] += time.perf_counter() - start
            return result

        setattr(owner, name, timed)

    def take(self) -> dict[str, float]:
        """Return the seconds by stage and begin anew."""
        seconds, self.seconds = dict(self.seconds), defaultdict(float)
        return seconds


class Subject(Protocol):
    """A model whose speed is measured.

    Attributes:
        unit: what it looks at: person or image.
    """

    unit: str

    def run(self, count: int) -> dict[str, float]:
        """Look at ``count`` people or images at once and return the seconds of crop, network and decode."""
        ...


class PoseSubject:
    """A model of poses.

    Args:
        predictor: predictor that finds keypoints.
        image: (H, W, 3), BGR, uint8.
        autocast: returns a context in which the network computes, for networks of torch.
    """

    def __init__(self, predictor: Predictor, image: np.ndarray, autocast: Callable[[], Any] = nullcontext) -> None:
        self.predictor, self.image, self.autocast = predictor, image, autocast
        self.unit = "image" if isinstance(predictor, BottomUpPredictor) else "person"
        network: Any = predictor.network
        if hasattr(network, "model"):
            self.watch = Stopwatch(waiting_for(network.model))
            for name in ("backbone", "neck", "head"):
                part = getattr(network.model, name, None)
                if part is not None:
                    self.watch.time(part, "forward", "network")
        else:
            self.watch = Stopwatch()
            self.watch.time(network, "compute", "network")
        self.watch.time(network, "inputs", "crop")

    def run(self, count: int) -> dict[str, float]:
        start = time.perf_counter()
        if isinstance(self.predictor, TopDownPredictor):
            prepared = list(self.predictor.prepare(self.image, boxes_within(self.image, count)))
        else:
            prepared = [input_ for _ in range(count) for input_ in self.predictor.prepare(self.image, None)]
        inputs, samples = zip(*prepared, strict=True)
        cropped = time.perf_counter()
        with self.autocast():
            self.predictor.network.run(Batch(inputs, list(samples)))
        end, stages = time.perf_counter(), self.watch.take()
        rest = end - cropped - stages["network"] - stages["crop"]
        return {"crop": cropped - start + stages["crop"], "network": stages["network"], "decode": rest}


class DetectorSubject:
    """A detector.

    Args:
        detector: detector that finds boxes.
        image: (H, W, 3), BGR, uint8.
    """

    unit = "image"

    def __init__(self, detector: Detector, image: np.ndarray) -> None:
        self.detector, self.image, self.watch = detector, image, Stopwatch()
        self.watch.time(detector, "inputs", "crop")
        self.watch.time(detector, "compute", "network")

    def run(self, count: int) -> dict[str, float]:
        start = time.perf_counter()
        self.detector.detect([self.image] * count)
        total, stages = time.perf_counter() - start, self.watch.take()
        return {**stages, "decode": total - sum(stages.values())}


def waiting_for(model: Any) -> Callable[[], object]:
    """Return what waits until a torch model's device has done its work."""
    import torch

    device = next(model.parameters()).device
    return torch.cuda.synchronize if device.type == "cuda" else lambda: None


def boxes_within(image: np.ndarray, count: int) -> np.ndarray:
    """Return boxes (N, 4) of a standing person's shape, as high as the image, side by side."""
    height, width = image.shape[:2]
    box_width = min(width, height * 3 / 4)
    left = np.linspace(0, width - box_width, count) if count > 1 else np.array([(width - box_width) / 2])
    return np.stack([left, np.zeros(count), left + box_width, np.full(count, height)], 1)


@dataclass
class Measurement:
    """One subject at one batch size, and how long it took in each round.

    Attributes:
        labels: what tells it apart from others, such as model and device.
        subject: what is measured.
        batch: people or images at once.
        enter: called before each round, for settings that all measurements of a process share.
        rounds: seconds of each stage in each round.
    """

    labels: dict[str, Any]
    subject: Subject
    batch: int
    enter: Callable[[], object] = lambda: None
    rounds: list[dict[str, float]] = field(default_factory=list)

    def run(self) -> float:
        """Run once more and return the seconds."""
        self.enter()
        self.rounds.append(self.subject.run(self.batch))
        return sum(self.rounds[-1].values())

    def result(self) -> dict[str, Any]:
        """Return labels, milliseconds for the whole batch and the number of people or images in a second."""
        totals = np.array([sum(stages.values()) for stages in self.rounds]) * 1000
        stages = {name: [seconds[name] * 1000 for seconds in self.rounds] for name in ("crop", "network", "decode")}
        return {
            **self.labels,
            "batch": self.batch,
            "unit": self.subject.unit,
            "median_ms": float(np.median(totals)),
            "p90_ms": float(np.percentile(totals, 90)),
            "per_second": float(self.batch * len(totals) / totals.sum() * 1000),
            **{f"{name}_ms": float(np.median(values)) for name, values in stages.items()},
            "rounds": len(totals),
        }


def measure(
    measurements: Sequence[Measurement], *, seconds: float, advance: Callable[[float], object] = lambda share: None
) -> None:
    """Run all measurements alternately, so that a busy machine slows all alike.

    Args:
        measurements: measurements to run.
        seconds: time for each of them, at least five rounds.
        advance: callback that receives the share of the work done.
    """
    for measurement in measurements:
        for _ in range(WARM_UP_ROUNDS):
            measurement.run()
        measurement.rounds.clear()
    spent, number = 0.0, 0
    while number < FEWEST_ROUNDS or spent < seconds * len(measurements):
        spent += sum(measurement.run() for measurement in measurements)
        number += 1
        advance(min(number / FEWEST_ROUNDS, spent / (seconds * len(measurements)), 1.0))


def surroundings() -> dict[str, Any]:
    """Return date, versions and hardware."""
    versions: dict[str, str] = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "versions": versions,
        "hardware": {"cpu": cpu_name(), "cores": os.cpu_count(), "load": system_load(), **gpu()},
    }


def system_load() -> float:
    """Return how many processes wanted to compute in the last minute, -1 where the system does not tell."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else -1.0


def cpu_name() -> str:
    """Return the processor's name."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def gpu() -> dict[str, str]:
    """Return the name of the first GPU, as far as torch has been imported and has one."""
    torch = sys.modules.get("torch")
    return {"gpu": torch.cuda.get_device_name()} if torch is not None and torch.cuda.is_available() else {}

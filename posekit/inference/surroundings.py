"""What a measurement depends on beside what is measured: versions, hardware and load."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import sys
from pathlib import Path
from typing import Any

PACKAGES = ("posekit", "numpy", "torch", "torchvision", "opencv-python-headless", "onnxruntime", "openvino", "scipy")


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
        "hardware": {"cpu": cpu_name(), "cores": os.cpu_count(), "load": load(), **gpu()},
    }


def load() -> float:
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

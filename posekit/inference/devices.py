"""The names of devices, for everything that computes: auto, cpu, cuda, cuda:N, mps, openvino.

``auto`` is the first GPU where there is one, else the CPU; ``openvino`` is the CPU too, for exported models alone.
"""

from __future__ import annotations

import re
from typing import Any

from posekit.inference.networks.graph import OPENVINO

HELP = "auto, cpu, cuda, cuda:N, mps, or openvino for exported models."
NAMES = re.compile(r"auto|cpu|cuda(:\d+)?|gpu|mps|openvino")


def check_name(name: str) -> None:
    """Raise ValueError unless ``name`` is one of a device; "gpu" is another word for cuda."""
    if not NAMES.fullmatch(name):
        raise ValueError(f"device '{name}': no such kind of device; use {HELP[:-1]}, N counting GPUs from 0")


def torch_device(name: str) -> str:
    """Return the name by which torch knows a device, the best one for ``auto``.

    Raises:
        ValueError: if there is no such device, or torch has none here.
    """
    check_name(name)
    if name == "openvino":
        raise ValueError(f"device '{name}': computes exported models alone; use auto or cpu, or `posekit export` first")
    import torch

    if name == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    name = "cuda" if name == "gpu" else name
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        why = "torch has no MPS here" if name == "mps" else str(error).partition("\n")[0][:120]
        raise ValueError(f"device '{name}' cannot be used here ({why}); use auto or cpu") from error
    return name


def lightning_device(name: str, count: int | str = 1) -> tuple[str, Any]:
    """Return Lightning's accelerator and devices.

    Args:
        name: name of the device.
        count: number of devices of this kind; cuda:N is a single one.

    Raises:
        ValueError: if there is no such device, or torch has none here.
    """
    if name == "auto":
        return "auto", count
    kind, _, number = torch_device(name).partition(":")
    if number and count not in (1, "1"):
        raise ValueError(f"device '{name}' is a single GPU, but {count} devices are asked for; use cuda")
    return {"cuda": "gpu"}.get(kind, kind), [int(number)] if number else count


def onnx_providers(name: str) -> list[Any]:
    """Return ONNX Runtime's providers for a device, the best ones here for ``auto``.

    Raises:
        ValueError: if there is no such device, or ONNX Runtime has no provider for it here.
    """
    check_name(name)
    if name == "openvino":
        return [OPENVINO]
    import onnxruntime

    available = onnxruntime.get_available_providers()
    cpu, cuda = "CPUExecutionProvider", "CUDAExecutionProvider"
    if name == "auto":
        return [provider for provider in (cuda, cpu) if provider in available]
    if name == "cpu":
        return [cpu]
    provider = "CoreMLExecutionProvider" if name == "mps" else cuda
    if provider not in available:
        raise ValueError(
            f"device '{name}' cannot be used here: ONNX Runtime has no {provider} (available are "
            f"{', '.join(available)}); use auto or cpu, or install another build of ONNX Runtime"
        )
    number = name.partition(":")[2]
    return [(provider, {"device_id": number}) if number else provider, cpu]

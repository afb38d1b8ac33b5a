"""``posekit info``: versions, devices and which extras are usable."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import platform
from typing import Annotated

import typer

from posekit import __version__
from posekit.cli.requirements import problems, python_problem, requirements

PACKAGES = {
    "core": ("numpy", "cv2", "onnxruntime", "scipy", "array_api_compat", "typer", "rich", "pooch"),
    "train": ("torch", "torchvision", "lightning", "timm", "safetensors", "tensorboard", "matplotlib"),
    "export": ("onnx", "onnxscript"),
    "openvino": ("openvino",),
    "data": ("yaml", "h5py", "sleap_io", "cdflib"),
    "serve": ("fastapi", "uvicorn", "python_multipart"),
}
"""The import names of each extra's packages."""

BROKEN = "broken"

DISTRIBUTIONS = {
    "cv2": "opencv-python-headless",
    "array_api_compat": "array-api-compat",
    "python_multipart": "python-multipart",
    "yaml": "pyyaml",
    "sleap_io": "sleap-io",
}


def info(
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Import every package, and tell what is broken, too old or in the way of another; exit with 1 if "
            "anything is. Slow.",
        ),
    ] = False,
) -> None:
    """List versions, the packages of each extra, and devices."""
    broken: list[str] = []
    typer.echo(f"posekit {__version__}, Python {platform.python_version()}, {platform.platform()}")
    for extra, names in PACKAGES.items():
        typer.echo(f"\n{extra}" + ("" if extra == "core" else f"  (pip install 'posekit[{extra}]')"))
        for name in names:
            shown = state(name, check=check)
            typer.echo(f"  {name:<18} {shown}")
            broken += [f"{name} is {shown}"] if shown.startswith(BROKEN) else []
    typer.echo("\ndevices")
    for line in devices():
        typer.echo(f"  {line}")
    if check:
        report(broken)


def report(broken: list[str]) -> None:
    """Tell what is wrong on this machine.

    Raises:
        typer.Exit: with 1 if anything is.
    """
    wrong = [*filter(None, [python_problem()]), *broken, *problems(requirements())]
    typer.echo("\ncheck" + ("" if wrong else "\n  everything posekit needs is there and new enough"))
    for line in wrong:
        typer.echo(f"  {line}")
    if wrong:
        raise typer.Exit(1)


def state(name: str, *, check: bool = False) -> str:
    """Return a package's version, or why it cannot be used; only ``check`` imports it to find out."""
    if importlib.util.find_spec(name) is None:
        return "not installed"
    if check:
        try:
            importlib.import_module(name)
        except Exception as error:  # a broken package may raise anything, and this command is to tell
            return f"{BROKEN}: {type(error).__name__}: {error}"
    try:
        return importlib.metadata.version(DISTRIBUTIONS.get(name, name))
    except importlib.metadata.PackageNotFoundError:
        return "installed, version unknown"


def devices() -> list[str]:
    """Describe what models can run on: ONNX Runtime's providers and torch's devices."""
    lines = []
    try:
        import onnxruntime

        lines.append(f"onnxruntime: {', '.join(onnxruntime.get_available_providers())}")
    except ImportError as error:
        lines.append(f"onnxruntime: {error}")
    try:
        import torch
    except ImportError:
        return [*lines, "torch: not installed"]
    lines.append(f"torch: cpu, {torch.get_num_threads()} threads")
    for index in range(torch.cuda.device_count()):
        memory = torch.cuda.get_device_properties(index).total_memory / 2**30
        lines.append(f"torch: cuda:{index}, {torch.cuda.get_device_name(index)}, {memory:.0f} GiB")
    if torch.backends.mps.is_available():
        lines.append("torch: mps")
    return lines

"""``posekit bench``: how fast models are."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from posekit.cli.predict_models import ConfigFile, Weights
from posekit.files import require_writable, write_atomically

if TYPE_CHECKING:
    import numpy as np

    from posekit.inference.speed import Measurement, Subject

DEFAULT, PEOPLE = "default", "people"
PRECISIONS = ("fp32", "bf16", "fp16")
STEPS = 1000


class Setting(NamedTuple):
    """What a model runs with."""

    device: str
    threads: int
    precision: str


def bench(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MODEL]...",
            help="Model files of poses or of detectors; default and people name those that come with posekit.",
        ),
    ] = None,
    config: ConfigFile = None,
    checkpoint: Weights = None,
    batch: Annotated[
        str, typer.Option(metavar="N,N...", help="Number of people, or whole images, at once.")
    ] = "1,4,12",
    threads: Annotated[
        str | None,
        typer.Option(metavar="N,N...", help="Number of threads of the network; by default the number of cores."),
    ] = None,
    device: Annotated[
        str, typer.Option(metavar="NAME,NAME...", help="Device: auto, cpu, cuda, cuda:N, mps or openvino.")
    ] = "auto",
    precision: Annotated[
        str, typer.Option(metavar="NAME,NAME...", help="Precision of torch and OpenVINO: fp32, bf16 or fp16.")
    ] = "fp32",
    preprocess: Annotated[
        str | None, typer.Option(help="Family of a file without posekit's metadata, such as rtmpose.")
    ] = None,
    image: Annotated[Path | None, typer.Option(help="Image to look at; by default posekit's photograph.")] = None,
    seconds: Annotated[
        float, typer.Option(min=0.01, help="Number of seconds to spend on each line of the table.")
    ] = 1.0,
    as_json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="JSON file to write the numbers to as well.")
    ] = None,
) -> None:
    """Measure how fast models are, by batch size, threads, device and precision.

    A batch is a number of boxes with people in one image, or of whole images for detectors and bottom-up models. Crop
    is the making of the network's input, decode the finding of keypoints or boxes in its output. All lines take turns,
    round by round, so that other work of the machine slows all alike.
    """
    if as_json is not None:
        require_writable(as_json)
    settings = settings_of(device, threads, precision)
    sizes = numbers("--batch", batch)
    pixels, shown = read_pixels(image)
    measurements = opened_measurements(
        subject_openers(models or [], config, checkpoint, preprocess, pixels), settings, sizes
    )
    run(measurements, seconds)
    results = [measurement.result() for measurement in measurements]
    print_table(results)
    report(results, shown, as_json)


def settings_of(device: str, threads: str | None, precision: str) -> list[Setting]:
    """Return all combinations of devices, threads and precisions.

    Raises:
        ValueError: if one of them is none.
    """
    for name in words(precision):
        if name not in PRECISIONS:
            raise ValueError(f"--precision {name}: there are {', '.join(PRECISIONS)}")
    counts = numbers("--threads", threads or str(os.cpu_count() or 1))
    return [Setting(*values) for values in itertools.product(words(device), counts, words(precision))]


def opened_measurements(openers: list[Opener], settings: list[Setting], sizes: list[int]) -> list[Measurement]:
    """Open every model with every setting, to be measured at every batch size."""
    from posekit.inference.speed import Measurement

    measurements: list[Measurement] = []
    for name, open_subject in openers:
        for setting in settings:
            opened = open_subject(setting)
            labels = {"model": name, **setting._asdict(), "device": opened.device}
            measurements += [Measurement(labels, opened.subject, size, opened.enter) for size in sizes]
    return measurements


def words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def numbers(option: str, text: str) -> list[int]:
    """Read numbers between commas.

    Raises:
        ValueError: naming the option.
    """
    values = words(text)
    if not values or not all(value.isdecimal() and 1 <= int(value) <= 4096 for value in values):
        raise ValueError(f"{option} {text}: expected whole numbers from 1 to 4096 with commas between, such as 1,4,12")
    return [int(value) for value in values]


def read_pixels(image: Path | None) -> tuple[np.ndarray, str]:
    """Return the image to look at, and its name."""
    from posekit.cli.predict import PHOTOGRAPH
    from posekit.media.image_file import read_image

    path = image or PHOTOGRAPH
    pixels = read_image(path)
    return pixels, f"{path.name} ({pixels.shape[1]}x{pixels.shape[0]})"


class Opened(NamedTuple):
    """What is measured, the device that it is on, and what sets up each round."""

    subject: Subject
    device: str
    enter: Callable[[], object]


Opener = tuple[str, Callable[[Setting], Opened]]
"""A model's name, and what opens it with a setting."""


def subject_openers(
    models: list[str], config: Path | None, checkpoint: str | None, preprocess: str | None, pixels: np.ndarray
) -> list[Opener]:
    """Return what opens each model.

    Raises:
        ValueError: if a config comes without weights, or weights without a config.
    """
    if (config is None) != (checkpoint is None):
        raise ValueError("--config and --checkpoint belong together: give both, or exported models")
    openers: list[Opener] = []
    if config is not None and checkpoint is not None:
        openers.append((config.stem, lambda setting: open_config(config, checkpoint, setting, pixels)))
    for name in models or ([] if openers else [DEFAULT]):
        openers.append((Path(name).name, lambda setting, name=name: open_file(name, preprocess, setting, pixels)))
    return openers


def open_file(name: str, preprocess: str | None, setting: Setting, pixels: np.ndarray) -> Opened:
    """Open a model file.

    Raises:
        ValueError: if the file cannot be used so.
    """
    from posekit.inference.detection import Detector
    from posekit.inference.devices import onnx_providers
    from posekit.inference.model_file import open_network
    from posekit.inference.networks.graph import OPENVINO
    from posekit.inference.networks.lifter import LifterNetwork
    from posekit.inference.people import DEFAULT_DETECTOR
    from posekit.inference.pose_model import DEFAULT_MODEL, predictor_of_file
    from posekit.inference.speed import DetectorSubject, PoseSubject

    path = {DEFAULT: DEFAULT_MODEL, PEOPLE: DEFAULT_DETECTOR}.get(name, Path(name))
    providers = onnx_providers(setting.device)
    if providers == [OPENVINO] or path.suffix == ".xml":
        providers = [(OPENVINO, {"precision": setting.precision})]
    elif setting.precision != "fp32":
        raise ValueError(
            f"--precision {setting.precision}: ONNX Runtime computes a file as it was exported; use --device openvino, "
            "or --config and --checkpoint"
        )
    network = open_network(path, threads=setting.threads, providers=providers, preprocess=preprocess)
    if isinstance(network, LifterNetwork):
        raise ValueError(f"{path}: is a lifter; bench measures models that take images")
    subject = (
        DetectorSubject(network, pixels)
        if isinstance(network, Detector)
        else PoseSubject(predictor_of_file(network), pixels)
    )
    first = providers[0] if isinstance(providers[0], str) else providers[0][0]
    return Opened(subject, first.removesuffix("ExecutionProvider").lower(), lambda: None)


def open_config(config: Path, checkpoint: str, setting: Setting, pixels: np.ndarray) -> Opened:
    """Build the model of a config."""
    import torch

    from posekit.apis.pose import open_predictor
    from posekit.inference.speed import PoseSubject

    predictor = open_predictor(config, checkpoint, setting.device)
    kind = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(setting.precision)
    place = next(predictor.network.model.parameters()).device  # pyright: ignore[reportAttributeAccessIssue]

    def autocast() -> Any:
        return torch.autocast(place.type, dtype=kind) if kind else nullcontext()

    return Opened(PoseSubject(predictor, pixels, autocast), str(place), lambda: torch.set_num_threads(setting.threads))


def run(measurements: list[Measurement], seconds: float) -> None:
    """Measure under a progress bar."""
    from posekit.console import ProgressBar
    from posekit.inference.speed import measure

    with ProgressBar("measuring", STEPS) as bar:
        measure(measurements, seconds=seconds, advance=lambda share: bar.advance(int(share * STEPS) - bar.done))


def print_table(results: list[dict[str, Any]]) -> None:
    """Print a line for each measurement below the labels that all have in common."""
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    labels = ("model", "device", "threads", "precision")
    shared = [name for name in labels if len({row[name] for row in results}) == 1]
    common = {name: results[0][name] for name in shared}
    places = [str(common[name]) for name in ("model", "device", "precision") if name in shared]
    places += [f"{common['threads']} thread{'s' * (common['threads'] != 1)}"] if "threads" in shared else []
    title = f"milliseconds for a whole batch{': ' * bool(places)}{', '.join(places)}"
    table = Table(title=title, title_justify="left", title_style="", box=SIMPLE, pad_edge=False)
    for name in [name for name in labels if name not in shared]:
        table.add_column(name, justify="right" if name == "threads" else "left")
    units = {row["unit"] for row in results}
    speed = f"{PLURALS[units.pop()]}/s" if len(units) == 1 else "per s"
    for name in ("batch", "median", "p90", "crop", "network", "decode", speed):
        table.add_column(name, justify="right", no_wrap=True)
    for row in results:
        times = [short(row[name]) for name in ("median_ms", "p90_ms", "crop_ms", "network_ms", "decode_ms")]
        cells = [str(row[name]) for name in labels if name not in shared]
        table.add_row(*cells, str(row["batch"]), *times, short(row["per_second"]))
    Console().print(table)


def short(value: float) -> str:
    """Return a number with about four digits."""
    return f"{value:.2f}" if value < 100 else f"{value:.1f}" if value < 1000 else f"{value:.0f}"


PLURALS = {"person": "people", "image": "images"}


def report(results: list[dict[str, Any]], image: str, as_json: Path | None) -> None:
    """Say what the numbers depend on, and write them."""
    from posekit.inference.speed import surroundings

    facts = surroundings()
    hardware = facts["hardware"]
    fewest = min(row["rounds"] for row in results)
    typer.echo(f"{image}; medians of {fewest} rounds; {hardware['cpu']}, {hardware['cores']} cores")
    if hardware["load"] > hardware["cores"]:
        typer.echo(
            f"the machine is busy ({hardware['load']:.1f} processes for {hardware['cores']} cores): compare the lines "
            "with each other, not with those of other runs"
        )
    if as_json is not None:
        text = json.dumps({**facts, "image": image, "results": results}, indent=1) + "\n"
        write_atomically(as_json, lambda file: file.write(text.encode()))
        typer.echo(f"written: {as_json}")

"""``posekit model``: what a config's model costs."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from posekit.cli.train import Device, Overrides, Plugins, import_plugins
from posekit.cli.tree import Row, print_tree, short

if TYPE_CHECKING:
    from posekit.models.cost import Cost

app = typer.Typer(help="Report what a config's model costs.", no_args_is_help=True, add_completion=False)


@app.callback()
def about() -> None:
    """Report what a config's model costs."""


@app.command()
def info(
    config: Annotated[Path, typer.Argument(help="Config file, or the name of one of posekit's configs.")],
    shape: Annotated[
        tuple[int, int] | None, typer.Option(metavar="H W", help="Size of the input; by default the config's.")
    ] = None,
    depth: Annotated[int, typer.Option(min=0, help="Number of levels of parts to show.")] = 2,
    repeat: Annotated[int, typer.Option(min=0, help="Number of runs to time; 0 for none.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    override: Overrides = None,
    device: Device = "cpu",
    plugin: Plugins = None,
) -> None:
    """Count parameters, multiply-adds and activations of CONFIG's model, and time it.

    A multiply-add is one multiplication with the addition of its result; papers often call them FLOPs. The count
    covers convolutions, fully connected layers, matrix products and attention, but not norms, activation functions,
    pooling and resampling. Activations are the numbers that these operations put out. The time is the median of
    --repeat runs of the network alone, for one image, on random weights.
    """
    import_plugins(plugin)
    if shape is not None and min(shape) < 1:
        raise ValueError(f"--shape {shape[0]} {shape[1]}: give a height and a width of at least one pixel")
    import torch

    from posekit.apis.inference import init_model
    from posekit.config import load
    from posekit.inference.devices import torch_device
    from posekit.models.cost import measure, seconds_per_run

    loaded = load(config, overrides=override or [], plugins=plugin or ())
    where = torch_device(device)
    model = init_model(loaded, device=where)
    height, width = shape or input_size(loaded)
    image = torch.zeros(1, 3, height, width, device=where)

    def run() -> Any:
        return model(image, None, mode="tensor")

    try:
        cost = measure(model, run)
    except (RuntimeError, TypeError) as error:
        raise ValueError(
            f"{config}: its {type(model).__name__} does not take an image of {height}x{width} "
            f"({str(error).splitlines()[0]}); give another --shape"
        ) from error
    seconds = seconds_per_run(run, repeat) if repeat else None
    if as_json:
        facts = {"input_hw": [height, width], "seconds_per_image": seconds, "device": where}
        typer.echo(json.dumps({**facts, **dataclasses.asdict(cost)}, indent=1))
        return
    print_tree(as_row(cost, cost.kind), ("part", "parameters", "multiply-adds", "activations"), depth)
    timing = f", {seconds * 1e3:.1f} ms per image on {where}" if seconds is not None else ""
    threads = f", threads: {torch.get_num_threads()}" if timing and where == "cpu" else ""
    typer.echo(
        f"{config.stem}: {short(cost.parameters)} parameters, {short(cost.multiply_adds)} multiply-adds, "
        f"{short(cost.activations)} activations for {height}x{width}{timing}{threads}"
    )


def as_row(cost: Cost, name: str) -> Row:
    """Return a part's costs as a line of the tree; parts that cost nothing are left out."""
    parts = [as_row(part, f"{part.name} ({part.kind})") for part in cost.parts if part.parameters or part.multiply_adds]
    return Row(name, [short(cost.parameters), short(cost.multiply_adds), short(cost.activations)], parts)


def input_size(config: Mapping[str, Any]) -> tuple[int, int]:
    """Return height and width of the input that a config's test pipeline makes.

    Raises:
        ValueError: if it does not tell.
    """
    from posekit.inference.config_recipe import prediction_steps

    sizes = [step["input_size"] for step in prediction_steps(config) if "input_size" in step]
    size = (sizes or [(config.get("codec") or {}).get("input_size")])[-1]
    if size is None:
        raise ValueError("neither the test pipeline nor the codec tells the size of the input; give --shape H W")
    return int(size[1]), int(size[0])

"""``posekit checkpoint``: look into a checkpoint, convert or publish it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from posekit.cli.tree import Row, print_tree, short

if TYPE_CHECKING:
    from posekit.checkpoints.inspect import Contents

app = typer.Typer(
    help="Look into a checkpoint, convert or publish it; no code in it runs.",
    no_args_is_help=True,
    add_completion=False,
)

Source = Annotated[str, typer.Argument(metavar="FILE", help="Checkpoint: .pth, .ckpt or .safetensors, path or URL.")]


@app.command()
def inspect(
    file: Source,
    depth: Annotated[int, typer.Option(min=0, help="Number of levels of modules to show.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with every weight.")] = False,
) -> None:
    """Show what is in FILE: kind, size, SHA-256, meta information, keypoints, weights.

    Weights with NaN or infinite values are named.
    """
    from posekit.checkpoints.inspect import inspect_checkpoint

    contents = inspect_checkpoint(file)
    if as_json:
        typer.echo(json.dumps(as_json_object(contents), indent=1))
        return
    from posekit.checkpoints.report import first_of, shown

    facts = {
        "file": file,
        "kind": f"{contents.kind}, {short(contents.size)}B",
        "SHA-256": contents.sha256,
        "entries": first_of(contents.entries),
        "model": ", ".join(f"{part} {shown(kind)}" for part, kind in contents.model.items()),
        "dataset": shown(contents.dataset),
        "keypoints": contents.keypoints and f"{len(contents.keypoints)}: {', '.join(map(shown, contents.keypoints))}",
        **{shown(name): shown(value) for name, value in contents.told.items()},
    }
    width = max(map(len, facts))
    for name, value in facts.items():
        if value:
            typer.echo(f"{name:<{width}}  {value}")
    print_tree(weight_tree(contents.weights), ("weights", "shape", "values", "dtype"), depth)
    if contents.not_finite:
        bad = first_of(contents.not_finite)
        typer.echo(f"warning: NaN or infinite values in {len(contents.not_finite)} weights: {bad}", err=True)


@app.command()
def convert(
    file: Source,
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write, .safetensors; a .json goes beside it.")],
    half: Annotated[bool, typer.Option("--half", help="Store floating weights in 16 bits: half the size.")] = False,
    ema: Annotated[
        bool | None,
        typer.Option(
            "--ema/--no-ema",
            show_default=False,
            help="Take the weights averaged over the training, or the others; by default the file's main ones.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--overwrite", "--force", help="Overwrite files.")] = False,
) -> None:
    """Write the weights of FILE as safetensors, with its meta information and config as JSON beside them.

    States of optimizers and schedules are left out. posekit loads the result like any other checkpoint, and
    without --half to the same numbers.
    """
    from posekit.checkpoints.convert import convert as run

    done = run(file, out, ema=ema, half=half, force=force)
    from posekit.checkpoints.report import first_of

    if done.dropped:
        typer.echo(f"left out, because they are not plain values: {first_of(done.dropped)}")
    if done.too_large:
        typer.echo(f"kept in 32 bits, because 16 cannot hold them: {first_of(done.too_large)}")
    typer.echo(f"{done.path}: {done.count} weights, {short(done.path.stat().st_size)}B")


@app.command()
def publish(
    file: Source,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Name of the file, .pth or .safetensors, to which the hash is added."),
    ] = None,
    force: Annotated[bool, typer.Option("--overwrite", "--force", help="Overwrite the file.")] = False,
) -> None:
    """Write the weights of FILE for distribution, as NAME-0123abcd.pth with the first digits of the file's SHA-256.

    States of optimizers, schedules and the like are left out; the meta information stays.
    """
    from posekit.checkpoints.publish import publish as run
    from posekit.checkpoints.report import first_of

    done = run(file, out, force=force)
    if done.dropped:
        typer.echo(f"left out: {first_of(done.dropped)}")
    typer.echo(f"{done.path}: {done.count} weights, {short(done.path.stat().st_size)}B, SHA-256 {done.sha256}")


def weight_tree(weights: dict[str, Any]) -> Row:
    """Return the weights as a tree of modules with the number of values and the dtypes of each."""
    from posekit.checkpoints.report import shown

    def branch(name: str, keys: Sequence[tuple[list[str], Any]]) -> Row:
        parts: dict[str, list[tuple[list[str], Any]]] = {}
        for path, value in keys:
            if path:
                parts.setdefault(path[0], []).append((path[1:], value))
        values = [value for _, value in keys]
        dtypes = dict.fromkeys(value.dtype for value in values)
        shape = "" if parts or len(values) != 1 else "x".join(map(str, values[0].shape)) or "number"
        count = short(sum(value.numel() for value in values))
        return Row(shown(name), [shape, count, " ".join(dtypes)], [branch(*item) for item in parts.items()])

    return branch("all", [(key.split(".", MAX_LEVELS), value) for key, value in weights.items()])


MAX_LEVELS = 50
"""Names of a damaged file may have any number of dots."""


def as_json_object(contents: Contents) -> dict[str, Any]:
    """Return what is in a checkpoint as JSON has it."""
    weights = {key: {"shape": list(value.shape), "dtype": value.dtype} for key, value in contents.weights.items()}
    return {**vars(contents), "weights": weights}

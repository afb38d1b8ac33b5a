"""``posekit log``: compare the curves and the speed of runs."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from posekit.engine.run_comparison import Records

app = typer.Typer(help="Compare the curves and the speed of runs.", no_args_is_help=True, add_completion=False)

Runs = Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of runs, or their scalars.jsonl.")]


@app.command()
def plot(
    runs: Runs,
    out: Annotated[Path, typer.Option("--out", "-o", help="Image to write, .png.")] = Path("curves.png"),
    key: Annotated[
        list[str] | None,
        typer.Option("--key", "-k", help="Number to draw, such as loss or coco/AP; repeatable."),
    ] = None,
    along: Annotated[Literal["epoch", "step"], typer.Option(help="Horizontal axis of the curves.")] = "epoch",
) -> None:
    """Draw the curves of RUNs in one image with a panel for each number.

    Without --key these are the loss, the accuracy and learning rate of training, and the first metrics of validation.
    """
    from posekit.engine.run_comparison import chosen_keys, curves
    from posekit.engine.run_log import draw_panels
    from posekit.files import require_writable

    if out.suffix.lower() != ".png":
        raise ValueError(f"{out}: the image is a .png; name such a file")
    require_writable(out)
    named = read_runs(runs)
    panels = curves(named, chosen_keys(named, key or ()), along)
    draw_panels(panels, out, along=along, columns=3)
    for name in named:
        lacking = [title for title, lines in panels.items() if name not in lines]
        if lacking:
            typer.echo(f"{name} has no {', '.join(lacking)}")
    typer.echo(f"curves: {out}")


@app.command()
def time(
    runs: Runs,
    whole: Annotated[
        bool,
        typer.Option("--whole", help="Also count the first report of each epoch, which includes the epoch's start."),
    ] = False,
) -> None:
    """Print the time of an iteration in each RUN: mean, fastest and slowest epoch, spread over the epochs."""
    from rich.console import Console
    from rich.table import Table

    from posekit.engine.run_comparison import speed

    columns = ("steps", "s/step", "fastest epoch", "slowest epoch", "spread", "samples/s", "waiting")
    table = Table("run")
    for column in columns:
        table.add_column(column, justify="right")
    for name, records in read_runs(runs).items():
        try:
            measured = speed(records, whole=whole)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
        fastest, slowest = (pick(measured.epochs, key=measured.epochs.__getitem__) for pick in (min, max))
        table.add_row(
            name,
            str(measured.iterations),
            f"{measured.seconds:.4f}",
            *(f"{measured.epochs[epoch]:.4f} ({epoch})" for epoch in (fastest, slowest)),
            f"{measured.deviation:.4f}",
            known(measured.samples, ".1f"),
            known(measured.waiting, ".0%"),
        )
    Console(highlight=False, markup=False).print(table)


def known(value: float, form: str) -> str:
    """Return a number as text, an empty one for NaN."""
    return "" if math.isnan(value) else format(value, form)


def read_runs(paths: list[Path]) -> dict[str, Records]:
    """Return the records of runs by short names.

    Raises:
        FileNotFoundError: if one has none.
        ValueError: if one was given twice, or a file holds no records.
    """
    from posekit.cli.report import names_of
    from posekit.engine.run_comparison import read_run

    folders = [path.parent if path.name.startswith("scalars.json") else path for path in paths]
    names = list(names_of([folder.absolute() for folder in folders], "name different runs"))
    return {name: read_run(path) for name, path in zip(names, paths, strict=True)}

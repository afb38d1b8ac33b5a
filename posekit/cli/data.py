"""``posekit data``: bring labelled data into shape."""

from __future__ import annotations

import typer

from posekit.cli.data_convert import convert

app = typer.Typer(help="Convert labelled data.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Convert labelled data."""


app.command("convert")(convert)

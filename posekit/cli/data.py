"""``posekit data``: bring labelled data into shape and look at it."""

from __future__ import annotations

import typer

from posekit.cli.data_browse import browse
from posekit.cli.data_check import check
from posekit.cli.data_convert import convert

app = typer.Typer(help="Convert labelled data, check it, and look at what training makes of it.", no_args_is_help=True)
app.command()(convert)
app.command()(check)
app.command()(browse)

"""``posekit data``: look at data sets."""

from __future__ import annotations

import typer

from posekit.cli.data_browse import browse
from posekit.cli.data_check import check

app = typer.Typer(help="Check data sets, and look at what training makes of them.", no_args_is_help=True)
app.command()(check)
app.command()(browse)

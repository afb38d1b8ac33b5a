"""``posekit config``: show a config as it resolves, and say where its values come from."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from posekit.cli.train import Overrides

app = typer.Typer(help="Show what a config resolves to, and where its values come from.", no_args_is_help=True)

ConfigPath = Annotated[str, typer.Argument(help="The config file, or posekit::path of one that posekit brings.")]
Plugins = Annotated[
    list[str] | None, typer.Option("--plugin", help="A package that the config's custom_imports may name.")
]


@app.command()
def show(config: ConfigPath, override: Overrides = None, plugin: Plugins = None) -> None:
    """Print the resolved config, itself a valid config file."""
    from posekit.config import load

    text = load(config, override or (), plugins=plugin or ()).dump()
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.syntax import Syntax

        Console().print(Syntax(text, "python", background_color="default"))
    else:
        typer.echo(text, nl=False)


@app.command()
def explain(
    config: ConfigPath,
    key: Annotated[str, typer.Argument(help="The value's path, such as model.head.loss or train_pipeline.2.")],
    override: Overrides = None,
    plugin: Plugins = None,
) -> None:
    """Print one value, where it was set, what led there, what it was computed from, and what it replaced."""
    from posekit.config import load
    from posekit.config.explain import explain

    found = explain(load(config, override or (), plugins=plugin or ()), key)
    typer.echo(f"{found.path} = {found.text}")
    rows = [("set at", found.steps[-1].place, found.steps[-1].source)]
    rows += [(f"in {step.path}", step.place, step.source) for step in reversed(found.steps[:-1])]
    rows += [(f"from {step.path}", step.place, step.source) for step in found.reads]
    rows += [(f"replaces {step.path}", step.place, step.source) for step in found.replaced]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for what, place, source in rows:
        typer.echo(f"  {what:<{widths[0]}}  {place:<{widths[1]}}  {source}".rstrip())

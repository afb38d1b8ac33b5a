"""``posekit config``: list the configs there are, show one as it resolves, say where its values come from, check it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from posekit.cli.train import ConfigRoots, Overrides, Plugins, import_plugins
from posekit.cli.tree import print_columns

if TYPE_CHECKING:
    from posekit.config import Config

app = typer.Typer(
    help="List configs, show one resolved, explain where its values come from, and check it.",
    no_args_is_help=True,
    add_completion=False,
)

ConfigPath = Annotated[str, typer.Argument(help="Config file, or the name of one of posekit's configs.")]


def loaded(config: str, override: Overrides, plugin: Plugins, config_root: ConfigRoots) -> Config:
    from posekit.config import load

    return load(config, override or (), plugins=plugin or (), roots=config_root or ())


@app.command()
def show(
    config: ConfigPath, override: Overrides = None, plugin: Plugins = None, config_root: ConfigRoots = None
) -> None:
    """Print the resolved config, itself a valid config file."""
    text = loaded(config, override, plugin, config_root).dump()
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.syntax import Syntax

        Console().print(Syntax(text, "python", background_color="default"))
    else:
        typer.echo(text, nl=False)


@app.command()
def explain(
    config: ConfigPath,
    key: Annotated[str, typer.Argument(help="Path of the value, such as model.head.loss or train_pipeline.2.")],
    override: Overrides = None,
    plugin: Plugins = None,
    config_root: ConfigRoots = None,
) -> None:
    """Print one value, where it was set, what led there, what it was computed from, and what it replaced."""
    from posekit.config.explain import explain

    explanation = explain(loaded(config, override, plugin, config_root), key)
    typer.echo(f"{explanation.path} = {explanation.text}")
    rows = [("set at", explanation.steps[-1].place, explanation.steps[-1].source)]
    rows += [(f"in {step.path}", step.place, step.source) for step in reversed(explanation.steps[:-1])]
    rows += [(f"from {step.path}", step.place, step.source) for step in explanation.reads]
    rows += [(f"replaces {step.path}", step.place, step.source) for step in explanation.replaced]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for what, place, source in rows:
        typer.echo(f"  {what:<{widths[0]}}  {place:<{widths[1]}}  {source}".rstrip())


@app.command()
def check(
    config: ConfigPath, override: Overrides = None, plugin: Plugins = None, config_root: ConfigRoots = None
) -> None:
    """List every mistake in a config with file and line, without building a model or reading data."""
    from posekit.engine.config_check import check_config
    from posekit.registry import BuildError

    import_plugins(plugin)
    settings = loaded(config, override, plugin, config_root)
    if problems := check_config(settings):
        raise BuildError(problems, settings.source())
    typer.echo(f"{settings.source()}: no problems")


@app.command(name="list")
def list_configs(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            help="Words that must all occur in a config's name, task, backbone, dataset, input size or score."
        ),
    ] = None,
) -> None:
    """List posekit's own configs by the names that every command takes."""
    from posekit.config import ConfigError
    from posekit.zoo.config_index import config_entries, matching

    entries = config_entries()
    chosen = matching(entries, words or ())
    if not chosen:
        raise ConfigError(f"none of {len(entries)} configs has all of: {' '.join(words or ())}; leave a word out")
    rows = [("config", "task", "backbone", "dataset", "input", "parameters", "published scores")]
    rows += [
        (each.name, each.task, each.backbone, each.dataset, each.shown_input, each.shown_parameters, each.shown_scores)
        for each in chosen
    ]
    print_columns(rows)

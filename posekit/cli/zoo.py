"""``posekit zoo``: released models by name, their weights and their terms."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from posekit.cli.tree import print_columns
from posekit.zoo.licences import VERDICTS, Terms
from posekit.zoo.model_index import KINDS, ModelEntry, find, model_entries

app = typer.Typer(
    help="List released models, download their weights, import weights fetched by other means.",
    no_args_is_help=True,
    add_completion=False,
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="A model's name, alias or file, such as rtmpose-m.")]
Offline = Annotated[bool, typer.Option("--offline", help="Use nothing but the cache.")]


@app.command(name="list")
def list_models(
    words: Annotated[
        list[str] | None,
        typer.Argument(help="Words that must occur in a model's name, alias, kind, task, algorithm or training data."),
    ] = None,
    kind: Annotated[str | None, typer.Option(help=f"Kind of models to list: {', '.join(KINDS)} or onnx.")] = None,
    commercial: Annotated[
        str | None, typer.Option(help=f"Whether the models' terms allow commercial use: {', '.join(VERDICTS)}.")
    ] = None,
    local: Annotated[bool, typer.Option("--local", help="List only models in the cache.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with everything known.")] = False,
) -> None:
    """List released models: names, task, training data, scores, and whether the terms allow commercial use."""
    entries = chosen(words or (), kind, commercial, local)
    if as_json:
        typer.echo(json.dumps([as_json_object(entry) for entry in entries], indent=1, ensure_ascii=False))
        return
    rows = [("name", "aliases", "task", "trained on", "published scores", "commercial")]
    rows += [
        (
            entry.name,
            ", ".join(entry.aliases) or "-",
            entry.task if entry.kind != "backbone" else f"{entry.task} (backbone)",
            shortened(entry.training_data),
            entry.shown_scores,
            entry.commercial,
        )
        for entry in entries
    ]
    print_columns(rows)


def chosen(words: Sequence[str], kind: str | None, commercial: str | None, local: bool) -> list[ModelEntry]:
    """Return the models that fit all options.

    Raises:
        ValueError: if an option has a value that is not allowed, or no model fits.
    """
    from posekit.zoo.config_index import matching

    for option, value, allowed in (("kind", kind, (*KINDS, "onnx")), ("commercial", commercial, VERDICTS)):
        if value is not None and value not in allowed:
            raise ValueError(f"--{option} {value}: use {', '.join(allowed)}")
    entries = matching(model_entries(), words)
    if kind is not None:
        entries = [entry for entry in entries if (entry.is_onnx if kind == "onnx" else entry.kind == kind)]
    if commercial is not None:
        entries = [entry for entry in entries if entry.commercial == commercial]
    if local:
        from posekit.zoo.weights import local_file

        entries = [entry for entry in entries if local_file(entry)]
    if not entries:
        raise ValueError(f"none of {len(model_entries())} released models fits{reason(words, commercial, local)}")
    return entries


def reason(words: Sequence[str], commercial: str | None, local: bool) -> str:
    """Return why no model may fit, and what to do."""
    if commercial == "yes":
        return ": nobody states that code, weights and training data all allow commercial use; try unclear"
    if local:
        return "; `posekit zoo download NAME` brings one into the cache"
    return f" all of: {' '.join(words)}; leave a word out" if words else ""


def shortened(names: Sequence[str], most: int = 3) -> str:
    shown = ", ".join(names[:most]) or "not known"
    return f"{shown}, {len(names) - most} more" if len(names) > most else shown


def as_json_object(entry: ModelEntry) -> dict[str, Any]:
    """Return everything known of a model as JSON has it."""
    from posekit.zoo.weights import local_file, pinned_sha256

    path = local_file(entry)
    return {
        **entry._asdict(),
        "commercial": entry.commercial,
        "terms": {part: each._asdict() for part, each in entry.terms.items()},
        "path": str(path) if path else None,
        "pinned_sha256": pinned_sha256(entry),
    }


@app.command()
def info(name: Name, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show all about one model: config, weights, digest, training data, scores, terms."""
    from posekit.zoo.weights import local_file, pinned_sha256

    entry = find(name)
    if as_json:
        typer.echo(json.dumps(as_json_object(entry), indent=1, ensure_ascii=False))
        return
    pinned = pinned_sha256(entry)
    published = f"{entry.sha256}... as published" if entry.sha256 else "not published"
    facts = [
        ("name", entry.name),
        ("aliases", ", ".join(entry.aliases)),
        ("kind", f"{entry.kind}, {entry.task}, {entry.algorithm}"),
        ("config", str(entry.config_path or "-")),
        ("weights", entry.urls[0]),
        *(("also at", url) for url in entry.urls[1:]),
        ("SHA-256", f"{pinned} (pinned; {published})" if pinned else published),
        ("in the cache", str(local_file(entry) or f"no; posekit zoo download {entry.name}")),
        ("trained on", ", ".join(entry.training_data) or "not known"),
        *(("score", f"{what} {score:g}") for what, score in entry.scores.items()),
        ("note", entry.note),
        ("commercial", entry.commercial),
        *((part, shown_terms(each)) for part, each in entry.terms.items()),
    ]
    print_columns([fact for fact in facts if fact[1]])


def shown_terms(terms: Terms) -> str:
    return f"{terms.commercial}: {terms.text}" + (f", {terms.url}" if terms.url else "")


@app.command()
def download(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Names, aliases or files of models.")],
    offline: Offline = False,
) -> None:
    """Download models' weights into the cache and print where they are.

    An interrupted download continues where it stopped. $POSEKIT_MIRROR lists addresses to try first, $POSEKIT_CACHE
    names another folder for the cache.
    """
    from posekit.zoo.weights import weights_file

    for entry in [find(name) for name in names]:
        typer.echo(weights_file(entry, offline=offline or None))


@app.command(name="import")
def import_(
    folder: Annotated[Path, typer.Argument(help="Folder with files that were fetched by other means, or one file.")],
) -> None:
    """Copy released models from FOLDER into the cache; they are recognised by name or SHA-256."""
    from posekit.zoo.weights import import_folder

    count = 0
    problems = []
    for item in import_folder(folder):
        if item.problem:
            problems.append(f"{item.file}: {item.problem}")
        elif item.entries:
            count += 1
            typer.echo(f"{item.file}: {', '.join(entry.name for entry in item.entries)}")
        else:
            typer.echo(f"{item.file}: no released model that posekit knows, left out", err=True)
    if problems:
        raise ValueError("\n".join(problems))
    if not count:
        raise ValueError(f"{folder}: no released model is in there; `posekit zoo info NAME` tells a file's name")


@app.command()
def path(
    name: Name,
    config: Annotated[bool, typer.Option("--config", help="Print the path of the config instead.")] = False,
) -> None:
    """Print the path of a model's weights in the cache, for use in other commands."""
    entry = find(name)
    if config:
        typer.echo(entry.require_config())
        return
    from posekit.zoo.weights import local_file, weights_file

    if local_file(entry) is None:
        raise ValueError(f"{entry.name} is not in the cache; `posekit zoo download {entry.name}` brings it")
    typer.echo(weights_file(entry, offline=True))

"""``posekit data browse``: what training sees."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from posekit.cli.train import Overrides, Plugins, import_plugins

if TYPE_CHECKING:
    from posekit.datasets.traced_samples import TracedSample


def browse(
    config: Annotated[Path, typer.Argument(help="Config file.")],
    split: Annotated[str, typer.Option(help="train, val or test.")] = "train",
    num: Annotated[int, typer.Option(min=1, help="Number of samples to show, spread evenly over the dataset.")] = 24,
    out: Annotated[Path, typer.Option(help="The page (HTML) to write.")] = Path("gallery.html"),
    seed: Annotated[int, typer.Option(help="Seed of the augmentation.")] = 0,
    override: Overrides = None,
    plugin: Plugins = None,
) -> None:
    """Write a page with samples of CONFIG's data: the original, the augmented input, and the targets."""
    import_plugins(plugin)
    from posekit.config import load
    from posekit.files import require_writable, write_atomically
    from posekit.reports.browse_page import browse_page

    require_writable(out)
    loaded = load(config, overrides=override or [], plugins=plugin or ())
    dataset = open_dataset(loaded, split)
    dataset.seed = seed
    failures: list[str] = []
    page = browse_page(f"{split} data of {config.name}", samples_of(dataset, num, failures), dataset.metainfo)
    write_atomically(out, lambda file: file.write(page.encode(errors="backslashreplace")))
    shown = min(num, len(dataset)) - len(failures)
    typer.echo(f"{shown} of {len(dataset)} samples: {out}")
    if failures:
        typer.echo(f"{len(failures)} could not be shown, the first: {failures[0]}", err=True)
    if not shown:
        raise typer.Exit(1)


def open_dataset(config: Any, split: str) -> Any:
    """Build the dataset of a split.

    Raises:
        ValueError: if the config has none.
    """
    from posekit.labels.doctor.source import SPLITS
    from posekit.registry import DATASETS

    if split not in SPLITS:
        raise ValueError(f"--split {split}: use {', '.join(SPLITS)}")
    settings = (config.get(f"{split}_dataloader") or {}).get("dataset")
    if not settings:
        having = [name for name in SPLITS if config.get(f"{name}_dataloader")]
        raise ValueError(f"the config has no {split}_dataloader with a dataset; it has {', '.join(having) or 'none'}")
    return DATASETS.build(settings)


def samples_of(dataset: Any, count: int, failures: list[str]) -> Iterator[TracedSample | str]:
    """Yield samples spread evenly over a dataset; where one cannot be used the message, which joins ``failures``."""
    import numpy as np

    from posekit.console import tracked
    from posekit.datasets.traced_samples import trace

    indices = np.unique(np.linspace(0, len(dataset) - 1, min(count, len(dataset))).round().astype(int)).tolist()
    for index in tracked(indices, "samples"):
        try:
            yield trace(dataset, index)
        except (OSError, ValueError) as error:
            failures.append(f"sample {index}: {error}")
            yield failures[-1]

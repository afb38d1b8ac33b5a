"""``posekit data``: bring labelled data into shape and look at it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from posekit.cli.data_convert import convert
from posekit.cli.train import Overrides, Plugins, import_plugins

if TYPE_CHECKING:
    from rich.console import Console

    from posekit.datasets.traced_samples import TracedSample
    from posekit.labels.doctor.examination import Examination
    from posekit.labels.doctor.finding import Finding
    from posekit.labels.doctor.source import LabelSource

COLORS = {"error": "red", "warning": "yellow", "note": "blue"}

SHOWN = 3
"""Places printed of each finding; the page shows more, the JSON all."""


def browse(
    config: Annotated[Path, typer.Argument(help="Config file, or the name of one of posekit's configs.")],
    split: Annotated[str, typer.Option(help="Split of the data: train, val or test.")] = "train",
    num: Annotated[int, typer.Option(min=1, help="Number of samples to show, spread evenly over the dataset.")] = 24,
    out: Annotated[Path, typer.Option(help="HTML page to write.")] = Path("gallery.html"),
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


def check(
    files: Annotated[list[str], typer.Argument(help="COCO-style keypoint files (.json), or a config with datasets.")],
    images: Annotated[Path | None, typer.Option(help="Folder of the images; by default looked for near FILE.")] = None,
    keypoints: Annotated[
        str | None, typer.Option(help="Name or file of the keypoint set; by default that of FILE.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="HTML page with images to write.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if there are errors.")] = False,
    max_images: Annotated[
        int | None, typer.Option(min=0, help="Number of image files to look at in each set; 0 for none.")
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Number of threads that read images.")] = None,
    override: Overrides = None,
    plugin: Plugins = None,
) -> None:
    """Look for mistakes in keypoint annotations and their images.

    Several FILES are treated as the splits of one dataset: images that occur in more than one are reported.
    """
    import_plugins(plugin)
    from posekit.files import require_writable, write_atomically
    from posekit.labels.doctor.examination import examine
    from posekit.labels.doctor.source import told_apart

    if out is not None:
        require_writable(out)
    if images is not None and max_images != 0 and not images.is_dir():
        raise FileNotFoundError(f"--images {images}: no such folder, seen from {Path.cwd()}")

    sources = told_apart(
        [source for file in files for source in open_sources(file, images, keypoints, override or [], plugin or [])]
    )
    examination = examine(sources, images=max_images != 0, most_images=max_images or None, threads=threads)
    if out is not None:
        from posekit.reports.doctor_page import doctor_page

        page = doctor_page(examination)
        write_atomically(out, lambda file: file.write(page.encode(errors="backslashreplace")))
    if as_json:
        typer.echo(json.dumps(examination.as_dict(), indent=1))
    else:
        print_summary(examination)
        if out is not None:
            typer.echo(f"report: {out}")
    if strict and examination.count("error"):
        raise typer.Exit(1)


def open_sources(
    file: str, images: Path | None, keypoints: str | None, overrides: list[str], plugins: list[str]
) -> list[LabelSource]:
    """Return the datasets of a config, or the one of an annotation file."""
    from posekit.labels.doctor.source import config_sources, file_source

    folder, ending = Path(file).is_dir(), Path(file).suffix.lower()
    if folder or (ending not in (".py", ".json", "") and Path(file).exists()):
        what = "a folder" if folder else "no .json file"
        raise ValueError(f"{file} is {what}; the check reads COCO-style .json files and configs (.py): "
                         f"posekit data convert {file} DEST makes COCO of other formats")  # fmt: skip
    if not file.endswith(".py"):
        return [file_source(file, images=images, keypoints=keypoints)]
    if images is not None or keypoints is not None:
        raise ValueError(f"{file}: a config says itself where images are and what the keypoints are; "
                         "leave --images and --keypoints out")  # fmt: skip
    from posekit.config import load

    return config_sources(load(file, overrides=overrides, plugins=plugins))


def print_summary(examination: Examination) -> None:
    """Print what was looked at and what was found."""
    from rich.console import Console

    console = Console()
    for numbers in examination.statistics:
        console.print(
            f"{numbers.name}: {numbers.images} images ({numbers.images_read} read), {numbers.annotations} annotations, "
            f"{numbers.usable} to train on, keypoint set {numbers.keypoint_set}",
            highlight=False, markup=False, soft_wrap=True,
        )  # fmt: skip
    several = len(examination.tables) > 1
    for finding in examination.findings:
        print_finding(console, finding, named=several)
    console.print(f"\n{examination.counts()}", highlight=False)


def print_finding(console: Console, finding: Finding, *, named: bool) -> None:
    """Print a finding and its first places."""
    from rich.text import Text

    head = Text(f"\n{finding.severity}", style=f"bold {COLORS[finding.severity]}")
    head.append(f" {finding.kind}", style="bold not red not yellow not blue")
    if named:
        head.append(f"  {finding.file}", style="dim")
    console.print(head, soft_wrap=True)
    console.print(Text(f"  {finding.message}"), soft_wrap=True)
    for place in finding.where[:SHOWN]:
        console.print(Text(f"    {place.text}", style="dim"), soft_wrap=True)
    if finding.count > SHOWN and finding.where:
        console.print(Text(f"    … and {finding.count - SHOWN} more", style="dim"))
    console.print(Text(f"  {finding.remedy}", style="italic"), soft_wrap=True)


app = typer.Typer(
    help="Convert labelled data, check it, and look at what training makes of it.",
    no_args_is_help=True,
    add_completion=False,
)
app.command()(convert)
app.command()(check)
app.command()(browse)

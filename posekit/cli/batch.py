"""``posekit batch``: keypoints of very many images, as Parquet."""

from __future__ import annotations

import importlib.util
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from posekit.cli.predict_formats import about_model
from posekit.cli.predict_models import ConfigFile, MaxPeople, Offline, SameDetector, Weights, open_with_detector
from posekit.cli.train import Overrides, Plugins, import_plugins
from posekit.console import ProgressBar

if TYPE_CHECKING:
    from posekit.batch.shard import Plan
    from posekit.batch.stages import ModelOptions


def batch(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="Images, videos, Parquet tables of images, paths or URLs, WebDataset tars, folders of them, patterns.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder of the job; the same command goes on with the one that is there.")],
    model: Annotated[
        Path | None,
        typer.Option(metavar="NAME|FILE", help="Released or exported model, as for posekit predict."),
    ] = None,
    config: ConfigFile = None,
    checkpoint: Weights = None,
    detector: SameDetector = None,
    classes: Annotated[
        str | None, typer.Option(metavar="NAME,...", help="Classes of the detector to find, as for posekit predict.")
    ] = None,
    max_people: MaxPeople = None,
    box_thr: Annotated[
        float | None, typer.Option(min=0, max=1, help="Lowest score of a box that a pose is looked for in.")
    ] = None,
    column: Annotated[
        str | None,
        typer.Option(help="Column of tables that holds the images; by default image, url, path or the like."),
    ] = None,
    shard_size: Annotated[
        int, typer.Option(min=1, help="Number of images that are committed together, in one file.")
    ] = 1000,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Number of workers; by default one for each core, or GPU.")
    ] = None,
    readers: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Number of tasks that read images at once; by default as many as workers, or 4 for each with a GPU.",
        ),
    ] = None,
    gpus: Annotated[
        float,
        typer.Option(
            min=0, help="GPUs, or share of one, of each detector and each model of poses; 0.5 lets them share one."
        ),
    ] = 0.0,
    address: Annotated[
        str | None, typer.Option(help="Address of a Ray cluster, such as auto; by default this machine alone.")
    ] = None,
    memory: Annotated[
        int | None,
        typer.Option(min=80, metavar="MB", help="Memory of this machine for images between the stages, in megabytes."),
    ] = None,
    price_per_hour: Annotated[
        float | None, typer.Option(min=0, help="Price of a machine for an hour; tells the cost of the job.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell how long the job will take, from a few images, and stop.")
    ] = False,
    threads: Annotated[int, typer.Option(min=1, help="Number of threads of an exported model.")] = 1,
    offline: Offline = False,
    override: Overrides = None,
    plugin: Plugins = None,
) -> None:
    """Find the keypoints of people in very many images, on all cores, GPUs or machines.

    The poses go to OUT/poses/source=NAME/*.parquet, one row for each image or frame; images that cannot be used go to
    OUT/errors. A job that is stopped, however hard, goes on with the same command: each image has one row in the end.
    """
    for package in ("pyarrow", "ray"):  # found, not imported: Ray reads its settings when it is imported
        if importlib.util.find_spec(package) is None:
            raise ModuleNotFoundError(f"No module named '{package}'", name=package)
    import_plugins(plugin)
    from posekit.batch.job_folder import JobFolder
    from posekit.batch.shard import plan_of
    from posekit.batch.stages import ModelOptions

    refuse_within(out, sources)
    plan = plan_of(sources, shard_size=shard_size, column=column)
    names = tuple(classes.split(",")) if classes else None
    changes: dict[str, Any] = {"overrides": tuple(override or ()), "plugins": tuple(plugin or ())}
    cached = {"offline": offline or None}
    finding = {**cached, "max_people": max_people, "classes": names}
    if box_thr is not None:
        finding["score_thr"] = box_thr
    predictor = open_with_detector(
        model, config, checkpoint, detector, "cpu", threads, opening={**cached, **changes}, finding=finding
    )
    options = ModelOptions(
        model=absolute(config or model), checkpoint=absolute(checkpoint), detector=absolute(detector), classes=names,
        max_people=max_people, box_thr=box_thr, threads=threads, **cached, **changes,
    )  # fmt: skip
    about = {**about_model(model, checkpoint), "config": absolute(config)}
    job = description(sources, plan, options, about, predictor.metainfo)
    run = BatchRun(JobFolder(out), plan, options, job, detects=searches(predictor), price=price_per_hour)
    run.start(address, workers, readers, gpus, memory, dry_run=dry_run)


class BatchRun:
    """A run of a job, and what it tells.

    Args:
        folder: folder of the job.
        plan: shards of the job.
        options: what the models are opened with.
        job: facts that the results depend on.
        detects: whether there is a stage that looks for boxes.
        price: price of a machine for an hour.
    """

    def __init__(
        self, folder: Any, plan: Plan, options: ModelOptions, job: dict[str, Any], *, detects: bool, price: float | None
    ) -> None:
        self.folder, self.plan, self.options, self.job = folder, plan, options, job
        self.detects, self.price = detects, price

    def start(
        self,
        address: str | None,
        workers: int | None,
        readers: int | None,
        gpus: float,
        memory: int | None,
        *,
        dry_run: bool,
    ) -> None:
        """Project the time of what is left, and do it unless this is a dry run."""
        from posekit.batch.workers import Workers, cluster

        with (self.folder.looked_at if dry_run else self.folder.opened)(self.job) as committed:
            if committed:
                typer.echo(f"{len(committed)} of {len(self.plan.shards)} shards are committed already")
            if shards := [shard for shard in self.plan.shards if shard.number not in committed]:
                with cluster(address, None if gpus else workers, memory) as available:
                    team = Workers.within(available, workers, readers, gpus)
                    self.project(shards, team, int(available["nodes"]))
                    if not dry_run:
                        self.run(shards, team)
            if not dry_run:
                self.report()

    def project(self, shards: list[Any], workers: Any, machines: int) -> None:
        """Tell how long it will take."""
        from posekit.batch.projection import Projection, measured_by_a_worker

        times = measured_by_a_worker(shards, self.options, workers, detects=self.detects)
        count = sum(shard.count for shard in shards)
        for line in Projection(times, count, workers, machines, self.price).lines():
            typer.echo(line)

    def run(self, shards: list[Any], workers: Any) -> None:
        """Find the poses under a progress bar."""
        from posekit.batch.run import run

        begin = time.perf_counter()
        with ProgressBar("predicting", sum(shard.count for shard in shards), unit="images") as bar:
            tally = run(self.folder, shards, self.options, workers, detects=self.detects, advance=bar.advance)
        seconds = time.perf_counter() - begin
        typer.echo(f"{tally.images} images in {seconds:.0f} s, {tally.images / seconds:.3g} images/s")

    def report(self) -> None:
        """Tell what the folder holds now; exit with 1 if some images could not be used."""
        entries = list(self.folder.committed())
        errors, path = sum(entry.errors for entry in entries), self.folder.path
        typer.echo(f"poses of {sum(entry.poses for entry in entries)} images: {path / 'poses'}")
        if errors:
            typer.echo(f"{errors} images could not be used: {path / 'errors'}", err=True)
            raise typer.Exit(1)


def description(
    sources: list[str], plan: Plan, options: ModelOptions, about: dict[str, Any], metainfo: Any
) -> dict[str, Any]:
    """Return what the results of a job depend on, as JSON has it."""
    from dataclasses import asdict

    from posekit.inference.exports.neutral_json import head_of

    depends = {name: value for name, value in asdict(options).items() if name not in ("model", "threads", "offline")}
    inputs = {"sha256": plan.sha256(), "shards": len(plan.shards), "count": plan.count}
    places = [absolute(place) for place in sources]
    return {**about, **depends, "sources": places, "inputs": inputs, "keypoint_set": head_of([], metainfo)}


def searches(predictor: Any) -> bool:
    """Whether a predictor runs a detector."""
    from posekit.inference.people import DetectedPeople

    return isinstance(predictor.prepare, DetectedPeople)


def absolute(place: Path | str | None) -> str | None:
    """Return a path that means the same file from any folder; names and URLs stay."""
    if place is None:
        return None
    return str(Path(place).absolute()) if Path(place).exists() else os.fspath(place)


def refuse_within(out: Path, sources: list[str]) -> None:
    """Raise ValueError if the results would lie among the sources."""
    for place in sources:
        if Path(place).is_dir() and out.resolve().is_relative_to(Path(place).resolve()):
            raise ValueError(
                f"--out {out}: lies in the source {place}, where results would be taken for inputs; name another"
            )

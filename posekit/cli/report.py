"""``posekit report``: how good predicted poses are, how sure that is, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from posekit.cli.tree import print_table

if TYPE_CHECKING:
    from posekit.evaluation.labelled_set import LabelledSet
    from posekit.evaluation.pose_report import Evaluation, ReportTable


def report(
    annotations: Annotated[Path, typer.Argument(help="Labels: a COCO keypoints file.")],
    results: Annotated[
        Path,
        typer.Argument(
            help="Predictions: a COCO results file (posekit test --out), or the predictions.json of posekit predict."
        ),
    ],
    other: Annotated[Path | None, typer.Argument(help="Predictions to compare with the first.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write one HTML page with tables and curves.")] = None,
    sigmas: Annotated[
        str | None,
        typer.Option(
            help="Sigmas: one number for all keypoints, one for each (a,b,...), or the name of a keypoint set."
        ),
    ] = None,
    weights: Annotated[
        str | None, typer.Option(help="Weights of the keypoints in the OKS (a,b,...); by default all equal.")
    ] = None,
    max_dets: Annotated[
        int, typer.Option(min=1, help="Number of predictions that count in each image, best first.")
    ] = 20,
    bootstrap: Annotated[
        int, typer.Option(min=0, help="Number of resamples of the images; 0 for no intervals.")
    ] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the resamples.")] = 0,
) -> None:
    """Print AP, AR and PCK with 95 % intervals, the values of single keypoints, and the errors by kind.

    Values in brackets are the interval that holds 95 % of the resamples of the images.
    """
    from posekit.evaluation.bootstrap import draw_images
    from posekit.evaluation.labelled_set import read_labels
    from posekit.evaluation.pose_report import evaluate_results, tables_of
    from posekit.files import require_writable

    if out is not None:
        require_writable(out)
    labels = read_labels(annotations, sigmas, weights)
    times = draw_images(len(labels.images), bootstrap, seed)
    names = names_of([results, *([other] if other else [])])
    evaluations = [evaluate_results(labels, path, times, name, max_dets=max_dets) for name, path in names.items()]
    tables = tables_of(evaluations)
    areas = note_of_areas(labels)
    warnings = [f"warning: {e.name}: {e.warning}" for e in evaluations if e.warning]
    if out is not None:  # before printing, which the reader of a pipe may end
        notes = [f"Labels: {annotations.name}, {len(labels.images)} images.", *areas, *warnings]
        if bootstrap:
            notes.append(f"In brackets: the middle 95 % of {bootstrap} resamples of the images.")
        write_page(out, evaluations, tables, notes)
    for note in areas:
        print(note)
    for table in tables:
        print_table(table.header, table.rows, title=table.title)
    for warning in warnings:
        typer.echo(warning, err=True)
    if out is not None:
        print(f"report: {out}")


def note_of_areas(labels: LabelledSet) -> list[str]:
    """Say where the areas come from, unless it is the file."""
    from posekit.evaluation.coco_truth import AREA_OF_BOX

    count = labels.without_area
    share = f"{count} of {len(labels.truth.area)} annotations have no area"
    return [f"{share}: the OKS of all takes {AREA_OF_BOX} of their boxes instead."] if count else []


def names_of(paths: list[Path], remedy: str = "name two results files to compare them") -> dict[str, Path]:
    """Name files as shortly as tells them apart.

    Raises:
        ValueError: if the same file was given twice.
    """
    for names in ([path.name for path in paths], [str(path) for path in paths]):
        if len(set(names)) == len(paths):
            return dict(zip(names, paths, strict=True))
    raise ValueError(f"{paths[0]}: given twice; {remedy}")


def write_page(out: Path, evaluations: list[Evaluation], tables: list[ReportTable], notes: list[str]) -> None:
    """Write the tables with charts of precision and errors as one HTML page."""
    from posekit.evaluation.pose_errors import KINDS
    from posekit.files import write_atomically
    from posekit.reports import html_page as html
    from posekit.reports.charts import bar_chart, line_chart

    gains = {kind: {e.name: e.gains[kind] for e in evaluations} for kind in evaluations[0].gains}
    charts = [
        line_chart("Precision over recall", {e.name: e.curves for e in evaluations}, ("recall", "precision")),
        bar_chart("What AP would gain without each kind of error", gains),
    ]
    for evaluation in evaluations:
        shares, names = evaluation.errors.shares(), evaluation.keypoints["AP"]
        rows = {name: {kind: float(shares[kind][k]) for kind in KINDS} for k, name in enumerate(names)}
        charts.append(bar_chart(f"States of the keypoints of {evaluation.name}", rows, stacked=True))
    told = [html.text(note, style="dim") for note in notes]
    scores, *others = (html.text(table.title, tag="h2") + html.table(table.header, table.rows) for table in tables)
    content = html.page("Pose report", [*told, scores, *charts, *others])
    write_atomically(out, lambda file: file.write(content.encode()))

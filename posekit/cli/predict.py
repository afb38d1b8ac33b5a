"""``posekit predict``: keypoints of images and videos, drawn and as JSON."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from posekit.cli.predict_boxes import boxes_from
from posekit.cli.predict_formats import Findings, about_model, parsed_formats
from posekit.cli.predict_models import open_lifter, open_predictor
from posekit.cli.predict_sources import Drawings, Source, find_sources
from posekit.console import ProgressBar
from posekit.files import require_writable, write_atomically

if TYPE_CHECKING:
    import numpy as np

    from posekit.inference.coco_document import CocoDocument
    from posekit.inference.predictor import Predictor


def predict(
    sources: Annotated[list[Path], typer.Argument(help="Images, videos, or folders of them.")],
    model: Annotated[
        Path | None,
        typer.Option(
            metavar="NAME|FILE",
            help="Released model by its name, such as rtmpose-m, or an exported one (.onnx); by default the one in "
            "posekit.",
        ),
    ] = None,
    config: Annotated[Path | None, typer.Option(help="Config of a trained model, with --checkpoint.")] = None,
    checkpoint: Annotated[str | None, typer.Option(help="Its weights, a path or URL.")] = None,
    lift: Annotated[
        Path | None,
        typer.Option(
            metavar="NAME|CONFIG",
            help="Pose lifter, which adds 3D joints to each pose: a released one, such as motionbert, or a config.",
        ),
    ] = None,
    lift_checkpoint: Annotated[str | None, typer.Option(help="Weights of the lifter's config, a path or URL.")] = None,
    detector: Annotated[
        str | None,
        typer.Option(
            metavar="people|whole|NAME|FILE",
            help="What finds the boxes: posekit's own detector of people, nothing (one person in each image), a "
            "released detector, such as rtmdet-nano, or an exported one. By default people for posekit's own model and "
            "released ones of bodies, whole for others.",
        ),
    ] = None,
    max_people: Annotated[int | None, typer.Option(min=1, help="Number of people in an image, at most.")] = None,
    boxes: Annotated[
        list[str] | None, typer.Option(metavar="X1,Y1,X2,Y2", help="Look in this box, in pixels; repeatable.")
    ] = None,
    boxes_file: Annotated[
        Path | None, typer.Option(help="JSON file: lists of x1, y1, x2, y2 by image, or COCO annotations.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for drawings and predictions.json; made if need be.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the JSON; without --out write no files.")] = False,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            metavar="NAME",
            help="Write this as well: json, jsonl, csv, parquet, coco, openpose, trc, slp (SLEAP), dlc (DeepLabCut) or "
            "html3d (a page that turns lifted poses); repeatable, or with commas.",
        ),
    ] = None,
    track: Annotated[bool, typer.Option(help="Whether people in videos get ids that stay (track_id).")] = True,
    draw: Annotated[bool, typer.Option(help="Whether to draw the images and videos.")] = True,
    show_scores: Annotated[bool, typer.Option("--show-scores", help="Write each person's score beside it.")] = False,
    thr: Annotated[float, typer.Option(help="Draw keypoints from this score on.")] = 0.3,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = "auto",
    threads: Annotated[int | None, typer.Option(min=1, help="Threads of an exported model.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Take released models from the cache only.")] = False,
) -> None:
    """Find the keypoints of people in images and videos.

    The drawings NAME_pose.jpg or NAME_pose.mp4 and one predictions.json go to the folder --out, by
    default to predictions. What cannot be read is reported at the end; the others go on.
    """
    from posekit.apis.boxes import add_detector
    from posekit.inference.coco_document import CocoDocument
    from posekit.visualization.draw import PoseStyle

    found = find_sources(sources)
    box_of = boxes_from(boxes or [], boxes_file)
    folder = Path("predictions") if out is None and not as_json else out
    if folder is not None:
        require_writable(folder, folder=True)
    chosen = parsed_formats(formats or [], found, folder, lifts=lift is not None)
    cached: dict[str, Any] = {"offline": offline or None}
    predictor = open_predictor(model, config, checkpoint, device, threads, **cached)
    options = {"max_people": max_people, "threads": threads, **cached}
    add_detector(predictor, detector, model=model or config, device=device, **options)
    lifter = open_lifter(lift, lift_checkpoint, device, predictor, **cached)
    style = PoseStyle(thr=thr, scores=show_scores, boxes=bool(boxes or boxes_file)) if draw and folder else None
    document, failures = CocoDocument(predictor.metainfo, lifter), list[str]()
    findings = Findings(document, chosen, track=track)
    with ProgressBar("predicting", len(found)) as bar:
        for number, source in enumerate(found, 1):
            try:
                bar.expect(bar.done + source.num_frames + len(found) - number)
                target = source.drawings(folder) if folder and style else contextlib.nullcontext()
                with target as drawings:
                    predict_frames(source, box_of(source.path), predictor, findings, drawings, style, bar.advance)
            except (OSError, ValueError) as error:
                named = str(source.path) in str(error)
                failures.append(str(error) if named else f"{source.path}: {error}")
                bar.advance()
    report(document, failures, folder, as_json)
    if folder is not None and chosen:
        findings.write(folder, about_model(model, checkpoint))
    if failures:
        raise typer.Exit(1)


def predict_frames(
    source: Source,
    boxes: np.ndarray | None,
    predictor: Predictor,
    findings: Findings,
    drawings: Drawings | None,
    style: Any,
    advance: Callable[[], None],
) -> None:
    """Find, note and draw the poses in each frame of an image or video."""
    from posekit.visualization.draw import draw_pose

    waiting: deque[tuple[dict[str, Any], np.ndarray]] = deque()  # frames that are on their way through the network

    def frames() -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
        for info, image in source.frames():
            waiting.append((info, image))
            yield image, boxes

    findings.begin(source)
    try:
        for untracked in predictor.stream(frames()):
            info, image = waiting.popleft()
            result = findings.add(source, info, untracked)
            if drawings is not None:
                drawings.write(draw_pose(image, result.instances(), predictor.metainfo, style=style))
            advance()
    finally:  # what came before a broken frame counts
        findings.finish(source)


def report(document: CocoDocument, failures: list[str], folder: Path | None, as_json: bool) -> None:
    """Write and print what was found, and list what failed."""
    if folder is not None and document.images:
        write_atomically(folder / "predictions.json", lambda file: file.write((document.as_json() + "\n").encode()))
    if as_json:
        typer.echo(document.as_json())
    elif document.images:
        people, frames = len(document.annotations), len(document.images)
        kind = "frame" if any("frame_id" in image for image in document.images) else "image"
        typer.echo(f"{people} poses in {frames} {kind}{'s' * (frames != 1)}: {folder / 'predictions.json'}")  # type: ignore[operator]
    for failure in failures:
        typer.echo(f"error: {failure}", err=True)
    if failures:
        total = len({image["file_name"] for image in document.images}) + len(failures)
        typer.echo(f"{len(failures)} of {total} files failed", err=True)

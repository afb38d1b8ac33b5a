"""``posekit predict``: keypoints of images and videos, drawn and as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from posekit.cli.predict_boxes import boxes_from
from posekit.cli.predict_drawings import Drawings
from posekit.cli.predict_formats import FILES, about_model, parsed_formats
from posekit.cli.predict_job import opened_job
from posekit.cli.predict_models import (
    ConfigFile,
    MaxPeople,
    Offline,
    Weights,
    open_lifter,
    open_with_detector,
    smoothing_of,
)
from posekit.cli.predict_run import ResultFiles, draw_lifted, outputs_of, run
from posekit.cli.train import Overrides, Plugins, import_plugins
from posekit.media.sources import find_sources

PHOTOGRAPH = Path(__file__).parents[1] / "inference" / "assets" / "demo.jpg"
"""NASA's portrait of the astronaut Eileen Collins, which is in the public domain."""


def predict(
    sources: Annotated[
        list[str], typer.Argument(help="Images, videos, folders of them, patterns, cameras (a number or a URL).")
    ],
    model: Annotated[
        Path | None,
        typer.Option(
            metavar="NAME|FILE",
            help="Released model by its name, such as rtmpose-m, or an exported one (.onnx); by default the one in "
            "posekit.",
        ),
    ] = None,
    config: ConfigFile = None,
    checkpoint: Weights = None,
    lift: Annotated[
        Path | None,
        typer.Option(
            metavar="NAME|CONFIG|FILE",
            help="Pose lifter, which adds 3D joints to each pose: a released one, such as motionbert, a config, or an "
            "exported one (.onnx).",
        ),
    ] = None,
    lift_checkpoint: Annotated[str | None, typer.Option(help="Weights of the lifter's config, a path or URL.")] = None,
    detector: Annotated[
        str | None,
        typer.Option(
            metavar="people|whole|NAME|FILE",
            help="Detector that finds the boxes: posekit's own (people), none (whole, one person in each image), a "
            "released one, such as rtmdet-nano, or an exported file. By default people for posekit's own model and "
            "released models of bodies, whole for others.",
        ),
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,...",
            help="Classes of the detector to find; by default person if it has that class, else all.",
        ),
    ] = None,
    detect_every: Annotated[
        int,
        typer.Option(
            min=1, help="Number of frames from one search for boxes to the next; in between, boxes follow the poses."
        ),
    ] = 1,
    max_people: MaxPeople = None,
    boxes: Annotated[
        list[str] | None, typer.Option(metavar="X1,Y1,X2,Y2", help="Box to look in, in pixels; repeatable.")
    ] = None,
    boxes_file: Annotated[
        Path | None, typer.Option(help="JSON file: lists of x1, y1, x2, y2 by image, or COCO annotations.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for drawings and predictions.json; created if missing.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that are in the folder.")] = False,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Continue where an earlier run into this folder stopped; retry what failed."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the JSON; without --out write no files.")] = False,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            metavar="NAME",
            help="Further format to write: json, jsonl, csv, parquet, coco, openpose, trc, slp (SLEAP), "
            "dlc (DeepLabCut) or html3d (a page that turns lifted poses); repeatable, or with commas.",
        ),
    ] = None,
    track: Annotated[bool, typer.Option(help="Whether people in videos get ids that stay (track_id).")] = True,
    smooth: Annotated[
        str | None,
        typer.Option(
            metavar="[METHOD]", help="Smooth tracks in videos: savgol, the default, one-euro, gaussian or median."
        ),
    ] = None,
    draw: Annotated[bool, typer.Option(help="Whether to draw the images and videos.")] = True,
    show_scores: Annotated[bool, typer.Option("--show-scores", help="Write each person's score beside it.")] = False,
    thr: Annotated[float, typer.Option(help="Lowest score of a keypoint that is drawn.")] = 0.3,
    device: Annotated[str, typer.Option(help="Device: auto, cpu, cuda, cuda:N or mps.")] = "auto",
    threads: Annotated[
        int | None, typer.Option(min=1, help="Number of threads of an exported model; by default all.")
    ] = None,
    offline: Offline = False,
    override: Overrides = None,
    plugin: Plugins = None,
) -> None:
    """Find the keypoints of people in images and videos.

    The drawings NAME_pose.jpg or NAME_pose.mp4 (with --lift also NAME_pose_3d) and one predictions.json go to
    the folder --out, by default to predictions. Files that cannot be read are reported at the end; the
    others are processed.
    """
    import_plugins(plugin)
    from posekit.inference.coco_document import LiftedFrames
    from posekit.inference.pipeline import PosePipeline
    from posekit.visualization.draw import PoseStyle

    images = find_sources([str(place) for place in sources])
    boxes_of = boxes_from(boxes or [], boxes_file, images)
    folder = Path("predictions") if out is None and not as_json else out
    chosen = parsed_formats(formats or [], images, folder, lifts=lift is not None)
    smoothing = smoothing_of(smooth, track=track)
    about = about_model(model, checkpoint)
    options = dict(
        about, config=config, detector=detector, classes=classes, detect_every=detect_every, max_people=max_people,
        boxes=boxes, boxes_file=boxes_file, track=track, smooth=smooth, override=override,
    )  # fmt: skip
    drawn = folder if draw else None
    outputs = outputs_of(
        images, folder, [FILES[name] for name in chosen if name in FILES], drawn=draw, lifts=lift is not None
    )
    with opened_job(folder, images, outputs, options, overwrite=overwrite, resume=resume) as job:
        if job.complete:
            typer.echo(f"nothing left to do: {folder}/predictions.json has everything")
            return
        cached: dict[str, Any] = {"offline": offline or None}
        opening = {**cached, "overrides": override or (), "plugins": plugin or ()}
        names = classes.split(",") if classes else None
        finding = {**cached, "max_people": max_people, "classes": names, "detect_every": detect_every}
        predictor = open_with_detector(
            model, config, checkpoint, detector, device, threads, opening=opening, finding=finding
        )
        lifter = open_lifter(lift, lift_checkpoint, device, predictor, threads=threads, **cached)
        pipeline = PosePipeline(
            predictor,
            boxes_of=boxes_of,
            saved_of=job.saved_of,
            track=track,
            smooth=smoothing,
            detect_every=detect_every,
        )
        style = PoseStyle(thr=thr, scores=show_scores, boxes=bool(boxes or boxes_file), tracks=track)
        outcome = run(pipeline, job, Drawings(drawn, predictor.metainfo, style) if drawn else None)
        frames = LiftedFrames(job.journal, lifter)
        ResultFiles(frames, predictor.metainfo, folder).write(chosen, about_model(model, checkpoint), as_json=as_json)
        if lifter is not None and drawn is not None:
            draw_lifted(frames, drawn)
        job.complete = outcome.complete
    outcome.report(resumable=folder is not None)
    if outcome.exit_code:
        raise typer.Exit(outcome.exit_code)


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the drawing and predictions.json; created if missing.")] = Path(
        "posekit_demo"
    ),
) -> None:
    """Find a person's keypoints in a photograph (NASA's portrait of Eileen Collins, public domain)."""
    predict([str(PHOTOGRAPH)], out=out, max_people=1, overwrite=True)
    typer.echo(f"drawn: {out / 'demo_pose.jpg'}")
    typer.echo("now try your own image: posekit predict IMAGE.jpg --out result")

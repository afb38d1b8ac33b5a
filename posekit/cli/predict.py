"""``posekit predict``: keypoints of pictures and videos, drawn and as JSON."""

from __future__ import annotations

import contextlib
import json
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from posekit.cli.predict_boxes import boxes_from
from posekit.cli.predict_sources import Drawings, Source, find_sources
from posekit.console import ProgressBar
from posekit.files import require_writable, write_atomically

if TYPE_CHECKING:
    import numpy as np

    from posekit.inference.lifting import LiftingPredictor
    from posekit.inference.predictor import Predictor
    from posekit.inference.results import PoseResult


def predict(
    sources: Annotated[list[Path], typer.Argument(help="Pictures, videos, or folders of them.")],
    model: Annotated[Path | None, typer.Option(help="Exported model (.onnx); by default the one in posekit.")] = None,
    config: Annotated[Path | None, typer.Option(help="Config of a trained model, with --checkpoint.")] = None,
    checkpoint: Annotated[str | None, typer.Option(help="Its weights, a path or URL.")] = None,
    lift: Annotated[
        Path | None, typer.Option(help="Config of a pose lifter: adds 3D joints to each pose; with --lift-checkpoint.")
    ] = None,
    lift_checkpoint: Annotated[str | None, typer.Option(help="Weights of the lifter, a path or URL.")] = None,
    boxes: Annotated[
        list[str] | None, typer.Option(metavar="X1,Y1,X2,Y2", help="Look in this box, in pixels; repeatable.")
    ] = None,
    boxes_file: Annotated[
        Path | None, typer.Option(help="JSON file: lists of x1, y1, x2, y2 by picture, or COCO annotations.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for drawings and predictions.json; made if need be.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the JSON; without --out write no files.")] = False,
    draw: Annotated[bool, typer.Option(help="Whether to draw the pictures and videos.")] = True,
    show_scores: Annotated[bool, typer.Option("--show-scores", help="Write each person's score beside it.")] = False,
    thr: Annotated[float, typer.Option(help="Draw keypoints from this score on.")] = 0.3,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = "auto",
    threads: Annotated[int | None, typer.Option(min=1, help="Threads of an exported model.")] = None,
) -> None:
    """Find keypoints in pictures and videos; without boxes each frame is taken to show one person.

    The drawings NAME_pose.jpg or NAME_pose.mp4 and one predictions.json go to the folder --out, by
    default to predictions. What cannot be read is reported at the end; the others go on.
    """
    from posekit.visualization.draw import PoseStyle

    found = find_sources(sources)
    box_of = boxes_from(boxes or [], boxes_file)
    folder = Path("predictions") if out is None and not as_json else out
    if folder is not None:
        require_writable(folder, folder=True)
    predictor = open_predictor(model, config, checkpoint, device, threads)
    lifter = open_lifter(lift, lift_checkpoint, device)
    style = PoseStyle(thr=thr, scores=show_scores, boxes=bool(boxes or boxes_file)) if draw and folder else None
    results = Results(predictor.metainfo, lifter)
    with ProgressBar("predicting", len(found)) as bar:
        for number, source in enumerate(found, 1):
            try:
                bar.expect(bar.done + source.num_frames + len(found) - number)
                target = source.drawings(folder) if folder and style else contextlib.nullcontext()
                with target as drawings:
                    predict_frames(source, box_of(source.path), predictor, results, drawings, style, bar.advance)
            except (OSError, ValueError) as error:
                named = str(source.path) in str(error)
                results.failures.append(str(error) if named else f"{source.path}: {error}")
                bar.advance()
    report(results, folder, as_json)
    if results.failures:
        raise typer.Exit(1)


def predict_frames(
    source: Source,
    boxes: np.ndarray | None,
    predictor: Predictor,
    results: Results,
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

    poses: list[PoseResult] = []
    for result in predictor.stream(frames()):
        info, image = waiting.popleft()
        poses.append(result)
        results.add(source.path, info, result)
        if drawings is not None:
            drawings.write(draw_pose(image, result.instances(), predictor.metainfo, style=style))
        advance()
    results.lift(poses)


class Results:
    """The poses in all images, and what could not be read."""

    def __init__(self, metainfo: dict[str, Any], lifter: LiftingPredictor | None = None) -> None:
        from posekit.inference.results import coco_category

        self.category = coco_category(metainfo)
        self.lifter = lifter
        if lifter is not None:
            self.category["keypoints_3d"] = coco_category(lifter.metainfo)["keypoints"]
        self.images: list[dict[str, Any]] = []
        self.annotations: list[dict[str, Any]] = []
        self.failures: list[str] = []

    def add(self, path: Path, info: dict[str, Any], result: PoseResult) -> None:
        """Note the poses of one frame in COCO's form."""
        number, (width, height) = len(self.images) + 1, result.image_size_wh or (0, 0)
        self.images.append({"id": number, "file_name": str(path), **info, "width": width, "height": height})
        self.annotations += result.to_coco(image_id=number, first_id=len(self.annotations) + 1)

    def lift(self, poses: Sequence[PoseResult]) -> None:
        """Add the joints in space of the last frames' persons, whose poses these are."""
        if self.lifter is None or not poses:
            return
        persons = [(frame, row) for frame in self.lifter.predict(poses) for row in range(len(frame))]
        for annotation, (frame, row) in zip(self.annotations[-len(persons) :], persons, strict=True):
            annotation["keypoints_3d"] = frame.coco_3d(row)

    def as_json(self) -> str:
        """Return everything as one COCO-like document."""
        document = {"images": self.images, "categories": [self.category], "annotations": self.annotations}
        return json.dumps(document, allow_nan=False)


def report(results: Results, folder: Path | None, as_json: bool) -> None:
    """Write and print what was found, and list what failed."""
    if folder is not None and results.images:
        write_atomically(folder / "predictions.json", lambda file: file.write((results.as_json() + "\n").encode()))
    if as_json:
        typer.echo(results.as_json())
    elif results.images:
        people, frames = len(results.annotations), len(results.images)
        kind = "frame" if any("frame_id" in image for image in results.images) else "picture"
        typer.echo(f"{people} poses in {frames} {kind}{'s' * (frames != 1)}: {folder / 'predictions.json'}")  # type: ignore[operator]
    for failure in results.failures:
        typer.echo(f"error: {failure}", err=True)
    if results.failures:
        total = len({image["file_name"] for image in results.images}) + len(results.failures)
        typer.echo(f"{len(results.failures)} of {total} files failed", err=True)


def open_predictor(
    model: Path | None, config: Path | None, checkpoint: str | None, device: str, threads: int | None
) -> Predictor:
    """Open the exported model, or build that of a config.

    Raises:
        ValueError: if the options contradict each other, or there is no such device.
    """
    from posekit.inference.devices import onnx_providers

    if (config is None) != (checkpoint is None):
        raise ValueError("--config and --checkpoint belong together: give both, or an exported --model")
    if config is not None and model is not None:
        raise ValueError("give --model or --config with --checkpoint, not both")
    if config is not None:
        from posekit.apis.inference import init_model, predictor_of

        return predictor_of(init_model(config, checkpoint, device=device))
    from posekit.inference.pose_model import PoseModel

    options: dict[str, Any] = {"threads": threads, "providers": onnx_providers(device)}
    return (PoseModel.default(**options) if model is None else PoseModel(model, **options)).predictor


def open_lifter(config: Path | None, checkpoint: str | None, device: str) -> LiftingPredictor | None:
    """Build the pose lifter of a config, if there is one.

    Raises:
        ValueError: if config or checkpoint is missing, or the config is none of a lifter.
    """
    if (config is None) != (checkpoint is None):
        raise ValueError("--lift and --lift-checkpoint belong together: give both")
    if config is None:
        return None
    from posekit.apis.inference import init_model, lifter_of

    return lifter_of(init_model(config, checkpoint, device=device))

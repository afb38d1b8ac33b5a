"""``posekit predict``: keypoints of pictures and videos, drawn and as JSON."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Protocol

import numpy as np
import typer

from posekit.cli.predict_boxes import boxes_from
from posekit.cli.predict_sources import Drawings, Source, find_sources
from posekit.console import ProgressBar
from posekit.files import require_writable, write_atomically
from posekit.structures.instance_data import InstanceData


class Predictor(Protocol):
    """Finds keypoints in a picture; knows what they are called."""

    @property
    def metainfo(self) -> dict[str, Any]: ...

    def predict(self, image: np.ndarray, boxes: np.ndarray | None = None) -> InstanceData: ...


def predict(
    sources: Annotated[list[Path], typer.Argument(help="Pictures, videos, or folders of them.")],
    model: Annotated[Path | None, typer.Option(help="Exported model (.onnx); by default the one in posekit.")] = None,
    config: Annotated[Path | None, typer.Option(help="Config of a trained model, with --checkpoint.")] = None,
    checkpoint: Annotated[str | None, typer.Option(help="Its weights, a path or URL.")] = None,
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
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
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
    style = PoseStyle(thr=thr, scores=show_scores, boxes=bool(boxes or boxes_file)) if draw and folder else None
    results = Results(predictor.metainfo)
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
    """Find, note and draw the poses in each frame of a picture or video."""
    from posekit.visualization.draw import draw_pose

    for info, image in source.frames():
        found = predictor.predict(image, boxes)
        results.add(source.path, info, image, found)
        if drawings is not None:
            drawings.write(draw_pose(image, found, predictor.metainfo, style=style))
        advance()


class Results:
    """What was found in all pictures, and what could not be read."""

    def __init__(self, metainfo: dict[str, Any]) -> None:
        names = metainfo["keypoint_id2name"]
        self.category = {
            "id": 1,
            "name": metainfo.get("dataset_name", ""),
            "keypoints": [names[i] for i in range(len(names))],
            "skeleton": [[int(a) + 1, int(b) + 1] for a, b in metainfo.get("skeleton_links", ())],
        }
        self.images: list[dict[str, Any]] = []
        self.annotations: list[dict[str, Any]] = []
        self.failures: list[str] = []

    def add(self, path: Path, info: dict[str, Any], image: np.ndarray, found: InstanceData) -> None:
        """Note the poses of one frame in COCO's form: x, y, score of each keypoint, boxes as x, y, w, h."""
        number, (height, width) = len(self.images) + 1, image.shape[:2]
        self.images.append({"id": number, "file_name": str(path), **info, "width": width, "height": height})
        columns = (np.asarray(column, np.float64) for column in (found.keypoints, found.keypoint_scores, found.bboxes))
        for keypoints, scores, box in zip(*columns, strict=True):
            triples = np.column_stack([keypoints[:, :2], scores])
            self.annotations.append(
                {
                    "id": len(self.annotations) + 1,
                    "image_id": number,
                    "category_id": 1,
                    "keypoints": np.round(triples, 3).reshape(-1).tolist(),
                    "bbox": np.round([*box[:2], *(box[2:4] - box[:2])], 2).tolist(),
                    "score": round(float(scores.mean()), 4),
                }
            )

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
        ValueError: if the options contradict each other.
    """
    if device not in ("auto", "cpu") and not device.startswith("cuda"):
        raise ValueError(f"--device {device}: use auto, cpu or cuda")
    if (config is None) != (checkpoint is None):
        raise ValueError("--config and --checkpoint belong together: give both, or an exported --model")
    if config is not None and model is not None:
        raise ValueError("give --model or --config with --checkpoint, not both")
    if config is not None:
        return TorchPredictor(config, checkpoint, device)
    from posekit.runtime.pose_model import PoseModel

    providers = ["CPUExecutionProvider"] if device in ("auto", "cpu") else ["CUDAExecutionProvider"]
    if model is None:
        return PoseModel.default(threads=threads, providers=providers)
    return PoseModel(model, threads=threads, providers=providers)


class TorchPredictor:
    """A config's model with weights, on torch."""

    def __init__(self, config: Path, checkpoint: str | None, device: str) -> None:
        from posekit.apis import init_model

        self.model = init_model(config, checkpoint, device=device)
        self.metainfo: dict[str, Any] = self.model.dataset_meta

    def predict(self, image: np.ndarray, boxes: np.ndarray | None = None) -> InstanceData:
        """Find the keypoints in each box, the whole picture without any."""
        from posekit.apis import inference_topdown
        from posekit.runtime.pose_model import checked_boxes

        given = checked_boxes(boxes, image.shape[:2])
        if not len(given):
            count = len(self.metainfo["keypoint_id2name"])
            return InstanceData(
                keypoints=np.zeros((0, count, 2)), keypoint_scores=np.zeros((0, count)), bboxes=np.zeros((0, 4))
            )
        samples = inference_topdown(self.model, image, given)
        return InstanceData.cat([sample.pred_instances for sample in samples]).numpy()

"""``posekit predict``: keypoints of pictures, drawn and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Protocol

import numpy as np
import typer

from posekit.atomic_file import write_atomically
from posekit.structures.instance_data import InstanceData

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff")
FEW = 4
"""Up to so many pictures there is no progress bar."""


class Predictor(Protocol):
    """Finds keypoints in a picture; knows what they are called."""

    @property
    def metainfo(self) -> dict[str, Any]: ...

    def predict(self, image: np.ndarray, boxes: np.ndarray | None = None) -> InstanceData: ...


class Picture(NamedTuple):
    """A picture to read and the name, without suffix, under which its drawing is written."""

    path: Path
    name: str


def predict(
    sources: Annotated[list[Path], typer.Argument(help="Pictures, or folders of pictures.")],
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
    draw: Annotated[bool, typer.Option(help="Whether to draw the pictures.")] = True,
    show_scores: Annotated[bool, typer.Option("--show-scores", help="Write each person's score beside it.")] = False,
    thr: Annotated[float, typer.Option(help="Draw keypoints from this score on.")] = 0.3,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    threads: Annotated[int | None, typer.Option(help="Threads of an exported model.")] = None,
) -> None:
    """Find keypoints in pictures; without boxes each picture is taken to show one person.

    The drawings NAME_pose.jpg and one predictions.json go to the folder --out, by default to
    predictions. A picture that cannot be read is reported at the end; the others go on.
    """
    from posekit.visualization.draw import PoseStyle

    pictures = find_pictures(sources)
    box_of = boxes_from(boxes or [], boxes_file)
    folder = Path("predictions") if out is None and not as_json else out
    predictor = open_predictor(model, config, checkpoint, device, threads)
    style = PoseStyle(thr=thr, scores=show_scores, boxes=bool(boxes or boxes_file)) if draw else None
    results = Results(predictor.metainfo)
    for picture in with_progress(pictures):
        try:
            image = read_picture(picture.path)
            found = predictor.predict(image, box_of(picture.path))
        except (OSError, ValueError) as error:
            named = str(picture.path) in str(error)
            results.failures.append(str(error) if named else f"{picture.path}: {error}")
            continue
        results.add(picture.path, image, found)
        if folder is not None and style is not None:
            write_drawing(folder / f"{picture.name}_pose.jpg", image, found, predictor.metainfo, style)
    report(results, folder, as_json)
    if results.failures:
        raise typer.Exit(1)


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

    def add(self, path: Path, image: np.ndarray, found: InstanceData) -> None:
        """Note the poses of one picture in COCO's form: x, y, score of each keypoint, boxes as x, y, w, h."""
        number = len(self.images) + 1
        self.images.append({"id": number, "file_name": str(path), "width": image.shape[1], "height": image.shape[0]})
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
        people, pictures = len(results.annotations), len(results.images)
        typer.echo(f"{people} poses in {pictures} picture{'s' * (pictures != 1)}: {folder / 'predictions.json'}")  # type: ignore[operator]
    for failure in results.failures:
        typer.echo(f"error: {failure}", err=True)
    if results.failures:
        total = len(results.images) + len(results.failures)
        typer.echo(f"{len(results.failures)} of {total} pictures failed", err=True)


def find_pictures(sources: Sequence[Path]) -> list[Picture]:
    """List the pictures that files and folders name; folders are searched to the bottom.

    Raises:
        FileNotFoundError: if a source does not exist, or a folder has no pictures.
    """
    pictures: list[Picture] = []
    taken: set[str] = set()
    for source in sources:
        if not source.exists():
            raise FileNotFoundError(f"{source}: no such picture or folder")
        paths = [source] if source.is_file() else sorted(p for p in source.rglob("*") if p.suffix.lower() in SUFFIXES)
        if not paths:
            raise FileNotFoundError(f"{source}: no pictures in this folder (looked for {', '.join(SUFFIXES)})")
        for path in paths:
            within = path.relative_to(source) if source.is_dir() else Path(path.name)
            name = free_name(str(within.with_suffix("")), taken)
            pictures.append(Picture(path, name))
    return pictures


def free_name(name: str, taken: set[str]) -> str:
    """Return the name, numbered if another picture has it already, and note it as taken."""
    free, number = name, 2
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    taken.add(free)
    return free


def boxes_from(texts: Sequence[str], path: Path | None) -> Callable[[Path], np.ndarray | None]:
    """Return a function from a picture's path to its boxes (N, 4) xyxy, None for the whole picture.

    Raises:
        ValueError: if both kinds are given, or something is no box.
    """
    if texts and path is not None:
        raise ValueError("give --boxes or --boxes-file, not both")
    if texts:
        fixed = np.array([parse_box(text) for text in texts])
        return lambda picture: fixed
    if path is None:
        return lambda picture: None
    table = read_boxes(path)

    by_name = {Path(key).name: boxes for key, boxes in table.items()}

    def look_up(picture: Path) -> np.ndarray:
        boxes = table.get(str(picture), by_name.get(picture.name))
        if boxes is None:
            raise ValueError(f"{picture}: {path} has no boxes for it; its keys are paths or file names of pictures")
        return boxes

    return look_up


def parse_box(text: str) -> list[float]:
    """Read ``x1,y1,x2,y2``.

    Raises:
        ValueError: if these are not four numbers.
    """
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != 4 or not (numbers[0] < numbers[2] and numbers[1] < numbers[3]):
        raise ValueError(f"--boxes {text}: expected four numbers x1,y1,x2,y2 in pixels with x1 < x2 and y1 < y2")
    return numbers


def read_boxes(path: Path) -> dict[str, np.ndarray]:
    """Read boxes by picture from JSON, our own simple form or COCO annotations.

    Raises:
        ValueError: if the file is neither.
    """
    expected = 'expected {"a.jpg": [[x1, y1, x2, y2], ...]} or a COCO file with images and annotations'
    try:
        content = json.loads(path.read_bytes())
        if isinstance(content, dict) and "annotations" in content:
            return coco_boxes(content)
        return {str(name): np.array(rows, np.float64).reshape(-1, 4) for name, rows in content.items()}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{path}: {expected} ({type(error).__name__}: {error})") from error


def coco_boxes(content: dict[str, Any]) -> dict[str, np.ndarray]:
    """Return the boxes of COCO annotations as xyxy, by file name."""
    rows: dict[Any, list[list[float]]] = {image["id"]: [] for image in content["images"]}
    for annotation in content["annotations"]:
        x, y, width, height = annotation["bbox"]
        rows[annotation["image_id"]].append([x, y, x + width, y + height])
    return {image["file_name"]: np.array(rows[image["id"]], np.float64).reshape(-1, 4) for image in content["images"]}


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
        import torch

        from posekit.apis import init_model

        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
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


def read_picture(path: Path) -> np.ndarray:
    """Decode a picture to (H, W, 3) uint8, BGR.

    Raises:
        OSError: if it cannot be read.
        ValueError: if it is no whole picture; both name the file.
    """
    from posekit.datasets.transforms.load_image import LoadImage

    image = LoadImage().load(str(path))
    assert image is not None  # only ignore_empty gives None
    return image


def with_progress(pictures: Sequence[Picture]) -> Iterator[Picture]:
    """Yield the pictures, under a progress bar on the terminal if there are many."""
    if len(pictures) <= FEW:
        yield from pictures
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(pictures, description="predicting", console=Console(stderr=True), transient=True)


def write_drawing(path: Path, image: np.ndarray, found: InstanceData, metainfo: dict[str, Any], style: Any) -> None:
    """Draw the poses and write the picture, whole or not at all."""
    import cv2

    from posekit.visualization.draw import draw_pose

    _, data = cv2.imencode(".jpg", draw_pose(image, found, metainfo, style=style), [cv2.IMWRITE_JPEG_QUALITY, 92])
    write_atomically(path, lambda file: file.write(data.tobytes()))

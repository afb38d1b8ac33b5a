"""``posekit export``: a trained model as an ONNX file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from posekit.files import read_json, require_writable


def export(
    config: Annotated[
        str, typer.Argument(metavar="NAME|CONFIG", help="Released model by its name, such as rtmpose-m, or a config.")
    ],
    checkpoint: Annotated[str | None, typer.Argument(help="Trained weights of the config, a path or URL.")] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write.")] = Path("model.onnx"),
    half: Annotated[bool, typer.Option("--half", help="Store weights in 16 bits: half the size.")] = False,
    card: Annotated[Path | None, typer.Option(help="JSON file about the model, kept inside.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Take released weights from the cache only.")] = False,
) -> None:
    """Write a released model, or that of CONFIG with the weights CHECKPOINT, as ONNX, once both predict the same."""
    about = read_card(card) if card is not None else {}
    if out.suffix != ".onnx":
        raise ValueError(f"--out {out}: the file name must end in .onnx")
    require_writable(out)
    from posekit.apis import init_model
    from posekit.export.onnx import export_onnx
    from posekit.zoo.model_files import files_of

    files = files_of(config, checkpoint, kind=None, offline=offline or None)
    if files.config is None:
        raise ValueError(f"{config}: is an exported model already")
    model = init_model(files.config, files.weights)
    if hasattr(model, "bbox_head"):
        parity = export_boxes(model, out, half=half, card=card)
    else:
        parity = export_onnx(model, out, half_weights=half, card=about)
    typer.echo(f"{out}: {parity}")


def export_boxes(model: Any, out: Path, *, half: bool, card: Path | None) -> Any:
    """Export a detector.

    Raises:
        ValueError: for options that only models of poses have.
    """
    from posekit.apis import inference_detector
    from posekit.export.detector import export_detector

    if card is not None:
        raise ValueError("--card: files of detectors cannot have it yet; leave it out")
    return export_detector(model, out, detect=inference_detector, half_weights=half)


def read_card(path: Path) -> dict[str, Any]:
    """Read what a model file is to say about itself.

    Raises:
        ValueError: if the file holds no JSON object.
    """
    content = read_json(path, "model card")
    if not isinstance(content, dict):
        raise ValueError(f'{path}: expected a JSON object such as {{"trained_on": "..."}}')
    return content

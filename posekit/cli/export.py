"""``posekit export``: a trained model as a file that runs without torch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from posekit.cli.train import Plugins, import_plugins
from posekit.files import read_json, require_writable


def export(
    config: Annotated[
        str, typer.Argument(metavar="NAME|CONFIG", help="Released model by its name, such as rtmpose-m, or a config.")
    ],
    checkpoint: Annotated[str | None, typer.Argument(help="Trained weights of the config, a path or URL.")] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write: .onnx, or .xml for OpenVINO.")] = Path(
        "model.onnx"
    ),
    half: Annotated[bool, typer.Option("--half", help="Store weights in 16 bits: half the size.")] = False,
    card: Annotated[Path | None, typer.Option(help="JSON file about the model, stored in the written file.")] = None,
    layout: Annotated[
        str,
        typer.Option(
            metavar="posekit|mmdeploy",
            help="Form of the file: posekit takes raw pixels; mmdeploy is what MMDeploy writes and rtmlib runs, with "
            "normalised pixels and NMS inside.",
        ),
    ] = "posekit",
    offline: Annotated[bool, typer.Option("--offline", help="Take released weights from the cache only.")] = False,
    override: Annotated[
        list[str] | None,
        typer.Option(
            "--override", "--cfg-options", metavar="KEY=VALUE", help="Value of the config to change; repeatable."
        ),
    ] = None,
    plugin: Plugins = None,
) -> None:
    """Write a released model, or CONFIG's model with the weights CHECKPOINT, once the file gives the same answers.

    The file runs without torch, on ONNX Runtime or OpenVINO.
    """
    about = read_card(card) if card is not None else {}
    if out.suffix not in (".onnx", ".xml"):
        raise ValueError(f"--out {out}: the file name must end in .onnx, or in .xml for OpenVINO")
    require_writable(out)
    import_plugins(plugin)
    from posekit.apis import init_model
    from posekit.apis.pose import changed_config
    from posekit.export.model_file import check_layout
    from posekit.zoo.model_files import files_of

    check_layout(layout)
    files = files_of(config, checkpoint, kind=None, offline=offline or None)
    if files.config is None:
        raise ValueError(f"{config}: is an exported model already")
    model = init_model(changed_config(files.config, override or (), plugin or ()), files.weights)
    typer.echo(f"{out}: {export_model(model, out, half=half, card=about, layout=layout)}")


def export_model(model: Any, out: Path, *, half: bool, card: dict[str, Any], layout: str) -> Any:
    """Export a detector, a lifter, a model that finds everybody at once, or a top-down one; return the agreement.

    Raises:
        ValueError: for options that only models of poses have.
    """
    options: dict[str, Any] = {"half_weights": half, "layout": layout}
    if hasattr(model, "bbox_head"):
        from posekit.apis import inference_detector
        from posekit.export.detector import export_detector

        if card:
            raise ValueError("--card: files of detectors cannot have it yet; leave it out")
        return export_detector(model, out, detect=inference_detector, **options)
    if hasattr(model, "traj_head"):
        from posekit.apis.inference import lifter_of
        from posekit.export.lifter import export_lifter

        return export_lifter(model, out, lift=lifter_of(model).predict, card=card, **options)
    if hasattr(getattr(model, "head", None), "point_outputs"):
        from posekit.apis import inference_bottomup
        from posekit.export.one_stage import export_one_stage

        return export_one_stage(model, out, find=inference_bottomup, card=card, **options)
    from posekit.export.onnx import export_onnx

    return export_onnx(model, out, card=card, **options)


def read_card(path: Path) -> dict[str, Any]:
    """Read what a model file is to say about itself.

    Raises:
        ValueError: if the file holds no JSON object.
    """
    content = read_json(path, "model card")
    if not isinstance(content, dict):
        raise ValueError(f'{path}: expected a JSON object such as {{"trained_on": "..."}}')
    return content

"""``posekit demo``: a first prediction, on the photograph that comes with posekit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from posekit.cli.predict import predict

PHOTOGRAPH = Path(__file__).parents[1] / "inference" / "assets" / "demo.jpg"
"""NASA's portrait of the astronaut Eileen Collins, which is in the public domain."""


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the drawing and predictions.json; made if need be.")] = Path(
        "posekit_demo"
    ),
) -> None:
    """Find a person's keypoints in a photograph (NASA's portrait of Eileen Collins, public domain)."""
    predict([str(PHOTOGRAPH)], out=out, max_people=1, overwrite=True)
    typer.echo(f"drawn: {out / 'demo_pose.jpg'}")
    typer.echo("now with an image of yours: posekit predict IMAGE.jpg --out result")

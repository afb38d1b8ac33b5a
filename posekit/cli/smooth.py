"""``posekit smooth``: smoothing of saved poses."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def smooth(
    file: Annotated[Path, typer.Argument(help="predictions.json of posekit predict.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="File to write; may be FILE itself.")],
    filter_name: Annotated[
        str, typer.Option("--filter", metavar="NAME", help="one-euro, savgol, gaussian or median.")
    ] = "savgol",
    window: Annotated[int | None, typer.Option(help="savgol (7), median (3): number of frames, odd.")] = None,
    degree: Annotated[int | None, typer.Option(help="savgol (2): degree of the polynomial.")] = None,
    sigma: Annotated[float | None, typer.Option(help="gaussian (1): of the weights, in frames.")] = None,
    radius: Annotated[int | None, typer.Option(help="gaussian (3 sigma): frames that count on either side.")] = None,
    fps: Annotated[float | None, typer.Option(help="one-euro (30): frames per second of the video.")] = None,
    min_cutoff: Annotated[float | None, typer.Option(help="one-euro (2.5): cutoff at rest, in Hz.")] = None,
    beta: Annotated[float | None, typer.Option(help="one-euro (0.005): Hz for each pixel per second.")] = None,
    min_score: Annotated[float, typer.Option(help="Keypoints with a score up to this are missing.")] = 0.0,
    fill: Annotated[int, typer.Option(min=0, help="Fill gaps of up to this many frames on straight lines.")] = 0,
) -> None:
    """Smooth the keypoints of each track; poses without track_id are tracked first.

    Missing keypoints stay as they are, unless --fill puts them on the line between those before and after.
    """
    from posekit.files import require_writable
    from posekit.inference.saved_poses import SavedPoses
    from posekit.tracking import Tracker, named_filter

    chosen = named_filter(
        filter_name,
        window=window,
        degree=degree,
        sigma=sigma,
        radius=radius,
        fps=fps,
        min_cutoff=min_cutoff,
        beta=beta,
    )
    require_writable(out)
    poses = SavedPoses(file)
    if not poses.tracked:
        poses.track(Tracker)
    count = poses.smooth(chosen, min_score=min_score, max_gap=fill)
    poses.write(out)
    typer.echo(f"{count} tracks in {sum(map(len, poses.videos))} frames smoothed ({filter_name}): {out}")

"""``posekit smooth``: smoothing of saved poses."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def smooth(
    file: Annotated[Path, typer.Argument(help="predictions.json of posekit predict.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="File to write; may be FILE itself.")],
    filter_name: Annotated[
        str, typer.Option("--filter", metavar="NAME", help="Filter: one-euro, savgol, gaussian or median.")
    ] = "savgol",
    window: Annotated[int | None, typer.Option(help="Number of frames, odd; of savgol (7) and median (3).")] = None,
    degree: Annotated[int | None, typer.Option(help="Degree of the polynomial; of savgol (2).")] = None,
    sigma: Annotated[
        float | None, typer.Option(help="Standard deviation of the weights, in frames; of gaussian (1).")
    ] = None,
    radius: Annotated[
        int | None, typer.Option(help="Number of frames on either side that count; of gaussian (3 sigma).")
    ] = None,
    fps: Annotated[float | None, typer.Option(help="Frames per second of the video; of one-euro (30).")] = None,
    min_cutoff: Annotated[float | None, typer.Option(help="Cutoff at rest, in Hz; of one-euro (2.5).")] = None,
    beta: Annotated[
        float | None, typer.Option(help="Cutoff gained for each pixel per second, in Hz; of one-euro (0.005).")
    ] = None,
    min_score: Annotated[float, typer.Option(help="Score up to which a keypoint counts as missing.")] = 0.0,
    fill: Annotated[int, typer.Option(min=0, help="Largest gap, in frames, to fill along a straight line.")] = 0,
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
    typer.echo(
        f"{count} track{'s' * (count != 1)} in {sum(map(len, poses.videos))} frames smoothed ({filter_name}): {out}"
    )

"""``posekit track``: identities for saved poses."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def track(
    file: Annotated[Path, typer.Argument(help="predictions.json of posekit predict.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="File to write; may be FILE itself.")],
    max_lost: Annotated[int, typer.Option(help="Number of frames for which a person out of sight keeps the id.")] = 30,
    min_similarity: Annotated[
        float, typer.Option(help="Smallest mean of OKS and IoU, 0 ... 1, at which a pose continues a track.")
    ] = 0.2,
    confident: Annotated[float, typer.Option(help="Box score from which a pose can begin a track.")] = 0.5,
    weak: Annotated[float, typer.Option(help="Box score from which a pose can continue a track.")] = 0.1,
) -> None:
    """Give the same track_id to the same person in all frames of a video.

    Images that belong to no video count as frames in the file's order. Ids in the file are replaced. In files without
    box scores (box_score) all poses count as confident.
    """
    from posekit.files import require_writable
    from posekit.inference.saved_poses import SavedPoses
    from posekit.tracking import Tracker

    def tracker() -> Tracker:
        return Tracker(confident=confident, weak=weak, min_similarity=min_similarity, max_lost=max_lost)

    tracker()  # the options are wrong before the file is read
    require_writable(out)
    poses = SavedPoses(file)
    count = poses.track(tracker)
    poses.write(out)
    total = len(poses.content["annotations"])
    typer.echo(
        f"{total} poses in {sum(map(len, poses.videos))} frames belong to {count} track{'s' * (count != 1)}: {out}"
    )

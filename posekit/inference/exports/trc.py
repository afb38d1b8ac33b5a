"""Tracks as TRC files, the marker format of OpenSim and of motion capture systems: one person in each file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def trc_text(points: np.ndarray, names: Sequence[str], *, fps: float, units: str, file_name: str) -> str:
    """Return a track as the text of a TRC file.

    Args:
        points: (T, K, 2 or 3), NaN where missing, which leaves cells empty; a third coordinate that is not there is 0.
        names: names of the keypoints.
        fps: frames per second.
        units: unit of the coordinates.
        file_name: the name that the file tells.
    """
    points = np.asarray(points, np.float64)
    if points.shape[-1] == 2:
        points = np.concatenate([points, np.where(np.isnan(points[..., :1]), np.nan, 0.0)], -1)
    count, rate = len(points), f"{fps:g}"
    axes = [f"{axis}{k}" for k in range(1, len(names) + 1) for axis in "XYZ"]
    lines = [
        ["PathFileType", "4", "(X/Y/Z)", file_name],
        ["DataRate", "CameraRate", "NumFrames", "NumMarkers", "Units", "OrigDataRate", "OrigDataStartFrame",
         "OrigNumFrames"],
        [rate, rate, str(count), str(len(names)), units, rate, "1", str(count)],
        ["Frame#", "Time", *(cell for name in names for cell in (name, "", ""))],
        ["", "", *axes],
        [],
    ]  # fmt: skip
    for frame, row in enumerate(points.reshape(count, -1)):
        cells = ("" if np.isnan(value) else f"{value:.5f}" for value in row)
        lines.append([str(frame + 1), f"{frame / fps:.5f}", *cells])
    return "".join("\t".join(line) + "\n" for line in lines)

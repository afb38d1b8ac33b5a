"""Outputs for a mirrored input, turned into those for the input itself.

Convention: the input of width w was mirrored pixel by pixel, x becoming w - 1 - x.
"""

from __future__ import annotations

from collections.abc import Sequence

from posekit.array import Array, ArrayT, namespace

# Channels per keypoint, and which of them is an x offset.
_MODES: dict[str, tuple[int, int | None]] = {"heatmap": (1, None), "udp_combined": (3, 1), "offset": (2, 0)}


def flip_heatmaps(
    heatmaps: ArrayT,
    flip_indices: Sequence[int] | None = None,
    *,
    flip_mode: str = "heatmap",
    shift_heatmap: bool = False,
) -> ArrayT:
    """Mirror maps (..., C, H, W) and swap those of left and right keypoints.

    Args:
        heatmaps: C is K, or 3 K for "udp_combined", or 2 K for "offset".
        flip_indices: counterpart of each keypoint on the other side; None swaps none.
        flip_mode: "heatmap"; "udp_combined" for a map and two offsets per keypoint; "offset" for
            two offsets per keypoint. Offsets along x change their sign.
        shift_heatmap: move the maps one column to the right: where a cell is several pixels wide,
            that brings mirrored and plain maps closer together.

    Raises:
        ValueError: for another mode, or a number of channels that does not fit.
    """
    if flip_mode not in _MODES:
        raise ValueError(f"flip_mode {flip_mode!r}; allowed are {', '.join(_MODES)}")
    xp = namespace(heatmaps)
    group, offset_x = _MODES[flip_mode]
    *lead, channels, height, width = heatmaps.shape
    if channels % group or (flip_indices is not None and len(flip_indices) * group != channels):
        count = "some" if flip_indices is None else len(flip_indices)
        raise ValueError(
            f"flip of {channels} maps with flip_mode {flip_mode!r} and {count} keypoints: "
            f"there must be {group} map(s) per keypoint"
        )
    maps = xp.flip(heatmaps, axis=-1).reshape((*lead, channels // group, group, height, width))
    if flip_indices is not None:
        maps = maps[..., list(flip_indices), :, :, :]
    if offset_x is not None:
        maps = xp.concat([maps[..., :offset_x, :, :], -maps[..., offset_x : offset_x + 1, :, :],
                          maps[..., offset_x + 1 :, :, :]], axis=-3)  # fmt: skip
    maps = maps.reshape(heatmaps.shape)
    return xp.concat([maps[..., :1], maps[..., :-1]], axis=-1) if shift_heatmap else maps


def flip_vectors(rows: Sequence[Array], flip_indices: Sequence[int]) -> tuple[Array, ...]:
    """Mirror the x rows (..., K, Wx), which come first, and swap left and right keypoints in those of all axes."""
    first, *others = (row[..., list(flip_indices), :] for row in rows)
    return namespace(first).flip(first, axis=-1), *others


def flip_coordinates(
    coords: ArrayT, flip_indices: Sequence[int], *, shift_coords: bool = False, input_width: int = 1
) -> ArrayT:
    """Mirror coordinates (..., K, D) in units of the input's width and swap left and right keypoints.

    Args:
        coords: x comes first; further columns (y, z, uncertainties) are kept.
        flip_indices: counterpart of each keypoint on the other side.
        shift_coords: allow for pixel centres at integers, by 1 / ``input_width``.
        input_width: width of the input, in pixels.
    """
    swapped = coords[..., list(flip_indices), :]
    x = 1.0 - swapped[..., :1] - (1.0 / input_width if shift_coords else 0.0)
    return namespace(coords).concat([x, swapped[..., 1:]], axis=-1)

"""Rows with one fixed profile around a whole-numbered cell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from posekit.array import Array, is_tensor, namespace


class RowStamp:
    """Cuts rows out of one long table, instead of computing the profile in every row anew.

    Args:
        profile: function that gives the values at whole distances from the cell.
        length: length of a row.
        margin: how far beyond the row's ends the cell may lie.
    """

    def __init__(self, profile: Callable[[np.ndarray], np.ndarray], length: int, margin: int = 0) -> None:
        self.length, self.margin = length, margin
        reach = length + margin
        table = np.concatenate([profile(np.arange(-reach, reach)), np.zeros(length)]).astype(np.float32)
        # Row i is the table from cell i on: a view, no copy.
        self.windows = np.lib.stride_tricks.sliding_window_view(table, length)

    def rows(self, cell: Array, drawn: Array) -> Array:
        """Return rows (..., length), float32, around ``cell`` (...), zero where not ``drawn`` (...)."""
        xp: Any = namespace(cell)
        reach = self.length + self.margin
        start = reach - xp.astype(cell, xp.int64).clip(-self.margin, reach)
        start = xp.where(drawn, start, xp.full_like(start, 2 * reach))
        if not is_tensor(start):
            return self.windows[start]
        table = xp.asarray(np.append(self.windows[:, 0], self.windows[-1, 1:]), device=start.device)
        return table.unfold(0, self.length, 1)[start]

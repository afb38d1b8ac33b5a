"""Boxes that move with the poses from one search for people to the next."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from posekit.inference.results import PoseResult, boxes_of

if TYPE_CHECKING:
    from posekit.inference.pipeline import Frame

LOST = 0.2
"""Mean score of a pose below which its box is carried no further."""


class CarriedBoxes:
    """The boxes of a video's frames between two searches: each keeps its margins around the keypoints of its pose.

    Args:
        every: frames from one search to the next; 1 for a search in each.
    """

    def __init__(self, every: int) -> None:
        self.every = every
        self.boxes_next = np.zeros((0, 4))
        self.scores = np.zeros(0, np.float32)
        self.margins = np.zeros((0, 4))

    def searches(self, frame: Frame) -> bool:
        """Whether people are looked for in a frame."""
        return self.every == 1 or not frame.source.fps or frame.number % self.every == 0

    def boxes(self, frame: Frame) -> np.ndarray | None:
        """Return the boxes (N, 4) of a frame; None if people are to be looked for."""
        return None if self.searches(frame) else self.boxes_next

    def update(self, frame: Frame, result: PoseResult) -> PoseResult:
        """Take the poses of a frame, and return them with the scores that their boxes had when they were found."""
        if self.every == 1 or not frame.source.fps:
            return result
        around = boxes_of(result.keypoints, result.scores)
        sizes = np.tile(np.maximum(around[:, 2:] - around[:, :2], 1), 2)
        if self.searches(frame):
            count = len(result)
            boxes = around if result.boxes is None else result.boxes
            self.margins = (boxes - around) / sizes
            self.scores = np.ones(count, np.float32) if result.box_scores is None else result.box_scores
        else:
            result = replace(result, box_scores=self.scores)
        moved = around + self.margins * sizes
        width, height = result.image_size_wh or (np.inf, np.inf)
        inside = (moved[:, 2:] > 1).all(1) & (moved[:, :2] < (width - 1, height - 1)).all(1)
        going_on = inside & (moved[:, 2:] - moved[:, :2] >= 1).all(1) & (result.scores.mean(axis=1) >= LOST)
        self.boxes_next, self.scores, self.margins = moved[going_on], self.scores[going_on], self.margins[going_on]
        return result

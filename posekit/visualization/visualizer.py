"""The role of visualizers: what draws data samples while training, testing and predicting."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from posekit.files import write_atomically
from posekit.registry import VISUALIZERS

logger = logging.getLogger(__name__)

COLORS = {
    "black": (0, 0, 0),
    "blue": (0, 0, 255),
    "cyan": (0, 255, 255),
    "green": (0, 255, 0),
    "magenta": (255, 0, 255),
    "red": (255, 0, 0),
    "white": (255, 255, 255),
    "yellow": (255, 255, 0),
}
"""Names of colours, R, G, B."""

Rgb = tuple[int, int, int]


class ImageSink(Protocol):
    """A place that images go to, such as the run's logger."""

    def add_image(self, name: str, image: np.ndarray, step: int) -> None:
        """Take an image (H, W, 3) uint8, R, G, B."""


@dataclass(frozen=True)
class DrawOptions:
    """What to draw of a data sample, and how.

    Attributes:
        draw_gt: whether to draw the labels; beside the predictions if both are drawn.
        draw_pred: whether to draw the predictions.
        draw_heatmap: whether to add the predicted heatmaps below, where the model gives them.
        draw_bbox: whether to draw the boxes.
        show_kpt_idx: whether to write each keypoint's number.
        skeleton_style: ``mmpose`` for the set's own skeleton, ``openpose`` for OpenPose's.
        kpt_thr: keypoints with a lower score are left out.
        show, wait_time: accepted for the sake of configs; images are written, never shown.
    """

    draw_gt: bool = True
    draw_pred: bool = True
    draw_heatmap: bool = False
    draw_bbox: bool = False
    show_kpt_idx: bool = False
    skeleton_style: str = "mmpose"
    kpt_thr: float = 0.3
    show: bool = False
    wait_time: float = 0.0


class BaseVisualizer(ABC):
    """Draws data samples and hands the images to a file or to its sinks.

    Convention: images that go in and come out are (H, W, 3) uint8, R, G, B.

    Args:
        name: name of the visualizer; accepted for the sake of configs.
        vis_backends: configs of logging back ends; the run reads them and adds a sink for each.
        save_dir: folder for images that have no file of their own; without it only sinks get them.
    """

    registry = VISUALIZERS

    def __init__(
        self, name: str = "visualizer", vis_backends: Sequence[dict] | None = None, save_dir: str | None = None
    ) -> None:
        self.name = name
        self.vis_backends = list(vis_backends or ())
        self.save_dir = Path(save_dir) if save_dir else None
        self.sinks: list[ImageSink] = []
        self.dataset_meta: dict[str, Any] = {}

    def set_dataset_meta(self, dataset_meta: Mapping[str, Any] | None, skeleton_style: str = "mmpose") -> None:
        """Set the keypoint set to draw, as ``dataset.metainfo``; ``skeleton_style`` is chosen when drawing."""
        self.dataset_meta = dict(dataset_meta or {})

    @abstractmethod
    def draw(self, image: np.ndarray | None, data_sample: Any, options: Any) -> np.ndarray:
        """Return the image, R, G, B, with the sample drawn on it."""

    def add_datasample(
        self,
        name: str,
        image: np.ndarray | None,
        data_sample: Any,
        *,
        out_file: str | Path | None = None,
        step: int = 0,
        **options: Any,
    ) -> np.ndarray:
        """Draw a data sample, write or pass on the image, and return it.

        Args:
            name: name of the image.
            image: (H, W, 3) uint8, R, G, B.
            data_sample: sample with ``pred_instances``, ``gt_instances`` and the like.
            out_file: file to write; without it the image goes to ``save_dir`` and the sinks.
            step: position in the run.
            options: fields of ``DrawOptions``.

        Raises:
            ValueError: if an option is unknown, or image and keypoints do not fit.
            OSError: if the file cannot be written.
        """
        drawn = self.draw(image, data_sample, self.options(options))
        if out_file is not None:
            write_image(Path(out_file), drawn)
        else:
            self.add_image(name, drawn, step)
        return drawn

    option_class: type = DrawOptions

    def options(self, settings: Mapping[str, Any]) -> Any:
        """Return the options as an object.

        Raises:
            ValueError: if one is unknown.
        """
        known = [option.name for option in fields(self.option_class)]
        unknown = sorted(set(settings) - set(known))
        if unknown:
            raise ValueError(f"{type(self).__name__}: no option '{unknown[0]}'; there are {', '.join(known)}")
        return self.option_class(**settings)

    def add_image(self, name: str, image: np.ndarray, step: int = 0) -> None:
        """Hand an image to ``save_dir`` and to every sink."""
        if self.save_dir is not None:
            write_image(self.save_dir / f"{name}_{step}.png", image)
        for sink in self.sinks:
            sink.add_image(name, image, step)


def write_image(path: Path, image: np.ndarray) -> None:
    """Write an image (H, W, 3) uint8, R, G, B; the suffix names the format.

    Raises:
        ValueError: if nothing is known of such a format.
        OSError: if the file cannot be written.
    """
    try:
        _, data = cv2.imencode(path.suffix, image[..., ::-1])
    except cv2.error as error:
        raise ValueError(f"{path}: no image format '{path.suffix}'; use .jpg or .png") from error
    write_atomically(path, lambda file: file.write(data.tobytes()))


def color_of(name: str, color: str | Sequence[int]) -> Rgb:
    """Return a colour, a name or R, G, B, as three numbers.

    Raises:
        ValueError: if it is none.
    """
    if isinstance(color, str) and color in COLORS:
        return COLORS[color]
    if not isinstance(color, str) and len(color) == 3 and all(0 <= value <= 255 for value in color):
        red, green, blue = color
        return int(red), int(green), int(blue)
    raise ValueError(f"{name}: {color!r} is no colour; give R, G, B from 0 to 255, or one of {', '.join(COLORS)}")

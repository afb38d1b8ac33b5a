"""What hooks that draw predictions share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from posekit.engine.hooks.base import BaseHook
from posekit.registry import VISUALIZERS


class DrawingHook(BaseHook):
    """Draws samples with the run's visualizer and writes the images to a folder.

    Args:
        enable: whether to draw at all.
        kpt_thr: keypoints with lower scores are left out.
        out_dir: folder of the images, inside the run's folder unless absolute.
    """

    def __init__(self, enable: bool, kpt_thr: float, out_dir: str, priority: Any = None) -> None:
        super().__init__(priority)
        self.enable = enable
        self.kpt_thr = kpt_thr
        self.out_dir = out_dir
        self.visualizer: Any = None
        self.written: Counter[str] = Counter()

    def folder(self, trainer: Any) -> Path:
        """Return the folder of the images."""
        return Path(trainer.default_root_dir) / self.out_dir

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        from posekit.engine.loggers import LoggerSink
        from posekit.visualization.local_visualizer import PoseLocalVisualizer

        self.visualizer = self.visualizer or PoseLocalVisualizer()
        if self.enable and trainer.is_global_zero:
            self.visualizer.sinks = [LoggerSink(logger) for logger in trainer.loggers]

    def file_name(self, trainer: Any, sample: Any, *parts: object) -> str:
        """Return a name of an image file that no other image of this run has."""
        stem = Path(str(sample.get("img_path") or "pose")).stem
        rank = [f"rank{trainer.global_rank}"] if trainer.world_size > 1 else []
        name = "_".join(map(str, [stem, *parts, *rank]))
        self.written[name] += 1
        return f"{name}_{self.written[name] - 1}.jpg" if self.written[name] > 1 else f"{name}.jpg"


def share_visualizer(hooks: Iterable[Any], config: Mapping[str, Any]) -> None:
    """Build the run's visualizer, if any of the hooks draws, and hand it to those."""
    drawing = [hook for hook in hooks if isinstance(hook, DrawingHook) and hook.enable]
    visualizer = VISUALIZERS.build(config) if drawing else None
    for hook in drawing:
        hook.visualizer = visualizer


def image_of(sample: Any) -> Any:
    """Return a sample's image (H, W, 3) uint8, R, G, B; None where it has none, as poses that are lifted.

    Raises:
        FileNotFoundError: if the file is missing.
        ImageFileError: if the file cannot be used.
    """
    from posekit.media.image_file import read_image

    path = sample.get("img_path")
    if isinstance(path, (list, tuple)):  # the frames of a video; the last one is lifted
        path = path[-1] if path else None
    if path is None or ("lifting_target" in (sample.get("gt_instances") or ()) and not Path(path).is_file()):
        return None
    return read_image(path)[..., ::-1]

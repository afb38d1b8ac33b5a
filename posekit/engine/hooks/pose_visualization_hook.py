"""Pictures of predictions while validating and testing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from posekit.engine.hooks.base import BaseHook
from posekit.registry import HOOKS


@HOOKS.register_module()
class PoseVisualizationHook(BaseHook):
    """Draws predictions on their pictures: some in validation, all in a test.

    Args:
        enable: whether to draw at all.
        interval: in validation, the first sample of every so many batches is drawn.
        kpt_thr: keypoints with lower scores are left out.
        out_dir: where the pictures go, inside the run's folder unless absolute.
        show, wait_time, backend_args: accepted for the sake of configs; pictures are written, never shown.
    """

    def __init__(
        self,
        enable: bool = False,
        interval: int = 50,
        kpt_thr: float = 0.3,
        show: bool = False,
        wait_time: float = 0.0,
        out_dir: str | None = None,
        backend_args: Any = None,
        priority: Any = None,
    ) -> None:
        super().__init__(priority)
        self.enable = enable
        self.interval = interval
        self.kpt_thr = kpt_thr
        self.out_dir = out_dir or "visualization"

    def describe(self) -> str:
        return f"drawn predictions in {self.out_dir}" if self.enable else "off"

    def on_validation_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int, *_: Any
    ) -> None:
        if self.enable and batch_idx % self.interval == 0:
            self.draw(trainer, pl_module, outputs[0], f"epoch_{trainer.current_epoch + 1}_{batch_idx}")

    def on_test_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int, *_: Any
    ) -> None:
        for number, sample in enumerate(outputs if self.enable else ()):
            self.draw(trainer, pl_module, sample, f"test_{batch_idx}_{number}")

    def draw(self, trainer: Any, pl_module: Any, sample: Any, name: str) -> None:
        """Write the picture of one sample."""
        import cv2

        from posekit.media.image_file import decode
        from posekit.visualization.draw import PoseStyle, draw_pose

        picture = decode(Path(sample.img_path).read_bytes())
        style = PoseStyle(thr=self.kpt_thr)
        drawn = draw_pose(picture, sample.pred_instances, pl_module.model.dataset_meta, style=style)
        path = Path(trainer.default_root_dir) / self.out_dir / f"{name}_{Path(sample.img_path).stem}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), drawn)

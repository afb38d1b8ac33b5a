"""Images of predictions while validating and testing."""

from __future__ import annotations

from typing import Any

from posekit.engine.hooks.drawing_hook import DrawingHook, image_of
from posekit.registry import HOOKS


@HOOKS.register_module()
class PoseVisualizationHook(DrawingHook):
    """Draws predictions on their images: some in validation, all in a test.

    Args:
        enable: whether to draw at all.
        interval: number of batches of a validation from one drawing, of the batch's first sample, to the next.
        kpt_thr: keypoints with lower scores are left out.
        show, wait_time, backend_args: accepted for the sake of configs; images are written, never shown.
        out_dir: folder of the images, inside the run's folder unless absolute.
        test_interval: number of samples of a test from one drawing to the next.

    Raises:
        ValueError: if an interval is below 1.
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
        *,
        test_interval: int = 1,
        priority: Any = None,
    ) -> None:
        super().__init__(enable, kpt_thr, out_dir or "visualization", priority)
        if interval < 1 or test_interval < 1:
            raise ValueError(f"PoseVisualizationHook: interval must be 1 or more, found {min(interval, test_interval)}")
        self.interval = interval
        self.test_interval = test_interval
        self.tested = 0

    def describe(self) -> str:
        return f"drawn predictions in {self.out_dir}" if self.enable else "off"

    def on_validation_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int, *_: Any
    ) -> None:
        if self.enable and batch_idx % self.interval == 0 and not trainer.sanity_checking:
            epoch = trainer.current_epoch + 1
            name = f"epoch_{epoch}_{batch_idx}_{self.file_name(trainer, outputs[0])}"
            self.draw(trainer, pl_module, outputs[0], name, f"val/{batch_idx}", pl_module.iterations)

    def on_test_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int, *_: Any
    ) -> None:
        for sample in outputs if self.enable else ():
            if self.tested % self.test_interval == 0:
                self.draw(trainer, pl_module, sample, self.file_name(trainer, sample), "test", self.tested)
            self.tested += 1

    def draw(self, trainer: Any, pl_module: Any, sample: Any, file_name: str, name: str, step: int) -> None:
        """Write the image of one sample and hand it to the run's loggers."""
        self.visualizer.set_dataset_meta(pl_module.model.dataset_meta)
        options = {"draw_gt": False, "draw_bbox": True, "draw_heatmap": True, "kpt_thr": self.kpt_thr}
        path = self.folder(trainer) / file_name
        drawn = self.visualizer.add_datasample(name, image_of(sample), sample, out_file=path, **options)
        self.visualizer.add_image(name, drawn, step)

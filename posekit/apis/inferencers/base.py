"""What all inferencers share: the call, from inputs to dictionaries and files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from posekit.apis.inferencers.frames import InputFrame, Source, open_source
from posekit.apis.inferencers.options import CallOptions
from posekit.apis.inferencers.outputs import Outputs, instance_rows
from posekit.console import ProgressBar
from posekit.structures import InstanceData, PoseDataSample


class FramePrediction(NamedTuple):
    """The samples of an image: one, or one for each person, and what else a drawing needs."""

    frame: InputFrame
    samples: list[PoseDataSample]
    beside: Any = None


class BaseInferencer(ABC):
    """Base of inferencers.

    Args:
        show_progress: whether the terminal shows how far a call is.
    """

    def __init__(self, *, show_progress: bool = False) -> None:
        self.show_progress = show_progress

    @abstractmethod
    def find(self, source: Source, options: CallOptions) -> Iterator[FramePrediction]:
        """Yield what each image shows, in order."""

    @abstractmethod
    def draw(self, finding: FramePrediction, options: CallOptions) -> np.ndarray:
        """Return the image, BGR, with its poses."""

    def __call__(
        self,
        inputs: Any,
        return_datasamples: bool = False,
        batch_size: int = 1,
        out_dir: str | None = None,
        **options: Any,
    ) -> Iterator[dict[str, list[Any]]]:
        """Find the poses in images; nothing is computed before the result is iterated over.

        Args:
            inputs: path of an image, a video or a folder of images; ``webcam`` or ``webcam:N``; an image (H, W, 3),
                uint8, BGR; or a sequence of paths and images.
            return_datasamples: whether predictions are data samples, else lists of dictionaries.
            batch_size: number of images in each dictionary that is yielded.
            out_dir: folder whose ``visualizations`` and ``predictions`` are written.
            options: fields of ``CallOptions``.

        Returns:
            Dictionaries with ``predictions``, for each image a list with a dictionary for each instance, and
            ``visualization``, the drawings if ``return_vis`` asks for them.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if an option is unknown or cannot be had.
        """
        chosen = CallOptions.of_call(
            type(self).__name__, {"return_datasamples": return_datasamples, **options}, out_dir
        )
        source = open_source(inputs)
        if source.endless and not chosen.show:
            chosen = CallOptions(**{**vars(chosen), "show": True})
        if chosen.bboxes is not None and source.video is None and len(chosen.bboxes) != len(source):
            raise ValueError(f"bboxes: {len(chosen.bboxes)} lists for {len(source)} images; give one for each")
        return self._results(source, chosen, Outputs(chosen, source), max(batch_size, 1))

    def _results(
        self, source: Source, options: CallOptions, outputs: Outputs, batch_size: int
    ) -> Iterator[dict[str, list[Any]]]:
        """Yield dictionaries of ``batch_size`` images."""
        batch: dict[str, list[Any]] = {"visualization": [], "predictions": []}
        count = 0
        with outputs, ProgressBar("inference", len(source) if self.show_progress else 0) as bar:
            for finding in self.find(source, options):
                if options.draws:
                    drawing = self.draw(finding, options)
                    outputs.draw(finding.frame, drawing)
                    if options.return_vis:
                        batch["visualization"].append(np.ascontiguousarray(drawing[..., ::-1]))
                rows = [instance_rows(sample.pred_instances) for sample in finding.samples]
                outputs.note(finding.frame, [row for sample in rows for row in sample])
                batch["predictions"] += finding.samples if options.return_datasamples else rows
                count += 1
                bar.advance()
                if count % batch_size == 0:
                    yield batch
                    batch = {"visualization": [], "predictions": []}
                if outputs.stopped:
                    break
            if count % batch_size:
                yield batch


def merged(samples: Sequence[PoseDataSample]) -> PoseDataSample:
    """Return one sample with the instances of all, and the metainfo of the first."""
    sample_of_all = PoseDataSample(metainfo=samples[0].metainfo)
    sample_of_all.pred_instances = InstanceData.cat([sample.pred_instances for sample in samples])
    return sample_of_all

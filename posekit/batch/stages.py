"""The three stages of a batch job: read images, find boxes, find poses. Each takes and gives Arrow tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from posekit.batch.shard import Shard
from posekit.batch.shard_images import ShardImage, images_of
from posekit.batch.tables import found_of, image_table, pixels_of, pose_table, with_found
from posekit.inference.people import DetectedPeople, FoundPeople, leave_out_repeats
from posekit.inference.pipeline import Frame, PosePipeline
from posekit.inference.predictor import Predictor
from posekit.media.sources import Source

if TYPE_CHECKING:
    import pyarrow as pa

IMAGES_AT_ONCE, BYTES_AT_ONCE = 32, 2**25
"""Images that go from stage to stage together, and bytes of their pixels from which fewer do."""


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """What a worker opens the models with; the fields are the options of ``posekit predict``.

    Attributes:
        model: released model's name, exported file, or config.
        checkpoint: weights of the config.
        detector: what finds the boxes.
        classes: names of the detector's classes to find.
        max_people: largest number of people in an image.
        box_thr: lowest score of a box.
        threads: number of threads of an exported model.
        offline: whether released models are taken from the cache only.
        overrides: changes of the config.
        plugins: modules to import.
    """

    model: str | None = None
    checkpoint: str | None = None
    detector: str | None = None
    classes: tuple[str, ...] | None = None
    max_people: int | None = None
    box_thr: float | None = None
    threads: int | None = 1
    offline: bool | None = None
    overrides: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()

    def open_predictor(self, device: str) -> Predictor:
        """Open the model of poses.

        Raises:
            ValueError: if it cannot be used.
        """
        import importlib

        import cv2

        from posekit.apis.pose import open_predictor

        cv2.setNumThreads(self.threads or -1)
        for name in self.plugins:
            importlib.import_module(name)
        changes = {"overrides": self.overrides, "plugins": self.plugins}
        return open_predictor(self.model, self.checkpoint, device, self.threads, offline=self.offline, **changes)

    def open_people(self, device: str) -> DetectedPeople | None:
        """Open the detector; None for models that need none.

        Raises:
            ValueError: if it cannot be used.
        """
        from posekit.apis.boxes import add_detector
        from posekit.inference.devices import onnx_providers

        options: dict[str, Any] = {"classes": self.classes, "max_people": self.max_people, "threads": self.threads}
        if self.box_thr is not None:
            options["score_thr"] = self.box_thr
        providers = onnx_providers(device)
        predictor = self.open_predictor("cpu")  # the detector is opened for a predictor; the crops are made elsewhere
        add_detector(
            predictor,
            self.detector,
            model=self.model,
            device=device,
            offline=self.offline,
            providers=providers,
            **options,
        )
        if not isinstance(predictor.prepare, DetectedPeople):
            return None
        predictor.prepare.crops = lambda image, boxes: iter(())
        return predictor.prepare


def read(shard: Shard) -> Iterator[pa.Table]:
    """Yield the images of a shard, many at once, and its end."""
    first, images = 0, []
    for image in images_of(shard):
        if len(images) == IMAGES_AT_ONCE or num_bytes(images) > BYTES_AT_ONCE:
            yield image_table(images, shard.number, first, end=False)
            first, images = first + len(images), []
        images.append(image)
    yield image_table(images, shard.number, first, end=True)


def num_bytes(images: Iterable[ShardImage]) -> int:
    return sum(image.pixels.nbytes for image in images if image.pixels is not None)


class FindBoxes:
    """Finds the boxes of people; one is held by each worker.

    Args:
        options: what the detector is opened with.
        device: device to compute on.
    """

    def __init__(self, options: ModelOptions, device: str) -> None:
        self.people = options.open_people(device)

    def __call__(self, table: pa.Table) -> pa.Table:
        """Return a table of images with boxes."""
        assert self.people is not None
        images = pixels_of(table)
        boxes = iter(self.people.boxes_in_all([image for image in images if image is not None]))
        return with_found(table, [None if image is None else next(boxes) for image in images])


@dataclass(frozen=True)
class BoxedImage(Source):
    """An image of a table, with the boxes that were found in it."""

    found: Any = field(default=None, compare=False)


class FindPoses:
    """Finds poses in boxes; one is held by each worker.

    Args:
        options: what the model is opened with.
        device: device to compute on.
        detects: whether boxes were looked for.
    """

    def __init__(self, options: ModelOptions, device: str, *, detects: bool) -> None:
        predictor = options.open_predictor(device)
        if detects:
            predictor.prepare = FoundPeople(predictor.prepare)
            leave_out_repeats(predictor)
        self.pipeline = PosePipeline(predictor, boxes_of=lambda source: getattr(source, "found", None))

    def __call__(self, table: pa.Table) -> pa.Table:
        """Return the poses of a table of images."""
        images: Sequence[np.ndarray | None] = pixels_of(table)
        rows = zip(table["image"].to_pylist(), found_of(table), images, strict=True)
        frames = [
            Frame(BoxedImage(name or "", found=found), number, image)
            for number, (name, found, image) in enumerate(rows)
        ]
        posed = list(self.pipeline.posed(iter(frames)))
        read_errors = table["error"].to_pylist()
        errors = [str(frame.error) if frame.error else read_errors[frame.number] for frame in posed]
        return pose_table(table, [None if frame.error else frame.result for frame in posed], errors)

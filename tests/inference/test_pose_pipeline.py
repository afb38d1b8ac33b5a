from __future__ import annotations

import threading

import numpy as np
import pytest

from posekit.inference.pipeline import PosePipeline
from posekit.inference.predictor import Predictor
from posekit.inference.smoothed_tracks import smoothed_tracks
from posekit.media.image_file import write_image
from posekit.media.sources import Arrays, Source, Video, find_sources
from posekit.media.video import VideoWriter
from posekit.structures import InstanceData, PoseDataSample

SET = dict(keypoint_id2name={0: "low", 1: "high"}, num_keypoints=2)


class Centre:
    """Finds the brightest column in each box, and notes batches and searches."""

    def __init__(self):
        self.batches, self.searches = [], 0

    def __call__(self, image, boxes):
        if boxes is None:
            self.searches += 1
            boxes = [[0, 0, image.shape[1], image.shape[0]]]
        for box in boxes:
            column = float(image[:, :, 0].mean(axis=0).argmax())
            yield np.array([column, *box]), PoseDataSample()

    def run(self, batch):
        self.batches.append(len(batch.inputs))
        for (column, *box), sample in zip(batch.inputs, batch.samples, strict=True):
            points = np.array([[[column, 0.0], [column, 20.0]]])
            sample.pred_instances = InstanceData(
                keypoints=points, keypoint_scores=np.ones((1, 2)), bboxes=np.array([box]), bbox_scores=np.full(1, 0.9)
            )
        return batch.samples


def bar_at(column: int) -> np.ndarray:
    image = np.zeros((32, 64, 3), np.uint8)
    image[:, column] = 250
    return image


def pipeline(**options) -> PosePipeline:
    centre = Centre()
    return PosePipeline(Predictor(centre, centre, metainfo=SET, batch_size=4), **options)


class Moving(Source):
    """A video of a bar that moves."""

    kind = "video"
    fps = 10.0
    num_frames = 12

    def frames(self):
        for number in range(12):
            yield bar_at(10 + number + 2 * (number % 2))


def columns(frames) -> list[float]:
    return [float(frame.result.keypoints[0, 0, 0]) for frame in frames if frame.result is not None]


def test_images_of_several_files_share_a_batch(tmp_path):
    for number in range(4):
        write_image(tmp_path / f"{number}.png", bar_at(number))
    own = pipeline()
    frames = list(own.stream(find_sources([str(tmp_path)])))
    assert columns(frames) == [0, 1, 2, 3]
    assert own.predictor.network.batches == [4]
    assert [(frame.source.name, frame.is_end) for frame in frames[:3]] == [("0", False), ("0", True), ("1", False)]


def test_a_bad_image_does_not_lose_the_others(tmp_path):
    for name in ("a.png", "c.png"):
        write_image(tmp_path / name, bar_at(5))
    (tmp_path / "b.png").write_bytes(b"")
    frames = list(pipeline().stream(find_sources([str(tmp_path)])))
    assert columns(frames) == [5, 5]
    assert [str(frame.error).endswith("the file is empty (0 bytes)") for frame in frames if frame.error] == [True]


def test_results_of_an_earlier_run_are_not_found_again_and_hold_no_memory():
    own = pipeline()
    first = [frame.result for frame in own.stream([Moving("a.mp4")]) if frame.result]
    again = pipeline(saved_of=lambda source: first[:9])
    stream = again.stream([Moving("a.mp4")])
    assert next(stream).saved
    rest = list(stream)
    assert len(columns(rest)) == 11
    assert sum(again.predictor.network.batches) == 3


def test_boxes_are_looked_for_in_every_third_frame_and_carried_between():
    own = pipeline(detect_every=3, track=True)
    frames = list(own.stream([Moving("a.mp4")]))
    assert own.predictor.prepare.searches == 4
    boxes = [frame.result.boxes[0] for frame in frames if frame.result]
    assert [round(float(box[2] - box[0])) for box in boxes] == [64] * 12
    assert boxes[1][0] == pytest.approx(0)  # where the pose of frame 0 was
    assert boxes[2][0] - boxes[1][0] == pytest.approx(3)
    assert {float(frame.result.box_scores[0]) for frame in frames if frame.result} == {0.9}


@pytest.mark.parametrize("name", ["savgol", "gaussian", "median", "one-euro"])
def test_smoothing_is_that_of_the_whole_track(name):
    from posekit.tracking import named_filter

    raw = [frame.result.keypoints[0] for frame in pipeline().stream([Moving("a.mp4")]) if frame.result]
    own = pipeline(track=True, smooth=lambda fps: smoothed_tracks(name, fps))
    options = {"fps": 10.0} if name == "one-euro" else {}
    expected = named_filter(name, **options)(np.stack(raw))[:, 0, 0]
    np.testing.assert_allclose(columns(own.stream([Moving("a.mp4")])), expected, atol=1e-3)


def test_stopping_early_ends_the_reader(tmp_path):
    with VideoWriter(tmp_path / "a.mp4", 10) as video:
        for _ in range(40):
            video.write(bar_at(3))
    before = threading.active_count()
    stream = pipeline().stream([Video(str(tmp_path / "a.mp4"), "a")])
    next(stream)
    stream.close()
    assert threading.active_count() == before


def test_memory_is_bounded():
    read = []

    def images():
        for number in range(500):
            read.append(number)
            yield bar_at(number % 64)

    stream = pipeline().stream([Arrays("", images=images())])
    next(stream)
    assert len(read) < 20
    assert len(columns(stream)) == 499


def test_people_without_numbers_are_left_out_and_named():
    own = pipeline()
    own.predictor.network.run = lambda batch: [with_nan(sample) for sample in Centre().run(batch)]
    first, second = (frame for frame in own.stream([Arrays("", images=[bar_at(1), bar_at(2)])]) if not frame.is_end)
    assert (len(first.result), first.error) == (1, None)
    assert len(second.result) == 0
    assert "the model gives NaN for 1 of 1 poses" in str(second.error)


def with_nan(sample):
    points = sample.pred_instances.keypoints
    points[points == 2] = np.nan
    return sample

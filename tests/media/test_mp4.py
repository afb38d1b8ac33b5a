from __future__ import annotations

import io
import shutil

import cv2
import numpy as np
import pytest

from posekit.media.mp4 import GrowingMp4, Segment


def segment(path, start, count) -> Segment:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25, (64, 48))
    for number in range(start, start + count):
        writer.write(np.full((48, 64, 3), 10 * number, np.uint8))
    writer.release()
    return Segment.read(path.read_bytes())


def levels(path) -> list[int]:
    video = cv2.VideoCapture(str(path))
    frames = []
    while (frame := video.read())[0]:
        frames.append(round(float(frame[1].mean()) / 10))
    return frames


@pytest.mark.parametrize("counts", [(3,), (4, 4, 1), (13, 13)])
def test_the_file_plays_after_each_fragment_and_at_the_end(tmp_path, counts):
    with (tmp_path / "a.mp4").open("wb") as file:
        growing = GrowingMp4(file, "note")
        for number, count in enumerate(counts):
            start = sum(counts[:number])
            growing.append(segment(tmp_path / "s.mp4", start, count))
            shutil.copy(tmp_path / "a.mp4", tmp_path / "copy.mp4")
            assert levels(tmp_path / "copy.mp4") == list(range(start + count))
        growing.finish()
    assert levels(tmp_path / "a.mp4") == list(range(sum(counts)))
    video = cv2.VideoCapture(str(tmp_path / "a.mp4"))
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) == sum(counts)
    assert video.get(cv2.CAP_PROP_FPS) == pytest.approx(25)
    video.set(cv2.CAP_PROP_POS_FRAMES, sum(counts) - 1)
    assert round(float(video.read()[1].mean()) / 10) == sum(counts) - 1


def test_what_is_no_segment():
    with pytest.raises(ValueError, match="no complete MP4 file"):
        Segment.read(b"\x00\x00\x00\x10free" + bytes(8))


def test_nothing_was_appended():
    GrowingMp4(file := io.BytesIO()).finish()
    assert file.getvalue() == b""

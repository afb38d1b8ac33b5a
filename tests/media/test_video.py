from __future__ import annotations

import numpy as np
import pytest

from posekit.media.video import VideoReader, VideoWriter, one_ahead


def write_frames(path, count=3):
    with VideoWriter(path, fps=25) as writer:
        for number in range(count):
            writer.write(np.full((32, 48, 3), 50 * number, np.uint8))


def test_frames_come_back_in_order(tmp_path):
    write_frames(tmp_path / "sub" / "a.mp4")
    reader = VideoReader(tmp_path / "sub" / "a.mp4")
    assert (reader.num_frames, reader.fps) == (3, pytest.approx(25))
    assert [round(float(frame.mean()) / 50) for frame in reader] == [0, 1, 2]


def test_an_interrupted_video_leaves_nothing(tmp_path):
    def interrupted():
        with VideoWriter(tmp_path / "a.mp4", fps=25) as writer:
            writer.write(np.zeros((32, 48, 3), np.uint8))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_a_writer_without_frames_writes_no_file(tmp_path):
    with VideoWriter(tmp_path / "a.mp4", fps=25):
        pass
    assert list(tmp_path.iterdir()) == []


def test_missing_and_damaged_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.mp4: no such video"):
        VideoReader(tmp_path / "none.mp4")
    (tmp_path / "empty.mp4").write_bytes(b"")
    with pytest.raises(ValueError, match=r"empty\.mp4: the file is empty \(0 bytes\)"):
        VideoReader(tmp_path / "empty.mp4")
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(ValueError, match=r"text\.mp4: OpenCV cannot decode this video"):
        VideoReader(tmp_path / "text.mp4")


def test_a_place_that_cannot_be_written(tmp_path):
    writer = VideoWriter(tmp_path / "a.unknown", fps=25)
    with pytest.raises(OSError, match=r"a\.unknown: OpenCV cannot write a video there"):
        writer.write(np.zeros((32, 48, 3), np.uint8))


def test_one_ahead_keeps_order_and_passes_errors_on():
    def items():
        yield from range(3)
        raise ValueError("the third is missing")

    seen = []
    with pytest.raises(ValueError, match="the third is missing"):
        seen.extend(iter(one_ahead(items())))
    assert list(one_ahead(iter(range(3)))) == [0, 1, 2]

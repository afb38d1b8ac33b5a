from __future__ import annotations

import errno
import io
import os

import numpy as np
import pytest

from posekit.media.video import SEGMENT_FRAMES, VideoReader, VideoWriter


def write_frames(path, count=3):
    with VideoWriter(path, fps=25) as writer:
        for number in range(count):
            writer.write(np.full((32, 48, 3), 50 * number % 250, np.uint8))


def test_frames_come_back_in_order(tmp_path):
    write_frames(tmp_path / "sub" / "a.mp4")
    reader = VideoReader(tmp_path / "sub" / "a.mp4")
    assert (reader.num_frames, reader.fps) == (3, pytest.approx(25))
    assert [round(float(frame.mean()) / 50) for frame in reader] == [0, 1, 2]


def test_an_interrupted_video_plays_up_to_there(tmp_path):
    def interrupted():
        with VideoWriter(tmp_path / "a.mp4", fps=25) as writer:
            writer.write(np.zeros((32, 48, 3), np.uint8))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
    assert len(list(VideoReader(tmp_path / "a.mp4"))) == 1


def test_a_killed_writer_leaves_a_part_that_plays(tmp_path):
    writer = VideoWriter(tmp_path / "a.mp4", fps=25)
    for _ in range(SEGMENT_FRAMES + 1):
        writer.write(np.zeros((32, 48, 3), np.uint8))
    (part,) = tmp_path.iterdir()
    assert part.name.startswith("a.")
    assert part.name.endswith(".part.mp4")
    assert len(list(VideoReader(part))) == SEGMENT_FRAMES
    writer.close()


class FullDisk(io.BytesIO):
    def write(self, data):
        if self.tell() + len(data) > 2000:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data)


def test_a_full_disk_leaves_no_broken_video_and_names_it(tmp_path, monkeypatch):
    def opened(number, mode):
        os.close(number)
        return FullDisk()

    monkeypatch.setattr("posekit.media.video.os.fdopen", opened)
    with pytest.raises(OSError, match=r"No space left on device: .*a\.mp4") as raised:
        write_frames(tmp_path / "a.mp4", SEGMENT_FRAMES)
    assert raised.value.filename == str(tmp_path / "a.mp4")
    assert list(tmp_path.iterdir()) == []


def test_two_writers_of_one_name_do_not_share_a_part(tmp_path):
    first, second = (VideoWriter(tmp_path / "a.mp4", fps=25) for _ in range(2))
    for count, writer in ((2, first), (3, second)):
        for _ in range(count):
            writer.write(np.zeros((32, 48, 3), np.uint8))
    first.close()
    second.close()
    assert len(list(VideoReader(tmp_path / "a.mp4"))) == 3


def test_odd_sides_lose_no_column(tmp_path):
    image = np.zeros((31, 47, 3), np.uint8)
    image[:, 46:] = 250
    with VideoWriter(tmp_path / "a.mp4", fps=25) as writer:
        writer.write(image)
    (frame,) = VideoReader(tmp_path / "a.mp4")
    assert frame.shape == (32, 48, 3)
    assert frame[:, 46].mean() > 200


def test_frames_of_another_size_are_refused(tmp_path):
    writer = VideoWriter(tmp_path / "a.mp4", fps=25)
    writer.write(np.zeros((32, 48, 3), np.uint8))
    with pytest.raises(ValueError, match=r"a\.mp4: a frame has 64 x 32 pixels, those before it 48 x 32"):
        writer.write(np.zeros((32, 64, 3), np.uint8))


def test_high_frame_rates(tmp_path):
    with VideoWriter(tmp_path / "a.mp4", fps=1200) as writer:
        for _ in range(4):
            writer.write(np.zeros((32, 48, 3), np.uint8))
    reader = VideoReader(tmp_path / "a.mp4")
    assert (reader.fps, reader.states_fps) == (pytest.approx(1200), True)


def test_a_cut_video_says_so_after_its_frames(tmp_path):
    rng = np.random.default_rng(0)
    with VideoWriter(tmp_path / "a.mp4", fps=25) as writer:
        for _ in range(30):
            writer.write(rng.integers(0, 255, (32, 48, 3), np.uint8))
    reader = VideoReader(tmp_path / "a.mp4")
    reader.capture = Ending(reader.capture, 7)
    frames = iter(reader)
    assert len([next(frames) for _ in range(7)]) == 7
    with pytest.raises(ValueError, match=r"a\.mp4: the video ends after 7 of 30 frames; it is cut off or damaged"):
        next(frames)


class Ending:
    """A capture that ends early."""

    def __init__(self, capture, count):
        self.capture, self.count = capture, count

    def read(self):
        self.count -= 1
        return self.capture.read() if self.count >= 0 else (False, None)

    def __getattr__(self, name):
        return getattr(self.capture, name)


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
    (tmp_path / "file").write_text("")
    writer = VideoWriter(tmp_path / "file" / "a.mp4", fps=25)
    writer.write(np.zeros((32, 48, 3), np.uint8))
    with pytest.raises(OSError, match=r"exists: .*file.a\.mp4"):
        writer.close()


def test_frames_that_cannot_be_encoded(tmp_path):
    writer = VideoWriter(tmp_path / "a.mp4", fps=float("nan"))
    writer.write(np.zeros((32, 48, 3), np.uint8))
    with pytest.raises(OSError, match="48 x 32 pixels at nan frames per second cannot be encoded"):
        writer.close()

from __future__ import annotations

import cv2
import numpy as np
import pytest

from posekit.media.image_file import write_image
from posekit.media.sources import DRAWING_NOTE, Camera, find_sources, is_drawing, open_sources
from posekit.media.video import VideoWriter

FRAMES = [np.full((40, 60, 3), 60 * number, np.uint8) for number in range(4)]


def levels(source) -> list[int]:
    return [round(float(frame.mean()) / 60) for frame in source.frames()]


@pytest.fixture
def video(tmp_path):
    with VideoWriter(tmp_path / "walk.mp4", 10) as writer:
        for frame in FRAMES:
            writer.write(frame)
    return tmp_path / "walk.mp4"


@pytest.mark.parametrize("suffix", [".gif", ".png", ".webp"])
def test_animated_images_are_videos(tmp_path, suffix):
    if not hasattr(cv2, "imwriteanimation"):
        pytest.skip("this OpenCV writes no animated images")
    path = tmp_path / f"a{suffix}"
    animation = cv2.Animation()
    animation.frames, animation.durations = FRAMES, [100] * 4
    cv2.imwriteanimation(str(path), animation)
    (source,) = find_sources([str(path)])
    assert (source.kind, source.num_frames, source.fps is not None) == ("video", 4, True)
    assert levels(source) == [0, 1, 2, 3]


def test_pages_of_a_tiff_are_frames(tmp_path):
    cv2.imwritemulti(str(tmp_path / "a.tiff"), FRAMES * 5)
    (source,) = find_sources([str(tmp_path / "a.tiff")])
    assert (source.kind, source.num_frames) == ("video", 20)
    assert levels(source) == [0, 1, 2, 3] * 5


def test_an_image_of_one_frame_is_an_image(tmp_path):
    for suffix in (".png", ".tiff", ".webp", ".jpg"):
        cv2.imwrite(str(tmp_path / f"a{suffix}"), FRAMES[1])
    sources = find_sources([str(tmp_path)])
    assert {(source.kind, source.fps, source.num_frames) for source in sources} == {("image", None, 1)}
    assert len({source.name for source in sources}) == 4


def test_patterns_and_folders_leave_drawings_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_image(tmp_path / "a.jpg", FRAMES[0])
    write_image(tmp_path / "a_pose.jpg", FRAMES[0], note=DRAWING_NOTE)
    with VideoWriter(tmp_path / "b_pose.mp4", 10, DRAWING_NOTE) as writer:
        writer.write(FRAMES[0])
    assert cv2.imread("a_pose.jpg").shape == (40, 60, 3)
    assert [is_drawing(path) for path in sorted(tmp_path.iterdir())] == [False, True, True]
    assert [source.place for source in find_sources(["*"])] == ["a.jpg"]
    assert [source.place for source in find_sources(["."])] == ["a.jpg"]
    assert [source.place for source in find_sources(["a_pose.jpg"])] == ["a_pose.jpg"]


def test_nothing_but_drawings(tmp_path):
    write_image(tmp_path / "a_pose.jpg", FRAMES[0], note=DRAWING_NOTE)
    with pytest.raises(FileNotFoundError, match="no images or videos in this folder, but 1 drawing of posekit"):
        find_sources([str(tmp_path)])


def test_urls_are_streams(video):
    (source,) = find_sources([f"file://{video}"])
    assert isinstance(source, Camera)
    assert (source.live, source.num_frames, source.fps) == (True, None, pytest.approx(10))
    assert levels(source) == [0, 1, 2, 3]


def test_a_camera_that_is_not_there():
    (source,) = open_sources(97)
    assert (source.place, source.name) == ("97", "camera97")
    with pytest.raises(OSError, match="97: no such file or folder, and OpenCV opens no camera"):
        next(source.frames())


def test_arrays_and_generators():
    for images in (FRAMES, np.stack(FRAMES), (frame for frame in FRAMES)):
        (source,) = open_sources(images)
        assert levels(source) == [0, 1, 2, 3]


def test_what_is_not_there():
    with pytest.raises(FileNotFoundError, match=r"none\*.jpg: no image or video has such a name"):
        find_sources(["none*.jpg"])
    with pytest.raises(FileNotFoundError, match=r"none.jpg: no such image, video or folder"):
        find_sources(["none.jpg"])

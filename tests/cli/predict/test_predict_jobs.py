"""What a job leaves when something goes wrong, and what it never overwrites."""

from __future__ import annotations

import errno
import json
import os
import signal
from pathlib import Path

import cv2
import numpy as np
import pytest
from corner_model import BOX_SET, Corners, call

from posekit.cli import predict_run
from posekit.inference.predictor import Predictor
from posekit.media.video import VideoReader, VideoWriter

PARTIAL = "predictions.partial.jsonl"


def content(folder="o"):
    return json.loads(Path(folder, "predictions.json").read_text())


def names(folder="o"):
    return sorted(path.name for path in Path(folder).iterdir())


def test_a_folder_with_results_is_not_overwritten(images, capsys):
    assert call(images, "--out", "o") == 0
    before = content()
    assert call(images / "a.jpg", "--out", "o") == 2
    err = capsys.readouterr().err
    assert "o/predictions.json: is there already, and this run did not write it; --overwrite replaces it" in err
    assert content() == before
    assert call(images / "a.jpg", "--out", "o", "--overwrite") == 0
    assert len(content()["images"]) == 1


@pytest.mark.parametrize(("name", "options"), [("a_pose.jpg", []), ("poses.csv", ["--format", "csv"])])
def test_a_file_of_one_s_own_is_not_overwritten(images, monkeypatch, capsys, name, options):
    monkeypatch.chdir(images)
    (images / name).write_bytes(b"mine")
    assert call("a.jpg", "--out", ".", *options) == 2
    assert f"{name}: is there already" in capsys.readouterr().err
    assert (images / name).read_bytes() == b"mine"
    assert not (images / "predictions.json").exists()
    assert not (images / PARTIAL).exists()
    assert call("a.jpg", "--out", ".", "--overwrite", *options) == 0
    assert (images / name).read_bytes() != b"mine"


def test_drawings_are_no_sources(images, video, monkeypatch, capsys):
    monkeypatch.chdir(images.parent)
    assert call(".", "--out", "first") == 0
    assert call(".", "--out", "second") == 0
    assert len(content("second")["images"]) == len(content("first")["images"]) == 9
    assert call("first/*.jpg", "--out", "third") == 2
    assert "no image or video has such a name" in capsys.readouterr().err


def test_names_are_relative_to_the_file(images, monkeypatch, tmp_path):
    assert call("in/b.png", "--out", "deep/o") == 0
    info = content("deep/o")
    assert [image["file_name"] for image in info["images"]] == ["../../in/b.png"]
    assert info["info"]["image_root"] == str(tmp_path / "deep" / "o")


def test_a_value_that_is_nan_loses_no_other(images, monkeypatch, capsys):
    class Nan(Corners):
        def run(self, batch):
            samples = super().run(batch)
            if self.first:
                samples[0].pred_instances.keypoints = np.full((1, 2, 2), np.nan)
            self.first = False
            return samples

        first = True

    monkeypatch.setattr("posekit.cli.predict_models.open_predictor", lambda *_, **__: predictor_of(Nan()))
    assert call(images, "--out", "o") == 1
    assert "a.jpg: the model gives NaN for 1 of 1 poses; they are left out" in capsys.readouterr().err
    assert (len(content()["images"]), len(content()["annotations"])) == (3, 2)


def predictor_of(corners) -> Predictor:
    from posekit.inference.top_down import TopDownPredictor

    return TopDownPredictor(corners, corners, metainfo=BOX_SET)


def test_an_image_too_long_for_a_jpeg_loses_nothing(images, capsys):
    cv2.imwrite(str(images / "long.png"), np.zeros((2, 65_600, 3), np.uint8))
    assert call(images, "--out", "o") == 1
    streams = capsys.readouterr()
    assert "long_pose.jpg: OpenCV cannot write an image of 65600 x 2 pixels" in streams.err
    assert "1 of 4 files failed" in streams.err
    assert len(content()["images"]) == 4


def test_one_file_that_failed_is_one_file(images, capsys):
    (images / "a.jpg").write_bytes(b"")
    assert call(images / "a.jpg", "--out", "o") == 1
    assert "1 of 1 file failed" in capsys.readouterr().err


@pytest.fixture
def stop_after(monkeypatch):
    """Send a signal to this process after so many frames."""

    def arrange(count, number=signal.SIGINT):
        take, taken = predict_run.take, []

        def counting(*arguments):
            take(*arguments)
            taken.append(1)
            if len(taken) == count:
                os.kill(os.getpid(), number)

        monkeypatch.setattr(predict_run, "take", counting)
        return lambda: monkeypatch.setattr(predict_run, "take", take)

    return arrange


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_job_keeps_what_is_done_and_goes_on(images, video, stop_after, capsys, number):
    go_on = stop_after(5, number)  # an image and its end, three frames
    arguments = (images / "a.jpg", video, images / "b.png", "--out", "o")
    assert call(*arguments) == 128 + number
    err = capsys.readouterr().err
    assert f"stopped at {video}, after 3 frames; what is done is kept, the same command with --resume goes on" in err
    assert len(err.splitlines()) == 1
    assert [image.get("frame_id") for image in content()["images"]] == [None, 0, 1, 2]
    assert len(list(VideoReader("o/walk_pose.mp4"))) == 3
    go_on()
    assert call(*arguments) == 2
    assert "predictions.json: is there already" in capsys.readouterr().err
    assert call(*arguments, "--resume") == 0
    assert [image.get("frame_id") for image in content()["images"]] == [None, *range(6), None]
    assert [row["track_id"] for row in content()["annotations"] if "track_id" in row] == [1] * 6
    assert len(list(VideoReader("o/walk_pose.mp4"))) == 6
    assert names() == ["a_pose.jpg", "b_pose.jpg", "predictions.json", "walk_pose.mp4"]
    assert call(*arguments, "--resume") == 0
    assert "nothing left to do" in capsys.readouterr().out


def test_a_killed_job_goes_on(images, video, stop_after, monkeypatch):
    class Killed(BaseException):
        pass

    take = predict_run.take

    def killing(frame, *rest):
        take(frame, *rest)
        if frame.number == 3:
            raise Killed

    monkeypatch.setattr(predict_run, "take", killing)
    with pytest.raises(Killed):
        call(images / "a.jpg", video, "--out", "o")
    assert not Path("o/predictions.json").exists()
    with Path("o", PARTIAL).open("ab") as file:
        file.write(b'{"frame": {"file_na')
    Path("o", "walk_pose.abcdefgh.part.mp4").write_bytes(b"what a killed run leaves")
    monkeypatch.setattr(predict_run, "take", take)
    seen = []
    monkeypatch.setattr(
        Corners, "run", lambda self, batch, run=Corners.run: seen.append(len(batch.inputs)) or run(self, batch)
    )
    assert call(images / "a.jpg", video, "--out", "o", "--resume") == 0
    assert sum(seen) == 2
    assert names() == ["a_pose.jpg", "predictions.json", "walk_pose.mp4"]
    assert [image.get("frame_id") for image in content()["images"]] == [None, *range(6)]


def test_what_failed_is_tried_again(images, capsys):
    good = (images / "a.jpg").read_bytes()
    (images / "a.jpg").write_bytes(good[:50])
    assert call(images, "--out", "o") == 1
    (images / "a.jpg").write_bytes(good)
    assert call(images, "--out", "o", "--resume", "--max-people", "1") == 2
    assert "the job was begun with other options (max_people)" in capsys.readouterr().err
    assert call(images, "--out", "o", "--resume") == 0
    assert sorted(image["file_name"] for image in content()["images"]) == [
        "../in/a.jpg",
        "../in/b.png",
        "../in/sub/a.jpg",
    ]
    assert PARTIAL not in names()


def test_a_cut_video_has_failed(video, monkeypatch, capsys):
    monkeypatch.setattr(VideoReader, "__init__", announcing(VideoReader.__init__))
    assert call(video, "--out", "o") == 1
    assert "walk.mp4: the video ends after 6 of 30 frames; it is cut off or damaged" in capsys.readouterr().err
    assert len(content()["images"]) == 6
    monkeypatch.undo()
    monkeypatch.chdir(video.parent)
    monkeypatch.setattr("posekit.cli.predict_models.open_predictor", lambda *_, **__: predictor_of(Corners()))
    monkeypatch.setattr("posekit.inference.people.PEOPLE", "whole")
    assert call(video, "--out", "o", "--resume") == 0
    assert len(content()["images"]) == 6


def announcing(opened):
    def initialise(self, path):
        opened(self, path)
        self.num_frames = 30

    return initialise


def test_a_full_disk_while_drawing(images, video, monkeypatch, capsys):
    def full(self, frame):
        raise OSError(errno.ENOSPC, "No space left on device", str(self.path))

    monkeypatch.setattr(VideoWriter, "write", full)
    assert call(video, images / "a.jpg", "--out", "o") == 1
    err = capsys.readouterr().err
    assert "walk_pose.mp4" in err
    assert "No space left on device" in err
    assert "1 of 2 files failed" in err
    assert names() == ["a_pose.jpg", "predictions.json", PARTIAL]
    assert len(content()["images"]) == 7


def test_two_runs_do_not_write_into_one_folder(images, capsys):
    fcntl = pytest.importorskip("fcntl")
    (images / "o").mkdir()
    with (images / "o" / PARTIAL).open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert call(images / "a.jpg", "--out", images / "o", "--overwrite") == 2
    assert "another posekit predict writes there" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--overwrite", "--resume"], "--overwrite begins anew and --resume goes on: give one of them"),
        (["--json", "--resume"], "--resume needs the folder of the earlier run"),
        (["--smooth", "savgoll"], "did you mean 'savgol'"),
        (["--smooth", "savgol", "--no-track"], "--smooth smooths tracks, and --no-track makes none"),
        (["--detect-every", "3"], "--classes and --detect-every are about a detector"),
        (["--classes", "dog"], "--classes and --detect-every are about a detector"),
    ],
)
def test_options_that_do_not_fit(images, options, message, capsys):
    assert call(images / "a.jpg", *options) == 2
    assert message in capsys.readouterr().err


TWO = {"train/a.jpg": [[1, 2, 11, 22]], "val/a.jpg": [[3, 4, 13, 24]]}


def boxes(capsys):
    return [row["bbox"][:2] for row in json.loads(capsys.readouterr().out)["annotations"]]


@pytest.fixture
def two(images):
    for name in ("train", "val"):
        (images / name).mkdir()
        (images / name / "a.jpg").write_bytes((images / "a.jpg").read_bytes())
    return images


@pytest.mark.parametrize("at", ["boxes.json", "in/boxes.json"])
def test_boxes_go_by_whole_paths(two, at, capsys, tmp_path):
    (tmp_path / at).write_text(json.dumps(TWO))
    assert call(two / "train", two / "val", "--json", "--boxes-file", at) == 0
    assert boxes(capsys) == [[1, 2], [3, 4]]


def test_boxes_of_a_file_name_that_is_not_unique(two, capsys, tmp_path):
    (tmp_path / "boxes.json").write_text('{"a.jpg": [[1, 2, 11, 22]]}')
    assert call(two / "train", two / "val", "--json", "--boxes-file", "boxes.json") == 1
    err = capsys.readouterr().err
    assert "1 of its keys and 2 of the images are called a.jpg; write paths in the file, such as 'train/a.jpg'" in err
    assert call(two / "train", "--json", "--boxes-file", "boxes.json") == 0
    (tmp_path / "boxes.json").write_text(json.dumps(TWO))
    assert call(two / "sub", "--json", "--boxes-file", "boxes.json") == 1
    assert "2 of its keys and 1 of the images are called a.jpg" in capsys.readouterr().err


@pytest.mark.parametrize("method", [[], ["one-euro"]])
def test_smoothed_videos(video, capsys, method):
    assert call(video, "--json", "--smooth", *method) == 0
    assert len(json.loads(capsys.readouterr().out)["annotations"]) == 6


def test_a_run_that_found_nothing_leaves_nothing(images, monkeypatch):
    def missing(*options, **source):
        raise FileNotFoundError("mine.onnx: no such model file")

    with monkeypatch.context() as patch:
        patch.setattr("posekit.cli.predict_models.open_predictor", missing)
        assert call(images / "a.jpg", "--out", "o") == 2
    assert not Path("o").exists()
    assert call(images / "a.jpg", "--out", "o") == 0


def test_a_full_disk_for_the_results_is_named(images, monkeypatch, capsys):
    def full(self, result):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("posekit.inference.journal.Journal._note", full)
    assert call(images / "a.jpg", "--out", "o") == 2
    assert capsys.readouterr().err == f"error: o/{PARTIAL}: No space left on device\n"


def test_a_camera_ends_with_ctrl_c(video, stop_after, capsys):
    stop_after(3)
    assert call(f"file://{video}", "--out", "o") == 0
    assert "3 poses in 3 frames: o/predictions.json" in capsys.readouterr().out
    assert names() == ["predictions.json", "walk_pose.mp4"]
    assert len(list(VideoReader("o/walk_pose.mp4"))) == 3

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from corner_model import call

from posekit.cli import main as cli
from posekit.cli import predict as module
from posekit.cli import predict_run
from posekit.cli.predict_models import open_lifter, open_predictor
from posekit.console import ProgressBar
from posekit.inference.results import PoseResult
from posekit.inference.sequence import PoseSequence
from posekit.media import sources as media_sources
from posekit.media.image_file import read_image
from posekit.media.video import VideoReader
from posekit.visualization.space import SIDE_PX


def test_a_folder_gives_drawings_and_one_json(images, tmp_path, capsys):
    assert call(images) == 0
    assert "3 poses in 3 images: predictions/predictions.json" in capsys.readouterr().out
    folder = tmp_path / "predictions"
    written = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    assert written == ["a_pose.jpg", "b_pose.jpg", "predictions.json", "sub/a_pose.jpg"]
    content = json.loads((folder / "predictions.json").read_text())
    assert content["info"]["image_root"] == str(folder)
    assert content["categories"] == [dict(id=1, name="box", keypoints=["low", "high"], skeleton=[[1, 2]])]
    assert content["annotations"][0] == dict(
        id=1, image_id=1, category_id=1, keypoints=[0, 0, 0.5, 60, 40, 0.5], bbox=[0, 0, 60, 40], score=0.5
    )
    assert content["images"][1] == dict(id=2, file_name="../in/b.png", width=60, height=40)
    assert cv2.imread(str(folder / "a_pose.jpg")).shape == (40, 60, 3)


def test_images_of_one_name_do_not_overwrite_each_other(images):
    assert call(images / "a.jpg", images / "sub" / "a.jpg", "--out", "o") == 0
    assert sorted(p.name for p in images.parent.joinpath("o").iterdir()) == [
        "a_2_pose.jpg", "a_pose.jpg", "predictions.json",
    ]  # fmt: skip


def test_json_alone_writes_no_files(images, capsys, tmp_path):
    assert call(images / "a.jpg", "--json") == 0
    assert len(json.loads(capsys.readouterr().out)["annotations"]) == 1
    assert not (tmp_path / "predictions").exists()


def test_no_draw_and_show_scores(images, tmp_path):
    assert call(images / "a.jpg", "--no-draw", "--out", "o") == 0
    assert [p.name for p in (tmp_path / "o").iterdir()] == ["predictions.json"]
    assert call(images / "a.jpg", "--show-scores", "--out", "p") == 0


def test_a_video_gives_a_drawn_video_and_numbered_frames(video, tmp_path, capsys):
    assert call(video, "--out", "o") == 0
    assert "6 poses in 6 frames: o/predictions.json" in capsys.readouterr().out
    drawn = VideoReader(tmp_path / "o" / "walk_pose.mp4")
    assert drawn.fps == pytest.approx(10)
    assert [frame.shape for frame in drawn] == [(48, 64, 3)] * 6
    images = json.loads((tmp_path / "o" / "predictions.json").read_text())["images"]
    assert [image["frame_id"] for image in images] == list(range(6))
    assert images[5] == dict(id=6, file_name="../walk.mp4", frame_id=5, width=64, height=48)


def test_a_video_is_opened_once(video, monkeypatch):
    opened = []
    monkeypatch.setattr(media_sources, "VideoReader", lambda path: opened.append(path) or VideoReader(path))
    assert call(video, "--out", "o") == 0
    assert opened == [str(video)]


def test_people_in_videos_have_ids(video, images, capsys):
    assert call(video, images / "a.jpg", "--json", "--boxes", "1,2,11,22", "--boxes", "30,30,50,40") == 0
    rows = json.loads(capsys.readouterr().out)["annotations"]
    assert [row.get("track_id") for row in rows] == [*[1, 2] * 6, None, None]
    assert call(video, "--json", "--no-track") == 0
    assert "track_id" not in capsys.readouterr().out


def test_formats(video, images, tmp_path):
    pytest.importorskip("pyarrow")
    names = "json,jsonl,csv,parquet,openpose", "trc"
    boxes = "--boxes", "1,2,11,22", "--boxes", "30,30,50,40"
    assert call(images / "a.jpg", video, "--out", "o", "--no-draw", *boxes, *(f"--format={n}" for n in names)) == 0
    written = sorted(str(p.relative_to(tmp_path / "o")) for p in (tmp_path / "o").rglob("*") if p.is_file())
    frames = [f"openpose/walk_{number:012d}_keypoints.json" for number in range(6)]
    tables = ["poses.csv", "poses.json", "poses.jsonl", "poses.parquet", "predictions.json"]
    assert written == ["openpose/a_000000000000_keypoints.json", *frames, *tables, "walk_1.trc", "walk_2.trc"]
    poses = PoseSequence.from_json(tmp_path / "o" / "poses.json")
    assert (poses.model, poses.fps, len(poses)) == ("default.onnx", None, 7)
    assert (poses[6].frame, poses[6].time, poses[6].track_ids.tolist()) == (5, 0.5, [1, 2])
    assert poses[0].file_name == str(images / "a.jpg")
    assert poses[0].track_ids is None
    lines = (tmp_path / "o" / "poses.jsonl").read_text().splitlines()
    assert PoseResult.from_json(lines[6]).boxes.tolist() == [[1, 2, 11, 22], [30, 30, 50, 40]]
    assert len((tmp_path / "o" / "poses.csv").read_text().splitlines()) == 1 + 2 * 7


def test_trc_files_take_lifted_poses(monkeypatch, video, tmp_path):
    monkeypatch.setattr(module, "open_lifter", lambda *options, **source: Doubling())
    assert call(video, "--out", "o", "--no-draw", "--format", "trc") == 0
    text = (tmp_path / "o" / "walk.trc").read_text()
    assert "\tm\t" in text.splitlines()[2]
    assert "middle" in text


def test_pages_and_files_of_labelling_tools(monkeypatch, video, images, tmp_path):
    pytest.importorskip("sleap_io")
    monkeypatch.setattr(module, "open_lifter", lambda *options, **source: Doubling())
    formats = "--lift", "l.py", "--format", "html3d,dlc,slp"
    assert call(video, images / "a.jpg", "--out", "o", "--no-draw", *formats) == 0
    names = ["a_3d.html", "images_dlc.csv", "poses.slp", "predictions.json", "walk_3d.html", "walk_dlc.csv"]
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == names
    assert len((tmp_path / "o" / "walk_dlc.csv").read_text().splitlines()) == 3 + 6


def test_lifted_poses_stand_beside_the_drawings(monkeypatch, video, images, tmp_path):
    monkeypatch.setattr(module, "open_lifter", lambda *options, **source: Doubling())
    assert call(video, images / "a.jpg", "--out", "o", "--lift", "l.py") == 0
    for name in ("walk_pose", "walk_pose_3d"):
        assert len(list(VideoReader(tmp_path / "o" / f"{name}.mp4"))) == 6
    flat, space = (read_image(tmp_path / "o" / f"a_pose{end}.jpg") for end in ("", "_3d"))
    assert space.shape[0] == SIDE_PX
    assert (space.shape[1] - flat.shape[1]) % SIDE_PX == 0
    assert space.shape[1] > flat.shape[1]
    assert call(images / "a.jpg", "--out", "p", "--lift", "l.py") == 0
    (tmp_path / "p" / "predictions.json").unlink()
    (tmp_path / "p" / "a_pose.jpg").unlink()
    assert call(images / "a.jpg", "--out", "p", "--lift", "l.py") == 2  # a_pose_3d.jpg is there already


def test_a_video_is_lifted_once(monkeypatch, video):
    lifter, lifted = Doubling(), []
    monkeypatch.setattr(lifter, "predict", lambda results: lifted.append(len(results)) or Doubling().predict(results))
    monkeypatch.setattr(module, "open_lifter", lambda *options, **source: lifter)
    assert call(video, "--out", "o", "--lift", "l.py", "--format", "html3d,trc") == 0
    assert lifted == [6]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--format", "csvv"], "--format csvv: did you mean 'csv'?"),
        (["--format", "csv", "--json"], "--format csv: --json alone writes no files; give a folder with --out"),
        (["--format", "trc"], "TRC files hold the tracks of videos"),
        (["--format", "html3d"], "--format html3d: it shows poses in space; give a lifter with --lift"),
    ],
)
def test_formats_that_cannot_be_written(options, message, images, capsys):
    assert call(images / "a.jpg", *options) == cli.USER_ERROR
    assert message in capsys.readouterr().err


def test_formats_need_their_package(monkeypatch, images, capsys):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert call(images / "a.jpg", "--format", "parquet") == cli.USER_ERROR
    assert (
        "this needs the package pyarrow, which is not installed: pip install 'posekit[tables]'"
        in capsys.readouterr().err
    )


def test_the_bar_counts_frames_and_what_failed(video, images, monkeypatch):
    bars = []

    class WatchedBar(ProgressBar):
        def __enter__(self):
            bars.append((self, moves := []))
            self._draw = lambda: moves.append((self.done, self.total))
            return super().__enter__()

    monkeypatch.setattr(predict_run, "ProgressBar", WatchedBar)
    (images / "b.png").write_bytes(b"")
    assert call(images, video, "--json") == 1
    [(bar, moves)] = bars
    assert (moves[0], moves[-1]) == ((0, 4), (9, 9))
    assert [done for done, _ in moves] == sorted(done for done, _ in moves)
    assert bar.done == bar.total == 3 + 6


def test_a_damaged_video_is_named_and_the_others_go_on(video, images, tmp_path, capsys):
    (tmp_path / "half.mp4").write_bytes(video.read_bytes()[:200])
    assert call(tmp_path / "half.mp4", images / "a.jpg", "--out", "o") == 1
    streams = capsys.readouterr()
    assert "half.mp4: OpenCV cannot decode this video" in streams.err
    assert "1 of 2 files failed" in streams.err
    written = ["a_pose.jpg", "predictions.json", "predictions.partial.jsonl"]
    assert sorted(p.name for p in (tmp_path / "o").iterdir()) == written


def boxes_of(capsys) -> list[list[float]]:
    return [row["bbox"] for row in json.loads(capsys.readouterr().out)["annotations"]]


def test_boxes_on_the_command_line(images, capsys):
    assert call(images / "a.jpg", "--json", "--boxes", "1,2,11,22", "--boxes", "0,0,5,5") == 0
    assert boxes_of(capsys) == [[1, 2, 10, 20], [0, 0, 5, 5]]


COCO = dict(
    images=[dict(id=4, file_name="x/a.jpg")], annotations=[dict(image_id=4, bbox=[1, 2, 10, 20])]
)  # fmt: skip


@pytest.mark.parametrize("content", [{"a.jpg": [[1, 2, 11, 22]]}, {"elsewhere/a.jpg": [[1, 2, 11, 22]]}, COCO])
def test_boxes_file(content, images, capsys, tmp_path):
    (tmp_path / "boxes.json").write_text(json.dumps(content))
    assert call(images / "a.jpg", "--json", "--boxes-file", "boxes.json") == 0
    assert boxes_of(capsys) == [[1, 2, 10, 20]]


def test_no_boxes_for_a_image(images, capsys, tmp_path):
    (tmp_path / "boxes.json").write_text('{"a.jpg": []}')
    assert call(images / "a.jpg", images / "b.png", "--json", "--boxes-file", "boxes.json") == 1
    streams = capsys.readouterr()
    assert json.loads(streams.out)["annotations"] == []
    assert "b.png: boxes.json has no boxes for it" in streams.err


def test_bad_images_are_listed_and_the_others_go_on(images, capsys):
    (images / "empty.jpg").write_bytes(b"")
    (images / "text.png").write_text("no image")
    cut = (images / "a.jpg").read_bytes()
    (images / "cut.jpg").write_bytes(cut[: len(cut) // 2])
    assert call(images) == 1
    streams = capsys.readouterr()
    assert "3 poses in 3 images" in streams.out
    assert streams.err.count("error: ") == 3
    assert all(name in streams.err for name in ("empty.jpg", "text.png", "cut.jpg", "3 of 6 files failed"))


def test_the_image_of_a_wrong_box_is_named(images, capsys, tmp_path):
    (tmp_path / "boxes.json").write_text('{"a.jpg": [[5, 5, 5, 9]]}')
    assert call(images / "a.jpg", "--json", "--boxes-file", "boxes.json") == 1
    assert "a.jpg: boxes: [5.0, 5.0, 5.0, 9.0] has no area" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.jpg"], "nowhere.jpg: no such image, video or folder"),
        (["hollow"], "hollow: no images or videos in this folder"),
        (["in", "--boxes", "1,2,3"], "expected four numbers x1,y1,x2,y2"),
        (["in", "--boxes", "1,2,three,4"], "expected four numbers x1,y1,x2,y2"),
        (["in", "--boxes", "9,9,1,1"], "with x1 < x2 and y1 < y2"),
        (["in", "--boxes", "1,2,3,4", "--boxes-file", "boxes.json"], "not both"),
        (["in", "--boxes-file", "boxes.json"], "boxes.json: boxes of 'a.jpg': expected {"),
        (["in", "--boxes-file", "boxes.json"], "found [1, 2, 3]"),
        (["in", "--boxes-file", "none.json"], "none.json' is not there"),
        (["in", "--boxes-file", "list.json"], "images and annotations, found a list"),
        (["in", "--boxes-file", "deep.json"], "deep.json' is no valid JSON"),
        (["in", "--boxes-file", "coco.json"], "these annotations are damaged (KeyError: 'images')"),
        (["in", "--out", "in/a.jpg"], "in/a.jpg: is a file; name a folder to write"),
        (["in", "--out", "in/a.jpg/x"], "in/a.jpg is a file; choose another place"),
        (["in", "--threads", "0"], "greater than or equal to 1"),
    ],
)
def test_wrong_arguments(arguments, message, images, capsys, tmp_path):
    (tmp_path / "hollow").mkdir()
    files = {"boxes": '{"a.jpg": [[1, 2, 3]]}', "list": "[1]", "deep": "[" * 100_000, "coco": '{"annotations": []}'}
    for name, text in files.items():
        (tmp_path / f"{name}.json").write_text(text)
    assert call(*arguments) == cli.USER_ERROR
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((None, "c.py", None, "cpu", None), "c.py: a config needs weights"),
        ((None, None, "w.pth", "cpu", None), "--checkpoint belongs to a --config"),
        (("m.onnx", "c.py", "w.pth", "cpu", None), "not both"),
        ((None, None, None, "tpu", None), "device 'tpu': no such kind of device; use auto, cpu, cuda, cuda:N, mps"),
        ((None, None, None, "mps", None), "device 'mps' cannot be used here: ONNX Runtime has no CoreML"),
    ],
)
def test_contradicting_options(options, message, monkeypatch):
    monkeypatch.undo()
    with pytest.raises(ValueError, match=message):
        open_predictor(*options)


@pytest.mark.parametrize(
    ("model", "message"),
    [(None, "--override a=1: changes a config; give that as well"), (Path("m.onnx"), "m.onnx is an exported model")],
)
def test_overrides_belong_to_a_config(model, message, monkeypatch):
    monkeypatch.undo()
    with pytest.raises(ValueError, match=message):
        open_predictor(model, None, None, "cpu", None, overrides=["a=1"])


def test_overrides_and_plugins_reach_the_config(monkeypatch, tmp_path):
    pytest.importorskip("torch")
    monkeypatch.undo()
    config = tmp_path / "c.py"
    config.write_text("custom_imports = dict(imports=['mine.parts'])\nmodel = dict(type='A', depth=1)\n")
    monkeypatch.setattr("posekit.apis.inference.init_model", lambda config, weights, device: config)
    monkeypatch.setattr("posekit.apis.inference.predictor_of", lambda model: model)
    options = (None, config, "w.pth", "cpu", None)
    assert open_predictor(*options, overrides=["model.depth=5"], plugins=["mine"])["model"]["depth"] == 5
    with pytest.raises(ValueError, match="--plugin mine"):
        open_predictor(*options, overrides=["model.depth=5"])


def test_a_plugin_that_is_not_there(images, capsys):
    assert call(images, "--plugin", "gone_plugin") == 2
    assert "--plugin gone_plugin: no module 'gone_plugin', seen from" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("lift.py", None), "lift.py: a config needs weights"),
        ((None, "lift.pth"), "--lift-checkpoint belongs to a config"),
    ],
)
def test_a_lifter_has_config_and_checkpoint(options, message):
    with pytest.raises(ValueError, match=message):
        open_lifter(*options, "cpu", None)


class Doubling:
    """Lifts two keypoints to three joints."""

    metainfo = dict(keypoint_id2name={0: "low", 1: "middle", 2: "high"})  # noqa: RUF012

    def predict(self, results):
        return [
            PoseResult(np.full((len(result), 3, 3), float(frame)), np.ones((len(result), 3)), self.metainfo)
            for frame, result in enumerate(results)
        ]


def test_lifted_joints_stand_beside_the_poses(monkeypatch, video, images, capsys):
    monkeypatch.setattr(module, "open_lifter", lambda *options, **source: Doubling())
    images.joinpath("boxes.json").write_text('{"walk.mp4": [[0, 0, 9, 9], [1, 1, 5, 5]], "a.jpg": []}')
    assert call(video, images / "a.jpg", "--json", "--boxes-file", images / "boxes.json") == 0
    content = json.loads(capsys.readouterr().out)
    assert content["categories"][0]["keypoints_3d"] == ["low", "middle", "high"]
    assert [row["keypoints_3d"][:2] for row in content["annotations"]] == [[i // 2, i // 2] for i in range(12)]


CONFIG = """
codec = dict(type="RegressionLabel", input_size=(32, 64))
model = dict(
    type="TopdownPoseEstimator",
    data_preprocessor=dict(type="PoseDataPreprocessor", mean=[120, 110, 100], std=[60, 60, 60], bgr_to_rgb=True),
    backbone=dict(type="MobileNetV2", widen_factor=0.1, out_indices=(7,)),
    neck=dict(type="GlobalAveragePooling"),
    head=dict(type="RegressionHead", in_channels=1280, num_joints=17, decoder=codec),
)
pipeline = [
    dict(type="LoadImage"),
    dict(type="GetBBoxCenterScale"),
    dict(type="TopdownAffine", input_size=codec["input_size"]),
    dict(type="PackPoseInputs"),
]
test_dataloader = dict(dataset=dict(type="CocoDataset", data_mode="topdown", pipeline=pipeline))
"""


def test_a_config_with_its_checkpoint(monkeypatch, images, capsys, tmp_path):
    torch = pytest.importorskip("torch")
    from posekit.apis import init_model

    monkeypatch.undo()
    (tmp_path / "small.py").write_text(CONFIG)
    weights = init_model(tmp_path / "small.py").state_dict()
    torch.save({"state_dict": weights}, tmp_path / "small.pth")
    chosen = ("--config", tmp_path / "small.py", "--checkpoint", tmp_path / "small.pth", "--device", "cpu")
    assert call(images / "a.jpg", "--json", *chosen, "--boxes", "0,0,30,40", "--boxes", "10,0,60,40") == 0
    content = json.loads(capsys.readouterr().out)
    assert len(content["categories"][0]["keypoints"]) == 17
    assert [row["bbox"] for row in content["annotations"]] == [[0, 0, 30, 40], [10, 0, 50, 40]]
    (tmp_path / "boxes.json").write_text('{"a.jpg": []}')
    assert call(images / "a.jpg", "--json", *chosen, "--boxes-file", tmp_path / "boxes.json") == 0
    assert json.loads(capsys.readouterr().out)["annotations"] == []


def test_a_pipe_is_named_and_a_folder_with_a_image_s_name_is_searched(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "clip.mp4").mkdir()
    cv2.imwrite(str(tmp_path / "clip.mp4" / "frame.png"), np.zeros((4, 4, 3), np.uint8))
    found = media_sources.find_sources([str(tmp_path / "pipe.jpg"), str(tmp_path / "clip.mp4")])
    assert [os.path.basename(source.place) for source in found] == ["pipe.jpg", "frame.png"]  # noqa: PTH119
    with pytest.raises(ValueError, match=r"pipe.jpg: cannot be read \(it is a folder or a device\)"):
        next(found[0].frames())

"""Every reader takes a damaged file, or refuses it in one error that names it, in little time and memory."""

from __future__ import annotations

import contextlib
import json
import resource
import shutil
import signal
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from mutations import damaged

from posekit.cli import main as cli
from posekit.config import load
from posekit.inference.detection import DetectorRecipe
from posekit.inference.recipe import OneStageRecipe, Recipe
from posekit.inference.results import PoseResult
from posekit.inference.saved_poses import SavedPoses
from posekit.inference.sequence import PoseSequence
from posekit.labels.doctor.examination import examine
from posekit.labels.doctor.source import file_source
from posekit.labels.format_table import get_format
from posekit.labels.keypoint_data import Hints
from posekit.media.image_file import image_size, read_image
from posekit.media.video import VideoReader, VideoWriter

SECONDS, BYTES = 10, 3 * 2**30
USER_ERRORS = (ValueError, OSError, KeyError)
LABEL_FILES = {
    "coco": ("o.json",),
    "yolo": ("data.yaml", "labels/train/0.txt"),
    "deeplabcut": ("config.yaml", "labeled-data/*/CollectedData_posekit.csv"),
    "labelstudio": ("tasks.json",),
    "cvat": ("annotations.xml",),
    "labelme": ("0.json",),
    "openpose": ("0_keypoints.json",),
}


class TooSlow(BaseException):
    """A reader takes longer than it may."""


@contextlib.contextmanager
def limited() -> Iterator[None]:
    """Limit time and memory of what is done inside."""

    def stop(*_: object) -> None:
        raise TooSlow

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + BYTES, hard))
    try:
        yield
    finally:
        signal.alarm(0)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        signal.signal(signal.SIGALRM, before)


def fuzz(path: Path, read: Callable[[Path], Any], count: int, seed: int, *, named: str | None = None) -> None:
    """Read damaged copies of a file in its place.

    Args:
        path: of a valid file.
        read: takes the path.
        count: number of copies.
        seed: of the damage.
        named: what an error must hold, by default the file's name.
    """
    whole = path.read_bytes()
    read(path)
    for number, data in enumerate(damaged(whole, count, seed)):
        path.write_bytes(data)
        try:
            with limited(), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                read(path)
        except USER_ERRORS as error:
            message = cli.describe(error)
            assert (named or path.name) in message, f"input {number}, {data[:80]!r}: {message}"
        except (Exception, TooSlow) as error:
            pytest.fail(f"input {number} of seed {seed}, {data[:200]!r}: {type(error).__name__}: {error}")
    path.write_bytes(whole)


@pytest.fixture
def labels(tmp_path) -> Path:
    """A small COCO file with its images."""
    folder = tmp_path / "in"
    folder.mkdir()
    images, mice = [], []
    for number in range(2):
        cv2.imwrite(str(folder / f"{number}.png"), np.full((48, 64, 3), 40 * number, np.uint8))
        images.append({"id": number, "file_name": f"{number}.png", "width": 64, "height": 48})
        box = {"bbox": [1, 2, 12.5, 13], "area": 80.5, "category_id": 1, "iscrowd": 0}
        points = [1.5, 2, 2, 3, 4.25, 1, 10, 11, 2]
        mice.append({"id": number, "image_id": number, "keypoints": points, "num_keypoints": 3, **box})
    category = {"id": 1, "name": "mouse", "keypoints": ["nose", "left ear", "right ear"], "skeleton": [[1, 2]]}
    path = folder / "labels.json"
    path.write_text(json.dumps({"images": images, "annotations": mice, "categories": [category]}))
    return path


@pytest.mark.parametrize(("name", "file"), [(name, file) for name, files in LABEL_FILES.items() for file in files])
def test_labels(labels, tmp_path, num_inputs, seed, name, file):
    out = tmp_path / ("o.json" if name == "coco" else "o")
    options = ("--to", name, "--yes", *(("--split", "none") if name == "yolo" else ()))
    with pytest.raises(SystemExit) as done:
        cli.main(["data", "convert", str(labels), str(out), *options])
    assert not done.value.code
    (path,) = [out] if name == "coco" else list(out.glob(file)) or list(out.rglob(Path(file).name))[:1]
    read = get_format(name).read
    assert read is not None
    fuzz(path, lambda _: read(out, Hints()), num_inputs, seed, named=str(tmp_path))


def test_doctor(labels, num_inputs, seed):
    fuzz(labels, lambda path: examine([file_source(str(path))], images=False), num_inputs, seed)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".gif", ".tiff", ".bmp"])
@pytest.mark.parametrize("read", [read_image, image_size])
def test_images(tmp_path, num_inputs, seed, suffix, read, capfd):
    image = np.random.default_rng(1).integers(0, 255, (24, 32, 3), np.uint8)
    path = tmp_path / f"a{suffix}"
    cv2.imwrite(str(path), image)
    fuzz(path, read, num_inputs, seed)
    capfd.readouterr()  # what decoders print


def test_videos(tmp_path, num_inputs, seed, capfd):
    path = tmp_path / "walk.mp4"
    with VideoWriter(path, fps=10) as writer:
        for number in range(4):
            writer.write(np.full((32, 48, 3), 40 * number, np.uint8))
    fuzz(path, lambda video: sum(1 for _ in VideoReader(video)), num_inputs, seed)
    capfd.readouterr()


CONFIG = b"""
codec = dict(type='SimCCLabel', input_size=(192, 256), sigma=(4.9, 5.66), simcc_split_ratio=2.0)
model = dict(type='TopdownPoseEstimator', head=dict(type='RTMCCHead', out_channels=17, decoder=codec))
lrs = [0.1 * 2 ** number for number in range(3)]
names = {f'{name}_dataloader': None for name in ('val', 'test')}
if model['head']['out_channels'] > 3:
    wide = True
"""


def test_configs(tmp_path, num_inputs, seed):
    path = tmp_path / "mine.py"
    path.write_bytes(CONFIG)
    fuzz(path, load, num_inputs, seed)


SKELETON = {"dataset_name": "two", "keypoint_id2name": {0: "low", 1: "high"}, "skeleton_links": [[0, 1]]}


def result() -> PoseResult:
    points, scores = np.array([[[1, 2], [5, 9]]], np.float32), np.array([[0.5, 0.75]], np.float32)
    return PoseResult(points, scores, SKELETON, image_size_wh=(20, 10), boxes=np.array([[1, 1, 9, 9]], np.float32))


def test_saved_results(tmp_path, num_inputs, seed):
    path = tmp_path / "pose.json"
    path.write_text(result().to_json())
    fuzz(path, PoseResult.from_json, num_inputs, seed)


def test_saved_sequences(tmp_path, num_inputs, seed):
    path = tmp_path / "poses.json"
    path.write_text(PoseSequence([result(), result()], SKELETON).to_json())
    fuzz(path, PoseSequence.from_json, num_inputs, seed)


def test_saved_predictions(tmp_path, num_inputs, seed):
    path = tmp_path / "predictions.json"
    rows = [
        {"id": t, "image_id": t, "keypoints": [t, 0, 1, 9, 9, 1], "bbox": [t, 0, 9, 9], "track_id": 1} for t in range(3)
    ]
    images = [{"id": t, "file_name": "a.mp4", "frame_id": t} for t in range(3)]
    path.write_text(json.dumps({"images": images, "annotations": rows}))

    def smoothed(file: Path) -> None:
        poses = SavedPoses(file)
        poses.write(file.with_name("out.json"))

    fuzz(path, smoothed, num_inputs, seed)


RECIPES: dict[str, Any] = {
    "pose": Recipe(
        codec=dict(type="MSRAHeatmap", input_size=[48, 64], heatmap_size=[12, 16], sigma=2), input_size=(48, 64),
        padding=1.25, use_udp=False, names=("left", "right", "top"), flip_indices=(1, 0, 2), links=((0, 2),),
        flip_test=True, flip_options=dict(flip_mode="heatmap", shift_heatmap=True),
    ),
    "one-stage": OneStageRecipe(input_size=(48, 64), names=("left", "right"), flip_indices=(1, 0)),
    "detector": DetectorRecipe(input_size=(48, 64), strides=(8, 16), classes=("person",)),
}  # fmt: skip


@pytest.mark.parametrize("name", RECIPES)
def test_metadata_of_model_files(tmp_path, num_inputs, seed, name):
    recipe, path = RECIPES[name], tmp_path / "model.onnx.json"
    path.write_text(recipe.to_json())

    def read(file: Path) -> Any:
        return type(recipe).from_json(file.read_bytes().decode("utf-8", "replace"), source=str(file))

    fuzz(path, read, num_inputs, seed)


@pytest.mark.parametrize("kind", ["zip", "legacy", "safetensors"])
def test_checkpoints(tmp_path, num_inputs, seed, kind):
    torch = pytest.importorskip("torch")
    from posekit.checkpoints.inspect import inspect_checkpoint
    from posekit.checkpoints.save import save_weights

    state = {"backbone.conv.weight": torch.ones(4, 3, 1, 1), "head.bias": torch.ones(4).half()}
    meta = {"epoch": 7, "dataset_meta": {"dataset_name": "mine", "keypoint_id2name": {0: "nose", 1: "tail"}}}
    path = tmp_path / ("a.safetensors" if kind == "safetensors" else "a.pth")
    if kind == "safetensors":
        save_weights(path, state, meta)
    else:
        content = {"state_dict": state, "meta": meta, "log": [1, 2.5, "x"]}
        torch.save(content, path, _use_new_zipfile_serialization=kind == "zip")
    fuzz(path, inspect_checkpoint, num_inputs, seed)


def test_a_damaged_file_is_told_by_the_command(labels, capsys):
    """The error of a reader is what a user reads, without a traceback."""
    shutil.copy(labels, labels.with_name("cut.json"))
    labels.with_name("cut.json").write_bytes(labels.read_bytes()[:100])
    with pytest.raises(SystemExit) as done:
        cli.main(["data", "check", str(labels.with_name("cut.json"))])
    assert done.value.code == 2
    assert "cut.json" in capsys.readouterr().err

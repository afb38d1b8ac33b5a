"""What a person calls a model leads to its files, from Python and from the command line; weights come from a server."""

from __future__ import annotations

import hashlib
import json
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from posekit import Pose
from posekit.apis import init_model
from posekit.apis.boxes import open_detector, shows_people
from posekit.checkpoints import download as downloads
from posekit.checkpoints.download import DownloadError
from posekit.cli.main import main
from posekit.inference.pose_model import DEFAULT_MODEL
from posekit.media.image_file import read_image
from posekit.zoo import model_files as module
from posekit.zoo import model_index, weights
from posekit.zoo.model_files import ModelFiles, files_of
from posekit.zoo.model_index import UnknownModelError, find

CONFIGS = {
    "small-pose": ("pose", "body 2d", "body_2d_keypoint/topdown_heatmap/coco/td-hm_res50_8xb64-210e_coco-256x192.py"),
    "small-boxes": ("detector", "detection", "detection/rtmdet/rtmdet_nano_320-8xb32_coco-person.py"),
    "small-lifter": (
        "pose", "body 3d", "body_3d_keypoint/image_pose_lift/h36m/image-pose-lift_tcn_8xb64-200e_h36m.py"
    ),
}  # fmt: skip
IMAGE = DEFAULT_MODEL.with_name("demo.jpg")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of random weights of released architectures, each at its path on the server."""
    root = tmp_path_factory.mktemp("server")
    for name, (_, _, config) in CONFIGS.items():
        torch.manual_seed(0)
        torch.save({"state_dict": init_model(f"posekit::{config}").state_dict()}, root / "part.pth")
        digits = hashlib.sha256((root / "part.pth").read_bytes()).hexdigest()[:8]
        (root / "mmpose").mkdir(exist_ok=True)
        (root / "part.pth").rename(root / "mmpose" / f"{name}-{digits}.pth")
    return root


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def mirror(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A mirror with three small models, which are released ones for as long as the test runs."""
    monkeypatch.setenv(downloads.CACHE_VARIABLE, str(tmp_path / "cache"))
    for variable in (downloads.OFFLINE_VARIABLE, "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    released = []
    for name, (kind, task, config) in CONFIGS.items():
        [file] = (folder / "mmpose").glob(f"{name}-*.pth")
        url, digits = f"https://host.invalid/mmpose/{file.name}", file.stem.rpartition("-")[2]
        facts = dict(name=name, aliases=(name.removeprefix("small-"),), kind=kind, task=task, config=config)
        released.append(find("human")._replace(**facts, urls=(url,), sha256=digits))  # pyright: ignore[reportArgumentType]
    entries = (*model_index.model_entries()[:3], *released)
    model_index._by_name.cache_clear()
    for each in (model_index, weights, module):
        monkeypatch.setattr(each, "model_entries", lambda: entries)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    monkeypatch.setenv(downloads.MIRROR_VARIABLE, f"http://127.0.0.1:{server.server_address[1]}")
    yield downloads.MIRROR_VARIABLE
    server.shutdown()
    thread.join()
    server.server_close()
    model_index._by_name.cache_clear()


def call(*arguments: object) -> int:
    with pytest.raises(SystemExit) as end:
        main([str(each) for each in arguments])
    return int(end.value.code or 0)


def test_aliases_open_everything_that_predict_needs(mirror, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    options = ["--model", "pose", "--detector", "boxes", "--lift", "lifter", "--device", "cpu", "--out", "o"]
    assert call("predict", IMAGE, *options, "--boxes", "40,10,380,510", "--format", "json") == 0, capsys.readouterr()
    content = json.loads((tmp_path / "o" / "predictions.json").read_text())
    [person] = content["annotations"]
    assert len(person["keypoints"]) == 17 * 3
    assert len(person["keypoints_3d"]) == 17 * 3
    told = json.loads((tmp_path / "o" / "poses.json").read_text())
    assert told["model"] == "small-pose"
    assert told["model_sha256"].startswith(find("pose").sha256)


def test_an_alias_opens_a_pose_with_the_detector_of_people(mirror) -> None:
    torch_pose = Pose("pose", device="cpu")
    image = read_image(IMAGE)
    boxes = torch_pose(image).boxes.tolist()  # pyright: ignore[reportOptionalMemberAccess]
    assert boxes
    assert [0, 0, image.shape[1], image.shape[0]] not in boxes
    expected = init_model("pose").state_dict()
    opened = torch_pose.predictor.network.model.state_dict()  # pyright: ignore[reportAttributeAccessIssue]
    assert all(torch.equal(opened[key], value) for key, value in expected.items())


def test_a_released_detector_finds_boxes_of_persons(mirror) -> None:
    detections = open_detector("boxes", device="cpu")(read_image(IMAGE))
    assert detections.boxes.shape == (len(detections.scores), 4)
    assert set(detections.labels.tolist()) <= {0}
    assert len(open_detector("boxes", device="cpu", labels=[3])(read_image(IMAGE)).boxes) == 0


def test_export_takes_an_alias(mirror, tmp_path, monkeypatch, capsys) -> None:
    models = []
    exporter = SimpleNamespace(export_onnx=lambda model, out, **options: models.append(model) or "all agree")
    monkeypatch.setitem(sys.modules, "posekit.export.onnx", exporter)
    assert call("export", "pose", "-o", tmp_path / "pose.onnx") == 0, capsys.readouterr()
    assert type(models[0].backbone).__name__ == "ResNet"


def test_names_of_configs_bring_released_weights(mirror, tmp_path) -> None:
    name = "rtmdet_nano_320-8xb32_coco-person"
    files = files_of(name, kind="detector")
    assert Path(str(files.config)).stem == name
    assert str(files.weights).startswith(str(tmp_path / "cache"))
    assert files_of(name, "mine.pth", kind="detector").weights == "mine.pth"


def test_a_file_in_the_cache_needs_no_server(mirror, monkeypatch) -> None:
    with pytest.raises(DownloadError, match="is not in the cache"):
        files_of("boxes", kind="detector", offline=True)
    first = files_of("boxes", kind="detector")
    monkeypatch.delenv(mirror)
    assert files_of("boxes", kind="detector", offline=True) == first


def test_what_cannot_be_had_says_how_to_bring_it(mirror, folder, monkeypatch, tmp_path, capsys) -> None:
    monkeypatch.setenv(mirror, "http://127.0.0.1:9")
    assert call("predict", IMAGE, "--model", "pose", "--offline") == 2
    message = capsys.readouterr().err
    entry = find("pose")
    for part in (entry.file, entry.urls[0], f"starts with {entry.sha256}", str(tmp_path / "cache"), "zoo import"):
        assert part in message


def test_paths(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rtmpose-m").touch()
    assert files_of("rtmpose-m", "w.pth") == ModelFiles("rtmpose-m", "w.pth")  # a file comes before a name
    assert files_of("some.onnx") == ModelFiles(None, "some.onnx")
    assert files_of("posekit::a/b.py", "w.pth") == ModelFiles("posekit::a/b.py", "w.pth")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("rtmpsoe-m",), "rtmpsoe-m: no such file, and neither .* did you mean 'rtmpose-m'"),
        (("td-hm_res50_8xb64-210e_coco-256x19",), "did you mean 'td-hm_res50_8xb64-210e_coco-256x192'"),
        (("a.py",), "a.py: a config needs weights"),
        (("model.pth",), "model.pth: these are weights"),
        (("m.onnx", "w.pth"), "checkpoint w.pth: belongs to a config"),
        (("rtmpose-m-onnx", "w.pth"), "rtmpose-m-onnx is an exported model"),
        (("rtmdet-m",), "rtmdet-m: this released model finds boxes, no poses"),
        (("group_fisher_prune_rtmpose-s_8xb256-420e_coco-256x192",), "no config: pruned by MMRazor"),
    ],
)
def test_mistakes_get_one_message(arguments, message) -> None:
    with pytest.raises(ValueError, match=message):
        files_of(*arguments)


def test_a_misspelt_name_is_told_by_init_model_and_detector() -> None:
    with pytest.raises(UnknownModelError, match="did you mean 'rtmpose-m'"):
        init_model("rtmpsoe-m")
    with pytest.raises(UnknownModelError, match="did you mean 'rtmdet-nano'"):
        open_detector("rtmdet-nanu")
    with pytest.raises(ValueError, match="human: this released model finds poses"):
        open_detector("human")


def test_released_models_of_bodies_look_for_people(tmp_path, monkeypatch) -> None:
    assert shows_people(None)
    assert shows_people("rtmpose-m")
    assert shows_people("wholebody")
    assert not shows_people("hand")
    assert not shows_people("mine.onnx")


@pytest.mark.parametrize("name", ["mine.onnx", "mine.xml"])
def test_exported_files_need_no_config(name) -> None:
    assert files_of(name) == (None, name)

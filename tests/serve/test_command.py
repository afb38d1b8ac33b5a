"""``posekit serve`` as its users start and stop it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from serve_tools import jpeg, video_bytes

from posekit.cli import main as cli
from posekit.inference.pose_model import PoseModel
from posekit.media.image_file import decode

IMAGE = {"Content-Type": "image/jpeg"}


@contextmanager
def started(tmp_path, *options: str, **variables: str) -> Iterator[tuple[subprocess.Popen, str]]:
    """Run the command on a free port, with its files in a folder, and yield the process and the server's address."""
    environment = {**os.environ, "TMPDIR": str(tmp_path), "NO_COLOR": "1", **variables}
    command = [
        sys.executable,
        "-m",
        "posekit",
        "serve",
        "--port",
        "0",
        "--threads",
        "1",
        "--detector",
        "whole",
        *options,
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        address = re.search(r"http://[\d.:]+", line)
        try:
            assert address, process.communicate()
            wait_until_it_answers(address[0])
            yield process, address[0]
        finally:
            process.kill()


def wait_until_it_answers(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            httpx.get(f"{url}/health")
        except httpx.ConnectError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(url)


def test_the_answer_is_that_of_the_model(tmp_path):
    content = jpeg(120, (64, 48))
    with started(tmp_path, POSEKIT_TOKEN="secret") as (_, url):
        refused = httpx.post(f"{url}/v1/predict", content=content, headers=IMAGE)
        answer = httpx.post(f"{url}/v1/predict", content=content, headers={**IMAGE, "Authorization": "Bearer secret"})
    expected = PoseModel.default(threads=1).predict(decode(content))
    assert refused.status_code == 401
    (person,) = answer.json()["images"][0]["persons"]
    assert person["keypoints"] == expected.keypoints[0].tolist()


def test_sigterm_finishes_requests_cancels_videos_and_removes_files(tmp_path):
    with started(tmp_path) as (process, url):
        content = video_bytes(tmp_path, num_frames=500, size_wh=(320, 240))
        answer = httpx.post(f"{url}/v1/video", content=content, headers={"Content-Type": "video/mp4"})
        assert answer.status_code == 202
        assert list(tmp_path.glob("posekit-serve-*/*"))
        statuses = []
        images = [("images", jpeg(number, (640, 480))) for number in range(32)]
        request = threading.Thread(
            target=lambda: statuses.append(httpx.post(f"{url}/v1/predict", files=images, timeout=60).status_code)
        )
        request.start()
        while not re.search(r"^posekit_memory_bytes [1-9]", httpx.get(f"{url}/metrics").text, re.MULTILINE):
            assert not statuses
        process.send_signal(signal.SIGTERM)
        request.join()
        assert statuses == [200]
        assert process.wait(30) == 0
        assert not list(tmp_path.glob("posekit-serve-*"))
        _, errors = process.communicate()
        assert "Traceback" not in errors


def call(*arguments: str, capsys) -> str:
    with pytest.raises(SystemExit) as done:
        cli.main(["serve", *arguments])
    assert done.value.code == 2
    return capsys.readouterr().err


def test_a_port_in_use_is_told(capsys):
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        assert f"--host 127.0.0.1 --port {port}: Address already in use" in call("--port", str(port), capsys=capsys)


def test_a_missing_model_is_told(capsys):
    assert "no.onnx: no such model file" in call("--model", "no.onnx", "--port", "0", capsys=capsys)


def test_two_models_of_one_name_are_told(capsys, tmp_path):
    from posekit.inference.pose_model import DEFAULT_MODEL

    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "m.onnx").write_bytes(DEFAULT_MODEL.read_bytes())
    paths = [str(tmp_path / folder / "m.onnx") for folder in ("a", "b")]
    assert "two have one name" in call("--model", paths[0], "--model", paths[1], "--port", "0", capsys=capsys)


def test_a_missing_package_is_told(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "python_multipart", None)
    assert "pip install 'posekit[serve]'" in call("--port", "0", capsys=capsys)

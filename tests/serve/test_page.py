"""The page in a real browser; skipped where there is no Chromium or no playwright."""

from __future__ import annotations

import base64
import csv
import json
import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from serve_tools import jpeg, running

from posekit.inference.sequence import PoseSequence
from posekit.serve.app import page_files

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
READ_PIXEL = "([x, y]) => [...document.getElementById('overlay').getContext('2d').getImageData(x, y, 1, 1).data]"


@pytest.fixture(scope="module")
def server():
    with running(token="secret") as running_server:
        yield running_server


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("needs Chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, server):
    context = browser.new_context(locale="en-US", permissions=["camera"])
    page = context.new_page()
    problems: list[str] = []
    requests: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: note(problems, message))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(f"{server.url}/#token=secret")
    page.wait_for_selector("#model option", state="attached")
    yield page
    context.close()
    assert not problems
    assert all(url.startswith((server.url, "blob:", "data:")) for url in requests)


def note(problems: list[str], message) -> None:
    """Note what the page's scripts complain about; answers that refuse something are no fault of theirs."""
    if message.type == "error" and not message.text.startswith("Failed to load resource"):
        problems.append(message.text)


def cells(text: str) -> list[list[str | float]]:
    """Return the rows of a table, numbers as such: 0 and 0.0 are the same."""
    return [
        [float(cell) if re.fullmatch(r"[\d.]+", cell) else cell for cell in row]
        for row in csv.reader(text.splitlines())
    ]


def download(page, selector: str) -> bytes:
    with page.expect_download() as saved:
        page.click(selector)
    return Path(saved.value.path()).read_bytes()


def drop(page, name: str, content: bytes) -> None:
    """Drop a file on the page as a mouse does it."""
    transfer = page.evaluate_handle(
        """([name, text]) => {
            const transfer = new DataTransfer();
            const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
            transfer.items.add(new File([bytes], name, { type: "image/jpeg" }));
            return transfer;
        }""",
        [name, base64.b64encode(content).decode()],
    )
    page.dispatch_event("#stage", "drop", {"dataTransfer": transfer})


def test_a_dropped_image_shows_its_skeleton_and_downloads(page):
    drop(page, "grey.jpg", jpeg(200, (600, 400)))
    page.wait_for_selector("#json:enabled")
    assert page.evaluate(READ_PIXEL, [300, 200])[3] == 255  # the link from corner to corner
    assert page.evaluate(READ_PIXEL, [100, 300])[3] == 0
    assert "1 people" in page.inner_text("#status")
    poses = PoseSequence.from_json(download(page, "#json").decode())
    assert poses[0].file_name == "grey.jpg"
    np.testing.assert_array_equal(poses[0].keypoints, [[[0, 0], [600, 400]]])
    assert cells(download(page, "#csv").decode()) == cells(poses.to_csv())
    drawn = cv2.imdecode(np.frombuffer(download(page, "#drawing"), np.uint8), cv2.IMREAD_COLOR)
    assert drawn.shape == (400, 600, 3)
    assert np.abs(drawn[300, 100].astype(int) - 200).max() < 4
    assert np.abs(drawn[200, 300].astype(int) - 200).max() > 40


def test_the_threshold_hides_weak_keypoints(page):
    drop(page, "grey.jpg", jpeg(100, (600, 400)))  # of the score 100 / 255
    page.wait_for_selector("#json:enabled")
    assert page.evaluate(READ_PIXEL, [300, 200])[3] == 255
    page.focus("#threshold")
    page.keyboard.press("End")
    assert page.evaluate(READ_PIXEL, [300, 200])[3] == 0


def test_several_images_and_another_model(page):
    files = [{"name": f"{n}.jpg", "mimeType": "image/jpeg", "buffer": jpeg(n, (60, 40))} for n in (100, 200)]
    page.set_input_files("#file", files)
    page.wait_for_selector("#strip button:nth-child(2)")
    page.locator("#status", has_text="2 people").wait_for()
    with page.expect_response("**/v1/predict?model=other&name=200.jpg"):
        page.select_option("#model", "other")
    page.locator("#status", has_text="2 people").wait_for()
    page.click("#strip button:nth-child(2)")
    content = json.loads(download(page, "#json"))
    assert content["model"] == "other"
    assert [image["file_name"] for image in content["images"]] == ["100.jpg", "200.jpg"]


def test_a_video_shows_tracks_and_curves(page, tmp_path):
    path = tmp_path / "walk.webm"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"VP80"), 10, (320, 240))
    if not writer.isOpened():
        pytest.skip("this OpenCV cannot write WebM")
    for number in range(10):
        writer.write(np.full((240, 320, 3), 100 + 10 * number, np.uint8))
    writer.release()
    page.set_input_files("#file", path)
    page.wait_for_selector("#plots:visible")
    assert page.evaluate(READ_PIXEL, [160, 120])[3] == 255
    curve = "[...document.getElementById('plot').getContext('2d').getImageData(0, 0, 900, 220).data].some((v) => v)"
    page.select_option("#quantity", "point 1 0")
    assert page.evaluate(curve)
    poses = PoseSequence.from_json(download(page, "#json").decode())
    assert len(poses) == 10
    assert poses[9].track_ids.tolist() == [1]
    assert download(page, "#drawing")[4:8] == b"ftyp"


def test_the_webcam_runs_until_it_is_stopped(page):
    page.focus("#threshold")
    page.keyboard.press("Home")  # the stand-in for a webcam is dark, and so are the scores of this model
    page.click("#camera")
    page.wait_for_selector("#json:enabled")
    page.locator("#status", has_text="per second").wait_for()
    middle = page.evaluate("(({ width, height }) => [width / 2, height / 2])(document.getElementById('overlay'))")
    assert page.evaluate(READ_PIXEL, middle)[3] == 255
    page.click("#stop")
    poses = PoseSequence.from_json(download(page, "#json").decode())
    assert poses[0].track_ids.tolist() == [1]


def test_a_refused_file_is_told(page):
    drop(page, "note.jpg", b"hello")
    page.wait_for_selector("#error:visible")
    assert "none of JPEG" in page.inner_text("#error")


def test_all_controls_are_reached_by_the_keyboard_in_both_languages(page):
    page.click("#language")
    assert page.evaluate("document.documentElement.lang") == "zh"
    assert page.inner_text("#camera") == "摄像头"
    reached = set()
    page.evaluate("document.activeElement.blur()")
    for _ in range(20):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id"))
    assert {"language", "theme", "file", "camera", "model", "threshold", "people", "boxes", "names"} <= reached


def test_the_page_of_the_api_lists_it(page, server):
    page.goto(f"{server.url}/docs")
    page.wait_for_selector("#paths h2")
    assert "/v1/predict" in page.inner_text("#paths")


def test_the_files_of_the_page_name_each_other_only():
    for name, path in page_files().items():
        text = path.read_text(encoding="utf-8")
        assert not re.findall(r"(?:src|href)=\"(?!/)|https?://(?!www\.w3\.org/2000/svg)", text), name
        for other in re.findall(r"/page/([\w.]+)|from \"\./([\w.]+)\"", text):
            assert "".join(other) in page_files()

"""Images in all three forms, and what is refused."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from serve_tools import jpeg, png, running

from posekit.inference.results import PoseResult
from posekit.inference.sequence import PoseSequence
from posekit.serve.limits import Limits
from posekit.serve.video_jobs import best_people

WHOLE = [[[0, 0], [60, 40]]]


def keypoints(answer) -> list:
    assert answer.status_code == 200, answer.text
    return [[person["keypoints"] for person in image["persons"]] for image in answer.json()["images"]]


def test_multipart(server):
    files = [("images", ("a.jpg", jpeg(), "image/jpeg")), ("images", ("b.png", png(100, (20, 10)), "image/png"))]
    answer = server.client.post("/v1/predict", files=files, data={"boxes": "[[[1, 2, 3, 4], [5, 6, 7, 8]], null]"})
    assert keypoints(answer) == [[[[1, 2], [3, 4]], [[5, 6], [7, 8]]], [[[0, 0], [20, 10]]]]
    assert [image["file_name"] for image in answer.json()["images"]] == ["a.jpg", "b.png"]


def test_json(server):
    text = base64.b64encode(jpeg()).decode()
    images = [text, {"data": f"data:image/jpeg;base64,{text}", "name": "b.jpg", "boxes": [[1, 2, 3, 4]]}]
    answer = server.client.post("/v1/predict", json={"images": images, "options": {"model": "other"}})
    assert keypoints(answer) == [WHOLE, [[[1, 2], [3, 4]]]]
    assert answer.json()["model"] == "other"


def test_raw_bytes(server):
    query = {"boxes": "[[1, 2, 3, 4], [5, 6, 7, 8]]", "max_people": 1, "name": "x.jpg"}
    answer = server.client.post("/v1/predict", params=query, content=jpeg(), headers={"Content-Type": "image/jpeg"})
    assert keypoints(answer) == [[[[1, 2], [3, 4]]]]


def test_the_answer_is_what_posekit_reads_back(server):
    answer = server.client.post("/v1/predict", content=png(51), headers={"Content-Type": "image/png"})
    poses = PoseSequence.from_json(answer.text)
    assert poses.model == "box"
    assert poses[0].scores.tolist() == [[0.2, 0.2]]
    assert poses[0].image_size_wh == (60, 40)


def form(text: str) -> dict:
    return dict(files={"images": jpeg()}, data=json.loads(text))


BAD_REQUESTS = {
    "no body": ({}, 415, "multipart/form-data"),
    "another type": (dict(content=b"x", headers={"Content-Type": "text/html"}), 415, "text/html"),
    "no images": (dict(json={"images": []}), 400, "0 images"),
    "no base64": (dict(json={"images": ["http://localhost/a.jpg"]}), 400, "URLs and paths are not read"),
    "a number": (dict(json={"images": [3]}), 400, "image 0: expected a JSON object"),
    "a list": (dict(json=[1]), 400, "expected a JSON object, found list"),
    "an unknown key": (dict(json={"images": [], "imgs": []}), 400, "'imgs'"),
    "damaged JSON": (dict(content=b'{"images": [', headers={"Content-Type": "application/json"}), 400, "no valid JSON"),
    "deep JSON": (dict(content=b"[" * 200_000, headers={"Content-Type": "application/json"}), 400, "no valid JSON"),
    "much JSON": (dict(content=b"[" * 400_000, headers={"Content-Type": "application/json"}), 413, "values"),
    "no boundary": (dict(content=b"x", headers={"Content-Type": "multipart/form-data"}), 400, "no whole multipart"),
    "a truncated form": (
        dict(content=b'--x\r\nContent-Disp', headers={"Content-Type": "multipart/form-data; boundary=x"}), 400, "",
    ),
    "no image": (dict(content=b"hello", headers={"Content-Type": "image/jpeg"}), 400, "none of JPEG"),
    "an empty image": (dict(content=b"", headers={"Content-Type": "image/jpeg"}), 400, "empty"),
    "a truncated image": (dict(content=jpeg()[:-30], headers={"Content-Type": "image/jpeg"}), 400, "cut off"),
    "an unknown option": (form('{"options": "{\\"modle\\": 1}"}'), 400, "did you mean 'model'?"),
    "a wrong option": (form('{"options": "{\\"max_people\\": 0}"}'), 400, "a whole number above 0"),
    "an unknown model": (form('{"options": "{\\"model\\": \\"boxx\\"}"}'), 404, "did you mean 'box'?"),
    "an unknown field": (form('{"image_url": "x"}'), 400, "image_url"),
    "boxes of another number": (form('{"boxes": "[[[1,2,3,4]],[]]"}'), 400, "for each of 1 images"),
    "no boxes": (form('{"boxes": "[[1,2,3]]"}'), 400, "four numbers"),
    "boxes of texts": (form('{"boxes": "[[[1,2,3,\\"4\\"]]]"}'), 400, "four numbers"),
    "a box without area": (form('{"boxes": "[[5,5,5,5]]"}'), 400, "no area"),
    "a box outside": (form('{"boxes": "[[500,5,600,50]]"}'), 400, "outside of the image"),
    "a box of NaN": (form('{"boxes": "[[NaN,5,600,50]]"}'), 400, "no area"),
    "a huge number": (form(f'{{"boxes": "[[{"9" * 400},5,600,50]]"}}'), 400, "boxes"),
    "many boxes": (form(f'{{"boxes": "[{"[1,2,3,4]," * 1000}[1,2,3,4]]"}}'), 413, "1001 boxes"),
    "what the model refuses": (form('{"boxes": "[[13,5,20,20]]"}'), 400, "does not like 13"),
}  # fmt: skip


@pytest.fixture(scope="module")
def shared_server():
    with running() as running_server:
        yield running_server


@pytest.mark.parametrize("name", BAD_REQUESTS)
def test_a_bad_request_gets_one_clear_message(shared_server, name):
    request, status, message = BAD_REQUESTS[name]
    answer = shared_server.client.post("/v1/predict", **request)
    assert answer.status_code == status, answer.text
    assert message in answer.json()["error"]
    assert shared_server.service.memory.used == 0


def test_a_broken_model_answers_500_and_the_next_request_is_served(server):
    answer = server.client.post("/v1/predict", **form('{"boxes": "[[14,5,20,20]]"}'))
    assert answer.status_code == 500
    assert "log" in answer.json()["error"]
    assert server.client.post("/v1/predict", files={"images": jpeg()}).status_code == 200


def test_a_bad_image_in_a_batch_leaves_the_others_their_answers(server):
    server.network.go.clear()
    with ThreadPoolExecutor(4) as pool:
        requests = [form(json.dumps({"boxes": f"[[{left},5,20,20]]"})) for left in (11, 12, 13, 15)]
        answers = [pool.submit(server.client.post, "/v1/predict", **request) for request in requests]
        server.network.go.set()
        assert [answer.result().status_code for answer in answers] == [200, 200, 400, 200]


@pytest.mark.parametrize("name", ["../../etc/passwd", "..\\..\\windows\\x.jpg", "/etc/passwd\x00.jpg", "a" * 5000])
def test_a_name_is_told_without_its_folders(server, name):
    answer = server.client.post(
        "/v1/predict", json={"images": [{"data": base64.b64encode(jpeg()).decode(), "name": name}]}
    )
    told = answer.json()["images"][0]["file_name"]
    assert len(told) <= 200
    assert not set(told) & set("/\\\0")


def bomb(width: int, height: int) -> bytes:
    """Return a small PNG of many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(10_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def test_a_decompression_bomb_is_refused_before_it_is_decoded(server):
    answer = server.client.post("/v1/predict", content=bomb(40_000, 40_000), headers={"Content-Type": "image/png"})
    assert answer.status_code == 413
    assert "40000 x 40000 pixels" in answer.json()["error"]


def test_decoded_images_count_as_memory():
    with running(Limits(max_memory=2**20)) as server:
        assert server.client.post("/v1/predict", files={"images": png(0, (500, 500))}).status_code == 200
        answer = server.client.post("/v1/predict", files={"images": png(0, (600, 600))})
        assert answer.status_code == 413
        assert "more memory than the server has" in answer.json()["error"]
        with server.service.memory.share() as others:
            others.take(2**19)
            answer = server.client.post("/v1/predict", files={"images": png(0, (500, 500))})
            assert answer.status_code == 429
            assert int(answer.headers["Retry-After"]) >= 1
        assert server.service.memory.used == 0


def test_the_models_are_listed(server):
    models = server.client.get("/v1/models").json()["models"]
    assert [model["name"] for model in models] == ["box", "other"]
    assert models[0]["keypoint_names"] == ["low", "high"]
    assert models[0]["skeleton_links"] == [[0, 1]]


def test_the_best_people_stay():
    scores = np.array([[0.2, 0.2], [0.9, 0.7], [0.5, 0.5]])
    result = PoseResult(np.zeros((3, 2, 2)), scores, {}, box_scores=np.array([1.0, 0.5, 1.0]))
    assert best_people(result, 2).scores.tolist() == [[0.9, 0.7], [0.5, 0.5]]
    assert best_people(result, None) is result

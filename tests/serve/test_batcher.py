"""The queue: batches, order, limits, the end."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from serve_tools import BOX_SET, Corners, jpeg

from posekit.inference.top_down import TopDownPredictor
from posekit.serve.batcher import Batcher, Kind
from posekit.serve.request_error import RequestError

IMAGE = np.full((4, 6, 3), 100, np.uint8)


@pytest.fixture
def network():
    return Corners()


@pytest.fixture
def batcher(network):
    predictor = TopDownPredictor(network, network, metainfo=BOX_SET)
    batcher = Batcher({"a": predictor, "b": predictor}, max_batch=4, max_queue=8)
    yield batcher
    network.go.set()
    batcher.close()


def block(network, batcher, model="a") -> None:
    """Let the thread wait in a batch."""
    network.go.clear()
    batcher.submit(Kind(model), [(IMAGE, None)])
    while batcher.queue:
        threading.Event().wait(0.001)


def test_what_waits_goes_through_the_model_together(network, batcher):
    block(network, batcher)
    futures = [batcher.submit(Kind(name), [(IMAGE, [[0, 0, 1 + n, 2]])])[0] for n, name in enumerate("aabaaa")]
    network.go.set()
    assert [future.result(10).boxes[0, 2] for future in futures] == [1, 2, 3, 4, 5, 6]
    assert network.batches == [1, 4, 1, 1]


def test_a_batch_waits_for_images_that_are_coming(network, batcher):
    batcher.max_wait_s = 30
    with batcher.expecting(1):
        first = batcher.submit(Kind("a"), [(IMAGE, None)])
        with batcher.expecting(1):
            second = batcher.submit(Kind("a"), [(IMAGE, None)])
    assert [len(future.result(10)) for future in first + second] == [1, 1]
    assert network.batches == [2]


def test_a_full_queue_refuses_all_images_of_a_request(network, batcher):
    block(network, batcher)
    batcher.submit(Kind("a"), [(IMAGE, None)] * 6)
    with pytest.raises(RequestError, match="6 images wait") as refusal:
        batcher.submit(Kind("a"), [(IMAGE, None)] * 3)
    assert refusal.value.status == 429
    assert int(refusal.value.headers["Retry-After"]) >= 1
    assert len(batcher.queue) == 6
    batcher.submit(Kind("a"), [(IMAGE, None)] * 3, bounded=False)


def test_cancelled_images_are_not_predicted(network, batcher):
    block(network, batcher)
    futures = batcher.submit(Kind("a"), [(IMAGE, None)] * 2)
    futures[0].cancel()
    network.go.set()
    futures[1].result(10)
    assert network.batches == [1, 1]


def test_closing_finishes_what_waits_and_takes_nothing_more(network, batcher):
    futures = batcher.submit(Kind("a"), [(IMAGE, None)] * 6)
    batcher.close()
    assert all(future.done() for future in futures)
    with pytest.raises(RequestError, match="being stopped"):
        batcher.submit(Kind("a"), [(IMAGE, None)])


def test_answers_in_batches_equal_those_of_single_requests(server):
    images = [jpeg(10 * number, (50 + number, 40)) for number in range(16)]

    def ask(image: bytes) -> str:
        return server.client.post("/v1/predict", content=image, headers={"Content-Type": "image/jpeg"}).text

    alone = [ask(image) for image in images]
    block(server.network, server.service.batcher, "other")
    with ThreadPoolExecutor(16) as pool:
        answers = [pool.submit(ask, image) for image in images]
        while len(server.service.batcher.queue) < 16:
            threading.Event().wait(0.001)
        server.network.go.set()
        assert [answer.result() for answer in answers] == alone
    assert server.network.batches[-2:] == [8, 8]

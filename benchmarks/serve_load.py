"""The server under load: 16 clients whose requests go through the model in batches, and one request at a time."""

from __future__ import annotations

import http.client
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.case import Case

CLIENTS = 16
REQUESTS = 4
"""Of each client in a round."""

ROUNDS = 3
BATCH_S = 0.02
STAND_IN = "stand-in"
PHOTOGRAPH = Path(__file__).resolve().parents[1] / "posekit" / "inference" / "assets" / "demo.jpg"


class StandIn:
    """In place of an accelerator, which takes the same time for any batch: tells the grey levels of the crops."""

    def run(self, batch: Any) -> Any:
        from posekit.structures.instance_data import InstanceData

        time.sleep(BATCH_S)
        for crop, sample in zip(batch.inputs, batch.samples, strict=True):
            scores = np.full((1, 17), crop.mean() / 255, np.float32)
            keypoints = np.tile(crop.mean(axis=(0, 1))[:2], (1, 17, 1))
            sample.pred_instances = InstanceData(keypoints=keypoints, keypoint_scores=scores)
        return batch.samples


def predictor_of(model: str) -> Any:
    """Return the default model with a detector, or one with a stand-in for its network."""
    from posekit import Pose

    predictor = Pose(detector="whole" if model == STAND_IN else model).predictor
    if model == STAND_IN:
        predictor.network = StandIn()
    return predictor


def crops() -> list[bytes]:
    """Return encoded images, different ones for all clients."""
    import cv2

    image = cv2.resize(cv2.imread(str(PHOTOGRAPH)), (640, 640))
    parts = [np.ascontiguousarray(image[4 * n : 4 * n + 480]) for n in range(CLIENTS)]
    return [cv2.imencode(".jpg", part)[1].tobytes() for part in parts]


@contextmanager
def served(model: str, max_batch: int) -> Iterator[int]:
    """Run a server in this process and yield its port."""
    from posekit.serve.app import create_app
    from posekit.serve.models import ServedModel
    from posekit.serve.server import bound_socket, server_of
    from posekit.serve.service import Service

    service = Service([ServedModel("default", predictor_of(model))], max_batch=max_batch)
    server = server_of(create_app(service), service.limits)
    with bound_socket("127.0.0.1", 0) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


def client(port: int, image: bytes, turn: Any) -> tuple[list[float], list[bytes]]:
    """Send requests one after the other; return the seconds of each and the answers."""
    seconds, answers = [], []
    for _ in range(REQUESTS):
        with turn:
            begin = time.perf_counter()
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
            connection.request("POST", "/v1/predict", image, {"Content-Type": "image/jpeg"})
            response = connection.getresponse()
            answers.append(response.read())
            connection.close()
            seconds.append(time.perf_counter() - begin)
        assert response.status == 200, answers[-1]
    return seconds, answers


def round_of(port: int, images: list[bytes], turn: Any) -> tuple[float, list[float], list[list[bytes]]]:
    """Let all clients send their requests; return the requests per second, the seconds of each, and the answers."""
    with ThreadPoolExecutor(CLIENTS) as pool:
        begin = time.perf_counter()
        results = list(pool.map(lambda image: client(port, image, turn), images))
        rate = CLIENTS * REQUESTS / (time.perf_counter() - begin)
    return rate, [value for seconds, _ in results for value in seconds], [answers for _, answers in results]


def load(model: str) -> dict[str, float]:
    """Compare batches with batches of one image, and with a server that has one request at a time."""
    images, numbers = crops(), {}
    rates: dict[str, list[float]] = {}
    seconds: dict[str, list[float]] = {}
    answers: dict[str, list[list[bytes]]] = {}
    with served(model, max_batch=16) as batches, served(model, max_batch=1) as singles:
        variants = {
            "one at a time": (singles, threading.Lock()),
            "batches of 1": (singles, nullcontext()),
            "batches": (batches, nullcontext()),
        }
        for number in range(ROUNDS + 1):  # the first warms up
            for name, (port, turn) in variants.items():
                rate, latencies, answers[name] = round_of(port, images, turn)
                if number:
                    rates.setdefault(name, []).append(rate)
                    seconds.setdefault(name, []).extend(latencies)
    assert answers["batches"] == answers["one at a time"] == answers["batches of 1"]
    for name in variants:
        numbers[f"{name}: requests/s"] = statistics.median(rates[name])
        numbers[f"{name}: p99 ms"] = float(np.percentile(seconds[name], 99)) * 1000
    numbers["ratio"] = numbers["batches: requests/s"] / numbers["one at a time: requests/s"]
    return numbers


WORKLOAD = f"{CLIENTS} clients, {CLIENTS * REQUESTS} requests with a 640x480 JPEG each, {ROUNDS} rounds"
GOAL = "1.5 times the requests per second, equal answers"
CASES = [
    Case("S1 serve, a network of 20 ms for any batch", WORKLOAD, GOAL, lambda: load(STAND_IN)),
    Case("S1 serve, one person in each image", WORKLOAD, GOAL, lambda: load("whole")),
    Case("S1 serve, people are looked for", WORKLOAD, GOAL, lambda: load("people")),
]

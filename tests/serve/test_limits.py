"""Too much, too slow, too many: refused or served, with bounded memory."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from serve_tools import jpeg, running

from posekit.serve import server as server_module
from posekit.serve.limits import Limits

IMAGE = {"Content-Type": "image/jpeg"}


def test_an_upload_of_300_megabytes_is_refused_by_its_stated_size(server):
    head = b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nContent-Length: 314572800\r\n\r\n"
    with socket.create_connection(server.address, timeout=30) as connection:
        connection.sendall(head + bytes(1000))
        assert b" 413 " in connection.recv(65536).partition(b"\r\n")[0]
    assert server.service.memory.used == 0


def test_an_upload_without_a_stated_size_is_refused_at_the_limit():
    sent = 0

    def pieces():
        nonlocal sent
        for _ in range(300):
            sent += 2**20
            yield bytes(2**20)

    with running(Limits(max_bytes=2**20)) as server:
        try:
            status = server.client.post("/v1/predict", content=pieces(), headers=IMAGE).status_code
        except (httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):  # the server hung up on the rest
            status = 413
        assert status == 413
        assert sent < 100 * 2**20
        assert server.client.get("/health").status_code == 200
        assert server.service.memory.used == 0


def test_a_body_that_breaks_off_is_forgotten(server):
    head = b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nContent-Length: 5000\r\n\r\n"
    with socket.create_connection(server.address, timeout=30) as connection:
        connection.sendall(head + bytes(1000))
    assert server.client.post("/v1/predict", content=jpeg(), headers=IMAGE).status_code == 200
    deadline = time.monotonic() + 10
    while server.service.memory.used and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.service.memory.used == 0


def test_a_slow_body_is_refused():
    head = b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nContent-Length: 5000\r\n\r\n"
    with (
        running(Limits(read_s=0.3)) as server,
        socket.create_connection(server.address, timeout=30) as connection,
    ):
        connection.sendall(head + b"x")
        assert b" 408 " in connection.recv(65536).partition(b"\r\n")[0]


def test_a_connection_without_a_request_is_closed(monkeypatch):
    monkeypatch.setattr(server_module, "HEADERS_S", 0.3)
    with running() as server, socket.create_connection(server.address, timeout=30) as connection:
        connection.sendall(b"POST /v1/predict HTTP/1.1\r\nHos")
        assert connection.recv(100) == b""


def test_of_200_requests_at_once_each_is_served_or_told_to_come_back():
    limits = Limits(max_queue=16)
    with running(limits) as server, ThreadPoolExecutor(200) as pool:
        server.network.go.clear()
        image = jpeg()

        def ask(number: int) -> httpx.Response:
            with httpx.Client(base_url=server.url, timeout=60, verify=False) as client:
                return client.post("/v1/predict", content=image, headers=IMAGE)

        answers = [pool.submit(ask, number) for number in range(200)]
        while sum(answer.done() for answer in answers) < 100:  # of the refused ones
            time.sleep(0.01)
        assert len(server.service.batcher.queue) <= 16
        server.network.go.set()
        statuses = [answer.result().status_code for answer in answers]
        assert set(statuses) == {200, 429}
        assert statuses.count(200) >= 16
        refused = next(answer.result() for answer in answers if answer.result().status_code == 429)
        assert int(refused.headers["Retry-After"]) >= 1
        assert server.service.memory.used == 0


def test_a_request_that_takes_too_long_is_told_so():
    with running(Limits(answer_s=0.2)) as server:
        server.network.go.clear()
        answer = server.client.post("/v1/predict", content=jpeg(), headers=IMAGE)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "1"
        server.network.go.set()


@pytest.mark.parametrize("value", [0, -1])
def test_limits_are_above_0(value):
    with pytest.raises(ValueError, match="limit max_queue"):
        Limits(max_queue=value)

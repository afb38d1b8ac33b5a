"""Who may ask."""

from __future__ import annotations

import pytest
from serve_tools import jpeg, running

from posekit.serve.guard import LOOPBACK_HOSTS

PROTECTED = ("/v1/models", "/metrics", "/v1/video/x")


@pytest.fixture(scope="module")
def server():
    options = dict(token="sécret", hosts=LOOPBACK_HOSTS, origins=["https://friend.example"])
    with running(**options) as running_server:
        yield running_server


def get(server, path, **headers):
    return server.client.get(path, headers={name: value.encode() for name, value in headers.items()})


@pytest.mark.parametrize("path", PROTECTED)
@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer wrong", "Basic sécret", "Bearer sécre"])
def test_without_the_token_there_is_no_data(server, path, authorization):
    answer = get(server, path, Authorization=authorization)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_without_the_token_nothing_is_predicted(server):
    assert server.client.post("/v1/predict", files={"images": jpeg()}).status_code == 401


def test_with_the_token_there_is(server):
    assert get(server, "/v1/models", Authorization="Bearer sécret").status_code == 200


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json", "/health"])
def test_page_and_health_need_no_token(server, path):
    assert get(server, path).status_code == 200


def test_other_names_of_the_host_are_refused(server):
    assert get(server, "/health", Host="evil.example:8000").status_code == 403
    assert get(server, "/health", Host="localhost:8000").status_code == 200


def test_pages_of_other_sites_are_refused(server):
    assert get(server, "/health", Origin="https://evil.example").status_code == 403
    assert get(server, "/health", Origin="null").status_code == 403
    assert get(server, "/health", Origin=server.url).status_code == 200
    answer = get(server, "/health", Origin="https://friend.example")
    assert answer.headers["Access-Control-Allow-Origin"] == "https://friend.example"


def test_cors_is_off_by_default():
    with running() as server:
        answer = get(server, "/health", Origin=server.url)
        assert answer.status_code == 200
        assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/page/..%2f..%2fapp.py", "/page/../app.py", "/page/%2e%2e/app.py", "/page/app.py", "/page//etc/passwd"]
)
def test_only_files_of_the_page_are_served(server, path):
    assert get(server, path, Authorization="Bearer sécret").status_code == 404


def test_the_page_loads_nothing_from_elsewhere(server):
    answer = get(server, "/")
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


def test_metrics_count_requests_by_path_and_status():
    with running() as server:
        server.client.post("/v1/predict", files={"images": jpeg()})
        server.client.get("/a/path/that/is/not/there")
        lines = server.client.get("/metrics").text.splitlines()
        assert 'posekit_requests_total{path="/v1/predict",status="200"} 1' in lines
        assert 'posekit_requests_total{path="other",status="404"} 1' in lines
        assert "posekit_batch_images_count 1" in lines
        assert "# TYPE posekit_request_seconds histogram" in lines


def test_the_description_of_the_api_names_all_paths():
    with running() as server:
        description = server.client.get("/openapi.json").json()
        assert {"/v1/predict", "/v1/models", "/v1/video", "/v1/video/{key}", "/health", "/metrics"} <= set(
            description["paths"]
        )
        assert "multipart/form-data" in description["paths"]["/v1/predict"]["post"]["requestBody"]["content"]

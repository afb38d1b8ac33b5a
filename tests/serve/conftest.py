"""The server of the tests; where the packages of ``posekit serve`` are missing, none of them are collected."""

from __future__ import annotations

import importlib.util

import pytest

NEEDED = ("fastapi", "uvicorn", "python_multipart", "httpx")
collect_ignore_glob = [] if all(map(importlib.util.find_spec, NEEDED)) else ["test_*.py"]


@pytest.fixture
def server():
    from serve_tools import running

    with running() as running_server:
        yield running_server

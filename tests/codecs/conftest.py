"""Fixtures of the codecs' tests."""

from __future__ import annotations

import pytest


@pytest.fixture(params=["cpu", "as_on_gpu"])
def device_path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a test twice: with numpy computing on tensors of the CPU, and with torch, as on other devices."""
    if request.param == "as_on_gpu":
        monkeypatch.setattr("posekit.array.on_cpu", lambda tensor: False)
    return request.param

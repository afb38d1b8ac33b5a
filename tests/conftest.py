"""Fixtures that many tests share."""

from __future__ import annotations

import gc
import importlib
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of development data beside the repository; tests that need it skip without it."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("needs the development data folder ../shared")
    return folder


@pytest.fixture(scope="session")
def checker(shared: Path) -> Any:
    """The conformance checker; its numbers come from MMPose 1.3.2 on PyTorch 2.13."""
    sys.path.insert(0, str(shared / "conformance"))
    module = importlib.import_module("check")
    read_cases = module.read_cases

    def read_and_close(area: str) -> list[dict[str, Any]]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # it leaves its archives to the garbage collector
            cases = read_cases(area)
            gc.collect()
        return cases

    module.read_cases = read_and_close
    return module


@pytest.fixture(scope="session", autouse=True)
def _default_data_folder() -> Iterator[None]:
    """Resolve configs with the data folder that they name, wherever the person who runs the tests keeps theirs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("POSEKIT_DATA", raising=False)
        yield


@pytest.fixture(autouse=True)
def _normal_arithmetic() -> Iterator[None]:
    """Undo what a run on the CPU sets for its process: tiny numbers that count as 0, which hypothesis refuses."""
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)

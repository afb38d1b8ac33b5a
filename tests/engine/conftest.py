"""Data and settings that the engine's tests share."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_run import register_backbone, write_data


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with synthetic images and annotations."""
    folder = tmp_path_factory.mktemp("synthetic")
    write_data(folder / "data")
    return folder / "data"


@pytest.fixture(scope="session", autouse=True)
def _tiny_backbone() -> None:
    register_backbone()

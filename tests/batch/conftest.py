from __future__ import annotations

import cv2
import numpy as np
import pytest


@pytest.fixture
def images(tmp_path):
    """Five images of different grey levels and a file that is none, between them."""
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(5):
        cv2.imwrite(str(folder / f"{number}.png"), np.full((40 + number, 60, 3), 10 * number, np.uint8))
    (folder / "2b.jpg").write_bytes(b"no image")
    return folder


@pytest.fixture
def encoded(images):
    """Bytes of the images, by name."""
    return {path.name: path.read_bytes() for path in sorted(images.iterdir())}

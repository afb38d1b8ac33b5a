"""Images that claim far more pixels than their bytes can hold."""

from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest

from posekit.media.image_file import decode
from posekit.media.image_header import MAX_EXPANSION, SMALL_PIXELS, ImageFileError

LZW = b"\x80\x01\x00"


def tiff(side: int, *, bits: int = 8, samples: int = 3) -> bytes:
    """Return a TIFF of less than 200 bytes; its pixels are missing."""
    depths = struct.pack(f"<{samples}H", *[bits] * samples)
    values = ((256, 4, side), (257, 4, side), (259, 3, 5), (262, 3, 2), (273, 4, 8), (277, 3, samples), (278, 4, side),
              (279, 4, len(LZW)))  # fmt: skip
    entries = [struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in values]
    entries.insert(2, struct.pack("<HHII", 258, 3, samples, 8 + 4))
    head = b"II*\0" + struct.pack("<I", 8 + 4 + len(depths)) + LZW + b"\0" + depths
    return head + struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)


def test_a_tiny_file_of_many_pixels_is_refused_before_it_is_decoded(monkeypatch):
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it was decoded"))
    data = tiff(11000)
    with pytest.raises(ImageFileError, match=rf"states 11000 x 11000 pixels, which {len(data)} bytes can hardly hold"):
        decode(data)


@pytest.mark.parametrize("pixel", [{"bits": 16, "samples": 4}, {"bits": 64}])
def test_pixels_of_many_bytes_count_with_them(monkeypatch, pixel):
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(ImageFileError, match=r"pixels of \d+ bytes each, more than the limit of 536870912 bytes"):
        decode(tiff(11000, **pixel))


def test_depths_outside_of_the_file(monkeypatch):
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it was decoded"))
    data = tiff(100).replace(struct.pack("<HHII", 258, 3, 3, 12), struct.pack("<HHII", 258, 3, 3, 10**6))
    with pytest.raises(ImageFileError, match="the TIFF is damaged"):
        decode(data)


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_one_colour_takes_few_bytes_and_is_read(suffix):
    side = int(SMALL_PIXELS**0.5) + 8
    data = cv2.imencode(suffix, np.full((side, side, 3), 90, np.uint8))[1].tobytes()
    assert side * side * 3 < MAX_EXPANSION * len(data)
    assert decode(data).shape == (side, side, 3)

"""Image files: read safely whoever made them, measured without decoding, written whole or not at all."""

from __future__ import annotations

import os
import re
import stat
import struct
from pathlib import Path
from typing import Any

import numpy as np

from posekit.files import write_atomically
from posekit.media.image_header import (
    JPEG_SCAN,
    ImageFileError,
    check_budget,
    check_header,
    jpeg_segments,
    tiff_entries,
)

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff")
MAX_BYTES = 2**30
MAX_PIXELS = 2**27
MAX_STATED_PIXELS = 2**31
"""Largest width x height of an image whose size is asked for and that is not decoded."""

JPEG, TIFF = b"\xff\xd8", (b"II*\x00", b"MM\x00*")
JPEG_COMMENT = 0xFE
EXIF_SEGMENT, EXIF_ORIENTATION, FIRST_LYING = 0xE1, 0x0112, 5
EXIF_CHUNK = re.compile(rb"eXIf|EXIF")
"""Where PNG and WebP keep what a camera noted."""


def read_image(path: str | os.PathLike[str]) -> np.ndarray:
    """Return an image file as (H, W, 3) uint8, BGR, the orientation that a camera noted applied.

    Raises:
        FileNotFoundError: if the file is missing.
        ImageFileError: if the file cannot be used; both name the file.
    """
    try:
        return decode(read_bytes(os.fspath(path)))
    except FileNotFoundError as error:
        raise FileNotFoundError(f"image {path}: no such file, seen from {Path.cwd()}") from error
    except ImageFileError as error:
        raise ImageFileError(f"image {path}: {error}") from error


def read_bytes(path: str) -> bytes:
    """Return the content of an image file.

    Raises:
        FileNotFoundError: if there is no such file.
        ImageFileError: if it is no plain file (a folder, a device that never ends), too large or unreadable.
    """
    wrong, data = "", b""
    try:
        status = os.stat(path)  # noqa: PTH116 - next to a decoder, the code of pathlib is cold and takes 0.1 ms
        if not stat.S_ISREG(status.st_mode):
            wrong = "it is a folder or a device"
        elif status.st_size > MAX_BYTES:
            wrong = f"it has {status.st_size} bytes, and no image needs more than {MAX_BYTES}"
        else:
            with open(path, "rb", buffering=0) as file:  # noqa: PTH123
                data = file.read()
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        wrong = getattr(error, "strerror", None) or str(error)
    if wrong:
        raise ImageFileError(f"cannot be read ({wrong})")
    return data


def decode(data: bytes, color_type: str = "color", max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Decode the bytes of an image file.

    Raises:
        ImageFileError: if they are no whole image of a known format and a sane size.
    """
    import cv2

    check_budget(data, check_header(data, max_pixels), max_pixels)
    flag = {"color": cv2.IMREAD_COLOR, "grayscale": cv2.IMREAD_GRAYSCALE, "unchanged": cv2.IMREAD_UNCHANGED}
    kind, _, ignore = color_type.partition("_")
    try:
        img = cv2.imdecode(np.frombuffer(data, np.uint8), flag[kind] | (cv2.IMREAD_IGNORE_ORIENTATION if ignore else 0))
    except cv2.error as error:
        raise ImageFileError(f"the decoder refused it ({error.err})") from error
    if img is None:
        raise ImageFileError(
            "the decoder found no image in it: the file is damaged or holds other numbers than 8 or 16 bits; convert it"
        )
    return img


def check_array(img: Any) -> np.ndarray:
    """Return a given image as (H, W, 3) uint8 or float32; grey and transparent images become colour.

    Raises:
        ImageFileError: for anything else.
    """
    import cv2

    if isinstance(img, np.ndarray) and img.dtype in (np.uint8, np.float32) and img.size:
        if img.ndim == 3 and img.shape[2] == 3:
            return img
        if img.ndim == 2 or (img.ndim == 3 and img.shape[2] == 1):
            return cv2.cvtColor(img, cv2.COLOR_GRAY2BGR)
        if img.ndim == 3 and img.shape[2] == 4:
            return cv2.cvtColor(img, cv2.COLOR_BGRA2BGR)
    what = f"{img.dtype} of shape {img.shape}" if isinstance(img, np.ndarray) else type(img).__name__
    raise ImageFileError(f"results['img'] is {what}; give a uint8 array of shape (H, W, 3), BGR")


def image_size(path: Path) -> tuple[int, int]:
    """Return (width, height) of an image as it is shown, a camera's noted orientation applied.

    Raises:
        FileNotFoundError: if it is not there.
        ImageFileError: if it is no whole image; both name the file.
    """
    try:
        data = read_bytes(str(path))
        width, height = check_header(data, MAX_STATED_PIXELS)
        if not data.startswith((JPEG, *TIFF)) and EXIF_CHUNK.search(data):  # if that counts, the decoder knows
            height, width = decode(data).shape[:2]
            return width, height
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"image {path}: no such file, and its size is needed; bring it there or give its folder with --images"
        ) from error
    except ImageFileError as error:
        raise ImageFileError(f"image {path}: {error}") from error
    return (height, width) if exif_orientation(data) >= FIRST_LYING else (width, height)


def exif_orientation(data: bytes) -> int:
    """Return the orientation that a JPEG or TIFF notes, 1 (upright) to 8; 5 and above lie on their side."""
    tiff = data if data.startswith(TIFF) else _exif_block(data) if data.startswith(JPEG) else b""
    try:
        return _tiff_short(tiff, EXIF_ORIENTATION)
    except (struct.error, IndexError):
        return 1


def _exif_block(data: bytes) -> bytes:
    for marker, position in jpeg_segments(data):
        if marker == EXIF_SEGMENT and data[position + 2 : position + 8] == b"Exif\0\0":
            return data[position + 8 :]
        if marker == JPEG_SCAN:
            break
    return b""


def _tiff_short(tiff: bytes, wanted: int) -> int:
    place = next((place for tag, _, _, place in tiff_entries(tiff) if tag == wanted), None)
    return 1 if place is None else struct.unpack_from("<H" if tiff[:2] == b"II" else ">H", tiff, place)[0]


def write_image(path: Path, image: np.ndarray, *, jpeg_quality: int = 95, note: str = "") -> None:
    """Write an image (H, W, 3), uint8, BGR, in the format that the file's name ends in, whole or not at all.

    Args:
        path: path of the file.
        image: the pixels.
        jpeg_quality: quality of a JPEG, 0 ... 100.
        note: comment that a JPEG keeps near its beginning.

    Raises:
        OSError: if the file cannot be written, or its format cannot hold an image of that size.
    """
    import cv2

    options = [cv2.IMWRITE_JPEG_QUALITY, jpeg_quality] if path.suffix.lower() in (".jpg", ".jpeg") else []
    try:
        written, data = cv2.imencode(path.suffix, image, options)
    except cv2.error:
        written, data = False, np.empty(0)
    if not written:
        height, width = image.shape[:2]
        raise OSError(f"{path}: OpenCV cannot write an image of {width} x {height} pixels in that format")
    content = data.tobytes()
    if note and content.startswith(JPEG):
        comment = struct.pack(">BBH", 0xFF, JPEG_COMMENT, 2 + len(note.encode())) + note.encode()
        content = JPEG + comment + content[len(JPEG) :]
    write_atomically(path, lambda file: file.write(content))

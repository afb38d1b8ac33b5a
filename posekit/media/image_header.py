"""What the first bytes of an image file say, read without decoding it."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
JPEG_SCAN, JPEG_END = 0xDA, b"\xff\xd9"
PNG_END = b"IEND\xaeB`\x82"
BOXED = b"ftyp"
TIFF_SIZES = {0x0100: "width", 0x0101: "height"}
TIFF_BITS, TIFF_SAMPLES = 0x0102, 0x0115
PNG_SAMPLES = {2: 3, 4: 2, 6: 4}
"""Numbers of a pixel by the kind of a PNG; one for the others."""

PIXEL_BYTES = 4
"""Bytes of a pixel that the limit of pixels counts with."""
SMALL_PIXELS = 2**24
"""Width x height up to which an image may take any share of its file: decoding it is quick."""
MAX_EXPANSION = 2000
"""Decoded bytes for each byte of a larger image's file; PNG and lossy WebP of one colour reach 1000 and 1700."""


class ImageFileError(ValueError):
    """An image file that cannot be used; the message says why."""


def check_header(data: bytes, max_pixels: int) -> tuple[int, int]:
    """Return (width, height) of an encoded image, as stored in its header.

    Raises:
        ImageFileError: if the file is empty, of an unknown format, cut off, or
            would decode to more than ``max_pixels`` pixels.
    """
    if not data:
        raise ImageFileError("the file is empty (0 bytes)")
    reader = next((read for magic, read in READERS if magic(data)), None)
    if reader is None:
        kind = "is AVIF, HEIC or a video" if data[4:8] == BOXED else f"starts with {data[:8]!r}"
        raise ImageFileError(f"the file {kind}, which is none of JPEG, PNG, BMP, WebP, GIF and TIFF; convert it")
    try:
        width, height = reader(data)
    except (struct.error, IndexError) as error:
        raise ImageFileError(f"the file is cut off: it ends within its header, after {len(data)} bytes") from error
    if width < 1 or height < 1:
        raise ImageFileError(f"the header states a size of {width} x {height} pixels")
    if width * height > max_pixels:
        raise ImageFileError(
            f"the header states {width} x {height} pixels, more than the limit of {max_pixels}; "
            "if that is meant, raise LoadImage(max_pixels=...)"
        )
    return width, height


def check_budget(data: bytes, size_wh: tuple[int, int], max_pixels: int) -> None:
    """Refuse an encoded image that would take much memory or time to decode for what its file can hold.

    Args:
        data: of the file, whose header was checked.
        size_wh: width and height that the header states.
        max_pixels: largest width x height, of 4 bytes each.

    Raises:
        ImageFileError: if it would.
    """
    width, height = size_wh
    pixel_bytes = stored_pixel_bytes(data)
    if width * height * pixel_bytes > max_pixels * PIXEL_BYTES:
        raise ImageFileError(
            f"the header states {width} x {height} pixels of {pixel_bytes} bytes each, more than the limit of "
            f"{max_pixels * PIXEL_BYTES} bytes; save it with 8 bits for each colour"
        )
    if width * height > SMALL_PIXELS and width * height * 3 > MAX_EXPANSION * len(data):
        raise ImageFileError(
            f"the header states {width} x {height} pixels, which {len(data)} bytes can hardly hold (more than "
            f"{MAX_EXPANSION} decoded bytes for each); it is damaged or made to fill the memory: save it again"
        )


def stored_pixel_bytes(data: bytes) -> int:
    """Return how many bytes a pixel takes as stored; 3 if the format has no others."""
    if data.startswith(b"\x89PNG"):
        return max(3, PNG_SAMPLES.get(data[25], 1) * data[24] // 8)
    if not data.startswith((b"II*\x00", b"MM\x00*")):
        return 3
    order, values = "<" if data[:2] == b"II" else ">", {TIFF_BITS: 8, TIFF_SAMPLES: 3}
    try:
        for tag, _, count, place in tiff_entries(data):
            if tag in values:
                start = place if count <= 2 else struct.unpack_from(order + "I", data, place)[0]
                (values[tag],) = struct.unpack_from(order + "H", data, start)
    except struct.error as error:
        raise ImageFileError("the TIFF is damaged: values of its header lie outside of the file") from error
    return max(3, values[TIFF_BITS] * values[TIFF_SAMPLES] // 8)


def jpeg_segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield (marker, position after the marker) up to and with the first scan."""
    position = 2
    while True:
        while data[position] != 0xFF:
            position += 1
        while data[position] == 0xFF:
            position += 1
        marker, position = data[position], position + 1
        yield marker, position
        if marker == JPEG_SCAN:
            return
        if marker != 0x01 and not 0xD0 <= marker <= 0xD8:
            position += struct.unpack_from(">H", data, position)[0]


def read_jpeg(data: bytes) -> tuple[int, int]:
    size, position = (0, 0), 2
    for marker, position in jpeg_segments(data):
        if marker in JPEG_SIZES:
            height, width = struct.unpack_from(">HH", data, position + 3)
            size = (width, height)
    # the end marker of an embedded thumbnail comes before the scan
    if data.rfind(JPEG_END, position) < 0:
        raise ImageFileError(f"the JPEG is cut off: its end marker is missing after {len(data)} bytes")
    return size


def read_png(data: bytes) -> tuple[int, int]:
    size = struct.unpack_from(">II", data, 16)
    if data.rfind(PNG_END, 24) < 0:
        raise ImageFileError(f"the PNG is cut off: its IEND chunk is missing after {len(data)} bytes")
    return size[0], size[1]


def read_bmp(data: bytes) -> tuple[int, int]:
    stated, (header,) = struct.unpack_from("<I", data, 2)[0], struct.unpack_from("<I", data, 14)
    if len(data) < stated:
        raise ImageFileError(f"the BMP is cut off: {len(data)} of {stated} bytes")
    width, height = struct.unpack_from("<HH" if header == 12 else "<ii", data, 18)
    return width, abs(height)


def read_webp(data: bytes) -> tuple[int, int]:
    stated = struct.unpack_from("<I", data, 4)[0] + 8
    if len(data) < stated:
        raise ImageFileError(f"the WebP is cut off: {len(data)} of {stated} bytes")
    if data[12:16] == b"VP8X":
        return tuple(1 + int.from_bytes(data[at : at + 3], "little") for at in (24, 27))  # pyright: ignore
    if data[12:16] == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def read_gif(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height


def read_tiff(data: bytes) -> tuple[int, int]:
    order, sides = "<" if data[:2] == b"II" else ">", {}
    for tag, kind, _, place in tiff_entries(data):
        if tag in TIFF_SIZES:
            (sides[TIFF_SIZES[tag]],) = struct.unpack_from(order + ("H" if kind == 3 else "I"), data, place)
    return sides.get("width", 0), sides.get("height", 0)


def tiff_entries(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Yield (tag, kind, count, place of the value) of a TIFF's first directory."""
    order = "<" if data[:2] == b"II" else ">"
    (directory,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, directory)
    for entry in range(directory + 2, directory + 2 + 12 * count, 12):
        yield *struct.unpack_from(order + "HHI", data, entry), entry + 8


def starts(*heads: bytes) -> Callable[[bytes], bool]:
    return lambda data: data.startswith(heads)


READERS: list[tuple[Callable[[bytes], bool], Callable[[bytes], tuple[int, int]]]] = [
    (starts(b"\xff\xd8"), read_jpeg),
    (starts(b"\x89PNG\r\n\x1a\n"), read_png),
    (starts(b"BM"), read_bmp),
    (lambda data: data[:4] == b"RIFF" and data[8:12] == b"WEBP", read_webp),
    (starts(b"GIF87a", b"GIF89a"), read_gif),
    (starts(b"II*\x00", b"MM\x00*"), read_tiff),
]

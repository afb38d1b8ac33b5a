"""An MP4 file of one video track that grows by fragments: if its writer stops early, it plays up to there.

While it grows, each fragment lists its own samples. When it is finished, one table at the end lists all of them and
the fragments become plain data, so that the file is an ordinary MP4 that opens fast and tells its number of frames.

Source: ISO/IEC 14496-12, sections 8.1 to 8.8 and 8.16.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import BinaryIO

CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
KEY_FRAME, OTHER_FRAME = 0x02000000, 0x01010000
"""Sample flags: depends on no other sample; depends on others and is no sync sample."""
MOVIE_TIMESCALE = 1000
SELF_CONTAINED = 0x020000
"""Flag of a track fragment: offsets count from its own first byte."""
PLACEHOLDER = struct.pack(">I4s8x", 16, b"free")
"""Room for the head of the data box that a finished file has."""


@dataclass(frozen=True)
class Segment:
    """The frames of a small, complete MP4 file of one video track.

    Attributes:
        boxes: content of its boxes, by path such as ``moov/trak/tkhd``.
        sizes: bytes of each frame.
        keys: numbers of the frames that depend on no other.
        timescale: ticks per second.
        ticks: length of a frame.
        data: the frames, one after the other.
    """

    boxes: dict[str, bytes]
    sizes: tuple[int, ...]
    keys: frozenset[int]
    timescale: int
    ticks: int
    data: bytes

    @classmethod
    def read(cls, content: bytes) -> Segment:
        """Take a file apart.

        Raises:
            ValueError: if it is no complete MP4 file with frames.
        """
        try:
            boxes = dict(boxes_in(content))
            table = {name: boxes[f"moov/trak/mdia/minf/stbl/{name}"] for name in ("stts", "stsz")}
            size, count = struct.unpack_from(">II", table["stsz"], 4)
            sizes = (size,) * count if size else struct.unpack_from(f">{count}I", table["stsz"], 12)
            sync = boxes.get("moov/trak/mdia/minf/stbl/stss")
            numbers = range(1, count + 1) if sync is None else struct.unpack_from(f">{(len(sync) - 8) // 4}I", sync, 8)
            (timescale,) = struct.unpack_from(">I", boxes["moov/trak/mdia/mdhd"], 12)
            (ticks,) = struct.unpack_from(">I", table["stts"], 12)
            data = boxes["mdat"]
        except (KeyError, struct.error) as error:
            raise ValueError("this is no complete MP4 file with frames") from error
        return cls(boxes, sizes, frozenset(number - 1 for number in numbers), timescale, max(ticks, 1), data)


def boxes_in(content: bytes, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    """Yield path and content of each box, of containers the boxes inside."""
    place = 0
    while place + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, place)
        start = place + 8
        if size == 1:
            (size,), start = struct.unpack_from(">Q", content, start), start + 8
        end = place + size if size else len(content)
        if end <= place:
            return
        path = prefix + kind.decode("latin-1")
        if kind in CONTAINERS:
            yield from boxes_in(content[start:end], path + "/")
        else:
            yield path, content[start:end]
        place = end


def box(kind: str, *parts: bytes) -> bytes:
    """Return a box with its content."""
    content = b"".join(parts)
    return struct.pack(">I4s", 8 + len(content), kind.encode("latin-1")) + content


def numbers(*values: int) -> bytes:
    """Return unsigned numbers of 32 bits."""
    return struct.pack(f">{len(values)}I", *values)


@dataclass
class GrowingMp4:
    """Appends segments to an MP4 file.

    Args:
        file: seekable file, written from its beginning.
        note: text that is kept in a box which players skip.
    """

    file: BinaryIO
    note: str = ""
    first: Segment | None = None
    sizes: list[int] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    chunks: list[tuple[int, int]] = field(default_factory=list)

    def append(self, segment: Segment) -> None:
        """Write the frames of a segment as a fragment.

        Raises:
            OSError: if the file cannot be written.
        """
        if self.first is None:
            self.first = segment
            brands = b"isom" + numbers(512) + b"isomiso2iso5mp41"
            self.file.write(box("ftyp", brands) + box("free", self.note.encode()) + PLACEHOLDER)
            trex = box("trex", numbers(0, 1, 1, segment.ticks, 0, OTHER_FRAME))
            self.file.write(self.movie((), (), (), box("mvex", trex)))
        head = self.fragment_head(segment)
        self.chunks.append((self.file.tell() + len(head) + 8, len(segment.sizes)))
        self.keys += [len(self.sizes) + number for number in sorted(segment.keys)]
        self.sizes += segment.sizes
        self.file.write(head + box("mdat", segment.data))
        self.file.flush()

    def fragment_head(self, segment: Segment) -> bytes:
        """Return the box that lists the samples of a fragment; its size does not depend on the offset it tells."""
        flags = [KEY_FRAME if number in segment.keys else OTHER_FRAME for number in range(len(segment.sizes))]
        rows = b"".join(numbers(size, flag) for size, flag in zip(segment.sizes, flags, strict=True))
        time = struct.pack(">IQ", 1 << 24, len(self.sizes) * segment.ticks)

        def head(offset: int) -> bytes:
            run = box("trun", numbers(0x000601, len(segment.sizes), offset), rows)
            track = box("traf", box("tfhd", numbers(SELF_CONTAINED, 1)), box("tfdt", time), run)
            return box("moof", box("mfhd", numbers(0, len(self.chunks) + 1)), track)

        return head(len(head(0)) + 8)

    def finish(self) -> None:
        """Turn the file into an ordinary MP4.

        Raises:
            OSError: if the file cannot be written.
        """
        if self.first is None:
            return
        end = self.file.tell()
        self.file.write(self.movie(self.sizes, self.keys, self.chunks))
        start = len(box("ftyp", b"x" * 24)) + len(box("free", self.note.encode()))
        self.file.seek(start)
        self.file.write(struct.pack(">I4sQ", 1, b"mdat", end - start))
        self.file.flush()

    def movie(
        self,
        sizes: tuple[int, ...] | list[int],
        keys: tuple[int, ...] | list[int],
        chunks: tuple[()] | list[tuple[int, int]],
        extends: bytes = b"",
    ) -> bytes:
        """Return the box that tells what the frames are, and lists them."""
        assert self.first is not None
        boxes, ticks = self.first.boxes, self.first.ticks
        length = len(sizes) * ticks
        seconds = length * MOVIE_TIMESCALE // self.first.timescale
        table = sample_table(boxes["moov/trak/mdia/minf/stbl/stsd"], sizes, keys, chunks, ticks)
        information = box(
            "minf", *(box(name, boxes[f"moov/trak/mdia/minf/{name}"]) for name in ("vmhd", "dinf")), table
        )
        head = patched(boxes["moov/trak/mdia/mdhd"], 16, length)
        media = box("mdia", box("mdhd", head), box("hdlr", boxes["moov/trak/mdia/hdlr"]), information)
        track = box("trak", box("tkhd", patched(boxes["moov/trak/tkhd"], 20, seconds)), media)
        whole = patched(patched(boxes["moov/mvhd"], 12, MOVIE_TIMESCALE), 16, seconds)
        return box("moov", box("mvhd", whole), track, extends)


def sample_table(
    description: bytes,
    sizes: tuple[int, ...] | list[int],
    keys: tuple[int, ...] | list[int],
    chunks: tuple[()] | list[tuple[int, int]],
    ticks: int,
) -> bytes:
    """Return the box that lists the frames: their times, sizes and places."""
    times = numbers(1, len(sizes), ticks) if sizes else numbers(0)
    runs = [next(group) for _, group in groupby(enumerate(chunks, 1), key=lambda item: item[1][1])]
    per_chunk = b"".join(numbers(number, count, 1) for number, (_, count) in runs)
    offsets = struct.pack(f">{len(chunks)}Q", *(offset for offset, _ in chunks))
    return box(
        "stbl",
        box("stsd", description),
        box("stts", numbers(0), times),
        box("stss", numbers(0, len(keys), *(number + 1 for number in keys))),
        box("stsc", numbers(0, len(runs)), per_chunk),
        box("stsz", numbers(0, 0, len(sizes), *sizes)),
        box("co64", numbers(0, len(chunks)), offsets),
    )


def patched(content: bytes, place: int, value: int) -> bytes:
    """Return the content of a box with another number in one place."""
    return content[:place] + numbers(value) + content[place + 4 :]

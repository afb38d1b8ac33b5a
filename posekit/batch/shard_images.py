"""The images of a shard, read one by one; what cannot be read is told and the rest goes on."""

from __future__ import annotations

import http.client
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from posekit.batch.image_column import Cell, cells_of
from posekit.batch.shard import Shard, suffix_of
from posekit.media.image_file import IMAGE_SUFFIXES, MAX_BYTES, decode, read_image
from posekit.media.image_header import ImageFileError
from posekit.media.sources import ANIMATED_SUFFIXES, Animation, Source, Video, num_pages

ATTEMPTS, TIMEOUT_S = 3, 30
"""Of an image behind a URL: number of attempts, and seconds that a server may say nothing."""


@dataclass
class ShardImage:
    """An image of a shard, or an error in place of one.

    Attributes:
        image: path or URL, as results name it.
        pixels: (H, W, 3), uint8, BGR; None if it could not be read.
        error: why.
        frame: number of the frame in its video; None of images.
        time: time of the frame in seconds.
    """

    image: str
    pixels: np.ndarray | None = None
    error: str | None = None
    frame: int | None = None
    time: float | None = None


def images_of(shard: Shard) -> Iterator[ShardImage]:
    """Yield the images of a shard in order; the same ones whenever it is read."""
    yield from READERS[shard.kind](shard)


def attempt(name: str, read: Callable[[], np.ndarray]) -> ShardImage:
    """Return an image, or why it cannot be read."""
    try:
        return ShardImage(name, read())
    except (OSError, ValueError) as error:
        return ShardImage(name, error=str(error))


def files(shard: Shard) -> Iterator[ShardImage]:
    """Yield the images of files; animated ones give all their frames."""
    for place in shard.places:
        count = num_pages(place) if suffix_of(place) in ANIMATED_SUFFIXES else 1
        if count > 1:
            yield from frames(Animation(place, count=count))
        else:
            yield attempt(place, lambda place=place: read_image(place))


def video(shard: Shard) -> Iterator[ShardImage]:
    yield from frames(Video(shard.places[0]))


def frames(source: Source) -> Iterator[ShardImage]:
    """Yield the frames of a video, and at the end the error of one that is damaged."""
    number = 0
    try:
        for pixels in source.frames():
            yield ShardImage(source.place, pixels, frame=number, time=number / (source.fps or 1))
            number += 1
    except (OSError, ValueError) as error:
        yield ShardImage(source.place, error=str(error), frame=number)


def table(shard: Shard) -> Iterator[ShardImage]:
    """Yield the images of a table's rows."""
    path = shard.places[0]
    try:
        for cell in cells_of(path, shard.column, shard.start, shard.count):
            yield attempt(cell.name, lambda cell=cell: pixels_of(cell))
    except (OSError, ValueError) as error:  # also what pyarrow raises
        yield ShardImage(path, error=f"{path}: is damaged, and ends here ({str(error).splitlines()[0]})")


def pixels_of(cell: Cell) -> np.ndarray:
    """Decode the image that a cell holds or names.

    Raises:
        OSError: if it cannot be had.
        ValueError: if it is no image, or the cell is empty.
    """
    if cell.data is not None:
        return decode(cell.data)
    if not cell.place:
        raise ValueError("the cell is empty")
    return decode(downloaded(cell.place)) if "://" in cell.place else read_image(cell.place)


def downloaded(url: str) -> bytes:
    """Return what is behind a URL; a server that fails is asked again.

    Raises:
        OSError: if it cannot be had.
        ValueError: if the URL is none of HTTP, or there is too much behind it.
    """
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"{url}: only URLs that begin with http:// or https:// can be read")
    for number in range(1, ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(url, timeout=TIMEOUT_S) as response:  # noqa: S310 - checked above
                data = response.read(MAX_BYTES + 1)
        except (OSError, http.client.HTTPException) as error:
            refused = isinstance(error, urllib.error.HTTPError) and error.code < 500
            if refused or number == ATTEMPTS:
                raise OSError(f"{url}: {error}") from error
            time.sleep(number)
        else:
            break
    if len(data) > MAX_BYTES:
        raise ImageFileError(f"{url}: has more than {MAX_BYTES} bytes, and no image needs more")
    return data


def tar(shard: Shard) -> Iterator[ShardImage]:
    """Yield the images of a tar; its other files are passed over."""
    path = shard.places[0]
    try:
        with tarfile.open(path, "r|*") as archive:
            for member in archive:
                if member.isfile() and suffix_of(member.name) in IMAGE_SUFFIXES:
                    yield attempt(f"{path}/{member.name}", lambda member=member: decode(content(archive, member)))
        if suffix_of(path) == ".tar" and Path(path).stat().st_size % tarfile.BLOCKSIZE:
            raise tarfile.ReadError("cut off")  # tarfile itself takes half a header for the end
    except (tarfile.TarError, EOFError, OSError) as error:
        yield ShardImage(path, error=f"{path}: is damaged, and ends here ({error})")


def content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    """Return the bytes of an image in a tar.

    Raises:
        ValueError: if it is too large.
    """
    file = archive.extractfile(member)
    if file is None or member.size > MAX_BYTES:
        raise ImageFileError(f"has {member.size} bytes, and no image needs more than {MAX_BYTES}")
    return file.read()


READERS = {"images": files, "video": video, "table": table, "tar": tar}

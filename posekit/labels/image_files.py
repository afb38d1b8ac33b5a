"""Image files: where they are, how large they are, and bringing them to where a format wants them."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from posekit.console import tracked
from posekit.files import copy_atomically
from posekit.labels.keypoint_data import KeypointData, LabelledImage
from posekit.media.image_file import IMAGE_SUFFIXES, image_size, write_image
from posekit.media.video import extract_frames, no_frame, read_frame

TRIED = 9
"""So many names of images are looked for to find their folder."""


def find_folder(names: Sequence[str], near: Path, given: Path | None = None) -> Path:
    """Return the folder that image names are relative to: the given one, else the first that holds an image.

    Looked for are ``near`` itself, its ``images``, its parent, all folders beside and below, to a depth of one.

    Raises:
        FileNotFoundError: if ``given`` is no folder or holds none of the images.
    """
    tried = [PurePosixPath(name.replace("\\", "/")) for name in names[:TRIED]]
    if given is not None:
        if not given.is_dir():
            raise FileNotFoundError(f"--images {given}: no such folder, seen from {Path.cwd()}")
        if tried and not any((given / name).is_file() for name in tried):
            raise FileNotFoundError(f"--images {given}: no image {tried[0]} in it; give the folder it is relative to")
        return given
    folders = [near, near / "images", near.parent, near.parent / "images", *_folders(near), *_folders(near.parent)]
    return next((folder for folder in folders if any((folder / name).is_file() for name in tried)), near)


def names_below(folder: Path, names: Sequence[str]) -> list[str]:
    """Return image names as seen from a folder, which may be anywhere along the path that all names share.

    Only leading parts that all names have are left out, so two images never become one.

    Args:
        folder: the folder that the person named.
        names: such as ``../x/1.jpg``, where ``folder`` is ``x`` or holds it.

    Returns:
        The names without shared leading parts if an image lies there, else the names as they are.
    """
    paths = [PurePosixPath(name.replace("\\", "/")) for name in names]
    levels = zip(*(path.parent.parts for path in paths), strict=False)
    shared = sum(1 for _ in itertools.takewhile(lambda level: len(set(level)) == 1, levels))
    for start in range(shared + 1):
        ends = [PurePosixPath(*path.parts[start:]) for path in paths]
        if (start == 0 or ends[0].parts[0] != "..") and any((folder / end).is_file() for end in ends[:TRIED]):
            return [str(end) for end in ends]
    return list(names)


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def images_in(folder: Path) -> list[Path]:
    """Return all images of a folder, to the bottom, sorted."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES and not path.is_dir())


def found_below(path: Path, folder: Path) -> Path | None:
    """Return a folder's file with the longest end of a path as its name: ``b/c.png`` rather than ``c.png``."""
    parts = [part for part in path.parts if part not in (path.anchor, "..")]
    ends = (folder.joinpath(*parts[start:]) for start in range(len(parts)))
    return next((end for end in ends if end.is_file()), None)


def image_named(stem: Path) -> Path:
    """Return the image of this name, whatever its suffix; the usual name if there is none."""
    candidates = (
        stem.with_name(stem.name + suffix) for case in (str.lower, str.upper) for suffix in map(case, IMAGE_SUFFIXES)
    )
    return next((path for path in candidates if path.is_file()), stem.with_name(f"{stem.name}.jpg"))


def fill_sizes(data: KeypointData) -> int:
    """Read the sizes that the labels do not state and return how many there were.

    Raises:
        FileNotFoundError: if an image is missing.
        ImageFileError: if one is damaged.
    """
    unknown = [image for image in data.images if image.size_wh is None]
    of_videos: dict[Path, tuple[int, int]] = {}
    for image in tracked(unknown, "reading sizes"):
        if image.frame is None:
            image.size_wh = image_size(image.path)
        elif image.decode:
            image.size_wh = _frame_size(image)
        else:  # to find a frame in a video takes long, and all have one size
            image.size_wh = of_videos.get(image.path) or of_videos.setdefault(image.path, _frame_size(image))
    return len(unknown)


def _frame_size(image: LabelledImage) -> tuple[int, int]:
    pixels = decoded(image)
    return pixels.shape[1], pixels.shape[0]


def decoded(image: LabelledImage) -> np.ndarray:
    """Return the pixels of an image that is no file of its own."""
    assert image.frame is not None
    return image.decode(image.frame) if image.decode else read_frame(image.path, image.frame)


def placed_names(images: Iterable[LabelledImage], *, flat: bool = False) -> list[str]:
    """Return a name for each image below one folder, no two with the same stem; folders stay as far as they differ.

    A frame of a video is named after the video and its number.

    Args:
        flat: join the folders' names to the image's, so that all can lie in one folder.
    """
    images = list(images)
    files = [Path(os.path.abspath(image.path)) for image in images]  # noqa: PTH100 - resolve() would follow links
    parents = {str(path.parent) for path in files}
    try:
        common = Path(os.path.commonpath(parents)) if parents else Path()
    except ValueError:  # different drives
        common = None
    names: list[str] = []
    taken: dict[str, int] = {}
    for image, path in zip(images, files, strict=True):
        inner = path.relative_to(common) if common is not None else Path(path.name)
        suffix = inner.suffix
        if image.frame is not None:
            inner, suffix = inner.with_suffix("") / f"frame{image.frame:06d}", ".png"
        stem = inner.with_suffix("").as_posix() if image.frame is None else inner.as_posix()
        stem = stem.replace("/", "_") if flat else stem
        free, number = stem, taken.get(stem.lower(), 0)
        while free.lower() in taken:
            number += 1
            free = f"{stem}_{number}"
        taken[stem.lower()] = number or 1
        taken.setdefault(free.lower(), 1)
        names.append(free + suffix)
    return names


def place_images(images: Sequence[LabelledImage], targets: Sequence[Path], *, copy: bool) -> None:
    """Bring images to their places: copied, or as links to where they are; frames of videos are decoded.

    Raises:
        OSError: if the file system has no links.
    """
    of_videos: dict[Path, list[tuple[int, Path]]] = {}
    for image, target in tracked(list(zip(images, targets, strict=True)), "placing images"):
        target.parent.mkdir(parents=True, exist_ok=True)
        source = Path(os.path.abspath(image.path))  # noqa: PTH100
        if image.frame is None and _is_the_file(source, target):
            continue
        if image.frame is not None and image.decode:
            write_image(target, decoded(image))
        elif image.frame is not None:
            target.unlink(missing_ok=True)  # or the frame counts as extracted already
            of_videos.setdefault(image.path, []).append((image.frame, target))
        elif copy:
            _copy(source, target)
        else:
            _link(source, target)
    for video, frames in of_videos.items():
        _place_frames(video, frames)


def _place_frames(video: Path, frames: list[tuple[int, Path]]) -> None:
    """Write frames of a video in one pass: to go to each of thousands on its own would take hours."""
    first = dict(reversed(frames))
    lacking = extract_frames(video, first)
    if lacking:
        raise no_frame(video, min(lacking))
    for number, target in frames:
        if target != first[number]:
            copy_atomically(first[number], target)


def _is_the_file(source: Path, target: Path) -> bool:
    """Whether the image is at its place already, perhaps with a link as its source: it must not be removed."""
    return target.exists() and not target.is_symlink() and source.exists() and source.samefile(target)


def _copy(source: Path, target: Path) -> None:
    if not source.is_file():
        raise FileNotFoundError(f"image {source}: no such file, so it cannot be copied; give its folder with --images")
    copy_atomically(source, target)


def _link(source: Path, target: Path) -> None:
    temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        temporary.symlink_to(relative_path(source, target.parent))
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OSError(f"{target}: this file system has no links ({error.strerror}); give --copy-images") from error


def relative_path(path: Path, folder: Path) -> str:
    """Return how a file is reached from a folder, with forward slashes; the whole path on another drive."""
    try:
        return Path(os.path.relpath(path, folder.resolve())).as_posix()
    except ValueError:
        return path.absolute().as_posix()


def files_beside(data: KeypointData, folder: Path, *, copy: bool) -> dict[int, str]:
    """Return each image's name as seen from ``folder``, by the identity of the image.

    Images stay where they are, or are copied to ``folder/images``; frames of videos are always written there.
    """
    moved = [image for image in data.images if copy or image.frame is not None]
    names = [f"images/{name}" for name in placed_names(moved)]
    place_images(moved, [folder / name for name in names], copy=True)
    name_of = dict(zip(map(id, moved), names, strict=True))
    return {id(image): name_of.get(id(image)) or relative_path(image.path, folder) for image in data.images}


def safe_name(text: str) -> str:
    """Return a text as a file name that every system takes."""
    return re.sub(r"[^\w.\-]+", "_", text).strip("._") or "unnamed"

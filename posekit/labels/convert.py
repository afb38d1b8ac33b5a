"""From one format to another: read, choose, divide, tell what is lost, fill in what is missing, write."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from posekit.labels.complete import PADDING, complete
from posekit.labels.format_table import format_of_destination, get_format, guess_format
from posekit.labels.keypoint_data import Category, Format, Hints, KeypointData, LabelledImage
from posekit.labels.losses import lose
from posekit.labels.public_sets.unpacking import Unpacking, UnpackingJob
from posekit.labels.splits import parse_split, split
from posekit.media.image_file import image_size

DIVIDED = ("coco", "yolo", "mpii")
"""Formats that are for training, so that a folder of them is divided if the source is not."""

DEFAULT_SPLIT = "val=0.2"

Decide = Callable[[Category], tuple[int, ...]]

LABEL_FOLDERS = ("annotations", "annotation", "labels", "anns")
"""A folder of this name holds labels of what lies in the folders beside it."""

SHOWN = 10
"""Number of images outside of the allowed folders that a message names."""


@dataclass(frozen=True)
class Options:
    """How to convert.

    Attributes:
        source_format: format of the source; recognised by default; ``dest_format`` likewise.
        category: the only one to keep.
        split: see ``parse_split``; by default ``val=0.2`` for a folder to train with, if the source has no parts.
        padding: margin of boxes made from keypoints, as a share of these on each side.
        whole: make boxes of the whole image instead.
        overwrite: write to a destination that is there already.
        allow_outside: copy and link images outside of the source's folder and of the one that the hints name.
        every: step between frames of unpacked sets, see ``UnpackingJob``; so is ``frames``.
    """

    source_format: str | None = None
    dest_format: str | None = None
    hints: Hints = field(default_factory=Hints)
    category: str | None = None
    split: str | None = None
    seed: int = 0
    padding: float = PADDING
    whole: bool = False
    copy_images: bool = False
    overwrite: bool = False
    allow_outside: bool = False
    every: int | None = None
    frames: bool = True


def convert(
    source: Path, dest: Path, options: Options, *, tell: Callable[[str], object], decide_swaps: Decide
) -> list[Path]:
    """Convert a dataset and return the files that were written.

    Args:
        tell: callback that receives a line on each step.
        decide_swaps: returns the swaps of a category when the destination needs them.

    Raises:
        FileNotFoundError: if the source, or an image that has to be read, is not there.
        FileExistsError: if the destination is.
        ValueError: if the source is malformed or an option is wrong.
    """
    reader = get_format(options.source_format) if options.source_format else guess_format(source)
    if reader.unpacking is not None:
        return _unpack(reader, reader.unpacking, source, dest, options, tell)
    _refuse(reader.name, {"--every": options.every, "--no-frames": not options.frames})
    writer = get_format(options.dest_format) if options.dest_format else format_of_destination(dest)
    if writer.write is None:
        raise ValueError(f"--to {writer.name}: this format can only be read; convert to coco")
    check_destination(source, dest, writer, overwrite=options.overwrite)
    assert reader.read is not None
    source_data = reader.read(source, options.hints)
    data = _only(source_data, options.category)
    if not data.images:
        raise ValueError(f"{source}: no images in it")
    tell(f"read    {source} as {reader.name}: {summary(data)}")
    if source_data.left_out:
        tell(f"left    {', '.join(f'{count:,} {what}' for what, count in source_data.left_out.items())}")
    _tell_missing(data, tell)
    _check_places(data, source, writer, options, tell)
    _divide(data, dest, writer, options, tell)
    notes = complete(data, writer.needs & {"sizes"})
    rest, lost = lose(data, _losses(writer, dest))
    notes += complete(rest, writer.needs, padding=options.padding, whole=options.whole)
    if "swaps" in writer.needs:
        _settle_swaps(rest, decide_swaps)
    written = writer.write(rest, dest, copy_images=options.copy_images)
    tell(f"lost    {'nothing' if not lost else f'what {writer.name} cannot hold: ' + ', '.join(lost)}")
    for text in notes:
        tell(f"made    {text}")
    tell(f"wrote   {', '.join(map(str, written))} as {writer.name}")
    return written


def _tell_missing(data: KeypointData, tell: Callable[[str], object]) -> None:
    missing = [path for path in dict.fromkeys(image.path for image in data.images) if not path.is_file()]
    if missing:
        count = f"{len(missing):,} file{'s' if len(missing) > 1 else ''} of images"
        tell(f"missing {count}, such as {missing[0]}; give its folder with --images")


def _check_places(
    data: KeypointData, source: Path, writer: Format, options: Options, tell: Callable[[str], object]
) -> None:
    """See that what will be copied or linked are images in the folders that the person pointed to."""
    moved = [image for image in data.images if options.copy_images or writer.places_images or image.frame is not None]
    for line in check_places(moved, source, options.hints.images, allow_outside=options.allow_outside):
        tell(line)


def _unpack(
    raw: Format, unpacking: Unpacking, source: Path, dest: Path, options: Options, tell: Callable[[str], object]
) -> list[Path]:
    """Make the files of a dataset's own class; options that do not apply to it are refused."""
    hints = options.hints
    _refuse(raw.name, {"--to": options.dest_format, "--images": hints.images, "--keypoints": hints.keypoints})
    _refuse(raw.name, {"--category": options.category, "--whole-image": options.whole})
    every, division = unpacking.chosen(raw.name, options.every, options.split)
    if not source.is_dir():
        raise FileNotFoundError(f"{source}: no such folder, seen from {Path.cwd()}")
    check_destination(source, dest, raw, overwrite=options.overwrite)
    written = unpacking.run(UnpackingJob(source, dest, tell, every, division, options.frames, options.copy_images))
    tell(f"wrote   {', '.join(map(str, written))}")
    return written


def _refuse(name: str, options: dict[str, object]) -> None:
    useless = next((option for option, value in options.items() if value), None)
    if useless:
        raise ValueError(f"{useless}: says nothing about {name}; leave it out")


def check_destination(source: Path, dest: Path, writer: Format, *, overwrite: bool) -> None:
    """See that nothing is overwritten by chance.

    Raises:
        FileExistsError: if it is there.
        ValueError: if it is the source, or a file where a folder is needed.
    """
    if dest.exists() and source.exists() and dest.resolve() == source.resolve():
        raise ValueError(f"{dest}: source and destination are the same; write to another place")
    named_file = writer.suffix is not None and dest.suffix.lower() == writer.suffix
    if dest.is_file() and not named_file:
        raise ValueError(f"{dest}: {writer.name} is written to a folder, and this is a file; give a folder")
    full = dest.is_file() or (dest.is_dir() and any(dest.iterdir()))
    if full and not overwrite:
        raise FileExistsError(f"{dest}: is there already; give another destination, or --overwrite")


def _only(data: KeypointData, name: str | None) -> KeypointData:
    """Keep the objects of one category, if one is named."""
    if name is None:
        return data
    names = [category.name for category in data.categories]
    if name not in names:
        raise ValueError(f"--category {name}: no such category; there are {', '.join(names)}")
    index = names.index(name)
    for image in data.images:
        image.instances = [replace(instance, category=0) for instance in image.instances if instance.category == index]
    return replace(data, categories=[data.categories[index]])


def _divide(data: KeypointData, dest: Path, writer: Format, options: Options, tell: Callable[[str], object]) -> None:
    into_folder = writer.name in DIVIDED and dest.suffix.lower() != writer.suffix
    rest = [image for image in data.images if not image.split]
    undivided = len(rest) > 1 and all(image.split in ("", "test") for image in data.images)
    shares = parse_split(options.split or (DEFAULT_SPLIT if into_folder and undivided else "none"))
    if shares:
        divided = data if options.split else replace(data, images=rest)
        tell(f"split   {split(divided, shares, options.seed)}")


def _losses(writer: Format, dest: Path) -> tuple[str, ...]:
    one_file = writer.name in DIVIDED and dest.suffix.lower() == writer.suffix
    return (*writer.loses, "splits") if one_file else writer.loses


def _settle_swaps(data: KeypointData, decide: Decide) -> None:
    """Give the main category, and others with the same keypoints, the swaps that were decided on."""
    main = data.categories[data.main_category()]
    if not main.keypoints:
        return
    swaps = decide(main)
    data.categories = [
        replace(category, swaps=swaps) if category.keypoints == main.keypoints else category
        for category in data.categories
    ]


def summary(data: KeypointData) -> str:
    """Return what a dataset has: ``116 images, 116 objects (mouse), 4 keypoints``."""
    objects = sum(len(image.instances) for image in data.images)
    labelled = sum(int(instance.labelled.sum()) for instance in data.instances())
    names = [category.name for category in data.categories]
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    keypoints = data.categories[data.main_category()].keypoints
    return (
        f"{len(data.images):,} images, {objects:,} objects ({shown}), "
        f"{len(keypoints)} keypoints, {labelled:,} labelled in all"
    )


def check_places(images: Sequence[LabelledImage], source: Path, root: Path | None, *, allow_outside: bool) -> list[str]:
    """Return a line on each file outside of the allowed folders, if they are allowed, too.

    A label file may come from anybody, and names any file. Allowed are images in the folder of the label file, or in
    the one that the person named.

    Args:
        images: images whose files are to be copied or linked.
        source: the label file or folder.
        root: the folder of the images, if the person named one.
        allow_outside: whether images elsewhere are allowed as well.

    Raises:
        ValueError: if a file lies outside and that is not allowed.
        ImageFileError: if a file is no image.
    """
    roots = [_normal(folder) for folder in (_folder_of(source), root) if folder is not None]
    paths = dict.fromkeys(image.path for image in images)
    outside = [path for path in paths if not any(_normal(path).is_relative_to(folder) for folder in roots)]
    if outside and not allow_outside:
        shown = "".join(f"\n  {path}" for path in outside[:SHOWN])
        more = f"\n  and {len(outside) - SHOWN:,} more" if len(outside) > SHOWN else ""
        raise ValueError(
            f"{source} names {len(outside):,} file{'s' * (len(outside) > 1)} outside of {roots[-1]}:{shown}{more}\n"
            "give the folder of the images with --images, or --allow-outside if these may be copied or linked"
        )
    for path in dict.fromkeys(image.path for image in images if image.frame is None):
        if path.is_file():
            image_size(path)
    return [f"outside {path}" for path in outside]


def _folder_of(source: Path) -> Path:
    folder = source if source.is_dir() else source.parent
    return folder.parent if _normal(folder).name.lower() in LABEL_FOLDERS else folder


def _normal(path: Path) -> Path:
    """Return the whole path without ``..``; links stay, since the person has put them there."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links

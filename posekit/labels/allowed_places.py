"""Which files a label file may make posekit copy or link: images, in folders that the person pointed to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from posekit.labels.keypoint_data import LabelledImage
from posekit.media.image_file import image_size

LABEL_FOLDERS = ("annotations", "annotation", "labels", "anns")
"""A folder of this name holds labels of what lies in the folders beside it."""
SHOWN = 10


def check_places(images: Sequence[LabelledImage], source: Path, root: Path | None, *, allow_outside: bool) -> list[str]:
    """Return a line on each file outside of the allowed folders, if they are allowed, too.

    A label file may come from anybody, and names any file. Allowed are images in the folder of the label file, or in
    the one that the person named.

    Args:
        images: of which the files are to be copied or linked.
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

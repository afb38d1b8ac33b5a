"""MPII as handed out: mpii_human_pose_v1_u12_1.mat with all labels, and a folder of images.

The format writes the JSON lists that ``MpiiDataset`` reads, one for each part, and the head boxes for its evaluation.
Like the .mat file they count pixels from 1.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from posekit.console import tracked
from posekit.datasets.readers.mpii import HEAD_SHARE
from posekit.files import write_atomically
from posekit.labels.image_files import place_images
from posekit.labels.keypoint_data import Format, Hints, Instance, KeypointData, LabelledImage
from posekit.labels.place import ENCODER, FoundText, Place, as_utf8
from posekit.labels.public_sets.public_set import SCALE_PIXELS, category_of, found_files, read_mat

LABELS = "mpii_human_pose*.mat"
FOLDER = "images"
KEYPOINTS = 16
BOX_SHARE = 1.25
"""Factor by which the box that ``scale`` describes is larger than a person."""

NUMBERED = re.compile(r"[0-9]+\.[A-Za-z]+")


def read(source: Path, hints: Hints) -> KeypointData:
    """Read the .mat file, or the one in a folder.

    Images of the test have people without keypoints. They belong to the split ``test``; the others to none, as the
    usual division into training and validation is no part of the file.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: naming the first value that is not as it must be.
    """
    path = source if source.is_file() else found_files(source, LABELS, "MPII")[0]
    release = read_mat(path, "RELEASE", as_objects=True)[0]
    place = Place(path)
    entries, training = (listed(attribute(release, name, place)) for name in ("annolist", "img_train"))
    if len(entries) != len(training):
        raise place.wrong(
            FoundText(f"{len(entries)} images"), f"{len(training)}, as img_train has", "download it again"
        )
    root = hints.images or path.parent / FOLDER
    left_out: Counter[str] = Counter()
    images = []
    for number, (entry, is_training) in enumerate(tracked(list(zip(entries, training, strict=True)), "reading")):
        where = place.at(f"annolist({number + 1})")
        name = where.at("image.name").text(attribute(attribute(entry, "image", where), "name", where))
        people = list(_people(entry, where, is_training == 1))
        labelled = [person for person in people if person is not None]
        left_out["people without keypoints"] += len(people) - len(labelled)
        video = listed(getattr(entry, "vididx", ()))
        split = "" if is_training == 1 else "test"
        images.append(LabelledImage(root / name, labelled, video=str(int(video[0])) if video else None, split=split))
    return KeypointData([category_of("mpii", "person")], images, left_out=+left_out)


def _people(image: Any, place: Place, is_training: bool) -> Iterator[Instance | None]:
    """Yield the people of an image; None for one who is not labelled though the image is to train on."""
    for number, person in enumerate(listed(getattr(image, "annorect", ()))):
        where = place.at(f"annorect({number + 1})")
        points = listed(getattr(getattr(person, "annopoints", None), "point", ()))
        keypoints = np.zeros((KEYPOINTS, 3))
        for point in points:
            index, x, y = (where.number(plain(getattr(point, name, None))) for name in ("id", "x", "y"))
            if index not in range(KEYPOINTS):
                raise where.at("annopoints").wrong(index, f"an id from 0 to {KEYPOINTS - 1}")
            hidden = str(plain(getattr(point, "is_visible", 1))) == "0"
            keypoints[int(index)] = [x - 1, y - 1, 1 if hidden else 2]
        extra, box = _place_of(person, where)
        if points or (box and not is_training):
            yield Instance(keypoints, box=None if points else box, extra=extra)
        else:
            yield None


def _place_of(person: Any, place: Place) -> tuple[dict[str, Any], tuple[float, float, float, float] | None]:
    """Return a person's centre, scale and head, as far as they are labelled, and the box that they describe."""
    extra: dict[str, Any] = {}
    box = None
    position: Any = getattr(person, "objpos", None)
    scale = plain(getattr(person, "scale", None))
    if hasattr(position, "x") and scale is not None:
        x, y, scale = (place.number(value) for value in (plain(position.x), plain(position.y), scale))
        side = scale * SCALE_PIXELS
        extra |= {"center": [x - 1, y - 1], "scale": scale}
        box = (x - 1 - side / 2, y - 1 - side / 2, side, side)
    corners = [plain(getattr(person, name, None)) for name in ("x1", "y1", "x2", "y2")]
    if None not in corners:
        head = [place.number(corner) - 1 for corner in corners]
        size = HEAD_SHARE * float(np.hypot(head[2] - head[0], head[3] - head[1]))
        extra |= {"headbox": head, "head_size": round(size, 4)}
    return extra, box


def listed(value: Any) -> list[Any]:
    """Return the elements of a struct array, of which MATLAB leaves out the brackets around a single one."""
    return list(value) if isinstance(value, (np.ndarray, list, tuple)) else [value]


def attribute(value: Any, name: str, place: Place) -> Any:
    """Return a field of a struct; a missing one is an error."""
    if not hasattr(value, name):
        raise place.wrong(FoundText(f"no field '{name}'"), "MPII's own structure", "is it MPII's file of labels?")
    return getattr(value, name)


def plain(value: Any) -> Any:
    """Return a MATLAB value as a Python number or text; an empty one as None."""
    array = np.asarray(value)
    return array.reshape(-1)[0].item() if array.size and array.dtype.kind in "iufbU" else None


def write(data: KeypointData, dest: Path, *, copy_images: bool) -> list[Path]:
    """Write ``annotations/mpii_PART.json``, ``annotations/mpii_gt_PART.mat`` and ``images`` to a folder.

    Raises:
        ValueError: if keypoints or names of images are not those of MPII.
    """
    main = data.categories[data.main_category()]
    names = category_of("mpii", "person").keypoints
    if main.keypoints != names:
        raise ValueError(f"--to mpii: keypoints are {', '.join(main.keypoints) or 'none'}; MPII has {', '.join(names)}")
    targets = [dest / FOLDER / image.path.name for image in data.images]
    unnumbered = next((target.name for target in targets if not NUMBERED.fullmatch(target.name)), None)
    if unnumbered is not None or len(set(targets)) < len(targets):
        example = unnumbered or Counter(targets).most_common(1)[0][0].name
        raise ValueError(f"--to mpii: image '{example}'; names must differ and be numbers, as 015601864.jpg")
    place_images(data.images, targets, copy=copy_images)
    written = []
    for split, images in data.by_split().items():
        people = [(image, instance) for image in images for instance in image.instances]
        path = dest / "annotations" / f"mpii_{split or 'trainval'}.json"
        entries = [_entry(image, instance) for image, instance in people]
        write_atomically(path, lambda file, entries=entries: file.write(as_utf8(ENCODER.encode(entries))))
        written.append(path)
        heads = [instance.extra.get("headbox") for _, instance in people]
        if heads and None not in heads:
            written.append(_write_heads(path.with_name(f"mpii_gt_{split or 'trainval'}.mat"), heads))
    return written


def _entry(image: LabelledImage, instance: Instance) -> dict[str, Any]:
    """Return a person as the JSON list has it, counted from 1; keypoints without label are at -1."""
    center, scale = instance.extra.get("center"), instance.extra.get("scale")
    if center is None or scale is None:
        assert instance.box is not None
        x, y, width, height = instance.box
        center, scale = [x + width / 2, y + height / 2], max(width, height) / BOX_SHARE / SCALE_PIXELS
    joints = np.where(instance.keypoints[:, 2:] > 0, instance.keypoints[:, :2] + 1, -1)
    return {
        "joints_vis": instance.labelled.astype(int).tolist(),
        "joints": joints.tolist(),
        "image": image.path.name,
        "scale": scale,
        "center": [value + 1 for value in center],
    }


def _write_heads(path: Path, heads: list[Any]) -> Path:
    from scipy.io import savemat

    corners = np.array(heads, np.float64).reshape(-1, 2, 2) + 1
    write_atomically(path, lambda file: savemat(file, {"headboxes_src": corners.transpose(1, 2, 0)}))
    return path


FORMAT = Format(
    name="mpii",
    title="MPII",
    recognises=lambda source: False,
    read=read,
    write=write,
    loses=(
        *("crowds", "other_categories", "hidden", "unlabelled_positions", "areas", "segmentations", "tracks", "scores"),
        *("ids", "category_ids", "instance_ids", "videos", "sizes", "links", "swaps"),
    ),
    needs=frozenset({"boxes", "sizes"}),
    places_images=True,
)

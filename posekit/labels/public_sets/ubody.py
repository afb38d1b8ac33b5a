"""UBody as handed out: annotations of each scene (keypoint_annotation.json), videos, and lists of the test videos.

An image is named after the frame of a video brought to 30 frames per second: ``SCENE/VIDEO/000001.png`` is the first.
Images that were extracted to ``images`` already, as by the authors' script, are taken from there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from glob import escape
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

import numpy as np

from posekit.files import write_atomically
from posekit.labels.image_files import place_images
from posekit.labels.keypoint_data import LabelledImage
from posekit.labels.place import Place, json_bytes, read_object
from posekit.labels.public_sets.public_set import found_files, unpacked_format
from posekit.labels.public_sets.unpacking import UnpackingJob
from posekit.media.video import extract_frames

RATE = 30
TRIMMED = "_Trim"
"""Parts of a video are named after it, with this and a number behind."""

PARTS = ("train", "val")


def unpack(job: UnpackingJob) -> list[Path]:
    """Write ``annotations``, of each scene and of all, and ``images``, as configs for UBody2dDataset look for them.

    Raises:
        FileNotFoundError: if a file is not there, or no frame at all.
        ValueError: naming the first value that is not as it must be.
    """
    return unpack_scenes(job, Scene)


def unpack_scenes(job: UnpackingJob, kind: type[Scene], **options: Any) -> list[Path]:
    """Write the files of each scene and of all; see ``unpack``.

    Args:
        kind: what reads the labels of a scene.
        options: arguments of ``kind`` besides its first two.
    """
    paths = found_files(job.source, "annotations/*/keypoint_annotation.json", "UBody")
    held_out = read_test_list(paths[0].parents[2] / "splits" / f"{job.split}_scene_test_list.npy")
    labels, lost, unfitted = 0, 0, 0
    for path in paths:
        scene = kind(job, path, **options)
        parts, unusable = scene.divide(held_out)
        lost, unfitted = lost + unusable, unfitted + scene.unfitted
        for part, document in zip(PARTS, parts, strict=True):
            labels += len(document["annotations"])
            target = job.dest / "annotations" / scene.name / kind.FILE.format(part)
            write_atomically(target, lambda file, d=document: file.write(json_bytes(d)))
    job.tell(f"read    {labels:,} labels of {len(paths)} scenes")
    if unfitted:
        job.tell(f"lost    {unfitted:,} labels that no body was fitted to")
    if lost:
        job.tell(f"lost    {lost:,} labels of frames that no video holds")
    if not labels:
        raise FileNotFoundError(f"{job.source}/videos: none of the labelled frames; bring them there, or --no-frames")
    folder = job.dest / "annotations"
    written = [folder / kind.JOINED.format(part) for part in PARTS]
    for part, path in zip(PARTS, written, strict=True):
        write_joined([folder / source.parent.name / kind.FILE.format(part) for source in paths], path, kind.CATEGORIES)
    return written


def read_test_list(path: Path) -> frozenset[str]:
    """Read a list of videos that are not to be trained on.

    Raises:
        FileNotFoundError: if it is not there.
        ValueError: if it is no list of names.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; it lists the test videos and comes with UBody's splits.zip")
    try:
        names = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(f"{path}: no list that can be read: {error}; download it again") from error
    if names.dtype.kind != "U":
        raise ValueError(f"{path}: an array of {names.dtype}, expected names of videos; download it again")
    return frozenset(names.reshape(-1).tolist())


class Scene:
    """The labels of one scene, and their images.

    Args:
        path: path of its keypoint_annotation.json.

    Attributes:
        unfitted: number of labels left out, because they have no poses in space.
    """

    FILE, JOINED = "{}_annotations.json", "{}_annotation.json"
    """Names of the files of a scene and of all."""

    CATEGORIES: ClassVar[list[dict[str, Any]]] = [{"supercategory": "person", "id": 1, "name": "person"}]
    unfitted = 0

    def __init__(self, job: UnpackingJob, path: Path) -> None:
        self.job, self.place, self.name = job, Place(path), path.parent.name
        self.root = path.parents[2]

    def divide(self, held_out: frozenset[str]) -> tuple[tuple[dict[str, Any], dict[str, Any]], int]:
        """Bring the images and return the documents to train on and to validate, and how many labels have none."""
        document = read_object(self.place.path)
        images = dict(self._images(document))
        annotations = self._annotations(document, images)
        used = dict.fromkeys(annotation["image_id"] for annotation in annotations)
        there = self._bring([images[key]["file_name"] for key in used])
        parts: tuple[list[Any], list[Any]] = ([], [])
        for annotation in annotations:
            name = images[annotation["image_id"]]["file_name"]
            if name in there:
                parts[video_name(name) in held_out].append(annotation)
        lost = len(annotations) - sum(map(len, parts))
        train, val = (self._document(images, part) for part in parts)
        return (train, val), lost

    def _images(self, document: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield the images by id, with names relative to the scene."""
        for number, item in enumerate(self.place.list(self.place.get(document, "images"))):
            where = self.place.at(f"images[{number}]")
            name = where.at("file_name").text(where.get(item, "file_name")).lstrip("/")
            path = PurePosixPath(name)
            if len(path.parts) < 2 or ".." in path.parts or not path.stem.isdecimal():
                raise where.at("file_name").wrong(name, "the name of a video and a frame, as VIDEO/000001.png")
            yield where.whole(where.get(item, "id")), {**item, "file_name": name}

    def _annotations(self, document: dict[str, Any], images: dict[int, Any]) -> list[dict[str, Any]]:
        annotations = self.place.list(self.place.get(document, "annotations"))
        for number, annotation in enumerate(annotations):
            where = self.place.at(f"annotations[{number}]")
            image_id = where.get(annotation, "image_id")
            if where.whole(image_id) not in images:
                raise where.wrong(image_id, "the id of an image in the file")
        return annotations

    def _document(self, images: dict[int, Any], annotations: list[dict[str, Any]]) -> dict[str, Any]:
        used = [images[key] for key in dict.fromkeys(annotation["image_id"] for annotation in annotations)]
        return {
            "images": [{**image, "file_name": f"{self.name}/{image['file_name']}"} for image in used],
            "annotations": [{**annotation, "category_id": self.CATEGORIES[0]["id"]} for annotation in annotations],
            "categories": self.CATEGORIES,
        }

    def _bring(self, names: list[str]) -> frozenset[str]:
        """Link or copy images, or write the frames of videos; return the names of those that are there."""
        if not self.job.frames:
            return frozenset(names)
        extracted, videos = {}, {}
        for name in names:
            image = self.root / "images" / self.name / name
            if image.is_file():
                extracted[name] = LabelledImage(image)
            else:
                videos.setdefault(str(PurePosixPath(name).parent), []).append(name)
        place_images(list(extracted.values()), list(map(self._target, extracted)), copy=self.job.copy_images)
        return frozenset(extracted).union(*(self._extract(video, wanted) for video, wanted in videos.items()))

    def _extract(self, video: str, names: list[str]) -> Iterable[str]:
        """Write the frames of a video and return the names of those that it has."""
        frames = {int(PurePosixPath(name).stem) - 1: name for name in names}
        path = self._video(video)
        if path is None:
            return [name for name in names if self._target(name).exists()]
        targets = {number: self._target(name) for number, name in frames.items()}
        lacking = extract_frames(path, targets, rate=RATE)
        return [name for number, name in frames.items() if number not in lacking]

    def _video(self, name: str) -> Path | None:
        place = self.root / "videos" / self.name / name
        return next((path for path in sorted(place.parent.glob(f"{escape(place.name)}.*")) if path.is_file()), None)

    def _target(self, name: str) -> Path:
        return self.job.dest / "images" / self.name / name


def video_name(file_name: str) -> str:
    """Return the video of an image as the lists of test videos name it."""
    return PurePosixPath(file_name).parts[-2].split(TRIMMED)[0]


def write_joined(paths: list[Path], target: Path, categories: list[dict[str, Any]]) -> None:
    """Join several COCO files in one with new ids, with never more than one of them in memory."""

    def write(file: Any) -> None:
        file.write(b'{"categories": ' + json.dumps(categories).encode() + b', "annotations": [')
        images: list[dict[str, Any]] = []
        written = 0
        for path in paths:
            document = read_object(path)
            new_id = {image["id"]: len(images) + index for index, image in enumerate(document["images"], 1)}
            images += [{**image, "id": new_id[image["id"]]} for image in document["images"]]
            for annotation in document["annotations"]:
                ids = {"id": written + 1, "image_id": new_id[annotation["image_id"]]}
                file.write((b",\n" if written else b"") + json.dumps({**annotation, **ids}).encode())
                written += 1
        file.write(b'], "images": ' + json_bytes(images).strip() + b"}\n")

    write_atomically(target, write)


FORMAT = unpacked_format("ubody", "UBody", unpack, splits=("intra", "inter"))

"""Human3.6M as handed out: a folder for each subject with MyPoseFeatures (.cdf) and Videos, and metadata.xml.

``metadata.xml`` comes with the authors' software; it lies beside the subjects or one folder above.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from posekit.labels.place import FoundText, Place
from posekit.labels.public_sets.mocap_takes import Take, subjects_there, write_cameras, write_takes
from posekit.labels.public_sets.public_set import unpacked_format
from posekit.labels.public_sets.unpacking import UnpackingJob
from posekit.labels.text_files import read_xml

SPLITS = {"train": ("S1", "S5", "S6", "S7", "S8"), "test": ("S9", "S11")}
SUBJECTS = 11
"""Number of subjects that the cameras were calibrated for; poses of fewer were published."""

SIZES_WH = {"54138969": (1000, 1002), "55011271": (1000, 1000), "58860488": (1000, 1000), "60457274": (1000, 1002)}
JOINTS = 32
MOVING = (0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27)
"""Of the skeleton's joints those that are no duplicates and no ends of others: the keypoints."""

RATE, EVERY = 50, 5
ALL_ACTIONS, ROWS = "1", 32
"""Action of the metadata that covers all others; two recordings of each of 16 actions come first."""

MM = 0.001
OUTSIDE, INSIDE = 6, 9
"""Numbers of ``w0`` for each camera and subject (rotation, position), and then for each camera (lens)."""


def unpack(job: UnpackingJob) -> list[Path]:
    """Write ``annotation_body3d`` and ``images``, as configs for Human36mDataset look for them.

    Raises:
        FileNotFoundError: if a file is not there.
        ModuleNotFoundError: if cdflib is not installed.
        ValueError: naming the first file that is not as it must be.
    """
    subjects_of = {split: subjects_there(job, names, ("", "extracted")) for split, names in SPLITS.items()}
    there = [folder for folders in subjects_of.values() for folder in folders]
    if not there:
        raise FileNotFoundError(_no_subject(job.source))
    metadata = Metadata.read(_metadata_file(there[0].parent))
    folder = job.dest / "annotation_body3d"
    written = [folder / "cameras.pkl"]
    write_cameras(written[0], metadata.cameras())
    for split, subjects in subjects_of.items():
        if subjects:
            written.append(folder / f"fps{RATE // job.every}" / f"h36m_{split}.npz")
            write_takes(job, written[-1], (take for subject in subjects for take in _takes(job, subject, metadata)))
    return written


def _no_subject(source: Path) -> str:
    names = ", ".join(name for names in SPLITS.values() for name in names)
    packed = next(source.rglob("*.tgz"), None)
    advice = f"extract {packed.name} and the others of this kind first" if packed else "give the folder of Human3.6M"
    return f"{source}: no folder of a subject ({names}) in it; {advice}"


def _metadata_file(folder: Path) -> Path:
    places = [folder / "metadata.xml", folder.parent / "metadata.xml"]
    path = next((path for path in places if path.is_file()), None)
    if path is None:
        raise FileNotFoundError(
            f"{places[0]}: no such file, nor one folder above; it names the videos and holds the cameras, and comes "
            "with the software of Human3.6M (Release-v1.x): copy it there"
        )
    return path


@dataclass(frozen=True)
class Metadata:
    """What metadata.xml says.

    Attributes:
        place: the file.
        motions: names of the recordings of each subject, in the order of the file.
        camera_ids: names of the four cameras, in the order of ``numbers``.
        numbers: numbers of all cameras, ``w0`` of the file.
    """

    place: Place
    motions: dict[str, list[str]]
    camera_ids: list[str]
    numbers: np.ndarray

    @classmethod
    def read(cls, path: Path) -> Metadata:
        """Read the file.

        Raises:
            ValueError: if a part of it is missing.
        """
        root, place = read_xml(path), Place(path)
        camera_ids = [(item.text or "").strip() for item in _part(root, place, "dbcameras/index2id")]
        if not set(camera_ids) <= set(SIZES_WH) or not camera_ids:
            raise place.at("dbcameras/index2id").wrong(camera_ids, f"cameras out of {', '.join(SIZES_WH)}")
        where, text = place.at("w0"), _part(root, place, "w0").text or ""
        numbers = np.array([where.number(value) for value in text.strip().strip("[]").split()])
        needed = len(camera_ids) * (OUTSIDE * SUBJECTS + INSIDE)
        if len(numbers) < needed:
            raise where.wrong(FoundText(f"{len(numbers)} numbers"), f"{needed} of the cameras", "is the file whole?")
        return cls(place, _motions(_part(root, place, "mapping"), place), camera_ids, numbers)

    def cameras(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Return the parameters of each subject's cameras."""
        return {
            (f"S{subject}", camera_id): self.camera(index, subject)
            for subject in range(1, SUBJECTS + 1)
            for index, camera_id in enumerate(self.camera_ids)
        }

    def camera(self, index: int, subject: int) -> dict[str, Any]:
        """Return a camera's rotation from the world and position in metres, lens and image size."""
        outside = self.numbers[OUTSIDE * (SUBJECTS * index + subject - 1) :][:OUTSIDE]
        lens = self.numbers[OUTSIDE * SUBJECTS * len(self.camera_ids) + INSIDE * index :][:INSIDE, None]
        width, height = SIZES_WH[self.camera_ids[index]]
        return {
            "R": rotation(outside[:3]),
            "T": outside[3:, None] * MM,
            "f": lens[:2],
            "c": lens[2:4],
            "k": lens[4:7],
            "p": lens[7:],
            "w": width,
            "h": height,
            "name": f"camera{index + 1}",
            "id": self.camera_ids[index],
        }


def _part(root: ElementTree.Element, place: Place, name: str) -> ElementTree.Element:
    part = root.find(name)
    if part is None:
        raise place.wrong(FoundText(f"no {name}"), "one", "is it the metadata.xml of Human3.6M?")
    return part


def _motions(mapping: ElementTree.Element, place: Place) -> dict[str, list[str]]:
    """Read the table of recordings: action, subaction, and the name for each subject of the first row."""
    header, *rows = [[(cell.text or "").strip() for cell in row] for row in mapping] or [[]]
    rows = [row for row in rows[:ROWS] if row and row[0] != ALL_ACTIONS]
    if len(header) < 3 or not rows:
        raise place.at("mapping").wrong(header, "a row of subjects, and one of names for each recording")
    return {
        subject: [row[column] if column < len(row) else "" for row in rows]
        for column, subject in enumerate(header[2:], 2)
    }


def rotation(angles: np.ndarray) -> np.ndarray:
    """Return the rotation (3, 3) from the world to a camera that was turned about x, y and z, in radians."""
    (sin_x, sin_y, sin_z), (cos_x, cos_y, cos_z) = np.sin(angles), np.cos(angles)
    about_x = np.array([[1, 0, 0], [0, cos_x, -sin_x], [0, sin_x, cos_x]])
    about_y = np.array([[cos_y, 0, sin_y], [0, 1, 0], [-sin_y, 0, cos_y]])
    about_z = np.array([[cos_z, -sin_z, 0], [sin_z, cos_z, 0], [0, 0, 1]])
    return (about_x @ about_y @ about_z).T


def _takes(job: UnpackingJob, subject: Path, metadata: Metadata) -> Iterator[Take]:
    motions = metadata.motions.get(subject.name, [])
    if not motions or not all(motions):
        raise metadata.place.at("mapping").wrong(motions, f"the names of all recordings of {subject.name}")
    for motion in motions:
        for camera in metadata.camera_ids:
            yield _take(job, subject, f"{motion}.{camera}")


def _take(job: UnpackingJob, subject: Path, name: str) -> Take:
    features = subject / "MyPoseFeatures"
    flat, deep = (
        read_poses(features / folder / f"{name}.cdf", size)
        for folder, size in (("D2_Positions", 2), ("D3_Positions_mono", 3))
    )
    if len(flat) != len(deep):
        raise ValueError(
            f"{features}/D3_Positions_mono/{name}.cdf: {len(deep)} poses, expected {len(flat)} as in D2_Positions; "
            "extract both again"
        )
    numbers = range(0, len(flat), job.every)
    stem = f"{subject.name}_{name}".replace(" ", "_")
    return Take(
        source=subject / "Videos" / f"{name}.mp4",
        names=[f"{subject.name}/{stem}/{stem}_{number + 1:06d}.jpg" for number in numbers],
        keypoints=flat[:: job.every, MOVING],
        visible=np.ones((len(numbers), len(MOVING))),
        keypoints_3d=deep[:: job.every, MOVING] * MM,
        numbers=numbers,
    )


def read_poses(path: Path, size: int) -> np.ndarray:
    """Read the poses of a .cdf file (F, 32, size).

    Raises:
        FileNotFoundError: if it is not there.
        ModuleNotFoundError: if cdflib is not installed.
        ValueError: if it holds no such poses.
    """
    import cdflib  # pyright: ignore[reportMissingImports]

    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; extract all poses and videos of this subject")
    try:
        poses = np.asarray(cdflib.CDF(path).varget("Pose"), np.float64)
    except (OSError, ValueError, TypeError, KeyError, IndexError) as error:
        raise ValueError(f"{path}: no CDF file with poses that can be read: {error}; extract it again") from error
    if poses.ndim < 2 or poses.shape[-1] != JOINTS * size or not poses.size or not np.isfinite(poses).all():
        raise Place(path).wrong(
            FoundText(f"Pose of shape {poses.shape}"), f"finite numbers (F, {JOINTS * size})", "extract it again"
        )
    return poses.reshape(-1, JOINTS, size)


FORMAT = unpacked_format("h36m", "Human3.6M", unpack, every=EVERY)

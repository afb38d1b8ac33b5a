"""MPI-INF-3DHP as handed out: train/S1/Seq1 … (annot.mat, camera.calibration, videos), test/TS1 … (images)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from posekit.labels.place import FoundText, Place, read_text
from posekit.labels.public_sets.mocap_takes import Take, subjects_there, write_cameras, write_takes
from posekit.labels.public_sets.public_set import open_hdf5, read_mat, unpacked_format
from posekit.labels.public_sets.unpacking import UnpackingJob

TRAIN, TEST = tuple(f"S{number}" for number in range(1, 9)), tuple(f"TS{number}" for number in range(1, 7))
SEQUENCES = ("Seq1", "Seq2")
CAMERAS = (0, 1, 2, 4, 5, 6, 7, 8)
"""Those of the 14 cameras that are used, by their numbers in all files."""

FRAMES = {
    "S1": (6416, 12430),
    "S2": (6502, 6081),
    "S3": (12488, 12283),
    "S4": (6171, 6675),
    "S5": (12820, 12312),
    "S6": (6188, 6145),
    "S7": (6239, 6320),
    "S8": (6468, 6054),
}
"""Frames to use of the two sequences; some annotations go on after the end of the video."""

SIZE_WH, WIDE_WH, WIDE = (2048, 2048), (1920, 1080), ("TS5", "TS6")
JOINTS = 28
KEYPOINTS = (7, 5, 14, 15, 16, 9, 10, 11, 23, 24, 25, 18, 19, 20, 4, 3, 6)
"""The 17 keypoints among the joints of the training annotations; test annotations have just these."""

MM = 0.001


def unpack(job: UnpackingJob) -> list[Path]:
    """Write ``annotations`` and ``images``, for MpiInf3dhpDataset; of the test set the frames that the authors use.

    Raises:
        FileNotFoundError: if a file is not there.
        ModuleNotFoundError: if h5py is not installed.
        ValueError: naming the first file that is not as it must be.
    """
    train = subjects_there(job, TRAIN, ("train", ""))
    test = subjects_there(job, TEST, ("test", "mpi_inf_3dhp_test_set", ""))
    if not train and not test:
        raise FileNotFoundError(
            f"{job.source}: no folder of a subject (train/S1 … S8, test/TS1 … TS6) in it; give the folder of "
            "MPI-INF-3DHP"
        )
    folder, written = job.dest / "annotations", []
    for name, subjects, takes_of in (("train", train, _train_takes), ("test", test, _test_takes)):
        if subjects:
            cameras: dict[str, dict[str, Any]] = {}
            takes = (take for subject in subjects for take in takes_of(job, subject, cameras))
            path = folder / f"mpi_inf_3dhp_{'test_valid' if name == 'test' else name}.npz"
            write_takes(job, path, takes)
            write_cameras(folder / f"cameras_{name}.pkl", cameras)
            written += [path, folder / f"cameras_{name}.pkl"]
    return written


def _train_takes(job: UnpackingJob, subject: Path, cameras: dict[str, dict[str, Any]]) -> Iterator[Take]:
    """Yield what each camera saw of both sequences, and add the cameras."""
    for sequence, limit in zip(SEQUENCES, FRAMES[subject.name], strict=True):
        folder = subject / sequence
        known = read_calibration(folder / "camera.calibration")
        flat, deep = _annotations(folder / "annot.mat")
        for camera in CAMERAS:
            name = f"{subject.name}_{sequence}_Cam{camera}"
            cameras[name] = known[camera]
            count = min(limit, len(flat[camera]))
            yield _take(
                name,
                folder / "imageSequence" / f"video_{camera}.avi",
                range(0, count, job.every),
                (flat[camera][:, KEYPOINTS], deep[camera][:, KEYPOINTS]),
                SIZE_WH,
            )


def _test_takes(job: UnpackingJob, subject: Path, cameras: dict[str, dict[str, Any]]) -> Iterator[Take]:
    """Yield the valid frames of a test subject, and add the camera, which the annotations imply."""
    size = WIDE_WH if subject.name in WIDE else SIZE_WH
    flat, deep, valid = _test_annotations(subject / "annot_data.mat")
    name = f"test_cam_{subject.name.removeprefix('TS')}"
    cameras[subject.name] = {**implied_lens(flat, deep), "w": size[0], "h": size[1], "name": name}
    numbers = np.flatnonzero(valid)[:: job.every].tolist()
    take = _take(subject.name, subject / "imageSequence", numbers, (flat, deep), size)
    take.files = [take.source / f"img_{number + 1:06d}.jpg" for number in numbers]
    yield take


def _take(
    name: str, source: Path, numbers: Sequence[int], poses: tuple[np.ndarray, np.ndarray], size_wh: tuple[int, int]
) -> Take:
    flat, deep = (points[list(numbers)] for points in poses)
    inside = (flat >= 0) & (flat < np.array(size_wh))
    return Take(
        source=source,
        names=[f"{name}_{number + 1:06d}.jpg" for number in numbers],
        keypoints=flat,
        visible=inside[..., 0] & inside[..., 1],
        keypoints_3d=deep * MM,
        numbers=numbers,
    )


def _annotations(path: Path) -> tuple[dict[int, np.ndarray], dict[int, np.ndarray]]:
    """Read the joints that each camera saw, (F, 28, 2) pixels and (F, 28, 3) millimetres."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; download this sequence again")
    flat, deep = read_mat(path, "annot2", "annot3")
    arrays = []
    for key, cells, size in (("annot2", flat, 2), ("annot3", deep, 3)):
        shapes = {camera: np.shape(cells[camera, 0]) if camera < len(cells) else () for camera in CAMERAS}
        wrong = next((c for c, shape in shapes.items() if len(shape) != 2 or shape[1] != JOINTS * size), None)
        if wrong is not None:
            where = Place(path, f"{key} of camera {wrong}")
            raise where.wrong(FoundText(f"shape {shapes[wrong]}"), f"(F, {JOINTS * size})", "download it again")
        arrays.append({camera: _finite(path, key, cells[camera, 0]).reshape(-1, JOINTS, size) for camera in CAMERAS})
    uneven = next((camera for camera in CAMERAS if len(arrays[0][camera]) != len(arrays[1][camera])), None)
    if uneven is not None:
        counts = f"{len(arrays[0][uneven])} and {len(arrays[1][uneven])} frames"
        raise Place(path, f"annot2, annot3 of camera {uneven}").wrong(FoundText(counts), "as many", "download it again")
    return arrays[0], arrays[1]


def _test_annotations(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read the keypoints of a test subject, (F, 17, 2) and (F, 17, 3), and which frames are valid (F,)."""
    place, count = Place(path), len(KEYPOINTS)
    with open_hdf5(path) as file:
        missing = [key for key in ("annot2", "annot3", "valid_frame") if key not in file]
        if missing:
            raise place.wrong(FoundText(f"no {' and no '.join(missing)}"), "annot2, annot3 and valid_frame")
        flat, deep, valid = (np.array(file[key]) for key in ("annot2", "annot3", "valid_frame"))
    frames = valid.size
    if flat.size != frames * count * 2 or deep.size != frames * count * 3:
        shapes = FoundText(f"annot2 of shape {flat.shape}, annot3 of shape {deep.shape}, {frames} valid_frame")
        raise place.wrong(shapes, f"(F, 1, {count}, 2), (F, 1, {count}, 3) and F", "download it again")
    flat, deep = _finite(path, "annot2", flat), _finite(path, "annot3", deep)
    return flat.reshape(frames, count, 2), deep.reshape(frames, count, 3), valid.reshape(-1) != 0


def _finite(path: Path, key: str, values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, np.float64)
    if not np.isfinite(values).all():
        raise Place(path, key).wrong(FoundText("values that are no numbers"), "finite ones", "download it again")
    return values


def implied_lens(flat: np.ndarray, deep: np.ndarray) -> dict[str, np.ndarray]:
    """Return the focal lengths and centre (2, 1) that bring 3D points (F, K, 3) best to pixels (F, K, 2)."""
    depth = deep[..., 2].reshape(-1)
    fits = [
        np.linalg.lstsq(np.stack([deep[..., axis].reshape(-1), depth], axis=1), flat[..., axis].reshape(-1) * depth)[0]
        for axis in (0, 1)
    ]
    focal, center = np.stack(fits, axis=1)[:, :, None]
    return {"f": focal, "c": center}


def read_calibration(path: Path) -> dict[int, dict[str, Any]]:
    """Read the cameras that are used out of a camera.calibration: blocks of lines, each of a word and numbers.

    Raises:
        FileNotFoundError: if it is not there.
        ValueError: naming the camera that is not whole.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; it holds the cameras of this sequence: download it again")
    blocks: dict[str, dict[str, list[str]]] = {}
    block: dict[str, list[str]] = {}
    for line in read_text(path).splitlines():
        word, *values = line.split() or [""]
        if word == "name":
            block = blocks.setdefault(" ".join(values), {})
        block[word] = values
    return {camera: _camera(Place(path, f"camera {camera}"), blocks.get(str(camera), {}), camera) for camera in CAMERAS}


def _camera(place: Place, block: dict[str, list[str]], number: int) -> dict[str, Any]:
    width, height = place.at("size").numbers(block.get("size", []), 2)
    lens = np.array(place.at("intrinsic").numbers(block.get("intrinsic", []), 16)).reshape(4, 4)
    pose = np.array(place.at("extrinsic").numbers(block.get("extrinsic", []), 16)).reshape(4, 4)
    return {
        "R": pose[:3, :3],
        "T": pose[:3, 3:] * MM,
        "c": lens[:2, 2:3],
        "f": lens[[0, 1], [0, 1]][:, None],
        "w": int(width),
        "h": int(height),
        "name": f"train_cam_{number}",
    }


FORMAT = unpacked_format("mpi-inf-3dhp", "MPI-INF-3DHP", unpack, every=1)

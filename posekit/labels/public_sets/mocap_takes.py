"""Takes of motion capture sets, and what ``BaseMocapDataset`` reads: images, and one .npz on all of them."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from posekit.files import write_atomically
from posekit.labels.image_files import place_images
from posekit.labels.keypoint_data import LabelledImage
from posekit.labels.public_sets.public_set import SCALE_PIXELS
from posekit.labels.public_sets.unpacking import UnpackingJob
from posekit.media.video import extract_frames

BOX_SHARE = 1.2
"""Side of the square that ``scale`` describes, as a share of the keypoints' longer extent."""

NO_FRAMES = "bring them there, or give --no-frames for labels only"


@dataclass
class Take:
    """What one camera saw of one motion.

    Shapes: F frames, K keypoints.

    Attributes:
        source: the video, or the folder of images.
        names: names of the images in the unpacked set (F,).
        keypoints: (F, K, 2) pixels, and whether they are inside the image (F, K).
        keypoints_3d: (F, K, 3) metres, as the camera sees them.
        numbers: numbers of the frames in the video, from 0 (F,).
        files: the images (F,) if there is no video.
    """

    source: Path
    names: Sequence[str]
    keypoints: np.ndarray
    visible: np.ndarray
    keypoints_3d: np.ndarray
    numbers: Sequence[int] = ()
    files: Sequence[Path] = ()

    def columns(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Return the arrays of the .npz file for the frames of a mask (F,)."""
        points, visible = self.keypoints[rows].astype(np.float32), self.visible[rows, :, None].astype(np.float32)
        low, high = points.min(axis=1), points.max(axis=1)
        return {
            "imgname": np.array(self.names, str)[rows],
            "center": (low + high) / 2,
            "scale": BOX_SHARE * (high - low).max(axis=1) / SCALE_PIXELS,
            "part": np.concatenate([points, visible], axis=2),
            "S": np.concatenate([self.keypoints_3d[rows].astype(np.float32), visible], axis=2),
        }


def write_takes(job: UnpackingJob, path: Path, takes: Iterable[Take]) -> None:
    """Bring the images of all takes and write what is known of them; frames without an image are reported and left out.

    Raises:
        FileNotFoundError: if there is no image at all of a take.
        ValueError: if a video cannot be decoded.
    """
    parts = [take.columns(_bring(job, take)) for take in takes]
    arrays = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    job.tell(f"read    {len(arrays['imgname']):,} frames of {len(parts):,} takes for {path.name}")
    write_atomically(path, lambda file: np.savez(file, **arrays))  # pyright: ignore[reportArgumentType]


def _bring(job: UnpackingJob, take: Take) -> np.ndarray:
    """Bring a take's images and return of which frames there are any (F,)."""
    there = np.ones(len(take.names), bool)
    if not job.frames:
        return there
    targets = [job.dest / "images" / name for name in take.names]
    if take.files:
        there = np.array([file.is_file() for file in take.files])
        pairs = [
            (LabelledImage(file), target) for file, target in zip(take.files, targets, strict=True) if file.is_file()
        ]
        place_images([image for image, _ in pairs], [target for _, target in pairs], copy=job.copy_images)
    elif not take.source.is_file() and not all(target.exists() for target in targets):
        raise FileNotFoundError(f"{take.source}: no such video; {NO_FRAMES}")
    else:
        lacking = extract_frames(take.source, dict(zip(take.numbers, targets, strict=True)))
        there = ~np.isin(take.numbers, list(lacking))
    if not there.any():
        raise FileNotFoundError(f"{take.source}: holds none of the {len(there):,} labelled frames; {NO_FRAMES}")
    if not there.all():
        job.tell(f"lost    {(~there).sum():,} of {len(there):,} frames that {take.source} does not hold")
    return there


def write_cameras(path: Path, cameras: Mapping[Any, Mapping[str, Any]]) -> None:
    """Write the pickle that ``camera_param_file`` names."""
    write_atomically(path, lambda file: pickle.dump(dict(cameras), file))


def subjects_there(job: UnpackingJob, names: Sequence[str], folders: Sequence[str]) -> list[Path]:
    """Return the folders of the subjects that are there, in the first of ``folders`` with any; tell what is missing."""
    roots = [job.source / folder for folder in folders]
    root = next((root for root in roots if any((root / name).is_dir() for name in names)), roots[0])
    missing = [name for name in names if not (root / name).is_dir()]
    if missing:
        job.tell(f"missing {', '.join(missing)}: no such folder in {root}; going on without")
    return [root / name for name in names if name not in missing]

"""Poses as SLEAP's predictions (.slp), through the package sleap-io."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from posekit.inference.results import PoseResult


def write_sleap(results: Sequence[PoseResult], skeleton: Mapping[str, Any], path: Path) -> None:
    """Write a file that refers to the images and videos where they are.

    Raises:
        ModuleNotFoundError: if sleap-io is not installed.
        ValueError: if the poses name no files, or are in space.
    """
    sleap_io: Any = import_module("sleap_io")  # its names are found lazily, which type checkers take for modules
    if any(result.boxes is None and len(result) for result in results):
        raise ValueError("SLEAP files hold poses in images; these are lifted to space")
    if any(result.file_name is None for result in results):
        raise ValueError(
            "SLEAP files refer to images or videos, and these poses name none; set file_name, and frame of videos"
        )
    own_skeleton = sleap_skeleton(sleap_io, skeleton)
    tracks: dict[int, Any] = {}
    frames = []
    for result, (video, number) in zip(results, places(sleap_io, results), strict=True):
        persons = [person(sleap_io, single, own_skeleton, tracks) for single in result]
        frames.append(sleap_io.LabeledFrame(video=video, frame_idx=number, instances=persons))
    labels = sleap_io.Labels(frames, skeletons=[own_skeleton], tracks=list(tracks.values()))
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.stem}.part.slp")
    try:
        sleap_io.save_slp(labels, str(part), embed=False, verbose=False)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def sleap_skeleton(sleap_io: Any, skeleton: Mapping[str, Any]) -> Any:
    names = [skeleton["keypoint_id2name"][i] for i in range(len(skeleton["keypoint_id2name"]))]
    swaps = skeleton.get("flip_indices", range(len(names)))
    return sleap_io.Skeleton(
        nodes=names,
        edges=[(names[a], names[b]) for a, b in skeleton.get("skeleton_links", ())],
        symmetries=[(names[i], names[j]) for i, j in enumerate(swaps) if i < j],
        name=skeleton.get("dataset_name") or "poses",
    )


def places(sleap_io: Any, results: Sequence[PoseResult]) -> list[tuple[Any, int]]:
    """Return for each result SLEAP's video and the number in it; the images of a folder are one video."""
    groups: dict[Any, list[Path]] = {}
    keys = []
    for result in results:
        file = Path(str(result.file_name)).resolve()
        key = (file, None) if result.frame is not None else (file.parent, result.image_size_wh)
        keys.append((key, file))
        if file not in groups.setdefault(key, []):
            groups[key].append(file)
    videos = {key: video_of(sleap_io, files, whole=key[0] == files[0]) for key, files in groups.items()}
    return [
        (videos[key], result.frame if result.frame is not None else groups[key].index(file))
        for (key, file), result in zip(keys, results, strict=True)
    ]


def video_of(sleap_io: Any, files: Sequence[Path], *, whole: bool) -> Any:
    """Return SLEAP's video of a video file, or of images, which it looks into.

    Raises:
        FileNotFoundError: if an image is not there.
    """
    if whole:
        return sleap_io.Video(filename=str(files[0]), open_backend=False)
    missing = next((file for file in files if not file.is_file()), None)
    if missing is not None:
        raise FileNotFoundError(f"image {missing}: no such file, and SLEAP looks into it; correct the file_name")
    return sleap_io.load_video([str(file) for file in files])


def person(sleap_io: Any, result: PoseResult, skeleton: Any, tracks: dict[int, Any]) -> Any:
    """Return the one person of a result as a predicted instance."""
    track = None
    if result.track_ids is not None and result.track_ids[0] >= 0:
        identity = int(result.track_ids[0])
        track = tracks.setdefault(identity, sleap_io.Track(f"track_{identity}"))
    scores = np.asarray(result.scores[0], np.float64)
    return sleap_io.PredictedInstance.from_numpy(
        np.asarray(result.keypoints[0, :, :2], np.float64), skeleton, point_scores=scores,
        score=float(scores.mean() if result.box_scores is None else result.box_scores[0]), track=track,
    )  # fmt: skip

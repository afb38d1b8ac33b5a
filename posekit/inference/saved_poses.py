"""The predictions.json of ``posekit predict``: identities and smoothing for poses that are saved already.

All else in the file stays as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from posekit.files import read_json, write_atomically
from posekit.inference.coco_document import relative_name
from posekit.media.sources import IMAGE_ROOT
from posekit.tracking import Tracker, fill_gaps

EXPECTED = "expected the predictions.json of posekit predict, a COCO file with images and annotations of keypoints"

Frame = list[dict[str, Any]]
"""The annotations of a frame."""


class SavedFrame(NamedTuple):
    """The poses of a frame, as the tracker takes them."""

    keypoints: np.ndarray
    scores: np.ndarray
    boxes: np.ndarray | None
    box_scores: np.ndarray | None


class SavedPoses:
    """A file of poses.

    Args:
        path: path of the file.

    Attributes:
        content: parsed content of the file.
        videos: the frames of each video in order; images that are no frames are one video, in the file's order.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it holds something else.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.content = read_json(path, "file of poses")
        try:
            self.videos = videos_of(self.content)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
            what = f"{type(error).__name__}: {error}"
            raise ValueError(f"{path}: {EXPECTED}; this one does not fit ({what})") from error

    @property
    def tracked(self) -> bool:
        """Whether any pose has an id."""
        return any("track_id" in annotation for annotation in self.content["annotations"])

    def track(self, new_tracker: Callable[[], Tracker]) -> int:
        """Give each pose the id that a tracker gives it, and return the number of ids.

        Ids go on from video to video, so they are unique in the file.
        """
        last = 0
        for frames in self.videos:
            tracker = new_tracker()
            tracker.next_identity = last + 1
            for frame in frames:
                for annotation, identity in zip(frame, tracker.update(frame_of(frame)), strict=True):
                    annotation.pop("track_id", None)
                    if identity > 0:
                        annotation["track_id"] = int(identity)
            last = tracker.next_identity - 1
        return last

    def smooth(
        self, smooth: Callable[[np.ndarray], np.ndarray], *, min_score: float = 0.0, max_gap: int | None = 0
    ) -> int:
        """Smooth the keypoints of each track, those in space too, and return the number of tracks.

        Args:
            smooth: maps a track (T, K, D) with NaN where points are missing to a smooth one.
            min_score: keypoints with a score up to this one are missing. They stay as they are, unless filled.
            max_gap: longest gap to fill on a straight line, in frames, where the person has a pose; None for all.
        """
        count = 0
        for frames in self.videos:
            for places in persons_of(frames).values():
                smooth_track(len(frames), places, smooth, min_score, max_gap)
                count += 1
        return count

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all; image names relative to its folder become relative to the new folder."""
        content, folder = self.content, path.absolute().parent
        if (
            folder != self.path.absolute().parent
            and isinstance(content.get("info"), dict)
            and IMAGE_ROOT in content["info"]
        ):
            images = [
                {**image, "file_name": self._seen_from(folder, image["file_name"])} for image in content["images"]
            ]
            content = {**content, "info": {**content["info"], IMAGE_ROOT: str(folder)}, "images": images}
        write_atomically(path, lambda file: file.write((json.dumps(content) + "\n").encode()))

    def _seen_from(self, folder: Path, name: str) -> str:
        """Return an image's path as it is seen from another folder; where there is no such file, as it is."""
        for root in (self.path.absolute().parent, Path(self.content["info"][IMAGE_ROOT])):
            if (root / name).exists():
                return relative_name(str(root / name), folder)
        return name


def videos_of(content: Any) -> list[list[Frame]]:
    """Return the frames of each video, with what they show.

    Raises:
        ValueError, TypeError, KeyError or AttributeError: if the content is no document of poses.
    """
    by_image: dict[Any, Frame] = {image["id"]: [] for image in content["images"]}
    if len(by_image) < len(content["images"]):
        raise ValueError("two images have one id")
    counts = set()
    for annotation in content["annotations"]:
        points = np.array(annotation["keypoints"], np.float64)
        counts.add(points.size)
        if points.ndim != 1 or points.size % 3 or not points.size:
            raise ValueError(f"keypoints are {str(annotation['keypoints'])[:60]}, not x, y, score of each")
        if "bbox" in annotation and np.array(annotation["bbox"], np.float64).shape != (4,):
            raise ValueError(f"a bbox is {annotation['bbox']}, not x, y, width, height")
        by_image[annotation["image_id"]].append(annotation)
    if len(counts) > 1:
        raise ValueError("the poses have different numbers of keypoints")
    videos: dict[Any, list[tuple[int, Frame]]] = {}
    for number, image in enumerate(content["images"]):
        is_frame = "frame_id" in image
        place = int(image["frame_id"]) if is_frame else number
        videos.setdefault(image["file_name"] if is_frame else None, []).append((place, by_image[image["id"]]))
    return [[frame for _, frame in sorted(frames, key=lambda item: item[0])] for frames in videos.values()]


def frame_of(frame: Frame) -> SavedFrame:
    """Return the poses of a frame."""
    points = np.array([annotation["keypoints"] for annotation in frame], np.float64)
    points = points.reshape(len(frame), points.size // max(3 * len(frame), 1), 3)
    boxes = box_scores = None
    if all("bbox" in annotation for annotation in frame):
        boxes = np.array([annotation["bbox"] for annotation in frame], np.float64).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
    if all("box_score" in annotation for annotation in frame):
        box_scores = np.array([annotation["box_score"] for annotation in frame], np.float64)
    return SavedFrame(points[..., :2], points[..., 2], boxes, box_scores)


def persons_of(frames: list[Frame]) -> dict[int, list[tuple[int, dict[str, Any]]]]:
    """Return each track's frames and annotations, by id."""
    persons: dict[int, list[tuple[int, dict[str, Any]]]] = {}
    for number, frame in enumerate(frames):
        for annotation in frame:
            if "track_id" in annotation:
                persons.setdefault(annotation["track_id"], []).append((number, annotation))
    return persons


def smooth_track(
    length: int,
    places: list[tuple[int, dict[str, Any]]],
    smooth: Callable[[np.ndarray], np.ndarray],
    min_score: float,
    max_gap: int | None,
) -> None:
    """Smooth one person's annotations in a video of ``length`` frames."""
    frames = [number for number, _ in places]
    flat = np.array([annotation["keypoints"] for _, annotation in places], np.float64).reshape(len(places), -1, 3)
    missing = flat[..., 2] <= min_score
    columns = {"keypoints": flat[..., :2]}
    if all("keypoints_3d" in annotation for _, annotation in places):
        joints = np.array([annotation["keypoints_3d"] for _, annotation in places], np.float64)
        columns["keypoints_3d"] = joints.reshape(len(places), -1, 3)
    if len(set(frames)) < len(frames):
        raise ValueError(f"track_id {places[0][1]['track_id']} occurs twice in a frame; posekit track gives new ids")
    for name, points in columns.items():
        track = np.full((length, *points.shape[1:]), np.nan)
        track[frames] = np.where(missing[..., None], np.nan, points) if points.shape[1] == missing.shape[1] else points
        result = smooth(fill_gaps(track, max_gap=max_gap))[frames]
        result = np.round(np.where(np.isnan(result), points, result), 3 if name == "keypoints" else 4)
        if name == "keypoints":
            result = np.concatenate([result, flat[..., 2:]], -1)
        for (_, annotation), row in zip(places, result, strict=True):
            annotation[name] = row.reshape(-1).tolist()

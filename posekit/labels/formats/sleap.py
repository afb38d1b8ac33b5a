"""SLEAP labels (.slp), read and written through the package sleap-io."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from posekit.console import tracked
from posekit.labels.image_files import found_below
from posekit.labels.keypoint_data import Category, Format, Hints, Instance, KeypointData, LabelledImage
from posekit.labels.place import FoundText, Place

BROKEN = (OSError, KeyError, TypeError, ValueError, AttributeError, IndexError, RuntimeError)
"""What sleap-io raises on files that are damaged."""


def recognises(source: Path) -> bool:
    return source.suffix.lower() == ".slp"


def read(source: Path, hints: Hints) -> KeypointData:
    """Read labels; predicted instances only of frames that nobody labelled.

    Raises:
        FileNotFoundError: if the file is not there.
        ModuleNotFoundError: if sleap-io is not installed.
        ValueError: if it is no SLEAP file.
    """
    sleap_io: Any = import_module("sleap_io")  # its names are found lazily, which type checkers take for modules

    if not source.is_file():
        raise FileNotFoundError(f"{source}: no such file, seen from {Path.cwd()}")
    try:
        labels = sleap_io.load_slp(str(source), open_videos=False)
    except BROKEN as error:
        raise ValueError(f"{source}: no SLEAP labels that can be read: {error}; save it again with SLEAP") from error
    if not labels.skeletons:
        raise Place(source).wrong(FoundText("no skeleton"), "the names of the keypoints")
    categories = [_category(skeleton, hints) for skeleton in labels.skeletons]
    images = []
    track_names, left_out = _track_names(labels.tracks), Counter()
    for frame in tracked(list(labels), "reading"):
        image = _image(source, frame, hints)
        frame_instances = list(frame.user_instances) or list(frame.predicted_instances)
        if len(frame_instances) < len(frame.instances):
            left_out["predicted instances of frames that were labelled"] += len(frame.instances) - len(frame_instances)
        image.instances = [_instance(item, labels.skeletons, track_names) for item in frame_instances]
        images.append(image)
    return KeypointData(categories, images, left_out=left_out)


def _category(skeleton: Any, hints: Hints) -> Category:
    names = tuple(skeleton.node_names)
    if hints.keypoints and sorted(hints.keypoints) != sorted(names):
        raise ValueError(f"--keypoints: the skeleton has {', '.join(names)}, which the file names already")
    swaps = list(range(len(names)))
    for a, b in skeleton.symmetry_inds:
        swaps[a], swaps[b] = b, a
    links = tuple((int(a), int(b)) for a, b in skeleton.edge_inds)
    return Category(skeleton.name or "animal", names, links, tuple(swaps) if skeleton.symmetries else None)


def _image(source: Path, frame: Any, hints: Hints) -> LabelledImage:
    video, number = frame.video, int(frame.frame_idx)
    if _is_hdf(video):
        if number in _held(source, video):
            name = str((video.backend_metadata or {}).get("dataset", "video")).strip("/").partition("/")[0]
            return LabelledImage(
                Path(video.filename), video=name, frame=number, decode=partial(_embedded, source, video)
            )
        video = video.source_video or video
    if isinstance(video.filename, list):
        path = Path(video.filename[number])
        return LabelledImage(_located(path, source, hints), video=path.parent.name)
    path = Path(video.filename)
    if _is_hdf(video):
        problem = FoundText(f"frame {number} of {path.name}, which does not hold it")
        raise Place(source).wrong(problem, "a video, images, or a package with all of them", "save it so with SLEAP")
    return LabelledImage(_located(path, source, hints), video=path.stem, frame=number)


def _located(path: Path, source: Path, hints: Hints) -> Path:
    """Return where a video or image is, by the longest end of its path: where stated, or below a folder."""
    if hints.images is not None:
        return found_below(path, hints.images) or hints.images / path.name
    return path if path.is_file() else found_below(path, source.parent) or path


def _is_hdf(video: Any) -> bool:
    return isinstance(video.filename, str) and video.filename.lower().endswith((".slp", ".h5", ".hdf5"))


def _held(source: Path, video: Any) -> Sequence[int]:
    """Return the numbers of the frames that an HDF5 file holds as images."""
    try:
        if video.backend is None:
            video.open()
        backend: Any = video.backend
        return backend.embedded_frame_inds if backend.has_embedded_images else range(len(backend))
    except BROKEN as error:
        raise ValueError(f"{source}: {video.filename} cannot be read: {error}; save it again with SLEAP") from error


def _embedded(source: Path, video: Any, number: int) -> np.ndarray:
    """Return an image that is in an HDF5 file, (H, W, 3) uint8, BGR."""
    try:
        image = np.asarray(video[number])
        return np.ascontiguousarray(np.broadcast_to(image, (*image.shape[:2], 3))[..., ::-1])
    except BROKEN as error:
        raise ValueError(f"{source}: image {number} cannot be read: {error}; save it again with SLEAP") from error


def _track_names(tracks: Sequence[Any]) -> dict[int, str]:
    """Return a name for each track, by its identity; those that share a name are told apart by a number."""
    names: dict[int, str] = {}
    taken: Counter[str] = Counter()
    for track in tracks:
        name = str(track.name)
        while taken[name]:
            taken[name] += 1
            name = f"{name}_{taken[name]}"
        taken[name] = 1
        names[id(track)] = name
    return names


def _instance(item: Any, skeletons: Sequence[Any], track_names: Mapping[int, str]) -> Instance:
    points = item.numpy().astype(np.float64)
    labelled = np.isfinite(points).all(axis=1)
    keypoints = np.column_stack([np.where(labelled[:, None], points, 0), 2.0 * labelled])
    scores = np.array(item.points["score"], np.float64) if "score" in item.points.dtype.names else None
    return Instance(
        keypoints,
        category=next(index for index, skeleton in enumerate(skeletons) if skeleton is item.skeleton),
        track=None if item.track is None else track_names[id(item.track)],
        scores=scores,
    )


def write(data: KeypointData, dest: Path, *, copy_images: bool) -> list[Path]:
    """Write labels whose images stay where they are, those of a video or folder in one list.

    Raises:
        ModuleNotFoundError: if sleap-io is not installed.
        ValueError: if images are to be copied.
    """
    sleap_io: Any = import_module("sleap_io")

    if copy_images:
        raise ValueError("--copy-images: a .slp file refers to images where they are; leave this option out")
    path = dest if dest.suffix.lower() == ".slp" else dest / "labels.slp"
    path.parent.mkdir(parents=True, exist_ok=True)
    category = data.categories[0]
    names = category.keypoints
    skeleton = sleap_io.Skeleton(
        nodes=list(names),
        edges=[(names[a], names[b]) for a, b in category.links],
        symmetries=[(names[i], names[j]) for i, j in enumerate(category.swaps or ()) if i < j],
        name=category.name,
    )
    tracks = {name: sleap_io.Track(name) for name in dict.fromkeys(i.track for i in data.instances()) if name}
    frames = []
    for video, number, image in tracked(_videos(sleap_io, data.images), "writing"):
        items = [_sleap_instance(sleap_io, instance, skeleton, tracks) for instance in image.instances]
        frames.append(sleap_io.LabeledFrame(video=video, frame_idx=number, instances=items))
    labels = sleap_io.Labels(frames, skeletons=[skeleton])
    part = path.with_name(f".{path.stem}.part.slp")
    try:
        sleap_io.save_slp(labels, str(part), embed=False, verbose=False)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return [path]


def _videos(sleap_io: Any, images: Sequence[LabelledImage]) -> list[tuple[Any, int, LabelledImage]]:
    """Return for each image SLEAP's video, the number in it, and the image."""
    groups: dict[Any, list[LabelledImage]] = {}
    for image in images:
        groups.setdefault((image.path, True) if image.frame is not None else image.path.parent, []).append(image)
    placed = []
    for members in groups.values():
        if members[0].frame is not None:
            video = sleap_io.Video(filename=str(members[0].path.resolve()), open_backend=False)
            placed += [(video, image.frame, image) for image in members]
            continue
        missing = next((image.path for image in members if not image.path.is_file()), None)
        if missing is not None:
            raise FileNotFoundError(f"image {missing}: no such file, and SLEAP looks into it; give --images")
        video = sleap_io.load_video([str(image.path.resolve()) for image in members])
        placed += [(video, number, image) for number, image in enumerate(members)]
    return placed


def _sleap_instance(sleap_io: Any, instance: Instance, skeleton: Any, tracks: dict[str, Any]) -> Any:
    points = np.where(instance.labelled[:, None], instance.keypoints[:, :2], np.nan)
    track = tracks.get(instance.track) if instance.track else None
    if instance.scores is None:
        return sleap_io.Instance.from_numpy(points, skeleton=skeleton, track=track)
    return sleap_io.PredictedInstance.from_numpy(points, skeleton, point_scores=instance.scores, track=track)


FORMAT = Format(
    name="sleap",
    title="SLEAP labels (.slp)",
    recognises=recognises,
    read=read,
    write=write,
    loses=(
        *("crowds", "other_categories", "unlabelled", "hidden", "unlabelled_positions", "boxes", "areas"),
        *("segmentations", "mixed_scores", "ids", "videos", "splits", "sizes", "extra"),
    ),
    needs=frozenset({"swaps"}),
    suffix=".slp",
)

"""CVAT for video 1.1: tracks of shapes over the frames of a video, as the shapes of each frame."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PureWindowsPath
from xml.etree import ElementTree

from posekit.labels.image_files import images_in
from posekit.labels.keypoint_data import LabelledImage
from posekit.labels.place import Place

Shape = tuple[Place, ElementTree.Element]


def shapes_by_frame(place: Place, root: ElementTree.Element, id_attribute: str) -> dict[int, list[Shape]]:
    """Return the shapes of each frame that shows any; frames between keyframes hold what CVAT interpolated.

    Args:
        id_attribute: name of an attribute to add to each shape, for the id of its track.

    Raises:
        ValueError: naming the first value that is not as it must be.
    """
    frames: dict[int, list[Shape]] = {}
    for number, track in enumerate(root.findall("track")):
        where = place.at(f"track {number}")
        parts = _parts_by_frame(where, track)
        for shape in track:
            if shape.tag in ("track", "attribute") or shape.get("outside") == "1":
                continue
            frame = _frame_of(where, shape)
            whole = _with_label(shape, track)
            whole.extend(parts.get(frame, []))
            ElementTree.SubElement(whole, "attribute", name=id_attribute).text = track.get("id", str(number))
            frames.setdefault(frame, []).append((where.at(f"frame {frame}"), whole))
    return dict(sorted(frames.items()))


def _parts_by_frame(place: Place, track: ElementTree.Element) -> dict[int, list[ElementTree.Element]]:
    """Return the points of a skeleton's parts, where these have tracks of their own inside its track."""
    parts: dict[int, list[ElementTree.Element]] = {}
    for part in track.findall("track"):
        for shape in part.findall("points"):
            parts.setdefault(_frame_of(place, shape), []).append(_with_label(shape, part))
    return parts


def _with_label(shape: ElementTree.Element, track: ElementTree.Element) -> ElementTree.Element:
    """Return a shape that bears the label and group of its track."""
    shared = {key: track.get(key, "") for key in ("label", "group_id") if track.get(key)}
    whole = ElementTree.Element(shape.tag, {**shape.attrib, **shared})
    whole.extend(shape)
    return whole


def _frame_of(place: Place, shape: ElementTree.Element) -> int:
    where = place.at(f"{shape.tag}, frame")
    number = where.number(shape.get("frame"))
    if number != int(number) or number < 0:
        raise where.wrong(shape.get("frame"), "the number of a frame")
    return int(number)


def images_of_frames(
    place: Place, root: ElementTree.Element, numbers: Iterable[int], folder: Path | None
) -> list[LabelledImage]:
    """Return an image for each frame: a file ``frame_000012`` where there is one, else a frame of the video."""
    folder = folder or place.path.parent
    source = PureWindowsPath(root.findtext(".//meta/source") or root.findtext(".//source") or "video").name
    video = next((path for path in (folder / source, place.path.parent / source) if path.is_file()), None)
    files = {path.stem: path for path in images_in(folder)}
    sides = root.findtext(".//original_size/width"), root.findtext(".//original_size/height")
    size = place.at("original_size").size(*sides) if all(sides) else None
    images = []
    for number in numbers:
        stem = f"frame_{number:06d}"
        path = files.get(stem) or video or folder / "images" / f"{stem}.png"
        frame = number if path == video else None
        images.append(LabelledImage(path, size_wh=size, video=Path(source).stem, frame=frame))
    return images

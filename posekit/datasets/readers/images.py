"""The images that an annotation file lists, and the annotations that belong to them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from posekit.datasets.readers.annotation_file import Problems, is_id, is_number, whole_numbers


@dataclass
class Images:
    """The images of a file, in its order; ``unused`` are the ids of those left out."""

    ids: np.ndarray
    paths: list[str]
    size_wh: np.ndarray
    infos: list[dict[str, Any]] = field(repr=False)
    unused: frozenset[int] = frozenset()

    @classmethod
    def read(cls, infos: Sequence[dict[str, Any]], prefix: str, problems: Problems, *, interval: int = 1) -> Images:
        """Check images and join their names to the folder ``prefix``; unusable ones are left out and named."""
        usable: dict[int, dict[str, Any]] = {}
        unused: set[int] = set()
        for index, info in enumerate(infos):
            problem = _image_problem(info)
            if problem:
                problems.add(f"images[{index}]", problem, "image")
                unused.update([info["id"]] if is_id(info.get("id")) else [])
            elif usable.get(info["id"], info) != info:
                problems.add(
                    f"images[{index}]", f"id {info['id']} is another image's; give each image its own", "image"
                )
            elif info["id"] % interval == 0:
                usable[info["id"]] = info
            else:
                unused.add(info["id"])
        return cls(
            ids=np.array(list(usable), np.int64),
            paths=[os.path.join(prefix, info["file_name"]) for info in usable.values()],  # noqa: PTH118 - may be a URL
            size_wh=np.array([(info["width"], info["height"]) for info in usable.values()], np.float64).reshape(-1, 2),
            infos=list(usable.values()),
            unused=frozenset(unused - set(usable)),
        )

    def index_of(self, ids: np.ndarray) -> np.ndarray:
        """Return the indices of the images with these ids (N,), -1 where there is none."""
        order = np.argsort(self.ids)
        place = np.searchsorted(self.ids, ids, sorter=order)
        index = np.append(order, -1)[place]
        return np.where(np.append(self.ids, 0)[index] == ids, index, -1)

    def ordered(self, ids: Iterable[int]) -> Images:
        """Bring the images with these ids to the front, in this order."""
        index_of = {image_id: index for index, image_id in enumerate(self.ids.tolist())}
        front = [index_of[image_id] for image_id in dict.fromkeys(ids) if image_id in index_of]
        order = list(dict.fromkeys([*front, *range(len(self.ids))]))
        paths, infos = [self.paths[i] for i in order], [self.infos[i] for i in order]
        return Images(self.ids[order], paths, self.size_wh[order], infos, self.unused)


def _image_problem(info: Mapping[str, Any]) -> str | None:
    missing = [key for key in ("id", "file_name", "width", "height") if key not in info]
    if missing:
        return f"no {' and no '.join(missing)}; an image needs id, file_name, width and height"
    if not is_id(info["id"]):
        return f"id must be a whole number, found {str(info['id'])[:40]!r}"
    if not isinstance(info["file_name"], str) or not info["file_name"]:
        return f"file_name must be a text, found {str(info['file_name'])[:40]!r}"
    wrong = [key for key in ("width", "height") if not is_number(info[key]) or not 0 < info[key] < 1e9]
    return f"{wrong[0]} must be a number of pixels above 0, found {str(info[wrong[0]])[:40]}" if wrong else None


def match_images(
    annotations: Sequence[dict[str, Any]], images: Images, problems: Problems
) -> tuple[list[dict[str, Any]], np.ndarray]:
    """Return the annotations that have an image, sorted by image, and the index of that image (N,)."""
    image_ids, good = whole_numbers([ann.get("image_id") for ann in annotations])
    good &= whole_numbers([ann.get("id") for ann in annotations])[1]
    index = images.index_of(image_ids)
    for number in np.flatnonzero(~good | (index < 0)).tolist():
        ann = annotations[number]
        if not good[number]:
            key = "image_id" if is_id(ann.get("id")) else "id"
            problems.add(
                f"annotations[{number}]", f"{key} must be a whole number, found {str(ann.get(key))[:40]}", "id"
            )
        elif ann["image_id"] not in images.unused:
            text = f"image_id {ann['image_id']} is the id of no image in the file; add the image or correct the id"
            problems.add(f"annotation {ann['id']}", text, "image id")
    matched = np.flatnonzero(good & (index >= 0))
    matched = matched[np.argsort(index[matched], kind="stable")]
    return [annotations[number] for number in matched.tolist()], index[matched]

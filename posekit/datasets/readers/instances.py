"""Instances of persons or objects on images, as columns or as dicts, and the samples that they make."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

import numpy as np

from posekit.datasets.readers.annotation_file import Problems
from posekit.datasets.readers.images import Images
from posekit.datasets.records import Offsets, Packed, PackedGroups, Ragged, Records, Strings, present


@dataclass
class Instances:
    """Annotated instances, sorted by image.

    Attributes:
        image: index of each instance's image.
        arrays: columns (N, ...) that rows show with a leading axis of instances.
        numbers: columns (N,) that rows show as a python number (top-down) or a list of them (bottom-up).
        objects: JSON values of the instances, such as segmentations; None where an annotation has none.
        raw: the annotations as the file has them, but for keypoints that ``packer`` packed.
    """

    images: Images
    image: np.ndarray
    arrays: dict[str, np.ndarray]
    numbers: dict[str, np.ndarray]
    objects: dict[str, list[Any]]
    raw: list[dict[str, Any]]

    def __len__(self) -> int:
        return len(self.image)

    def select(self, keep: np.ndarray) -> Instances:
        """Keep the instances of a mask."""
        return Instances(
            images=self.images,
            image=self.image[keep],
            arrays={key: column[keep] for key, column in self.arrays.items()},
            numbers={key: column[keep] for key, column in self.numbers.items()},
            objects={key: list(compress(values, keep)) for key, values in self.objects.items()},
            raw=list(compress(self.raw, keep)),
        )

    def usable(self) -> np.ndarray:
        """Mask the instances to train on one by one: labelled keypoints, a box with an area, no crowd."""
        return self._labelled() & self._boxed()

    def _labelled(self) -> np.ndarray:
        labelled = (self.numbers["num_keypoints"] != 0) & (self.arrays["keypoints"].max(axis=(1, 2)) > 0)
        return labelled & (self.numbers["iscrowd"] == 0)

    def _boxed(self) -> np.ndarray:
        low, high = self.arrays["bbox"][:, :2], self.arrays["bbox"][:, 2:]
        return np.all(high > low, axis=1)

    def where(self, index: int) -> str:
        return f"annotation {self.numbers['id'][index]} on image {self.images.ids[self.image[index]]}"

    def row(self, index: int) -> dict[str, Any]:
        """Return one instance as a top-down record with its annotation, in plain values."""
        image = self.image[index]
        return {
            "img_id": int(self.images.ids[image]),
            "img_path": self.images.paths[image],
            **{key: column[index : index + 1] for key, column in self.arrays.items()},
            **{key: column[index].item() for key, column in self.numbers.items()},
            **present({key: values[index] for key, values in self.objects.items()}),
            "raw_ann_info": self.raw[index],
        }

    def samples(self, data_mode: str, problems: Problems, *, test_mode: bool) -> Records:
        """Make one record of each usable instance, or of each image with instances.

        Args:
            data_mode: ``"topdown"`` for instances, ``"bottomup"`` for images.
            problems: what labelled instances without a usable box are added to.
            test_mode: keep the annotations, and images without instances too.
        """
        if data_mode == "bottomup":
            return self._of_images(keep_raw=test_mode, keep_empty=test_mode)
        labelled, boxed = self._labelled(), self._boxed()
        for index in np.flatnonzero(labelled & ~boxed).tolist():
            box = self.arrays["bbox"][index].tolist()
            problems.add(self.where(index), f"the box has no area inside the image (xyxy {box}); correct or remove it")
        return self.select(labelled & boxed)._one_by_one(keep_raw=test_mode)

    def _one_by_one(self, *, keep_raw: bool) -> Records:
        """Make one record of each instance."""
        columns: dict[str, Any] = self._image_columns(self.image)
        columns.update({key: column[:, None] for key, column in self.arrays.items()})
        columns.update(self.numbers)
        columns.update({key: Packed(values) for key, values in self.objects.items()})
        if keep_raw:
            columns["raw_ann_info"] = Packed(self.raw)
        return Records(columns, np.arange(len(self)))

    def _of_images(self, *, keep_raw: bool, keep_empty: bool) -> Records:
        """Make one record of each image with instances; then, with ``keep_empty``, one of each without."""
        image, first = np.unique(self.image, return_index=True)
        empty = np.setdiff1d(np.arange(len(self.images.ids)), image)[: None if keep_empty else 0]
        offsets = Offsets(np.concatenate([first, np.full(len(empty) + 1, len(self))]))
        image = np.concatenate([image, empty])
        columns: dict[str, Any] = self._image_columns(image)
        columns.update({key: Ragged(column, offsets) for key, column in self.arrays.items()})
        columns.update({key: Ragged(column, offsets, as_list=True) for key, column in self.numbers.items()})
        columns.update({key: PackedGroups(Packed(values), offsets) for key, values in self.objects.items()})
        columns["invalid_segs"] = PackedGroups(columns["segmentation"].column, offsets, ~self.usable())
        if keep_raw:
            columns["raw_ann_info"] = PackedGroups(Packed(self.raw), offsets)
        return Records(columns, np.arange(len(image)))

    def _image_columns(self, image: np.ndarray) -> dict[str, Any]:
        return {"img_id": self.images.ids[image], "img_path": Strings(self.images.paths, image)}


@dataclass
class InstanceRows:
    """Instances as dicts, as readers and hooks that look at annotations one by one return them.

    Attributes:
        rows: dicts with img_id, img_path, id, bbox (1, 4) xyxy, bbox_score (1,), keypoints (1, K, 2) and
            keypoints_visible (1, K).
        images: dicts with img_id and img_path.
        is_usable: function that says whether an instance makes a top-down sample.
    """

    rows: list[dict[str, Any]]
    images: list[dict[str, Any]]
    is_usable: Callable[[Mapping[str, Any]], bool]

    def samples(self, data_mode: str, problems: Problems, *, test_mode: bool) -> list[dict[str, Any]]:
        """Return the usable instances, or one sample of each image; the arguments are those of ``Instances``."""
        if data_mode == "topdown":
            return [row for row in self.rows if self.is_usable(row)]
        samples = group_by_image(self.rows, self.is_usable)
        used = {sample["img_id"] for sample in samples}
        return samples + [
            {"img_id": image["img_id"], "img_path": image["img_path"], "id": [], "raw_ann_info": []}
            for image in self.images
            if test_mode and image["img_id"] not in used
        ]


def is_usable_row(row: Mapping[str, Any]) -> bool:
    """Whether a top-down sample can be made of an instance: labelled keypoints, a box with an area, no crowd."""
    box = row.get("bbox")
    return (
        not row.get("iscrowd")
        and row.get("num_keypoints") != 0
        and (box is None or bool((box[0][2:4] > box[0][:2]).all()))
        and ("keypoints" not in row or float(np.max(row["keypoints"])) > 0)
    )


def group_by_image(
    instances: Sequence[dict[str, Any]], is_usable: Callable[[Mapping[str, Any]], bool]
) -> list[dict[str, Any]]:
    """Merge the instances of each image: arrays join along their first axis, other values become lists.

    A list has None for instances that lack the value; of arrays that some instances lack, the image's sample has none.
    """
    groups: dict[Any, list[dict[str, Any]]] = {}
    for instance in instances:
        groups.setdefault(instance["img_id"], []).append(present(instance))
    samples = []
    for members in groups.values():
        keys = dict.fromkeys(key for member in members for key in member)
        sample = present({key: _merged([member.get(key) for member in members]) for key in keys})
        sample.update(img_id=members[0]["img_id"], img_path=members[0]["img_path"])
        sample["invalid_segs"] = [m["segmentation"] for m in members if "segmentation" in m and not is_usable(m)]
        samples.append(sample)
    return samples


def _merged(values: list[Any]) -> Any:
    arrays = [value for value in values if isinstance(value, np.ndarray)]
    if not arrays:
        return values
    if len(arrays) < len(values):
        return None
    return np.concatenate(values) if arrays[0].ndim else np.stack(values)

"""Instances of persons or objects on images, as columns or as dicts, and the samples that they make."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress
from typing import Any

import numpy as np

from posekit.datasets.annotation_file import Problems
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

    def usable(self, problems: Problems | None = None) -> np.ndarray:
        """Mask the instances to train on one by one: labelled keypoints, a box with an area, no crowd."""
        low, high = self.arrays["bbox"][:, :2], self.arrays["bbox"][:, 2:]
        labelled = (self.numbers["num_keypoints"] != 0) & (self.arrays["keypoints"].max(axis=(1, 2)) > 0)
        labelled &= self.numbers["iscrowd"] == 0
        has_area = (high > low).all(axis=1)
        for index in np.flatnonzero(labelled & ~has_area).tolist() if problems else ():
            box = self.arrays["bbox"][index].tolist()
            text = f"the box has no area inside the image (xyxy {box}); correct or remove it"
            problems.add(self.where(index), text)  # pyright: ignore[reportOptionalMemberAccess]
        return labelled & has_area

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

    def topdown(self, *, keep_raw: bool) -> Records:
        """Make one record of each instance."""
        columns: dict[str, Any] = self._image_columns(self.image)
        columns.update({key: column[:, None] for key, column in self.arrays.items()})
        columns.update(self.numbers)
        columns.update({key: Packed(values) for key, values in self.objects.items()})
        if keep_raw:
            columns["raw_ann_info"] = Packed(self.raw)
        return Records(columns, np.arange(len(self)))

    def bottomup(self, *, keep_raw: bool, keep_empty: bool = False) -> Records:
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

"""The base class of datasets in the COCO format, which most are."""

from __future__ import annotations

import logging
import os
import re
from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from posekit.datasets.annotation_file import Problems, dicts_under, is_number, packer, propose_info
from posekit.datasets.base import BaseDataset
from posekit.datasets.readers.coco import CocoFormat, read_detections, read_instances
from posekit.datasets.readers.images import Images, match_images
from posekit.datasets.readers.instances import Instances
from posekit.datasets.records import Records, present
from posekit.datasets.transforms.base import BaseTransform
from posekit.files import paused_gc, read_json
from posekit.keypoints.skeleton import load_metainfo
from posekit.registry import DATASETS

logger = logging.getLogger(__name__)


@DATASETS.register_module()
class BaseCocoStyleDataset(BaseDataset):
    """Instances with keypoints in a COCO annotation file.

    A dataset is a subclass with ``METAINFO`` and, where it bends the format, ``FORMAT``. To read something else,
    override ``parse_data_info`` (one annotation) or ``_load_annotations`` (the file); both deal in dicts.

    Args:
        ann_file: see ``BaseDataset`` for this and all arguments not named here.
        bbox_file: JSON list of detections to use in place of annotated boxes, top-down; ignored without ``test_mode``.
        metainfo: the keypoint set; ``dict(from_annotation=True)`` takes the one that the file's categories name.
            Without any so do classes without a set, and ``CocoDataset`` if the file has another number of keypoints.
        data_mode: ``"topdown"``, one sample per instance, or ``"bottomup"``, one per image.
        filter_cfg: ``dict(bbox_score_thr=...)`` leaves out detections with a lower score.
        sample_interval: use only images whose id this divides.
    """

    METAINFO: ClassVar[dict] = {}
    FORMAT: ClassVar[CocoFormat] = CocoFormat()
    ANY_KEYPOINTS: ClassVar[bool] = False
    """Whether the class is for files of any keypoints, and ``METAINFO`` for those that name none."""

    def __init__(
        self,
        ann_file: str = "",
        bbox_file: str | None = None,
        data_mode: str = "topdown",
        metainfo: Mapping[str, Any] | None = None,
        data_root: str | None = None,
        data_prefix: Mapping[str, str] | None = None,
        filter_cfg: Mapping[str, Any] | None = None,
        indices: int | Sequence[int] | None = None,
        serialize_data: bool = True,
        pipeline: Sequence[BaseTransform] = (),
        test_mode: bool = False,
        lazy_init: bool = False,
        max_refetch: int = 1000,
        sample_interval: int = 1,
    ) -> None:
        name = type(self).__name__
        if data_mode not in ("topdown", "bottomup"):
            raise ValueError(f"{name}.data_mode: '{data_mode}' must be 'topdown' or 'bottomup'")
        if bbox_file and data_mode != "topdown":
            raise ValueError(f"{name}.bbox_file: detections need data_mode='topdown', found '{data_mode}'")
        if bbox_file and not test_mode:
            logger.warning("%s.bbox_file: detections are for evaluation; ignored, as test_mode is False", name)
            bbox_file = None
        if isinstance(data_prefix, Mapping) and data_prefix and "img" not in data_prefix:
            found = ", ".join(map(repr, data_prefix))
            raise ValueError(f"{name}.data_prefix: the folder of the images goes under 'img', found only {found}")
        threshold = filter_cfg.get("bbox_score_thr") if isinstance(filter_cfg, Mapping) else None
        if threshold is not None and data_mode != "topdown":
            raise ValueError(f"{name}.filter_cfg: bbox_score_thr needs data_mode='topdown', found '{data_mode}'")
        if threshold is not None and not is_number(threshold):
            raise ValueError(f"{name}.filter_cfg: bbox_score_thr must be a number, found {threshold!r}")
        if not isinstance(sample_interval, int) or sample_interval < 1:
            raise ValueError(f"{name}.sample_interval: must be a whole number from 1 on, found {sample_interval!r}")
        if isinstance(metainfo, Mapping) and metainfo.get("from_annotation"):
            metainfo = propose_info(os.path.join(data_root or "", ann_file))  # noqa: PTH118 - as in BaseDataset
        self._may_adopt = metainfo is None and (self.ANY_KEYPOINTS or not self.METAINFO)
        self.data_mode = data_mode
        self.bbox_file = bbox_file
        self.sample_interval = sample_interval
        super().__init__(
            ann_file,
            data_root=data_root,
            data_prefix=data_prefix,
            metainfo=metainfo,
            pipeline=pipeline,
            test_mode=test_mode,
            filter_cfg=filter_cfg,
            indices=indices,
            max_refetch=max_refetch,
            serialize_data=serialize_data,
            lazy_init=lazy_init,
        )

    def load_data_list(self) -> Sequence[dict[str, Any]]:
        """Return the samples of the annotation or detection file."""
        with paused_gc():
            if self.bbox_file:
                samples = self._load_detection_results()
            else:
                samples = self._load_columns() if self._reads_columns() else self._load_dicts()
        if not len(samples) and self.bbox_file:
            raise ValueError(f"{self.bbox_file}: no box of category_id 1 on an image of {self.ann_file}")
        if not len(samples):
            raise ValueError(
                f"{self.ann_file}: no usable {'instance' if self.data_mode == 'topdown' else 'image'}; "
                f"{type(self).__name__} needs annotations with {' and '.join(self.FORMAT.keypoints)} and a box"
            )
        return samples

    def _reads_columns(self) -> bool:
        """Whether no subclass took over the reading, so that all annotations can be read at once."""
        return self._keeps("_load_annotations", "parse_data_info", "_is_valid_instance")

    def _keeps(self, *hooks: str) -> bool:
        return all(getattr(type(self), hook) is getattr(BaseCocoStyleDataset, hook) for hook in hooks)

    def _packed_keys(self) -> tuple[str, ...]:
        """Return the keys whose lists may be read as arrays, as neither a subclass nor a metric will look at them."""
        plain = self._reads_columns() and self._keeps("expand_annotations") and not self.test_mode
        return self.FORMAT.keypoints if plain else ()

    def _load_columns(self) -> Records:
        problems = Problems(self.ann_file)
        instances = self._read(problems)
        if self.data_mode == "topdown":
            instances = instances.select(instances.usable(problems))
        problems.report(strict=self.test_mode)
        if self.data_mode == "topdown":
            return instances.topdown(keep_raw=self.test_mode)
        return instances.bottomup(keep_raw=self.test_mode, keep_empty=self.test_mode)

    def _read(self, problems: Problems) -> Instances:
        """Read and check the annotation file, all annotations at once."""
        images, annotations = self.read_file(problems)
        self._settle_keypoints(annotations)
        annotations = self.expand_annotations(annotations)
        return read_instances(annotations, images, self.FORMAT, self._metainfo["num_keypoints"], problems)

    def _settle_keypoints(self, annotations: Sequence[Mapping[str, Any]]) -> None:
        """Take the keypoint set that the file's categories name, where this dataset may.

        Raises:
            ValueError: if there is none then.
        """
        categories = self._metainfo.get("CLASSES")
        if self._may_adopt and names_other_keypoints(categories, annotations, self._metainfo.get("keypoint_id2name")):
            self._metainfo = {**load_metainfo(propose_info(self.ann_file)), "CLASSES": categories}
        if "num_keypoints" not in self._metainfo:
            raise ValueError(
                f"{self.ann_file}: {type(self).__name__} has no keypoint set and the file's categories name no "
                "keypoints; give metainfo=dict(from_file=...)"
            )

    def read_file(self, problems: Problems) -> tuple[Images, list[dict[str, Any]]]:
        """Return the annotation file's images and, unchecked, its annotations."""
        data = read_json(self.ann_file, "annotation file", hook=packer(self._packed_keys()))
        infos = dicts_under(data, "images", self.ann_file)
        annotations = dicts_under(data, "annotations", self.ann_file)
        if isinstance(data.get("categories"), list):
            self._metainfo["CLASSES"] = data["categories"]
        return Images.read(infos, self.data_prefix["img"], problems, interval=self.sample_interval), annotations

    def expand_annotations(self, annotations: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the annotations to read, one per instance; a hook for files that keep several in one."""
        return annotations

    def _load_annotations(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Return instances and images as dicts; override to read another kind of file.

        An instance needs img_id, img_path, id, bbox (1, 4) xyxy, bbox_score (1,), keypoints (1, K, 2) and
        keypoints_visible (1, K); an image needs img_id and img_path.
        """
        problems = Problems(self.ann_file)
        images, annotations = self.read_file(problems)
        infos = [
            {**info, "img_id": info["id"], "img_path": path}
            for info, path in zip(images.infos, images.paths, strict=True)
        ]
        raw, image = match_images(self.expand_annotations(annotations), images, problems)
        instances = []
        for ann, index in zip(raw, image.tolist(), strict=True):
            try:
                instance = self.parse_data_info(dict(raw_ann_info=ann, raw_img_info=infos[index]))
            except (LookupError, ArithmeticError, TypeError, ValueError) as error:
                problems.add(f"annotation {ann['id']}", f"{type(error).__name__}: {error}")
                continue
            if instance:
                instances.append(instance)
        problems.report(strict=self.test_mode)
        return instances, infos

    def parse_data_info(self, raw_data_info: dict[str, Any]) -> dict[str, Any] | None:
        """Return the instance of one annotation, or None to leave it out.

        Args:
            raw_data_info: ``raw_ann_info`` and ``raw_img_info``, the dicts of the file; the latter with img_path.

        Raises:
            ValueError: if the annotation is malformed.
        """
        ann, info = raw_data_info["raw_ann_info"], raw_data_info["raw_img_info"]
        problems = Problems(self.ann_file)
        images = Images.read([info], self.data_prefix["img"], problems)
        instances = read_instances([ann], images, self.FORMAT, self._metainfo["num_keypoints"], problems)
        problems.report(strict=True)
        if not len(instances):
            return None
        return instances.row(0)

    @staticmethod
    def _is_valid_instance(data_info: Mapping[str, Any]) -> bool:
        """Whether a top-down sample can be made of an instance: labelled keypoints, a box with an area, no crowd."""
        box = data_info.get("bbox")
        return (
            not data_info.get("iscrowd")
            and data_info.get("num_keypoints") != 0
            and (box is None or bool((box[0][2:4] > box[0][:2]).all()))
            and ("keypoints" not in data_info or float(np.max(data_info["keypoints"])) > 0)
        )

    def _load_dicts(self) -> list[dict[str, Any]]:
        """Return samples of what ``_load_annotations`` and ``parse_data_info`` of a subclass give."""
        instances, images = self._load_annotations()
        if self.data_mode == "topdown":
            return [instance for instance in instances if self._is_valid_instance(instance)]
        samples = group_by_image(instances, self._is_valid_instance)
        if self.test_mode:
            used = {sample["img_id"] for sample in samples}
            samples += [
                {"img_id": image["img_id"], "img_path": image["img_path"], "id": [], "raw_ann_info": []}
                for image in images
                if image["img_id"] not in used
            ]
        return samples

    def _load_detection_results(self) -> Sequence[dict[str, Any]]:
        """Return one sample for each detected box of category 1; its keypoints are zeros."""
        problems = Problems(self.ann_file)
        images, annotations = self.read_file(problems)
        self._settle_keypoints(annotations)
        problems.report(strict=self.test_mode)
        return read_detections(str(self.bbox_file), images, self._metainfo["num_keypoints"])

    def filter_data(self) -> Sequence[dict[str, Any]]:
        """Leave out boxes that score below ``filter_cfg["bbox_score_thr"]``."""
        self.name_unused_filters("bbox_score_thr")
        threshold = (self.filter_cfg or {}).get("bbox_score_thr")
        if threshold is None:
            return self.data_list
        kept = [index for index, row in enumerate(self.data_list) if row["bbox_score"] >= threshold]
        if not kept:
            raise ValueError(
                f"{type(self).__name__}.filter_cfg: none of {len(self.data_list)} boxes scores {threshold} or more"
            )
        if isinstance(self.data_list, Records):
            return self.data_list.take(np.array(kept, np.int64))
        return [self.data_list[index] for index in kept]


def names_other_keypoints(
    categories: Any, annotations: Sequence[Mapping[str, Any]], known: Mapping[int, str] | None
) -> bool:
    """Whether a file names as many keypoints as its annotations have, and not those of the set ``known``."""
    lists = (
        [item.get("keypoints") for item in categories if isinstance(item, dict)] if isinstance(categories, list) else []
    )
    named = next((names for names in lists if isinstance(names, list) and names), [])
    labelled = next((ann["keypoints"] for ann in annotations if isinstance(ann.get("keypoints"), (list, array))), None)
    if labelled is None or not named or len(labelled) != 3 * len(named):
        return False
    return known is None or list(map(_letters, named)) != list(map(_letters, known.values()))


def _letters(name: Any) -> str:
    """Return a name without what is only spelling: ``Left Eye`` is ``left_eye``."""
    return re.sub(r"[\W_]+", "", str(name)).lower()


def group_by_image(
    instances: Sequence[dict[str, Any]], is_valid: Callable[[Mapping[str, Any]], bool]
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
        sample["invalid_segs"] = [m["segmentation"] for m in members if "segmentation" in m and not is_valid(m)]
        samples.append(sample)
    return samples


def _merged(values: list[Any]) -> Any:
    arrays = [value for value in values if isinstance(value, np.ndarray)]
    if not arrays:
        return values
    if len(arrays) < len(values):
        return None
    return np.concatenate(values) if arrays[0].ndim else np.stack(values)

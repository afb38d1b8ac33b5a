"""The base class of datasets in the COCO format, which most are."""

from __future__ import annotations

import logging
import re
from array import array
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeVar

import numpy as np

from posekit.datasets.base import BaseDataset, check_data_mode
from posekit.datasets.readers.annotation_file import Problems, dicts_under, is_number
from posekit.datasets.readers.coco import AnnotationFile, CocoFormat, CocoReader, read_detections
from posekit.datasets.readers.instances import InstanceRows, Instances, is_usable_row
from posekit.datasets.records import Records
from posekit.files import paused_gc, read_json
from posekit.keypoints.proposed_skeleton import info_of_category, names_keypoints
from posekit.keypoints.skeleton import load_metainfo
from posekit.registry import DATASETS

_Reader = TypeVar("_Reader", bound=CocoReader)

logger = logging.getLogger(__name__)


@DATASETS.register_module()
class BaseCocoStyleDataset(BaseDataset):
    """Instances with keypoints in a COCO annotation file.

    A dataset is a subclass with ``METAINFO`` and, where it bends the format, ``FORMAT``; ``make_reader`` returns the
    reader of another kind of file. Or it overrides one of the hooks ``_load_annotations`` (the file),
    ``parse_data_info`` (one annotation) and ``_is_valid_instance``, which deal in dicts.

    Args:
        ann_file: annotation file.
        bbox_file: JSON list of detections to use in place of annotated boxes, top-down; ignored without ``test_mode``.
        data_mode: ``"topdown"``, one sample per instance, or ``"bottomup"``, one per image.
        metainfo: the keypoint set; ``dict(from_annotation=True)`` takes the one that the file's categories name, as
            do classes without a set, and ``CocoDataset`` for a file with another number of keypoints.
        sample_interval: number that divides the ids of the images to use.
        lazy_init: read the annotations when they are first needed.
        options: arguments of ``BaseDataset``; ``filter_cfg=dict(bbox_score_thr=...)`` leaves out detections with a
            lower score.
    """

    FORMAT: ClassVar[CocoFormat] = CocoFormat()
    HOOKS: ClassVar[tuple[str, ...]] = ("_load_annotations", "parse_data_info", "_is_valid_instance")
    ANY_KEYPOINTS: ClassVar[bool] = False
    """Whether the class is for files of any keypoints, and ``METAINFO`` for those that name none."""
    reader: CocoReader

    def __init__(
        self,
        ann_file: str = "",
        bbox_file: str | None = None,
        data_mode: str = "topdown",
        metainfo: Mapping[str, Any] | None = None,
        *,
        sample_interval: int = 1,
        lazy_init: bool = False,
        **options: Any,
    ) -> None:
        name = type(self).__name__
        check_data_mode(name, data_mode)
        if bbox_file and data_mode != "topdown":
            raise ValueError(f"{name}.bbox_file: detections need data_mode='topdown', found '{data_mode}'")
        if not isinstance(sample_interval, int) or sample_interval < 1:
            raise ValueError(f"{name}.sample_interval: must be a whole number from 1 on, found {sample_interval!r}")
        named_by_file = isinstance(metainfo, Mapping) and bool(metainfo.get("from_annotation"))
        self.data_mode = data_mode
        self.bbox_file = bbox_file
        self.sample_interval = sample_interval
        self._may_adopt = metainfo is None and (self.ANY_KEYPOINTS or not self.METAINFO)
        super().__init__(ann_file, {} if named_by_file else metainfo, lazy_init=True, **options)
        self._check_options()
        if named_by_file:
            self._metainfo = load_metainfo(propose_info(self.ann_file))
        if not lazy_init:
            self.full_init()

    def _check_options(self) -> None:
        """Check the options of ``BaseDataset`` that mean something of their own here.

        Raises:
            ValueError: if one cannot be; the message names it.
        """
        name = type(self).__name__
        if self.bbox_file and not self.test_mode:
            logger.warning("%s.bbox_file: detections are for evaluation; ignored, as test_mode is False", name)
            self.bbox_file = None
        if "img" not in self.data_prefix:
            folders = ", ".join(map(repr, self.data_prefix))
            raise ValueError(f"{name}.data_prefix: the folder of the images goes under 'img', found only {folders}")
        threshold = (self.filter_cfg or {}).get("bbox_score_thr")
        if threshold is not None and self.data_mode != "topdown":
            raise ValueError(f"{name}.filter_cfg: bbox_score_thr needs data_mode='topdown', found '{self.data_mode}'")
        if threshold is not None and not is_number(threshold):
            raise ValueError(f"{name}.filter_cfg: bbox_score_thr must be a number, found {threshold!r}")

    def make_reader(self) -> CocoReader:
        return self.coco_reader(CocoReader)

    def coco_reader(self, kind: type[_Reader], **options: Any) -> _Reader:
        """Return a reader of this kind for the annotation file; ``options`` are its own."""
        folder = self.data_prefix.get("img", "")
        return kind(self.ann_file, folder, self.FORMAT, interval=self.sample_interval, **options)

    def load_data_list(self) -> Sequence[dict[str, Any]]:
        """Return the samples of the annotation or detection file."""
        problems = Problems(self.ann_file)
        with paused_gc():
            if self.bbox_file:
                return self._load_detections(self.bbox_file, problems)
            samples = self._load_instances(problems).samples(self.data_mode, problems, test_mode=self.test_mode)
        problems.report(strict=self.test_mode)
        if not len(samples):
            raise ValueError(
                f"{self.ann_file}: no usable {'instance' if self.data_mode == 'topdown' else 'image'}; "
                f"{type(self).__name__} needs annotations with {' and '.join(self.FORMAT.keypoints)} and a box"
            )
        return samples

    def _load_instances(self, problems: Problems) -> Instances | InstanceRows:
        """Return the annotated instances, by the reader or, where the class has hooks, through these."""
        if self.has_hooks():
            return InstanceRows(*self._load_annotations(), self._is_valid_instance)
        return self.reader.read(self.settle_keypoints, problems, packed=not self.test_mode)

    def _load_detections(self, path: str, problems: Problems) -> Records:
        """Return one sample for each detected box of category 1; its keypoints are zeros."""
        file = self.reader.read_file(problems)
        num_keypoints = self.settle_keypoints(file)
        problems.report(strict=self.test_mode)
        samples = read_detections(path, file.images, num_keypoints)
        if not len(samples):
            raise ValueError(f"{path}: no box of category_id 1 on an image of {self.ann_file}")
        return samples

    def settle_keypoints(self, file: AnnotationFile) -> int:
        """Note the file's categories, take the keypoint set that they name where this dataset may, and count it.

        Raises:
            ValueError: if there is no keypoint set.
        """
        if file.categories is not None:
            self._metainfo["CLASSES"] = file.categories
        known = self._metainfo.get("keypoint_id2name")
        if self._may_adopt and names_other_keypoints(file.categories, file.annotations, known):
            self._metainfo = {**load_metainfo(propose_info(self.ann_file)), "CLASSES": file.categories}
        if "num_keypoints" not in self._metainfo:
            raise ValueError(
                f"{self.ann_file}: {type(self).__name__} has no keypoint set and the file's categories name no "
                "keypoints; give metainfo=dict(from_file=...)"
            )
        return self._metainfo["num_keypoints"]

    def _load_annotations(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Return instances and images as dicts; a hook for reading another kind of file.

        An instance needs img_id, img_path, id, bbox (1, 4) xyxy, bbox_score (1,), keypoints (1, K, 2) and
        keypoints_visible (1, K); an image needs img_id and img_path.
        """
        problems = Problems(self.ann_file)
        file = self.reader.read_file(problems)
        self.settle_keypoints(file)
        instances, images = self.reader.rows_of(
            file,
            lambda annotation, image: self.parse_data_info(dict(raw_ann_info=annotation, raw_img_info=image)),
            problems,
        )
        problems.report(strict=self.test_mode)
        return instances, images

    def parse_data_info(self, raw_data_info: dict[str, Any]) -> dict[str, Any] | None:
        """Return the instance of one annotation, or None to leave it out; a hook.

        Args:
            raw_data_info: ``raw_ann_info`` and ``raw_img_info``, the dicts of the file; the latter with img_path.

        Raises:
            ValueError: if the annotation is malformed.
        """
        return self.reader.parse(
            raw_data_info["raw_ann_info"], raw_data_info["raw_img_info"], self._metainfo["num_keypoints"]
        )

    @staticmethod
    def _is_valid_instance(data_info: Mapping[str, Any]) -> bool:
        """Whether a top-down sample can be made of an instance; a hook."""
        return is_usable_row(data_info)

    def filter_data(self) -> Sequence[dict[str, Any]]:
        """Leave out boxes that score below ``filter_cfg["bbox_score_thr"]``."""
        self.name_unused_filters("bbox_score_thr")
        threshold = (self.filter_cfg or {}).get("bbox_score_thr")
        if threshold is None:
            return self.data_list
        indices = [index for index, row in enumerate(self.data_list) if row["bbox_score"] >= threshold]
        if not indices:
            raise ValueError(
                f"{type(self).__name__}.filter_cfg: none of {len(self.data_list)} boxes scores {threshold} or more"
            )
        if isinstance(self.data_list, Records):
            return self.data_list.take(np.array(indices, np.int64))
        return [self.data_list[index] for index in indices]


def propose_info(path: str) -> dict[str, Any]:
    """Return a ``dataset_info`` of the keypoints that a COCO file names.

    Swaps are proposed where two names differ in left and right alone; they are logged, to be checked.

    Raises:
        ValueError: if no category of the file names keypoints.
    """
    categories = dicts_under(read_json(path, "annotation file"), "categories", path)
    named = [category for category in categories if names_keypoints(category)]
    if not named:
        raise ValueError(f"{path}: no category names its keypoints; give metainfo=dict(from_file=...)")
    info = info_of_category(named[0])
    names, swaps = named[0]["keypoints"], {point["name"]: point["swap"] for point in info["keypoint_info"].values()}
    pairs = [f"{name} and {swap}" for name, swap in swaps.items() if swap and name < swap]
    logger.warning(
        "%s: keypoints %s of category '%s'; proposed to swap when mirrored: %s. If that is wrong, write the keypoint "
        "set into a file and give metainfo=dict(from_file=...)",
        path, ", ".join(names), named[0].get("name"), ", ".join(pairs) or "none",
    )  # fmt: skip
    return info


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

"""The base class of every dataset: records, a pipeline and a keypoint set."""

from __future__ import annotations

import copy
import logging
import multiprocessing
import multiprocessing.context
import os
import traceback
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from types import NoneType
from typing import Any, ClassVar

import numpy as np

from posekit.datasets.records import Objects, Records, present
from posekit.datasets.transforms.base import BaseTransform
from posekit.datasets.transforms.pipeline import Pipeline
from posekit.datasets.transforms.results import FROM_DATASET
from posekit.keypoints.skeleton import load_metainfo
from posekit.registry import DATASETS

logger = logging.getLogger(__name__)

SHARED_KEYS = (
    "dataset_name",
    "upper_body_ids",
    "lower_body_ids",
    "flip_pairs",
    "flip_indices",
    "dataset_keypoint_weights",
    "skeleton_links",
)

FORESEEN = (OSError, ValueError)
"""Errors by which transforms name what is wrong with a sample."""

HOPELESS = 20
"""Number of unusable samples in a row after which unforeseen errors count as the program's, not the samples'."""


class BaseDataset:
    """Records that a pipeline turns into samples, map-style: ``len(dataset)`` and ``dataset[index]``.

    A subclass sets ``METAINFO`` and overrides ``load_data_list``. What it returns becomes ``Records`` (columns).
    A sample is the same in any worker and after a resume: its random numbers come from ``seed``, ``epoch`` and the
    index, as ``results["rng"]``.

    Args:
        ann_file: annotation file; relative to ``data_root`` if that is given.
        metainfo: the keypoint set, ``dict(from_file=...)`` or a whole ``dataset_info``; the class's by default.
        data_root: folder of ``ann_file`` and of every ``data_prefix``.
        data_prefix: folders of kinds of files, ``dict(img=...)``.
        filter_cfg: what ``filter_data`` leaves out.
        indices: number of samples to use from the start (from the end if negative), or indices of those to use.
        serialize_data: keep records as shared columns; else as a list of dicts.
        pipeline: transforms, built or as configs.
        test_mode: a bad sample is an error instead of being replaced by another.
        lazy_init: read the annotations when they are first needed.
        max_refetch: number of other samples to try in place of a bad one.
    """

    registry = DATASETS
    METAINFO: ClassVar[dict] = {}
    PROVIDES: ClassVar[tuple[str, ...]] = ()
    """Keys of its records that other datasets do not have; for the check of the pipeline's keys."""
    HOOKS: ClassVar[tuple[str, ...]] = ()
    """Methods that deal in dicts, one for each sample; a class that defines one is read through them."""
    visit: tuple[int, ...] = ()
    """Visit of a sample, set by wrappers so that each visit draws its own random numbers."""

    def __init__(
        self,
        ann_file: str = "",
        metainfo: Mapping[str, Any] | None = None,
        data_root: str | None = "",
        data_prefix: Mapping[str, str] | None = None,
        filter_cfg: Mapping[str, Any] | None = None,
        indices: int | Sequence[int] | None = None,
        serialize_data: bool = True,
        pipeline: Sequence[BaseTransform] = (),
        test_mode: bool = False,
        lazy_init: bool = False,
        max_refetch: int = 1000,
    ) -> None:
        self._check_paths(ann_file, data_prefix)
        if not isinstance(max_refetch, int) or max_refetch < 0:
            raise ValueError(
                f"{type(self).__name__}.max_refetch: must be a whole number from 0 on, found {max_refetch!r}"
            )
        if not isinstance(filter_cfg, (Mapping, NoneType)):
            raise ValueError(f"{type(self).__name__}.filter_cfg: must be a dict, found {filter_cfg!r:.60}")
        self.data_root = data_root or ""
        self.ann_file = self.join_root(ann_file) if ann_file else ""
        self.data_prefix = {key: self.join_root(prefix or "") for key, prefix in (data_prefix or {"img": ""}).items()}
        self.filter_cfg = dict(filter_cfg) if filter_cfg else None
        self.indices = indices
        self.serialize_data = serialize_data
        self.pipeline = Pipeline(pipeline, available=self.available_keys())
        self.test_mode = test_mode
        self.max_refetch = max_refetch
        self.seed = 0
        self.data_list: Sequence[dict[str, Any]] = []
        self._epoch = _SharedNumber()
        self._bad: set[int] = set()
        self._initialized = False
        self._metainfo = self._load_metainfo(metainfo)
        self.reader = self.make_reader()
        if not lazy_init:
            self.full_init()

    def make_reader(self) -> Any:
        """Return what reads the annotation file, to hold as ``reader``; None for datasets without one."""
        return None

    @classmethod
    def has_hooks(cls) -> bool:
        """Whether the class, or one between it and the class that declares ``HOOKS``, defines one of these."""
        classes = takewhile(lambda base: "HOOKS" not in vars(base), cls.__mro__)
        return any(hook in vars(base) for base in classes for hook in cls.HOOKS)

    def _check_paths(self, ann_file: Any, data_prefix: Any) -> None:
        name, path = type(self).__name__, (str, os.PathLike, NoneType)
        if not isinstance(ann_file, path):
            raise ValueError(
                f"{name}.ann_file: must be the path of one file, found {ann_file!r:.60}; ConcatDataset and "
                "CombinedDataset put several datasets together"
            )
        folders = {} if data_prefix is None else data_prefix
        if not isinstance(folders, Mapping) or not all(isinstance(prefix, path) for prefix in folders.values()):
            raise ValueError(
                f"{name}.data_prefix: must be a dict of folders, as in dict(img='images/'), found {data_prefix!r:.60}"
            )

    @classmethod
    def _load_metainfo(cls, metainfo: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the parsed keypoint set of ``metainfo``, or of the class."""
        metainfo = cls.METAINFO if metainfo is None else metainfo
        if not isinstance(metainfo, Mapping):
            raise TypeError(f"{cls.__name__}.metainfo: must be a dict, found {type(metainfo).__name__}")
        return load_metainfo(metainfo) if metainfo else {}

    def available_keys(self) -> set[str]:
        """Return the keys that the pipeline's first transform may find."""
        return {*FROM_DATASET, *self.PROVIDES}

    @property
    def metainfo(self) -> dict[str, Any]:
        """The parsed keypoint set; see ``Skeleton.metainfo``."""
        return copy.deepcopy(self._metainfo)

    @property
    def epoch(self) -> int:
        return self._epoch.value

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that random numbers are derived from, also in workers that already run."""
        self._epoch.value = epoch

    def join_root(self, path: str) -> str:
        return os.path.join(self.data_root, path) if self.data_root else path  # noqa: PTH118 - may be a URL

    def full_init(self) -> None:
        """Read the annotations, if that has not happened yet."""
        if self._initialized:
            return
        self.data_list = self.load_data_list()
        self.data_list = self.filter_data()
        rows = _chosen(self.indices, len(self.data_list), type(self).__name__)
        records = self.data_list if isinstance(self.data_list, Records) else Records.from_rows(list(self.data_list))
        records = records if rows is None else records.take(rows)
        records = records.with_constants({key: self._metainfo[key] for key in SHARED_KEYS if key in self._metainfo})
        self.data_list = records if self.serialize_data else Objects(list(records))  # pyright: ignore
        self._initialized = True

    def load_data_list(self) -> Sequence[dict[str, Any]]:
        """Return all samples, as dicts or as ``Records``."""
        raise NotImplementedError(f"{type(self).__name__} must define load_data_list()")

    def filter_data(self) -> Sequence[dict[str, Any]]:
        """Return the samples of ``self.data_list`` to keep."""
        self.name_unused_filters()
        return self.data_list

    def name_unused_filters(self, *used: str) -> None:
        """Warn of keys of ``filter_cfg`` that no filter looks at."""
        if unused := [key for key in self.filter_cfg or () if key not in used]:
            name, known = type(self).__name__, f"it knows {', '.join(used)}" if used else "it has no filter"
            logger.warning("%s.filter_cfg: %s without effect; %s", name, ", ".join(map(repr, unused)), known)

    def __len__(self) -> int:
        self.full_init()
        return len(self.data_list)

    def get_data_info(self, index: int) -> dict[str, Any]:
        """Return a sample's record and the keypoint set's keys; its arrays are read-only views."""
        if not self._initialized:
            self.full_init()
        row = self.data_list[index]
        row["sample_idx"] = index if index >= 0 else index + len(self.data_list)
        return row

    def prepare_data(self, index: int) -> Any:
        """Run the pipeline on a sample's record."""
        results = self.own_record(index)
        results["rng"] = np.random.default_rng((self.seed, self.epoch, results["sample_idx"], *self.visit))
        return self.pipeline(results)  # pyright: ignore[reportArgumentType]

    def own_record(self, index: int) -> dict[str, Any]:
        """Return a sample's record with arrays that may be written to, and this dataset under ``dataset``.

        What the sample lacks is absent, also where the record has a list with None for each instance.
        """
        results = present(self.get_data_info(index))
        for key, value in results.items():
            if isinstance(value, np.ndarray):
                results[key] = value.copy()
        results["dataset"] = self
        return results

    def __getitem__(self, index: int) -> Any:
        """Return the sample; in training another one where this one is bad.

        Raises:
            ValueError: for a bad sample in ``test_mode``, or if ``max_refetch`` others are bad, too.
        """
        size = len(self)
        if not -size <= index < size:
            raise IndexError(f"{type(self).__name__} has {size} samples, no index {index}")
        if self.test_mode:
            return self._prepare_or_name(index)
        last: BadSampleError | None = None
        tries = unforeseen = 0
        for current in self._candidates(index % size):
            tries += 1
            try:
                return self._prepare_or_name(current)
            except BadSampleError as error:
                last = error
                if current not in self._bad:
                    self._bad.add(current)
                    logger.warning("%s; training goes on with another sample", error)
                unforeseen += not isinstance(error.__cause__, (*FORESEEN, NoneType))
            if unforeseen == tries == HOPELESS:
                break
        raise ValueError(f"no usable sample for index {index} in {tries} tries; the last: {last}") from last

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))

    def _candidates(self, index: int) -> Iterator[int]:
        """Yield the index of a sample, then those of others, drawn at random, to try in its place."""
        yield index
        others = np.random.default_rng((self.seed, self.epoch, index, 1, *self.visit))
        for _ in range(self.max_refetch):
            yield int(others.integers(len(self)))

    def _prepare_or_name(self, index: int) -> Any:
        try:
            sample = self.prepare_data(index)
        except Exception as error:
            if not blames_sample(error):
                raise
            raise BadSampleError(f"{self._describe(index)}: {cause(error)}") from error
        if sample is None:
            raise BadSampleError(f"{self._describe(index)}: the pipeline left nothing of it")
        return sample

    def _describe(self, index: int) -> str:
        row = self.data_list[index]
        known = [f"{name} {row[key]}" for name, key in (("image", "img_path"), ("annotation", "id")) if key in row]
        return f"{self.ann_file or type(self).__name__}: sample {index} ({', '.join(known)})"

    def get_subset(self, indices: int | Sequence[int]) -> BaseDataset:
        """Return a dataset of some of the samples; both share their records."""
        self.full_init()
        other = copy.copy(self)
        rows = _chosen(indices, len(self), type(self).__name__)
        if isinstance(self.data_list, Records):
            other.data_list = self.data_list.take(rows)
        else:
            other.data_list = Objects([self.data_list[i] for i in np.arange(len(self))[rows]])  # pyright: ignore
        return other


def check_data_mode(name: str, data_mode: str) -> None:
    """Raise ValueError for a mode that is none; ``name`` is that of the dataset's class."""
    if data_mode not in ("topdown", "bottomup"):
        raise ValueError(f"{name}.data_mode: '{data_mode}' must be 'topdown' or 'bottomup'")


class BadSampleError(ValueError):
    """A sample that cannot be used, named."""


def blames_sample(error: Exception) -> bool:
    """Whether an error of a pipeline may be due to what is in the sample."""
    kinds = (*FORESEEN, TypeError, LookupError, ArithmeticError, AttributeError)
    return isinstance(error, kinds) or type(error).__module__ == "cv2"


def cause(error: Exception) -> str:
    """Return an error's message; one that nobody foresaw comes with its kind and place."""
    if isinstance(error, FORESEEN):
        return str(error)
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(place.filename).name}, line {place.lineno})"


class _SharedNumber:
    """A whole number that forked and spawned workers see change."""

    def __init__(self, value: int = 0) -> None:
        self._shared = multiprocessing.RawValue("q", value)

    @property
    def value(self) -> int:
        return self._shared.value

    @value.setter
    def value(self, value: int) -> None:
        self._shared.value = value

    def __reduce__(self) -> tuple[Any, ...]:
        if multiprocessing.context.get_spawning_popen() is None:
            return _SharedNumber, (self.value,)
        return _SharedNumber._of, (self._shared,)

    @classmethod
    def _of(cls, shared: Any) -> _SharedNumber:
        number = cls.__new__(cls)
        number._shared = shared
        return number


def _chosen(indices: int | Sequence[int] | None, size: int, name: str) -> Any:
    """Return an index array or slice of the chosen samples; None for all."""
    if indices is None:
        return None
    if isinstance(indices, (int, np.integer)):
        return slice(indices) if indices >= 0 else slice(indices, None)
    rows = np.asarray(indices)
    if rows.size == 0:
        return rows.astype(np.int64)
    if rows.dtype.kind not in "iu" or rows.ndim != 1 or rows.min() < -size or rows.max() >= size:
        raise ValueError(
            f"{name}.indices: must be whole numbers below {size}, the number of samples; found {indices!r}"
        )
    return rows

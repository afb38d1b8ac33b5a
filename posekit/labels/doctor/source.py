"""Which annotation files, with which images, the data doctor looks at."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from posekit.datasets.base_coco import BaseCocoStyleDataset
from posekit.keypoints.skeleton import Skeleton
from posekit.registry import DATASETS

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class LabelSource:
    """An annotation file to look at.

    Attributes:
        name: what the report calls it.
        dataset: reads the file; without a keypoint set, the one that the file's categories name is taken.
        find_images: look for the folder of the images near the file.
    """

    name: str
    dataset: BaseCocoStyleDataset
    find_images: bool = False


def file_source(path: str | Path, *, images: str | Path | None = None, keypoints: str | None = None) -> LabelSource:
    """Return the source of a COCO-style file.

    Args:
        path: the annotation file.
        images: folder that its file names are relative to; by default it is looked for.
        keypoints: name or file of the keypoint set.
    """
    dataset = BaseCocoStyleDataset(str(path), data_prefix={"img": str(images or "")}, lazy_init=True)
    if keypoints:
        dataset._metainfo = Skeleton.load(keypoints).metainfo()
    return LabelSource(Path(path).name, dataset, find_images=images is None)


def config_sources(config: Mapping[str, Any]) -> list[LabelSource]:
    """Return the annotation files of a config's datasets, each once.

    Raises:
        ValueError: if there are none, or one is no COCO-style dataset.
    """
    sources: dict[tuple[str, str], LabelSource] = {}
    for split in SPLITS:
        loader = config.get(f"{split}_dataloader") or {}
        for number, settings in enumerate(leaves(loader.get("dataset"))):
            dataset = build_unread(settings, split)
            name = f"{split} {number + 1}" if number else split
            sources.setdefault((dataset.ann_file, dataset.data_prefix.get("img", "")), LabelSource(name, dataset))
    if not sources:
        raise ValueError(f"the config has no dataset in {', '.join(f'{split}_dataloader' for split in SPLITS)}")
    return list(sources.values())


def told_apart(sources: Sequence[LabelSource]) -> list[LabelSource]:
    """Leave out sources that occur twice, and call those of one name by their files instead."""
    once = {(source.dataset.ann_file, source.dataset.data_prefix.get("img")): source for source in sources}
    counts = Counter(source.name for source in once.values())
    return [
        source if counts[source.name] == 1 else replace(source, name=source.dataset.ann_file)
        for source in once.values()
    ]


def leaves(settings: Any) -> Iterator[dict[str, Any]]:
    """Yield the settings of the datasets that a dataset of datasets is made of, or its own."""
    if not isinstance(settings, Mapping):
        return
    inner = settings.get("datasets", settings.get("dataset"))
    if inner is None:
        yield dict(settings)
        return
    for part in inner if isinstance(inner, Sequence) else [inner]:
        yield from leaves(part)


def build_unread(settings: dict[str, Any], split: str) -> BaseCocoStyleDataset:
    """Build a dataset without its pipeline and before it reads its file."""
    kind = DATASETS.get(str(settings.get("type")))
    if not (isinstance(kind, type) and issubclass(kind, BaseCocoStyleDataset)):
        raise ValueError(
            f"{split}_dataloader.dataset: {settings.get('type')} keeps no COCO-style keypoints; "
            "the data check reads datasets made of BaseCocoStyleDataset"
        )
    return DATASETS.build({**settings, "lazy_init": True, "pipeline": []})


def find_folder(ann_file: str, names: Sequence[str]) -> Path | None:
    """Return the folder near an annotation file that holds most of the named images; None if none holds any."""
    here = Path(ann_file).resolve().parent
    folders = [here, here.parent]
    for folder in (here, here.parent):
        folders += sorted(path for path in folder.iterdir() if path.is_dir())
    some = [name for name in names[:: max(1, len(names) // 20)] if "\0" not in name]
    hits = [sum(os.path.isfile(folder / name) for name in some) for folder in folders]  # noqa: PTH113 - any name
    return folders[hits.index(max(hits))] if any(hits) else None

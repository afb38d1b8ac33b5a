"""A COCO annotation file as something to hold results against: labels, names, sigmas and sides of its keypoints."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from posekit.datasets.readers.annotation_file import dicts_under
from posekit.evaluation.coco_truth import read_coco, true_poses
from posekit.keypoints.oks import TruePoses


class LabelledSet(NamedTuple):
    """Labels and what is known of their keypoints.

    Shapes: sigmas and weights (K,); flip_indices (K,), each keypoint's counterpart, itself without one.
    ``without_area`` annotations lack an area; if any does, the areas of all are ``AREA_OF_BOX`` of their boxes.
    """

    truth: TruePoses
    images: list[Any]
    categories: list[Any]
    names: list[str]
    sigmas: np.ndarray
    weights: np.ndarray | None
    flip_indices: list[int]
    without_area: int
    image_names: dict[str, Any]
    """The id of each image, by its file name."""


def read_labels(path: str | Path, sigmas: str | None = None, weights: str | None = None) -> LabelledSet:
    """Read an annotation file.

    Args:
        path: COCO keypoints.
        sigmas: numbers with commas between them, one number for all keypoints, or the name of a keypoint
            set; by default those of the packaged set that has the same keypoints.
        weights: numbers with commas between them; by default all keypoints count alike.

    Raises:
        ValueError: if the file is no COCO file, or the sigmas or weights are unknown or do not fit.
    """
    content = read_coco(path)
    images = image_ids(content, path)
    names = keypoint_names(content, path)
    without_area = sum("area" not in annotation for annotation in content["annotations"])
    try:
        truth = true_poses(content["annotations"], len(names), use_area=not without_area)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return LabelledSet(
        truth=truth,
        images=images,
        categories=category_ids(content, truth),
        names=names,
        sigmas=sigmas_for(sigmas, names, path),
        weights=None if weights is None else numbers_for(weights, names, "--weights"),
        flip_indices=counterparts(names),
        without_area=without_area,
        image_names={str(image["file_name"]): image["id"] for image in content["images"] if "file_name" in image},
    )


def image_ids(content: dict[str, Any], path: str | Path) -> list[Any]:
    """Return the ids of all images, sorted.

    Raises:
        ValueError: if one has none, or an annotation is of an image that is not listed.
    """
    ids = {image.get("id") for image in dicts_under(content, "images", str(path))}
    if not (all(isinstance(i, int) for i in ids) or all(isinstance(i, str) for i in ids)):
        raise ValueError(f"{path}: every image needs an id, all of them whole numbers or all of them texts")
    for annotation in dicts_under(content, "annotations", str(path)):
        if annotation.get("image_id") not in ids:
            raise ValueError(
                f"{path}: annotation {annotation.get('id')} is of image {annotation.get('image_id')!r}, "
                "which 'images' does not list"
            )
    return sorted(ids)


def category_ids(content: dict[str, Any], truth: TruePoses) -> list[Any]:
    """Return the ids of the categories that a file lists or labels; those that are none are left out."""
    categories = content.get("categories")
    listed = [item.get("id") for item in categories if isinstance(item, dict)] if isinstance(categories, list) else []
    return list({*(i for i in listed if isinstance(i, (int, str))), *truth.category.tolist()})


def keypoint_names(content: dict[str, Any], path: str | Path) -> list[str]:
    """Return the names in a file's categories, else numbers for as many keypoints as its annotations have."""
    categories = content.get("categories")
    for category in categories if isinstance(categories, list) else ():
        names = category.get("keypoints") if isinstance(category, dict) else None
        if names and isinstance(names, list):
            repeated = [name for name, count in Counter(map(str, names)).items() if count > 1]
            if repeated:
                raise ValueError(f"{path}: several keypoints are called {repeated[0]!r}; give each a name of its own")
            return [str(name) for name in names]
    for annotation in content["annotations"]:
        keypoints = annotation.get("keypoints")
        if keypoints and isinstance(keypoints, list):
            return [str(number) for number in range(len(keypoints) // 3)]
    raise ValueError(f"{path}: neither a category nor an annotation has keypoints")


def counterparts(names: list[str]) -> list[int]:
    """Return for each keypoint the number of the one whose name differs in left and right alone, else its own."""
    from posekit.keypoints.proposed_skeleton import mirrored_names

    places = {name: place for place, name in enumerate(names)}
    return [places[swap or name] for name, swap in mirrored_names(names).items()]


def sigmas_for(option: str | None, names: list[str], path: str | Path) -> np.ndarray:
    """Return the sigmas (K,) that were asked for, or those of the packaged set with these keypoints."""
    from posekit.config import packaged_configs
    from posekit.keypoints.skeleton import Skeleton

    if option is not None and not option.replace(",", "").replace(" ", "").strip("0123456789.eE-"):
        return numbers_for(option, names, "--sigmas")
    if option is not None:
        sigmas = Skeleton.load(option).oks_sigmas.astype(np.float64)
        if len(sigmas) != len(names):
            raise ValueError(
                f"--sigmas: the keypoint set '{option}' has {len(sigmas)} keypoints, {path} has {len(names)}"
            )
        return sigmas
    folder = packaged_configs() / "_base_" / "datasets"
    for file in sorted(folder.glob("*.py"), key=lambda file: (file.stem != "coco", file.stem)):
        skeleton = Skeleton.load(file)
        if list(skeleton.names) == names and skeleton.sigmas:
            return skeleton.oks_sigmas.astype(np.float64)
    raise ValueError(
        f"{path}: no packaged keypoint set with sigmas has these {len(names)} keypoints; give --sigmas: "
        "a number for each with commas between them, one number for all, or the name of a keypoint set"
    )


def numbers_for(text: str, names: list[str], option: str) -> np.ndarray:
    """Return numbers above 0, one for each keypoint, from a text; a single one holds for all."""
    try:
        numbers = np.array([float(part) for part in text.split(",")])
    except ValueError as error:
        raise ValueError(f"{option} is {text!r}; give numbers with commas between them") from error
    if len(numbers) == 1:
        numbers = np.repeat(numbers, len(names))
    if len(numbers) != len(names) or not (np.isfinite(numbers) & (numbers > 0)).all():
        raise ValueError(f"{option} is {text!r}; give one number above 0, or one for each of {len(names)} keypoints")
    return numbers

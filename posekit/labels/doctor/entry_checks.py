"""Checks of a file's entries: what cannot be read, ids, categories and counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from posekit.datasets.readers.annotation_file import is_id
from posekit.labels.doctor.finding import MAX_PLACES, Finding
from posekit.labels.doctor.table import InstanceTable

REMEDIES = {
    "image": "Give every image an id of its own, a file_name, a width and a height.",
    "id": "Give every annotation a whole number as id and the id of its image as image_id.",
    "image id": "Add the missing images to the file or remove their annotations.",
    "keypoints": "Give x, y, visibility of every keypoint of the set, numbers all of them; 0, 0, 0 where unlabelled.",
    "box": "Give every annotation a box [x, y, width, height] in pixels.",
}

CROWDED = 500
"""Number of annotations on one image from which wrong image ids are more likely than a crowd."""


def check_keypoint_set(table: InstanceTable) -> Iterator[Finding]:
    """The categories name no usable keypoint set."""
    if table.set_problem:
        yield table.finding(
            "keypoint set", "error",
            f"The keypoint set that the categories name cannot be used: {table.set_problem}",
            "Correct the categories, or name a keypoint set with --keypoints.",
        )  # fmt: skip
    elif table.metainfo["dataset_name"] == "unnamed":
        yield table.finding(
            "keypoint set", "warning",
            f"No category names its keypoints; most annotations have {table.metainfo['num_keypoints']}. "
            "Left and right cannot be checked, nothing is known of links.",
            "Add keypoints and skeleton to the category, or name a keypoint set with --keypoints.",
        )  # fmt: skip


def check_unusable(table: InstanceTable) -> Iterator[Finding]:
    """Entries that training leaves out and evaluation refuses."""
    for kind, total in table.problems.counts.items():
        texts = [f"{problem.where}: {problem.text}" for problem in table.problems.found if problem.kind == kind]
        what = "entry cannot" if total == 1 else "entries cannot"
        finding = table.finding(
            f"unusable {kind}", "error",
            f"{total} {what} be used because of the {kind}; training leaves them out, evaluation refuses the file.",
            REMEDIES.get(kind, "Correct or remove these entries."),
            texts=texts,
        )  # fmt: skip
        yield replace(finding, count=total)


def check_ids(table: InstanceTable) -> Iterator[Finding]:
    """Several annotations with one id."""
    numbers, counts = np.unique(table.ids, return_counts=True)
    total, order = int((counts > 1).sum()), np.argsort(-counts, kind="stable")
    worst = order[: min(total, MAX_PLACES)]
    if total:
        finding = table.finding(
            "repeated id", "error",
            f"{total} annotation ids are used more than once; tools that look annotations up by id, as COCO's "
            "evaluation does, keep only the last of each.",
            "Number the annotations anew.",
            texts=[f"id {numbers[place]}: {counts[place]} annotations" for place in worst],
        )  # fmt: skip
        yield replace(finding, count=total)


def check_file_names(table: InstanceTable) -> Iterator[Finding]:
    """Several entries for one image file."""
    count = Counter(table.images.paths)
    repeated = [(path, times) for path, times in count.most_common() if times > 1]
    if repeated:
        yield table.finding(
            "repeated file name", "warning",
            f"{len(repeated)} image files are listed under several image ids, {sum(n for _, n in repeated)} in all. If "
            "each has a part of the annotations, those of the others count as background, or as wrongly found.",
            "List each file once, and give all of its annotations that image's id.",
            texts=[f"{path}: {times} entries" for path, times in repeated],
        )  # fmt: skip


def check_categories(table: InstanceTable) -> Iterator[Finding]:
    """Category ids that the file does not define."""
    known = [category.get("id") for category in table.categories]
    used = table.category_ids
    if not known and not any(value is not None for value in used):
        return
    ids = {value for value in known if is_id(value)}
    unknown = [row for row, value in enumerate(used) if not is_id(value) or value not in ids]
    if unknown:
        unknown_ids = Counter(str(used[row])[:20] for row in unknown).most_common(5)
        yield table.finding(
            "unknown category", "warning",
            f"{len(unknown)} annotations have a category_id that no category has: "
            f"{', '.join(f'{value} ({count})' for value, count in unknown_ids)}; categories: {shortened(known)}.",
            "Add the categories or correct the ids.",
            instances=unknown,
        )  # fmt: skip
    repeated = [str(value) for value, count in Counter(map(str, known)).items() if count > 1]
    if repeated:
        yield table.finding(
            "repeated id", "error",
            f"Category ids that are used more than once: {shortened(repeated)}.",
            "Give each category its own id.",
        )  # fmt: skip


def check_counts(table: InstanceTable) -> Iterator[Finding]:
    """``num_keypoints`` that is not the number of labelled keypoints."""
    stated = table.stated_counts
    counted = table.labelled.sum(axis=1).tolist()
    wrong = [row for row, value in enumerate(stated) if value is not None and value != counted[row]]
    hidden = sum(stated[row] == 0 for row in wrong)
    if wrong:
        lost = f" {hidden} of them state 0, so training leaves them out." if hidden else ""
        yield table.finding(
            "wrong count", "warning",
            f"num_keypoints of {len(wrong)} annotations is not the number of keypoints with visibility above 0.{lost}",
            "Count anew: num_keypoints is the number of keypoints with v > 0.",
            instances=wrong,
        )  # fmt: skip


def check_coverage(table: InstanceTable) -> Iterator[Finding]:
    """Images without instances, instances without keypoints, and many on one image."""
    per_image = np.bincount(table.image, minlength=len(table.images.ids))
    empty = np.flatnonzero(per_image == 0)
    if len(empty):
        yield table.finding(
            "image without annotation", "note",
            f"{len(empty)} of {len(per_image)} images have no annotation with keypoints.",
            "Nothing, if nobody is seen in them; training skips them.",
            images=empty,
        )  # fmt: skip
    bare = np.flatnonzero(~table.labelled.any(axis=1))
    if len(bare):
        yield table.finding(
            "nothing labelled", "note",
            f"{len(bare)} of {len(table.image)} annotations have no labelled keypoint; training skips them.",
            "Nothing, if they are persons too small or hidden to label.",
            instances=bare,
        )  # fmt: skip
    crowded = np.flatnonzero(per_image >= CROWDED)
    if len(crowded):
        yield table.finding(
            "crowded image", "warning",
            f"{len(crowded)} images have {CROWDED} annotations or more, up to {per_image.max()}.",
            "Look whether the image ids are right.",
            images=crowded[np.argsort(-per_image[crowded])],
        )  # fmt: skip


def shortened(values: list[Any]) -> str:
    """Return values as text, a few of many."""
    few = ", ".join(str(value)[:20] for value in values[:6])
    return f"{few} … ({len(values)})" if len(values) > 6 else few or "none"

"""Cut the labelled people of a COCO file out of their photographs, so that a training step decodes small crops only.

python tools/pack_people.py ANNOTATIONS.json IMAGES/ OUT/ [--dev 300] [--height 208] [--margin 2.0] [--webp 70]

OUT/ receives crops/*.jpg (with --webp crops/*.webp, a third of the size), train.json and, with --dev, dev.json, both
COCO files of one person per image that CocoDataset reads. All people of one photograph go to the same file. A
visibility in these files is the weight of the label: where the annotations hold ``keypoint_scores`` (the confidence of
the network that labelled them), it lies between 0.5 and 1, and keypoints below --threshold are unlabelled; other labels
have weight 1.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from posekit.media.image_file import read_image

ASPECT = 0.75
"""Width of a network's input relative to its height."""
SURE = 0.6
"""Confidence from which a label has the weight 1."""


def weights_of(annotation: dict[str, Any], threshold: float) -> np.ndarray:
    """Return the weights of an annotation's keypoints (K,), 0 for unlabelled ones."""
    labelled = np.array(annotation["keypoints"][2::3]) > 0
    if "keypoint_scores" not in annotation:
        return labelled.astype(np.float64)
    scores = np.array(annotation["keypoint_scores"])
    weights = 0.5 + 0.5 * (scores - threshold) / (SURE - threshold)
    return np.where(labelled & (scores >= threshold), weights.clip(0.5, 1.0), 0.0)


def crop_region(box_xywh: list[float], margin: float, size_wh: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom of a box at the input's aspect ratio, ``margin`` times as large, in the image."""
    x, y, w, h = box_xywh
    half_w, half_h = max(w, h * ASPECT) * margin / 2, max(h, w / ASPECT) * margin / 2
    x, y = x + w / 2, y + h / 2
    right, bottom = min(int(x + half_w) + 1, size_wh[0]), min(int(y + half_h) + 1, size_wh[1])
    return max(int(x - half_w), 0), max(int(y - half_h), 0), right, bottom


def cut(image: np.ndarray, annotation: dict[str, Any], given: argparse.Namespace) -> tuple[np.ndarray, dict[str, Any]]:
    """Return a person's crop, made smaller if the box is higher than ``given.height``, and its annotation there."""
    x, y, w, h = annotation["bbox"]
    left, top, right, bottom = crop_region(annotation["bbox"], given.margin, image.shape[1::-1])
    factor = min(given.height / max(h, w / ASPECT), 1.0)
    size = max(round((right - left) * factor), 1), max(round((bottom - top) * factor), 1)
    crop = cv2.resize(image[top:bottom, left:right], size, interpolation=cv2.INTER_AREA)
    scale = np.array(size) / [right - left, bottom - top]
    points = np.array(annotation["keypoints"], np.float64).reshape(-1, 3)
    weights = weights_of(annotation, given.threshold)
    # Pixel centres lie at integers, so the edges of the first pixel are at -0.5.
    places = (points[:, :2] - [left, top] + 0.5) * scale - 0.5
    places[weights == 0] = 0
    corner, extent = ([x, y] - np.array([left, top])) * scale, [w, h] * scale
    return crop, {
        "bbox": np.concatenate([corner, extent]).round(2).tolist(),
        "area": round(annotation["area"] * float(scale.prod()), 2),
        "keypoints": np.column_stack([places.round(2), weights.round(3)]).ravel().tolist(),
        "num_keypoints": int((weights > 0).sum()),
        "iscrowd": 0,
        "category_id": 1,
    }


def people_of(content: dict[str, Any], least: int) -> dict[int, list[dict[str, Any]]]:
    """Return the annotations with at least ``least`` labelled keypoints by their image's id."""
    people: dict[int, list[dict[str, Any]]] = {}
    for annotation in content["annotations"]:
        if annotation.get("num_keypoints", 0) >= least and not annotation.get("iscrowd"):
            people.setdefault(annotation["image_id"], []).append(annotation)
    return people


def draw_images(people: dict[int, list[dict[str, Any]]], count: int) -> set[int]:
    """Draw images, always the same ones, until they show ``count`` people."""
    order = sorted(people)
    random.Random(0).shuffle(order)
    drawn: set[int] = set()
    while order and count > 0:
        image_id = order.pop()
        drawn.add(image_id)
        count -= len(people[image_id])
    return drawn


def pack(content: dict[str, Any], given: argparse.Namespace) -> Iterator[tuple[int, str, tuple[int, int], dict]]:
    """Write every person's crop; yield the photograph's id, the crop's file, its size and its annotation."""
    files = {image["id"]: image["file_name"] for image in content["images"]}
    for image_id, persons in people_of(content, given.least).items():
        image = read_image(given.images / files[image_id])
        for annotation in persons:
            crop, entry = cut(image, annotation, given)
            name = f"crops/{annotation['id']:08d}{'.webp' if given.webp else '.jpg'}"
            if entry["num_keypoints"] >= given.least:
                quality = [cv2.IMWRITE_WEBP_QUALITY, given.webp] if given.webp else [cv2.IMWRITE_JPEG_QUALITY, 92]
                cv2.imwrite(str(given.out / name), crop, quality)
                yield image_id, name, (crop.shape[1], crop.shape[0]), entry


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("annotations", type=Path)
    parser.add_argument("images", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--dev", type=int, default=0, help="Number of people to keep apart in dev.json.")
    parser.add_argument("--height", type=float, default=208, help="Largest height of a person's box in a crop, pixels.")
    parser.add_argument("--margin", type=float, default=2.0, help="Size of a crop relative to the person's box.")
    parser.add_argument("--threshold", type=float, default=0.2, help="Lowest confidence of a label that counts.")
    parser.add_argument("--least", type=int, default=5, help="Labelled keypoints that a person needs.")
    parser.add_argument("--webp", type=int, default=0, metavar="QUALITY", help="Write WebP of this quality, not JPEG.")
    given = parser.parse_args()
    content = json.loads(given.annotations.read_text(encoding="utf-8"))
    (given.out / "crops").mkdir(parents=True, exist_ok=True)
    apart = draw_images(people_of(content, given.least), given.dev)
    parts: dict[str, dict[str, list]] = {
        name: {"images": [], "annotations": []} for name in (["train", "dev"] if given.dev else ["train"])
    }
    for image_id, name, (width, height), entry in pack(content, given):
        part = parts["dev" if image_id in apart else "train"]
        number = len(part["images"]) + 1
        part["images"].append({"id": number, "file_name": name, "width": width, "height": height})
        part["annotations"].append({"id": number, "image_id": number, **entry})
    for name, part in parts.items():
        text = json.dumps({**part, "categories": content["categories"]})
        (given.out / f"{name}.json").write_text(text, encoding="utf-8")
        print(f"{given.out / name}.json: {len(part['images'])} people")


if __name__ == "__main__":
    main()

"""Dividing a dataset so that neighbouring frames do not fall into different parts."""

from __future__ import annotations

from collections import Counter

import numpy as np

from posekit.labels.keypoint_data import KeypointData, LabelledImage

NAMES = ("val", "test")


def parse_split(text: str) -> dict[str, float]:
    """Read ``val=0.2`` or ``val=0.1,test=0.1``; ``none`` is no split.

    Raises:
        ValueError: if it is anything else.
    """
    if text == "none":
        return {}
    shares: dict[str, float] = {}
    for part in text.split(","):
        name, _, share = part.partition("=")
        try:
            shares[name.strip()] = float(share)
        except ValueError:
            shares = {}
            break
    good = bool(shares) and set(shares) <= set(NAMES) and all(share > 0 for share in shares.values())
    if not good or sum(shares.values()) >= 1:
        raise ValueError(f"--split {text}: give none, val=0.2 or val=0.1,test=0.1; the rest is to train on")
    return shares


def split(data: KeypointData, shares: dict[str, float], seed: int = 0) -> str:
    """Set the ``split`` of all images, in place, and return what was done.

    Whole videos go into one part as long as there are more videos than parts and they fit to half of the wanted
    share; else each part is a block of consecutive frames of every video. Images of no video are drawn one by one.

    Raises:
        ValueError: if a part would be empty.
    """
    rng = np.random.default_rng(seed)
    for image in data.images:
        image.split = "train"
    if all(image.video is None for image in data.images):
        _draw(data.images, shares, rng)
        how = "drawn by chance"
    elif _whole_videos(data.images, shares, rng):
        how = "whole videos"
    else:
        _blocks(data.images, shares, rng)
        how = "a block of consecutive frames of each video"
    counts = Counter(image.split for image in data.images)
    empty = [name for name in ("train", *shares) if not counts[name]]
    if empty:
        raise ValueError(
            f"--split: {len(data.images)} images leave none for {' and '.join(empty)}; give other shares or none"
        )
    parts = ", ".join(f"{counts[name]:,} {name}" for name in ("train", *shares))
    return f"{parts} ({how}, seed {seed})"


def _draw(images: list[LabelledImage], shares: dict[str, float], rng: np.random.Generator) -> None:
    order = rng.permutation(len(images)).tolist()
    for name, share in shares.items():
        count = round(share * len(images))
        for index in order[:count]:
            images[index].split = name
        order = order[count:]


def _by_video(images: list[LabelledImage]) -> list[list[LabelledImage]]:
    videos: dict[str | None, list[LabelledImage]] = {}
    for image in images:
        videos.setdefault(image.video, []).append(image)
    return list(videos.values())


def _whole_videos(images: list[LabelledImage], shares: dict[str, float], rng: np.random.Generator) -> bool:
    """Give each part whole videos, if that comes near enough to the shares; say whether it did."""
    videos = _by_video(images)
    if len(videos) <= len(shares):
        return False
    order = [videos[index] for index in rng.permutation(len(videos)).tolist()]
    for name, share in shares.items():
        wanted, taken = share * len(images), 0
        for video in list(order[:-1]):
            if abs(taken + len(video) - wanted) < abs(taken - wanted):
                order.remove(video)
                taken += len(video)
                for image in video:
                    image.split = name
        if abs(taken - wanted) > wanted / 2:
            for image in images:
                image.split = "train"
            return False
    return True


def _blocks(images: list[LabelledImage], shares: dict[str, float], rng: np.random.Generator) -> None:
    for video in _by_video(images):
        rest = video
        for name, share in shares.items():
            count = min(round(share * len(video)), len(rest))
            # At one end or the other, so that the rest stays in one piece and has one border with the block.
            block, rest = (
                (rest[:count], rest[count:])
                if rng.random() < 0.5
                else (rest[len(rest) - count :], rest[: len(rest) - count])
            )
            for image in block:
                image.split = name

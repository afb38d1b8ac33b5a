"""RTMPose on people in given boxes, against rtmlib on the same ONNX weights, from image to keypoints in the image.

The weights are random: neither side's time depends on them. Both sides use all cores.
"""

from __future__ import annotations

import os
import tempfile
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.case import Case, interleaved_seconds

CONFIG = "configs/body_2d_keypoint/rtmpose/coco/rtmpose-{size}_8xb256-420e_coco-256x192.py"
INPUT_SIZE = (192, 256)
IMAGE_SIZE = (1280, 720)
ROUNDS = 9


@lru_cache
def weights(size: str) -> Path:
    """Return an ONNX file of RTMPose; POSEKIT_RTMPOSE_T and the like name one that is there already."""
    given = os.environ.get(f"POSEKIT_RTMPOSE_{size.upper()}")
    if given:
        return Path(given)
    from posekit.apis import init_model
    from posekit.export.onnx import export_onnx

    path = Path(tempfile.mkdtemp()) / f"rtmpose-{size}.onnx"
    export_onnx(init_model(CONFIG.format(size=size)), path, layout="mmdeploy")
    return path


def crowd(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a smooth random image and boxes of standing people, (N, 4)."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (IMAGE_SIZE[1] // 40, IMAGE_SIZE[0] // 40, 3)).astype(np.uint8)
    image = cv2.resize(coarse, IMAGE_SIZE, interpolation=cv2.INTER_CUBIC)
    left, top = rng.uniform(0, 1000, count), rng.uniform(0, 300, count)
    return image, np.stack([left, top, left + rng.uniform(80, 200, count), top + rng.uniform(250, 400, count)], 1)


def latency(size: str, count: int) -> dict[str, float]:
    """Measure the time for all people of an image, on the clock and in processor time."""
    import rtmlib

    from posekit.inference.pose_model import PoseModel

    path = weights(size)
    image, boxes = crowd(count)
    rgb = np.ascontiguousarray(image[..., ::-1])  # rtmlib does not swap the channels
    own, other = PoseModel(path), rtmlib.RTMPose(str(path), model_input_size=INPUT_SIZE)
    error = np.abs(other(rgb, boxes)[0] - own.predict(image, boxes, flip_test=False).keypoints).max(-1)
    agreeing = float((error < 0.5).mean())  # of random weights, two bins may be equally high to the last digit
    assert agreeing > 0.95, agreeing
    variants: dict[str, Any] = {
        "posekit": lambda: own.predict(image, boxes, flip_test=False),
        "rtmlib": lambda: other(rgb, boxes),
    }
    wall = interleaved_seconds(variants, ROUNDS)
    busy = interleaved_seconds(variants, ROUNDS, time.process_time)
    return {
        "posekit_ms": 1000 * wall["posekit"],
        "rtmlib_ms": 1000 * wall["rtmlib"],
        "ratio": wall["rtmlib"] / wall["posekit"],
        "processor_ratio": busy["rtmlib"] / busy["posekit"],
        "agreeing_within_half_px": agreeing,
    }


GOALS = {1: 1.05, 4: 1.3, 12: 1.3}
CASES = [
    Case(
        f"C7 latency rtmpose-{size}, {count} box{'es' * (count > 1)}",
        f"{IMAGE_SIZE[0]}x{IMAGE_SIZE[1]}, CPU, all cores, against rtmlib",
        f">= {goal}x",
        lambda size=size, count=count: latency(size, count),
    )
    for size in ("t", "s", "m")
    for count, goal in GOALS.items()
]

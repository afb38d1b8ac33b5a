"""A small synthetic sample: a dark image with one bright dot under the first keypoint."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from dot_images import HEIGHT, KEYPOINTS, WIDTH, SmallDataset, dot_image  # pyright: ignore[reportMissingImports]


@pytest.fixture
def make_results(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Return a function that makes a sample as a dataset would, with or without the image loaded."""

    def make(seed: int = 0, loaded: bool = True, **changes: Any) -> dict[str, Any]:
        img = dot_image(*KEYPOINTS[0, 0])
        path = tmp_path / "dot.png"
        cv2.imwrite(str(path), img)
        results: dict[str, Any] = dict(
            img_path=str(path),
            img_id=7,
            id=[3],
            bbox=np.array([[25, 15, 57, 55]], np.float32),
            bbox_score=np.ones(1, np.float32),
            keypoints=KEYPOINTS.copy(),
            keypoints_visible=np.array([[1, 1, 1, 1, 1, 0]], np.float32),
            area=np.array([1280], np.float32),
            category_id=[1],
            num_keypoints=[5],
            iscrowd=[0],
            invalid_segs=[],
            flip_indices=[0, 2, 1, 4, 3, 5],
            flip_pairs=[[1, 2], [3, 4]],
            upper_body_ids=[0, 1, 2],
            lower_body_ids=[3, 4, 5],
            dataset_keypoint_weights=np.array([1, 1, 1, 2, 2, 0.5], np.float32),
            dataset_name="dots",
            hand_type=np.array([[1, 0]]),
            rel_root_depth=np.array([[0.3]]),
            lifting_target=np.ones((1, 6, 3), np.float32),
            rng=np.random.default_rng(seed),
        )
        if loaded:
            results.update(img=img, img_shape=(HEIGHT, WIDTH), ori_shape=(HEIGHT, WIDTH))
        info = {key: value for key, value in results.items() if key not in ("img", "rng")}
        return {**results, "dataset": SmallDataset(info), **changes}

    return make

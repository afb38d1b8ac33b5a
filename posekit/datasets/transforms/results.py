"""The dictionary that travels through a pipeline.

Shapes: N instances, K keypoints, H W image rows and columns.
Spaces: *image* is the loaded image, *input* what the network sees; points are
(x, y) with pixel centres at integers. Keypoints, boxes and centres are in
*image* space, mirrored when ``flip`` is set, unless a bottom-up augmentation
has moved them to *input* space.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np

if TYPE_CHECKING:
    from typing import NotRequired

    from posekit.datasets.transforms.warp import Warp
    from posekit.geometry import Affine


class DatasetResults(TypedDict):
    """What datasets put in before the first transform; others pass through.

    None of the keys has to be there: a transform lists in ``requires`` the keys that it needs.
    """

    rng: np.random.Generator
    """Source of all random choices; the dataset derives it from (seed, epoch, index)."""

    # the image
    img_path: str | None
    img_id: Any
    img_shape: tuple[int, int]
    """(h, w) in pixels."""
    ori_shape: tuple[int, int]
    """(h, w) in pixels of the image as loaded."""
    crowd_index: float

    # the instances
    id: Any
    category_id: Any
    bbox: np.ndarray
    """(N, 4) xyxy, pixels; (N, 4, 2) corners after a bottom-up augmentation that keeps corners."""
    bbox_score: np.ndarray
    """(N,)"""
    keypoints: np.ndarray
    """(N, K, 2) pixels."""
    keypoints_visible: np.ndarray
    """(N, K); or (N, K, 2) with the weight of the visibility in the second column."""
    keypoints_3d: np.ndarray
    """(N, K, 3), unit of the dataset."""
    lifting_target: np.ndarray
    """(..., K, 3), unit of the dataset."""
    lifting_target_visible: np.ndarray
    target_idx: Any
    camera_param: dict[str, Any] | list[dict[str, Any]]
    num_keypoints: Any
    area: np.ndarray
    """(N,) square pixels."""
    iscrowd: Any
    labels: np.ndarray
    """(N,) index of each box's class, for detectors."""
    ignored: np.ndarray
    """(N,) whether a box marks a region where detectors learn nothing."""
    segmentation: Any
    invalid_segs: list
    """COCO polygons or run lengths of regions without annotation, in the image as loaded."""
    raw_ann_info: Any
    head_size: np.ndarray
    hand_type: np.ndarray
    """(N, 2): right, left."""
    rel_root_depth: np.ndarray
    dataset: Any
    """The dataset itself, for transforms that mix several images."""

    # the keypoint set
    dataset_name: str
    flip_indices: list[int]
    flip_pairs: list
    upper_body_ids: list[int]
    lower_body_ids: list[int]
    skeleton_links: list
    dataset_keypoint_weights: np.ndarray
    """(K,)"""


class Results(DatasetResults):
    """The above, and what the built-in transforms add."""

    img: Any
    """(H, W, 3) uint8 BGR, or a list of them (frames, or the levels of an image pyramid)."""
    img_mask: np.ndarray
    """(H, W), moves with the image."""
    bbox_center: np.ndarray
    """(N, 2) pixels."""
    bbox_scale: np.ndarray
    """(N, 2) width and height in pixels, padding included."""
    bbox_rotation: np.ndarray
    """(N,) degrees by which the crop is turned."""
    keypoints_visible_weights: np.ndarray
    """(N, K)"""

    flip: bool
    flip_direction: str | None
    affine: Affine
    """Map from the image as loaded to where it is now (*input* after a crop or resize)."""
    pending: NotRequired[Warp]
    """The part of ``affine`` not yet applied to the pixels; only inside a Pipeline."""
    scale_factor: tuple[float, float]
    """Factors of width and height in the last Resize."""
    transformed_keypoints: np.ndarray
    """(N, K, 2) pixels of *input*."""
    input_size: tuple[int, int]
    """(w, h) in pixels."""
    input_center: np.ndarray
    """(2,) centre of the crop, pixels of *image*."""
    input_scale: np.ndarray
    """(2,) width and height of the crop, pixels of *image*."""
    aug_scale: float | None
    aug_scales: list[float]

    # samples of lifters without 3D labels
    unlabeled_target_2d: np.ndarray
    """(1, K, 2) pixels."""
    intrinsics: np.ndarray
    """(1, 4) focal lengths and centre in pixels, or (1, 9) with three radial and two tangential distortions."""

    # targets (whatever the codec encodes comes on top) and how they are packed
    heatmap_mask: Any
    """(h, w) bool at the size of the heatmaps, or a list of them."""
    instance_mapping_table: dict[str, str]
    field_mapping_table: dict[str, str]
    label_mapping_table: dict[str, str]

    # after packing
    inputs: Any
    """(3, H, W) uint8 tensor, BGR."""
    data_samples: Any


FROM_DATASET = frozenset(DatasetResults.__annotations__)
DERIVED = frozenset(Results.__annotations__) - FROM_DATASET

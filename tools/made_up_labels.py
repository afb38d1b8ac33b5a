"""Files of made-up labels, in the formats of the public datasets: random images, keypoints, cameras and poses."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from posekit.datasets.readers.body3d import CAMERAS
from posekit.keypoints.skeleton import load_metainfo
from posekit.registry import DATASETS

NUM_IMAGES = 4
SIZE_WH = (240, 200)
NUM_FRAMES = 260
"""Of the video of poses in space; MotionBERT sees 243 of them."""
WHOLE_BODY = {"keypoints": 17, "foot_kpts": 6, "face_kpts": 68, "lefthand_kpts": 21, "righthand_kpts": 21}
WHOLE_BODY_DATASETS = (
    "CocoWholeBodyDataset",
    "CocoWholeBodyFaceDataset",
    "CocoWholeBodyHandDataset",
    "UBody2dDataset",
)
PLACES = ("ann_file", "data_root", "data_prefix", "bbox_file", "headbox_file", "sample_interval", "filter_cfg",
          "subset_frac")  # fmt: skip
"""Arguments of datasets that say which labels of which files to use."""
POSES = {"ann_file": "poses.npz", "keypoint_2d_det_file": "detected.npy", "camera_param_file": "cameras.pkl",
         "factor_file": "factors.npy"}  # fmt: skip
WHOLE_BODIES = "whole_bodies.npz"
HANDS = {"camera_param_file": "hand_cameras.json", "joint_file": "hand_joints.json"}


def on_made_up_labels(dataset: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return a dataset's config, with those inside it, that reads made-up labels; their files are written there."""
    inside: dict[str, Any] = {}
    if "datasets" in dataset:
        inside["datasets"] = [on_made_up_labels(part, folder) for part in dataset["datasets"]]
    if isinstance(dataset.get("dataset"), Mapping):
        inside["dataset"] = on_made_up_labels(dataset["dataset"], folder)
    if inside:
        return {**dataset, **inside}
    settings = {key: value for key, value in dataset.items() if key not in PLACES}
    return {**settings, "data_root": str(folder), **labels_of(dataset, folder)}


def labels_of(dataset: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Write the files of one dataset, unless they are there; return the arguments that name them."""
    name = str(dataset["type"]).rpartition(".")[2]
    if name == "H36MWholeBodyDataset":
        write_whole_bodies(folder)
        return {"ann_file": WHOLE_BODIES}
    if name == "UBody3dDataset":  # which has its own folder of images
        write_images(folder / "images")
    if name == "Human36mDataset":
        write_poses(folder)
        return {key: file for key, file in POSES.items() if dataset.get(key)}
    write_images(folder)
    path, files = folder / f"{name}_{dataset.get('subset', '')}.json", {}
    if name.startswith("InterHand"):
        content, files = hands(folder), HANDS
    elif name == "MpiiDataset":
        content = mpii_entries()
    else:
        content = coco_content(name, dataset)
    path.write_text(json.dumps(content), encoding="utf-8")
    return {"ann_file": path.name, "data_prefix": {"img": ""}, **files}


def write_images(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(NUM_IMAGES):
        path = folder / f"{number}.png"
        if not path.exists():
            noise = np.random.default_rng(number).integers(0, 255, (*SIZE_WH[::-1], 3), dtype=np.uint8)
            cv2.imwrite(str(path), cv2.GaussianBlur(noise, (9, 9), 0))


def random_points(rng: np.random.Generator, box_xywh: list[float], count: int) -> np.ndarray:
    """Return visible keypoints (K, 3) in a box."""
    low, size = np.array(box_xywh[:2]), np.array(box_xywh[2:])
    return np.column_stack([low + rng.uniform(0.05, 0.95, (count, 2)) * size, np.full(count, 2)]).round(1)


def coco_content(name: str, dataset: Mapping[str, Any]) -> dict[str, Any]:
    """Return a COCO file with two instances in each image, in the keys of all datasets that read COCO files."""
    rng = np.random.default_rng(0)
    images = [
        dict(id=i, file_name=f"{i}.png", width=SIZE_WH[0], height=SIZE_WH[1], crowdIndex=0.5) for i in range(NUM_IMAGES)
    ]
    annotations = []
    for number in range(2 * NUM_IMAGES):
        box = [20.0 + 90 * (number % 2), 15.0, 95.0, 160.0]
        x, y, width, height = box
        parts = {key: random_points(rng, box, count) for key, count in keypoint_counts(name, dataset).items()}
        annotation = dict(id=number, image_id=number // 2, category_id=1, iscrowd=0, bbox=box, area=width * height / 2)
        annotation |= dict(center=[x + width / 2, y + height / 2], scale=height / 200, box_size=height)
        annotation |= dict(num_keypoints=len(parts.get("keypoints", ())))
        annotation |= dict(segmentation=[[x, y, x + width, y, x + width, y + height, x, y + height]])
        for part in ("face", "lefthand", "righthand"):
            annotation |= {f"{part}_valid": True, f"{part}_box": box}
        if name == "UBody3dDataset":
            annotation |= in_space(random_points(rng, box, 137)[:, :2])
        annotations.append({**annotation, **{key: points.ravel().tolist() for key, points in parts.items()}})
    names = classes_of(dataset)
    categories = [dict(id=1 + index, name=name) for index, name in enumerate(names)]
    return dict(images=images, annotations=annotations, categories=categories)


def in_space(points: np.ndarray) -> dict[str, Any]:
    """Return UBody's annotation of keypoints (K, 2) four metres from the camera."""
    focal, center = 1000.0, np.array(SIZE_WH) / 2
    joints = np.column_stack([(points - center) / focal * 4, np.full(len(points), 4.0)])
    camera = dict(focal=[focal] * 2, princpt=center.tolist())
    valid = [1.0] * len(points)
    return dict(
        scale=[1.0, 1.0],
        keypoints=points.tolist(),
        keypoints_3d=joints.tolist(),
        keypoints_valid=valid,
        camera_param=camera,
    )


def classes_of(dataset: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the categories: those that a detector's dataset asks for, else only people."""
    metainfo = dataset.get("metainfo") or {}
    return tuple(metainfo.get("classes") or metainfo.get("CLASSES") or ("person",))


def keypoint_counts(name: str, dataset: Mapping[str, Any]) -> dict[str, int]:
    """Return how many keypoints stand under which key; none for detectors, nor where keypoints in space are added."""
    if name in ("CocoDetDataset", "UBody3dDataset"):
        return {}
    if name in WHOLE_BODY_DATASETS:
        return WHOLE_BODY
    metainfo = dataset.get("metainfo") or DATASETS.get(name).METAINFO
    if name == "HalpeHandDataset":  # picks hands from whole bodies
        metainfo = DATASETS.get("HalpeDataset").METAINFO
    elif name == "DeepFashionDataset":
        metainfo = {"from_file": f"configs/_base_/datasets/deepfashion_{dataset.get('subset') or 'full'}.py"}
    keys = DATASETS.get(name).FORMAT.keypoints
    return {keys[0] if len(keys) == 1 else "keypoints": load_metainfo(metainfo)["num_keypoints"]}


def mpii_entries() -> list[dict[str, Any]]:
    points = random_points(np.random.default_rng(0), [20, 15, 200, 160], 16)[:, :2].tolist()
    person = dict(center=[120.0, 95.0], scale=0.8, joints=points, joints_vis=[1] * 16)
    return [dict(image=f"{number}.png", **person) for number in range(NUM_IMAGES)]


def hands(folder: Path) -> dict[str, Any]:
    """Write cameras and joints of both hands, in millimetres; return the annotations."""
    camera = dict(campos=[0.0] * 3, camrot=np.eye(3).tolist(), focal=[900.0] * 2, princpt=[s / 2 for s in SIZE_WH])
    (folder / HANDS["camera_param_file"]).write_text(json.dumps({"0": {k: {"1": v} for k, v in camera.items()}}))
    rng = np.random.default_rng(0)
    joints = {
        str(i): {"world_coord": (rng.uniform(-80, 80, (42, 3)) + np.array([0, 0, 900])).tolist()}
        for i in range(NUM_IMAGES)
    }
    (folder / HANDS["joint_file"]).write_text(json.dumps({"0": joints}))
    image = dict(width=SIZE_WH[0], height=SIZE_WH[1], capture=0, camera="1", subject=0, seq_name="a")
    hand = dict(bbox=[20, 15, 190, 160], joint_valid=[1] * 42, hand_type="interacting", hand_type_valid=True)
    return dict(
        images=[dict(id=i, file_name=f"{i}.png", frame_idx=i, **image) for i in range(NUM_IMAGES)],
        annotations=[dict(id=i, image_id=i, category_id=1, iscrowd=0, **hand) for i in range(NUM_IMAGES)],
        categories=[dict(id=1, name="hand")],
    )


def write_whole_bodies(folder: Path) -> None:
    """Write H3WB's file: two frames of a person for training and two for tests, and their images."""
    rng = np.random.default_rng(0)
    box = dict(x_min=20.0, y_min=15.0, x_max=220.0, y_max=175.0)
    camera = dict(K=np.array([[[0.9, 0, 0.12], [0, 0.9, 0.1]]]), R=np.eye(3)[None], T=np.zeros((1, 3)))
    camera |= dict(Distortion=np.zeros((1, 5)))
    poses, boxes = {}, {}
    for subject in ("S1", "S7"):
        points = np.stack([random_points(rng, [20, 15, 200, 160], 133)[:, :2] for _ in range(2)])
        joints = np.concatenate([(points - 100) * 4, np.full((2, 133, 1), 5000.0)], -1)  # millimetres
        view = dict(pose_2d=points, camera_3d=joints)
        poses[subject] = {"Walking": {"frame_id": [0, 1], CAMERAS[0]: view}}
        for frame in (0, 1):
            boxes[subject, "Walking", CAMERAS[0], frame] = box
            image = folder / f"original/{subject}/Images/Walking.{CAMERAS[0]}/frame_{frame}.jpg"
            image.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(image), rng.integers(0, 255, (*SIZE_WH[::-1], 3), dtype=np.uint8))
    cameras = {subject: {CAMERAS[0]: camera} for subject in poses}
    np.savez(folder / WHOLE_BODIES, train_data=poses, metadata=cameras, bbox=boxes)  # pyright: ignore


def write_poses(folder: Path) -> None:
    """Write a video of poses in metres, seen by one camera, with its keypoints in pixels, annotated and detected."""
    if (folder / POSES["ann_file"]).exists():
        return
    rng = np.random.default_rng(0)
    poses = rng.normal(0, 0.3, (NUM_FRAMES, 17, 3)) + np.array([0, 0, 4])
    points = poses[..., :2] / poses[..., 2:] * 1100 + 500
    ones = np.ones((NUM_FRAMES, 17, 1))
    np.savez(
        folder / POSES["ann_file"],
        imgname=[f"S1/S1_Walk.{CAMERAS[0]}_{i:06d}.jpg" for i in range(NUM_FRAMES)],
        part=np.concatenate([points, ones], -1),
        S=np.concatenate([poses, ones], -1),
        center=np.full((NUM_FRAMES, 2), 500.0),
        scale=np.full(NUM_FRAMES, 2.0),
    )
    np.save(folder / POSES["keypoint_2d_det_file"], np.concatenate([points, ones], -1).astype(np.float32))
    np.save(folder / POSES["factor_file"], np.full(NUM_FRAMES, 1000 / 1100, np.float32))
    camera = dict(w=1000, h=1000, f=np.full((2, 1), 1100.0), c=np.full((2, 1), 500.0), k=np.zeros(3), p=np.zeros(2))
    camera |= dict(R=np.eye(3), T=np.zeros((3, 1)), name=CAMERAS[0], id=CAMERAS[0])
    (folder / POSES["camera_param_file"]).write_bytes(pickle.dumps({("S1", CAMERAS[0]): camera}))

"""The twenty-minute tour of MMPose 1.x, statement by statement and block by block, in its order.

The tour is posekit's specification: what it states holds here, with ``posekit`` for ``mmpose``.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
import pytest
import torch
from tour_sample import get_pose_data_sample

from posekit.config import load, loads
from posekit.datasets import BaseCocoStyleDataset, BaseDataset, BaseMocapStyleDataset
from posekit.datasets.transforms import BaseTransform
from posekit.keypoints.skeleton import Skeleton
from posekit.models import BaseBackbone, BasePoseEstimator
from posekit.registry import (
    CODECS,
    DATASETS,
    HOOKS,
    KEYPOINT_CODECS,
    METRICS,
    MODELS,
    OPTIMIZERS,
    SCHEDULES,
    TRANSFORMS,
)
from posekit.structures import InstanceData, PixelData, PoseBatch, PoseDataSample

ROOT = Path(__file__).resolve().parents[1]


# --- the file structure ------------------------------------------------------


@pytest.mark.parametrize(
    ("package", "contents"),
    [
        ("apis", "init_model inference_topdown inference_bottomup"),
        ("structures", "PoseDataSample InstanceData PixelData bbox_xyxy2xywh flip_keypoints"),
        ("structures.bbox", "bbox_xyxy2xywh bbox_xywh2xyxy bbox_xyxy2cs"),
        ("structures.keypoint", "flip_keypoints keypoint_clip_border"),
        ("datasets", "CocoDataset BaseDataset BaseCocoStyleDataset BaseMocapStyleDataset RandomFlip"),
        ("datasets.datasets", "CocoDataset MpiiDataset Human36mDataset"),
        ("datasets.transforms", "LoadImage RandomFlip RandomHalfBody GenerateTarget PackPoseInputs BaseTransform"),
        ("codecs", "MSRAHeatmap UDPHeatmap SimCCLabel RegressionLabel BaseKeypointCodec"),
        ("models", "TopdownPoseEstimator ResNet FPN HeatmapHead KeypointMSELoss BaseBackbone BaseHead"),
        ("models.pose_estimators", "BasePoseEstimator TopdownPoseEstimator BottomupPoseEstimator PoseLifter"),
        ("models.data_preprocessors", "PoseDataPreprocessor"),
        ("models.backbones", "ResNet HRNet BaseBackbone"),
        ("models.necks", "GlobalAveragePooling FPN FeatureMapProcessor"),
        ("models.heads", "HeatmapHead SimCCHead RegressionHead BaseHead"),
        ("models.losses", "KeypointMSELoss L1Loss"),
        ("engine", "CosineSchedule LinearSchedule"),
        ("engine.hooks", "CheckpointHook LoggerHook EMAHook"),
        ("evaluation", "CocoMetric PCKAccuracy AUC NME"),
        ("visualization", "draw_pose draw_heatmaps"),
    ],
)
def test_the_package_is_there_with_its_contents(package, contents):
    module = importlib.import_module(f"posekit.{package}")
    assert hasattr(module, "__path__")
    for name in contents.split():
        assert name in module.__all__
        assert name in dir(module)
        assert getattr(module, name).__name__
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = module.nothing


# --- overview ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "names"),
    [
        (HOOKS, "CheckpointHook LoggerHook"),
        (DATASETS, "CocoDataset"),
        (TRANSFORMS, "RandomFlip"),
        (OPTIMIZERS, "Adam SGD"),
        (SCHEDULES, "MultiStepLR CosineAnnealingLR"),
        (MODELS, "ResNet FPN HeatmapHead"),
        (METRICS, "CocoMetric"),
    ],
    ids=lambda value: getattr(value, "role", ""),
)
def test_what_developers_meet_is_registered(table, names):
    assert all(name in table for name in names.split())


# --- step 1: configs ---------------------------------------------------------

OWN_PARTS = {
    "models/backbones": "MODELS",
    "models/necks": "MODELS",
    "models/heads": "MODELS",
    "models/losses": "MODELS",
    "models/pose_estimators": "MODELS",
    "codecs": "CODECS",
    "datasets": "DATASETS",
    "datasets/datasets": "DATASETS",
    "datasets/samplers": "SAMPLERS",
    "datasets/transforms": "TRANSFORMS",
    "engine/hooks": "HOOKS",
    "engine/schedules": "SCHEDULES",
    "evaluation": "METRICS",
    "evaluation/metrics": "METRICS",
    "visualization": "VISUALIZERS",
}


def test_a_config_is_a_python_file(tmp_path):
    (tmp_path / "base.py").write_text("optim = dict(type='Adam', lr=1e-3)\n")
    (tmp_path / "my.py").write_text("_base_ = 'base.py'\noptim = dict(lr=5e-4)\n")
    assert load(tmp_path / "my.py").optim == dict(type="Adam", lr=5e-4)


def test_new_modules_are_registered_by_an_import_in_their_package(tmp_path):
    shutil.copytree(ROOT / "posekit", tmp_path / "posekit", ignore=shutil.ignore_patterns("__pycache__", "*.onnx"))
    checks = []
    for number, (folder, table) in enumerate(OWN_PARTS.items()):
        package = f"posekit.{folder.replace('/', '.')}"
        (tmp_path / "posekit" / folder / "your_module.py").write_text(
            f"from posekit.registry import {table}\n\n\n@{table}.register_module()\nclass Your{number}:\n    pass\n"
        )
        with (tmp_path / "posekit" / folder / "__init__.py").open("a") as file:
            file.write(f"\nfrom .your_module import Your{number}\n\n__all__ += ['Your{number}']\n")
        checks.append(f"assert registry.{table}.get('Your{number}').__module__ == '{package}.your_module'")
        checks.append(f"assert 'Your{number}' in sys.modules['{package}'].__all__")
    code = "\n".join(["import sys", "from posekit import registry", *checks])
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()


# --- step 2: meta information ------------------------------------------------


def test_the_keypoint_set_of_mpii_is_the_tours():
    info = load(ROOT / "configs/_base_/datasets/mpii.py").dataset_info
    assert info.dataset_name == "mpii"
    assert set(info.paper_info) == {"author", "title", "container", "year", "homepage"}
    assert info.paper_info.year == "2014"
    point = dict(name="right_ankle", id=0, color=[255, 128, 0], type="lower", swap="left_ankle")
    assert info.keypoint_info[0] == point
    assert info.skeleton_info[0] == dict(link=("right_ankle", "right_knee"), id=0, color=[255, 128, 0])
    weights = [1.5, 1.2, 1.0, 1.0, 1.2, 1.5, 1.0, 1.0, 1.0, 1.0, 1.5, 1.2, 1.0, 1.0, 1.2, 1.5]
    assert list(info.joint_weights) == weights
    sigmas = [0.089, 0.083, 0.107, 0.107, 0.083, 0.089, 0.026, 0.026, 0.026, 0.026]
    assert list(info.sigmas) == [*sigmas, 0.062, 0.072, 0.179, 0.179, 0.072, 0.062]


def a_set(**changes: Any) -> dict[str, Any]:
    points = {
        0: dict(name="nose", id=0, color=[255, 0, 0], type="upper", swap=""),
        1: dict(name="left_foot", id=1, color=[0, 255, 0], type="lower", swap="right_foot"),
        2: dict(name="right_foot", id=2, color=[0, 0, 255], type="lower", swap="left_foot"),
    }
    links = {0: dict(link=("nose", "left_foot"), id=0, color=[1, 2, 3])}
    info = dict(dataset_name="custom", keypoint_info=points, skeleton_info=links, joint_weights=[1.0, 1.5, 1.5])
    return {**info, "sigmas": [0.02, 0.05, 0.05], **changes}


@pytest.mark.parametrize(
    ("point", "message"),
    [
        (dict(name="nose", id=1), "names must be unique, repeated: nose"),
        (dict(name="foot", id=7), "id 7 differs from its key"),
        (dict(name="foot", id=1, type="middle"), "type 'middle' must be 'upper', 'lower' or ''"),
    ],
)
def test_names_and_ids_are_unique_and_types_known(point, message):
    info = a_set(keypoint_info={0: dict(name="nose", id=0), 1: point}, skeleton_info={}, joint_weights=[], sigmas=[])
    with pytest.raises(ValueError, match=message):
        Skeleton.from_info(info)


def test_ids_count_from_zero():
    with pytest.raises(ValueError, match="ids must be 0 to 0, found"):
        Skeleton.from_info(
            a_set(keypoint_info={1: dict(name="nose", id=1)}, skeleton_info={}, joint_weights=[], sigmas=[])
        )


def test_colors_are_drawn_and_links_too():
    """The tour calls colours B, G, R; MMPose draws them as R, G, B (its published images show it), and so does this."""
    from posekit.visualization import PoseStyle, draw_pose

    metainfo = Skeleton.from_info(a_set()).metainfo()
    keypoints = np.array([[[20.0, 20], [80, 20], [50, 80]]])
    instances = InstanceData(keypoints=keypoints, keypoint_scores=np.ones((1, 3)))
    style = PoseStyle(radius=8, thickness=6, alpha=1.0, outline=False)
    drawn = draw_pose(np.full((100, 100, 3), 200, np.uint8), instances, metainfo, style=style)
    assert drawn[20, 20].tolist() == [0, 0, 255]  # (255, 0, 0), on an image in B, G, R
    assert drawn[80, 50].tolist() == [255, 0, 0]
    assert drawn[20, 50].tolist() == [3, 2, 1]
    assert drawn[50, 35].tolist() == [200, 200, 200]


def test_swaps_types_weights_and_sigmas_are_used():
    metainfo = Skeleton.from_info(a_set()).metainfo()
    results = dict(img=np.zeros((10, 20, 3), np.uint8), img_shape=(10, 20), flip_indices=metainfo["flip_indices"])
    results |= dict(keypoints=np.array([[[1.0, 1], [2, 2], [3, 3]]]), keypoints_visible=np.ones((1, 3)))
    flip = TRANSFORMS.build(dict(type="RandomFlip", prob=1.0))
    assert flip(dict(results))["keypoints"][0, :, 0].tolist() == [18, 16, 17]
    assert (metainfo["upper_body_ids"], metainfo["lower_body_ids"]) == ([0], [1, 2])
    half = dict(results, bbox_center=np.zeros((1, 2)), bbox_scale=np.ones((1, 2)), rng=np.random.default_rng(0))
    half |= {key: metainfo[key] for key in ("upper_body_ids", "lower_body_ids")}
    options = dict(min_total_keypoints=1, min_lower_keypoints=1, prob=1.0, upper_prioritized_prob=0.0)
    assert TRANSFORMS.build(dict(type="RandomHalfBody", **options))(half)["bbox_center"].tolist() == [[2.5, 2.5]]
    assert metainfo["dataset_keypoint_weights"].tolist() == [1, 1.5, 1.5]
    weighted = dict(type="GenerateTarget", encoder=CODEC, use_dataset_keypoint_weights=True)
    encoded = TRANSFORMS.build(weighted)(dict(results, dataset_keypoint_weights=metainfo["dataset_keypoint_weights"]))
    assert encoded["keypoint_weights"].tolist() == [[1, 1.5, 1.5]]
    assert metainfo["sigmas"] == pytest.approx([0.02, 0.05, 0.05])


CODEC = dict(type="MSRAHeatmap", input_size=(192, 256), heatmap_size=(48, 64), sigma=2)


def coco_file(path: Path, name: str, keypoints: list[float]) -> None:
    """Write a COCO file of one image with one person, whose box is (10, 20) to (50, 80)."""
    person = dict(id=1, image_id=1, category_id=1, bbox=[10, 20, 40, 60], area=2400, iscrowd=0)
    person |= dict(keypoints=keypoints, num_keypoints=len(keypoints) // 3)
    labels = dict(images=[dict(id=1, file_name=name, width=120, height=90)], categories=[dict(id=1, name="person")])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**labels, "annotations": [person]}))


def image_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 255, (90, 120, 3), np.uint8))


THREE_POINTS = [30, 30, 2, 20, 70, 2, 40, 70, 2]
LOADERS = """
# dataset and dataloader settings
dataset_type = 'MyCustomDataset' # or 'CocoDataset'
train_dataloader = dict(
    batch_size=2,
    dataset=dict(
        type=dataset_type,
        data_root='aaa',
        ann_file='annotations/train.json',
        data_prefix=dict(img='train'),
        metainfo=dict(from_file='configs/_base_/datasets/custom.py'),
    ))
val_dataloader = dict(
    batch_size=2,
    dataset=dict(
        type=dataset_type,
        data_root='aaa',
        ann_file='annotations/val.json',
        data_prefix=dict(img='val'),
        metainfo=dict(from_file='configs/_base_/datasets/custom.py'),
    ))
test_dataloader = val_dataloader
"""


@pytest.fixture
def registered(monkeypatch):
    """Let a test register classes that nothing else sees."""
    for table in (DATASETS, MODELS, TRANSFORMS):
        monkeypatch.setattr(table, "classes", dict(table.classes))
        monkeypatch.setattr(table, "_replaced", set(table._replaced))


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("kind", ["MyCustomDataset", "CocoDataset"])
def test_loaders_name_a_keypoint_set_files_and_folders(tmp_path, monkeypatch, kind):
    DATASETS.register_module(name="MyCustomDataset", module=type("MyCustomDataset", (BaseCocoStyleDataset,), {}))
    (tmp_path / "configs/_base_/datasets").mkdir(parents=True)
    (tmp_path / "configs/_base_/datasets/custom.py").write_text(f"dataset_info = {a_set()!r}\n")
    for part in ("train", "val"):
        coco_file(tmp_path / f"aaa/annotations/{part}.json", "c.jpg", THREE_POINTS)
    monkeypatch.chdir(tmp_path)
    config = loads(LOADERS.replace("'MyCustomDataset' #", f"'{kind}' #"))
    for loader, part in ((config.train_dataloader, "train"), (config.test_dataloader, "val")):
        dataset = DATASETS.build(loader.dataset)
        assert dataset.ann_file == f"aaa/annotations/{part}.json"
        assert dataset.get_data_info(0)["img_path"] == f"aaa/{part}/c.jpg"
        assert dataset.metainfo["dataset_name"] == "custom"


def test_the_second_example_of_folders(tmp_path, monkeypatch):
    coco_file(tmp_path / "data/annotations/train.json", "000001.jpg", THREE_POINTS)
    image_file(tmp_path / "data/train/images/000001.jpg")
    monkeypatch.chdir(tmp_path)
    paths = dict(data_root="data/", ann_file="annotations/train.json", data_prefix=dict(img="train/images/"))
    dataset = DATASETS.build(dict(type="CocoDataset", metainfo=a_set(), pipeline=[dict(type="LoadImage")], **paths))
    assert dataset[0]["img_path"] == "data/train/images/000001.jpg"
    assert dataset[0]["img"].shape == (90, 120, 3)


# --- datasets ----------------------------------------------------------------


def test_a_dataset_of_ones_own_overrides_init_and_load_annotations():
    class Own(BaseCocoStyleDataset):
        METAINFO = a_set()

        def __init__(self, count: int, **arguments: Any) -> None:
            self.count = count
            super().__init__(**arguments)

        def _load_annotations(self) -> tuple[list[dict], list[dict]]:
            keypoints = np.ones((1, 3, 2), np.float32)
            sample = dict(img_id=1, img_path="a.jpg", keypoints=keypoints, keypoints_visible=np.ones((1, 3)))
            sample |= dict(bbox=np.array([[0, 0, 9.0, 9]]), bbox_score=np.ones(1), iscrowd=0)
            return [dict(sample, id=number) for number in range(self.count)], [dict(img_id=1, img_path="a.jpg")]

    dataset = Own(3)
    assert len(dataset) == 3
    assert dataset.get_data_info(2)["id"] == 2


def test_base_dataset_can_be_inherited_from_directly():
    class Numbers(BaseDataset):
        def load_data_list(self) -> list[dict]:
            return [dict(number=number) for number in range(4)]

    assert [Numbers(indices=3).get_data_info(i)["number"] for i in range(3)] == [0, 1, 2]


def test_boxes_are_xyxy_and_there_are_functions_for_other_forms():
    from posekit.structures.bbox.transforms import bbox_xywh2xyxy, bbox_xyxy2cs, bbox_xyxy2xywh

    xyxy = np.array([[10.0, 20, 50, 80]])
    assert bbox_xyxy2xywh(xyxy).tolist() == [[10, 20, 40, 60]]
    assert bbox_xywh2xyxy(np.array([[10.0, 20, 40, 60]])).tolist() == xyxy.tolist()
    center, scale = bbox_xyxy2cs(xyxy, padding=1.25)
    assert (center.tolist(), scale.tolist()) == ([[30, 50]], [[50, 75]])


CROWDPOSE = """
@DATASETS.register_module()
class CrowdPoseDataset(BaseCocoStyleDataset):

    METAINFO: dict = dict(from_file='configs/_base_/datasets/crowdpose.py')
"""
CROWDPOSE_NAMES = """left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist left_hip right_hip
    left_knee right_knee left_ankle right_ankle top_head neck"""


@pytest.fixture
def crowdpose(tmp_path):
    """Arguments of a CrowdPose dataset of one person, and a file of one detected box."""
    keypoints = [value for number in range(14) for value in (20 + 2 * number, 30 + 3 * number, 2)]
    coco_file(tmp_path / "train.json", "1.jpg", keypoints)
    image_file(tmp_path / "images/1.jpg")
    detection = dict(image_id=1, category_id=1, bbox=[1, 2, 30, 40], score=0.5)
    (tmp_path / "boxes.json").write_text(json.dumps([detection]))
    return dict(ann_file="train.json", data_root=str(tmp_path), data_prefix=dict(img="images/"))


@pytest.mark.usefixtures("registered")
def test_a_coco_style_dataset_needs_only_its_metainfo(crowdpose, monkeypatch, tmp_path):
    names = dict(DATASETS=DATASETS, BaseCocoStyleDataset=BaseCocoStyleDataset)
    with pytest.raises(ValueError, match=r"already has 'CrowdPoseDataset' .* register_module\(force=True\)"):
        exec(CROWDPOSE, names)
    exec(CROWDPOSE.replace("register_module()", "register_module(force=True)"), names)
    monkeypatch.chdir(tmp_path)
    dataset = DATASETS.build(dict(type="CrowdPoseDataset", **crowdpose))
    assert type(dataset) is names["CrowdPoseDataset"]
    assert " ".join(dataset.metainfo["keypoint_name2id"]) == " ".join(CROWDPOSE_NAMES.split())
    assert dataset.get_data_info(0)["bbox"].tolist() == [[10, 20, 50, 80]]


def test_arguments_of_a_dataset(crowdpose, tmp_path):
    from posekit.datasets.datasets.body.crowdpose_dataset import CrowdPoseDataset

    assert DATASETS.get("CrowdPoseDataset") is CrowdPoseDataset
    boxes = str(tmp_path / "boxes.json")
    assert CrowdPoseDataset(bbox_file=boxes, test_mode=True, **crowdpose).get_data_info(0)["bbox_score"] == 0.5
    assert CrowdPoseDataset(bbox_file=boxes, **crowdpose).get_data_info(0)["bbox_score"] == 1
    assert CrowdPoseDataset(data_mode="bottomup", **crowdpose).get_data_info(0)["keypoints"].shape == (1, 14, 2)
    assert len(CrowdPoseDataset(indices=1, serialize_data=False, filter_cfg=None, **crowdpose)) == 1
    lazy = CrowdPoseDataset("nowhere.json", data_prefix=dict(img=None, ann=None), lazy_init=True)
    assert lazy.metainfo["num_keypoints"] == 14
    with pytest.raises(FileNotFoundError):
        lazy.full_init()


def test_bad_samples_are_replaced_in_training_at_most_max_refetch_times(crowdpose):
    crowdpose["data_prefix"] = dict(img="nowhere/")
    dataset = DATASETS.build(
        dict(type="CrowdPoseDataset", pipeline=[dict(type="LoadImage")], max_refetch=3, **crowdpose)
    )
    assert type(dataset)(lazy_init=True).max_refetch == 1000
    with pytest.raises(ValueError, match="no usable sample for index 0 in 4 tries"):
        dataset[0]


def test_motion_capture_datasets_inherit_from_their_base(tmp_path):
    from posekit.datasets.datasets.base.base_mocap_dataset import BaseMocapStyleDataset as Same

    class Own(BaseMocapStyleDataset):
        METAINFO: ClassVar[dict] = dict(from_file="configs/_base_/datasets/h36m.py")

        def __init__(self, **arguments: Any) -> None:
            super().__init__(seq_len=1, **arguments)

        def _load_annotations(self) -> tuple[list[dict], list[dict]]:
            return [dict(keypoints=np.zeros((1, 17, 2)), lifting_target=np.ones((1, 17, 3)))], []

    assert Own().get_data_info(0)["lifting_target"].shape == (1, 17, 3)
    assert Same is BaseMocapStyleDataset
    assert issubclass(DATASETS.get("Human36mDataset"), Same)


# --- pipelines ---------------------------------------------------------------

PIPELINES = f"""
codec = {CODEC!r}
# pipelines
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale'),
    dict(type='RandomFlip', direction='horizontal'),
    dict(type='RandomHalfBody'),
    dict(type='RandomBBoxTransform'),
    dict(type='TopdownAffine', input_size=codec['input_size']),
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackPoseInputs')
]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale'),
    dict(type='TopdownAffine', input_size=codec['input_size']),
    dict(type='PackPoseInputs')
]
"""


@pytest.mark.parametrize("part", ["train", "test"])
def test_the_pipelines_run_and_pack_three_spaces(crowdpose, part):
    pipeline = loads(PIPELINES)[f"{part}_pipeline"]
    dataset = DATASETS.build(dict(type="CrowdPoseDataset", pipeline=pipeline, **crowdpose))
    sample = dataset[0]
    instances, labels = sample["data_samples"].gt_instances, sample["data_samples"].gt_instance_labels
    assert sample["data_samples"].ori_shape == (90, 120)  # the image's space
    assert tuple(sample["inputs"].shape) == (3, 256, 192)  # the input's
    assert isinstance(instances.keypoints, np.ndarray)
    assert instances.keypoints.shape == (1, 14, 2)
    if part == "train":  # the output's
        assert tuple(sample["data_samples"].gt_fields.heatmaps.shape) == (14, 64, 48)
        assert isinstance(labels.keypoint_weights, torch.Tensor)
    else:
        assert instances.keypoints[0, 0].tolist() == [20, 30]


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("common_transforms", "RandomFlip RandomHalfBody RandomBBoxTransform GetBBoxCenterScale GenerateTarget"),
        ("pose3d_transforms", "RandomFlipAroundRoot"),
    ],
)
def test_transforms_lie_in_the_tours_modules(module, names):
    module = importlib.import_module(f"posekit.datasets.transforms.{module}")
    assert all(getattr(module, name) is TRANSFORMS.get(name) for name in names.split())


def with_box() -> dict[str, Any]:
    img = np.random.default_rng(0).integers(0, 255, (90, 120, 3), np.uint8)
    points = dict(keypoints=np.array([[[30.0, 50], [40, 60]]], np.float32), keypoints_visible=np.ones((1, 2)))
    return (
        dict(img=img, img_shape=(90, 120), bbox=np.array([[10.0, 20, 50, 80]]), rng=np.random.default_rng(1)) | points
    )


def test_random_bbox_transform_shifts_resizes_and_turns_a_box():
    center = TRANSFORMS.build(dict(type="GetBBoxCenterScale", padding=1.0))
    transform = TRANSFORMS.build(dict(type="RandomBBoxTransform", shift_prob=1.0, rotate_prob=1.0))
    before = center(with_box())
    assert (before["bbox_center"].tolist(), before["bbox_scale"].tolist()) == ([[30, 50]], [[40, 60]])
    after = transform(dict(before))
    assert np.abs(after["bbox_center"] - before["bbox_center"]).min() > 0
    assert np.abs(after["bbox_scale"] - before["bbox_scale"]).min() > 0
    assert after["bbox_rotation"] != 0
    with pytest.raises(KeyError, match="RandomBBoxTransform needs 'bbox_"):
        transform(with_box())


def test_topdown_affine_maps_image_and_keypoints_to_the_input():
    results = TRANSFORMS.build(dict(type="GetBBoxCenterScale", padding=1.0))(with_box())
    results = TRANSFORMS.build(dict(type="TopdownAffine", input_size=(48, 72)))(results)
    assert results["img"].shape == (72, 48, 3)
    np.testing.assert_allclose(results["transformed_keypoints"][0, 0], [24, 36], atol=0.6)


def test_bottomup_random_affine_maps_image_and_keypoints_to_the_input():
    results = TRANSFORMS.build(dict(type="BottomupRandomAffine", input_size=(64, 64)))(with_box())
    assert results["img"].shape == (64, 64, 3)
    assert np.abs(results["keypoints"][0, 0] - [30, 50]).max() > 0.5


CAMERA = dict(camera_param=dict(w=100, h=100, f=np.ones(2), c=np.ones(2)))


def lifting(frames: int) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    inputs = dict(keypoints=rng.random((frames, 5, 2), np.float32), keypoints_visible=np.ones((frames, 5), np.float32))
    return (
        inputs | dict(lifting_target=rng.random((1, 5, 3), np.float32), lifting_target_visible=np.ones((1, 5))) | CAMERA
    )


@pytest.mark.parametrize(
    ("codec", "inputs", "keys"),
    [
        (CODEC, {}, "heatmaps keypoint_weights"),
        (dict(type="RegressionLabel", input_size=(192, 256)), {}, "keypoint_labels keypoint_weights"),
        (
            dict(type="SimCCLabel", input_size=(192, 256)),
            {},
            "keypoint_x_labels keypoint_y_labels keypoint_weights",
        ),
        (dict(CODEC, type="IntegralRegressionLabel"), {}, "heatmaps keypoint_labels keypoint_weights"),
        ([dict(CODEC, sigma=2), dict(CODEC, sigma=3)], {}, "heatmaps keypoint_weights"),
        (
            dict(type="ImagePoseLifting", num_keypoints=5),
            lifting(1),
            "keypoint_labels lifting_target_label lifting_target_weight",
        ),
        (
            dict(type="VideoPoseLifting", num_keypoints=5),
            lifting(3),
            "keypoint_labels lifting_target_label lifting_target_weight",
        ),
    ],
    ids=("heatmap", "keypoint", "keypoint_xy", "heatmap+keypoint", "multiscale_heatmap", "lifting", "video lifting"),
)
def test_codecs_give_the_tours_targets(codec, inputs, keys):
    transform = TRANSFORMS.build(dict(type="GenerateTarget", encoder=codec, multilevel=isinstance(codec, list)))
    results = transform(inputs or with_box())
    assert set(keys.split()) <= set(results)
    if isinstance(codec, list):
        assert [level.shape for level in results["heatmaps"]] == [(2, 64, 48)] * 2


def test_decoding_undoes_encoding():
    codec = KEYPOINT_CODECS.build(CODEC)
    keypoints = np.array([[[30.0, 50], [100, 201]]], np.float32)
    decoded, scores = codec.decode(codec.encode(keypoints, np.ones((1, 2), np.float32))["heatmaps"])
    assert np.abs(decoded - keypoints).max() <= codec.round_trip_px
    assert scores == pytest.approx(1, abs=0.05)
    assert CODECS is KEYPOINT_CODECS
    assert type(codec).__module__.startswith("posekit.codecs.")


GENERATE_TARGET = '''
@TRANSFORMS.register_module(name="YourTarget")
class GenerateTarget(BaseTransform):
    """Encode keypoints into Target."""

    def transform(self, results):
        return dict(results, heatmaps=np.zeros(3))
'''


@pytest.mark.usefixtures("registered")
def test_transforms_inherit_from_base_transform():
    exec(GENERATE_TARGET, dict(TRANSFORMS=TRANSFORMS, BaseTransform=BaseTransform, np=np))
    assert TRANSFORMS.build(dict(type="YourTarget"))({})["heatmaps"].shape == (3,)


@pytest.mark.parametrize(("mode", "instances"), [("topdown", 1), ("bottomup", 2)])
def test_labels_have_an_axis_for_instances(mode, instances):
    codec = dict(type="RegressionLabel", input_size=(192, 256))
    codec = codec if mode == "topdown" else dict(type="SPR", input_size=(192, 256), heatmap_size=(48, 64))
    points = np.random.default_rng(0).uniform(20, 150, (instances, 5, 2)).astype(np.float32)
    encoded = CODECS.build(codec).encode(points, np.ones((instances, 5), np.float32))
    assert encoded.get("keypoint_labels", points).shape == (instances, 5, 2)
    labels = InstanceData(keypoint_labels=points)
    batch = PoseBatch.from_samples([PoseDataSample(gt_instance_labels=labels)] * 3)
    assert batch.column("gt_instance_labels.keypoint_labels").shape == (3, instances, 5, 2)  # B, N, K, D


def test_data_samples_have_truth_and_predictions_of_three_kinds():
    sample = get_pose_data_sample()
    assert sample.metainfo["crop_size"] == sample.crop_size == (256, 192)
    assert set(sample.all_keys()) == {*sample.metainfo_keys(), *sample.keys()}
    for kind in ("gt", "pred"):
        for part, data in (("instances", InstanceData), ("instance_labels", InstanceData), ("fields", PixelData)):
            setattr(sample, f"{kind}_{part}", data())
            with pytest.raises(TypeError, match="it must be"):
                setattr(sample, f"{kind}_{part}", np.zeros(3))
    copied = get_pose_data_sample().to_tensor().clone()
    assert isinstance(copied.new().gt_instances.keypoints, torch.Tensor)
    copied.update(sample)
    assert len(copied.gt_instances) == 0


# --- step 3: models ----------------------------------------------------------

PREPROCESSOR = """
data_preprocessor=dict(
        type='PoseDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True)
"""
MODEL = dict(
    backbone=dict(type="ResNet", depth=18, stem_channels=8, base_channels=8),
    neck=dict(type="FeatureMapProcessor", scale_factor=2.0),
    head=dict(
        type="HeatmapHead",
        in_channels=64,
        out_channels=3,
        deconv_out_channels=(8, 8),
        deconv_kernel_sizes=(4, 4),
        loss=dict(type="KeypointMSELoss", use_target_weight=True),
        decoder=CODEC,
    ),
)
ESTIMATOR = """
from posekit.models import BasePoseEstimator, ConfigType, OptConfigType, OptMultiConfig
from posekit.registry import MODELS

@MODELS.register_module(force=True)
class TopdownPoseEstimator(BasePoseEstimator):
    def __init__(self,
                 backbone: ConfigType,
                 neck: OptConfigType = None,
                 head: OptConfigType = None,
                 train_cfg: OptConfigType = None,
                 test_cfg: OptConfigType = None,
                 data_preprocessor: OptConfigType = None,
                 init_cfg: OptMultiConfig = None):
        super().__init__(data_preprocessor, init_cfg)

        self.backbone = MODELS.build(backbone)

        if neck is not None:
            self.neck = MODELS.build(neck)

        if head is not None:
            self.head = MODELS.build(head)
"""


def test_all_estimators_inherit_from_the_base():
    from posekit.models.pose_estimators.base import BasePoseEstimator as Base

    assert Base is BasePoseEstimator
    for name in ("TopdownPoseEstimator", "BottomupPoseEstimator", "PoseLifter"):
        assert issubclass(MODELS.get(name), Base)


def batch_of(crowdpose: dict[str, Any]) -> dict[str, Any]:
    pipeline = loads(PIPELINES)["train_pipeline"]
    dataset = DATASETS.build(dict(type="CrowdPoseDataset", pipeline=pipeline, **crowdpose))
    sample = dataset[0]
    return dict(inputs=[sample["inputs"]] * 2, data_samples=[sample["data_samples"]] * 2)


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("block", ["", ESTIMATOR], ids=["posekit's", "the tour's"])
def test_three_modes_of_a_model(crowdpose, block):
    exec(block, {})
    head = dict(MODEL["head"], out_channels=14)
    preprocessor = loads(PREPROCESSOR).data_preprocessor
    config = dict(type="TopdownPoseEstimator", **{**MODEL, "head": head}, data_preprocessor=preprocessor)
    model = MODELS.build(config)
    model.init_weights()
    batch = model.data_preprocessor(batch_of(crowdpose))
    losses = model(**batch, mode="loss")
    sum(losses.values()).backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    assert model.eval()(batch["inputs"], mode="tensor").shape == (2, 14, 64, 48)
    with torch.no_grad():
        (sample, _) = model(**batch, mode="predict")
        (in_input, _) = model.head.predict(model.extract_feat(batch["inputs"]), batch["data_samples"])
    assert np.array_equal(sample.affine.inverse().points(in_input.keypoints), sample.pred_instances.keypoints)
    assert type(model.data_preprocessor).__name__ == "PoseDataPreprocessor"


def test_a_base_that_is_called_with_a_backbone_says_how():
    with pytest.raises(TypeError, match=r"ResNet is no data preprocessor; call super\(\).__init__\(data_preprocessor"):
        BasePoseEstimator(MODELS.build(MODEL["backbone"]))


def test_the_preprocessor_swaps_channels_and_normalises():
    preprocessor = MODELS.build(loads(PREPROCESSOR).data_preprocessor)
    bgr = torch.tensor([10, 20, 30], dtype=torch.uint8).reshape(3, 1, 1).expand(3, 4, 4)
    inputs = preprocessor(dict(inputs=[bgr], data_samples=[PoseDataSample()]))["inputs"]
    expected = (np.array([30, 20, 10]) - [123.675, 116.28, 103.53]) / [58.395, 57.12, 57.375]
    np.testing.assert_allclose(inputs[0, :, 0, 0], expected, rtol=1e-5)


# --- backbones ---------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["", "backbone."])
def test_weights_of_a_backbone_come_from_a_file(tmp_path, prefix):
    source = MODELS.build(MODEL["backbone"]).state_dict()
    path = tmp_path / "YOUR_MODEL_WEIGHTS.pth"
    torch.save(
        dict(state_dict={prefix + key: value for key, value in source.items()} | {"head.w": torch.ones(1)}), path
    )
    init_cfg = dict(type="Pretrained", checkpoint=str(path), **(dict(prefix=prefix) if prefix else {}))
    backbone = MODELS.build(dict(MODEL["backbone"], init_cfg=init_cfg))
    backbone.init_weights()
    assert all(torch.equal(value, source[key]) for key, value in backbone.state_dict().items())
    wrong = MODELS.build(dict(MODEL["backbone"], init_cfg=dict(init_cfg, prefix="encoder.")))
    with pytest.raises(ValueError, match=r"init_cfg.prefix: 'encoder\.' is the beginning of no key"):
        wrong.init_weights()


@pytest.mark.parametrize(
    ("checkpoint", "address"),
    [
        ("torchvision://resnet50", "https://download.pytorch.org/models/resnet50-0676ba61.pth"),
        ("https://example.org/backbone.pth", "https://example.org/backbone.pth"),
    ],
)
def test_checkpoints_are_links_or_names_of_torchvision_too(monkeypatch, checkpoint, address):
    read = []
    backbone = MODELS.build(dict(MODEL["backbone"], init_cfg=dict(type="Pretrained", checkpoint=checkpoint)))
    state = backbone.state_dict()
    monkeypatch.setattr("posekit.checkpoints.load.read_checkpoint", lambda source: read.append(source) or state)
    backbone.init_weights()
    assert read == [address]


@pytest.mark.parametrize("kind", ["mmpretrain.ResNet", "mmcls.RepVGG", "mmpretrain.ConvNeXt", "mmdet.ResNet"])
def test_backbones_of_other_projects_are_named_with_their_project(kind):
    assert issubclass(MODELS.get(kind), BaseBackbone)


BACKBONE = """
@MODELS.register_module()
class YourBackbone(BaseBackbone):
    def forward(self, x):
        return (x,)
"""


@pytest.mark.usefixtures("registered")
def test_a_backbone_of_ones_own():
    exec(BACKBONE, {**globals()})
    assert MODELS.build(dict(type="YourBackbone"))(1) == (1,)


# --- necks -------------------------------------------------------------------

MAPS = [torch.rand(1, 4, 8, 6), torch.rand(1, 8, 4, 3)]


@pytest.mark.parametrize(
    ("config", "shapes"),
    [
        (dict(type="GlobalAveragePooling"), [(1, 4), (1, 8)]),
        (dict(type="FPN", in_channels=[4, 8], out_channels=2, num_outs=2), [(1, 2, 8, 6), (1, 2, 4, 3)]),
        (dict(type="FeatureMapProcessor", select_index=0), [(1, 4, 8, 6)]),
        (dict(type="FeatureMapProcessor", concat=True), [(1, 12, 8, 6)]),
        (dict(type="FeatureMapProcessor", scale_factor=2.0), [(1, 4, 16, 12), (1, 8, 8, 6)]),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else "",
)
def test_necks(config, shapes):
    assert [tuple(x.shape) for x in MODELS.build(config)(MAPS)] == shapes

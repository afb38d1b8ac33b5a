"""The inferencers of MMPose 1.x: arguments, dictionaries, files."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from posekit.apis import (
    Hand3DInferencer,
    MMPoseInferencer,
    Pose2DInferencer,
    Pose3DInferencer,
    get_model_aliases,
    init_model,
)
from posekit.apis.inferencers import outputs
from posekit.apis.inferencers.detectors import kind_of
from posekit.apis.inferencers.hand3d import flat_and_deep
from posekit.apis.inferencers.pose3d import normed, upright
from posekit.config import Config
from posekit.config.dump import dump
from posekit.inference.pose_model import DEFAULT_MODEL
from posekit.inference.results import PoseResult
from posekit.media.image_file import read_image, write_image
from posekit.media.video import VideoReader, VideoWriter
from posekit.structures import InstanceData, PoseDataSample

PHOTOGRAPH = DEFAULT_MODEL.with_name("demo.jpg")
CODEC = {"type": "MSRAHeatmap", "input_size": (32, 32), "heatmap_size": (8, 8), "sigma": 2}
STEPS = [{"type": "LoadImage"}, {"type": "GetBBoxCenterScale"}, {"type": "TopdownAffine", "input_size": (32, 32)}]
POSE: dict[str, Any] = {
    "model": {
        "type": "TopdownPoseEstimator",
        "data_preprocessor": {"type": "PoseDataPreprocessor", "bgr_to_rgb": True},
        "backbone": {"type": "ResNet", "depth": 18, "stem_channels": 4, "base_channels": 4},
        "head": {
            "type": "HeatmapHead", "in_channels": 32, "out_channels": 17, "deconv_out_channels": (4, 4, 4),
            "decoder": CODEC,
        },
    },
    "test_dataloader": {"dataset": {"type": "CocoDataset", "pipeline": [*STEPS, {"type": "PackPoseInputs"}]}},
}  # fmt: skip
LIFTING = {"type": "VideoPoseLifting", "num_keypoints": 17, "zero_center": True}
LIFTER: dict[str, Any] = {
    "model": {
        "type": "PoseLifter",
        "backbone": {
            "type": "TCN", "in_channels": 34, "stem_channels": 16, "num_blocks": 1, "dropout": 0.0,
            "kernel_sizes": (3, 3), "use_stride_conv": True,
        },
        "head": {"type": "TemporalRegressionHead", "in_channels": 16, "num_joints": 17, "decoder": LIFTING},
    },
    "test_dataloader": {
        "dataset": {
            "type": "Human36mDataset", "seq_len": 9, "causal": False,
            "pipeline": [
                {"type": "GenerateTarget", "encoder": LIFTING},
                {"type": "PackPoseInputs", "meta_keys": ["id", "flip_indices", "target_root", "camera_param"]},
            ],
        }
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return np.ascontiguousarray(read_image(PHOTOGRAPH)[::4, ::4])


@pytest.fixture(scope="module")
def flat() -> Pose2DInferencer:
    return Pose2DInferencer(POSE, device="cpu", det_model="whole_image")


@pytest.fixture
def video(image: np.ndarray, tmp_path: Path) -> Path:
    with VideoWriter(tmp_path / "walk.mp4", fps=10) as writer:
        for number in range(5):
            writer.write(np.roll(image, number, axis=1))
    return tmp_path / "walk.mp4"


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (
            MMPoseInferencer,
            "pose2d pose2d_weights pose3d pose3d_weights device scope det_model det_weights det_cat_ids show_progress",
        ),
        (Pose2DInferencer, "model weights device scope det_model det_weights det_cat_ids show_progress"),
        (
            Pose3DInferencer,
            "model weights pose2d_model pose2d_weights device scope det_model det_weights det_cat_ids show_progress",
        ),
        (Hand3DInferencer, "model weights device scope det_model det_weights det_cat_ids show_progress"),
    ],
)
def test_constructors_take_what_mmpose_takes(kind: type, names: str) -> None:
    assert list(inspect.signature(kind).parameters) == names.split()


def test_an_image_gives_a_list_of_dictionaries(flat: Pose2DInferencer, image: np.ndarray) -> None:
    result = next(flat(image, return_vis=True))
    assert sorted(result) == ["predictions", "visualization"]
    [[person]] = result["predictions"]
    assert np.shape(person["keypoints"]) == (17, 2)
    assert np.shape(person["keypoint_scores"]) == (17,)
    assert person["bbox"] == ([0.0, 0.0, 128.0, 128.0],)
    assert person["bbox_score"] == 1.0
    [drawing] = result["visualization"]
    assert drawing.shape == image.shape
    assert next(flat(image))["visualization"] == []


def test_data_samples(flat: Pose2DInferencer, image: np.ndarray) -> None:
    [sample] = next(flat(image, return_datasamples=True))["predictions"]
    assert isinstance(sample, PoseDataSample)
    assert sample.metainfo["img_path"] == "000000.jpg"
    boxes = [[[0, 0, 60, 60], [50, 50, 120, 120]]]
    assert len(next(flat(image, bboxes=boxes, return_datasamples=True))["predictions"][0].pred_instances) == 2
    assert len(next(flat(image, bboxes=boxes, merge_results=False))["predictions"]) == 2


def test_a_folder_gives_a_file_for_each_image(flat: Pose2DInferencer, image: np.ndarray, tmp_path: Path) -> None:
    for name in ("b.png", "a.jpg"):
        write_image(tmp_path / "in" / name, image)
    (tmp_path / "in" / "readme.txt").write_text("no image")
    results = list(flat(str(tmp_path / "in"), out_dir=str(tmp_path / "out")))
    assert [len(result["predictions"]) for result in results] == [1, 1]
    written = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.*"))
    assert written == [
        "predictions/a.json", "predictions/b.json", "visualizations/a.jpg", "visualizations/b.png",
    ]  # fmt: skip
    [person] = json.loads((tmp_path / "out" / "predictions" / "b.json").read_text())
    assert person["bbox"] == [[0.0, 0.0, 128.0, 128.0]]
    np.testing.assert_allclose(person["keypoints"], results[1]["predictions"][0][0]["keypoints"])


def test_a_video_gives_one_file_of_both(flat: Pose2DInferencer, video: Path, tmp_path: Path) -> None:
    results = list(flat(str(video), out_dir=str(tmp_path / "out"), batch_size=2))
    assert [len(result["predictions"]) for result in results] == [2, 2, 1]
    frames = json.loads((tmp_path / "out" / "predictions" / "walk.json").read_text())
    assert [frame["frame_id"] for frame in frames] == list(range(5))
    assert len(frames[4]["instances"]) == 1
    assert len(list(VideoReader(tmp_path / "out" / "visualizations" / "walk.mp4"))) == 5


def test_drawing_options(flat: Pose2DInferencer, image: np.ndarray, tmp_path: Path) -> None:
    def drawn(**options: Any) -> np.ndarray:
        return next(flat(image, return_vis=True, kpt_thr=0, **options))["visualization"][0]

    plain = drawn()
    assert (drawn(radius=9) != plain).any()
    assert (drawn(thickness=5) != plain).any()
    assert (drawn(draw_bbox=True) != plain).any()
    assert (drawn(skeleton_style="openpose") != plain).any()
    assert drawn(black_background=True).mean() < plain.mean()
    assert drawn(draw_heatmap=True).shape == (256, 128, 3)
    assert "output_heatmaps" not in flat.model.test_cfg  # pyright: ignore[reportOptionalMemberAccess]
    next(flat(image, vis_out_dir=str(tmp_path / "one.png")))
    assert (tmp_path / "one.png").is_file()


def test_posekit_s_detector_finds_the_boxes_of_people() -> None:
    inferencer = MMPoseInferencer(str(DEFAULT_MODEL), det_model="human", device="cpu")
    [people] = next(inferencer(str(PHOTOGRAPH)))["predictions"]
    assert 0.3 < people[0]["bbox_score"] < 1
    [none] = next(inferencer(np.zeros((64, 48, 3), np.uint8), bbox_thr=0.99))["predictions"]
    assert none[0]["bbox"] == ([0.0, 0.0, 48.0, 64.0],)  # nobody is there: the whole image
    few, many = (next(inferencer(str(PHOTOGRAPH), bbox_thr=thr))["predictions"][0] for thr in (0.65, 0.05))
    assert len(few) < len(many) or few == many


def test_poses_that_share_joints_are_left_out(flat: Pose2DInferencer, image: np.ndarray) -> None:
    boxes = [[[0, 0, 60, 60], [0, 0, 60, 60]]]
    assert len(next(flat(image, bboxes=boxes))["predictions"][0]) == 2
    assert len(next(flat(image, bboxes=boxes, pose_based_nms=True))["predictions"][0]) == 1


@pytest.fixture(scope="module")
def deep(tmp_path_factory: pytest.TempPathFactory) -> MMPoseInferencer:
    inferencer = MMPoseInferencer(pose3d=LIFTER, pose2d=POSE, det_model="whole_image", device="cpu")
    assert isinstance(inferencer.inferencer, Pose3DInferencer)
    return inferencer


def test_a_video_is_lifted_frame_by_frame(deep: MMPoseInferencer, video: Path, tmp_path: Path) -> None:
    results = list(deep(str(video), out_dir=str(tmp_path / "out"), num_instances=-1, return_vis=True))
    assert len(results) == 5
    [[person]] = results[2]["predictions"]
    assert sorted(person) == ["keypoint_scores", "keypoints", "track_id"]
    assert np.shape(person["keypoints"]) == (17, 3)
    assert {row["track_id"] for result in results for row in result["predictions"][0]} == {1}
    assert min(z for _, _, z in person["keypoints"]) == 0
    [drawing] = results[0]["visualization"]
    assert drawing.shape[1] > 128  # the image and the pose in space beside it
    frames = json.loads((tmp_path / "out" / "predictions" / "walk.json").read_text())
    assert len(frames) == 5


def test_images_are_lifted_one_by_one(deep: MMPoseInferencer, image: np.ndarray) -> None:
    alone, [both, _] = next(deep(image)), list(deep([image, image[::-1].copy()]))
    np.testing.assert_allclose(alone["predictions"][0][0]["keypoints"], both["predictions"][0][0]["keypoints"])
    assert "track_id" not in alone["predictions"][0][0]
    free = next(deep(image, disable_rebase_keypoint=True, disable_norm_pose_2d=True))["predictions"][0][0]
    assert min(z for _, _, z in free["keypoints"]) != 0


def test_the_axes_of_poses_in_space() -> None:
    np.testing.assert_array_equal(upright(np.array([[[1.0, 2.0, 3.0]]])), [[[-1, 3, -2]]])


def test_people_are_brought_to_the_place_and_size_of_the_training() -> None:
    result = PoseResult(np.array([[[110.0, 20.0]]]), np.ones((1, 1)), {}, boxes=np.array([[100.0, 0.0, 120.0, 40.0]]))
    moved = normed(result, {"bbox_center": [[528, 427]], "bbox_scale": 400})
    np.testing.assert_allclose(moved.keypoints, [[[528, 427]]])
    below = PoseResult(np.array([[[110.0, 30.0]]]), result.scores, {}, boxes=result.boxes)
    wide = normed(below, {"bbox_center": [[528, 427]], "bbox_scale": 400})
    np.testing.assert_allclose(wide.keypoints, [[[528, 527]]])


def test_hands_in_space() -> None:
    keypoints = np.ones((1, 42, 3)) * [10.0, 20.0, 30.0]
    found = InstanceData(
        keypoints=keypoints,
        keypoint_scores=np.ones((1, 42)),
        rel_root_depth=np.array([[5.0]]),
        hand_type=np.array([[1.0, 0.0]]),
    )
    flat, deep = flat_and_deep(PoseDataSample(pred_instances=found), rebase=False)
    np.testing.assert_allclose(flat.pred_instances.keypoints, keypoints[..., :2])
    np.testing.assert_allclose(deep.pred_instances.keypoints[0, [0, 21]], [[10, 30, -20], [10, 35, -20]])
    np.testing.assert_allclose(deep.pred_instances.keypoint_scores[0, [0, 21]], [1, 0])
    _, rebased = flat_and_deep(PoseDataSample(pred_instances=found), rebase=True)
    assert rebased.pred_instances.keypoints[0, :21, 2].min() == 0


def test_names_and_paths_open_models(tmp_path: Path, image: np.ndarray) -> None:
    model = init_model(POSE)
    torch.save({"state_dict": model.state_dict()}, tmp_path / "pose.pth")
    (tmp_path / "pose.py").write_text(dump(Config(POSE)))
    opened = MMPoseInferencer(str(tmp_path / "pose.py"), str(tmp_path / "pose.pth"), device="cpu")
    assert len(next(opened(image, bboxes=[[[0, 0, 99, 99]]]))["predictions"][0]) == 1


def test_aliases() -> None:
    aliases = get_model_aliases("mmpose")
    assert {"human", "body", "wholebody", "hand", "face", "animal", "human3d", "hand3d", "rtmpose-m"} <= set(aliases)
    assert aliases["human3d"] == "motionbert_dstformer-ft-243frm_8xb32-120e_h36m"


@pytest.mark.parametrize(
    ("dataset", "kind"),
    [
        ("CocoDataset", "body"), ("MpiiDataset", "body"), ("CocoWholeBodyDataset", "wholebody"),
        ("OneHand10KDataset", "hand"), ("InterHand3DDataset", "hand"), ("WFLWDataset", "face"),
        ("AP10KDataset", "animal"), ("DeepFashionDataset", "fashion"), ("MyDataset", ""),
    ],
)  # fmt: skip
def test_what_a_dataset_shows(dataset: str, kind: str) -> None:
    assert kind_of({"dataset_type": dataset}) == kind
    assert kind_of({"test_dataloader": {"dataset": {"type": f"mmpose.{dataset}", "pipeline": STEPS}}}) == kind


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(radus=3), r"Pose2DInferencer: no option radus=; did you mean 'radius'"),
        (dict(skeleton_style="coco"), "skeleton_style='coco'; use mmpose or openpose"),
        (dict(bboxes=[]), "bboxes: 0 lists for 1 images"),
        (dict(show=True), "show=True: there is no display here"),
    ],
)
def test_mistakes_are_told_before_anything_is_computed(
    flat: Pose2DInferencer, image: np.ndarray, options: dict, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(outputs.sys, "platform", "linux")
    with pytest.raises(ValueError, match=message):
        flat(image, **options)


def test_inputs_that_cannot_be_read(flat: Pose2DInferencer, image: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.jpg: no such image, video or folder"):
        flat("none.jpg")
    with pytest.raises(FileNotFoundError, match="no images in this folder"):
        flat(str(tmp_path))
    with pytest.raises(ValueError, match="is a file's name, and there are several images"):
        flat([image, image], vis_out_dir="drawing.jpg")
    with pytest.raises(ValueError, match="there is no camera 97"):
        flat("webcam:97")
    with pytest.raises(ValueError, match="name a model with pose2d= or pose3d="):
        MMPoseInferencer()


def test_windows_need_an_opencv_with_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    import cv2

    monkeypatch.setenv("DISPLAY", ":0")

    def fail(name: str) -> None:
        raise cv2.error("no GUI")

    monkeypatch.setattr(cv2, "namedWindow", fail)
    with pytest.raises(ValueError, match="this OpenCV cannot open windows"):
        outputs.Window()


def test_drawings_are_shown_until_somebody_stops(
    flat: Pose2DInferencer, image: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = []

    class Screen:
        def show(self, title: str, image: np.ndarray, seconds: float | None) -> bool:
            shown.append((title, image.shape, seconds))
            return len(shown) == 2

    monkeypatch.setattr(outputs, "Window", Screen)
    assert len(list(flat([image] * 3, show=True, wait_time=0.5))) == 2
    assert shown == [("000000.jpg", image.shape, 0.5), ("000001.jpg", image.shape, 0.5)]


def test_bottom_up_models_take_the_thresholds(image: np.ndarray, tmp_path: Path) -> None:
    name = "rtmo-t_8xb32-600e_body7-416x416"
    torch.manual_seed(0)
    torch.save({"state_dict": init_model(name).state_dict()}, tmp_path / "rtmo.pth")
    inferencer = Pose2DInferencer(name, str(tmp_path / "rtmo.pth"), device="cpu")
    before = dict(inferencer.model.test_cfg)  # pyright: ignore[reportOptionalMemberAccess]
    none, some = (next(inferencer(image, bbox_thr=thr, return_vis=True)) for thr in (1.1, 0.0))
    assert none["predictions"] == [[]]
    assert none["visualization"][0].shape == image.shape
    assert some["predictions"][0]
    assert inferencer.model.test_cfg == before  # pyright: ignore[reportOptionalMemberAccess]

"""Every registered dataset: its keypoint set loads, and it reads the sample files of its own format."""

from __future__ import annotations

import json

import numpy as np
import pytest
from coco_files import annotation, image

from posekit.config import packaged_configs
from posekit.keypoints.skeleton import load_metainfo
from posekit.registry import DATASETS

ROWS = [name for name in DATASETS.names() if getattr(DATASETS.get(name), "METAINFO", None)]


def test_number_of_rows():
    assert len(ROWS) == 47  # the 45 public ones of MMPose, the hands of Halpe, and MPI-INF-3DHP


@pytest.mark.parametrize("name", ROWS)
def test_keypoint_set_loads(name):
    path = DATASETS.get(name).METAINFO["from_file"]
    assert (packaged_configs().parent / path).is_file()


def sample_configs(shared):
    cases = json.loads((shared / "conformance" / "datasets.json").read_text())
    configs = {(case["cfg"]["type"], case["cfg"].get("data_mode")): case["cfg"] for case in cases}
    return {f"{name} {mode}": config for (name, mode), config in configs.items() if mode}


def test_rows_read_their_samples(shared, monkeypatch):
    monkeypatch.chdir(shared / "data" / "samples")
    configs = sample_configs(shared)
    assert len(configs) > 80
    for name, config in configs.items():
        dataset = DATASETS.build(dict(config))
        count = dataset.metainfo["num_keypoints"]
        for index in range(len(dataset)):
            info = dataset.get_data_info(index)
            assert info["keypoints"].shape[1] == count, name
            assert info["keypoints"].dtype == np.float32, name
            assert np.isfinite(info["keypoints"]).all(), name
            assert info["keypoints_visible"].shape == info["keypoints"].shape[:2], name


def build(tmp_path, name, annotations, images, **arguments):
    path = tmp_path / "annotations.json"
    path.write_text(json.dumps(dict(images=images, annotations=annotations)))
    return DATASETS.build(dict(type=name, ann_file=str(path), **arguments))


@pytest.mark.parametrize(("subset", "count"), [("", 8), ("full", 8), ("upper", 6), ("lower", 4)])
def test_deepfashion_subsets(tmp_path, subset, count):
    points = [10, 20, 2] * count
    dataset = build(tmp_path, "DeepFashionDataset", [annotation(1, keypoints=points)], [image(1)], subset=subset)
    assert dataset.metainfo["num_keypoints"] == count


def test_deepfashion_unknown_subset():
    with pytest.raises(ValueError, match="subset: 'left' must be"):
        DATASETS.build(dict(type="DeepFashionDataset", subset="left"))


def test_halpe_hands(tmp_path):
    points = np.zeros((136, 3))
    points[94:97] = [[10, 10, 2], [30, 10, 2], [20, 50, 1]]
    person = annotation(1, keypoints=points.ravel().tolist())
    dataset = build(tmp_path, "HalpeHandDataset", [person], [image(1)])
    info = dataset.get_data_info(0)
    assert len(dataset) == 1
    assert info["bbox"].tolist() == [[10, 10, 30, 50]]
    assert info["num_keypoints"] == 3


def mpii_entry(**changes):
    joints = [[float(i), float(i)] for i in range(1, 17)]
    whole = dict(image="015.jpg", center=[50.0, 60.0], scale=0.5, joints=joints, joints_vis=[1] * 16)
    return {**whole, **changes}


def build_mpii(tmp_path, entries, **arguments):
    path = tmp_path / "mpii.json"
    path.write_text(json.dumps(entries))
    return DATASETS.build(dict(type="MpiiDataset", ann_file=str(path), **arguments))


def test_mpii_head_sizes(tmp_path):
    savemat = pytest.importorskip("scipy.io").savemat
    boxes = np.zeros((2, 2, 2))
    boxes[1] = [[3, 30], [4, 40]]
    savemat(tmp_path / "head.mat", dict(headboxes_src=boxes))
    head = dict(headbox_file=str(tmp_path / "head.mat"), test_mode=True)
    dataset = build_mpii(tmp_path, [mpii_entry(), mpii_entry(image="016.jpg")], **head)
    assert [dataset.get_data_info(i)["head_size"].tolist() for i in range(2)] == [[[3.0]], [[30.0]]]
    with pytest.raises(ValueError, match="2 head boxes for 1 annotations"):
        build_mpii(tmp_path, [mpii_entry()], **head)
    with pytest.raises(ValueError, match="headbox_file: head boxes are for evaluation"):
        build_mpii(tmp_path, [mpii_entry()], headbox_file="head.mat")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not readable as a .mat file .*; is it whole?"),
        (b"junk", "not readable as a .mat file"),
        (dict(a=1), r"headboxes_src must hold numbers \(2, 2, N\)"),
        (dict(headboxes_src="here"), r"headboxes_src must hold numbers"),
    ],
)
def test_mpii_broken_head_boxes(tmp_path, content, message):
    savemat = pytest.importorskip("scipy.io").savemat
    path = tmp_path / "head.mat"
    path.write_bytes(content) if isinstance(content, bytes) else savemat(path, content)
    with pytest.raises(ValueError, match=f"head.mat: {message}"):
        build_mpii(tmp_path, [mpii_entry()], headbox_file=str(path), test_mode=True)


def test_mpii_sample_interval(tmp_path):
    dataset = build_mpii(tmp_path, [mpii_entry(), mpii_entry(image="016.jpg")], sample_interval=2)
    assert [row["img_id"] for row in dataset.data_list] == [16]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(image="²15.jpg"), "image: must be a file named by a number"),
        (dict(image="face.jpg"), "image: must be a file named by a number, found 'face.jpg'"),
        (dict(joints=[[1, 2]] * 16, joints_vis=[1] * 15), "keypoints: 32 numbers where 48 belong"),
        (dict(scale=0.5, center=[10**400, 1]), "center, scale: a number is NaN or infinite"),
        (dict(scale=None), "center, scale: found None among the 3 numbers; give both"),
        (dict(center="here"), "center, scale: found 'here' where 3 numbers belong"),
    ],
)
def test_mpii_problems(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        build_mpii(tmp_path, [mpii_entry(), mpii_entry(**changes)], test_mode=True)


FRAMES = dict(frame_weights=(0.5, 0.25, 0.25), num_sampled_frame=2, frame_range=3)


def build_video(tmp_path, frame=(), **arguments):
    points = [10, 20, 2] * 17
    frame = image(1, **{"file_name": "clip/000010.jpg", "nframes": 12, **dict(frame)})
    return build(
        tmp_path, "PoseTrack18VideoDataset", [annotation(1, keypoints=points)], [frame], **{**FRAMES, **arguments}
    )


def test_video_frames_are_drawn_anew_in_each_epoch(tmp_path):
    dataset = build_video(tmp_path)
    drawn = set()
    for epoch in range(40):
        dataset.set_epoch(epoch)
        path, *others = dataset.get_data_info(0)["img_path"]
        assert path == "clip/000010.jpg"
        assert len(others) == 2
        drawn.update(others)
    assert drawn == {f"clip/{number:06d}.jpg" for number in (7, 8, 9, 10, 11)}


def test_video_fixed_frames(tmp_path):
    fixed = dict(frame_sampler_mode="fixed", frame_indices=[1, -1, 0])
    assert build_video(tmp_path, **fixed).get_data_info(0)["img_path"] == [
        f"clip/{number:06d}.jpg" for number in (10, 9, 10, 11)
    ]
    assert len(build_video(tmp_path, **fixed, test_mode=True).get_data_info(0)["img_path"]) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(frame_weights=(0.5, 0.6)), "frame_weights: must be >= 0 and sum to 1"),
        (dict(frame_weights=(0.5, 0.5)), "2 weights for 3 frames"),
        (dict(frame_sampler_mode="often"), "'often' must be 'random' or 'fixed'"),
        (dict(frame_range=(1, 2)), "frame_range: must be an offset <= 0 and one >= 0"),
        (dict(frame_indices=["1"]), "frame_indices: must be whole numbers"),
    ],
)
def test_video_arguments(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        build_video(tmp_path, **arguments)


@pytest.mark.parametrize(
    "frame", [dict(nframes=...), dict(nframes="12"), dict(nframes=0), dict(file_name="clip/a.jpg")]
)
def test_video_frames_have_numbers(tmp_path, frame):
    with pytest.raises(ValueError, match="image 1 needs a file named by its frame's number and nframes"):
        build_video(tmp_path, frame)


def test_video_of_other_files(tmp_path):
    paths = build_video(tmp_path, dict(file_name="clip/000010.png")).get_data_info(0)["img_path"]
    assert all(path.endswith(".png") for path in paths)


def build_hands(shared, tmp_path, change=lambda data: None, **arguments):
    folder = shared / "data" / "samples" / "interhand2.6m"
    data = json.loads((folder / "test_interhand2.6m_data.json").read_text())
    change(data["annotations"][0])
    (tmp_path / "hands.json").write_text(json.dumps(data))
    files = dict(
        camera_param_file=str(folder / "test_interhand2.6m_camera.json"),
        joint_file=str(folder / "test_interhand2.6m_joint_3d.json"),
    )
    config = dict(type="InterHand3DDataset", ann_file=str(tmp_path / "hands.json"), test_mode=True, **files)
    return DATASETS.build({**config, **arguments})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(bbox=None), "bbox: found None where 4 numbers belong"),
        (dict(joint_valid=[1] * 41), "joint_valid: 41 numbers where 42 belong"),
        (dict(hand_type="both"), "hand_type 'both' must be one of right, left, interacting"),
    ],
)
def test_hands_problems(shared, tmp_path, changes, message):
    with pytest.raises(ValueError, match=f"1 problem in the annotations(.|\n)*{message}"):
        build_hands(shared, tmp_path, lambda annotation: annotation.update(changes))


@pytest.mark.parametrize(("size", "kept"), [(2.5, 2.5), (10**400, 10**400)])
def test_face_sizes(tmp_path, size, kept):
    face = annotation(1, keypoints=[10, 20, 1] * 19, center=[50, 40], scale=0.2, box_size=size)
    assert build(tmp_path, "AFLWDataset", [face], [image(1)]).get_data_info(0)["box_size"] == kept


def test_hands_without_root_depths(shared, tmp_path):
    (tmp_path / "roots.json").write_text('[{"annot_id": 1}]')
    roots = dict(use_gt_root_depth=False, rootnet_result_file=str(tmp_path / "roots.json"))
    with pytest.raises(ValueError, match=r"roots.json: must be a list of dicts with annot_id, bbox and abs_depth"):
        build_hands(shared, tmp_path, **roots)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(keypoints=[1] * 266), "keypoints: must be a list of 133 lists of 2 numbers"),
        (dict(keypoints=[[1, 2]] * 132), "keypoints: 264 numbers where 266 belong"),
        (dict(camera_param=dict(focal="far")), "camera_param.focal: found 'far' where 2 numbers belong"),
        (dict(scale="a"), "scale: found 'a' where 2 numbers belong"),
        (dict(bbox=[1]), "bbox: 1 numbers where 4 belong"),
    ],
)
def test_ubody3d_problems(shared, tmp_path, changes, message):
    data = json.loads((shared / "data" / "samples" / "ubody3d" / "ubody3d_train.json").read_text())
    data["annotations"][0].update(changes)
    with pytest.raises(ValueError, match=message):
        build(tmp_path, "UBody3dDataset", data["annotations"], data["images"], test_mode=True)


def test_row_metainfo_can_be_replaced():
    dataset = DATASETS.build(dict(type="CocoDataset", lazy_init=True, metainfo=dict(from_file="lsp")))
    assert dataset.metainfo["num_keypoints"] == 14
    assert load_metainfo(dict(from_file="lsp"))["dataset_name"] == "lsp"

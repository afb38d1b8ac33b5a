"""What every registered metric promises."""

from __future__ import annotations

import copy
import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from posekit.evaluation.metrics.base import BaseMetric
from posekit.registry import METRICS

NAMES = [
    "right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle", "pelvis", "thorax", "upper_neck",
    "head_top", "right_wrist", "right_elbow", "right_shoulder", "left_shoulder", "left_elbow", "left_wrist", "head",
]  # fmt: skip
SETTINGS = {
    "NME": dict(norm_mode="keypoint_distance", keypoint_indices=[0, 5]),
    "PCKAccuracy": dict(norm_item=["bbox", "head", "torso"]),
    "KeypointPartitionMetric": dict(metric=dict(type="EPE"), partitions=dict(few=[3, 1], all=list(range(17)))),
    "MultiDatasetEvaluator": dict(metrics=[dict(type="EPE")], datasets=[dict(type="CocoDataset")]),
}
LARGER_IS_BETTER = {
    "AUC", "PCKAccuracy", "MpiiPCKAccuracy", "JhmdbPCKAccuracy", "CocoMetric", "CocoWholeBodyMetric",
    "PoseTrack18Metric",
}  # fmt: skip
COUNTS = {"CocoWholeBodyMetric": 133, "InterHandMetric": 42}
WHOLEBODY = {"keypoints": 17, "foot_kpts": 6, "face_kpts": 68, "lefthand_kpts": 21, "righthand_kpts": 21}


def metainfo(count: int) -> dict:
    names = [*NAMES, *(f"point_{i}" for i in range(len(NAMES), count))][:count]
    return dict(
        dataset_name="made_up", num_keypoints=count, sigmas=np.full(count, 0.05),
        keypoint_id2name=dict(enumerate(names)), keypoint_name2id={n: i for i, n in enumerate(names)},
    )  # fmt: skip


def made_up_samples(count: int, noise: float, seed: int = 0) -> list[dict]:
    rng = np.random.default_rng(seed)
    samples = []
    for number in range(1, 7):
        flat, solid = rng.uniform(0, 100, (1, count, 2)), rng.normal(size=(1, count, 3))
        keypoints = {3: solid, 2: flat}
        visible = np.ones((1, count))
        parts = np.split(np.c_[flat[0], 2 * visible[0]], np.cumsum(list(WHOLEBODY.values()))[:-1] if count > 17 else [])
        annotation = dict(
            id=number, image_id=number // 2, category_id=1, iscrowd=0, bbox=[0, 0, 100, 100], area=6000.0,
            num_keypoints=count, bbox_head=[0, 0, 30, 40],
            **{name: part.ravel().tolist() for name, part in zip(WHOLEBODY, parts, strict=False)},
        )  # fmt: skip
        samples.append(
            dict(
                id=number, img_id=number // 2, category_id=1, raw_ann_info=annotation, ori_shape=(100, 100),
                target_img_path=[f"S9_Walking_{number}.5_1.jpg"], dataset_name="coco",
                gt_instances=dict(
                    keypoints=flat.astype(np.float32), keypoints_visible=visible, lifting_target=solid,
                    lifting_target_visible=visible, bboxes=np.array([[0, 0, 100, 100.0]]), head_size=np.array([[20.0]]),
                ),
                pred_instances={
                    d: dict(keypoints=points + rng.normal(0, noise, points.shape), keypoint_scores=np.ones((1, count)))
                    for d, points in keypoints.items()
                },
            )
        )  # fmt: skip
    return samples


def show_hands(sample: dict) -> None:
    """Make the 3D joints those of two hands before a camera, the predicted ones as InterNet gives them."""
    focal, center = np.full(2, 1500.0), np.full(2, 256.0)
    solid, noisy = (joints * 30 + [0, 0, 900] for joints in (sample["gt_instances"]["lifting_target"],
                                                           sample["pred_instances"][3]["keypoints"]))  # fmt: skip
    roots = solid[0, [20, 41], 2]
    pixels = noisy[..., :2] / noisy[..., 2:] * focal + center
    depth = noisy[..., 2] - np.repeat(roots, 21)
    sample.update(
        hand_type=np.ones((1, 2)),
        hand_type_valid=np.ones(1),
        abs_depth=roots.tolist(),
        focal=focal,
        principal_pt=center,
    )
    sample["gt_instances"]["keypoints_cam"] = solid
    sample["pred_instances"][2].update(
        keypoints=np.concatenate([pixels, depth[..., None]], axis=-1),
        rel_root_depth=np.diff(roots),
        hand_type=np.array([[1, int(np.allclose(solid, noisy))]]),
    )


@pytest.fixture(params=METRICS.names())
def name(request):
    return request.param


@pytest.fixture(autouse=True)
def _posetrack_file(tmp_path_factory, monkeypatch):
    """The labels of the samples as one file, which PoseTrack18Metric cannot do without."""
    labels = [sample["raw_ann_info"] for sample in made_up_samples(17, 0)]
    path = tmp_path_factory.mktemp("labels") / "labels.json"
    path.write_text(json.dumps(dict(images=[dict(id=i) for i in range(4)], annotations=labels)))
    monkeypatch.setitem(SETTINGS, "PoseTrack18Metric", dict(ann_file=str(path)))


def evaluate(name: str, noise: float, **settings) -> dict[str, float]:
    count = COUNTS.get(name, 17)
    metric = METRICS.build(dict(type=name, **SETTINGS.get(name, {}), **settings))
    metric.dataset_meta = metainfo(count)
    samples = made_up_samples(count, noise)
    for sample in samples:
        if name == "InterHandMetric":
            show_hands(sample)
        sample["pred_instances"] = sample["pred_instances"][3 if "MPJPE" in name else 2]
        if name == "MpiiPCKAccuracy":
            sample["pred_instances"]["keypoints"] -= 1
    metric.process(None, samples[:4])
    metric.process(None, samples[4:])
    return metric.evaluate(len(samples))


def test_is_a_metric(name):
    assert issubclass(METRICS.get(name), BaseMetric)


def test_values_are_plain_numbers_and_reproducible(name):
    values = evaluate(name, noise=2.0)
    assert values
    assert all(type(value) is float and np.isfinite(value) for value in values.values())
    assert values == evaluate(name, noise=2.0)


def test_perfect_predictions_are_best(name):
    perfect, worse = evaluate(name, noise=0.0), evaluate(name, noise=20.0)
    main = next(key for key in perfect if not key.endswith(("(M)", "(L)")))
    if name in LARGER_IS_BETTER:
        assert perfect[main] > worse[main]
        assert perfect[main] >= 0.9
    else:
        assert perfect[main] == pytest.approx(0, abs=1e-5)
        assert worse[main] > 0


def test_prefix(name):
    assert all(key.startswith("val/") for key in evaluate(name, noise=1.0, prefix="val"))


def test_nothing_processed_is_an_error(name):
    metric = METRICS.build(dict(type=name, **SETTINGS.get(name, {})))
    with pytest.raises(ValueError, match="no sample was processed"):
        metric.evaluate(3)


def test_collect_device_is_checked(name):
    with pytest.raises(ValueError, match="use 'cpu' or 'gpu'"):
        METRICS.build(dict(type=name, **SETTINGS.get(name, {}), collect_device="disk"))


def test_samples_without_predictions_are_named(name):
    metric = METRICS.build(dict(type=name, **SETTINGS.get(name, {})))
    metric.dataset_meta = metainfo(17)
    sample = copy.deepcopy(made_up_samples(17, 0)[0])
    del sample["pred_instances"]
    with pytest.raises(ValueError, match=r"sample 1 has no pred_instances\.keypoints"):
        metric.process(None, [sample])


def test_padded_samples_are_dropped():
    metric = METRICS.build(dict(type="EPE"))
    samples = made_up_samples(17, 0)
    for sample in samples:
        sample["pred_instances"] = dict(keypoints=sample["gt_instances"]["keypoints"] + (sample["id"] > 4) * 50.0)
    metric.process(None, samples)
    assert metric.evaluate(4)["EPE"] == 0


def test_objects_and_tensors_are_read_like_dictionaries():
    torch = pytest.importorskip("torch")
    from posekit.structures import InstanceData, PoseDataSample

    metric = METRICS.build(dict(type="EPE"))
    points = np.zeros((1, 3, 2), np.float32)
    sample = PoseDataSample(
        gt_instances=InstanceData(keypoints=points, keypoints_visible=np.ones((1, 3))),
        pred_instances=InstanceData(keypoints=torch.from_numpy(points + 3)),
        metainfo=dict(id=1),
    )
    metric.process(None, [sample])
    assert metric.evaluate(1)["EPE"] == pytest.approx(18**0.5)


def test_missing_meta_information_is_named():
    metric = METRICS.build(dict(type="PCKAccuracy", norm_item="torso"))
    sample = made_up_samples(17, 0)[0]
    sample["pred_instances"] = sample["pred_instances"][2]
    with pytest.raises(ValueError, match=r"set metric\.dataset_meta"):
        metric.process(None, [sample])


def test_results_of_several_ranks_come_in_the_samplers_order(monkeypatch):
    from posekit.evaluation.metrics.base import gather

    def all_gather_object(parts, mine):
        parts[:] = [mine, ["b", "d"]]

    distributed = SimpleNamespace(
        is_available=lambda: True, is_initialized=lambda: True, get_world_size=lambda: 2,
        all_gather_object=all_gather_object,
    )  # fmt: skip
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(distributed=distributed))
    assert gather(["a", "c", "e"]) == ["a", "b", "c", "d", "e"]

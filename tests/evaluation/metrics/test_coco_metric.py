from __future__ import annotations

import json

import numpy as np
import pytest

from posekit.evaluation.metrics.coco_metric import CocoMetric, pose_scores
from posekit.keypoints.skeleton import load_metainfo

POINTS = np.array([[10, 10], [60, 10], [10, 90]], float)
META = dict(dataset_name="corner", num_keypoints=3, sigmas=np.full(3, 0.05))


def label(number: int, image: int, shift: float = 0.0, **changes) -> dict:
    return dict(
        id=number, image_id=image, category_id=1, iscrowd=0, area=4000.0, bbox=[shift, 0, 80, 100], num_keypoints=3,
        keypoints=np.c_[POINTS + np.array([shift, 0]), [2, 2, 2]].ravel().tolist(),
    ) | changes  # fmt: skip


def sample(number: int, image: int, shift: float = 0.0, score: float = 1.0, **changes) -> dict:
    return dict(
        id=number, img_id=image, raw_ann_info=label(number, image, shift),
        gt_instances=dict(bbox_scores=np.ones(1), bbox_scales=np.array([[100.0, 125.0]])),
        pred_instances=dict(keypoints=(POINTS + np.array([shift, 0]))[None], keypoint_scores=np.full((1, 3), score)),
    ) | changes  # fmt: skip


@pytest.fixture
def ann_file(tmp_path):
    def write(*labels, **changes):
        images = [dict(id=i, crowdIndex=0.1 * i) for i in range(1, 10)]
        path = tmp_path / "labels.json"
        path.write_text(json.dumps(dict(images=images, annotations=list(labels)) | changes))
        return str(path)

    return write


def run(*samples, meta=META, **settings) -> dict[str, float]:
    metric = CocoMetric(**settings)
    metric.dataset_meta = meta
    metric.process(None, list(samples))
    return metric.evaluate(len(samples))


def test_labels_come_from_the_samples_or_the_file(ann_file):
    two = [sample(1, 1), sample(2, 2)]
    assert run(*two)["coco/AP"] == pytest.approx(1)
    path = ann_file(label(1, 1), label(2, 2), label(3, 3))
    assert run(*two, ann_file=path)["coco/AR"] == pytest.approx(2 / 3)
    assert run(*two, meta=META | dict(ann_file=path))["coco/AR"] == pytest.approx(2 / 3)


def test_a_sample_predicted_twice_counts_once():
    assert run(sample(1, 1), sample(1, 1), nms_mode="none")["coco/AP"] == pytest.approx(1)


def test_nms_drops_a_copy_before_it_becomes_a_false_positive():
    doubled = sample(1, 1)
    doubled["pred_instances"] = dict(
        keypoints=np.stack([POINTS, POINTS + 1]), keypoint_scores=np.array([[0.5] * 3, [0.9] * 3])
    )
    second = sample(2, 2, score=0.4)
    assert run(doubled, second)["coco/AP"] == pytest.approx(1)
    assert run(doubled, second, nms_mode="none")["coco/AP"] < 1


def test_of_many_predictions_the_best_count():
    crowded = sample(1, 1)
    points = np.stack([POINTS + 900 + 200 * i for i in range(3)] + [POINTS])
    crowded["pred_instances"] = dict(keypoints=points, keypoint_scores=np.repeat([[0.9], [0.8], [0.7], [0.6]], 3, 1))
    assert run(crowded, max_dets=3)["coco/AR"] == 0
    assert run(crowded, max_dets=4)["coco/AR"] == pytest.approx(1)
    assert run(crowded)["coco/AR"] == pytest.approx(1)
    for wrong in (0, 2.5):
        with pytest.raises(ValueError, match=rf"CocoMetric: max_dets is {wrong}; use a whole number above 0"):
            CocoMetric(max_dets=wrong)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("mode", "expected"), [("bbox", 0.5), ("keypoint", 0.4), ("bbox_keypoint", 0.3), ("bbox_rle", 1.8)]
)
def test_score_modes(mode, expected):
    scores = pose_scores(mode, np.array([0.5]), np.array([[0.0, 0.3, 0.9]]), 0.2)
    assert scores[0] == pytest.approx(expected)


def test_no_trusted_keypoint_scores_zero():
    assert pose_scores("bbox_keypoint", np.ones(1), np.full((1, 3), 0.1), 0.2)[0] == 0


def test_predictions_without_any_found_keypoint_do_not_count():
    empty = sample(2, 1, 300, score=0.0, raw_ann_info=label(1, 1))
    assert run(sample(1, 1), empty, nms_mode="none", score_mode="bbox")["coco/AP .5"] == pytest.approx(1)


def test_crowd_levels(ann_file):
    path = ann_file(label(1, 1), label(2, 5), label(3, 9, num_keypoints=0))
    values = run(sample(1, 1), sample(2, 5, 300), ann_file=path, iou_type="keypoints_crowd")
    names = ["AP", "AP .5", "AP .75", "AR", "AR .5", "AR .75", "AP(E)", "AP(M)", "AP(H)"]
    assert list(values) == [f"coco/{name}" for name in names]
    levels = [values[f"coco/AP({level})"] for level in "EMH"]
    assert levels == pytest.approx([1, 0, -1])


def test_crowd_index_is_required():
    with pytest.raises(ValueError, match="image 1 has no crowd index"):
        run(sample(1, 1), iou_type="keypoints_crowd")


def test_area_of_the_box(ann_file):
    without = {key: value for key, value in label(1, 1).items() if key != "area"}
    assert run(sample(1, 1), ann_file=ann_file(without), use_area=False)["coco/AP"] == pytest.approx(1)
    with pytest.raises(ValueError, match="annotation 1 has no area; set use_area=False"):
        run(sample(1, 1), ann_file=ann_file(without))


def test_result_file(tmp_path):
    one = sample(1, 4, score=0.5)
    one["pred_instances"]["bboxes"] = np.array([[1, 2, 11, 22.0]])
    prefix = tmp_path / "deep" / "run"
    assert run(one, outfile_prefix=str(prefix), format_only=True, score_mode="keypoint") == {}
    (row,) = json.loads((tmp_path / "deep" / "run.keypoints.json").read_text())
    assert row == dict(
        image_id=4, category_id=1, score=0.5, bbox=[1, 2, 10, 20], keypoints=np.c_[POINTS, [0.5] * 3].ravel().tolist()
    )
    assert list(prefix.parent.iterdir()) == [tmp_path / "deep" / "run.keypoints.json"]


def test_wholebody_result_file_has_its_fields():
    from posekit.evaluation.metrics.coco_wholebody_metric import CocoWholeBodyMetric

    fields = CocoWholeBodyMetric().split_parts(list(range(133 * 3)))
    assert {name: len(numbers) // 3 for name, numbers in fields.items()} == dict(
        keypoints=17, foot_kpts=6, face_kpts=68, lefthand_kpts=21, righthand_kpts=21
    )


def test_converters(ann_file):
    swap = dict(num_keypoints=2, mapping=[(1, 0), ((0, 2), 1)])
    assert run(sample(1, 1), ann_file=ann_file(label(1, 1)), pred_converter=swap, gt_converter=swap)[
        "coco/AP"
    ] == pytest.approx(1)


def test_converters_take_a_named_mapping(tmp_path):
    people = [dict(label(1, 1), keypoints=np.c_[np.arange(28.0).reshape(14, 2), np.full(14, 2)].ravel().tolist())]
    path = tmp_path / "aic.json"
    path.write_text(json.dumps(dict(images=[dict(id=1)], annotations=people)))
    found = sample(1, 1)
    found["pred_instances"] = dict(
        keypoints=np.arange(28, dtype=np.float32).reshape(1, 14, 2), keypoint_scores=np.ones((1, 14))
    )
    converter = dict(type="KeypointConverter", mapping="aic_to_coco")
    metric = CocoMetric(str(path), pred_converter=converter, gt_converter=converter, sigmas=[0.1] * 17)
    metric.dataset_meta = load_metainfo(dict(from_file="aic"))
    metric.process({}, [found])
    assert metric.evaluate(1)["coco/AP"] == pytest.approx(1)
    assert metric.dataset_meta["num_keypoints"] == 17


@pytest.mark.parametrize(
    ("converter", "message"),
    [
        (dict(mapping=[(0, 0)]), "CocoMetric.pred_converter: needs num_keypoints"),
        (dict(num_keypoints=1, mapping=[(9, 0)]), "CocoMetric.pred_converter: takes keypoint 9 of a set of 3"),
        (dict(mapping="aic_to_nowhere"), "nowhere"),
        (dict(mapping="aic_to_coco", num_keypoints=3), "3, but aic_to_coco makes 17"),
    ],
)
def test_wrong_converter(converter, message):
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        run(sample(1, 1), pred_converter=converter)


def test_category_of_bottom_up_samples():
    assert run(sample(1, 1, category_id=[1, 1], id=[1, 2]))["coco/AP"] == pytest.approx(1)


def test_own_sigmas_in_place_of_those_of_the_set():
    shifted = sample(1, 1)
    shifted["pred_instances"]["keypoints"] = POINTS[None] + 8.0
    strict, lenient = (run(shifted, sigmas=[sigma] * 3)["coco/AP"] for sigma in (0.01, 1.0))
    assert (strict, lenient) == (0, pytest.approx(1))
    assert run(shifted, sigmas=[1.0] * 3, meta=META | dict(sigmas=[]))["coco/AP"] == pytest.approx(1)


def test_weights_of_keypoints():
    wrong = sample(1, 1)
    wrong["pred_instances"]["keypoints"] = POINTS[None] + np.array([[0, 0], [500, 0], [0, 0]])
    assert run(wrong, keypoint_weights=[9, 1, 9])["coco/AP"] == pytest.approx(0.9)  # OKS 18/19: not at 0.95
    assert run(wrong, keypoint_weights=[1, 9, 1])["coco/AP"] == 0


def test_ap_of_single_keypoints():
    metric = CocoMetric(keypoint_ap=True)
    metric.dataset_meta = META | dict(keypoint_id2name={0: "a", 1: "b", 2: "c"})
    wrong = sample(1, 1)
    wrong["pred_instances"]["keypoints"] = POINTS[None] + np.array([[0, 0], [500, 0], [0, 0]])
    metric.process(None, [wrong])
    metric.evaluate(1)
    assert metric.per_keypoint == {"AP": {"a": pytest.approx(1), "b": 0, "c": pytest.approx(1)}}


@pytest.mark.parametrize("name", ["sigmas", "keypoint_weights"])
@pytest.mark.parametrize(
    ("values", "message"),
    [([1, 0, 1], "give a number above 0 for each keypoint"), ([1, 1], "2 values for 3 keypoints; give one for each")],
)
def test_wrong_numbers(name, values, message):
    with pytest.raises(ValueError, match=rf"CocoMetric\.{name}: {message}"):
        run(sample(1, 1), **{name: values})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(iou_type="boxes"), "iou_type is 'boxes'; use keypoints, keypoints_crowd"),
        (dict(score_mode="best"), "score_mode is 'best'; use bbox_keypoint, "),
        (dict(nms_mode="fast"), "nms_mode is 'fast'; use oks_nms, soft_oks_nms, none"),
        (dict(format_only=True), "say where with outfile_prefix"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(ValueError, match=message):
        CocoMetric(**settings)


@pytest.mark.parametrize(
    ("content", "message"),
    [("{", "is no valid JSON"), ('{"images": []}', "no annotations; a COCO"), ("[]", "no images")],
)
def test_wrong_annotation_file(content, message, tmp_path):
    (tmp_path / "labels.json").write_text(content)
    with pytest.raises(ValueError, match=message):
        CocoMetric(ann_file=str(tmp_path / "labels.json"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(img_id=77), "image 77, which the annotation file does not list"),
        (dict(img_id=None), "sample 1 has no img_id"),
        (dict(pred_instances=dict(keypoints=POINTS, keypoint_scores=np.ones(3))), r"expected \(N, K, 2\)"),
    ],
)
def test_wrong_samples(change, message, ann_file):
    with pytest.raises(ValueError, match=message):
        run(sample(1, 1, **change), ann_file=ann_file(label(1, 1)))


def test_wrong_labels(ann_file):
    with pytest.raises(ValueError, match="annotation 1: 6 numbers in keypoints, but 3 keypoints have 9"):
        run(sample(1, 1), ann_file=ann_file(label(1, 1, keypoints=[0] * 6)))


def test_labels_are_required():
    with pytest.raises(ValueError, match="no labels to compare with; give ann_file"):
        run(sample(1, 1, raw_ann_info=None))


def test_a_set_without_sigmas_has_no_oks():
    with pytest.raises(ValueError, match="'corner' has no sigmas, so there is no OKS"):
        run(sample(1, 1), meta=META | dict(sigmas=[]))

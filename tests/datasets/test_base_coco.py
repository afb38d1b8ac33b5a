"""COCO-style datasets: modes, detections, filters, hooks of subclasses, seeds and refetching."""

from __future__ import annotations

import json
import logging
import pickle
from typing import Any

import cv2
import numpy as np
import pytest
from coco_files import TRIANGLE, annotation, image, write

from posekit.datasets.base_coco import BaseCocoStyleDataset
from posekit.datasets.readers.coco import CocoFormat, CocoReader
from posekit.datasets.transforms.base import BaseTransform
from posekit.registry import DATASETS


def build(path, **arguments):
    return BaseCocoStyleDataset(path, metainfo=TRIANGLE, **arguments)


def same(row, expected):
    assert row.keys() == expected.keys()
    for key, value in row.items():
        assert value == expected[key] if isinstance(value, list) else np.array_equal(value, expected[key]), key


class WithExtra(BaseCocoStyleDataset):
    """Hands on two keys that a file may have."""

    METAINFO = TRIANGLE
    FORMAT = CocoFormat(extra=("head_size", "label"))


class Extra(WithExtra):
    """Hands on the same from a hook, None where an annotation lacks them, as hooks written for MMPose do."""

    def parse_data_info(self, raw_data_info):
        ann = raw_data_info["raw_ann_info"]
        more = {key: ann.get(key) for key in ("head_size", "label", "segmentation")}
        return dict(super().parse_data_info(raw_data_info) or {}, **more)


@pytest.fixture
def path(tmp_path):
    annotations = [
        annotation(1),
        annotation(2, 2, bbox=[-5, 0, 50, 200], area=...),
        annotation(3, 1, iscrowd=1, segmentation={"counts": [1, 2], "size": [80, 100]}),
        annotation(4, 1, keypoints=[0] * 9, num_keypoints=0),
        annotation(5, 2, keypoints=...),
    ]
    return write(tmp_path, annotations, [image(2), image(1), image(3)])


def test_topdown(path):
    dataset = build(path, data_prefix=dict(img="images"))
    assert len(dataset) == 2
    second, first = dataset.get_data_info(0), dataset.get_data_info(1)
    assert first["img_path"] == "images/1.jpg"
    assert (first["id"], first["img_id"], first["num_keypoints"], first["iscrowd"]) == (1, 1, 2, 0)
    assert first["bbox"].tolist() == [[10, 20, 40, 60]]
    assert first["keypoints"].shape == (1, 3, 2)
    assert first["keypoints_visible"].tolist() == [[1, 1, 0]]
    assert first["bbox_score"].tolist() == [1]
    assert first["segmentation"] == [[10, 20, 40, 20, 40, 60]]
    assert first["flip_indices"] == [0, 2, 1]
    assert first["sample_idx"] == 1
    assert second["bbox"].tolist() == [[0, 0, 45, 79]]
    assert second["area"] == pytest.approx(45 * 79 * 0.53)


def test_training_reads_the_numbers_that_evaluation_reads(tmp_path):
    points = [15.25, 25, 2, 20, 30, 1, 0, 0, 0]
    path = write(tmp_path, [annotation(1, keypoints=points), annotation(2, 2), annotation(3, 2)])
    train, test = build(path), build(path, test_mode=True)
    for one, other in zip(train.data_list, test.data_list, strict=True):
        assert all(np.array_equal(one[key], other[key]) for key in ("keypoints", "keypoints_visible", "bbox", "area"))
    assert test.get_data_info(0)["raw_ann_info"]["keypoints"] == points


def test_keypoints_in_parts_are_read_alike_from_lists_and_arrays(tmp_path):
    class Parts(BaseCocoStyleDataset):
        METAINFO = TRIANGLE
        FORMAT = CocoFormat(keypoints=("keypoints", "hand"))

    path = write(tmp_path, [annotation(1, keypoints=[15, 25, 2, 20, 30, 1], hand=[7, 8, 1.0])])
    rows = [Parts(path, test_mode=test_mode).get_data_info(0)["keypoints"] for test_mode in (False, True)]
    assert rows[0].tolist() == rows[1].tolist() == [[[15, 25], [20, 30], [7, 8]]]


class EveryOther(CocoReader):
    def expand(self, annotations):
        return annotations[::2]


def test_a_dataset_chooses_its_reader(tmp_path):
    class Halved(BaseCocoStyleDataset):
        METAINFO = TRIANGLE

        def make_reader(self):
            return self.coco_reader(EveryOther)

    assert len(Halved(write(tmp_path, [annotation(1), annotation(2), annotation(3)]))) == 2


def test_bottomup(path):
    info = build(path, data_mode="bottomup").get_data_info(1)
    assert info["img_id"] == 1
    assert info["id"] == [1, 3, 4]
    assert info["keypoints"].shape == (3, 3, 2)
    assert info["iscrowd"] == [0, 1, 0]
    assert info["invalid_segs"] == [{"counts": [1, 2], "size": [80, 100]}, [[10, 20, 40, 20, 40, 60]]]


SEGMENTS = [[10, 20, 40, 20, 40, 60]]


@pytest.mark.parametrize("hooked", [False, True])
@pytest.mark.parametrize("data_mode", ["topdown", "bottomup"])
@pytest.mark.parametrize("segmentation", [..., None])
def test_what_a_file_lacks_is_not_in_the_samples(tmp_path, data_mode, hooked, segmentation):
    path = write(tmp_path, [annotation(1, segmentation=segmentation), annotation(2, iscrowd=1, segmentation=...)])
    sample = (Extra if hooked else WithExtra)(path, data_mode=data_mode).own_record(0)
    assert not {"segmentation", "head_size", "label"} & set(sample)
    assert all(value is not None for value in sample.values())
    assert sample.get("invalid_segs", []) == []


@pytest.mark.parametrize("hooked", [False, True])
def test_what_some_annotations_lack(tmp_path, hooked):
    whole: dict[str, Any] = dict(label="a", head_size=[7])
    annotations = [
        annotation(1, **whole),
        annotation(2, label=None, segmentation=...),
        annotation(3, iscrowd=1, segmentation=...),
        annotation(4, 2, iscrowd=1, **whole),
        annotation(5, 2),
    ]
    kind, path = Extra if hooked else WithExtra, write(tmp_path, annotations)
    first, second, last = list(kind(path).data_list)
    assert (first["segmentation"], first["label"]) == (SEGMENTS, "a")
    assert not {"segmentation", "label", "head_size"} & set(second)
    assert last["segmentation"] == SEGMENTS
    one, other = list(kind(path, data_mode="bottomup").data_list)
    assert (one["segmentation"], one["label"]) == ([SEGMENTS, None, None], ["a", None, None])
    assert one["invalid_segs"] == []
    assert (other["segmentation"], other["label"]) == ([SEGMENTS, SEGMENTS], ["a", None])
    assert other["invalid_segs"] == [SEGMENTS]


def test_arrays_that_some_instances_lack_are_not_merged(tmp_path):
    class Marked(WithExtra):
        def parse_data_info(self, raw_data_info):
            instance: Any = super().parse_data_info(raw_data_info)
            return {**instance, "mark": None if instance["id"] == 1 else np.ones((1, 2))}

    dataset = Marked(write(tmp_path, [annotation(1), annotation(2), annotation(3, 2)]), data_mode="bottomup")
    assert ["mark" in row for row in dataset.data_list] == [False, True]


def test_bottomup_evaluation_has_images_without_instances(path):
    assert len(build(path, data_mode="bottomup")) == 2
    dataset = build(path, data_mode="bottomup", test_mode=True)
    assert [dataset.get_data_info(i)["img_id"] for i in range(3)] == [2, 1, 3]
    assert dataset.get_data_info(2)["keypoints"].shape == (0, 3, 2)
    assert dataset.get_data_info(1)["raw_ann_info"][0]["id"] == 1


def test_evaluation_keeps_the_raw_annotation(path):
    raw = build(path, test_mode=True).get_data_info(1)["raw_ann_info"]
    assert raw == annotation(1)
    assert "raw_ann_info" not in build(path).get_data_info(1)


@pytest.mark.parametrize("data_mode", ["topdown", "bottomup"])
def test_without_serialised_data(path, data_mode):
    shared, plain = (build(path, data_mode=data_mode, serialize_data=value) for value in (True, False))
    assert len(shared) == len(plain)
    for index in range(len(shared)):
        same(shared.get_data_info(index), plain.get_data_info(index))


@pytest.mark.parametrize(("indices", "ids"), [(1, [2]), (-1, [1]), ([1, 0], [1, 2]), ([-1], [1]), ([], [])])
def test_indices(path, indices, ids):
    dataset = build(path, indices=indices)
    assert [dataset.get_data_info(i)["id"] for i in range(len(dataset))] == ids


def test_indices_out_of_range(path):
    with pytest.raises(ValueError, match="must be whole numbers below 2, the number of samples"):
        build(path, indices=[5])


def test_subset_and_pickle(path):
    dataset = pickle.loads(pickle.dumps(build(path).get_subset([1])))
    assert len(dataset) == 1
    assert dataset.get_data_info(0)["id"] == 1


def test_sample_interval(path):
    assert [row["id"] for row in build(path, sample_interval=2).data_list] == [2]


def test_lazy_init(tmp_path):
    dataset = build(str(tmp_path / "missing.json"), lazy_init=True)
    assert dataset.metainfo["num_keypoints"] == 3
    with pytest.raises(FileNotFoundError, match=r"missing.json' is not there"):
        len(dataset)


def test_categories_are_kept(path):
    assert build(path).metainfo["CLASSES"] == [{"id": 1, "name": "person"}]


@pytest.fixture
def detections(tmp_path):
    found = [
        dict(image_id=1, category_id=1, bbox=[1, 2, 3, 4], score=0.9),
        dict(image_id=2, category_id=1, bbox=[1, 2, 300, 400], score=0.2),
        dict(image_id=2, category_id=2, bbox=[1, 2, 3, 4], score=0.8),
    ]
    (tmp_path / "detections.json").write_text(json.dumps(found))
    return str(tmp_path / "detections.json")


def test_detections(path, detections):
    dataset = build(path, bbox_file=detections, test_mode=True)
    info = dataset.get_data_info(1)
    assert info["bbox"].tolist() == [[1, 2, 301, 402]]
    assert info["bbox_score"] == pytest.approx(0.2)
    assert info["keypoints"].tolist() == np.zeros((1, 3, 2)).tolist()
    assert info["id"] == 1
    kept = build(path, bbox_file=detections, test_mode=True, filter_cfg=dict(bbox_score_thr=0.5))
    assert [row["img_id"] for row in kept.data_list] == [1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(data_mode="middle"), "data_mode: 'middle' must be 'topdown' or 'bottomup'"),
        (dict(bbox_file="a.json", data_mode="bottomup"), "detections need data_mode='topdown', found 'bottomup'"),
        (dict(data_mode="bottomup", filter_cfg=dict(bbox_score_thr=0.1)), "bbox_score_thr needs data_mode='topdown'"),
        (dict(metainfo=5), "metainfo: must be a dict, found int"),
        (dict(metainfo=dict(from_file=None)), "from_file: must be a keypoint set's name or file, found None"),
        (dict(data_prefix="train/"), r"data_prefix: must be a dict of folders, as in dict\(img='images/'\)"),
        (dict(data_prefix=dict(img=3)), "data_prefix: must be a dict of folders"),
        (dict(data_prefix=dict(img_path="a/")), "images goes under 'img', found only 'img_path'"),
        (dict(filter_cfg=["a"]), "filter_cfg: must be a dict, found"),
        (dict(filter_cfg=dict(bbox_score_thr="0.5")), "bbox_score_thr must be a number, found '0.5'"),
        (dict(filter_cfg=dict(bbox_score_thr=2)), "filter_cfg: none of 2 boxes scores 2 or more"),
        (dict(sample_interval=0), "sample_interval: must be a whole number from 1 on, found 0"),
        (dict(max_refetch=-1), "max_refetch: must be a whole number from 0 on, found -1"),
    ],
)
def test_arguments(path, arguments, message):
    with pytest.raises((ValueError, TypeError), match=message):
        BaseCocoStyleDataset(path, **{"metainfo": TRIANGLE, **arguments})


@pytest.mark.parametrize("path", [["a.json", "b.json"], 3])
def test_one_annotation_file(path):
    with pytest.raises(ValueError, match="ann_file: must be the path of one file, found"):
        build(path)


def test_filters_without_effect_are_named(path, caplog):
    assert len(build(path, filter_cfg=dict(filter_empty_gt=False, bbox_score_thr=0.5))) == 2
    assert "filter_cfg: 'filter_empty_gt' without effect; it knows bbox_score_thr" in caplog.text


def test_detections_are_for_evaluation(path, caplog):
    assert len(build(path, bbox_file="unread.json")) == 2
    assert "bbox_file: detections are for evaluation; ignored, as test_mode is False" in caplog.text


def test_detections_of_other_categories(path, tmp_path):
    (tmp_path / "others.json").write_text(json.dumps([dict(image_id=1, category_id=2, bbox=[1, 2, 3, 4], score=1)]))
    with pytest.raises(ValueError, match=r"others.json: no box of category_id 1 on an image of"):
        build(path, bbox_file=str(tmp_path / "others.json"), test_mode=True)


class Doubled(BaseCocoStyleDataset):
    """Every annotation twice."""

    METAINFO = TRIANGLE

    def _load_annotations(self):
        instances, images = super()._load_annotations()
        return [dict(one, note={"turn": turn}) for one in instances for turn in (1, 2)], images


class LeftOut(BaseCocoStyleDataset):
    """Without the annotation 1."""

    METAINFO = TRIANGLE

    def parse_data_info(self, raw_data_info):
        return None if raw_data_info["raw_ann_info"]["id"] == 1 else super().parse_data_info(raw_data_info)


@pytest.mark.parametrize("serialize", [True, False])
def test_hooks_of_subclasses(path, serialize):
    doubled = Doubled(path, serialize_data=serialize)
    assert [doubled.get_data_info(i)["id"] for i in range(4)] == [2, 2, 1, 1]
    assert doubled.get_data_info(1)["note"] == {"turn": 2}
    left = LeftOut(path, data_mode="bottomup", serialize_data=serialize)
    assert [left.get_data_info(i)["id"] for i in range(2)] == [[2], [3, 4]]
    assert left.get_data_info(1)["bbox"].shape == (2, 4)


def test_hooks_read_what_the_columns_read(path):
    class Same(BaseCocoStyleDataset):
        def parse_data_info(self, raw_data_info):
            return super().parse_data_info(raw_data_info)

    for mode in ("topdown", "bottomup"):
        slow, fast = Same(path, metainfo=TRIANGLE, data_mode=mode), build(path, data_mode=mode)
        assert len(slow) == len(fast)
        for index in range(len(fast)):
            expected = slow.get_data_info(index)
            same(fast.get_data_info(index), {key: expected[key] for key in fast.get_data_info(index)})


class Draw(BaseTransform):
    """Hands over a random number, and None or an error for some annotations."""

    def __init__(self, skip=(), fail=(), error=None):
        self.skip, self.fail, self.error = skip, fail, error or OSError("cannot read 2.jpg")

    def transform(self, results):
        if results["id"] in self.fail:
            raise self.error
        results["keypoints"][:] = 0  # a pipeline may write to its arrays
        return None if results["id"] in self.skip else dict(id=results["id"], number=results["rng"].random())


def test_random_numbers_follow_seed_epoch_and_index(path):
    dataset, other = build(path, pipeline=[Draw()]), build(path, pipeline=[Draw()])
    assert dataset[0] == other[0] == dataset[-2]
    first = dataset[0]["number"]
    assert dataset[1]["number"] != first
    dataset.set_epoch(1)
    assert dataset[0]["number"] != first
    other.seed = 3
    assert other[0]["number"] != first
    assert dataset.get_data_info(0)["keypoints"].max() > 0


UNFORESEEN = {
    TypeError("'NoneType' object is not iterable"): "TypeError: 'NoneType' object is not iterable",
    KeyError("head_size"): "KeyError: 'head_size'",
    AttributeError("no shape"): "AttributeError: no shape",
    ZeroDivisionError("division by zero"): "ZeroDivisionError: division by zero",
    cv2.error("empty image"): "error: empty image",
}


@pytest.mark.parametrize(
    "pipeline", [[Draw(skip=(2,))], [Draw(fail=(2,))], *([Draw(fail=(2,), error=e)] for e in UNFORESEEN)]
)
def test_bad_sample_is_named_once_and_replaced(path, pipeline, caplog):
    dataset = build(path, pipeline=pipeline)
    with caplog.at_level(logging.WARNING):
        assert [dataset[0]["id"] for _ in range(3)] == [1, 1, 1]
    assert len(caplog.records) == 1
    assert "annotations.json: sample 0 (image 2.jpg, annotation 2)" in caplog.text


def test_bad_sample_is_an_error_in_evaluation(path):
    dataset = build(path, pipeline=[Draw(fail=(2,))], test_mode=True)
    with pytest.raises(ValueError, match=r"sample 0 \(image 2.jpg, annotation 2\): cannot read 2.jpg"):
        dataset[0]
    assert dataset[1]["id"] == 1


@pytest.mark.parametrize("error", UNFORESEEN)
def test_an_error_that_nobody_foresaw_comes_with_its_kind_and_place(path, error):
    dataset = build(path, pipeline=[Draw(fail=(2,), error=error)], test_mode=True)
    with pytest.raises(ValueError, match=r"sample 0 \(image 2.jpg, annotation 2\): ") as caught:
        dataset[0]
    assert f": {UNFORESEEN[error]} (test_base_coco.py, line " in str(caught.value)


def test_an_error_of_the_program_is_no_bad_sample(path):
    with pytest.raises(NameError, match="no such thing"):
        build(path, pipeline=[Draw(fail=(2,), error=NameError("no such thing"))])[0]


def test_refetching_ends(path):
    dataset = build(path, pipeline=[Draw(skip=(1, 2))], max_refetch=3)
    with pytest.raises(ValueError, match="no usable sample for index 0 in 4 tries"):
        dataset[0]


@pytest.mark.parametrize(("error", "tries"), [(TypeError("takes 2"), 20), (ValueError("too small"), 51)])
def test_refetching_ends_early_where_the_program_is_to_blame(path, error, tries):
    dataset = build(path, pipeline=[Draw(fail=(1, 2), error=error)], max_refetch=50)
    with pytest.raises(ValueError, match=f"no usable sample for index 0 in {tries} tries; the last: .*{error}"):
        dataset[0]


def test_missing_image(path, caplog, tmp_path):
    cv2.imwrite(str(tmp_path / "1.jpg"), np.zeros((80, 100, 3), np.uint8))
    config = dict(
        type="BaseCocoStyleDataset",
        ann_file=path,
        metainfo=TRIANGLE,
        data_prefix=dict(img=str(tmp_path)),
        pipeline=[dict(type="LoadImage")],
    )
    assert DATASETS.build(config)[0]["id"] == 1
    assert "2.jpg" in caplog.text
    with pytest.raises(ValueError, match=r"2\.jpg"):
        DATASETS.build({**config, "test_mode": True})[0]

from __future__ import annotations

import cv2
import numpy as np
import pytest
from coco_files import TRIANGLE, annotation, write

from posekit.datasets.base_coco import BaseCocoStyleDataset
from posekit.datasets.traced_samples import trace
from posekit.datasets.wrappers import CombinedDataset, RepeatDataset
from posekit.registry import DATASETS
from posekit.reports.browse_page import browse_page, described

CODECS = {
    "heatmaps": dict(type="MSRAHeatmap", input_size=(48, 64), heatmap_size=(12, 16), sigma=1),
    "keypoint_x_labels": dict(type="SimCCLabel", input_size=(48, 64), sigma=2.0),
    "keypoint_labels": dict(type="RegressionLabel", input_size=(48, 64)),
    "keypoints": dict(type="EDPoseLabel"),
}


def pipeline(codec="heatmaps"):
    return [
        dict(type="LoadImage"),
        dict(type="GetBBoxCenterScale"),
        dict(type="RandomFlip", prob=1.0),
        dict(type="TopdownAffine", input_size=(48, 64)),
        dict(type="GenerateTarget", encoder=CODECS[codec]),
        dict(type="PackPoseInputs"),
    ]


@pytest.fixture
def settings(tmp_path):
    for i in (1, 2):
        cv2.imwrite(str(tmp_path / f"{i}.jpg"), np.full((80, 100, 3), 60 * i, np.uint8))
    path = write(tmp_path, [annotation(1), annotation(2, 2)])
    return dict(type="BaseCocoStyleDataset", ann_file=path, data_prefix=dict(img=str(tmp_path)), metainfo=TRIANGLE)


@pytest.mark.parametrize("codec", CODECS)
def test_both_ends_of_a_pipeline(settings, codec):
    dataset: BaseCocoStyleDataset = DATASETS.build({**settings, "pipeline": pipeline(codec)})
    sample = trace(dataset, 1)
    assert sample.original.shape == (80, 100, 3)
    assert sample.record["keypoints"][0, 0].tolist() == [15, 25]
    assert sample.results["img"].shape == (64, 48, 3)
    assert sample.results["flip"]
    assert codec in sample.targets
    assert "inputs" not in sample.results
    packed = dataset[1]
    assert (packed["inputs"].numpy() == sample.results["img"].transpose(2, 0, 1)).all()
    page = browse_page("samples", [sample, "sample 7: gone"], dataset.metainfo)
    assert page.count("data:image/jpeg") == (3 if codec == "heatmaps" else 2)
    assert page.count("<polyline") == (4 if codec == "keypoint_x_labels" else 0)
    assert f"{codec}: 1 x 3 x 2 float32" in page or codec != "keypoint_labels"
    assert "sample 7: gone" in page
    assert "mirrored" in page


def test_keypoints_of_the_input_do_not_depend_on_the_codec(settings):
    samples = [trace(DATASETS.build({**settings, "pipeline": pipeline(codec)}), 1) for codec in CODECS]
    plain = trace(DATASETS.build({**settings, "pipeline": pipeline()[:4]}), 1)
    assert plain.keypoints.max() > 10
    for sample in samples:
        np.testing.assert_array_equal(sample.keypoints, plain.keypoints)
        np.testing.assert_array_equal(sample.visible, plain.visible)


def test_data_sets_of_data_sets(settings):
    inner = DATASETS.build({**settings, "pipeline": pipeline()})
    assert trace(RepeatDataset(inner, 3), 3).record["id"] == 2
    bare = DATASETS.build(settings)
    combined = CombinedDataset(TRIANGLE, [bare, bare], pipeline=pipeline())
    sample = trace(combined, 3)
    assert sample.record["id"] == 2
    assert sample.results["heatmaps"].shape == (3, 16, 12)


def test_bottom_up(settings):
    steps = [
        dict(type="LoadImage"),
        dict(type="BottomupRandomAffine", input_size=(64, 64)),
        dict(type="PackPoseInputs"),
    ]
    dataset = DATASETS.build({**settings, "data_mode": "bottomup", "pipeline": steps})
    page = browse_page("samples", [trace(dataset, 0)], dataset.metainfo)
    assert "input, 64 x 64" in page


def test_a_pipeline_without_images_is_named(settings):
    dataset = DATASETS.build({**settings, "pipeline": [dict(type="GetBBoxCenterScale")]})
    with pytest.raises(ValueError, match="sample 0 of BaseCocoStyleDataset has no single image to show"):
        trace(dataset, 0)


def test_a_sample_that_the_pipeline_drops_is_named(settings, tmp_path):
    (tmp_path / "1.jpg").write_bytes(b"")
    dataset = DATASETS.build({**settings, "pipeline": [dict(type="LoadImage", ignore_empty=True)]})
    with pytest.raises(ValueError, match="sample 0: the pipeline leaves nothing of it"):
        trace(dataset, 0)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.array([[1.0, 2.5]]), "t: 1 x 2 float64, 1 to 2.5"),
        ([np.zeros((2, 3)), np.ones(1)], "t: 2 levels; 2 x 3 float64, 0 to 0; 1 float64, 1 to 1"),
        (np.zeros((0, 2)), "t: 0 x 2 float64"),
        (3, "t: one number int64, 3 to 3"),
    ],
)
def test_targets_in_words(value, words):
    assert described("t", value) == words

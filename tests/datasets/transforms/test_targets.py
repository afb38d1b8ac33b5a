"""GenerateTarget, PackPoseInputs, and targets made on the device."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from posekit.datasets.transforms.generate_target import EncodeTargets, GenerateTarget, encode_columns
from posekit.datasets.transforms.pipeline import Pipeline
from posekit.registry import TRANSFORMS

torch = pytest.importorskip("torch")

SIZE = dict(input_size=(48, 64))
MSRA = dict(type="MSRAHeatmap", **SIZE, heatmap_size=(12, 16), sigma=1)
CODECS: dict[str, dict[str, Any]] = {
    "msra": MSRA,
    "msra unbiased": dict(MSRA, unbiased=True),
    "udp": dict(type="UDPHeatmap", **SIZE, heatmap_size=(12, 16), sigma=1),
    "megvii": dict(type="MegviiHeatmap", **SIZE, heatmap_size=(12, 16), kernel_size=5),
    "simcc": dict(type="SimCCLabel", **SIZE, sigma=(2.0, 2.0), simcc_split_ratio=2.0),
    "regression": dict(type="RegressionLabel", **SIZE),
    "integral": dict(type="IntegralRegressionLabel", **SIZE, heatmap_size=(12, 16), sigma=1.0),
}
CONVERT = dict(type="KeypointConverter", num_keypoints=7, mapping=[(i, i) for i in range(6)])


def steps(encoder: Any, *extra: dict[str, Any], **settings: Any) -> list[dict[str, Any]]:
    return [
        dict(type="LoadImage"),
        dict(type="GetBBoxCenterScale"),
        *extra,
        dict(type="RandomFlip"),
        dict(type="RandomBBoxTransform"),
        dict(type="TopdownAffine", **SIZE),
        dict(type="GenerateTarget", encoder=encoder, **settings),
        dict(type="PackPoseInputs"),
    ]


def run(pipeline: Any, results: Any) -> Any:
    packed = pipeline(results)
    return packed["data_samples"]


class TestPacking:
    def test_groups_and_tensors(self, make_results: Any) -> None:
        packed: Any = Pipeline(steps(MSRA))(make_results())
        sample = packed["data_samples"]
        assert packed["inputs"].shape == (3, 64, 48)
        assert packed["inputs"].dtype == torch.uint8
        assert packed["inputs"].is_contiguous()
        assert sample.gt_fields.heatmaps.shape == (6, 16, 12)
        assert sample.gt_instance_labels.keypoint_weights.shape == (1, 6)
        assert sample.gt_instances.bboxes.shape == (1, 4)
        assert isinstance(sample.gt_instances.keypoints, np.ndarray)
        assert sample.metainfo["img_id"] == 7
        assert sample.metainfo["affine"].target == "input"

    def test_inputs_are_the_image(self, make_results: Any) -> None:
        results = make_results()
        packed = TRANSFORMS.build(dict(type="PackPoseInputs"))(results)
        assert np.array_equal(packed["inputs"].permute(1, 2, 0), results["img"])

    def test_transformed_keypoints_on_demand(self, make_results: Any) -> None:
        points = np.zeros((1, 6, 2), np.float32)
        pack = TRANSFORMS.build(dict(type="PackPoseInputs", pack_transformed=True, meta_keys=["id"]))
        sample = pack(make_results(transformed_keypoints=points))["data_samples"]
        assert np.array_equal(sample.gt_instances.transformed_keypoints, points)
        assert sample.metainfo == {"id": [3]}

    def test_several_images(self, make_results: Any) -> None:
        pack = TRANSFORMS.build(dict(type="PackPoseInputs"))
        img = make_results()["img"]
        assert pack(make_results(img=[img, img]))["inputs"].shape == (2, 3, 60, 80)
        assert [t.shape[1] for t in pack(make_results(img=[img, img[:30]]))["inputs"]] == [60, 30]

    def test_keypoints_are_the_input_of_a_lifter(self, make_results: Any) -> None:
        given = make_results(lifting_target=np.zeros((1, 6, 3)))
        del given["img"]
        packed = TRANSFORMS.build(dict(type="PackPoseInputs"))(given)
        assert packed["inputs"].shape == (1, 6, 2)

    def test_nothing_to_pack(self) -> None:
        with pytest.raises(ValueError, match="the first step of the pipeline is usually LoadImage"):
            TRANSFORMS.build(dict(type="PackPoseInputs"))({})


class TestGenerateTarget:
    def test_several_levels(self, make_results: Any) -> None:
        sample = run(Pipeline(steps([MSRA, dict(MSRA, sigma=2)], multilevel=True)), make_results())
        assert [level.shape for level in sample.gt_fields.heatmaps] == [(6, 16, 12)] * 2
        assert sample.gt_instance_labels.keypoint_weights.shape == (2, 1, 6)

    def test_several_codecs(self, make_results: Any) -> None:
        sample = run(Pipeline(steps([MSRA, CODECS["regression"]])), make_results())
        assert sample.gt_instance_labels.keypoint_labels.shape == (1, 6, 2)
        assert sample.gt_fields.heatmaps.shape == (6, 16, 12)

    def test_two_codecs_for_one_key(self, make_results: Any) -> None:
        with pytest.raises(ValueError, match="two encoders give 'heatmaps'; use multilevel=True"):
            Pipeline(steps([MSRA, MSRA]))(make_results())

    def test_levels_with_other_keys(self, make_results: Any) -> None:
        with pytest.raises(ValueError, match="the encoders give different keys"):
            Pipeline(steps([MSRA, CODECS["regression"]], multilevel=True))(make_results())

    def test_multilevel_needs_a_list(self) -> None:
        with pytest.raises(ValueError, match="needs a list of encoders"):
            TRANSFORMS.build(dict(type="GenerateTarget", encoder=MSRA, multilevel=True))

    @pytest.mark.parametrize("encoder", [MSRA, [MSRA, CODECS["regression"]]])
    def test_weights_of_the_keypoint_set(self, encoder: Any, make_results: Any) -> None:
        plain = run(Pipeline(steps(encoder)), make_results()).gt_instance_labels.keypoint_weights
        scaled = run(Pipeline(steps(encoder, use_dataset_keypoint_weights=True)), make_results())
        factors = torch.tensor([1, 1, 1, 2, 2, 0.5])
        assert torch.equal(scaled.gt_instance_labels.keypoint_weights, plain * factors)

    def test_weights_of_converted_visibility_are_split_off(self, make_results: Any) -> None:
        convert = TRANSFORMS.build(CONVERT)
        results = GenerateTarget(TRANSFORMS.build(dict(type="GenerateTarget", encoder=CODECS["regression"])).encoder)(
            convert(make_results())
        )
        assert results is not None
        assert results["keypoints_visible"].shape == results["keypoints_visible_weights"].shape == (1, 7)


class TestSplit:
    @pytest.mark.parametrize("weighted", [False, True])
    @pytest.mark.parametrize("extra", [(), (CONVERT,)], ids=["plain", "converted"])
    @pytest.mark.parametrize("name", CODECS)
    def test_device_targets_equal_the_workers(self, name: str, extra: Any, weighted: bool, make_results: Any) -> None:
        whole = Pipeline(steps(CODECS[name], *extra, use_dataset_keypoint_weights=weighted))
        split, [step] = whole.split()
        assert isinstance(step, EncodeTargets)
        in_worker = [run(whole, make_results(seed)) for seed in range(3)]
        handed_over = [run(split, make_results(seed)).gt_instance_labels for seed in range(3)]
        labels = {key: torch.stack([item[key] for item in handed_over]) for key, _ in handed_over[0].items()}
        assert all(value.is_floating_point() for value in labels.values())
        columns = encode_columns(step.codec, labels)
        packed = {
            f"{group}.{key}"
            for group, part in in_worker[0].items()
            for key, _ in part.items()
            if group != "gt_instances"
        }
        assert set(columns) >= packed - {"gt_instance_labels.keypoints_visible_weights"}
        for column, values in columns.items():
            group, key = column.split(".")
            want = torch.stack([torch.as_tensor(sample[group][key]) for sample in in_worker])
            assert values.shape == want.shape
            assert torch.allclose(values.float(), want.float(), atol=1e-6)

    def test_samples_are_alike_otherwise(self, make_results: Any) -> None:
        whole = Pipeline(steps(MSRA))
        one: Any = whole(make_results(1))
        two: Any = whole.split()[0](make_results(1))
        assert torch.equal(one["inputs"], two["inputs"])
        assert np.array_equal(one["data_samples"].gt_instances.keypoints, two["data_samples"].gt_instances.keypoints)
        assert two["data_samples"].get("gt_fields") is None

    @pytest.mark.parametrize(
        "pipeline",
        [
            steps([MSRA, CODECS["regression"]]),
            steps(MSRA)[:-1],
            [*steps(MSRA)[:-1], dict(type="BottomupGetHeatmapMask"), dict(type="PackPoseInputs")],
            [dict(type="LoadImage"), dict(type="BottomupResize", **SIZE, size_factor=16), *steps(MSRA)[-2:]],
        ],
        ids=["several codecs", "not packed", "a step in between", "bottom-up"],
    )
    def test_stays_in_the_worker(self, pipeline: list[dict[str, Any]]) -> None:
        whole = Pipeline(pipeline)
        assert whole.split() == (whole, [])

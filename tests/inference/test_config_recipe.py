from __future__ import annotations

import pytest

from posekit.inference.config_recipe import only_crops, prediction_dataset, prediction_steps, recipe_of
from posekit.inference.recipe import selected_keypoints

STEPS = [
    dict(type="LoadImage"), dict(type="mmpose.GetBBoxCenterScale", padding=1.1),
    dict(type="TopdownAffine", input_size=(48, 64), border_value=(1, 2, 3)), dict(type="PackPoseInputs"),
]  # fmt: skip
CONVERT = [dict(type="KeypointConverter", num_keypoints=2, mapping=[(0, 1), (1, 0)])]
PLAIN = dict(type="CocoDataset", pipeline=STEPS)
COMBINED = dict(type="CombinedDataset", pipeline=STEPS, datasets=[dict(type="CocoDataset", pipeline=CONVERT)])
CHAINED = dict(type="ConcatDataset", datasets=[dict(type="RepeatDataset", dataset=PLAIN), COMBINED])
SET = dict(
    dataset_name="three", keypoint_id2name={0: "left", 1: "right", 2: "top"}, flip_indices=[1, 0, 2],
    skeleton_links=[[0, 2], [0, 1]], skeleton_link_colors=[[1, 1, 1], [2, 2, 2]], sigmas=[0.1, 0.2, 0.3],
    keypoint_colors=[[0, 0, 1], [0, 0, 2], [0, 0, 3]],
)  # fmt: skip


@pytest.mark.parametrize("dataset", [PLAIN, COMBINED, CHAINED], ids=["plain", "combined", "chained"])
@pytest.mark.parametrize("loader", ["test_dataloader", "val_dataloader"])
def test_the_pipeline_is_the_one_that_makes_inputs(dataset, loader):
    """A CombinedDataset's parts only convert keypoints: export once took theirs."""
    config = {loader: dict(dataset=dataset), "model": dict(head=dict(decoder=dict(type="RegressionLabel")))}
    assert prediction_steps(config) == STEPS
    recipe = recipe_of(config, SET)
    assert (recipe.padding, recipe.border_value, recipe.input_size) == (1.1, (1, 2, 3), (48, 64))


def test_without_a_pipeline_the_message_says_what_to_give():
    for config in ({}, dict(test_dataloader=dict(dataset=dict(type="CocoDataset", pipeline=[])))):
        assert prediction_steps(config) == ()
        with pytest.raises(ValueError, match=r"no test_dataloader.dataset.pipeline .* LoadImage, BottomupResize"):
            prediction_dataset(config)


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({}, True),
        ({0: dict(type="LoadImage", to_float32=True)}, False),
        ({0: dict(type="LoadImage", backend_args=dict(backend="local"))}, True),
        ({3: dict(type="PackPoseInputs", meta_keys=["id"])}, False),
        ({1: dict(type="RandomFlip")}, False),
        ({1: min}, False),
    ],
)
def test_which_pipelines_a_recipe_tells_wholly(change, wanted):
    assert only_crops([change.get(index, step) for index, step in enumerate(STEPS)]) is wanted


def test_the_set_of_some_keypoints():
    part = selected_keypoints(SET, [2, 0])
    assert part["keypoint_id2name"] == {0: "top", 1: "left"}
    assert part["skeleton_links"] == [[1, 0]]
    assert part["skeleton_link_colors"] == [[1, 1, 1]]
    assert part["flip_indices"] == [0, 1]  # left lost its partner
    assert part["sigmas"] == [0.3, 0.1]
    assert selected_keypoints(SET, None) == SET

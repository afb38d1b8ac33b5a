"""Weights of one keypoint set for a model of another."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from posekit.checkpoints.checkpoint import keypoint_names
from posekit.checkpoints.keypoint_match import keypoint_layers, match_keypoints, rows_by_name
from posekit.checkpoints.load import load_into
from posekit.registry import MODELS

OLD = ["nose", "left_hip", "right_hip", "left_knee"]
NEW = ["right_hip", "neck", "nose"]

HEADS: dict[str, tuple[dict[str, Any], dict[str, int], str]] = {
    # config, what rows belong to one keypoint, the argument that counts keypoints
    "heatmap": (dict(type="HeatmapHead", in_channels=4, deconv_out_channels=None), {"final_layer": 1}, "out_channels"),
    "vipnas": (
        dict(
            type="ViPNASHead", in_channels=8, deconv_out_channels=(8,), deconv_kernel_sizes=(4,),
            deconv_num_groups=(2,),
        ),
        {"final_layer": 1},
        "out_channels",
    ),
    "simcc": (
        dict(type="SimCCHead", in_channels=4, input_size=(8, 8), in_featuremap_size=(2, 2), deconv_out_channels=None),
        {"final_layer": 1},
        "out_channels",
    ),
    "simcc with deconvolutions": (
        dict(
            type="SimCCHead", in_channels=4, input_size=(8, 8), in_featuremap_size=(2, 2), deconv_out_channels=(4,),
            deconv_kernel_sizes=(4,),
        ),
        {"deconv_head.final_layer": 1},
        "out_channels",
    ),
    "rtmcc": (
        dict(
            type="RTMCCHead", in_channels=4, input_size=(8, 8), in_featuremap_size=(2, 2),
            gau_cfg=dict(hidden_dims=8, s=4, use_rel_bias=False),
        ),
        {"final_layer": 1},
        "out_channels",
    ),
    "rtmw": (
        dict(
            type="RTMWHead", in_channels=8, input_size=(8, 8), in_featuremap_size=(2, 2),
            gau_cfg=dict(hidden_dims=8, s=4, use_rel_bias=False),
        ),
        {"final_layer": 1, "final_layer2": 1},
        "out_channels",
    ),
    "regression": (dict(type="RegressionHead", in_channels=4), {"fc": 2}, "num_joints"),
    "rle": (dict(type="RLEHead", in_channels=4), {"fc": 4}, "num_joints"),
    "integral": (
        dict(type="IntegralRegressionHead", in_channels=4, in_featuremap_size=(2, 2), deconv_out_channels=None),
        {"final_layer": 1},
        "num_joints",
    ),
    "cpm": (
        dict(type="CPMHead", in_channels=4, num_stages=2),
        {"multi_final_layers.0": 1, "multi_final_layers.1": 1},
        "out_channels",
    ),
    "mspn": (
        dict(type="MSPNHead", num_stages=1, num_units=1, level_indices=[0], unit_channels=12),
        {"predict_layers.0.conv_layers.1": 1},
        "out_channels",
    ),
    "lifting": (dict(type="TemporalRegressionHead", in_channels=4), {"conv": 3}, "num_joints"),
    "dekr": (
        dict(type="DEKRHead", in_channels=4, num_heatmap_filters=4, num_displacement_filters_per_keypoint=2),
        {
            "heatmap_conv_layers.2": 1, "displacement_conv_layers.0": 2, "displacement_conv_layers.3": 2,
            **{f"displacement_conv_layers.{i}.transform_matrix_conv": 6 for i in (1, 2)},
            **{f"displacement_conv_layers.{i}.{part}": 2 for i in (1, 2) for part in ("adapt_conv", "norm")},
        },
        "num_keypoints",
    ),
    "cid": (
        dict(type="CIDHead", in_channels=4, gfd_channels=4),
        {"iia_module.keypoint_root_conv": 1, "gfd_module.heatmap_conv": 1},
        "num_keypoints",
    ),
    "yoloxpose": (
        dict(
            type="YOLOXPoseHead",
            head_module_cfg=dict(in_channels=4, feat_channels=12, stacked_convs=1), featmap_strides=(8,),
        ),
        {"head_module.out_kpt.0": 2, "head_module.out_kpt_vis.0": 1},
        "num_keypoints",
    ),
    "rtmo": (
        dict(
            type="RTMOHead", featmap_strides=(8,),
            head_module_cfg=dict(
                in_channels=4, cls_feat_channels=4, channels_per_group=4, num_groups=3, pose_vec_channels=12
            ),
            dcc_cfg=dict(
                in_channels=12, feat_channels=4, num_bins=(4, 4), spe_channels=4, gau_cfg=dict(s=4, pos_enc="add")
            ),
        ),
        {
            "head_module.out_kpt_reg.0": 2, "head_module.out_kpt_vis.0": 1, "dcc.pose_to_kpts.0": 4,
            "dcc.pose_to_kpts.1": 4, "dcc.sigma_fc.0": 1, "dcc.pos_enc": 1,
        },
        "num_keypoints",
    ),
}  # fmt: skip


def head(name: str, count: int) -> nn.Module:
    config, _, argument = HEADS[name]
    return MODELS.build({**config, argument: count})


def numbered(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights whose rows tell their place, and differ from initial ones."""
    return {
        key: value.new_tensor(range(1000, 1000 + len(value))).reshape(-1, *[1] * (value.ndim - 1)).expand_as(value)
        if value.ndim and value.is_floating_point() else value
        for key, value in state.items()
    }  # fmt: skip


@pytest.mark.parametrize("name", HEADS)
def test_rows_of_shared_keypoints_are_taken_over(name: str) -> None:
    _, layers, _ = HEADS[name]
    model = nn.ModuleDict({"head": head(name, len(NEW))})
    fresh = {key: value.clone() for key, value in model.state_dict().items()}
    report = load_into(
        model, {f"head.{k}": v for k, v in numbered(head(name, len(OLD)).state_dict()).items()}, keypoints=(OLD, NEW)
    )
    assert report.carried == ["right_hip", "nose"]
    assert report.fresh == ["neck"]
    own, checked = model.state_dict(), set()
    for key, value in own.items():
        layer = next((one for one in layers if f"{key}.".startswith(f"head.{one}.")), None)
        if layer is None or not value.ndim:
            continue
        kinds = layers[layer]
        checked.add(layer)
        for row, keypoint in enumerate(NEW):
            got = value[row * kinds : (row + 1) * kinds].flatten(1) if value.ndim > 1 else value[row * kinds :][:kinds]
            if keypoint in OLD:
                start = 1000 + OLD.index(keypoint) * kinds
                assert torch.equal(got.reshape(kinds, -1)[:, 0], torch.arange(start, start + kinds).float())
            else:
                assert torch.equal(got.flatten(), fresh[key][row * kinds : (row + 1) * kinds].flatten())
        if len(value) > kinds * len(NEW):  # the centre's heatmap
            assert value[-1].flatten()[0] == 1000 + kinds * len(OLD)
    assert checked == set(layers)
    declared = {key.removeprefix("head.") for key, *_ in keypoint_layers(model)}
    assert {key for key in declared if not any(f"{key}.".startswith(f"{one}.") for one in layers)} == set()
    assert not [line for line in report.wrong_shape if "gau" not in line]


def test_embeddings_follow_all_heatmaps() -> None:
    options = dict(type="AssociativeEmbeddingHead", in_channels=4, deconv_out_channels=None)
    old, new = (MODELS.build({**options, "num_keypoints": count}) for count in (len(OLD), len(NEW)))
    load_into(new, numbered(old.state_dict()), keypoints=(OLD, NEW))
    rows = new.state_dict()["final_layer.bias"]
    assert rows[[0, 2, 3, 5]].tolist() == [1002, 1000, 1006, 1004]


def test_one_embedding_for_all_keypoints() -> None:
    options = dict(
        type="AssociativeEmbeddingHead", in_channels=4, deconv_out_channels=None, tag_per_keypoint=False, tag_dim=2
    )
    old, new = (MODELS.build({**options, "num_keypoints": count}) for count in (len(OLD), len(NEW)))
    load_into(new, numbered(old.state_dict()), keypoints=(OLD, NEW))
    assert new.state_dict()["final_layer.bias"][[0, 2, 3, 4]].tolist() == [1002, 1000, 1004, 1005]


def test_three_maps_of_a_keypoint() -> None:
    """The combined targets of UDP: a heatmap and two offsets."""
    options = dict(type="HeatmapHead", in_channels=4, deconv_out_channels=None)
    old, new = (MODELS.build({**options, "out_channels": 3 * count}) for count in (len(OLD), len(NEW)))
    load_into(new, numbered(old.state_dict()), keypoints=(OLD, NEW))
    assert new.state_dict()["final_layer.bias"][:3].tolist() == [1006, 1007, 1008]


def test_visibility_and_the_pose_head_inside() -> None:
    options = dict(type="VisPredictHead", pose_cfg=dict(type="RegressionHead", in_channels=4))
    old, new = (MODELS.build({**options, "pose_cfg": {**options["pose_cfg"], "num_joints": count}}) for count in (4, 3))
    load_into(new, numbered(old.state_dict()), keypoints=(OLD, NEW))
    state = new.state_dict()
    assert state["vis_head.2.bias"][[0, 2]].tolist() == [1002, 1000]
    assert state["pose_head.fc.bias"][:2].tolist() == [1004, 1005]


HANDS_OLD = ["right_wrist", "right_thumb", "left_wrist", "left_thumb"]
HANDS_NEW = ["right_thumb", "right_palm", "right_wrist", "left_thumb", "left_palm", "left_wrist"]


def hands(joints: int) -> nn.Module:
    keypoints = dict(in_channels=4, out_channels=2 * joints, depth_size=2, deconv_out_channels=None)
    small = dict(in_channels=4, hidden_dims=(4,))
    return MODELS.build(
        dict(type="InternetHead", keypoint_head_cfg=keypoints, root_head_cfg=small, hand_type_head_cfg=small)
    )


def test_each_hand_has_half_of_the_names() -> None:
    old, new = hands(2), hands(3)
    state = numbered(old.state_dict())
    state = {key: value + 100 if key.startswith("left") else value for key, value in state.items()}
    report = load_into(new, state, keypoints=(HANDS_OLD, HANDS_NEW))
    for hand, first in (("right", 1000), ("left", 1100)):
        bias = new.state_dict()[f"{hand}_hand_head.final_layer.bias"]
        assert bias[[0, 1, 4, 5]].tolist() == [first + 2, first + 3, first, first + 1]
        assert bias[[2, 3]].abs().max() < 1
    assert report.fresh == ["right_palm", "left_palm"]


def test_hands_are_not_matched_where_a_set_cannot_be_halved() -> None:
    assert match_keypoints(hands(3), hands(2).state_dict(), HANDS_OLD, [*HANDS_NEW, "nose"]) == {}


def test_attention_between_heatmaps_is_matched_on_both_sides() -> None:
    options = dict(
        type="MSPNHead", num_stages=1, num_units=1, level_indices=[0], unit_channels=12, out_shape=(4, 4), use_prm=True
    )
    old, new = (MODELS.build({**options, "out_channels": count}) for count in (len(OLD), len(NEW)))
    fresh = {key: value.clone() for key, value in new.state_dict().items()}
    state = {
        key: torch.arange(value.numel()).reshape(value.shape) + 1000.0 if value.ndim else value
        for key, value in old.state_dict().items()
    }
    report = load_into(new, state, keypoints=(OLD, NEW))
    assert report.is_complete
    shared, places = [0, 2], [OLD.index("right_hip"), OLD.index("nose")]
    prm = "predict_layers.0.prm."
    for name in ("conv_bn_relu_prm_1.conv.weight", "middle_path.0.weight", "middle_path.3.weight"):
        weight = new.state_dict()[prm + name]
        assert torch.equal(weight[shared][:, shared], state[prm + name][places][:, places])
        assert torch.equal(weight[1], fresh[prm + name][1])
        assert torch.equal(weight[:, 1], fresh[prm + name][:, 1])
    rows = new.state_dict()[prm + "middle_path.1.running_mean"]
    assert torch.equal(rows[shared], state[prm + "middle_path.1.running_mean"][places])
    columns = new.state_dict()[prm + "bottom_path.1.pointwise_conv.conv.weight"]
    assert torch.equal(columns[:, shared], state[prm + "bottom_path.1.pointwise_conv.conv.weight"][:, places])


def test_sets_of_one_size_are_matched_too() -> None:
    options = dict(type="RegressionHead", in_channels=4, num_joints=2)
    old, new = MODELS.build(options), MODELS.build(options)
    load_into(new, numbered(old.state_dict()), keypoints=(["a", "b"], ["b", "a"]))
    assert new.state_dict()["fc.bias"].tolist() == [1002, 1003, 1000, 1001]


@pytest.mark.parametrize("keypoints", [None, ([], NEW), (OLD, []), (OLD, OLD)])
def test_without_names_or_with_the_same_all_rows_stay(keypoints: Any) -> None:
    options = dict(type="RegressionHead", in_channels=4, num_joints=4)
    old, new = MODELS.build(options), MODELS.build(options)
    report = load_into(new, numbered(old.state_dict()), keypoints=keypoints)
    assert not report.carried
    assert new.state_dict()["fc.bias"].tolist() == [*range(1000, 1008)]


def test_layers_of_other_sizes_are_left_to_their_shapes() -> None:
    old, new = (MODELS.build(dict(type="RegressionHead", in_channels=4, num_joints=count)) for count in (5, 3))
    assert match_keypoints(new, old.state_dict(), OLD, NEW) == {}
    wide = MODELS.build(dict(type="RegressionHead", in_channels=8, num_joints=4))
    assert set(match_keypoints(new, wide.state_dict(), OLD, NEW)) == {"fc.bias"}


def test_the_report_names_keypoints() -> None:
    old, new = (MODELS.build(dict(type="RegressionHead", in_channels=4, num_joints=count)) for count in (4, 3))
    report = str(load_into(new, old.state_dict(), keypoints=(OLD, NEW), source="a.pth"))
    assert report.splitlines() == [
        "a.pth: 2 loaded",
        "  loaded: fc.weight, fc.bias",
        "  keypoints taken over by name: right_hip, nose",
        "  keypoints that start anew: neck",
    ]


def test_rows_of_keypoints_and_of_none() -> None:
    assert rows_by_name(["a", "b"], 2, 1, True) == {"a": [0, 1], "b": [2, 3], None: [4]}
    assert rows_by_name(["a", "b"], 2, 0, False) == {"a": [0, 2], "b": [1, 3], None: []}


@pytest.mark.parametrize("names", [{0: "a", 1: "b"}, {"1": "b", "0": "a"}])
def test_names_in_order(names: dict[Any, str]) -> None:
    assert keypoint_names({"keypoint_id2name": names}) == ["a", "b"]


@pytest.mark.parametrize(
    "meta",
    [None, 3, {}, {"keypoint_id2name": [1]}, {"keypoint_id2name": {0: "a", 1: "a"}}, {"keypoint_id2name": {1: "a"}}],
)
def test_improper_names_are_none(meta: Any) -> None:
    assert keypoint_names(meta) == []

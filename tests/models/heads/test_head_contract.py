"""What every head of the registry does, one row of ``head_cases`` each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from head_cases import CASES, HEATMAP, INTEGRAL, NUM_KEYPOINTS, SIMCC, HeadCase
from rows import check_rows
from torch import Tensor

from posekit.models.heads.base import as_columns, mean_of
from posekit.registry import CODECS, MODELS
from posekit.structures import PixelData

NO_FLIP_TEST = {
    "TemporalRegressionHead",
    "TrajectoryRegressionHead",
    "InternetHead",
    "YOLOXPoseHead",
    "RTMOHead",
    "EDPoseHead",
    "RTMDetSepBNHead",
    "YOLOXHead",
}
ABSTRACT = {"TransformerHead"}


@pytest.fixture
def case(name: str) -> HeadCase:
    torch.manual_seed(0)
    return CASES[name]


@pytest.fixture
def codec(case: HeadCase) -> Any:
    return CODECS.build(case.codec) if case.codec else None


def with_decoder(case: HeadCase, codec: Any) -> dict[str, Any]:
    """Give the codec to the head that decodes: the one inside, where there is one."""
    config = case.config
    if case.decodes_itself:
        return config
    if "pose_cfg" in config:
        return {**config, "pose_cfg": {**config["pose_cfg"], "decoder": codec}}
    return {**config, case.decoder: codec}


@pytest.fixture
def head(name: str, case: HeadCase, codec: Any) -> Any:
    return MODELS.build({"type": name, **with_decoder(case, codec)})


def test_every_registered_head_has_a_row() -> None:
    rows, row = CASES.keys() | ABSTRACT, "HeadCase(config, feats, codec)"
    check_rows(MODELS, "posekit.models.heads", rows, file="CASES of head_cases.py", row=row)


@pytest.mark.parametrize("name", CASES)
class TestHeadContract:
    def test_loss_reaches_every_parameter(self, head: Any, case: HeadCase, codec: Any) -> None:
        losses = head.loss(case.feats(2), case.batch(codec, 2))
        assert losses
        assert all(key.startswith("loss") and value.ndim == 0 and value.isfinite() for key, value in losses.items())
        sum(losses.values()).backward()
        unreached = [key for key, value in head.named_parameters() if value.requires_grad and value.grad is None]
        assert not unreached

    def test_learns_from_samples_without_anyone(self, head: Any, case: HeadCase, codec: Any) -> None:
        losses = head.loss(case.feats(2), case.batch(codec, 2, empty=True))
        assert all(value.isfinite() for value in losses.values())
        sum(losses.values()).backward()
        assert all(value.grad is None or value.grad.isfinite().all() for value in head.parameters())

    def test_loss_takes_samples_one_by_one(self, head: Any, case: HeadCase, codec: Any) -> None:
        feats, batch = case.feats(2), case.batch(codec, 2)
        head.eval()
        together, one_by_one = head.loss(feats, batch), head.loss(feats, list(batch))
        assert {key: value.item() for key, value in together.items()} == pytest.approx(
            {key: value.item() for key, value in one_by_one.items()}
        )

    @pytest.mark.parametrize("flip_test", [False, True])
    def test_predicts_a_batch_of_one(self, name: str, head: Any, case: HeadCase, codec: Any, flip_test: bool) -> None:
        if flip_test and name in NO_FLIP_TEST:
            pytest.skip("has no flip test")
        feats = [case.feats(1), case.feats(1)] if flip_test else case.feats(1)
        (instances,) = head.eval().predict(feats, case.batch(codec, 1), {"flip_test": flip_test})
        if case.pose is None:
            assert instances.bboxes.shape == (len(instances), 4)
            assert np.isfinite(instances.bboxes).all()
            return
        assert instances.keypoints.shape == (case.pose or (len(instances), NUM_KEYPOINTS, 2))
        assert instances.keypoint_scores.shape == instances.keypoints.shape[:2]
        assert np.isfinite(instances.keypoints).all()

    def test_runs_in_half_precision(self, head: Any, case: HeadCase, codec: Any) -> None:
        with torch.autocast("cpu", torch.bfloat16):
            losses = head.loss(case.feats(2), case.batch(codec, 2))
            (instances, _) = head.predict(case.feats(2), case.batch(codec, 2))
        assert all(value.isfinite() for value in losses.values())
        assert instances["bboxes" if case.pose is None else "keypoints"].dtype == np.float32

    def test_channels_last_gives_the_same(self, head: Any, case: HeadCase) -> None:
        feats = case.feats(2)
        expected = as_tensors(head.eval()(feats))
        outputs = as_tensors(head.to(memory_format=torch.channels_last)(channels_last(feats)))
        for one, other in zip(outputs, expected, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)

    @torch.no_grad()
    def test_exports(self, head: Any, case: HeadCase) -> None:
        feats = case.feats(2)
        expected = as_tensors(head.eval()(feats))
        for one, other in zip(as_tensors(torch.export.export(head, (feats,)).module()(feats)), expected, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)

    def test_initialises_and_round_trips_its_state(self, name: str, head: Any, case: HeadCase) -> None:
        head.init_weights()
        twin = MODELS.build({"type": name, **case.config})
        twin.load_state_dict(head.state_dict())
        feats = case.feats(2)
        first, second = as_tensors(head.eval()(feats)), as_tensors(twin.eval()(feats))
        assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))

    def test_without_decoder_says_what_to_give(self, name: str, case: HeadCase, codec: Any) -> None:
        if case.decodes_itself:
            pytest.skip("takes no decoder")
        head = MODELS.build({"type": name, **case.config})
        with pytest.raises(ValueError, match="needs a decoder"):
            head.eval().predict(case.feats(1), case.batch(codec, 1))


def as_tensors(outputs: Any) -> list[Tensor]:
    if isinstance(outputs, Tensor):
        return [outputs]
    return [tensor for one in outputs for tensor in as_tensors(one)]


def channels_last(feats: Any) -> Any:
    if isinstance(feats, Tensor):
        return feats.contiguous(memory_format=torch.channels_last) if feats.ndim == 4 else feats
    return type(feats)(channels_last(one) for one in feats)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.codec in (HEATMAP, SIMCC, INTEGRAL)])
def test_output_heatmaps(head: Any, case: HeadCase, codec: Any) -> None:
    instances, fields = head.eval().predict(case.feats(2), case.batch(codec, 2), {"output_heatmaps": True})
    assert len(instances) == len(fields) == 2
    assert isinstance(fields[0], PixelData)
    assert fields[0].heatmaps.shape[0] == NUM_KEYPOINTS


NO_ONE = {
    "AssociativeEmbeddingHead": {"decode_keypoint_thr": 1e9},
    "DEKRHead": {"decode_thr": 1e9},
    "CIDHead": {},
    "YOLOXPoseHead": {},
    "RTMOHead": {},
}
"""Heads of any number of instances, and the setting of their codec that lets none of them pass."""


@pytest.mark.parametrize("name", NO_ONE)
def test_finds_no_one(name: str, case: HeadCase) -> None:
    codec = CODECS.build({**case.codec, **NO_ONE[name]})
    head = MODELS.build({"type": name, **with_decoder(case, codec)}).eval()
    for one in head.predict(case.feats(2), case.batch(codec, 2), {"score_thr": 2.0, "score_threshold": 2.0}):
        assert one.keypoints.shape == (0, NUM_KEYPOINTS, 2)
        assert one.keypoint_scores.shape == (0, NUM_KEYPOINTS)


@pytest.mark.parametrize("name", ["HeatmapHead"])
def test_flip_test_needs_flip_indices(head: Any, case: HeadCase, codec: Any) -> None:
    batch = as_columns(case.batch(codec, 1))
    batch.metainfos[0].pop("flip_indices")
    with pytest.raises(ValueError, match="flip_indices"):
        head.eval().predict([case.feats(1)] * 2, batch, {"flip_test": True})


@pytest.mark.parametrize("name", ["DSNTHead"])
def test_dsnt_drops_the_heatmap_loss_from_its_epoch_on(head: Any, case: HeadCase, codec: Any) -> None:
    feats, batch = case.feats(2), case.batch(codec, 2)
    head.lambda_t, both = 3, head.loss(feats, batch)["loss_kpt"]
    head.set_epoch(3, 10)
    assert head.loss(feats, batch)["loss_kpt"] < both


def test_mean_of_keeps_the_structure() -> None:
    one, three = torch.ones(2), torch.full((2,), 3.0)
    first, (second,) = mean_of((one, (one,)), (three, (one,)))
    assert first.tolist() == [2, 2]
    assert second.tolist() == [1, 1]

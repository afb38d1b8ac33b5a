"""What holds for every codec."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from codec_cases import ENCODINGS, FLIP_INDICES, SIZE, TOP_DOWN, Case, Encoding, K, keypoints_inside
from rows import check_rows

from posekit.array import to_numpy
from posekit.codecs.base import BaseCodec
from posekit.registry import CODECS


def test_every_registered_codec_has_a_row() -> None:
    types = [case.settings["type"] for case in ENCODINGS.values()]
    row = 'Encoding({"type": ...}, crowd, any_number=True)'
    check_rows(CODECS, "posekit.codecs", types, file="OTHERS of codec_cases.py", row=row)


@pytest.mark.parametrize("name", CODECS.names())
def test_mapping_tables_and_keys(name: str) -> None:
    cls = CODECS.get(name)
    assert issubclass(cls, BaseCodec)
    for table in (cls.instance_mapping_table, cls.label_mapping_table, cls.field_mapping_table):
        assert all(isinstance(key, str) and isinstance(value, str) for key, value in table.items())
    assert "keypoints" not in cls.auxiliary_encode_keys


def arrays(encoded: dict[str, Any]) -> dict[str, np.ndarray]:
    """Return what was encoded as arrays."""
    return {name: np.asarray(to_numpy(value)) for name, value in encoded.items() if value is not None}


@pytest.mark.parametrize("case", ENCODINGS.values(), ids=ENCODINGS)
class TestEncoding:
    def test_encodes_plain_finite_numbers(self, case: Encoding) -> None:
        codec = case.build()
        encoded = arrays(codec.encode(**case.inputs(2)))
        tables = codec.instance_mapping_table, codec.label_mapping_table, codec.field_mapping_table
        assert encoded.keys() & {name for table in tables for name in table}
        for value in encoded.values():
            assert value.dtype.kind in "iufb"
            assert np.isfinite(value).all()

    @pytest.mark.usefixtures("device_path")
    def test_tensors_give_tensors_of_equal_value(self, case: Encoding) -> None:
        codec, inputs = case.build(), case.inputs(2)
        expected = arrays(codec.encode(**case.inputs(2)))
        as_tensors = {key: torch.from_numpy(x) if isinstance(x, np.ndarray) else x for key, x in inputs.items()}
        encoded = codec.encode(**as_tensors)
        assert any(isinstance(value, torch.Tensor) for value in encoded.values())
        for name, value in arrays(encoded).items():
            np.testing.assert_allclose(value, expected[name], rtol=1e-4, atol=1e-5, err_msg=name)

    def test_encodes_a_batch_like_its_samples(self, case: Encoding) -> None:
        codec, inputs = case.build(), case.inputs(2)
        batch = {
            key: np.stack([x, x]) if isinstance(x, np.ndarray) else [x, copy.deepcopy(x)] for key, x in inputs.items()
        }
        encoded = codec.encode_batch(batch.pop("keypoints"), batch.pop("keypoints_visible"), **batch)
        for name, value in arrays(codec.encode(**case.inputs(2))).items():
            for part in encoded[name]:
                np.testing.assert_array_equal(to_numpy(part), value, err_msg=name)

    def test_nothing_visible_has_no_weight(self, case: Encoding) -> None:
        inputs = case.inputs(2)
        inputs |= {key: np.zeros_like(value) for key, value in inputs.items() if key.endswith("visible")}
        encoded = arrays(case.build().encode(**inputs))
        assert all(np.isfinite(value).all() for value in encoded.values())
        weights = {name: value for name, value in encoded.items() if name in ("keypoint_weights", "instance_weights")}
        assert not [name for name, value in weights.items() if value.any()]

    def test_takes_samples_without_anyone(self, case: Encoding) -> None:
        if not case.any_number:
            pytest.skip("encodes one instance")
        encoded = arrays(case.build().encode(**case.inputs(0)))
        assert all(np.isfinite(value).all() for value in encoded.values())

    def test_leaves_its_inputs_as_they_are(self, case: Encoding) -> None:
        inputs, kept = case.inputs(2), case.inputs(2)
        case.build().encode(**inputs)
        for name, value in inputs.items():
            if isinstance(value, np.ndarray):
                np.testing.assert_array_equal(value, kept[name], err_msg=name)


@pytest.mark.parametrize("case", TOP_DOWN.values(), ids=TOP_DOWN)
class TestTopDown:
    """What holds for the codecs of one instance per sample with an inverse."""

    def test_decode_inverts_encode(self, case: Case) -> None:
        codec = case.build()
        for seed in range(20):
            keypoints = keypoints_inside(seed)
            decoded, scores = codec.decode(*case.outputs(codec.encode(keypoints)))
            assert decoded.shape == (1, K, 2)
            assert scores.shape == (1, K)
            assert np.linalg.norm(decoded - keypoints, axis=-1).max() <= codec.round_trip_px

    def test_encodes_a_batch_like_its_samples(self, case: Case) -> None:
        codec = case.build()
        keypoints = np.stack([keypoints_inside(seed) for seed in range(3)])
        visible = (np.random.default_rng(0).random((3, 1, K)) > 0.3).astype(np.float32)
        batch = codec.encode_batch(keypoints, visible)
        for index in range(3):
            for key, value in codec.encode(keypoints[index], visible[index]).items():
                np.testing.assert_array_equal(batch[key][index], value)

    def test_decodes_a_batch_like_its_samples(self, case: Case) -> None:
        codec = case.build()
        samples = [case.outputs(codec.encode(keypoints_inside(seed))) for seed in range(3)]
        # Heads without an instance axis hand over (B, K, ...).
        outputs = [
            np.stack([part[0] if part.shape[0] == 1 else part for part in parts])
            for parts in zip(*samples, strict=True)
        ]
        keypoints, scores = codec.batch_decode(*outputs)
        for index, sample in enumerate(samples):
            expected, expected_scores = codec.decode(*sample)
            np.testing.assert_allclose(keypoints[index], expected, atol=1e-3)
            np.testing.assert_allclose(scores[index], expected_scores, atol=1e-5)

    @pytest.mark.usefixtures("device_path")
    def test_tensors_give_tensors_of_equal_value(self, case: Case) -> None:
        codec = case.build()
        keypoints, visible = keypoints_inside(), np.array([[1, 1, 0, 1, 1]], np.float32)
        expected = codec.encode(keypoints, visible)
        encoded = codec.encode(torch.from_numpy(keypoints), torch.from_numpy(visible))
        assert encoded.keys() == expected.keys()
        for key, value in encoded.items():
            assert isinstance(value, torch.Tensor)
            np.testing.assert_allclose(value.numpy(), expected[key], rtol=1e-4, atol=1e-6)
        found, scores = codec.decode(*case.outputs(encoded))
        want, want_scores = codec.decode(*case.outputs(expected))
        assert isinstance(found, torch.Tensor)
        # A quarter cell more or less where two neighbours differ by rounding alone.
        slack = 0.25 * max(getattr(codec, "scale_factor", [0])) if case.settings["type"] == "MegviiHeatmap" else 0
        np.testing.assert_allclose(found.numpy()[visible > 0], want[visible > 0], atol=1e-3 + 2 * slack)
        np.testing.assert_allclose(to_numpy(scores), want_scores, atol=1e-4)

    def test_invisible_keypoints_leave_empty_targets(self, case: Case) -> None:
        codec = case.build()
        encoded = codec.encode(keypoints_inside(), np.array([[1, 0, 1, 0, 1]], np.float32))
        np.testing.assert_array_equal(encoded["keypoint_weights"], [[1, 0, 1, 0, 1]])
        if "keypoint_labels" not in encoded:
            for part in (encoded["heatmaps"],) if "heatmaps" in encoded else case.outputs(encoded):
                flat = part.reshape(K, -1)
                assert not flat[[1, 3]].any()
                assert flat[[0, 2, 4]].any(-1).all()

    def test_visibility_defaults_to_one(self, case: Case) -> None:
        codec = case.build()
        encoded, expected = (
            codec.encode(keypoints_inside()),
            codec.encode(keypoints_inside(), np.ones((1, K), np.float32)),
        )
        for key, value in expected.items():
            np.testing.assert_array_equal(encoded[key], value)

    def test_keypoints_far_outside_have_no_weight(self, case: Case) -> None:
        codec = case.build()
        keypoints = np.array([[[-90, 50], [190, 50], [50, -120], [50, 250], [48, 60]]], np.float32)
        encoded = codec.encode(keypoints, np.ones((1, K), np.float32))
        expected = [[1] * K] if case.settings.get("heatmap_type") == "combined" else [[0, 0, 0, 0, 1]]
        np.testing.assert_array_equal(encoded["keypoint_weights"], expected)

    def test_inputs_are_left_as_they_are(self, case: Case) -> None:
        codec = case.build()
        keypoints, visible = keypoints_inside(), np.ones((1, K), np.float32)
        kept = keypoints.copy(), visible.copy()
        outputs = case.outputs(codec.encode(keypoints, visible))
        kept_outputs = [part.copy() for part in outputs]
        codec.decode(*outputs)
        batch = tuple(part[None] for part in outputs) if len(outputs) > 1 else outputs[0][None]
        codec.flip(batch, FLIP_INDICES, **case.flip_options[0])
        np.testing.assert_array_equal(keypoints, kept[0])
        np.testing.assert_array_equal(visible, kept[1])
        for part, before in zip(outputs, kept_outputs, strict=True):
            np.testing.assert_array_equal(part, before)

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_targets_are_float32_and_outputs_keep_their_precision(self, case: Case, dtype: Any) -> None:
        codec = case.build()
        encoded = codec.encode(keypoints_inside().astype(dtype), np.ones((1, K), np.float32))
        assert all(value.dtype == np.float32 for value in encoded.values())
        keypoints, scores = codec.decode(*(part.astype(dtype) for part in case.outputs(encoded)))
        assert keypoints.dtype == dtype
        assert scores.dtype == dtype

    def test_half_precision_outputs_are_decoded(self, case: Case) -> None:
        codec = case.build()
        outputs = case.outputs(codec.encode(torch.from_numpy(keypoints_inside())))
        keypoints, _ = codec.decode(*(part.half() for part in outputs))
        assert np.linalg.norm(keypoints.float().numpy() - keypoints_inside(), axis=-1).max() <= codec.round_trip_px + 1

    def test_empty_outputs_have_no_score(self, case: Case) -> None:
        codec = case.build()
        if case.settings["type"] in ("RegressionLabel", "IntegralRegressionLabel"):
            pytest.skip("coordinates are never empty")
        outputs = [np.zeros_like(part) for part in case.outputs(codec.encode(keypoints_inside()))]
        keypoints, scores = codec.decode(*outputs)
        assert np.isfinite(keypoints).all()
        assert (scores == (0.5 if case.settings["type"] == "MegviiHeatmap" else 0)).all()

    def test_an_empty_batch_stays_empty(self, case: Case) -> None:
        codec = case.build()
        encoded = codec.encode_batch(np.zeros((0, 1, K, 2), np.float32), np.zeros((0, 1, K), np.float32))
        assert all(value.shape[0] == 0 for value in encoded.values())

    def test_several_instances(self, case: Case) -> None:
        codec = case.build()
        keypoints = np.concatenate([keypoints_inside(0), keypoints_inside(1)])
        if case.settings["type"] in ("SimCCLabel", "RegressionLabel"):
            assert codec.encode(keypoints)["keypoint_weights"].shape == (2, K)
            assert codec.encode(keypoints[:0])["keypoint_weights"].shape == (0, K)
            return
        with pytest.raises(ValueError, match="one instance at a time"):
            codec.encode(keypoints)

    def test_flip_gives_back_the_plain_outputs(self, case: Case) -> None:
        """Un-mirroring twice is the identity but for the shift, and keypoints land where ``flip_offset_px`` says."""
        codec = case.build()
        keypoints = keypoints_inside(3)
        mirrored = keypoints[:, FLIP_INDICES].copy()
        mirrored[..., 0] = SIZE[0] - 1 - mirrored[..., 0]
        parts = tuple(part if part.shape[0] == 1 else part[None] for part in case.outputs(codec.encode(mirrored)))
        for options in case.flip_options:
            flipped = codec.flip(parts if len(parts) > 1 else parts[0], FLIP_INDICES, **options)
            decoded, _ = codec.batch_decode(*(flipped if isinstance(flipped, tuple) else (flipped,)))
            error = np.reshape(decoded, (1, K, 2)) - keypoints - [codec.flip_offset_px(**options), 0]
            assert np.linalg.norm(error, axis=-1).max() <= codec.round_trip_px + 1e-3

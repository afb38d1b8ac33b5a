"""What is particular to single codecs for one instance."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
import torch
from codec_cases import HEATMAP, SIZE, keypoints_inside

from posekit.codecs.megvii_heatmap import MegviiHeatmap
from posekit.codecs.msra_heatmap import MSRAHeatmap
from posekit.codecs.peaks import dark_steps, heatmap_maximum
from posekit.codecs.regression_label import RegressionLabel
from posekit.codecs.simcc_3d_label import SimCC3DLabel
from posekit.codecs.simcc_label import SimCCLabel
from posekit.codecs.udp_heatmap import UDPHeatmap
from posekit.registry import CODECS


def test_msra_gaussian_has_height_one_at_the_nearest_cell_and_ends_at_three_sigma() -> None:
    codec = MSRAHeatmap(SIZE, HEATMAP, sigma=2)
    heatmap = codec.encode(np.array([[[41.0, 59.0]]], np.float32))["heatmaps"][0]  # cell (10.25, 14.75)
    assert np.unravel_index(heatmap.argmax(), heatmap.shape) == (15, 10)
    assert heatmap.max() == 1
    rows, columns = np.nonzero(heatmap)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (9, 21, 4, 16)
    assert heatmap[15, 12] == pytest.approx(np.exp(-0.5))


def test_msra_unbiased_draws_the_whole_gaussian() -> None:
    codec = MSRAHeatmap(SIZE, HEATMAP, sigma=2, unbiased=True)
    heatmap = codec.encode(np.array([[[41.0, 59.0]]], np.float32))["heatmaps"][0]
    y, x = np.mgrid[: HEATMAP[1], : HEATMAP[0]]
    np.testing.assert_allclose(heatmap, np.exp(-((x - 10.25) ** 2 + (y - 14.75) ** 2) / 8), atol=1e-6)


def test_no_target_holds_numbers_that_are_slow_to_compute_with() -> None:
    codec = MSRAHeatmap((768, 1024), (192, 256), sigma=2, unbiased=True)
    heatmap = codec.encode(np.array([[[0.0, 0.0]]], np.float32))["heatmaps"]
    assert heatmap.min() > np.finfo(np.float32).tiny


def test_megvii_mirrors_the_kernel_at_the_border() -> None:
    heatmap = MegviiHeatmap(SIZE, HEATMAP, kernel_size=7).encode(np.array([[[4.0, 60.0]]], np.float32))["heatmaps"][0]
    kernel = np.array([2, 7, 14, 18, 14, 7, 2]) / 64
    # About cell 0, the mirror image of cell 1 is cell -1, whose kernel adds to that of cell 1.
    expected = np.array([2 * kernel[4], kernel[3] + kernel[5], kernel[4] + kernel[6], kernel[5], kernel[6]])
    np.testing.assert_allclose(heatmap[15, :5] / heatmap[15, 1], expected / expected[1], atol=1e-6)
    assert heatmap[15, 1] == pytest.approx(255)


def test_udp_decodes_with_the_scale_it_encodes_with() -> None:
    codec = UDPHeatmap(SIZE, HEATMAP, heatmap_type="combined")
    corner = np.array([[[SIZE[0] - 1.0, SIZE[1] - 1.0], [0, 0]]], np.float32)
    decoded, _ = codec.decode(codec.encode(corner)["heatmaps"])
    np.testing.assert_allclose(decoded, corner, atol=codec.round_trip_px)


def noisy_maps(mean: float) -> np.ndarray:
    maps = np.random.default_rng(0).normal(mean, 1.0, (12, HEATMAP[1], HEATMAP[0])).astype(np.float32)
    maps[:, 3:-3, 3:-3] += cv2.GaussianBlur(maps[0], (7, 7), 2)[3:-3, 3:-3]
    return maps


def blurred_at_height(maps: np.ndarray, size: int) -> np.ndarray:
    """Whole maps, blurred by OpenCV with zeros beyond the border, then scaled back to their height."""
    blurred = [cv2.GaussianBlur(one, (size, size), 0, borderType=cv2.BORDER_CONSTANT) for one in maps]
    return np.stack([after * (before.max() / after.max()) for before, after in zip(maps, blurred, strict=True)])


@pytest.mark.parametrize("library", [np.asarray, torch.as_tensor], ids=["numpy", "torch"])
@pytest.mark.parametrize("mean", [0.5, 0.0, -0.5])
def test_dark_steps_in_maps_without_a_clear_maximum_are_those_of_whole_blurred_maps(library: Any, mean: float) -> None:
    maps = noisy_maps(mean)
    points, _ = heatmap_maximum(maps)
    steps = np.asarray(dark_steps(library(maps), library(points), 11))
    logs = np.log(np.maximum(blurred_at_height(maps, 11), 1e-10)).astype(np.float64)
    checked = 0
    for (x, y), step, log in zip(points, steps, logs, strict=True):
        if not (2 <= x < HEATMAP[0] - 2 and 2 <= y < HEATMAP[1] - 2):
            continue
        rows_slope, columns_slope = np.gradient(log)
        curves = (
            np.gradient(columns_slope, axis=1),
            np.gradient(columns_slope, axis=0),
            np.gradient(rows_slope, axis=0),
        )
        dxx, dxy, dyy = (curve[y, x] for curve in curves)
        hessian = np.array([[dxx, dxy], [dxy, dyy]])
        if np.linalg.cond(hessian) < 1e3:
            np.testing.assert_allclose(
                step, -np.linalg.solve(hessian, [columns_slope[y, x], rows_slope[y, x]]), rtol=0.02, atol=0.02
            )
            checked += 1
    assert checked >= 3


def test_udp_mirrors_exactly() -> None:
    codec = UDPHeatmap(SIZE, HEATMAP)
    keypoints = keypoints_inside()
    mirrored = keypoints.copy()
    mirrored[..., 0] = SIZE[0] - 1 - mirrored[..., 0]
    flipped = codec.flip(codec.encode(mirrored)["heatmaps"][None], range(5))[0]
    np.testing.assert_allclose(flipped, codec.encode(keypoints)["heatmaps"], atol=1e-4)


def test_simcc_rows_have_sum_one_when_normalised() -> None:
    encoded = SimCCLabel(SIZE, sigma=6.0).encode(keypoints_inside())
    np.testing.assert_allclose(encoded["keypoint_x_labels"].sum(-1), 1, atol=1e-3)
    assert encoded["keypoint_x_labels"].shape == (1, 5, 192)
    assert encoded["keypoint_y_labels"].shape == (1, 5, 256)


def test_simcc_spreads_the_smoothing_weight_over_the_other_bins() -> None:
    codec = SimCCLabel(SIZE, smoothing_type="standard", label_smooth_weight=0.1)
    row = codec.encode(keypoints_inside())["keypoint_x_labels"][0, 0]
    assert row.max() == pytest.approx(0.9)
    assert row.sum() == pytest.approx(1)


def test_simcc_visibility_is_the_softmax_maximum() -> None:
    codec = SimCCLabel(SIZE, sigma=(4.9, 5.66), normalize=False, decode_visibility=True, decode_beta=1.0)
    outputs = [
        np.random.default_rng(i).random((2, 5, length)).astype(np.float32) for i, length in enumerate((192, 256))
    ]
    keypoints, pairs = codec.batch_decode(*outputs)
    assert keypoints.shape == (2, 1, 5, 2)
    tops = [np.exp(row * s).max(-1) / np.exp(row * s).sum(-1) for row, s in zip(outputs, codec.sigma, strict=True)]
    np.testing.assert_allclose(np.stack([visible[0] for _, visible in pairs]), np.minimum(*tops), rtol=1e-4)
    np.testing.assert_allclose(pairs[0][0][0], np.minimum(outputs[0].max(-1), outputs[1].max(-1))[0])


def test_regression_reads_scores_from_sigmas() -> None:
    encoded = np.array([[[0.5, 0.25, 0.1, 0.3]]], np.float32)
    keypoints, scores = RegressionLabel(SIZE).decode(encoded)
    np.testing.assert_allclose(keypoints, [[[48, 32]]])
    np.testing.assert_allclose(scores, [[0.8]], rtol=1e-6)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"type": "UDPHeatmap", "heatmap_size": HEATMAP, "heatmap_type": "offsets"}, "allowed are gaussian, combined"),
        ({"type": "SimCCLabel", "smoothing_type": "box"}, "allowed are gaussian, standard"),
        ({"type": "SimCCLabel", "smoothing_type": "standard", "label_smooth_weight": 2.0}, "between 0 and 1"),
        ({"type": "SimCCLabel", "label_smooth_weight": 0.1}, "only smoothing_type='standard'"),
        ({"type": "MegviiHeatmap", "heatmap_size": HEATMAP, "kernel_size": 10}, "must be odd"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CODECS.get(settings["type"])(input_size=SIZE, **{k: v for k, v in settings.items() if k != "type"})


def test_regression_refuses_other_numbers_of_columns() -> None:
    with pytest.raises(ValueError, match="3 numbers per keypoint"):
        RegressionLabel(SIZE).decode(np.zeros((1, 5, 3)))


def test_flip_refuses_maps_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match=r"3 map\(s\) per keypoint"):
        UDPHeatmap(SIZE, HEATMAP, heatmap_type="combined").flip(np.zeros((1, 5, 4, 4)), range(5))
    with pytest.raises(ValueError, match="allowed are heatmap"):
        MSRAHeatmap(SIZE, HEATMAP, 2).flip(np.zeros((1, 5, 4, 4)), range(5), flip_mode="sideways")


def person_in_space() -> tuple[np.ndarray, np.ndarray]:
    """Return keypoints (1, K, 2) in the input, and their places (1, K, 3) five metres from the camera."""
    points = keypoints_inside()
    depth = 5 + np.random.default_rng(0).uniform(-1, 1, (1, points.shape[1], 1))
    return points, np.concatenate([points, depth], -1).astype(np.float32)


def test_simcc_3d_finds_pixels_and_depth_relative_to_the_root() -> None:
    codec = SimCC3DLabel((*SIZE, 288), sigma=6.0, root_index=(1, 2))
    points, in_space = person_in_space()
    encoded = codec.encode(points, keypoints_3d=in_space)
    root = in_space[:, 1:3, 2].mean(1)
    np.testing.assert_allclose(encoded["root_z"], root, rtol=1e-6)
    decoded, scores = codec.decode(*(encoded[f"keypoint_{axis}_labels"] for axis in "xyz"))
    assert np.abs(decoded[..., :2] - points).max() <= 0.25 + 1e-4
    bin_m = codec.z_range / 288
    assert np.abs(decoded[..., 2] + root - in_space[..., 2]).max() <= bin_m / 2 + 1e-4
    assert (scores > 0).all()
    np.testing.assert_allclose(codec.simcc_space(decoded)[..., 2] % 0.5, 0, atol=1e-3)


def test_simcc_3d_gives_no_weight_to_an_unknown_depth() -> None:
    encoded = SimCC3DLabel((*SIZE, 96)).encode(keypoints_inside())
    assert encoded["keypoint_weights"].all()
    assert not encoded["weight_z"].any()


def test_simcc_wants_a_size_for_each_axis() -> None:
    with pytest.raises(ValueError, match=r"SimCC3DLabel.input_size: \(96, 128\); it takes one number per axis of xyz"):
        CODECS.build({"type": "SimCC3DLabel", "input_size": (96, 128)})

"""Maps between spaces."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from posekit.geometry import Affine, crop_affine, warp_image
from posekit.geometry.warp import MAX_SIDE, thinned
from posekit.structures import get_pers_warp_matrix, get_udp_warp_matrix, get_warp_matrix

number = st.floats(-500, 500)
points = st.lists(st.tuples(number, number), min_size=1, max_size=5).map(np.array)


@st.composite
def affines(draw: st.DrawFn, source: str = "image", target: str = "input") -> Affine:
    """A crop of any place, size and direction, mirrored or not."""
    crop = crop_affine(
        [draw(number), draw(number)],
        [draw(st.floats(5, 900)), draw(st.floats(5, 900))],
        draw(st.floats(-180, 180)),
        (draw(st.integers(8, 512)), draw(st.integers(8, 512))),
        use_udp=draw(st.booleans()),
    )
    flip = Affine.flip((640, 480)) if draw(st.booleans()) else Affine.identity()
    return Affine((crop @ flip).matrix, source, target)


@given(affines(), points)
@settings(max_examples=50, deadline=None)
def test_inverse_brings_points_back(affine: Affine, xy: np.ndarray) -> None:
    np.testing.assert_allclose(affine.inverse().points(affine.points(xy)), xy, atol=1e-6)
    assert (affine.inverse().source, affine.inverse().target) == ("input", "image")


@given(affines(), affines("input", "output"), points)
@settings(max_examples=50, deadline=None)
def test_composition_is_one_map_after_the_other(first: Affine, second: Affine, xy: np.ndarray) -> None:
    both = second @ first
    np.testing.assert_allclose(both.points(xy), second.points(first.points(xy)), rtol=1e-9, atol=1e-6)
    assert (both.source, both.target) == ("image", "output")


@given(affines(), affines("input", "output"), affines("output", "image"))
@settings(max_examples=50, deadline=None)
def test_composition_is_associative(a: Affine, b: Affine, c: Affine) -> None:
    np.testing.assert_allclose((c @ (b @ a)).matrix, ((c @ b) @ a).matrix, rtol=1e-9, atol=1e-5)


def test_maps_whose_ends_do_not_meet_are_not_composed() -> None:
    crop = crop_affine([0, 0], [1, 1], 0, (8, 8))
    with pytest.raises(ValueError, match="ends in 'input' and the second starts in 'image'"):
        _ = crop @ crop


def test_a_map_that_loses_a_dimension_has_no_inverse() -> None:
    with pytest.raises(ValueError, match="has no inverse"):
        Affine.scale((1, 0)).inverse()
    with pytest.raises(ValueError, match="must be"):
        Affine(np.eye(3), "image", "input")


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_tensors_give_tensors_of_their_kind(dtype: torch.dtype) -> None:
    affine = crop_affine([320, 240], [200, 300], 30, (192, 256))
    xy = torch.tensor([[[300.0, 200.0], [310.0, 250.0]]], dtype=dtype)
    mapped = affine.points(xy)
    assert mapped.dtype == dtype
    np.testing.assert_allclose(
        mapped.double().numpy(), affine.points(xy.double().numpy()), atol=0.1 if dtype == torch.float16 else 1e-3
    )


def test_further_coordinates_are_kept_and_integers_become_real() -> None:
    mapped = Affine.translate((1, 2)).points(np.array([[3, 4, 7]]))
    np.testing.assert_array_equal(mapped, [[4, 6, 7]])
    assert mapped.dtype == np.float64
    assert Affine.translate((1, 2)).points(torch.tensor([[3, 4, 7]])).tolist() == [[4, 6, 7]]


@pytest.mark.parametrize("library", [np.asarray, torch.as_tensor])
def test_a_batch_of_maps_goes_with_a_batch_of_points(library) -> None:
    centers = np.array([[10.0, 20], [30, 40]])
    batch = crop_affine(centers, np.full((2, 2), 64.0), np.array([0.0, 45.0]), (32, 32))
    xy = np.random.default_rng(0).random((2, 3, 5, 2)) * 50
    mapped = batch.points(library(xy))
    for index in range(2):
        single = crop_affine(centers[index], [64, 64], [0.0, 45.0][index], (32, 32))
        np.testing.assert_allclose(mapped[index], single.points(xy[index]))
    np.testing.assert_allclose(batch.inverse().points(batch.points(xy)), xy)
    with pytest.raises(ValueError, match="fewer leading dimensions"):
        batch.points(xy[0, 0, 0])


def test_a_flip_mirrors_pixel_centres() -> None:
    np.testing.assert_array_equal(Affine.flip((10, 8)).points(np.array([[0.0, 3], [9, 7]])), [[9, 3], [0, 7]])
    np.testing.assert_array_equal(Affine.flip((10, 8), "vertical").points(np.array([[2.0, 0]])), [[2, 7]])
    np.testing.assert_array_equal(Affine.flip((10, 8), "diagonal").points(np.array([[2.0, 0]])), [[7, 7]])
    with pytest.raises(ValueError, match="allowed are"):
        Affine.flip((10, 8), "sideways")


def test_a_positive_angle_turns_clockwise_on_screen() -> None:
    np.testing.assert_allclose(Affine.rotate(90).points(np.array([[1.0, 0]])), [[0, 1]], atol=1e-12)
    np.testing.assert_allclose(Affine.rotate(30, (5, 6)).points(np.array([[5.0, 6]])), [[5, 6]])
    # The box turns clockwise, so the image inside of it turns back: what was below the centre is now right of it.
    for use_udp in (False, True):
        crop = crop_affine([50, 50], [64, 64], 90, (64, 64), use_udp=use_udp)
        below = crop.points(np.array([[50.0, 60]])) - crop.points(np.array([[50.0, 50]]))
        np.testing.assert_allclose(below, [[10 * (63 / 64 if use_udp else 1), 0]], atol=1e-9)


def test_plain_crop_takes_its_factor_from_the_width() -> None:
    crop = crop_affine([100, 80], [50, 200], 0, (100, 60))
    np.testing.assert_allclose(crop.matrix, [[2, 0, -150], [0, 2, -130]])
    stretched = crop_affine([100, 80], [50, 200], 0, (100, 60), keep_aspect=False)
    np.testing.assert_allclose(stretched.matrix[1], [0, 0.3, 6])
    shifted = crop_affine([100, 80], [50, 200], 0, (100, 60), shift=(0.1, 0))
    np.testing.assert_allclose(shifted.points(np.array([[105.0, 80]])), [[50, 30]])


def test_udp_crop_maps_the_outermost_pixel_centres() -> None:
    crop = crop_affine([100, 80], [49, 59], 0, (50, 60), use_udp=True)
    np.testing.assert_allclose(crop.points(np.array([[75.5, 50.5], [124.5, 109.5]])), [[0, 0], [49, 59]])


@pytest.mark.parametrize("keep_aspect", [True, False])
def test_a_plain_crop_is_the_map_through_three_points_in_single_precision(keep_aspect: bool) -> None:
    center, scale = np.array([390.14, 218.07], np.float32), np.array([325.01248, 433.34998], np.float32)
    left, middle = (center - scale * [0.5, 0]).astype(np.float32), [96, 128]
    third = np.array([left[0], left[1] + center[0] - left[0]]) if keep_aspect else center - scale * [0, 0.5]
    source = [center, left, third]
    target = [middle, [0, 128], [0, 128 + 96]] if keep_aspect else [middle, [0, 128], [96, 0]]
    expected = cv2.getAffineTransform(np.array(source, np.float32), np.array(target, np.float32))
    affine = crop_affine(center, scale, 0.0, (192, 256), keep_aspect=keep_aspect)
    np.testing.assert_allclose(affine.matrix, expected, rtol=0, atol=1e-11)


def test_a_udp_crop_is_held_to_single_precision() -> None:
    matrix = crop_affine([390.14, 218.07], [325.01248, 433.34998], 0.0, (192, 256), use_udp=True).matrix
    assert matrix.dtype == np.float64
    np.testing.assert_array_equal(matrix, matrix.astype(np.float32))


def test_a_box_without_area_is_refused() -> None:
    with pytest.raises(ValueError, match="must be above zero"):
        crop_affine([0, 0], [0, 10], 0, (8, 8))


def test_plain_matrices_are_those_of_the_affines() -> None:
    center, scale = np.array([310.0, 205.0]), np.array([240.0, 320.0])
    matrix = get_warp_matrix(center, scale, 30, (192, 256))
    np.testing.assert_allclose(matrix, crop_affine(center, scale, 30, (192, 256)).matrix)
    back = get_warp_matrix(center, scale, 30, (192, 256), inv=True)
    np.testing.assert_allclose(back[:, :2] @ matrix[:, :2], np.eye(2), atol=1e-12)
    np.testing.assert_allclose(
        get_udp_warp_matrix(center, scale, 30, (192, 256)),
        crop_affine(center, scale, 30, (192, 256), use_udp=True).matrix,
    )
    fixed = get_pers_warp_matrix(center, np.array([5.0, 7.0]), 1.5, 20, (10.0, 0.0)) @ [*center, 1]
    np.testing.assert_allclose(fixed, [315, 212, 1])


class TestWarpImage:
    image = np.random.default_rng(0).integers(0, 255, (40, 60, 3), dtype=np.uint8)

    def test_identity_keeps_the_image(self) -> None:
        np.testing.assert_array_equal(warp_image(self.image, Affine.identity(), (60, 40)), self.image)

    def test_flip_mirrors_the_image(self) -> None:
        np.testing.assert_array_equal(warp_image(self.image, Affine.flip((60, 40)), (60, 40)), self.image[:, ::-1])

    def test_points_go_with_their_pixels(self) -> None:
        image = np.zeros((80, 80), np.float32)
        image[20:23, 50:53] = 1
        affine = crop_affine([45, 30], [60, 60], 35, (120, 120))
        warped = warp_image(image, affine, (120, 120))
        y, x = np.mgrid[:120, :120]
        middle = np.array([(x * warped).sum(), (y * warped).sum()]) / warped.sum()
        np.testing.assert_allclose(middle, affine.points(np.array([51.0, 21.0])), atol=0.05)

    def test_outside_takes_the_border_value(self) -> None:
        warped = warp_image(self.image, Affine.translate((1000, 0)), (10, 10), border_value=(1, 2, 3))
        assert (warped == [1, 2, 3]).all()

    @pytest.mark.parametrize("image", [image, image[..., 0], image.astype(np.float32)], ids=["color", "gray", "float"])
    def test_all_from_outside_is_border(self, image: np.ndarray) -> None:
        warped = warp_image(image, Affine.translate((1000, 0)), (20, 10), border_value=4)
        assert warped.shape == (10, 20, *image.shape[2:])
        assert warped.dtype == image.dtype
        assert (warped == 4).all()

    @pytest.mark.parametrize("seed", range(12))
    def test_equals_the_direct_way(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        image = cv2.GaussianBlur(rng.integers(0, 255, (480, 640, 3), np.uint8), (5, 5), 0)
        center, width = rng.uniform([-20, -20], [660, 500]), rng.uniform(5, 500)
        affine = crop_affine(center, [width, width * 1.3], rng.uniform(-180, 180), (40, 52))
        fast = warp_image(image, affine, (40, 52), border_value=(9, 8, 7))
        slow = cv2.warpAffine(image, affine.matrix, (40, 52), borderValue=(9, 8, 7))
        np.testing.assert_array_equal(fast, slow)

    def test_a_map_onto_a_line_is_no_error(self) -> None:
        assert warp_image(self.image, Affine(np.zeros((2, 3)), "image", "input"), (10, 10)).shape == (10, 10, 3)

    def test_unknown_interpolation_and_batches_are_refused(self) -> None:
        with pytest.raises(ValueError, match="allowed are nearest"):
            warp_image(self.image, Affine.identity(), (10, 10), interpolation="best")
        with pytest.raises(ValueError, match="not a batch"):
            warp_image(self.image, Affine(np.zeros((2, 2, 3)), "image", "input"), (10, 10))


@pytest.mark.parametrize(
    ("shape", "kept"), [((2, 70000, 3), (2, 23334, 3)), ((40000, 1), (20000, 1)), ((5, 6), (5, 6))]
)
def test_images_too_large_for_opencv_are_thinned(shape, kept):
    image = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    matrix = np.array([[0.5, 0.1, 3.0], [0.0, 2.0, -1.0]])
    small, moved = thinned(image, matrix)
    assert small.shape == kept
    assert max(small.shape[:2]) <= MAX_SIDE
    row, column = kept[0] - 1, kept[1] - 1
    y, x = np.argwhere(image.reshape(*shape[:2], -1)[..., 0] == small.reshape(*kept[:2], -1)[row, column, 0])[0]
    assert np.allclose(moved @ [column, row, 1], matrix @ [x, y, 1])


def test_wide_images_are_warped():
    wide = np.zeros((4, 70000), np.uint8)
    wide[:, :35000] = 200
    small = warp_image(wide, Affine(np.array([[0.001, 0, 0], [0, 1.0, 0]]), "image", "input"), (70, 4))
    assert small[:, :34].min() == 200
    assert small[:, 36:].max() == 0


def test_a_crop_of_a_wide_image_keeps_every_pixel():
    wide = np.zeros((4, 70000), np.uint8)
    wide[:, 50001] = 200
    crop = warp_image(wide, Affine.translate((-50000, 0)), (4, 4))
    assert crop.tolist() == [[0, 200, 0, 0]] * 4


def test_points_that_count_from_the_corner() -> None:
    double = Affine(np.array([[2, 0, 0.5], [0, 2, 0.5]]), "image", "input")  # the corner stays in place
    assert double.corner_points(np.array([[0.0, 0], [10, 20]])).tolist() == [[0, 0], [20, 40]]

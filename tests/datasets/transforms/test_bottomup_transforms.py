from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from dot_images import HEIGHT, KEYPOINTS, WIDTH, dot_center  # pyright: ignore[reportMissingImports]

from posekit.datasets.transforms.bottomup_get_heatmap_mask import (
    BottomupGetHeatmapMask,
    decompress_counts,
    segmentation_mask,
)
from posekit.datasets.transforms.bottomup_random_affine import BottomupRandomAffine
from posekit.datasets.transforms.bottomup_resize import BottomupResize
from posekit.datasets.transforms.filter_annotations import FilterAnnotations
from posekit.datasets.transforms.random_flip import RandomFlip

STILL = dict(shift_prob=0.0, scale_prob=0.0, rotate_prob=0.0, shear_prob=0.0)


class TestBottomupResize:
    @pytest.mark.parametrize(("mode", "size"), [("fit", (64, 64)), ("expand", (96, 64))])
    def test_size(self, mode: str, size: tuple[int, int], make_results: Any) -> None:
        results: Any = BottomupResize((64, 64), resize_mode=mode)(make_results())
        assert results["input_size"] == size
        assert results["img"].shape[:2] == results["img_shape"] == size[::-1]

    def test_levels_of_the_pyramid(self, make_results: Any) -> None:
        results: Any = BottomupResize((64, 64), [0.5, 1.5], resize_mode="expand")(make_results())
        assert [img.shape[:2] for img in results["img"]] == [(64, 96), (32, 64), (96, 128)]
        assert dot_center(results["img"][0]) == pytest.approx(results["transformed_keypoints"][0, 0], abs=0.2)

    def test_side_that_does_not_fit(self) -> None:
        with pytest.raises(ValueError, match=r"\(70, 64\) is no multiple of size_factor=32.*use \(96, 64\)"):
            BottomupResize((70, 64))

    def test_unknown_mode(self) -> None:
        with pytest.raises(ValueError, match="neither 'fit' nor 'expand'"):
            BottomupResize((64, 64), resize_mode="stretch")


class TestBottomupRandomAffine:
    def test_without_chance_it_is_a_plain_resize(self, make_results: Any) -> None:
        results: Any = BottomupRandomAffine((40, 30), **STILL)(make_results())
        assert results["keypoints"] == pytest.approx(KEYPOINTS / 2)
        assert results["area"] == pytest.approx([1280 / 4])

    @pytest.mark.parametrize(("scale_type", "height"), [("short", 60), ("long", 45)])
    def test_scale_type(self, scale_type: str, height: float, make_results: Any) -> None:
        results: Any = BottomupRandomAffine((60, 60), scale_type=scale_type, **STILL)(make_results())
        corners = results["affine"].points(np.array([[0, 0], [0, HEIGHT]]))
        assert corners[1, 1] - corners[0, 1] == pytest.approx(height)

    def test_boxes_as_corners_or_upright(self, make_results: Any) -> None:
        turn = STILL | dict(rotate_prob=1.0, rotate_factor=40.0)
        corners: Any = BottomupRandomAffine((40, 30), **turn)(make_results(1))
        boxes: Any = BottomupRandomAffine((40, 30), bbox_keep_corner=False, **turn)(make_results(1))
        assert corners["bbox"].shape == (1, 4, 2)
        assert boxes["bbox"][0] == pytest.approx([*corners["bbox"][0].min(axis=0), *corners["bbox"][0].max(axis=0)])

    def test_clip_border_hides_what_is_outside(self, make_results: Any) -> None:
        affine = BottomupRandomAffine(
            (40, 30), transform_mode="perspective", bbox_keep_corner=False, clip_border=True, **STILL
        )
        results: Any = affine(make_results())
        inside = (results["keypoints"][0] <= (40, 30)).all(axis=-1)
        assert np.array_equal(results["keypoints_visible"][0], inside * [1, 1, 1, 1, 1, 0])
        assert results["bbox"].max() <= 40

    @pytest.mark.parametrize("key", ["transform_mode", "distribution", "scale_type"])
    def test_unknown_setting(self, key: str) -> None:
        with pytest.raises(ValueError, match=f"BottomupRandomAffine.{key}: 'odd' is not one of"):
            BottomupRandomAffine((40, 30), **{key: "odd"})  # pyright: ignore[reportArgumentType]

    def test_input_size_is_needed(self) -> None:
        with pytest.raises(ValueError, match=r"give \(width, height\)"):
            BottomupRandomAffine()


class TestHeatmapMask:
    SQUARE = ((20, 10, 60, 10, 60, 50, 20, 50),)

    def test_covers_the_unannotated_and_follows_the_image(self, make_results: Any) -> None:
        given = make_results(invalid_segs=[self.SQUARE], heatmaps=np.zeros((6, 15, 20)))
        affine: Any = BottomupRandomAffine((40, 30), **STILL)(given)
        results: Any = BottomupGetHeatmapMask()(RandomFlip(1.0)(affine))  # pyright: ignore
        mask = results["heatmap_mask"]
        assert mask.shape == (15, 20)
        assert mask.dtype == bool
        assert not mask[3:12, 6:14].any()
        assert mask[:, :4].all()

    def test_invalid_region_at_several_sizes(self, make_results: Any) -> None:
        maps = [np.zeros((6, 15, 20)), np.zeros((6, 30, 40))]
        results: Any = BottomupGetHeatmapMask(get_invalid=True)(make_results(invalid_segs=[self.SQUARE], heatmaps=maps))
        assert [mask.mean() for mask in results["heatmap_mask"]] == pytest.approx([1 / 3, 1 / 3], abs=0.02)

    def test_everything_is_valid_by_default(self, make_results: Any) -> None:
        results: Any = BottomupGetHeatmapMask()(make_results())
        assert results["heatmap_mask"].shape == (HEIGHT, WIDTH)
        assert results["heatmap_mask"].all()


class TestCocoMask:
    def test_run_lengths(self) -> None:
        mask = segmentation_mask([dict(size=(2, 3), counts=[1, 2, 3])], (2, 3))
        assert mask.tolist() == [[False, True, False], [True, False, False]]

    def test_of_another_size(self) -> None:
        with pytest.raises(ValueError, match=r"run lengths of 6 pixels.*for an image of \(2, 4\)"):
            segmentation_mask([dict(size=(2, 3), counts=[6])], (2, 4))

    @pytest.mark.parametrize("seed", range(3))
    def test_compressed_text_as_pycocotools_writes_it(self, seed: int) -> None:
        tool = pytest.importorskip("pycocotools.mask")
        mask = np.random.default_rng(seed).random((37, 53)) < (0.02, 0.5, 0.9)[seed]
        coded = tool.encode(np.asfortranarray(mask.astype(np.uint8)))
        assert np.array_equal(segmentation_mask([coded], mask.shape), mask)
        assert sum(decompress_counts(coded["counts"].decode())) == mask.size

    @pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")  # of pycocotools with numpy 2
    def test_polygon_differs_from_pycocotools_at_its_edge_only(self) -> None:
        tool = pytest.importorskip("pycocotools.mask")
        polygon = [10.2, 5.1, 70.7, 12.4, 44.0, 55.5, 20.0, 40.0]
        want = tool.decode(tool.frPyObjects([polygon], HEIGHT, WIDTH))[..., 0]
        got = segmentation_mask([[polygon]], (HEIGHT, WIDTH))
        assert (got != want).mean() < 0.03


class TestFilterAnnotations:
    def sample(self, make_results: Any) -> Any:
        return make_results(
            bbox=np.array([[0, 0, 10, 10], [0, 0, 1, 50], [0, 0, 30, 30]], np.float32),
            area=np.array([100, 40, 5], np.float32),
            keypoints=np.repeat(KEYPOINTS, 3, 0),
            keypoints_visible=np.array([[1, 1], [1, 0], [0, 0]], np.float32).repeat(3, axis=1),
            id=[1, 2, 3],
        )

    @pytest.mark.parametrize(
        ("settings", "kept"),
        [
            (dict(min_kpt_vis=4), [1]),
            (dict(by_kpt=False, by_box=True), [1, 3]),
            (dict(by_kpt=False, by_area=True, min_gt_area=30), [1, 2]),
            (dict(by_area=True, min_gt_area=50, by_box=True), [1]),
        ],
    )
    def test_keeps_what_passes_all_tests(self, settings: dict[str, Any], kept: list[int], make_results: Any) -> None:
        results: Any = FilterAnnotations(**settings)(self.sample(make_results))
        assert results["id"] == kept
        assert len(results["keypoints"]) == len(results["bbox"]) == len(results["area"]) == len(kept)

    def test_nothing_left(self, make_results: Any) -> None:
        assert FilterAnnotations(min_kpt_vis=9)(self.sample(make_results)) is None
        results: Any = FilterAnnotations(min_kpt_vis=9, keep_empty=False)(self.sample(make_results))
        assert results["keypoints"].shape == (0, 6, 2)

    def test_a_test_must_be_chosen(self) -> None:
        with pytest.raises(ValueError, match="choose at least one of"):
            FilterAnnotations(by_kpt=False)

"""InstanceData, PixelData, PoseDataSample and PoseBatch."""

from __future__ import annotations

import copy
import itertools
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tour_sample import get_pose_data_sample

from posekit.structures import InstanceData, MultilevelPixelData, PixelData, PoseBatch, PoseDataSample


def example_sample() -> PoseDataSample:
    """The example of the specification, with the labels that it makes and leaves out."""
    sample = get_pose_data_sample()
    sample.gt_instance_labels = InstanceData(keypoint_labels=torch.rand(1, 17, 2), keypoint_weights=torch.rand(1, 17))
    return sample


def instances(count: int = 4) -> InstanceData:
    return InstanceData(
        boxes=np.arange(count * 4.0).reshape(count, 4), points=torch.arange(count * 2.0).reshape(count, 2),
        names=[f"p{i}" for i in range(count)], metainfo={"img_id": 7},
    )  # fmt: skip


class TestInstanceData:
    def test_lengths_must_agree(self) -> None:
        data = instances()
        assert len(data) == 4
        with pytest.raises(ValueError, match=r"InstanceData.scores: 3 entries where the other attributes have 4"):
            data.scores = np.zeros(3)
        with pytest.raises(ValueError, match="one entry per instance"):
            data.score = 3.0
        data.names = ["a"] * 4
        del data.names
        assert "names" not in data
        assert len(InstanceData()) == 0

    @pytest.mark.parametrize("step", [2**62, -(2**63) - 1])
    @pytest.mark.parametrize("size", [0, 3])
    def test_steps_of_any_size(self, step, size):
        rows = list(range(size))
        assert InstanceData(a=torch.tensor(rows))[::step].a.tolist() == rows[::step]
        assert InstanceData(a=np.array(rows, int))[::step].a.tolist() == rows[::step]

    @settings(max_examples=40, deadline=None)
    @given(st.integers(0, 6), st.data())
    def test_indexing_agrees_with_numpy(self, count: int, data: st.DataObject) -> None:
        values = instances(count)
        order = np.arange(count)
        index = data.draw(
            st.one_of(
                st.slices(count),
                st.lists(st.booleans(), min_size=count, max_size=count).map(lambda v: np.array(v, bool)),
                st.lists(st.integers(-count, count - 1), max_size=8).map(lambda v: np.array(v, int))
                if count
                else st.just(slice(None)),
            )
        )
        for chosen in (index, torch.as_tensor(index) if isinstance(index, np.ndarray) else index):
            part = values[chosen]
            assert part.names == [f"p{i}" for i in order[index]]
            np.testing.assert_array_equal(part.boxes, values.boxes[index])
            np.testing.assert_array_equal(part.points.numpy(), values.points.numpy()[index])
            assert part.metainfo == {"img_id": 7}

    @settings(max_examples=40, deadline=None)
    @given(st.integers(1, 6), st.data())
    def test_an_integer_keeps_the_instance_axis(self, count: int, data: st.DataObject) -> None:
        index = data.draw(st.integers(-count, count - 1))
        assert instances(count)[index].boxes.tolist() == [instances(count).boxes[index].tolist()]

    def test_indices_out_of_reach(self) -> None:
        with pytest.raises(IndexError, match="there are 4 instances"):
            instances()[4]
        with pytest.raises(IndexError, match="3 entries for 4"):
            instances()[np.array([True, False, True])]
        with pytest.raises(IndexError, match="one axis"):
            instances()[np.zeros((2, 2), int)]

    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.integers(0, 4), min_size=1, max_size=4))
    def test_cat_undoes_slicing(self, counts: list[int]) -> None:
        whole = instances(sum(counts))
        edges = np.cumsum([0, *counts])
        joined = InstanceData.cat([whole[a:b] for a, b in itertools.pairwise(edges)])
        assert joined.names == whole.names
        np.testing.assert_array_equal(joined.boxes, whole.boxes)
        np.testing.assert_array_equal(joined.points, whole.points)

    def test_cat_refuses_what_does_not_fit(self) -> None:
        with pytest.raises(ValueError, match="list is empty"):
            InstanceData.cat([])
        with pytest.raises(ValueError, match="same attributes"):
            InstanceData.cat([InstanceData(a=[1]), InstanceData(b=[1])])

    def test_iterating_gives_instances(self) -> None:
        assert [one.names[0] for one in instances()] == ["p0", "p1", "p2", "p3"]

    def test_moving_converts_tensors_only(self) -> None:
        data = instances().to(torch.float64)
        assert data.points.dtype == torch.float64
        assert data.boxes.dtype == np.float64
        assert isinstance(data.numpy().points, np.ndarray)
        assert isinstance(instances().points, torch.Tensor)

    def test_clones_are_independent(self) -> None:
        data = instances()
        data.points = data.points.requires_grad_() * 2
        data.set_metainfo({"shape": [1, 2]})
        copied = data.clone()
        copied.boxes[:] = -1
        copied.names[0] = "other"
        copied.shape.append(3)
        assert data.boxes.min() >= 0
        assert data.names[0] == "p0"
        assert data.shape == [1, 2]
        assert copied.points.requires_grad

    def test_new_elements_take_over_what_is_left_out(self) -> None:
        data = instances()
        assert data.new().keys() == data.keys()
        assert data.new().metainfo == data.new(scores=[1.0]).metainfo == {"img_id": 7}
        assert data.new(scores=[1.0]).all_items() == [("img_id", 7), ("scores", [1.0])]
        assert data.new(metainfo={}).all_keys() == data.keys()

    def test_updating_takes_values_and_meta_information(self) -> None:
        data = instances(2)
        data.update(InstanceData(scores=[0.5, 1.0], names=["a", "b"], metainfo={"img_id": 8}))
        assert data.names == ["a", "b"]
        assert data.all_keys() == ["img_id", "boxes", "points", "names", "scores"]
        assert data.all_values()[0] == data.metainfo_values()[0] == 8
        assert data.metainfo_items() == [("img_id", 8)]

    def test_arrays_become_tensors(self) -> None:
        sample = PoseDataSample(gt_instances=instances(), pred_instance_labels=InstanceData())
        data = sample.to_tensor().gt_instances
        assert data.boxes.dtype == torch.float64
        assert data.names == ["p0", "p1", "p2", "p3"]
        assert isinstance(sample.gt_instances.boxes, np.ndarray)

    def test_names_of_methods_are_no_attributes(self) -> None:
        with pytest.raises(AttributeError, match="choose another"):
            InstanceData(keys=[1])
        with pytest.raises(AttributeError, match="it holds boxes, points, names, img_id"):
            _ = instances().bboxes


class TestPixelData:
    def test_sizes_must_agree(self) -> None:
        data = PixelData(heatmaps=torch.zeros(17, 64, 48), mask=np.ones((64, 48)))
        assert data.shape == (64, 48)
        assert data[10:20, 5:9].heatmaps.shape == (17, 10, 4)
        assert data.mask.shape == (1, 64, 48)
        assert data[10:20, 5:9].mask.shape == (1, 10, 4)
        with pytest.raises(ValueError, match=r"\(32, 48\) where the other maps have \(64, 48\)"):
            data.weights = np.zeros((1, 32, 48))
        with pytest.raises(ValueError, match="give an array or tensor"):
            data.weights = [1]
        with pytest.raises(IndexError, match="must be slices"):
            data[3, 2:4]
        assert PixelData().shape is None

    def test_levels(self) -> None:
        data = MultilevelPixelData(heatmaps=[torch.zeros(3, 8, 6), torch.zeros(3, 4, 3)])
        assert len(data) == 2
        assert [level.shape for level in data] == [(8, 6), (4, 3)]
        data.seen = (torch.zeros(8, 6), np.ones((1, 4, 3)))
        assert [level.shape for level in data.seen] == [(1, 8, 6), (1, 4, 3)]
        with pytest.raises(ValueError, match="where the other maps have"):
            data.mask = [torch.zeros(8, 6), torch.zeros(8, 6)]
        with pytest.raises(ValueError, match="levels"):
            data.mask = [torch.zeros(8, 6)]


class TestPoseDataSample:
    def test_the_example_of_the_specification(self) -> None:
        sample = example_sample()
        assert sample.gt_instances.keypoints.shape == (1, 17, 2)
        assert sample.gt_instance_labels.keypoint_weights.shape == (1, 17)
        assert sample.gt_fields.shape == sample.pred_fields.shape == (64, 48)
        assert sample.metainfo["img_shape"] == sample.get("img_shape") == sample.img_shape == (600, 900)
        assert sample.crop_size == (256, 192)

    def test_parts_have_their_types(self) -> None:
        with pytest.raises(TypeError, match="it must be InstanceData"):
            PoseDataSample(gt_instances=PixelData())
        sample = PoseDataSample()
        assert "pred_instances" not in sample
        with pytest.raises(AttributeError, match="nothing yet"):
            _ = sample.pred_instances

    def test_copies_are_independent(self) -> None:
        sample = example_sample()
        for other in (copy.deepcopy(sample), pickle.loads(pickle.dumps(sample))):
            other.gt_instances.bboxes[:] = -1
            other.set_metainfo({"img_shape": (1, 1)})
            assert sample.gt_instances.bboxes.min() >= 0
            assert sample.img_shape == (600, 900)

    def test_as_a_dict(self) -> None:
        found = example_sample().to_dict()
        assert found["pred_instances"]["keypoints"].shape == (1, 17, 2)
        assert found["heatmap_size"] == (64, 48)
        assert "keypoints: ndarray (1, 17, 2) float64" in repr(example_sample())


class TestPoseBatch:
    def test_columns_of_samples_are_stacked(self) -> None:
        samples = [example_sample() for _ in range(3)]
        batch = PoseBatch.from_samples(samples)
        weights = batch.column("gt_instance_labels.keypoint_weights")
        assert weights.shape == (3, 1, 17)
        assert batch.column("gt_instance_labels.keypoint_weights") is weights
        assert batch.column("gt_instances.keypoints").shape == (3, 1, 17, 2)
        assert batch.column("metainfo.img_shape") == [(600, 900)] * 3
        assert batch[1] is samples[1]
        assert batch[-1] is samples[2]
        assert len(batch[1:]) == 2
        assert "gt_fields.heatmaps" in batch
        assert batch.get("gt_fields.masks") is None
        with pytest.raises(KeyError, match=r"no column 'gt_fields.masks'; columns: .*gt_fields.heatmaps"):
            batch.column("gt_fields.masks")
        with pytest.raises(IndexError, match="there are 3 samples"):
            batch[3]

    def test_unequal_shapes_stay_a_list(self) -> None:
        samples = [PoseDataSample(gt_instances=InstanceData(boxes=np.zeros((n, 4)))) for n in (1, 2)]
        assert [len(boxes) for boxes in PoseBatch.from_samples(samples).column("gt_instances.boxes")] == [1, 2]

    def test_samples_of_columns(self) -> None:
        levels = torch.rand(2, 5, 8, 6), torch.rand(2, 5, 4, 3)
        columns = {"gt_instance_labels.keypoint_weights": torch.rand(2, 1, 5), "gt_fields.heatmaps": levels}
        batch = PoseBatch(columns, [{"img_id": 1}, {"img_id": 2}])
        assert [sample.img_id for sample in batch] == [1, 2]
        assert batch[1].gt_instance_labels.keypoint_weights.shape == (1, 5)
        assert batch[1].gt_fields[1].shape == (4, 3)
        again = PoseBatch.from_samples(list(batch)).column("gt_fields.heatmaps")
        assert torch.equal(again[0], levels[0])
        assert torch.equal(again[1], levels[1])

    def test_what_some_samples_lack_is_no_column(self) -> None:
        some = PoseDataSample(gt_instances=InstanceData(boxes=np.zeros((1, 4)), head_size=np.ones((1, 1))))
        other = PoseDataSample(
            gt_instances=InstanceData(boxes=np.zeros((1, 4))), gt_fields=PixelData(a=np.ones((2, 2)))
        )
        samples = PoseBatch.from_samples([other, some, other])
        names = ["gt_instances.boxes", "gt_instances.head_size", "gt_fields.a"]
        columns = PoseBatch({name: samples.entries(name) for name in names}, samples.metainfos)
        for batch in (samples, columns, pickle.loads(pickle.dumps(columns)), columns.to(torch.float32)):
            assert batch.keys() == ["gt_instances.boxes"]
            assert set(batch.partial_keys()) == {"gt_instances.head_size", "gt_fields.a"}
            assert "gt_instances.head_size" not in batch
            with pytest.raises(KeyError, match=r"no column 'gt_instances.head_size'; columns: gt_instances.boxes"):
                batch.column("gt_instances.head_size")
            assert batch[1].gt_instances.head_size.tolist() == [[1]]
            assert ["head_size" in sample.gt_instances for sample in batch] == [False, True, False]
            assert ["gt_fields" in sample for sample in batch] == [True, False, True]

    def test_a_column_can_be_added(self) -> None:
        batch = PoseBatch.from_samples([example_sample() for _ in range(2)])
        batch.set_column("gt_fields.heatmaps", torch.ones(2, 17, 64, 48))
        assert batch[0].gt_fields.heatmaps.mean() == 1
        assert batch.column("gt_fields.heatmaps").mean() == 1
        with pytest.raises(ValueError, match="3 entries for 2 samples"):
            batch.set_column("gt_fields.heatmaps", torch.ones(3, 17, 64, 48))
        with pytest.raises(ValueError, match=r"named 'part.name'"):
            batch.set_column("heatmaps", torch.ones(2))

    def test_moving_takes_columns_and_samples_along(self) -> None:
        batch = PoseBatch.from_samples([example_sample() for _ in range(2)])
        batch.column("gt_fields.heatmaps")
        moved = batch.to(torch.float64)
        assert moved.column("gt_fields.heatmaps").dtype == torch.float64
        assert moved[0].gt_fields.heatmaps.dtype == torch.float64
        assert batch[0].gt_fields.heatmaps.dtype == torch.float32
        assert moved[0].img_shape == (600, 900)

    @pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int64])
    def test_small_columns_travel_without_shared_memory(self, dtype: torch.dtype) -> None:
        small, large = torch.arange(34).reshape(2, 17).to(dtype), torch.zeros(2, 64, 64, 48)
        columns = {"gt_instances.a": small, "gt_fields.b": large}
        batch = PoseBatch(columns, [{"img_id": 1}, {"img_id": 2}])
        state = batch.__getstate__()["_columns"]
        assert isinstance(state["gt_instances.a"], torch.Tensor) == (dtype == torch.bfloat16)
        assert state["gt_fields.b"] is large
        again = pickle.loads(pickle.dumps(batch))
        assert again.column("gt_instances.a").dtype == dtype
        assert torch.equal(again.column("gt_instances.a"), small)
        assert torch.equal(again.column("gt_fields.b"), large)
        assert again[1].img_id == 2

    def test_an_empty_batch(self) -> None:
        assert len(PoseBatch.from_samples([])) == 0


def test_structures_and_geometry_import_without_torch_and_cv2() -> None:
    code = (
        "import sys; from posekit.structures import PoseBatch, bbox_xyxy2cs, get_warp_matrix; import posekit.geometry; "
        "import posekit.codecs.simcc_label; print({'torch', 'cv2', 'scipy'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"

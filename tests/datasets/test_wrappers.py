"""Datasets of datasets, and batches with a share of each."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from coco_files import TRIANGLE, annotation, image, write

from posekit.datasets.base_coco import BaseCocoStyleDataset
from posekit.datasets.transforms.base import BaseTransform
from posekit.datasets.wrappers import ClassBalancedDataset, CombinedDataset, ConcatDataset, RepeatDataset
from posekit.registry import DATASETS

OTHER = {**TRIANGLE, "dataset_name": "other"}


class Draw(BaseTransform):
    """Adds a random number, and promises an image."""

    provides = ("img",)

    def __init__(self, key="number"):
        self.key = key

    def transform(self, results):
        return {**results, self.key: results["rng"].random()}


class NeedsImage(BaseTransform):
    requires = ("img",)

    def transform(self, results):
        return results


@pytest.fixture
def parts(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = write(tmp_path / "a", [annotation(n) for n in range(4)], [image(1)])
    second = write(tmp_path / "b", [annotation(n) for n in range(100, 110)], [image(1)])
    return [
        BaseCocoStyleDataset(first, metainfo=OTHER, pipeline=[Draw()]),
        BaseCocoStyleDataset(second, metainfo=TRIANGLE, pipeline=[Draw()]),
    ]


def test_combined(parts):
    dataset = CombinedDataset(TRIANGLE, parts, pipeline=[NeedsImage()])
    assert len(dataset) == 14
    assert [dataset.get_data_info(i)["id"] for i in (0, 3, 4, 13, -1)] == [0, 3, 100, 109, 109]
    assert [dataset[index]["dataset_name"] for index in (0, 4)] == ["other", "triangle"]
    assert dataset[0]["dataset"] is dataset
    numbers = dataset[5]["number"]
    dataset.set_epoch(1)
    assert dataset[5]["number"] != numbers
    dataset.set_epoch(0)
    dataset.seed = 7
    assert parts[0].seed == 7
    assert dataset[5]["number"] != numbers


def test_each_visit_draws_numbers_of_its_own(parts):
    dataset = CombinedDataset(TRIANGLE, [parts[0], parts[0]], [Draw("outer")], sample_ratio_factor=[2, 1])
    samples = [dataset[i] for i in range(12)]
    assert len({sample[key] for sample in samples for key in ("number", "outer")}) == 24
    assert [dataset[i]["number"] for i in (3, 0)] == [samples[3]["number"], samples[0]["number"]]
    alone = parts[0][0]["number"]
    assert alone not in [sample["number"] for sample in samples]
    nested = RepeatDataset(dataset, 2)
    assert len({sample[key] for sample in nested for key in ("number", "outer")}) == 48


def test_a_seed_reaches_all_data_sets(parts):
    dataset = RepeatDataset(CombinedDataset(TRIANGLE, parts), times=1)
    first = dataset[0]["number"]
    dataset.seed = 7
    assert dataset[0]["number"] != first
    dataset.seed = 0
    assert dataset[0]["number"] == first


def test_combined_of_repeated(parts):
    dataset = CombinedDataset(TRIANGLE, [RepeatDataset(parts[0], 2), parts[1]], pipeline=[NeedsImage()])
    assert len(dataset) == 18
    assert [dataset[i]["id"] for i in (0, 4, 8)] == [0, 0, 100]


def test_combined_from_configs(parts):
    configs = [dict(type="BaseCocoStyleDataset", ann_file=part.ann_file, metainfo=TRIANGLE) for part in parts]
    dataset = DATASETS.build(dict(type="CombinedDataset", metainfo=TRIANGLE, datasets=configs))
    assert len(dataset) == 14


def test_sample_ratio_factor(parts):
    dataset = CombinedDataset(TRIANGLE, parts, sample_ratio_factor=[2, 0.5])
    assert dataset.lens == [8, 5]
    seen = Counter(dataset.get_data_info(i)["id"] for i in range(13))
    assert all(seen[n] == 2 for n in range(4))
    visited = set()
    for epoch in range(30):
        dataset.set_epoch(epoch)
        visited |= {dataset.get_data_info(i)["id"] for i in range(8, 13)}
    assert visited == set(range(100, 110))
    with pytest.raises(ValueError, match="give one number >= 0 for each of the 2 datasets"):
        CombinedDataset(TRIANGLE, parts, sample_ratio_factor=[1])


def test_combined_checks_the_keys_of_its_pipeline(parts):
    parts[0].pipeline.transforms.clear()
    with pytest.raises(ValueError, match="NeedsImage needs 'img'"):
        CombinedDataset(TRIANGLE, parts, pipeline=[NeedsImage()])


def test_no_data_sets():
    with pytest.raises(ValueError, match=r"ConcatDataset.datasets: needs at least one dataset"):
        ConcatDataset([])


def test_concat(parts):
    assert len(ConcatDataset(parts)) == 14
    assert ConcatDataset(parts).metainfo["dataset_name"] == "other"
    different = BaseCocoStyleDataset(lazy_init=True, metainfo=dict(from_file="coco"))
    with pytest.raises(ValueError, match="keypoint sets differ"):
        ConcatDataset([parts[0], different], lazy_init=True)
    assert len(ConcatDataset([parts[0], different], ignore_keys=["keypoint_id2name"], lazy_init=True).datasets) == 2


def test_repeat(parts):
    dataset = RepeatDataset(parts[0], times=3)
    assert len(dataset) == 12
    assert [dataset[i]["id"] for i in (0, 4, 11)] == [0, 0, 3]
    assert len({dataset[i]["number"] for i in (0, 4, 8)}) == 3
    assert dataset.metainfo["dataset_name"] == "other"
    lazy = RepeatDataset(BaseCocoStyleDataset("none.json", metainfo=TRIANGLE, lazy_init=True), 2, lazy_init=True)
    assert lazy.metainfo["dataset_name"] == "triangle"
    with pytest.raises(FileNotFoundError):
        len(lazy)
    with pytest.raises(ValueError, match="times: must be at least 1"):
        RepeatDataset(parts[0], times=0)


class TestMultiSourceSampler:
    @pytest.fixture
    def sampler(self, parts):
        pytest.importorskip("torch")
        from posekit.datasets.samplers.multi_source_sampler import MultiSourceSampler

        return lambda **arguments: MultiSourceSampler(CombinedDataset(TRIANGLE, parts), **arguments)

    def test_each_batch_has_its_shares(self, sampler):
        order = np.array(list(sampler(batch_size=4, source_ratio=[1, 3]))).reshape(-1, 4)
        assert len(order) == 4
        assert ((order < 4).sum(axis=1) == 1).all()
        assert len(set(order[:, 1:].ravel()[:10])) == 10  # no sample of the second twice before all came once

    def test_order_follows_seed_and_epoch(self, sampler):
        first, second = (sampler(batch_size=4, source_ratio=[1, 1], seed=1) for _ in range(2))
        assert list(first) == list(first) == list(second)
        second.set_epoch(1)
        assert list(first) != list(second)

    def test_ranks_share_the_samples(self, sampler):
        ranks = [sampler(batch_size=2, source_ratio=[1, 1], rank=rank, world_size=2) for rank in (0, 1)]
        orders = [list(rank) for rank in ranks]
        assert len(orders[0]) == len(ranks[0]) == 8
        assert {i for i in orders[0] if i >= 4}.isdisjoint(i for i in orders[1] if i >= 4)

    @pytest.mark.parametrize("serialize", [True, False])
    def test_some_of_the_samples(self, parts, serialize):
        pytest.importorskip("torch")
        from posekit.datasets.samplers.multi_source_sampler import MultiSourceSampler

        dataset = CombinedDataset(TRIANGLE, parts, indices=[0, 3, 5, 6, 13], serialize_data=serialize)
        order = np.array(list(MultiSourceSampler(dataset, 2, [1, 1]))).reshape(-1, 2)
        assert set(order[:, 0]) == {0, 1}
        assert set(order[:, 1]) == {2, 3, 4}

    def test_shares_too_small_are_named(self, sampler, caplog):
        assert sampler(batch_size=100, source_ratio=[0.71, 0.29]).num_per_source == [71, 29]
        assert not caplog.text
        sampler(batch_size=4, source_ratio=[10, 1])
        assert "batches of 4 hold no sample of the datasets [1], whose shares are too small" in caplog.text

    def test_last_batch(self, sampler):
        assert len(sampler(batch_size=4, source_ratio=[1, 1], round_up=False)) == 12
        assert len(sampler(batch_size=4, source_ratio=[1, 1])) == 16

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (dict(batch_size=0, source_ratio=[1, 1]), "batch_size: must be at least 1"),
            (dict(batch_size=4, source_ratio=[1]), "one share >= 0 for each of the 2 datasets"),
        ],
    )
    def test_arguments(self, sampler, arguments, message):
        with pytest.raises(ValueError, match=message):
            sampler(**arguments)


def test_samples_of_rare_categories_are_visited_more_often(parts, monkeypatch):
    rows = [[1], [1], [1], [1], [1], [1], [1, 2], [], [3], [1]]
    monkeypatch.setattr(BaseCocoStyleDataset, "get_cat_ids", lambda self, index: rows[index], raising=False)
    dataset = DATASETS.build(dict(type="mmengine.ClassBalancedDataset", dataset=parts[1], oversample_thr=0.4))
    visits = Counter(dataset.get_data_info(index)["id"] for index in range(len(dataset)))
    assert visits == {100 + n: 2 if n in (6, 8) else 1 for n in range(10)}
    assert len({dataset[index]["number"] for index in range(len(dataset))}) == len(dataset)
    assert dataset.metainfo["dataset_name"] == "triangle"


def test_categories_come_from_the_records(tmp_path):
    rare = [{**annotation(n), "category_id": 2 if n == 3 else 1} for n in range(16)]
    path = write(tmp_path, rare, [image(1)])
    balanced = ClassBalancedDataset(BaseCocoStyleDataset(path, metainfo=TRIANGLE), 1.0)
    assert Counter(balanced.get_data_info(i)["id"] for i in range(len(balanced)))[3] == 4
    assert len(ClassBalancedDataset(BaseCocoStyleDataset(path, metainfo=TRIANGLE), 0.0)) == 16


def test_what_cannot_be_balanced(parts):
    with pytest.raises(ValueError, match="must be between 0 and 1, found 2"):
        ClassBalancedDataset(parts[0], 2)
    repeated = RepeatDataset(parts[0], 1)
    repeated.get_data_info = lambda index: {}
    with pytest.raises(ValueError, match="RepeatDataset have no category_id; give the class a get_cat_ids"):
        ClassBalancedDataset(repeated, 0.5)

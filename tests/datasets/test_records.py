"""Columns give back the rows they were made of, share their memory, and cost microseconds."""

from __future__ import annotations

import copy
import mmap
import multiprocessing.context
import pickle
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posekit.datasets.records import Objects, Packed, Pickled, Records

ROWS = [
    dict(
        id=index,
        score=0.5 * index,
        name=f"é{index}.jpg",
        box=np.arange(4, dtype=np.float32)[None] + index,
        points=np.ones((index + 1, 2), np.float32),
        flag=True,
        info={"a": [index]},
        **({"sometimes": index} if index % 2 else {}),
    )
    for index in range(5)
]


def same(a, b):
    assert a.keys() == b.keys()
    for key in a:
        assert np.array_equal(a[key], b[key]), key


def test_rows_come_back():
    records = Records.from_rows(ROWS)
    assert len(records) == 5
    for row, expected in zip(records, ROWS, strict=True):
        same(row, expected)
    assert type(records[0]["id"]) is int
    assert type(records[0]["name"]) is str
    same(records[-1], ROWS[-1])
    with pytest.raises(IndexError):
        records[5]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from("abc"),
            st.one_of(
                st.integers(), st.floats(allow_nan=False), st.text(), st.none(), st.lists(st.integers(), max_size=3)
            ),
        ),
        max_size=6,
    )
)
def test_any_rows_come_back_without_what_is_none(rows):
    present = [{key: value for key, value in row.items() if value is not None} for row in rows]
    assert list(Records.from_rows(rows)) == present


def test_take():
    records = Records.from_rows(ROWS).take(np.array([4, 1]))
    assert [row["id"] for row in records] == [4, 1]
    assert [row["id"] for row in records.take(slice(1, None))] == [1]


def test_arrays_are_read_only_and_objects_are_copies():
    records = Records.from_rows(ROWS)
    with pytest.raises(ValueError, match="read-only"):
        records[1]["box"][0, 0] = 9
    records[1]["info"]["a"].append(9)
    assert records[1]["info"] == {"a": [1]}


def test_lazy_values_act_like_the_plain_ones():
    records = Records({"raw": Packed([{"id": 3, "keypoints": [1, 2]}, None, [[1.5]]])})
    raw = records[0]["raw"]
    assert raw == {"id": 3, "keypoints": [1, 2]}
    assert raw["id"] == 3
    assert "keypoints" in raw
    assert dict(raw) == raw.value
    assert "raw" not in records[1]
    assert len(records[2]["raw"]) == 1
    assert type(copy.deepcopy(raw)) is dict
    assert type(pickle.loads(pickle.dumps(raw))) is dict


def test_objects_lie_in_one_buffer_where_they_can():
    rows = [dict(info={"a": [index], "b": np.arange(index)}, call=(lambda: None)) for index in range(3)]
    records = Records.from_rows(rows)
    assert isinstance(records.columns["info"], Pickled)
    assert isinstance(records.columns["call"], Objects)
    assert records[2]["info"]["b"].tolist() == [0, 1]
    records[2]["info"]["b"][0] = 9
    assert records[2]["info"]["b"].tolist() == [0, 1]


def test_pickle():
    for row, expected in zip(pickle.loads(pickle.dumps(Records.from_rows(ROWS))), ROWS, strict=True):
        same(row, expected)


@pytest.fixture
def spawning():
    """Pickle as for a spawned process."""
    multiprocessing.context.set_spawning_popen(object())
    yield
    multiprocessing.context.set_spawning_popen(None)


def test_spawned_workers_map_the_same_memory(spawning):
    records = Records.from_rows(ROWS)
    sent = pickle.dumps(records)
    assert len(pickle.dumps(records)) == len(sent)
    moved = pickle.loads(sent)
    for row, expected in zip(moved, ROWS, strict=True):
        same(row, expected)
    assert isinstance(moved.columns["box"], np.memmap)
    assert isinstance(moved.columns["info"].buffer, mmap.mmap)
    assert moved.columns["box"].filename == pickle.loads(pickle.dumps(records)).columns["box"].filename


def test_a_row_costs_microseconds():
    count = 20_000
    columns = dict(id=np.arange(count), box=np.random.rand(count, 1, 4), keypoints=np.random.rand(count, 1, 17, 2))
    records = Records(columns)
    best = min(_seconds_per_row(records) for _ in range(30))
    assert best < 20e-6  # 1 us; a busy machine takes more


def _seconds_per_row(records):
    start = time.perf_counter()
    for index in range(0, 20_000, 200):
        records[index]
    return (time.perf_counter() - start) / 100


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="different lengths"):
        Records(dict(a=np.arange(2), b=np.arange(3)))

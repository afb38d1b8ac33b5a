"""Very many annotations, many of them wrong: work, memory and words grow no faster than the file, or not at all."""

from __future__ import annotations

import cProfile
import json
import pstats
import tracemalloc

import numpy as np
import pytest
from doctor_files import POSE, keypoints, person, read, write

from posekit.labels.doctor import repeated_labels
from posekit.labels.doctor.examination import examine
from posekit.labels.doctor.source import file_source
from posekit.reports.doctor_page import doctor_page

FAULTS = (
    dict(keypoints=[1, 2, 3]), dict(keypoints=None), dict(bbox=[1, 2]), dict(bbox=[5, 5, -9, 9]), dict(image_id=99),
    dict(id="x"), dict(id=1), dict(category_id=7), dict(num_keypoints=1), dict(keypoints=[0] * 21), dict(area=-1),
    dict(keypoints=keypoints(POSE, 1)), dict(keypoints=keypoints(np.array(POSE) + 300)), {},
)  # fmt: skip


def faulty(count):
    """Return annotations of one image, each of a category of its own or with another fault."""
    return [person(number, **{"category_id": number, **FAULTS[number % len(FAULTS)]}) for number in range(1, count + 1)]


@pytest.fixture(scope="module")
def costs(tmp_path_factory):
    """Calls, peak of memory, and bytes of JSON and page, for 1,500 and 4,500 annotations on one image."""

    def cost(count):
        path = write(tmp_path_factory.mktemp("crowd"), faulty(count))
        profile = cProfile.Profile()
        profile.enable()
        found = examine([file_source(path)], images=False)
        profile.disable()
        tracemalloc.start()
        examine([file_source(path)], images=False)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        calls = pstats.Stats(profile).total_calls  # pyright: ignore[reportAttributeAccessIssue]
        return dict(
            calls=calls, bytes=peak, json=len(json.dumps(found.as_dict())), page=len(doctor_page(found)), found=found
        )

    return cost(1500), cost(4500)


@pytest.mark.parametrize("measure", ["calls", "bytes"])
def test_work_grows_with_the_file(measure, costs):
    few, many = costs
    assert few[measure] < many[measure] <= 3.1 * few[measure]


@pytest.mark.parametrize("measure", ["json", "page"])
def test_words_do_not(measure, costs):
    few, many = costs
    assert many[measure] <= 3 * few[measure]
    assert many[measure] < 1_000_000


def test_everything_is_counted(costs):
    numbers = costs[1]["found"].statistics[0]
    assert numbers.annotations == 4500
    assert sum(numbers.categories.values()) == numbers.instances
    assert len(numbers.categories) <= 101
    counts = {finding.kind: finding.count for finding in costs[1]["found"].findings}
    expected = {"unusable keypoints": 643, "unusable box": 322, "unusable image id": 322, "unusable id": 322}
    assert {kind: counts[kind] for kind in expected} == expected


def test_instances_of_many_images_are_compared_together(tmp_path):
    images = [dict(id=i, file_name=f"{i}.png", width=120, height=90) for i in range(2000)]
    table = read(tmp_path, [person(i, i // 3) for i in range(6000)], images=images)
    batches = list(repeated_labels.neighbours(table.image, table.boxes))
    assert len(batches) == 1
    one, other = batches[0]
    assert len(one) == 6000
    assert (table.image[one] == table.image[other]).all()
    assert (one < other).all()


def moved(number, offset, dx):
    points = np.array(POSE) + offset + [dx, 0]
    box = [35 + offset[0] + 3 * dx, 10 + offset[1], 30, 60]
    return person(number, keypoints=keypoints(points), bbox=box)


def test_second_labels_are_found_in_a_crowd(tmp_path):
    offsets = np.random.default_rng(0).uniform(0, 9000, (3000, 2)).round()
    annotations = [moved(i, offset, 0) for i, offset in enumerate(offsets)]
    annotations += [moved(3000 + i, offset, 1) for i, offset in enumerate(offsets[:100])]
    pairs = repeated_labels.repeated_labels(read(tmp_path, annotations))
    assert {(i, 3000 + i) for i in range(100)} <= set(map(tuple, pairs.tolist()))
    assert len(pairs) < 110  # a few stand where another one stands by chance


@pytest.mark.parametrize("spread", [0, 100])
def test_pairs_of_a_crowd_grow_with_it(spread):
    boxes = np.random.default_rng(0).random((3000, 4)) * spread  # without spread all boxes are equal
    batches = list(repeated_labels.neighbours(np.zeros(3000, int), boxes))
    assert sum(len(one) for one, _ in batches) == 3000 * repeated_labels.NEIGHBOURS
    assert max(len(one) for one, _ in batches) <= repeated_labels.PAIRS_AT_ONCE
    assert all((one < other).all() for one, other in batches)


def test_digests_alone_prove_no_copy(monkeypatch):
    monkeypatch.setattr(repeated_labels, "FACTOR", np.uint64(0))  # all digests are the same then
    columns = [np.array([[1.0], [2.0], [1.0]]), np.array([[0.0], [0.0], [-0.0]])]
    assert [places.tolist() for places in repeated_labels.repeated_rows(columns)] == [[2], [0]]

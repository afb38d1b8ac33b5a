"""The projection follows from the seconds of the stages."""

from __future__ import annotations

import pytest

from posekit.batch.projection import Projection, StageTimes
from posekit.batch.workers import Workers

TIMES = StageTimes({"read": 0.01, "detect": 0.02, "pose": 0.02}, open_s=0, images=16)


def test_a_worker_of_one_core_does_all_stages():
    projection = Projection(TIMES, 7200, Workers(count=2, readers=2), machines=3, price_per_hour=2)
    assert projection.images_per_s == pytest.approx(40)
    assert projection.hours == pytest.approx(0.05)
    assert projection.cost == pytest.approx(0.3)
    assert "40 images/s, 3 min, 0.30 at 2 per machine and hour" in projection.lines()[1]


@pytest.mark.parametrize(
    ("gpus", "readers", "rate"),
    [(1, 8, 100), (1, 1, 100), (0.5, 8, 50)],
    ids=["each actor a GPU", "one reader", "a shared GPU"],
)
def test_with_gpus_the_slowest_stage_decides(gpus, readers, rate):
    workers = Workers(count=2, readers=readers, gpus=gpus)
    assert Projection(TIMES, 100, workers).images_per_s == pytest.approx(rate)


def test_workers_fill_the_cluster():
    assert Workers.within({"CPU": 8.0}, None, None, 0) == Workers(count=8, readers=8)
    assert Workers.within({"CPU": 16.0, "GPU": 2.0}, None, None, 0.5) == Workers(count=2, readers=8, gpus=0.5)


def test_workers_that_the_cluster_has_no_room_for():
    with pytest.raises(ValueError, match="--workers 3 --readers 3 need 3 CPUs, and Ray has 2"):
        Workers.within({"CPU": 2.0}, 3, None, 0)
    with pytest.raises(ValueError, match="--workers 1 --readers 4 need 2 GPUs, and Ray has 1"):
        Workers.within({"CPU": 8.0, "GPU": 1.0}, None, None, 1)

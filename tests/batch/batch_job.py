"""A batch job whose workers and driver kill themselves, each once; run as ``batch_job.py FOLDER``."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corner_model import BOX_SET, Corners

from posekit.batch.job_folder import JobFolder
from posekit.batch.run import run
from posekit.batch.shard import plan_of
from posekit.batch.stages import ModelOptions
from posekit.batch.workers import Workers, cluster
from posekit.inference.top_down import TopDownPredictor

KILLS = 2
COMMITS = 3
"""Number of workers that are killed, and of shards that are committed when the driver is."""


def die_once(marker: Path) -> None:
    """Kill this process, unless a process died here before."""
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


class MortalCorners(Corners):
    """Finds corners, and dies at some images."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.count = folder, 0

    def run(self, batch: Any) -> Any:
        self.count += len(batch.inputs)
        if self.count > 6:
            for number in range(KILLS):
                die_once(self.folder / f"worker-{number}")
        time.sleep(0.01 * len(batch.inputs))
        return super().run(batch)


@dataclass(frozen=True, kw_only=True)
class MortalOptions(ModelOptions):
    """Opens the network above."""

    folder: str

    def open_predictor(self, device: str) -> Any:
        return TopDownPredictor(Corners(), MortalCorners(Path(self.folder)), metainfo=BOX_SET)


def main(folder: Path) -> None:
    plan, job = plan_of([str(folder / "in")], shard_size=4), JobFolder(folder / "out")
    facts = {"inputs": plan.sha256(), "keypoint_set": {"skeleton": BOX_SET, "dtypes": {}}}

    def advance(_: int) -> None:
        if len(list(job.committed())) >= COMMITS:
            die_once(folder / "driver")

    with job.opened(facts) as committed, cluster(None, 2, 150):
        import ray

        shards = [shard for shard in plan.shards if shard.number not in committed]
        print(len(committed), "committed, Ray at", *(node["NodeManagerAddress"] for node in ray.nodes()), flush=True)
        run(job, shards, MortalOptions(folder=str(folder)), Workers(count=2, readers=2), detects=False, advance=advance)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

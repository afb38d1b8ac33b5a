"""The workers of a batch job, what each stage reserves for them, and the Ray cluster that they run on."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

READ, DETECT, POSE = "read", "detect", "pose"
CPU_SHARES = {READ: 0.2, DETECT: 0.4, POSE: 0.4}
"""What each stage reserves of a worker's core; together one core, so that no stage can keep another from starting."""

READERS_WITH_GPU = 4
MEGABYTE = 2**20
LOCAL = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # listen on the loopback address alone
    "RAY_USAGE_STATS_ENABLED": "0",  # report to nobody
    "RAY_BACKEND_LOG_LEVEL": "fatal",  # Ray's remarks on its own actors help nobody here
    "RAY_worker_niceness": "0",  # the workers have the priority of the command
}
"""Ray's settings for a cluster of this machine alone."""


@dataclass(frozen=True, kw_only=True)
class Workers:
    """How many workers there are.

    Attributes:
        count: number of workers, each with an actor that detects and one that finds poses.
        readers: number of tasks that read images at once.
        gpus: number of GPUs, or share of one, that each actor reserves; 0 for the CPU.
    """

    count: int
    readers: int
    gpus: float = 0.0

    @property
    def device(self) -> str:
        return "cuda" if self.gpus else "cpu"

    @property
    def cpus(self) -> float:
        """Number of cores that all stages reserve."""
        return self.readers * CPU_SHARES[READ] + self.count * (CPU_SHARES[DETECT] + CPU_SHARES[POSE])

    def reserved(self, stage: str) -> dict[str, Any]:
        """Return what one task or actor of a stage reserves."""
        gpus = {"num_gpus": self.gpus} if self.gpus and stage != READ else {}
        return {"num_cpus": CPU_SHARES[stage], **gpus}

    @classmethod
    def within(cls, available: Mapping[str, float], count: int | None, readers: int | None, gpus: float) -> Workers:
        """Return the workers that a cluster has room for.

        Args:
            available: numbers of CPU and GPU that the cluster has.
            count: number of workers; by default one for each core, or for the GPUs of its two actors.
            readers: number of tasks that read at once; by default as many, with GPUs four times as many.
            gpus: as the attribute.

        Raises:
            ValueError: if the cluster has less than they reserve, so that some would never start.
        """
        most = available.get("GPU", 0) / (2 * gpus) if gpus else available.get("CPU", 0)
        count = count or max(int(most), 1)
        workers = cls(count=count, readers=readers or count * (READERS_WITH_GPU if gpus else 1), gpus=gpus)
        for name, needed in (("CPU", workers.cpus), ("GPU", 2 * count * gpus)):
            if needed > available.get(name, 0) + 1e-6:
                raise ValueError(
                    f"--workers {count} --readers {workers.readers} need {needed:g} {name}s, and Ray has "
                    f"{available.get(name, 0):g}; give smaller numbers, or a smaller share of a GPU with --gpus"
                )
        return workers


@contextmanager
def cluster(address: str | None, workers: int | None, memory_mb: int | None) -> Iterator[dict[str, float]]:
    """Connect to a cluster, or start one on this machine, and give what it has: CPU, GPU, nodes.

    Args:
        address: address of a running cluster; None to start one that only this machine reaches.
        workers: number of cores that a cluster of this machine has; by default all.
        memory_mb: memory of such a cluster for images between the stages, in megabytes.

    Raises:
        OSError: if there is no such cluster.
    """
    if address is None:
        os.environ.update(LOCAL)
    import ray  # pyright: ignore[reportMissingImports]

    quiet: dict[str, Any] = {"include_dashboard": False, "log_to_driver": False, "logging_level": logging.ERROR}
    if address is None:
        memory = {} if memory_mb is None else {"object_store_memory": memory_mb * MEGABYTE}
        ray.init(num_cpus=workers, _node_ip_address="127.0.0.1", **memory, **quiet)
    else:
        try:
            ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise OSError(f"--address {address}: no Ray cluster answers there ({error})") from error
    try:
        yield {**ray.cluster_resources(), "nodes": float(sum(node["Alive"] for node in ray.nodes()))}
    finally:
        ray.shutdown()

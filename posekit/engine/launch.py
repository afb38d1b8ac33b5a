"""Which processes of how many machines make up a run, as torchrun, mpirun, SLURM or the person says."""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from typing import NamedTuple

INTERACTIVE = ("bash", "interactive")
"""Names of SLURM jobs in which a person types; what runs there was not started once per task."""

MPI_VARIABLES = (
    ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"),
    ("PMI_SIZE", "PMI_RANK", "MPI_LOCALNRANKS", "MPI_LOCALRANKID"),
)
"""Where Open MPI, and MPICH and Intel MPI, note size and rank, over all machines and on this one."""


class Launch(NamedTuple):
    """The processes of a run.

    Attributes:
        devices: number of devices on each machine, with a process for each.
        num_nodes: number of machines.
        rank: rank of this process, among all.
        starter: what started the processes; "" if this process starts the others itself.
    """

    devices: int
    num_nodes: int
    rank: int
    starter: str = ""

    @property
    def world_size(self) -> int:
        return self.devices * self.num_nodes

    @property
    def is_main(self) -> bool:
        """Whether this is the process that writes files and talks to the person."""
        return self.rank == 0


def plan_launch(
    devices: int | None = None, num_nodes: int | None = None, *, environment: MutableMapping[str, str] | None = None
) -> Launch:
    """Return the processes of this run: those that a launcher has started, else the requested number.

    Args:
        devices: number of devices on each machine; by default one for each process of the launcher, else one.
        num_nodes: number of machines; likewise.
        environment: variables to look at; what mpirun says is also written in torchrun's words, which torch knows.

    Raises:
        ValueError: if the launcher has started another number than requested, or mpirun spans several machines and
            ``MASTER_ADDR`` does not name the first.
    """
    environment = os.environ if environment is None else environment
    launch = from_mpirun(environment) or from_torchrun(environment) or from_slurm(environment)
    if launch is None:
        local, node = int(environment.get("LOCAL_RANK", 0)), int(environment.get("NODE_RANK", 0))
        devices, num_nodes = devices or 1, num_nodes or 1
        return Launch(devices, num_nodes, node * devices + local)
    numbers = (("--devices", devices, launch.devices), ("--num-nodes", num_nodes, launch.num_nodes))
    for option, asked, started in numbers:
        if asked not in (None, started):
            raise ValueError(f"{option} {asked}: {launch.starter} has started {started}; leave the option out")
    return launch


def from_torchrun(environment: Mapping[str, str]) -> Launch | None:
    if "TORCHELASTIC_RUN_ID" not in environment or "WORLD_SIZE" not in environment:
        return None
    world, local = int(environment["WORLD_SIZE"]), int(environment.get("LOCAL_WORLD_SIZE", 1))
    return Launch(local, world // local, int(environment["RANK"]), environment["TORCHELASTIC_RUN_ID"])._replace(
        starter="mpirun" if environment["TORCHELASTIC_RUN_ID"] == "mpirun" else "torchrun"
    )


def from_slurm(environment: Mapping[str, str]) -> Launch | None:
    tasks = int(environment.get("SLURM_NTASKS", 1))
    if tasks < 2 or "SLURM_PROCID" not in environment or environment.get("SLURM_JOB_NAME") in INTERACTIVE:
        return None
    nodes = int(environment.get("SLURM_NNODES", 1))
    return Launch(tasks // nodes, nodes, int(environment["SLURM_PROCID"]), "SLURM")


def from_mpirun(environment: MutableMapping[str, str]) -> Launch | None:
    """Return what mpirun has started, and say it in the variables by which torch's processes find each other."""
    names = next((names for names in MPI_VARIABLES if int(environment.get(names[0], 1)) > 1), None)
    if names is None or "SLURM_PROCID" in environment:
        return None
    world, rank = int(environment[names[0]]), int(environment[names[1]])
    local = int(environment.get(names[2], world))
    if local < world and "MASTER_ADDR" not in environment:
        raise ValueError(
            f"mpirun has started {world} processes, {local} of them here: set MASTER_ADDR to the first machine's "
            "address, as in mpirun -x MASTER_ADDR=10.0.0.1"
        )
    environment.setdefault("MASTER_ADDR", "127.0.0.1")
    environment.setdefault("MASTER_PORT", "29500")
    environment.update(
        {
            "TORCHELASTIC_RUN_ID": "mpirun",
            "WORLD_SIZE": str(world),
            "RANK": str(rank),
            "LOCAL_WORLD_SIZE": str(local),
            "LOCAL_RANK": environment.get(names[3], str(rank % local)),
            "GROUP_RANK": str(rank // local),
        }
    )
    return Launch(local, world // local, rank, "mpirun")

"""Which processes make up a run, by the variables that each launcher sets."""

from __future__ import annotations

import pytest

from posekit.engine.launch import Launch, plan_launch

TORCHRUN = {"TORCHELASTIC_RUN_ID": "none", "WORLD_SIZE": "8", "LOCAL_WORLD_SIZE": "4", "RANK": "5", "LOCAL_RANK": "1"}
SLURM = {"SLURM_NTASKS": "4", "SLURM_NNODES": "2", "SLURM_PROCID": "3", "SLURM_JOB_NAME": "pose"}
OPEN_MPI = {
    "OMPI_COMM_WORLD_SIZE": "2",
    "OMPI_COMM_WORLD_RANK": "1",
    "OMPI_COMM_WORLD_LOCAL_SIZE": "2",
    "OMPI_COMM_WORLD_LOCAL_RANK": "1",
}
MPICH = {"PMI_SIZE": "2", "PMI_RANK": "0", "MPI_LOCALNRANKS": "2", "MPI_LOCALRANKID": "0"}


@pytest.mark.parametrize(
    ("environment", "launch"),
    [
        ({}, Launch(1, 1, 0)),
        ({"LOCAL_RANK": "1"}, Launch(1, 1, 1)),
        (TORCHRUN, Launch(4, 2, 5, "torchrun")),
        (SLURM, Launch(2, 2, 3, "SLURM")),
        ({**SLURM, "SLURM_JOB_NAME": "bash"}, Launch(1, 1, 0)),
        ({**SLURM, "SLURM_NTASKS": "1"}, Launch(1, 1, 0)),
        (OPEN_MPI, Launch(2, 1, 1, "mpirun")),
        (MPICH, Launch(2, 1, 0, "mpirun")),
    ],
)
def test_launchers_are_recognised(environment, launch):
    assert plan_launch(environment=dict(environment)) == launch


def test_what_was_asked_for_is_started_by_posekit():
    launch = plan_launch(2, 3, environment={"LOCAL_RANK": "1", "NODE_RANK": "2"})
    assert launch == Launch(2, 3, 5)
    assert (launch.world_size, launch.is_main) == (6, False)


def test_mpirun_is_told_to_torch_once():
    environment = dict(OPEN_MPI)
    assert plan_launch(environment=environment) == plan_launch(environment=environment)
    assert (environment["RANK"], environment["WORLD_SIZE"], environment["MASTER_ADDR"]) == ("1", "2", "127.0.0.1")


@pytest.mark.parametrize(
    ("environment", "asked", "message"),
    [
        (TORCHRUN, dict(devices=2), "--devices 2: torchrun has started 4; leave the option out"),
        (SLURM, dict(num_nodes=1), "--num-nodes 1: SLURM has started 2"),
        ({**OPEN_MPI, "OMPI_COMM_WORLD_LOCAL_SIZE": "1"}, {}, "set MASTER_ADDR to the first machine's address"),
    ],
)
def test_contradictions_are_named(environment, asked, message):
    with pytest.raises(ValueError, match=message):
        plan_launch(**asked, environment=dict(environment))

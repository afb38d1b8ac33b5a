"""The length of a run in epochs and iterations."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from posekit.engine.task import total_epochs, total_iterations


@pytest.mark.parametrize(
    ("max_epochs", "max_steps", "accumulated", "epochs", "iterations"),
    [(3, -1, 1, 3, 30), (3, -1, 4, 3, 30), (-1, 25, 1, 3, 25), (-1, 30, 1, 3, 30), (-1, 5, 4, 2, 20)],
)
def test_epochs_and_iterations(max_epochs: int, max_steps: int, accumulated: int, epochs: int, iterations: int) -> None:
    trainer = SimpleNamespace(
        max_epochs=max_epochs, max_steps=max_steps, accumulate_grad_batches=accumulated, num_training_batches=10
    )
    assert total_epochs(trainer) == epochs
    assert total_iterations(trainer) == iterations

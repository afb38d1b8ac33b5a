"""How long a run is, whether its config counts epochs or iterations."""

from __future__ import annotations

from typing import Any


def total_epochs(trainer: Any) -> int:
    """Return the number of epochs of the whole run, a last incomplete one included."""
    return -(-total_iterations(trainer) // int(trainer.num_training_batches))


def total_iterations(trainer: Any) -> int:
    """Return the number of iterations of the whole run."""
    if trainer.max_steps and trainer.max_steps > 0:
        return trainer.max_steps * trainer.accumulate_grad_batches
    return trainer.max_epochs * int(trainer.num_training_batches)

"""Random numbers across a restart."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch

from posekit.engine.hooks.base import BaseHook


class RandomStateHook(BaseHook):
    """Saves the state of all random number generators and restores it when a run is resumed."""

    def __init__(self) -> None:
        super().__init__()
        self.restored: dict[str, Any] | None = None

    def state_dict(self) -> dict[str, Any]:
        _, keys, *position = np.random.get_state()
        version, words, gauss = random.getstate()
        return {
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
            "numpy": [torch.from_numpy(np.asarray(keys, dtype=np.int64)), *position],
            "python": [version, list(words), gauss],
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.restored = state_dict

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        if (state := self.restored) is None:
            return
        torch.set_rng_state(state["torch"].cpu())
        if state["cuda"] and len(state["cuda"]) == torch.cuda.device_count():
            torch.cuda.set_rng_state_all([value.cpu() for value in state["cuda"]])
        keys, *position = state["numpy"]
        np.random.set_state(("MT19937", keys.numpy().astype(np.uint32), *position))
        version, words, gauss = state["python"]
        random.setstate((version, tuple(words), gauss))

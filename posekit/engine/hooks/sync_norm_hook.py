"""Equal normalisation statistics on all ranks."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from posekit.engine.hooks.base import BaseHook
from posekit.registry import HOOKS


@HOOKS.register_module()
class SyncNormHook(BaseHook):
    """Averages normalisation statistics over all ranks before validation."""

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        if trainer.world_size == 1:
            return
        for module in pl_module.modules():
            if isinstance(module, nn.modules.batchnorm._NormBase):
                for buffer in module.buffers():
                    if buffer.is_floating_point():
                        torch.distributed.all_reduce(buffer)
                        buffer.div_(trainer.world_size)

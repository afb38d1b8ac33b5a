"""Pose accuracy while training."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from posekit.engine.hooks.base import BaseHook
from posekit.registry import HOOKS

KEYPOINTS = "gt_instance_labels.transformed_keypoints"
VISIBLE = "gt_instance_labels.keypoints_visible"


@HOOKS.register_module()
class AccuracyHook(BaseHook):
    """Measures on the training batch, every few steps, the share of keypoints found (``acc_pose``).

    A keypoint is found when the decoded output lies within ``thr`` of the input's longer side.
    It costs one decoding and no forward pass. Where workers encode the targets nothing is measured.

    Args:
        interval: number of steps from one measurement to the next.
        thr: distance within which a keypoint is found, as a share of the longer side.
    """

    def __init__(self, interval: int = 50, thr: float = 0.05, priority: Any = None) -> None:
        super().__init__(priority)
        self.interval = interval
        self.thr = thr
        self.outputs: Any = None
        self.handle: Any = None

    def describe(self) -> str:
        return f"acc_pose (within {self.thr:g} of the input's longer side) every {self.interval} steps"

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        head = getattr(pl_module.model, "head", None)
        due = (batch_idx + 1) % self.interval == 0 or batch_idx + 1 == trainer.num_training_batches
        if due and getattr(head, "decoder", None) is not None and KEYPOINTS in batch["data_samples"]:
            self.handle = head.register_forward_hook(self.keep)  # pyright: ignore[reportOptionalMemberAccess]

    def keep(self, module: Any, inputs: Any, outputs: Any) -> None:
        self.outputs = outputs

    @torch.no_grad()
    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if self.handle is None:
            return
        self.handle.remove()
        outputs_of_head, self.handle, self.outputs = self.outputs, None, None
        head = pl_module.model.head
        if outputs_of_head is None or not head.codec.support_batch_decoding:
            return
        predictions = head.decode(head.decodable(outputs_of_head))
        keypoints = torch.stack([torch.as_tensor(sample.keypoints) for sample in predictions])
        outputs["parts"]["acc_pose"] = share_within(
            keypoints, batch["data_samples"], thr_px=self.thr * max(batch["inputs"].shape[-2:])
        )


def share_within(keypoints: Tensor, batch: Any, *, thr_px: float) -> Tensor:
    """Return the share of labelled keypoints (B, N, K, 2) within ``thr_px`` of where they should be."""
    truth, visible = batch.column(KEYPOINTS).to(keypoints.device), batch.column(VISIBLE).to(keypoints.device) > 0
    near = (keypoints[..., :2] - truth[..., :2]).norm(dim=-1) <= thr_px
    return (near & visible).sum() / visible.sum().clamp(min=1)

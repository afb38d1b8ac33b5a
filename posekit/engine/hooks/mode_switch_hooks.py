"""Hooks that change the pipeline, the data or settings of the model in the course of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from posekit.engine.hooks.base import BaseHook
from posekit.registry import HOOKS


@HOOKS.register_module()
class PipelineSwitchHook(BaseHook):
    """Switches the training pipeline from an epoch on.

    Args:
        switch_epoch: first epoch, counted from 0, that uses the new pipeline.
        switch_pipeline: the new pipeline.
    """

    def __init__(self, switch_epoch: int, switch_pipeline: Sequence[dict[str, Any]], priority: Any = None) -> None:
        super().__init__(priority)
        self.switch_epoch = switch_epoch
        self.switch_pipeline = list(switch_pipeline)

    def describe(self) -> str:
        return f"another training pipeline after {self.switch_epoch} epochs"

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        if stage == "fit":
            trainer.datamodule.add_stage(self.switch_epoch, pipeline=self.switch_pipeline)


class AttributeSwitch(BaseHook):
    """Sets attributes of the model's head from given epochs on, also in a run that is resumed after them."""

    epoch_attributes: Mapping[int, Mapping[str, Any]]

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        for epoch in sorted(self.epoch_attributes):
            if epoch <= trainer.current_epoch:
                self.apply(pl_module, epoch)

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        if trainer.current_epoch in self.epoch_attributes:
            self.apply(pl_module, trainer.current_epoch)

    def apply(self, pl_module: Any, epoch: int) -> None:
        for path, value in self.epoch_attributes[epoch].items():
            owner = pl_module.model.head
            *parents, name = path.split(".")
            for parent in parents:
                owner = getattr(owner, parent)
            if not hasattr(owner, name):
                raise ValueError(f"{type(self).__name__}: the model's head has no attribute '{path}'")
            setattr(owner, name, value)


@HOOKS.register_module()
class RTMOModeSwitchHook(AttributeSwitch):
    """Changes settings of the head at given epochs.

    Args:
        epoch_attributes: epoch, from 0 -> attribute of the head -> its new value.
    """

    def __init__(self, epoch_attributes: dict[int, dict[str, Any]], priority: Any = None) -> None:
        super().__init__(priority)
        self.epoch_attributes = epoch_attributes


@HOOKS.register_module()
class YOLOXPoseModeSwitchHook(AttributeSwitch):
    """Ends mosaic augmentation and adds the auxiliary loss for the last epochs.

    Args:
        num_last_epochs: number of epochs at the end; as in the reference, the change comes one epoch earlier.
        new_train_dataset: dataset for these epochs.
        new_train_pipeline: pipeline for these epochs.
    """

    last_loss = "use_aux_loss"
    """Attribute of the head that adds the loss of the last epochs."""

    def __init__(
        self,
        num_last_epochs: int = 20,
        new_train_dataset: dict | None = None,
        new_train_pipeline: Sequence[dict] | None = None,
        priority: Any = None,
    ) -> None:
        super().__init__(priority)
        self.num_last_epochs = num_last_epochs
        self.new_train_dataset = new_train_dataset
        self.new_train_pipeline = new_train_pipeline
        self.epoch_attributes: dict[int, dict[str, Any]] = {}

    def describe(self) -> str:
        return f"plain images and the auxiliary loss for the last {self.num_last_epochs} epochs"

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        if stage != "fit":
            return
        first = max(trainer.max_epochs - self.num_last_epochs - 1, 0)
        self.epoch_attributes = {first: {self.last_loss: True}}
        if self.new_train_dataset or self.new_train_pipeline:
            trainer.datamodule.add_stage(first, dataset=self.new_train_dataset, pipeline=self.new_train_pipeline)


@HOOKS.register_module()
class YOLOXModeSwitchHook(YOLOXPoseModeSwitchHook):
    """Ends mosaic augmentation and adds the loss on offsets in strides for the last epochs of a YOLOX detector.

    Args:
        num_last_epochs: number of epochs at the end.
        new_train_pipeline: pipeline for these epochs; without it only the loss changes.
        skip_type_keys: accepted from configs; give ``new_train_pipeline`` in its place.
    """

    last_loss = "use_l1"

    def __init__(
        self,
        num_last_epochs: int = 15,
        new_train_pipeline: Sequence[dict] | None = None,
        skip_type_keys: Sequence[str] = (),
        priority: Any = None,
    ) -> None:
        super().__init__(num_last_epochs, None, new_train_pipeline, priority)

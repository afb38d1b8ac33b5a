"""The data of a run, from its config: datasets, how they change in the course of the run, and loaders."""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from lightning.pytorch import LightningDataModule
from torch.utils.data import DataLoader

from posekit.datasets.base import BadSampleError, cause
from posekit.datasets.transforms.base import DeviceTransform
from posekit.datasets.transforms.pipeline import Pipeline
from posekit.engine.loader import EpochBatches, ResumableLoader, WorkerStart, collate, collate_columns
from posekit.registry import DATASETS, SAMPLERS

logger = logging.getLogger(__name__)

LOADER_OPTIONS = ("num_workers", "persistent_workers", "pin_memory", "prefetch_factor", "timeout")


class PoseDataModule(LightningDataModule):
    """Builds datasets and loaders when they are first needed, and keeps the position in the training data.

    Args:
        loaders: the config's dataloader of each of ``train``, ``val`` and ``test`` that the run has.
        seed: seed of the samples' order and augmentation.
        opencv_threads: number of OpenCV's threads in each worker.
        start_method: way to start workers, ``fork``, ``spawn`` or ``forkserver``.
    """

    def __init__(
        self,
        loaders: Mapping[str, Mapping[str, Any] | None],
        *,
        seed: int = 0,
        opencv_threads: int = 0,
        start_method: str | None = None,
    ) -> None:
        super().__init__()
        self.loaders = {name: loader for name, loader in loaders.items() if loader}
        self.seed = seed
        self.opencv_threads = opencv_threads
        self.start_method = start_method
        self.datasets: dict[str, Any] = {}
        self.stages: list[tuple[int, dict[str, Any]]] = []
        self.train_data: StagedDataset | None = None
        self.start = {"epoch": 0, "done": 0}
        self.train_loader: ResumableLoader | None = None

    def dataset(self, name: str) -> Any:
        """Return the dataset of ``train``, ``val`` or ``test``."""
        if name not in self.datasets:
            config = self.loaders[name]["dataset"]
            self.datasets[name] = DATASETS.build(config) if isinstance(config, dict) else config
        return self.datasets[name]

    def add_stage(self, epoch: int, *, dataset: dict | None = None, pipeline: Sequence[dict] | None = None) -> None:
        """Use another dataset or pipeline from an epoch, counted from 0, on; before the loader is built."""
        self.stages.append((epoch, {"dataset": dataset, "pipeline": pipeline}))

    @property
    def device_steps(self) -> Sequence[DeviceTransform]:
        """What the device runs on the training batches of the present epoch."""
        return self.train_data.device_steps if self.train_data is not None else ()

    def describe_pipeline(self) -> str:
        """Say which steps of the training pipeline run where; "" if the training data has no pipeline of steps."""
        pipeline = getattr(self.dataset("train"), "pipeline", None)
        if not isinstance(pipeline, Pipeline) or not len(pipeline):
            return ""
        in_workers, on_device = pipeline.split()
        names = ", ".join(getattr(step, "__name__", type(step).__name__) for step in in_workers)
        return f"loader: {names}; device: {', '.join(step.describe() for step in on_device) or 'nothing'}"

    def staged(self) -> StagedDataset:
        """Return the training data with all its stages."""
        stages = [(0, self.dataset("train"))]
        for epoch, change in sorted(self.stages, key=lambda stage: stage[0]):
            dataset = DATASETS.build(change["dataset"]) if change["dataset"] else copy.copy(stages[-1][1])
            if change["pipeline"]:
                dataset.pipeline = Pipeline(change["pipeline"])
            stages.append((epoch, dataset))
        return StagedDataset(stages, seed=self.seed)

    def train_dataloader(self) -> ResumableLoader:
        self.train_data, settings = self.staged(), self.loaders["train"]
        dataset = self.train_data
        dataset.split_pipelines()
        batches = self.batches(dataset, settings, shuffle=True)
        if not len(batches):
            raise ValueError(
                f"train_dataloader: {len(dataset)} samples make no batch of {batches.batch_size}; look at indices, "
                "filter_cfg and sample_ratio_factor of the dataset, and drop_last"
            )
        self.train_loader = ResumableLoader(dataset, batches, **self.options(settings, collate_columns))
        self.train_loader.seek(self.start)
        return self.train_loader

    def val_dataloader(self) -> DataLoader:
        return self.evaluation_loader("val")

    def test_dataloader(self) -> DataLoader:
        return self.evaluation_loader("test")

    def evaluation_loader(self, name: str) -> DataLoader:
        settings, dataset = self.loaders[name], StagedDataset([(0, self.dataset(name))], seed=self.seed)
        batches = self.batches(dataset, settings, shuffle=False)
        return ResumableLoader(dataset, batches, **self.options(settings, collate))

    def batches(self, dataset: StagedDataset, settings: Mapping[str, Any], *, shuffle: bool) -> EpochBatches:
        """Return the batches that a loader's sampler and batch size make."""
        config = {"type": "DefaultSampler", "shuffle": shuffle, **(settings.get("sampler") or {})}
        trainer = self.trainer
        share = {"rank": trainer.global_rank, "world_size": trainer.world_size} if trainer else {}
        sampler = SAMPLERS.build({"seed": self.seed, **config}, dataset=dataset.current, **share)
        batch_size = settings.get("batch_size", 1)
        mixed = getattr(sampler, "batch_size", batch_size)
        if batch_size % mixed:
            logger.warning(
                "batches of %d, but %s mixes its datasets in every %d samples; give both the same batch_size",
                batch_size, config["type"], mixed,
            )  # fmt: skip
        return EpochBatches(sampler, batch_size, bool(settings.get("drop_last", False)))

    def options(self, settings: Mapping[str, Any], join: Any) -> dict[str, Any]:
        """Return the options of torch's DataLoader."""
        options = {key: settings[key] for key in LOADER_OPTIONS if settings.get(key) is not None}
        if not options.get("num_workers"):
            options.update(persistent_workers=False)
            options.pop("prefetch_factor", None)
        else:
            options.update(worker_init_fn=WorkerStart(self.opencv_threads), multiprocessing_context=self.start_method)
        return {**options, "collate_fn": join}

    def transfer_batch_to_device(self, batch: Any, device: Any, dataloader_idx: int) -> Any:
        """Leave the batch where it is: the model's data preprocessor moves it."""
        return batch

    def state_dict(self) -> dict[str, Any]:
        return self.train_loader.position() if self.train_loader is not None else dict(self.start)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.start = dict(state_dict)
        if self.train_loader is not None:
            self.train_loader.seek(self.start)


class StagedDataset:
    """A dataset, or several, each from an epoch on; all of one length.

    Args:
        stages: (first epoch, dataset), by epoch, the first from 0 on.
        seed: seed of the samples' random numbers.

    Raises:
        ValueError: if the stages differ in length.
    """

    def __init__(self, stages: Sequence[tuple[int, Any]], *, seed: int = 0) -> None:
        self.stages = list(stages)
        self.steps: list[Sequence[DeviceTransform]] = [()] * len(self.stages)
        lengths = {len(dataset) for _, dataset in self.stages}
        if len(lengths) > 1:
            raise ValueError(f"the training data of all stages must be of one length; found {sorted(lengths)} samples")
        for _, dataset in self.stages:
            dataset.seed = seed

    @property
    def epoch(self) -> int:
        return getattr(self.stages[0][1], "epoch", 0)

    @property
    def stage(self) -> int:
        """The number of the present epoch's stage."""
        return [number for number, (first, _) in enumerate(self.stages) if first <= self.epoch][-1]

    @property
    def current(self) -> Any:
        """The dataset of the present epoch."""
        return self.stages[self.stage][1]

    @property
    def device_steps(self) -> Sequence[DeviceTransform]:
        """What the device runs on the batches of the present epoch."""
        return self.steps[self.stage]

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch, also in workers that already run."""
        for _, dataset in self.stages:
            if hasattr(dataset, "set_epoch"):
                dataset.set_epoch(epoch)

    def __len__(self) -> int:
        return len(self.stages[0][1])

    def __getitem__(self, index: int) -> Any:
        """Return a sample of the present epoch.

        Raises:
            BadSampleError: names the sample that cannot be used.
        """
        try:
            sample = self.current[index]
            if isinstance(sample, dict) and "inputs" not in sample:
                raise ValueError(packs_nothing(self.current))
        except BadSampleError:
            raise
        except Exception as error:
            raise named_error(self.current, index, error) from error
        return sample

    def split_pipelines(self) -> None:
        """Keep in the pipelines what workers run; ``device_steps`` are the others."""
        for number, (first, dataset) in enumerate(self.stages):
            pipeline = getattr(dataset, "pipeline", None)
            if isinstance(pipeline, Pipeline):
                dataset = copy.copy(dataset)  # the run's own one keeps its pipeline
                dataset.pipeline, self.steps[number] = pipeline.split()
                self.stages[number] = (first, dataset)


def packs_nothing(dataset: Any) -> str:
    """Return what to say of a dataset whose samples no model takes."""
    steps = list(getattr(dataset, "pipeline", None) or ())
    state = f"ends with {type(steps[-1]).__name__}" if steps else "is empty"
    return f"its pipeline {state}, and its samples have no 'inputs'; end it with PackPoseInputs"


def named_error(dataset: Any, index: int, error: Exception) -> BadSampleError:
    """Return an error that says which sample of which dataset could not be read, and why."""
    info: Any = {}
    if hasattr(dataset, "get_data_info"):
        info = dataset.get_data_info(index)
    path = f" ({info['img_path']})" if info.get("img_path") else ""
    return BadSampleError(f"sample {index} of {type(dataset).__name__}{path}: {cause(error)}")

"""Batches of a run: collating samples, and a loader that knows where in which epoch it is."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Sampler

from posekit.datasets.base import BadSampleError
from posekit.structures import PoseBatch


class EpochBatches(Sampler[list[int]]):
    """Batches of a sampler's indices, from any batch of an epoch on.

    Args:
        sampler: sampler with ``set_epoch``, whose order follows from the epoch.
        batch_size: number of samples in a batch.
        drop_last: whether to leave out an incomplete last batch.
    """

    def __init__(self, sampler: Any, batch_size: int, drop_last: bool) -> None:
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.first = 0

    def set_epoch(self, epoch: int) -> None:
        if hasattr(self.sampler, "set_epoch"):
            self.sampler.set_epoch(epoch)

    def __iter__(self) -> Iterator[list[int]]:
        indices = list(self.sampler)
        for batch in range(self.first, len(self)):
            yield indices[batch * self.batch_size : (batch + 1) * self.batch_size]

    def __len__(self) -> int:
        size = len(self.sampler)
        return size // self.batch_size if self.drop_last else -(-size // self.batch_size)


class ResumableLoader(DataLoader):
    """Loads one epoch after the other and keeps its position: the next batch of the run.

    Args:
        dataset: map-style dataset; its ``set_epoch``, if it has one, receives the epoch.
        batches: the batches of each epoch.
        options: options of torch's DataLoader.
    """

    def __init__(self, dataset: Any, batches: EpochBatches, **options: Any) -> None:
        # The loader has its own generator so that it draws none of the model's random numbers.
        super().__init__(dataset, batch_sampler=batches, generator=torch.Generator(), **options)
        self.epoch = 0
        self.done = 0

    def __iter__(self) -> Iterator[Any]:
        batches: Any = self.batch_sampler
        batches.first = self.done
        targets: tuple[Any, ...] = (batches, self.dataset)
        for target in targets:
            if hasattr(target, "set_epoch"):
                target.set_epoch(self.epoch)
        for batch in named_errors(super().__iter__()):
            self.done += 1
            if self.done == len(self):
                self.epoch, self.done = self.epoch + 1, 0
            yield batch

    def position(self) -> dict[str, int]:
        """Return the epoch and batch that come next."""
        return {"epoch": self.epoch, "done": self.done}

    def seek(self, position: dict[str, int]) -> None:
        """Go on from a position of this or an equal loader."""
        self.epoch, self.done = position["epoch"], position["done"]


def named_errors(batches: Iterator[Any]) -> Iterator[Any]:
    """Yield the batches; an error of a worker comes without the traceback that torch adds."""
    while True:
        try:
            batch = next(batches)
        except StopIteration:
            return
        except BadSampleError as error:
            raise without_traceback(error) from error
        yield batch


def without_traceback(error: Exception) -> Exception:
    """Return a worker's error as it was raised there; torch packs its traceback into the message."""
    text = str(error).rstrip()
    if "Original Traceback" not in text or not isinstance(error, BadSampleError):
        return error
    return BadSampleError(text.rpartition(f"{BadSampleError.__name__}: ")[2])


class WorkerStart:
    """What a worker does first: one thread each for torch and OpenCV, and no reaction to Ctrl-C.

    A class rather than a closure, because spawned workers receive it by pickling.

    Args:
        opencv_threads: number of OpenCV's threads; 0 keeps it in the worker's own.
    """

    def __init__(self, opencv_threads: int = 0) -> None:
        self.opencv_threads = opencv_threads

    def __call__(self, worker: int) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        torch.set_num_threads(1)
        with contextlib.suppress(ImportError):
            import cv2

            cv2.setNumThreads(self.opencv_threads)


def collate(samples: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Join packed samples into one batch.

    Inputs of one shape become one tensor, written straight into shared memory in a
    worker; inputs of different shapes stay a list, as ``data_preprocessor`` expects.
    """
    inputs = [sample["inputs"] for sample in samples]
    batch = PoseBatch.from_samples([sample["data_samples"] for sample in samples])
    return {"inputs": join(inputs), "data_samples": batch}


def collate_columns(samples: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Join packed samples into one batch that holds columns only: what training needs, cheap to hand over."""
    batch = collate(samples)
    rows = batch["data_samples"]
    names, partial = rows.keys(), rows.partial_keys()
    columns = {name: rows.column(name) for name in names if not name.startswith("pred_")}
    columns.update({name: rows.entries(name) for name in partial if not name.startswith("pred_")})
    batch["data_samples"] = PoseBatch(columns, rows.metainfos)
    return batch


def join(inputs: list[Any]) -> Any:
    """Stack tensors of one shape; return anything else as a list."""
    if not all(isinstance(value, Tensor) and value.shape == inputs[0].shape for value in inputs):
        return inputs
    if torch.utils.data.get_worker_info() is None:
        return torch.stack(inputs)
    first = inputs[0]
    storage = first._typed_storage()._new_shared(first.numel() * len(inputs), device=first.device)
    return torch.stack(inputs, out=first.new(storage).resize_(len(inputs), *first.shape))

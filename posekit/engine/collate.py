"""Batches of samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from posekit.structures import PoseBatch


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

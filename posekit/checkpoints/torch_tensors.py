"""Tensors of torch for those that a checkpoint's file keeps."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from posekit.checkpoints.stand_ins import StandIns
from posekit.checkpoints.tensors import StoredTensor


class TorchStandIns(StandIns):
    """Stand-ins whose tensors, dtypes and sizes are torch's."""

    tensor_type = Tensor
    size_type = torch.Size

    def tensor(self, stored: StoredTensor) -> Tensor:
        """Return a tensor that shares the bytes of the file."""
        dtype = self.dtype(stored.dtype)
        if 0 in stored.shape:
            return torch.empty(stored.shape, dtype=dtype)
        count = len(stored.data) // dtype.itemsize
        return torch.frombuffer(stored.data, dtype=dtype, count=count).as_strided(
            stored.shape, stored.stride, stored.offset
        )

    def dtype(self, name: str) -> Any:
        """Return the dtype of a name.

        Raises:
            ValueError: if this version of torch has none of that name.
        """
        dtype = vars(torch).get(name)
        if not isinstance(dtype, torch.dtype):
            raise ValueError(f"numbers of dtype {name}, which this version of torch does not have")
        return dtype

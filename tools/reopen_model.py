"""Make weights to train further of an exported model: python tools/reopen_model.py CONFIG MODEL.onnx OUT.safetensors

An exported file has no batch norms: each was merged into the convolution before it. This gives every batch norm of
CONFIG's model the mean and the variance of what reaches it on the first training crops, and the scale and the offset
that undo both. So the weights compute what the file computes, and training with batch statistics starts there.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from posekit.checkpoints.save import save_weights
from posekit.config import load
from posekit.registry import DATASETS, MODELS

PREFIX = "model."


def exported_weights(path: Path) -> dict[str, Tensor]:
    """Return an exported file's weights in 32 bits, by the model's names; a merged norm's are ``*.weight_bias``."""
    arrays = {one.name.removesuffix("_half"): numpy_helper.to_array(one) for one in onnx.load(path).graph.initializer}
    return {
        name.removeprefix(PREFIX): torch.from_numpy(np.array(value, np.float32))
        for name, value in arrays.items()
        if name.startswith(PREFIX)
    }


@torch.no_grad()
def set_norm(norm: nn.BatchNorm2d, **values: Tensor | float) -> None:
    """Set a norm's ``mean``, ``variance``, ``scale`` and ``offset``."""
    names = {"mean": "running_mean", "variance": "running_var", "scale": "weight", "offset": "bias"}
    for name, value in values.items():
        target = getattr(norm, names[name])
        target.copy_(torch.as_tensor(value).expand_as(target))


@torch.no_grad()
def load_merged(model: nn.Module, weights: dict[str, Tensor]) -> list[nn.BatchNorm2d]:
    """Load weights with merged norms into a model and return its norms, which add offsets only.

    Raises:
        ValueError: if a weight of the model is missing or has another shape.
    """
    norms: list[nn.BatchNorm2d] = []
    offset: Tensor | None = None
    for name, part in model.named_modules():
        if isinstance(part, nn.BatchNorm2d):
            if offset is None or offset.shape != part.bias.shape:
                raise ValueError(f"{name}: the file has no offset for this norm; was it exported from another config?")
            set_norm(part, mean=0.0, variance=1 - part.eps, scale=1.0, offset=offset)
            norms.append(part)
            continue
        for key, value in part.named_parameters(recurse=False):
            stored = weights.get(f"{name}.{key}")
            if stored is None or stored.shape != value.shape:
                found = "nothing" if stored is None else tuple(stored.shape)
                raise ValueError(f"{name}.{key}: the file has {found}, the model {tuple(value.shape)}")
            value.copy_(stored)
        offset = weights.get(f"{name}.weight_bias", offset)
    return norms


@torch.no_grad()
def restore_statistics(model: Any, norms: list[nn.BatchNorm2d], crops: Tensor) -> None:
    """Give each norm the statistics of its input on ``crops`` (N, 3, H, W), 0 ... 255, without changing the model."""
    seen: dict[nn.Module, tuple[Tensor, Tensor]] = {}

    def keep(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        variance, mean = torch.var_mean(inputs[0], dim=(0, 2, 3), correction=0)
        seen[norm] = mean, variance

    hooks = [norm.register_forward_pre_hook(keep) for norm in norms]
    model.eval()(model.data_preprocessor.normalize(crops))
    for hook, norm in zip(hooks, norms, strict=True):
        hook.remove()
        mean, variance = seen[norm]
        scale = (variance + norm.eps).sqrt()
        set_norm(norm, mean=mean, variance=variance, scale=scale, offset=norm.bias + mean)


def training_crops(config: Any, count: int) -> Tensor:
    """Return the first training samples' inputs (N, 3, H, W), spread evenly over the dataset."""
    dataset = DATASETS.build(config.train_dataloader.dataset)
    step = max(len(dataset) // count, 1)
    return torch.stack([torch.as_tensor(dataset[i]["inputs"]) for i in range(0, len(dataset), step)][:count]).float()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--crops", type=int, default=256, help="Number of training crops to take the statistics of.")
    given = parser.parse_args()
    config = load(given.config)
    config.model.backbone.pop("init_cfg", None)
    model = MODELS.build(config.model)
    norms = load_merged(model, exported_weights(given.model))
    restore_statistics(model, norms, training_crops(config, given.crops))
    print(f"{save_weights(given.out, model.state_dict())}: {len(norms)} batch norms restored")


if __name__ == "__main__":
    main()

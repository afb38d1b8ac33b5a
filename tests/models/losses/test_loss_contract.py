"""What every loss of the registry does, one row of ``loss_cases`` each."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from loss_cases import CASES, LossCase
from rows import check_rows
from torch import Tensor

from posekit.registry import MODELS


def tensors(value: Any) -> list[Tensor]:
    """Return all tensors in nested containers."""
    if isinstance(value, Tensor):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, (tuple, list)) else ()
    return [tensor for part in parts for tensor in tensors(part)]


def changed(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """Return nested containers with every tensor changed."""
    if isinstance(value, dict):
        return {key: changed(part, change) for key, part in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(changed(part, change) for part in value)
    return change(value)


class Run:
    """One call of a loss: its arguments, their leaves that learn, and the values."""

    def __init__(self, case: LossCase, loss: Any, batch: int, *, seen: float = 1.0) -> None:
        torch.manual_seed(0)
        inputs = case.inputs(batch)
        self.case, self.loss = case, loss
        self.learnt = changed(inputs[: case.learnt], lambda x: x.requires_grad_())
        self.targets = inputs[case.learnt :] + ((case.weights(batch) * seen,) if case.weights else ())

    def values(self, change: Callable[[Tensor], Tensor] = lambda x: x) -> list[Tensor]:
        args = [*changed(self.learnt, change), *changed(self.targets, change)]
        return tensors(self.case.call(self.loss, *args, **self.case.options))

    def backward(self) -> list[Tensor]:
        """Return the gradients of what is learnt, as far as the loss reaches it."""
        sum(value.sum() for value in self.values()).backward()
        return [leaf.grad for leaf in tensors(self.learnt) if leaf.grad is not None]


@pytest.fixture
def case(name: str) -> LossCase:
    return CASES[name]


@pytest.fixture
def loss(name: str, case: LossCase) -> Any:
    torch.manual_seed(0)
    return MODELS.build(copy.deepcopy({"type": name, **case.config}))


MEASURES = {"BBoxOverlaps2D", "PoseOKS"}
"""Beside the losses of the same quantities: what assigners measure by, tested with them."""


def test_every_registered_loss_has_a_row() -> None:
    row = "LossCase({}, pair(points))"
    check_rows(MODELS, "posekit.models.losses", CASES.keys() | MEASURES, file="CASES of loss_cases.py", row=row)


@pytest.mark.parametrize("name", CASES)
class TestLossContract:
    @pytest.mark.parametrize("batch", [1, 2])
    def test_backward_reaches_all_that_is_learnt(self, case: LossCase, loss: Any, batch: int) -> None:
        run = Run(case, loss, batch)
        assert all(value.isfinite().all() for value in run.values())
        gradients = run.backward()
        assert len(gradients) == len(tensors(run.learnt))
        assert all(gradient.isfinite().all() for gradient in gradients)
        assert not [name for name, p in loss.named_parameters() if p.requires_grad and p.grad is None]

    def test_gradients_equal_finite_differences(self, case: LossCase, loss: Any) -> None:
        run = Run(case, loss.double(), 2)
        leaves = [leaf.detach().double().requires_grad_() for leaf in tensors(run.learnt)]
        run.targets = changed(run.targets, lambda x: x.double() if x.is_floating_point() else x)

        def values(*leaves: Tensor) -> tuple[Tensor, ...]:
            parts = iter(leaves)
            return tuple(run.values(lambda x: next(parts) if x.requires_grad else x))

        assert torch.autograd.gradcheck(values, leaves)

    def test_weights_of_one_change_nothing(self, name: str, case: LossCase, loss: Any) -> None:
        if "use_target_weight" not in case.config:
            pytest.skip("cannot do without weights")
        plain = MODELS.build(copy.deepcopy({"type": name, **case.config, "use_target_weight": False}))
        plain.load_state_dict(loss.state_dict())
        torch.testing.assert_close(Run(case, loss, 2).values(), Run(case, plain, 2).values())

    def test_nothing_visible_teaches_nothing(self, case: LossCase, loss: Any) -> None:
        if case.weights is None:
            pytest.skip("takes no weights")
        for gradient in Run(case, loss, 2, seen=0.0).backward():
            assert not gradient.any()

    def test_no_instances_give_no_loss(self, case: LossCase, loss: Any) -> None:
        run = Run(case, loss, 0)
        assert all((value == 0).all() for value in run.values())
        assert all(not gradient.any() for gradient in run.backward())

    def test_runs_in_bfloat16(self, case: LossCase, loss: Any) -> None:
        run = Run(case, loss, 2)
        with torch.autocast("cpu", torch.bfloat16):
            low = run.values(lambda x: x.bfloat16() if x.requires_grad else x)
        for value, full in zip(low, run.values(), strict=True):
            torch.testing.assert_close(value.float(), full, rtol=0.1, atol=0.05)

    def test_channels_last_gives_the_same(self, case: LossCase, loss: Any) -> None:
        run = Run(case, loss, 2)
        if not any(x.ndim == 4 for x in tensors(run.learnt)):
            pytest.skip("takes no images")
        outputs = run.values(lambda x: x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x)
        torch.testing.assert_close(outputs, run.values())

    def test_another_one_with_its_state_gives_the_same(self, name: str, case: LossCase, loss: Any) -> None:
        other = MODELS.build(copy.deepcopy({"type": name, **case.config}))
        other.load_state_dict(loss.state_dict())
        torch.testing.assert_close(Run(case, other, 2).values(), Run(case, loss, 2).values())

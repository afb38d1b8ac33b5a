"""Learning rates against closed formulas."""

from __future__ import annotations

import math
from typing import Any

import pytest

from posekit.engine.hooks.param_scheduler_hook import build_schedule, replay

BASE = 0.1
LENGTH, EPOCHS = 5, 6
TOTAL = LENGTH * EPOCHS


def course(*configs: dict[str, Any]) -> list[float]:
    """Return the learning rate of each iteration of a run of 6 epochs of 5 iterations."""
    groups = [{"lr": BASE, "params": []}]
    schedules = [build_schedule(config, LENGTH, EPOCHS) for config in configs]
    for schedule in schedules:
        schedule.attach(groups)
    rates = []
    for iteration in range(1, TOTAL + 1):
        rates.append(groups[0]["lr"])
        for schedule in schedules:
            if not schedule.by_epoch or iteration % LENGTH == 0:
                schedule.step()
    return rates


def cosine(step: int, period: int, floor: float = 0.0) -> float:
    return floor + (BASE - floor) * (1 + math.cos(math.pi * step / period)) / 2


BY_ITERATION = {"by_epoch": False}
CONVERTED = {"by_epoch": True, "convert_to_iter_based": True}
CASES: dict[str, tuple[dict[str, Any], Any]] = {
    "linear": (
        {"type": "LinearLR", "start_factor": 0.2, **BY_ITERATION, "end": 9},
        lambda t: BASE * min(0.2 + 0.8 * t / 8, 1),
    ),
    "linear by epoch": (
        {"type": "LinearLR", "start_factor": 0.5, "end": 3},
        lambda t: BASE * min(0.5 + t // LENGTH / 4, 1),
    ),
    "cosine": ({"type": "CosineAnnealingLR", **BY_ITERATION}, lambda t: cosine(t, TOTAL)),
    "cosine in epochs": ({"type": "CosineAnnealingLR", "eta_min": 0.01}, lambda t: cosine(t // LENGTH, EPOCHS, 0.01)),
    "cosine with a late start": (
        {"type": "CosineAnnealingLR", "begin": 2, "T_max": 4, "eta_min_ratio": 0.05, **CONVERTED},
        lambda t: cosine(max(t - 2 * LENGTH, 0), 4 * LENGTH, 0.05 * BASE),
    ),
    "multi-step": (
        {"type": "MultiStepLR", "milestones": [2, 4]},
        lambda t: BASE * 0.1 ** ((t >= 2 * LENGTH) + (t >= 4 * LENGTH)),
    ),
    "step": ({"type": "StepLR", "step_size": 2, "gamma": 0.5}, lambda t: BASE * 0.5 ** (t // (2 * LENGTH))),
    "exponential": ({"type": "ExponentialLR", "gamma": 0.9, **BY_ITERATION}, lambda t: BASE * 0.9**t),
    "polynomial": (
        {"type": "PolyLR", "power": 2.0, "eta_min": 0.02, **BY_ITERATION},
        lambda t: 0.02 + 0.08 * (1 - t / (TOTAL - 1)) ** 2,
    ),
    "constant": (
        {"type": "ConstantLR", "factor": 0.25, **BY_ITERATION, "end": 7},
        lambda t: BASE * (0.25 if t < 6 else 1),
    ),
    "quadratic warm-up": (
        {"type": "QuadraticWarmupLR", "end": 2, **CONVERTED},
        lambda t: BASE * min((t + 1) / (2 * LENGTH), 1) ** 2,
    ),
    "cosine with restarts": (
        {"type": "CosineRestartLR", "periods": [2, 4], "restart_weights": [1, 0.5], "eta_min": 0.0, **CONVERTED},
        lambda t: cosine(t, 10) if t < 10 else cosine(t - 10, 20) / 2,
    ),
    "one cycle": (
        {"type": "OneCycleLR", "eta_max": 1.0, "anneal_strategy": "linear", "pct_start": 0.2, **BY_ITERATION},
        lambda t: 0.04 + 0.96 * t / 5 if t <= 5 else 1 + (4e-6 - 1) * (t - 5) / 24,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_schedule_follows_its_formula(name: str) -> None:
    config, formula = CASES[name]
    assert course(config) == pytest.approx([formula(t) for t in range(TOTAL)], rel=1e-9)


def test_overlapping_schedules_act_on_one_another() -> None:
    warm_up = {"type": "LinearLR", "start_factor": 0.1, **BY_ITERATION, "end": 4}
    steps = {"type": "MultiStepLR", "milestones": [1]}
    expected = [BASE * min(0.1 + 0.3 * t, 1) * (1 if t < LENGTH else 0.1) for t in range(TOTAL)]
    assert course(warm_up, steps) == pytest.approx(expected)


def test_replay_gives_the_rate_of_an_undisturbed_run() -> None:
    configs = [{"type": "LinearLR", **BY_ITERATION, "end": 4}, {"type": "CosineAnnealingLR", **CONVERTED}]
    groups = [{"lr": BASE, "params": []}]
    schedules = [build_schedule(config, LENGTH, EPOCHS) for config in configs]
    replay(schedules, groups, iterations=13, epoch_length=LENGTH)
    assert groups[0]["lr"] == course(*configs)[13]


def test_momentum_schedules_change_momentum_or_the_first_beta() -> None:
    groups = [{"lr": BASE, "momentum": 0.8, "params": []}, {"lr": BASE, "betas": (0.8, 0.99), "params": []}]
    schedule = build_schedule({"type": "ExponentialMomentum", "gamma": 0.5}, LENGTH, EPOCHS)
    schedule.attach(groups)
    schedule.step()
    assert groups[0]["momentum"] == pytest.approx(0.4)
    assert groups[1]["betas"] == (pytest.approx(0.4), 0.99)
    assert groups[0]["lr"] == BASE


def test_a_plateau_may_shrink_momentum() -> None:
    config = {"type": "mmengine.ReduceOnPlateauMomentum", "monitor": "AP", "rule": "greater", "patience": 0}
    schedule, groups = build_schedule(config, LENGTH, EPOCHS), [{"lr": BASE, "momentum": 0.8, "params": []}]
    schedule.attach(groups)
    for value in (0.5, 0.4):
        schedule.observe({"AP": value})
    assert groups[0]["momentum"] == pytest.approx(0.08)
    assert groups[0]["lr"] == BASE


def test_plateau_shrinks_after_patience_and_resumes() -> None:
    config = {"type": "ReduceOnPlateauLR", "monitor": "AP", "rule": "greater", "patience": 1}
    schedule, groups = build_schedule(config, LENGTH, EPOCHS), [{"lr": BASE, "params": []}]
    schedule.attach(groups)
    for value in (0.5, 0.4):
        schedule.observe({"AP": value})
    assert groups[0]["lr"] == BASE
    other = build_schedule(config, LENGTH, EPOCHS)
    other.attach(groups)
    other.load_state_dict(schedule.state_dict())
    other.observe({"AP": 0.45})
    assert groups[0]["lr"] == pytest.approx(BASE / 10)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"type": "LinearLR", "begin": 5, "end": 5}, r"end \(5\) must be greater than begin \(5\)"),
        ({"type": "LinearLR", "start_factor": 0.0}, "the start above 0"),
        ({"type": "CosineAnnealingLR", "eta_min": 0.1, "eta_min_ratio": 0.1}, "not both"),
        ({"type": "CosineRestartLR", "periods": [2], "restart_weights": [1, 2], "eta_min": 0}, "1 periods, but 2"),
        ({"type": "QuadraticWarmupLR", "end": 10**9}, "give the end of the warm-up"),
        (
            {"type": "ExponentialLR", "gamma": 0.9, "by_epoch": False, "convert_to_iter_based": True},
            "needs by_epoch=True",
        ),
        ({"type": "OneCycleLR", "eta_max": 1.0, "anneal_strategy": "square"}, "use 'cos' or 'linear'"),
        ({"type": "ReduceOnPlateauLR", "factor": 2.0}, "a factor below 1"),
    ],
)
def test_impossible_settings_are_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_schedule(config, LENGTH, EPOCHS)


def test_plateau_names_the_metrics_there_are() -> None:
    schedule = build_schedule({"type": "ReduceOnPlateauLR", "monitor": "AP"}, LENGTH, EPOCHS)
    with pytest.raises(KeyError, match="no metric 'AP'; validation gave PCK"):
        schedule.observe({"PCK": 0.1})

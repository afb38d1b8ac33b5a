"""Counts the faults of all tests in this folder, and tells them at the end; ``--long`` leaves out no operation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

FAULTS = "faults injected"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="Inject a fault at every operation, not at every few.")


@pytest.fixture(scope="session")
def long(request: pytest.FixtureRequest) -> bool:
    """Whether to leave out no operation; the option is known only if this folder is named on the command line."""
    return bool(request.config.getoption("--long", default=False))


@pytest.fixture
def count_fault(request: pytest.FixtureRequest) -> Callable[[], None]:
    """Count a fault that was injected."""

    def count() -> None:
        request.node.user_properties.append((FAULTS, 1))

    return count


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reports = [
        report
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        if report.when == "call" and "chaos/" in report.nodeid
    ]
    faults = sum(count for report in reports for name, count in report.user_properties if name == FAULTS)
    failures = sum(report.outcome == "failed" for report in reports)
    verdict = f"{failures} tests failed" if failures else "nothing lost"
    if reports:
        terminalreporter.write_line(f"chaos: {faults} faults injected, {verdict}")

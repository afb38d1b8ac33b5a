"""``--fuzz-inputs N`` gives each reader N damaged files instead of 200."""

from __future__ import annotations

import pytest

INPUTS = 200


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fuzz-inputs", type=int, default=INPUTS, metavar="N", help="Damaged files for each reader.")
    parser.addoption("--fuzz-seed", type=int, default=0, metavar="N", help="Seed of the damage.")


@pytest.fixture(scope="session")
def num_inputs(request: pytest.FixtureRequest) -> int:
    """Number of files; the option is known only if this folder is named on the command line."""
    return request.config.getoption("--fuzz-inputs", default=INPUTS)


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int:
    return request.config.getoption("--fuzz-seed", default=0)

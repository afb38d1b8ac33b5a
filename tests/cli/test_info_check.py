"""``posekit info --check``."""

from __future__ import annotations

import importlib.metadata

import pytest

from posekit.cli import info as module
from posekit.cli import main as cli
from posekit.cli.requirements import Requirement, number_of, problems, requirements

CORE = [Requirement("numpy", "1.26", ""), Requirement("opencv-python-headless", "4.8", "")]


def call(*arguments) -> int:
    with pytest.raises(SystemExit) as done:
        cli.main(["info", *arguments])
    return int(done.value.code or 0)


@pytest.fixture
def machine(monkeypatch):
    """Pretend that these packages are installed."""

    def pretend(**versions: str) -> None:
        versions = {name.replace("_", "-"): version for name, version in versions.items()}

        def version(name: str) -> str:
            if name not in versions:
                raise importlib.metadata.PackageNotFoundError(name)
            return versions[name]

        monkeypatch.setattr("posekit.cli.requirements.importlib.metadata.version", version)

    return pretend


@pytest.mark.parametrize(
    ("versions", "wrong"),
    [
        ({"numpy": "1.26.4", "opencv_python_headless": "4.10.0.84"}, []),
        ({"numpy": "2.0.0rc1", "opencv_python": "4.8.1"}, []),
        ({"numpy": "1.9.9", "opencv_python": "4.8"}, ["numpy 1.9.9 is too old; posekit needs 1.26"]),
        ({"opencv_python": "4.8"}, ["numpy is not installed; posekit needs it: pip install 'numpy>=1.26'"]),
        ({"numpy": "2", "opencv_python": "4.7"}, ["opencv-python 4.7 is too old; posekit needs 4.8"]),
        (
            {"numpy": "2", "opencv_python": "4.9", "opencv_python_headless": "4.9"},
            ["opencv-python and opencv-python-headless overwrite each other's files; keep one"],
        ),
    ],
)
def test_problems(machine, versions, wrong):
    machine(**versions)
    told = list(problems(CORE))
    assert len(told) == len(wrong)
    assert all(line.startswith(start) for line, start in zip(told, wrong, strict=True))


def test_packages_of_extras_may_be_missing_but_not_too_old(machine):
    machine()
    assert list(problems([Requirement("torch", "2.4", "train")])) == []
    machine(torch="2.3.1+cpu")
    (told,) = problems([Requirement("torch", "2.4", "train")])
    assert told.startswith("torch 2.3.1+cpu is too old; posekit[train] needs 2.4: pip install -U 'torch>=2.4'")


def test_requirements_are_those_that_are_stated(monkeypatch):
    texts = ["numpy>=1.26", 'posekit[docs,serve]; extra == "dev"', "torch>=2.4; extra == 'train'"]
    monkeypatch.setattr("posekit.cli.requirements.importlib.metadata.requires", lambda _: texts)
    assert requirements() == [("numpy", "1.26", ""), ("posekit", "", "dev"), ("torch", "2.4", "train")]


def test_versions_are_compared_as_numbers():
    assert number_of("2.10") > number_of("2.9.1")
    assert number_of("2.4.0+cpu") == number_of("2.4")


@pytest.mark.parametrize(("wrong", "code"), [([], 0), (["numpy 1 is too old"], 1)])
def test_the_exit_code(monkeypatch, capsys, wrong, code):
    monkeypatch.setattr(module, "PACKAGES", {"core": ("numpy",)})
    monkeypatch.setattr(module, "problems", lambda _: iter(wrong))
    assert call("--check") == code
    out = capsys.readouterr().out
    assert (wrong or ["everything posekit needs is there and new enough"])[0] in out

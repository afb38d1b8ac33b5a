"""The Docker files name what is there; images are not built here."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.mark.parametrize("path", sorted((ROOT / "docker").glob("*.Dockerfile")), ids=lambda path: path.stem)
def test_an_image_installs_extras_that_there_are(path):
    content = path.read_text()
    (extras,) = re.findall(r'"/src\[([a-z,]+)\]"', content)
    assert set(extras.split(",")) <= set(PROJECT["project"]["optional-dependencies"])
    (entry,) = re.findall(r'^ENTRYPOINT \["(\w+)"\]$', content, re.M)
    assert entry in PROJECT["project"]["scripts"]


def test_an_image_gets_all_that_the_wheel_is_built_from():
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line.startswith("!")}
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {*wheel["packages"], *wheel["force-include"], *PROJECT["project"]["license-files"]}
    assert kept == needed | {PROJECT["project"]["readme"], "pyproject.toml"}

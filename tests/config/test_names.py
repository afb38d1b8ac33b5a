"""Configs by their names alone."""

from __future__ import annotations

import pytest

from posekit.config import ConfigError, find_config, load, packaged_configs
from posekit.config.names import configs_by_name
from posekit.zoo.config_index import config_entries

NAME = "rtmpose-m_8xb256-420e_coco-256x192"
PLACE = "body_2d_keypoint/rtmpose/coco"


@pytest.mark.parametrize("name", [NAME, f"{NAME}.py"])
def test_a_name_is_found_from_anywhere(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    assert find_config(name) == packaged_configs().resolve() / PLACE / f"{NAME}.py"
    assert load(name).size == "m"


def test_a_file_comes_before_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / f"{NAME}.py").write_text("x = 1")
    assert load(f"{NAME}.py").to_dict() == dict(x=1)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "rtmpose-m_coco",
            f"rtmpose-m_coco: no such file, and .* did you mean '{NAME}' or 'rtmpose-m_8xb256-420e_coco-384",
        ),
        (f"rtmpos-m{NAME[9:]}", f"did you mean '{NAME}'"),
        ("nothing.py", "no config of that name; `posekit config list` shows them all"),
    ],
)
def test_near_misses(tmp_path, monkeypatch, name, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=message):
        load(name)


def test_names_are_unique():
    names = configs_by_name(packaged_configs())
    entries = config_entries()
    assert len(entries) > 408
    assert {entry.name for entry in entries if len(names[entry.name]) > 1} == set()


def test_two_files_of_one_name(tmp_path):
    from posekit.config.names import named_config

    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same.py").write_text("")
    with pytest.raises(ConfigError, match=r"'same' is the name of a/same\.py and b/same\.py; write the path"):
        named_config("same", tmp_path)

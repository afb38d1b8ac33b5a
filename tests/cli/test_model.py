from __future__ import annotations

import json

import pytest

from posekit.cli import main as cli

pytest.importorskip("torch")

CONFIG = """
codec = dict(type="MSRAHeatmap", input_size=(64, 64), heatmap_size=(16, 16), sigma=2)
model = dict(
    type="TopdownPoseEstimator",
    backbone=dict(type="ResNet", depth=18, stem_channels=4, base_channels=4),
    head=dict(type="HeatmapHead", in_channels=32, out_channels=2, deconv_out_channels=None),
)
"""


def call(*arguments) -> int:
    with pytest.raises(SystemExit) as done:
        cli.main(["model", "info", *map(str, arguments)])
    return int(done.value.code or 0)


@pytest.fixture
def config(tmp_path):
    (tmp_path / "tiny.py").write_text(CONFIG)
    return tmp_path / "tiny.py"


def test_a_tree_and_a_line(config, capsys):
    assert call(config, "--repeat", 1) == 0
    *tree, line = capsys.readouterr().out.splitlines()
    assert any("├─ backbone (ResNet)" in row for row in tree)
    assert any("│  ├─ layer1 (Sequential)" in row for row in tree)
    assert line.startswith("tiny: 44.8 k parameters, ")
    assert "multiply-adds" in line
    assert "for 64x64, " in line
    assert " ms per image on cpu, threads: " in line


def test_json_and_another_shape(config, capsys):
    assert call(config, "--json", "--repeat", 0, "--shape", 128, 128) == 0
    large = json.loads(capsys.readouterr().out)
    assert call(config, "--json", "--repeat", 0) == 0
    small = json.loads(capsys.readouterr().out)
    assert (large["input_hw"], small["input_hw"]) == ([128, 128], [64, 64])
    assert large["multiply_adds"] == 4 * small["multiply_adds"]
    assert large["parameters"] == small["parameters"]
    assert small["seconds_per_image"] is None
    assert [part["name"] for part in small["parts"]] == ["data_preprocessor", "backbone", "head"]


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        (("codec =", "other ="), (), "give --shape H W"),
        (("", ""), ("--shape", "64"), "requires 2 arguments"),
        (("", ""), ("--shape", 0, 64), "--shape 0 64: give a height and a width of at least one pixel"),
        (("", ""), ("--device", "toaster"), "device 'toaster': no such kind of device"),
        (("", ""), ("--plugin", "gone_plugin"), "--plugin gone_plugin: no module 'gone_plugin', seen from"),
        (("in_channels=32", "in_channels=16"), (), "does not take an image of 64x64"),
        (
            ("out_channels=2", "out_channels='two'"),
            (),
            "model.head (line 6): HeatmapHead cannot be made of these values",
        ),
        (("out_channels=2", "out_channels=-2"), (), "HeatmapHead cannot be made of these values (RuntimeError: "),
        (
            ("backbone=", "backbone=3, neck="),
            (),
            "model.backbone (line 5): needs a BaseBackbone, as dict(type=...), not 3",
        ),
        (("model =", "modle ="), (), "model: is missing; did you mean 'modle'"),
        (("model = dict(", "model = None\nother = dict("), (), "needs dict(type=...) with a name of MODELS, not None"),
    ],
)
def test_errors(change, options, words, config, capsys):
    config.write_text(CONFIG.replace(*change))
    assert call(config, *options) == cli.USER_ERROR
    assert words in capsys.readouterr().err

"""``posekit config show`` and ``posekit config explain``."""

from __future__ import annotations

import pytest

from posekit.cli.main import main
from posekit.config import loads


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    (tmp_path / "base.py").write_text("model = dict(\n    head=dict(loss='mse', n=1))\n")
    (tmp_path / "my.py").write_text("_base_ = 'base.py'\nmodel = dict(head=dict(n=2))\n")
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        with pytest.raises(SystemExit) as end:
            main(["config", *arguments])
        captured = capsys.readouterr()
        return end.value.code, captured.out, captured.err

    return call


def test_show(run):
    code, out, _ = run("show", "my.py", "--cfg-options", "model.head.n=[3,x]")
    assert code == 0
    assert loads(out).to_dict() == {"model": {"head": {"loss": "mse", "n": [3, "x"]}}}


def test_explain(run):
    code, out, _ = run("explain", "my.py", "model.head.n", "--override", "model.head.n=3")
    assert code == 0
    assert [line.split() for line in out.splitlines()] == [
        ["model.head.n", "=", "3"],
        ["set", "at", "command", "line"],
        ["in", "model.head", "my.py:2", "model", "=", "dict(head=dict(n=2))"],
        ["in", "model", "my.py:2", "model", "=", "dict(head=dict(n=2))"],
        ["replaces", "2", "my.py:2", "model", "=", "dict(head=dict(n=2))"],
        ["replaces", "1", "base.py:2", "head=dict(loss='mse',", "n=1))"],
    ]


def test_explain_a_key_that_is_not_there(run):
    code, _, err = run("explain", "my.py", "model.head.los")
    assert code != 0
    assert "model.head has no 'los'; did you mean 'loss'?" in err


def test_show_a_missing_file(run):
    code, _, err = run("show", "mi.py")
    assert code != 0
    assert "mi.py: no such file" in err
    assert "did you mean 'my.py'?" in err


def test_several_changes_after_one_option(run):
    code, out, _ = run("show", "my.py", "--cfg-options", "model.head.n=3", "model.head.loss=ce")
    assert code == 0
    assert loads(out).to_dict() == {"model": {"head": {"loss": "ce", "n": 3}}}


def test_bases_from_an_allowed_folder(run, tmp_path):
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "base.py").write_text("x = 1")
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "my.py").write_text(f"_base_ = '{tmp_path}/lab/base.py'")
    code, _, err = run("show", "configs/my.py")
    assert code != 0
    assert "allow more with --config-root FOLDER" in err
    assert run("show", "configs/my.py", "--config-root", "lab")[:2] == (0, "x = 1\n")


SIX_TYPOS = """
codec = dict(type='SimCCLabel', input_size=(32, 32), simcc_split_ratio=2.0, sigma=2.0)
model = dict(
    type='TopdownPoseEstimator',
    backbone=dict(type='ResNet', depths=18),
    head=dict(type='SimCCHead', in_channels=512, out_channels=17, input_size=(32, 32), in_featuremap_size=(1, 1),
              decoder=codec))
load = dict(type='LoadImage')
train_dataloader = dict(dataset=dict(type='CocoDataset', pipeline=[load, dict(type='GenerateTargt')]))
test_dataloader = dict(dataset=dict(type='CocoDataset', pipeline=[load, dict(type='PackPoseInputs')]))
val_evaluator = dict(type='PCKAccuracy', thresh=0.1)
optim_wrapper = dict(optimizer=dict(type='AdamW', lr=1e-3, weigth_decay=0.1))
param_scheduler = [dict(type='LinearLR', by_epoch=False, begin=0, ends=5)]
train_cfg = dict(max_epochs=3)
default_hooks = dict(logger=dict(type='LoggerHook', curve=2))
"""
SIX_PROBLEMS = """6 problems in bad.py:
  model.backbone.depths (line 5): ResNet has no argument 'depths'; did you mean 'depth'?
  train_dataloader.dataset.pipeline.1.type (line 9): no transform named 'GenerateTargt'; did you mean 'GenerateTarget'?
  val_evaluator.thresh (line 11): PCKAccuracy has no argument 'thresh'; did you mean 'thr'?
  optim_wrapper.optimizer.weigth_decay (line 12): AdamW has no argument 'weigth_decay'; did you mean 'weight_decay'?
  param_scheduler.0.ends (line 13): LinearLR has no argument 'ends'; did you mean 'end'?
  default_hooks.logger.curve (line 15): LoggerHook has no argument 'curve'; did you mean 'curves'?
"""


@pytest.mark.parametrize(
    "command",
    [
        ("config", "check", "bad.py"),
        ("train", "bad.py", "--device", "cpu"),
        ("test", "bad.py", "none.pth"),
        ("predict", "image.png", "--config", "bad.py", "--checkpoint", "none.pth"),
        ("export", "bad.py", "none.pth"),
    ],
    ids=" ".join,
)
def test_all_problems_of_all_sections_at_once(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.py").write_text(SIX_TYPOS)
    (tmp_path / "image.png").write_bytes(b"")
    with pytest.raises(SystemExit) as end:
        main(list(command))
    err = capsys.readouterr().err
    assert end.value.code == 2
    first, *rest = [line.removeprefix("error: ") for line in err.splitlines()]
    expected = SIX_PROBLEMS.splitlines()
    assert (first, sorted(rest)) == (expected[0], sorted(expected[1:]))
    assert not (tmp_path / "work_dirs").exists()


def test_a_config_without_problems(run, tmp_path):
    base = "posekit::body_2d_keypoint/rtmpose/coco/rtmpose-t_8xb256-420e_coco-256x192.py"
    (tmp_path / "good.py").write_text(f"_base_ = '{base}'")
    code, out, _ = run("check", "good.py")
    assert (code, out) == (0, "good.py: no problems\n")

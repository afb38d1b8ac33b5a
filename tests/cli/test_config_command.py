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
    assert "mi.py: no such file; did you mean my.py?" in err

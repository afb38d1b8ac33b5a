from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from posekit.cli import main as cli


def call(*arguments) -> int:
    with pytest.raises(SystemExit) as done:
        cli.main(["export", *map(str, arguments)])
    return int(done.value.code or 0)


@pytest.fixture
def calls(monkeypatch):
    """Note what would be exported."""
    pytest.importorskip("torch")
    noted: dict = {}
    monkeypatch.setitem(
        sys.modules,
        "posekit.export.onnx",
        SimpleNamespace(export_onnx=lambda model, out, **options: noted.update(out=out, **options) or "all agree"),
    )
    monkeypatch.setattr("posekit.apis.inference.init_model", lambda config, checkpoint: None)
    return noted


def test_options_arrive(calls, tmp_path, capsys):
    (tmp_path / "card.json").write_text('{"trained_on": "frogs"}')
    assert call("c.py", "w.pth", "-o", tmp_path / "m.onnx", "--half", "--card", tmp_path / "card.json") == 0
    assert calls == dict(out=tmp_path / "m.onnx", half_weights=True, layout="posekit", card=dict(trained_on="frogs"))
    assert capsys.readouterr().out == f"{tmp_path / 'm.onnx'}: all agree\n"


@pytest.mark.parametrize(("content", "message"), [("{", "is no valid JSON"), ("[]", "expected a JSON object")])
def test_wrong_card(content, message, tmp_path, capsys):
    (tmp_path / "card.json").write_text(content)
    assert call("c.py", "w.pth", "--card", tmp_path / "card.json") == cli.USER_ERROR
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("out", "message"),
    [("model.pt", r"must end in .onnx, or in .xml for OpenVINO"), ("folder.onnx", "is a folder; name a file to write")],
)
def test_wrong_destination(out, message, tmp_path, capsys):
    (tmp_path / "folder.onnx").mkdir()
    assert call("c.py", "w.pth", "-o", tmp_path / out) == cli.USER_ERROR
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(("options", "message"), [((), "boxes agree, half: False"), (("--half",), "half: True")])
def test_detectors(options, message, calls, tmp_path, capsys, monkeypatch):
    detector = SimpleNamespace(bbox_head=None)
    monkeypatch.setattr("posekit.apis.inference.init_model", lambda config, checkpoint: detector)
    exporter = SimpleNamespace(
        export_detector=lambda model, out, detect, half_weights, layout: f"boxes agree, half: {half_weights}, {layout}"
    )
    monkeypatch.setitem(sys.modules, "posekit.export.detector", exporter)
    assert call("c.py", "w.pth", "-o", tmp_path / "m.onnx", *options) == 0
    printed = capsys.readouterr()
    assert message in printed.out + printed.err


def test_overrides_and_plugins(calls, tmp_path, capsys, monkeypatch):
    (tmp_path / "c.py").write_text("model = dict(depth=1)\n")
    depths = []
    monkeypatch.setattr(
        "posekit.apis.inference.init_model", lambda config, checkpoint: depths.append(config["model"]["depth"])
    )
    assert call(tmp_path / "c.py", "w.pth", "-o", tmp_path / "m.onnx", "--override", "model.depth=5") == 0
    assert depths == [5]
    assert call(tmp_path / "c.py", "w.pth", "-o", tmp_path / "m.onnx", "--plugin", "gone_plugin") == 2
    assert "--plugin gone_plugin: no module" in capsys.readouterr().err

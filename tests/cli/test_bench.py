from __future__ import annotations

import json

import pytest

from posekit.cli import main as cli

QUICK = ("--seconds", "0.01", "--batch", "1,2", "--threads", "1")


def call(*arguments) -> int:
    with pytest.raises(SystemExit) as done:
        cli.main(["bench", *map(str, arguments)])
    return int(done.value.code or 0)


def test_the_default_model_needs_no_words(capsys):
    assert call(*QUICK) == 0
    printed = capsys.readouterr().out
    for word in ("default", "median", "p90", "crop", "network", "decode", "people/s", "1 thread"):
        assert word in printed


def test_models_and_detectors_side_by_side_as_json(tmp_path, capsys):
    target = tmp_path / "numbers.json"
    assert call("default", "people", *QUICK, "--json", target) == 0
    content = json.loads(target.read_text())
    assert content["versions"]["onnxruntime"]
    rows = content["results"]
    assert [(row["model"], row["batch"], row["unit"]) for row in rows] == [
        ("default", 1, "person"), ("default", 2, "person"), ("people", 1, "image"), ("people", 2, "image")
    ]  # fmt: skip
    for row in rows:
        assert (row["device"], row["threads"], row["precision"]) == ("cpu", 1, "fp32")
        assert 0 < row["crop_ms"] < row["median_ms"] <= row["p90_ms"]
        assert 0 < row["network_ms"] < row["median_ms"]
        assert 0 < row["decode_ms"] < row["median_ms"]
        assert row["rounds"] >= 5
        assert row["per_second"] > 0
    assert f"written: {target}" in capsys.readouterr().out


def test_a_config_is_measured_by_torch(tmp_path, capsys):
    torch = pytest.importorskip("torch")
    config = "body_2d_keypoint/topdown_heatmap/lspet/resnet-18-c4_lspet-96x96.py"
    from posekit.apis.inference import init_model

    model = init_model(f"configs/{config}")
    torch.save({"state_dict": model.state_dict()}, tmp_path / "weights.pth")
    options = ("--config", f"configs/{config}", "--checkpoint", tmp_path / "weights.pth", "--precision", "fp32,bf16")
    assert call(*options, *QUICK, "--batch", "1", "--json", tmp_path / "x.json") == 0
    rows = json.loads((tmp_path / "x.json").read_text())["results"]
    assert [row["precision"] for row in rows] == ["fp32", "bf16"]
    assert all(row["network_ms"] > 0 and row["decode_ms"] > 0 for row in rows)
    assert "precision" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("nowhere.onnx",), "nowhere.onnx: no such model file"),
        (("--batch", "0"), "--batch 0: expected whole numbers from 1 to 4096"),
        (("--threads", "x"), "--threads x: expected whole numbers"),
        (("--device", "tpu"), "device 'tpu': no such kind of device"),
        (("--precision", "int3"), "--precision int3: there are fp32, bf16, fp16"),
        (("--precision", "bf16"), "ONNX Runtime computes a file as it was exported"),
        (("--config", "c.py"), "--config and --checkpoint belong together"),
        (("--image", "none.jpg"), "none.jpg: no such file"),
        (("--preprocess", "rtmpsoe"), "did you mean 'rtmpose'"),
    ],
)
def test_mistakes(options, message, capsys):
    assert call(*options, *(() if options[0] in ("--batch", "--threads") else QUICK)) == cli.USER_ERROR
    assert message in capsys.readouterr().err

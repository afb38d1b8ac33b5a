from __future__ import annotations

import pytest

from posekit.inference import devices


@pytest.mark.parametrize("resolve", [devices.torch_device, devices.lightning_device, devices.onnx_providers])
@pytest.mark.parametrize("name", ["tpu", "cuda:", "cuda:x", "cpu:0", ""])
def test_other_names_are_refused_everywhere_alike(resolve, name):
    with pytest.raises(ValueError, match=f"device '{name}': no such kind of device; use auto, cpu, cuda"):
        resolve(name)


def test_absent_devices_are_named():
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available() or torch.backends.mps.is_available():
        pytest.skip("this machine has a GPU")
    for name in ("cuda", "cuda:3", "gpu", "mps"):
        with pytest.raises(ValueError, match=r"cannot be used here .*; use auto or cpu"):
            devices.torch_device(name)
    assert devices.torch_device("auto") == devices.torch_device("cpu") == "cpu"


def test_one_gpu_of_several(monkeypatch):
    monkeypatch.setattr(devices, "torch_device", lambda name: name)
    assert devices.lightning_device("auto", 2) == ("auto", 2)
    assert devices.lightning_device("cpu") == ("cpu", 1)
    assert devices.lightning_device("cuda:2") == ("gpu", [2])
    assert devices.lightning_device("cuda", 4) == ("gpu", 4)
    with pytest.raises(ValueError, match="'cuda:1' is a single GPU, but 2 devices are asked for"):
        devices.lightning_device("cuda:1", 2)


def test_openvino_computes_exported_models_alone():
    assert devices.onnx_providers("openvino") == ["OpenVINO"]
    with pytest.raises(ValueError, match="device 'openvino': computes exported models alone"):
        devices.torch_device("openvino")


@pytest.mark.parametrize(
    ("name", "available", "wanted"),
    [
        ("auto", ["CUDA", "CPU"], ["CUDA", "CPU"]),
        ("auto", ["CPU"], ["CPU"]),
        ("cpu", ["CUDA", "CPU"], ["CPU"]),
        ("cuda", ["CUDA", "CPU"], ["CUDA", "CPU"]),
        ("mps", ["CoreML", "CPU"], ["CoreML", "CPU"]),
    ],
)
def test_onnx_providers(name, available, wanted, monkeypatch):
    import onnxruntime

    full = [f"{kind}ExecutionProvider" for kind in available]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: full)
    assert devices.onnx_providers(name) == [f"{kind}ExecutionProvider" for kind in wanted]
    if "CUDA" in available:
        assert devices.onnx_providers("cuda:1")[0] == ("CUDAExecutionProvider", {"device_id": "1"})
    else:
        with pytest.raises(ValueError, match="ONNX Runtime has no CUDAExecutionProvider"):
            devices.onnx_providers("cuda")

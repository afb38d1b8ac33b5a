"""The examples run as their first lines say, and stay short."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
FILES = sorted(EXAMPLES.glob("*.py"))


def example(name: str):
    """Import an example once, as ``--plugin`` does."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_is_under_sixty_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) < 60


def test_codec_round_trip_and_flip():
    codec = example("custom_codec").CentredLabel(input_size=(192, 256))
    keypoints = np.random.default_rng(0).uniform(0, 190, (1, 4, 2))
    labels = codec.encode(keypoints)["keypoint_labels"]
    assert np.abs(codec.decode(labels)[0] - keypoints).max() < codec.round_trip_px
    mirrored = np.stack([191 - keypoints[..., 0], keypoints[..., 1]], axis=-1)[:, [1, 0, 3, 2]]
    flipped = codec.flip(codec.encode(mirrored)["keypoint_labels"], [1, 0, 3, 2])
    assert np.abs(flipped - labels).max() < 1e-5


def test_head_and_codec_learn_one_sample():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    example("custom_codec"), example("custom_head")
    from posekit.registry import CODECS, MODELS
    from posekit.structures import InstanceData, PoseDataSample

    codec = CODECS.build({"type": "CentredLabel", "input_size": (64, 64)})
    head = MODELS.build(
        {"type": "TwoLayerHead", "in_channels": 8, "num_keypoints": 3, "loss": {"type": "L1Loss"}, "decoder": codec}
    )
    keypoints = torch.tensor([[[10.0, 20.0], [30.0, 5.0], [50.0, 60.0]]])
    sample = PoseDataSample(gt_instance_labels=InstanceData(**codec.encode(keypoints)))
    feats = (torch.ones(1, 8, 2, 2),)
    optimizer = torch.optim.Adam(head.parameters(), 1e-2)
    for _ in range(150):
        optimizer.zero_grad()
        head.loss(feats, [sample])["loss_kpt"].backward()
        optimizer.step()
    found = head.predict(feats, [sample])[0]
    assert np.abs(found.keypoints - keypoints.numpy()).max() < 3
    assert found.keypoint_scores.shape == (1, 3)

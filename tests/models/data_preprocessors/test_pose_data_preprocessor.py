"""Normalising, padding and stacking of batches."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from posekit.models.data_preprocessors.pose_data_preprocessor import PoseDataPreprocessor
from posekit.registry import MODELS
from posekit.structures import PoseBatch, PoseDataSample

MEAN, STD = [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]


def image(height: int = 6, width: int = 4) -> torch.Tensor:
    return torch.randint(0, 256, (3, height, width), dtype=torch.uint8)


def expected(image: torch.Tensor) -> torch.Tensor:
    rgb = image[[2, 1, 0]].float()
    return (rgb - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)


@pytest.fixture
def preprocessor() -> Any:
    return MODELS.build({"type": "PoseDataPreprocessor", "mean": MEAN, "std": STD, "bgr_to_rgb": True})


def test_lists_and_batches_give_the_same(preprocessor: Any) -> None:
    images = [image(), image()]
    one = preprocessor({"inputs": images})["inputs"]
    other = preprocessor({"inputs": torch.stack(images)})["inputs"]
    assert torch.equal(one, other)
    assert torch.allclose(one[1], expected(images[1]), atol=1e-6)
    assert one.dtype == torch.float32


def test_channels_last_stays(preprocessor: Any) -> None:
    batch = torch.stack([image(8, 8)] * 2).contiguous(memory_format=torch.channels_last)
    assert preprocessor({"inputs": batch})["inputs"].is_contiguous(memory_format=torch.channels_last)


def test_pads_to_a_multiple_after_normalising() -> None:
    preprocessor = PoseDataPreprocessor(MEAN, STD, pad_size_divisor=8, pad_value=1, bgr_to_rgb=True)
    images = [image(6, 4), image(3, 9)]
    samples = [PoseDataSample(), PoseDataSample()]
    batch = preprocessor({"inputs": images, "data_samples": samples})
    assert batch["inputs"].shape == (2, 3, 8, 16)
    assert torch.allclose(batch["inputs"][1, :, :3, :9], expected(images[1]), atol=1e-6)
    assert (batch["inputs"][1, :, 3:] == 1).all()
    assert batch["data_samples"][0].metainfo == {"batch_input_shape": (8, 16), "pad_shape": (8, 8)}


def test_columns_learn_the_shapes_too(preprocessor: Any) -> None:
    batch = preprocessor({"inputs": [image(), image()], "data_samples": PoseBatch({}, [{}, {}])})
    assert batch["data_samples"].metainfos[1]["pad_shape"] == (6, 4)


def test_has_no_state(preprocessor: Any) -> None:
    assert not preprocessor.state_dict()


def test_without_normalisation_only_the_type_changes() -> None:
    pixels = image()
    assert torch.equal(PoseDataPreprocessor()({"inputs": [pixels]})["inputs"][0], pixels.float())


@pytest.mark.parametrize(
    ("options", "message"),
    [({"bgr_to_rgb": True, "rgb_to_bgr": True}, "exclude each other"), ({"mean": MEAN}, "give both or none")],
)
def test_bad_settings_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PoseDataPreprocessor(**options)


def test_a_single_image_is_refused(preprocessor: Any) -> None:
    with pytest.raises(ValueError, match=r"\(B, C, H, W\)"):
        preprocessor({"inputs": image()})


def test_the_plain_preprocessor_stacks() -> None:
    plain = MODELS.build({"type": "BaseDataPreprocessor"})
    data = plain({"inputs": [torch.ones(2), torch.zeros(2)], "data_samples": None})
    assert data["inputs"].tolist() == [[1, 1], [0, 0]]

"""The network that scores DEKR's poses again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from posekit.models.heads.dekr_head import DEKRHead, RescoreNet

LINKS = [(0, 1), (1, 2)]
URL = "https://example.org/judge.pth"


def rescore_net(checkpoint: str | None = None) -> RescoreNet:
    """Return an initialised net of three keypoints and two links, built as DEKRHead's config names it."""
    init_cfg = None if checkpoint is None else dict(type="Pretrained", checkpoint=checkpoint)
    settings: dict[str, Any] = dict(in_channels=9, norm_indexes=(0, 1), init_cfg=init_cfg)
    head = DEKRHead(4, 3, num_heatmap_filters=4, num_displacement_filters_per_keypoint=2, rescore_cfg=settings)
    head.init_weights()
    assert head.rescore_net is not None
    return head.rescore_net


def judged(net: RescoreNet) -> torch.Tensor:
    poses = torch.rand(2, 3, 2, generator=torch.Generator().manual_seed(0)) * 50
    return net(poses, torch.ones(2, 3), LINKS)


def test_scores_stay_as_they_are_without_weights() -> None:
    assert judged(rescore_net()).tolist() == [1, 1]


def test_pretrained_weights(tmp_path: Path) -> None:
    trained = RescoreNet(9, (0, 1))
    torch.save(trained.state_dict(), tmp_path / "judge.pth")
    torch.testing.assert_close(judged(rescore_net(str(tmp_path / "judge.pth"))), judged(trained))


def test_weights_that_cannot_be_downloaded_do_not_keep_from_training(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(url: str) -> Path:
        raise OSError(f"{url}: cannot be downloaded; check the address and the network")

    monkeypatch.setattr("posekit.checkpoints.load.download", fail)
    assert judged(rescore_net(URL)).tolist() == [1, 1]
    assert f"RescoreNet leaves scores as they are: {URL}: cannot be downloaded" in caplog.text


def test_a_missing_file_is_an_error() -> None:
    with pytest.raises(FileNotFoundError, match=r"judge\.pth"):
        rescore_net("nowhere/judge.pth")

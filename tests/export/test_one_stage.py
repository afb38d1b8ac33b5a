"""Models that find everybody at once, in an input that shows the image at its top left."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxscript")

from small_models import lively  # noqa: E402

from posekit import Pose  # noqa: E402
from posekit.apis import inference_bottomup, init_model  # noqa: E402
from posekit.config import load  # noqa: E402
from posekit.export.one_stage import export_one_stage  # noqa: E402

SMALL = {"deepen_factor": 0.1, "widen_factor": 0.125}


def test_the_image_may_lie_at_the_corner(tmp_path: Path) -> None:
    config = load("posekit::body_2d_keypoint/yoloxpose/coco/yolox-pose_tiny_4xb64-300e_coco.py")
    config.model.update(init_cfg=None, test_cfg={"score_thr": 0.6, "nms_thr": 0.65})
    config.model.backbone.update(SMALL)
    config.model.neck.update(in_channels=[32, 64, 128], out_channels=32)
    config.model.head.head_module_cfg.update(widen_factor=0.125, feat_channels=128)
    for loader in (config.val_dataloader, config.test_dataloader):
        loader.dataset.pipeline[1].scale = (128, 128)
    torch.manual_seed(0)
    model = lively(init_model(config))
    with torch.no_grad():  # boxes and poses of a few cells, not of thousands
        for layer in (*model.head.head_module.out_bbox, *model.head.head_module.out_kpt):
            layer.weight.mul_(0.01)
    parity = export_one_stage(model, tmp_path / "model.onnx", find=inference_bottomup, layout="posekit")
    assert parity.detections > 0
    noise = np.random.default_rng(0).integers(0, 256, (12, 20, 3)).astype(np.uint8)
    image = noise.repeat(10, 0).repeat(10, 1)  # 200 x 120 pixels
    wanted = inference_bottomup(model, image)[0].pred_instances
    found = Pose(tmp_path / "model.onnx")(image)
    assert len(found) == len(wanted) > 0
    distances = np.linalg.norm(found.keypoints[None] - wanted.keypoints[:, None], axis=-1).max(-1).min(1)
    assert distances.max() < 0.1  # those with equal scores may come in another order

"""The public entry points stay as they are; a change here is a change for users and goes into CHANGELOG.md."""

from __future__ import annotations

import importlib
import inspect

import pytest

FROZEN = {
    "posekit.config:load": "(path, overrides=(), *, plugins=(), roots=())",
    "posekit.config:Config": "(*_args, **_items)",
    "posekit.registry:Registry.build": "(self, config, **defaults)",
    "posekit.registry:Registry.register_module": "(self, name=None, force=False, module=None)",
    "posekit.apis:init_model": "(config, checkpoint=None, device='cpu')",
    "posekit.apis:inference_topdown": "(model, image, bboxes=None, bbox_format='xyxy')",
    "posekit.apis:inference_bottomup": "(model, image)",
    "posekit.apis:inference_pose_lifter_model": (
        "(model, pose_results_2d, with_track_id=True, image_size=None, norm_pose_2d=False)"
    ),
    "posekit.apis:inference_detector": "(model, image)",
    "posekit:Pose": "(name_or_config=None, checkpoint=None, device='auto', *, detector=None)",
    "posekit:Pose.stream": "(self, source)",
    "posekit.apis:MMPoseInferencer": (
        "(pose2d=None, pose2d_weights=None, pose3d=None, pose3d_weights=None, device=None, scope='mmpose', "
        "det_model=None, det_weights=None, det_cat_ids=None, show_progress=False)"
    ),
    "posekit.apis:MMPoseInferencer.__call__": (
        "(self, inputs, return_datasamples=False, batch_size=1, out_dir=None, **options)"
    ),
    "posekit.zoo:files_of": "(name, weights=None, *, kind='pose', offline=None)",
    "posekit:PoseResult.draw": "(self, image, **style)",
    "posekit.apis:PoseModel.default": "(**options)",
    "posekit.structures:InstanceData": "(*, metainfo=None, **values)",
    "posekit.structures:PixelData": "(*, metainfo=None, **values)",
    "posekit.structures:PoseDataSample": "(*, metainfo=None, **values)",
    "posekit.structures:PoseBatch": "(columns, metainfos)",
    "posekit.structures:bbox_xyxy2xywh": "(bbox_xyxy)",
    "posekit.structures:bbox_xywh2xyxy": "(bbox_xywh)",
    "posekit.structures:bbox_xyxy2cs": "(bbox, padding=1.0)",
    "posekit.structures:bbox_cs2xyxy": "(center, scale, padding=1.0)",
    "posekit.apis:PoseModel.predict": "(self, image, boxes=None, flip_test=None)",
}
TABLES = (
    "MODELS",
    "CODECS",
    "DATASETS",
    "TRANSFORMS",
    "METRICS",
    "HOOKS",
    "VISUALIZERS",
    "SAMPLERS",
    "OPTIMIZERS",
    "SCHEDULES",
)


def signature(place: str) -> str:
    """Return the parameters' names and defaults, without hints."""
    module, _, path = place.partition(":")
    found = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    plain = inspect.signature(found)
    bare = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in plain.parameters.values()]
    return str(plain.replace(parameters=bare, return_annotation=inspect.Signature.empty))


@pytest.mark.parametrize("place", FROZEN)
def test_signature_is_frozen(place):
    assert signature(place) == FROZEN[place]


@pytest.mark.parametrize("table", TABLES)
def test_registry_is_there(table):
    assert getattr(importlib.import_module("posekit.registry"), table).role == table

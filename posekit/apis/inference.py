"""Models from configs, and their predictions for images."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from posekit.apis.config_pipeline import ConfigPipeline, LiftingPipeline
from posekit.apis.detection import classes_of
from posekit.apis.person_window import person_window, pose_norm
from posekit.checkpoints.load import load_into, open_checkpoint
from posekit.config import Config
from posekit.config import load as load_config
from posekit.config.folders import model_with_paths
from posekit.console import check_choice
from posekit.engine.config_check import require_for_inference
from posekit.inference.bottom_up import BottomUpPredictor
from posekit.inference.config_recipe import is_top_down, only_crops, prediction_dataset, recipe_of, step_name
from posekit.inference.devices import torch_device
from posekit.inference.images import Image
from posekit.inference.lifter_recipe import Windows
from posekit.inference.lifting import LiftingPredictor
from posekit.inference.networks.base import Batch
from posekit.inference.networks.torch import TorchNetwork
from posekit.inference.predictor import Predictor
from posekit.inference.recipe import selected_keypoints
from posekit.inference.top_down import Crops, TopDownPredictor
from posekit.media.image_file import check_array, read_image
from posekit.models.pose_estimators.pose_lifter import PoseLifter
from posekit.registry import DATASETS, MODELS
from posekit.structures import PoseDataSample, bbox_xywh2xyxy
from posekit.zoo.model_files import require_known
from posekit.zoo.model_index import find, is_alias
from posekit.zoo.weights import weights_file


def init_model(
    config: Config | Mapping[str, Any] | str | os.PathLike[str],
    checkpoint: str | os.PathLike[str] | None = None,
    device: str | torch.device = "cpu",
) -> Any:
    """Build a model for inference.

    Args:
        config: a config, the path or name of one, or a released model's alias such as ``rtmpose-m``.
        checkpoint: path or URL of the weights; without it an alias brings those of its model, and a config has
            initial random ones.
        device: device that the model runs on: auto, cpu, cuda, cuda:N or mps.

    Returns:
        The model in evaluation mode, with ``cfg`` (the config) and ``dataset_meta`` (the keypoint set: the
        checkpoint's, else that of the config's datasets, else COCO's; of a detector the names of its classes).

    Example:
        >>> model = init_model("rtmpose-t_8xb256-420e_coco-256x192")  # a config: its weights are random
        >>> model.training, model.dataset_meta["num_keypoints"]
        (False, 17)
    """
    if isinstance(config, str) and is_alias(config):
        entry = find(config)
        config = entry.require_config()
        checkpoint = weights_file(entry) if checkpoint is None else checkpoint
    if isinstance(config, (str, os.PathLike)):
        require_known(os.fspath(config))
        config = load_config(os.fspath(config))
    elif not isinstance(config, Config):
        config = Config(dict(config))
    require_for_inference(config)
    if isinstance(device, str):
        device = torch_device(device)
    settings = model_with_paths(config)
    backbone = settings.get("backbone") if isinstance(settings, dict) else None
    if isinstance(backbone, dict):
        backbone.pop("init_cfg", None)  # pretrained weights would be overwritten
    model = MODELS.build(settings)
    meta: Any = None
    if checkpoint is not None:
        weights = open_checkpoint(checkpoint)
        report = load_into(model, weights.state, source=weights.source)
        if not report.is_complete:
            logging.getLogger(__name__).warning("%s", report)
        meta = weights.meta.get("dataset_meta")
    if hasattr(model, "bbox_head"):
        model.dataset_meta = classes_of(config, meta)
    else:
        known = isinstance(meta, Mapping) and "flip_indices" in meta
        model.dataset_meta = meta if known else keypoint_set_of(config)
    model.cfg = config
    return model.to(device).eval()


def keypoint_set_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keypoint set of a config's training, else validation, else test dataset, else COCO's."""
    from posekit.keypoints.skeleton import Skeleton, load_metainfo

    for loader in ("train_dataloader", "val_dataloader", "test_dataloader"):
        dataset = (config.get(loader) or {}).get("dataset") or {}
        while not dataset.get("metainfo") and (inner := dataset.get("dataset") or dataset.get("datasets")):
            dataset = inner if isinstance(inner, Mapping) else inner[0]  # RepeatDataset, ConcatDataset
        info = dataset.get("metainfo") or (_class_metainfo(dataset["type"]) if "type" in dataset else None)
        if info:
            return load_metainfo(info)
    return Skeleton.load("coco").metainfo()


def _class_metainfo(kind: str | type) -> dict[str, Any]:
    return getattr(kind if isinstance(kind, type) else DATASETS.get(kind), "METAINFO", {})


def predictor_of(model: Any) -> Predictor:
    """Return the predictor of a model that ``init_model`` returned; built once for each model.

    A top-down model whose test pipeline only cuts out boxes goes by the recipe in it, every other one by the
    pipeline itself.

    Raises:
        ValueError: if the config has no test pipeline.
    """
    if "predictor" not in model.__dict__:
        model.__dict__["predictor"] = _build_predictor(model)
    return model.__dict__["predictor"]


def _build_predictor(model: Any) -> Predictor:
    if isinstance(model, PoseLifter):
        raise ValueError(
            "PoseLifter: this model lifts keypoints to 3D and takes no images; find 2D poses first, then use "
            "inference_pose_lifter_model, or posekit predict with --lift and --lift-checkpoint"
        )
    pipeline = prediction_dataset(model.cfg)["pipeline"]
    steps = [step for step in pipeline if step_name(step) != "GenerateTarget"]  # there is nothing to encode
    network, whole = TorchNetwork(model), getattr(model, "metainfo", None) or model.dataset_meta
    metainfo = selected_keypoints(whole, model.test_cfg.get("output_keypoint_indices"))
    if only_crops(steps):
        prepare = Crops(recipe_of(model.cfg, model.dataset_meta))
        return TopDownPredictor(prepare, network, metainfo=metainfo, read=_read)
    pipeline = ConfigPipeline(steps, model.dataset_meta)
    kind = TopDownPredictor if is_top_down(steps) else BottomUpPredictor
    return kind(pipeline, network, metainfo=metainfo, read=pipeline.read)


def _read(image: Image) -> np.ndarray:
    """Return an image (H, W, 3), BGR; grey and transparent arrays become colour."""
    return read_image(image) if isinstance(image, (str, os.PathLike)) else check_array(image)


def lifter_of(model: Any) -> LiftingPredictor:
    """Return the predictor of a pose lifter that ``init_model`` returned; built once for each model.

    Raises:
        ValueError: if the model lifts nothing, or the config has no test pipeline.
    """
    if not isinstance(model, PoseLifter):
        raise ValueError(f"{type(model).__name__}: is no PoseLifter; it finds poses in images and lifts none")
    if "predictor" not in model.__dict__:
        model.__dict__["predictor"] = _build_lifter(model)
    return model.__dict__["predictor"]


def _build_lifter(model: Any) -> LiftingPredictor:
    dataset, metainfo = prediction_dataset(model.cfg), model.dataset_meta
    windows = Windows.of_dataset(dataset)
    pipeline = LiftingPipeline(dataset["pipeline"], metainfo, whole=windows.whole)
    return LiftingPredictor(pipeline, TorchNetwork(model), metainfo=metainfo, windows=windows)


def inference_topdown(
    model: Any,
    image: Image,
    bboxes: Sequence[Sequence[float]] | np.ndarray | None = None,
    bbox_format: str = "xyxy",
) -> list[PoseDataSample]:
    """Find the keypoints of the instance in each box.

    Args:
        model: what ``init_model`` returned.
        image: a path, or the pixels (H, W, 3), BGR, uint8.
        bboxes: (N, 4); without any the whole image is one box.
        bbox_format: xyxy or xywh.

    Returns:
        One sample for each box; ``pred_instances`` holds ``keypoints`` (1, K, D), ``keypoint_scores`` (1, K),
        ``bboxes`` and ``bbox_scores``, in image space.

    Raises:
        ValueError: for boxes of another shape or format, without area or outside of the image.
    """
    return _named(predictor_of(model).samples(image, _boxes(bboxes, bbox_format)), image)


def inference_bottomup(model: Any, image: Image) -> list[PoseDataSample]:
    """Find all instances in an image.

    Args:
        model: what ``init_model`` returned.
        image: a path, or the pixels (H, W, 3), BGR, uint8.

    Returns:
        A list of one sample; ``pred_instances`` holds ``keypoints`` (N, K, 2) and ``keypoint_scores`` (N, K), in
        image space.
    """
    return _named(predictor_of(model).samples(image), image)


def inference_pose_lifter_model(
    model: Any,
    pose_results_2d: Sequence[Sequence[PoseDataSample]],
    with_track_id: bool = True,
    image_size: Sequence[int] | None = None,
    norm_pose_2d: bool = False,
) -> list[PoseDataSample]:
    """Lift the persons of one frame to 3D, from the 2D poses of the frames around it.

    Args:
        model: a pose lifter that ``init_model`` returned.
        pose_results_2d: persons in each frame of the model's window, one sample each, whose ``pred_instances``
            holds ``keypoints`` (1, K, 2) in the order of the model's keypoint set, and ``bboxes`` for ``norm_pose_2d``.
        with_track_id: follow persons by the samples' ``track_id``; else by their place in the frame.
        image_size: width and height of the frames in pixels; most models need it.
        norm_pose_2d: move and scale each person to the place and size that persons had in training, or, where the
            keypoint set has no ``stats_info``, have on average here.

    Returns:
        A sample for each person of the window's middle, for a causal model its last frame; ``pred_instances`` holds
        ``keypoints`` (1, J, 3), or (T, J, 3) of models that lift all frames at once, and ``keypoint_scores``.

    Raises:
        ValueError: if the model is no lifter, or the samples lack what is asked for.
    """
    lifter = lifter_of(model)
    frames = [list(frame) for frame in pose_results_2d]
    if not frames:
        raise ValueError("pose_results_2d: is empty; give the persons of each frame of the window")
    at = -1 if lifter.windows.causal and not lifter.windows.whole else len(frames) // 2
    size = None if image_size is None else (int(image_size[0]), int(image_size[1]))
    norm = pose_norm(frames, model.dataset_meta) if norm_pose_2d else None
    windows = [person_window(frames, at, row, with_track_id, norm) for row in range(len(frames[at]))]
    if not windows:
        return []
    inputs, samples = zip(*(lifter.prepare(window, size) for window in windows), strict=True)
    lifted = lifter.network.run(Batch(inputs, list(samples)))
    for sample, person in zip(lifted, frames[at], strict=True):
        if "track_id" in person:
            sample.set_metainfo({"track_id": person.get("track_id")})
    return lifted


def _named(samples: list[PoseDataSample], image: Image) -> list[PoseDataSample]:
    """Note in the samples which file they are of."""
    for sample in samples:
        sample.set_metainfo({"img_id": 0, "img_path": "" if isinstance(image, np.ndarray) else os.fspath(image)})
    return samples


def _boxes(bboxes: Any, bbox_format: str) -> np.ndarray | None:
    """Return boxes (N, 4) xyxy, None for the whole image."""
    if bboxes is None or len(bboxes) == 0:
        return None
    boxes = np.asarray(bboxes, dtype=np.float32)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"bboxes: shape {boxes.shape}; give one row of four numbers for each box, (N, 4)")
    return bbox_xywh2xyxy(boxes) if check_choice("bbox_format", bbox_format, ("xyxy", "xywh")) == "xywh" else boxes

"""Base of all pose estimators, which bring predictions back to image space."""

from __future__ import annotations

from typing import Any

from posekit.models.backbones.base import BaseBackbone
from posekit.models.base_model import BaseModel, Inputs
from posekit.models.base_module import InitRules, Settings
from posekit.models.data_preprocessors.base import BaseDataPreprocessor
from posekit.models.heads.base import BaseHead, SampleBatch, to_numpy
from posekit.models.necks.base import BaseNeck
from posekit.structures import InstanceData, PixelData, PoseDataSample


class BasePoseEstimator(BaseModel):
    """Backbone, neck and head as one model that predicts keypoints.

    A subclass either takes built parts, as ``ComposedPoseEstimator``, or calls ``super().__init__(data_preprocessor,
    init_cfg)`` and sets ``self.backbone``, and ``self.neck`` and ``self.head`` where it has them. It may override
    ``features``, and ``place``, which brings predictions back to image space.

    Args:
        data_preprocessor: module that turns a collated batch into inputs; by default it only stacks and moves them.
        init_cfg: rules for the initial weights.
        metainfo: the model's own keypoint set, where it differs from the dataset's.

    Attributes:
        train_cfg: settings for ``loss``.
        test_cfg: settings for ``predict``.
        dataset_meta: keypoint set that the model was trained on, once known.

    Raises:
        TypeError: if another part of the model is given as ``data_preprocessor``.
    """

    def __init__(
        self,
        data_preprocessor: BaseDataPreprocessor | Settings | None = None,
        init_cfg: InitRules = None,
        metainfo: Settings | None = None,
    ) -> None:
        super().__init__(data_preprocessor, init_cfg)
        self.head: Any = None
        self.metainfo = None if metainfo is None else _keypoint_set(metainfo)

    def predict(self, inputs: Inputs, data_samples: SampleBatch) -> list[PoseDataSample]:
        """Return the samples with ``pred_instances`` in image space, and ``pred_fields`` if asked for."""
        samples = list(data_samples)
        if not samples:
            return []
        for sample in samples if self.metainfo else ():
            sample.set_metainfo(self.metainfo or {})
        feats = self.features(inputs, samples)
        predicted = self.needed_head.predict(feats, samples, test_cfg=self.test_cfg)
        instances, fields = predicted if isinstance(predicted, tuple) else (predicted, [None] * len(predicted))
        for sample, poses, maps in zip(samples, instances, fields, strict=True):
            self.place(poses, sample)
            if "keypoints_visible" not in poses:
                poses.keypoints_visible = poses.keypoint_scores
            sample.pred_instances, maps = self.selected(poses, maps)
            if maps is not None:
                sample.pred_fields = maps
        return samples

    def features(self, inputs: Any, samples: SampleBatch) -> Any:
        """Return the features; with ``flip_test`` those of the inputs and those of their mirror images."""
        if not self.test_cfg.get("flip_test"):
            return self.extract_feat(inputs)
        return [self.extract_feat(inputs), self.extract_feat(inputs.flip(-1))]

    def place(self, instances: InstanceData, sample: PoseDataSample) -> None:
        """Bring a sample's predictions from input to image space, and add the boxes that they come from."""
        instances.keypoints = input_to_image(sample).points(instances.keypoints)
        copy_boxes(instances, sample)

    def selected(self, instances: InstanceData, fields: PixelData | None) -> tuple[InstanceData, PixelData | None]:
        """Keep only the keypoints that ``output_keypoint_indices`` lists."""
        index = self.test_cfg.get("output_keypoint_indices")
        if index is None:
            return instances, fields
        index, total = list(index), instances.keypoints.shape[1]
        for name, value in instances.items():
            if name.startswith("keypoint"):
                setattr(instances, name, value[:, index])
        for name, value in fields.items() if fields is not None else ():
            if len(value) == total:
                setattr(fields, name, value[index])
        return instances, fields


class ComposedPoseEstimator(BasePoseEstimator):
    """A pose estimator of built parts.

    Args:
        backbone: network from inputs to features.
        neck: network from features to other features.
        head: head that turns features into losses and predictions.
        train_cfg: settings for ``loss``.
        test_cfg: settings for ``predict``: ``flip_test`` and its options, ``output_heatmaps``,
            ``output_keypoint_indices`` (the keypoints to keep).
        data_preprocessor: module that turns a collated batch into inputs; by default it only stacks and moves them.
        use_syncbn: whether the trainer shares batch statistics between devices.
        init_cfg: rules for the initial weights.
        metainfo: the model's own keypoint set, where it differs from the dataset's.
    """

    def __init__(
        self,
        backbone: BaseBackbone,
        neck: BaseNeck | None = None,
        head: BaseHead | None = None,
        train_cfg: Settings | None = None,
        test_cfg: Settings | None = None,
        data_preprocessor: BaseDataPreprocessor | None = None,
        use_syncbn: bool = False,
        init_cfg: InitRules = None,
        metainfo: Settings | None = None,
    ) -> None:
        super().__init__(data_preprocessor, init_cfg, metainfo)
        self.take_parts(backbone, neck, train_cfg=train_cfg, test_cfg=test_cfg, use_syncbn=use_syncbn)
        self.head = head


def input_to_image(sample: PoseDataSample) -> Any:
    """Return the map from the network's input back to the image.

    Raises:
        ValueError: if the sample's metainfo lacks the forward map.
    """
    affine = sample.metainfo.get("affine")
    if affine is None:
        raise ValueError(
            "predictions go back to the image by the sample's metainfo 'affine', which is missing; "
            "use TopdownAffine or BottomupResize, and PackPoseInputs, in the test pipeline"
        )
    return affine.inverse()


def copy_boxes(instances: InstanceData, sample: PoseDataSample) -> None:
    """Add to the predictions the boxes that the input was cropped from."""
    annotations = sample.get("gt_instances")
    for name in ("bboxes", "bbox_scores"):
        if annotations is not None and name in annotations:
            setattr(instances, name, to_numpy(annotations[name]))


def _keypoint_set(metainfo: Settings) -> dict[str, Any]:
    from posekit.keypoints.skeleton import load_metainfo  # few models name their own keypoint set

    return load_metainfo(metainfo)

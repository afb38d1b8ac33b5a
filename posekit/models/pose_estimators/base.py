"""What all pose estimators share: backbone, neck, head, and the three ways to call them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from torch import Tensor

from posekit.models.backbones.base import BaseBackbone
from posekit.models.base_module import BaseModule, InitRules, Settings
from posekit.models.data_preprocessors.base import BaseDataPreprocessor
from posekit.models.heads.base import BaseHead, Batch, to_numpy
from posekit.models.losses.base import one_of
from posekit.models.necks.base import BaseNeck
from posekit.registry import MODELS
from posekit.structures import InstanceData, PixelData, PoseDataSample

Inputs: TypeAlias = Tensor | Sequence[Tensor]


class BasePoseEstimator(BaseModule):
    """Backbone, neck and head as one model.

    A subclass either takes built parts, as ``ComposedPoseEstimator``, or calls ``super().__init__(data_preprocessor,
    init_cfg)`` and sets ``self.backbone``, and ``self.neck`` and ``self.head`` where it has them. It may decide what
    ``features`` are and how predictions come back to image space (``place``).

    Args:
        data_preprocessor: turns a collated batch into inputs; by default it only stacks and moves.
        init_cfg: rules for the initial weights.
        metainfo: the model's own keypoint set, where it differs from the dataset's.

    Attributes:
        train_cfg: settings for ``loss``.
        test_cfg: settings for ``predict``.
        dataset_meta: the keypoint set that the model was trained on, once known.

    Raises:
        TypeError: if another part of the model is given as ``data_preprocessor``.
    """

    backbone: Any

    def __init__(
        self,
        data_preprocessor: BaseDataPreprocessor | Settings | None = None,
        init_cfg: InitRules = None,
        metainfo: Settings | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if isinstance(data_preprocessor, Mapping):
            data_preprocessor = MODELS.build(data_preprocessor)
        if isinstance(data_preprocessor, BaseModule):
            raise TypeError(
                f"{type(self).__name__}: {type(data_preprocessor).__name__} is no data preprocessor; call "
                "super().__init__(data_preprocessor, init_cfg), or inherit from TopdownPoseEstimator or another model "
                "that takes a backbone"
            )
        self.data_preprocessor: Any = data_preprocessor or BaseDataPreprocessor()
        self.neck: Any = None
        self.head: Any = None
        self.train_cfg: Settings = {}
        self.test_cfg: Settings = {}
        self.use_syncbn = False
        self.metainfo = None if metainfo is None else _keypoint_set(metainfo)
        self.dataset_meta: dict[str, Any] | None = None

    @property
    def with_neck(self) -> bool:
        return self.neck is not None

    @property
    def with_head(self) -> bool:
        return self.head is not None

    def forward(self, inputs: Inputs, data_samples: Batch | None = None, mode: str = "tensor") -> Any:
        """Run the model.

        Args:
            inputs: preprocessed inputs.
            data_samples: the samples; ``tensor`` needs none.
            mode: ``loss`` gives named losses, ``predict`` samples with predictions, ``tensor`` the raw outputs.
        """
        one_of("mode", mode, ("loss", "predict", "tensor"))
        if mode == "tensor":
            return self.outputs(inputs)
        if data_samples is None:
            raise ValueError(f"mode='{mode}' needs data_samples; only mode='tensor' works without")
        return self.loss(inputs, data_samples) if mode == "loss" else self.predict(inputs, data_samples)

    def outputs(self, inputs: Inputs) -> Any:
        """Return the head's raw outputs, or the features of a model without head."""
        feats = self.extract_feat(inputs)
        return feats if self.head is None else self.head(feats)

    def extract_feat(self, inputs: Any) -> Any:
        """Return the features of backbone and neck."""
        feats = self.backbone(inputs)
        return feats if self.neck is None else self.neck(feats)

    def loss(self, inputs: Inputs, data_samples: Batch) -> dict[str, Tensor]:
        """Return the named losses of a batch with encoded targets."""
        return self.needed_head.loss(self.extract_feat(inputs), data_samples, train_cfg=self.train_cfg)

    def predict(self, inputs: Inputs, data_samples: Batch) -> list[PoseDataSample]:
        """Return the samples with ``pred_instances`` in image space, and ``pred_fields`` if asked for."""
        samples = list(data_samples)
        if not samples:
            return []
        for sample in samples if self.metainfo else ():
            sample.set_metainfo(self.metainfo or {})
        feats = self.features(inputs, samples)
        predicted = self.needed_head.predict(feats, samples, test_cfg=self.test_cfg)
        instances, fields = predicted if isinstance(predicted, tuple) else (predicted, [None] * len(predicted))
        for sample, one, field in zip(samples, instances, fields, strict=True):
            self.place(one, sample)
            if "keypoints_visible" not in one:
                one.keypoints_visible = one.keypoint_scores
            sample.pred_instances, kept = self.selected(one, field)
            if kept is not None:
                sample.pred_fields = kept
        return samples

    def features(self, inputs: Any, samples: Batch) -> Any:
        """Return the features, with ``flip_test`` those of the inputs and of their mirror images."""
        if not self.test_cfg.get("flip_test"):
            return self.extract_feat(inputs)
        return [self.extract_feat(inputs), self.extract_feat(inputs.flip(-1))]

    def place(self, instances: InstanceData, sample: PoseDataSample) -> None:
        """Bring a sample's predictions from input to image space, and put the boxes they come from beside them."""
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

    @property
    def needed_head(self) -> Any:
        """The head.

        Raises:
            ValueError: if the model has none.
        """
        if self.head is None:
            raise ValueError(f"{type(self).__name__}: losses and predictions need a head; give model.head")
        return self.head


class ComposedPoseEstimator(BasePoseEstimator):
    """A pose estimator of built parts.

    Args:
        backbone: turns inputs into features.
        neck: turns features into other features.
        head: turns features into losses and predictions.
        train_cfg: settings for ``loss``.
        test_cfg: settings for ``predict``: ``flip_test`` and the like, ``output_heatmaps``,
            ``output_keypoint_indices`` (the keypoints to keep).
        data_preprocessor: turns a collated batch into inputs; by default it only stacks and moves.
        use_syncbn: tells the trainer to share batch statistics between devices.
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
        self.backbone = backbone
        self.neck = neck
        self.head = head
        self.train_cfg = dict(train_cfg or {})
        self.test_cfg = dict(test_cfg or {})
        self.use_syncbn = use_syncbn


def input_to_image(sample: PoseDataSample) -> Any:
    """Return the map from the network's input back to the picture.

    Raises:
        ValueError: if the sample's metainfo lacks the forward map.
    """
    affine = sample.metainfo.get("affine")
    if affine is None:
        raise ValueError(
            "predictions go back to the picture by the sample's metainfo 'affine', which is missing; "
            "use TopdownAffine or BottomupResize, and PackPoseInputs, in the test pipeline"
        )
    return affine.inverse()


def copy_boxes(instances: InstanceData, sample: PoseDataSample) -> None:
    """Put the boxes that the input was cropped from beside the predictions."""
    given = sample.get("gt_instances")
    for name in ("bboxes", "bbox_scores"):
        if given is not None and name in given:
            setattr(instances, name, to_numpy(given[name]))


def _keypoint_set(metainfo: Settings) -> dict[str, Any]:
    from posekit.keypoints.skeleton import load_metainfo  # few models name their own keypoint set

    return load_metainfo(metainfo)

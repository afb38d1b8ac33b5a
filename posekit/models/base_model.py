"""Base of all models with a backbone, a neck and a head: the three ways to call them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from torch import Tensor

from posekit.console import check_choice
from posekit.models.backbones.base import BaseBackbone
from posekit.models.base_module import BaseModule, InitRules, Settings
from posekit.models.data_preprocessors.base import BaseDataPreprocessor
from posekit.models.heads.base import SampleBatch
from posekit.models.necks.base import BaseNeck
from posekit.registry import MODELS
from posekit.structures import PoseDataSample

Inputs: TypeAlias = Tensor | Sequence[Tensor]


class BaseModel(BaseModule):
    """Backbone, neck and head as one model.

    A subclass holds the head as ``head`` and defines ``predict``. It either passes built parts to ``take_parts``, or
    sets ``self.backbone``, and ``self.neck`` where it has one, itself.

    Args:
        data_preprocessor: module that turns a collated batch into inputs; by default it only stacks and moves them.
        init_cfg: rules for the initial weights.

    Attributes:
        dataset_meta: meta information of the dataset that the model was trained on, once known.

    Raises:
        TypeError: if another part of the model is given as ``data_preprocessor``.
    """

    backbone: Any
    head: Any

    def __init__(
        self, data_preprocessor: BaseDataPreprocessor | Settings | None = None, init_cfg: InitRules = None
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
        self.train_cfg: Settings = {}
        self.test_cfg: Settings = {}
        self.use_syncbn = False
        self.dataset_meta: dict[str, Any] | None = None

    def take_parts(
        self,
        backbone: BaseBackbone,
        neck: BaseNeck | None,
        *,
        train_cfg: Settings | None,
        test_cfg: Settings | None,
        use_syncbn: bool,
    ) -> None:
        """Hold built parts.

        Args:
            backbone: network from inputs to features.
            neck: network from features to other features.
            train_cfg: settings for ``loss``.
            test_cfg: settings for ``predict``.
            use_syncbn: whether the trainer shares batch statistics between devices.
        """
        self.backbone = backbone
        self.neck = neck
        self.train_cfg = dict(train_cfg or {})
        self.test_cfg = dict(test_cfg or {})
        self.use_syncbn = use_syncbn

    @property
    def with_neck(self) -> bool:
        return self.neck is not None

    @property
    def with_head(self) -> bool:
        return self.head is not None

    def forward(self, inputs: Inputs, data_samples: SampleBatch | None = None, mode: str = "tensor") -> Any:
        """Run the model.

        Args:
            inputs: preprocessed inputs.
            data_samples: samples; ``tensor`` needs none.
            mode: ``loss`` gives named losses, ``predict`` samples with predictions, ``tensor`` the raw outputs.
        """
        check_choice("mode", mode, ("loss", "predict", "tensor"))
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

    def loss(self, inputs: Inputs, data_samples: SampleBatch) -> dict[str, Tensor]:
        """Return the named losses of a batch with targets."""
        return self.needed_head.loss(self.extract_feat(inputs), data_samples, train_cfg=self.train_cfg)

    def predict(self, inputs: Inputs, data_samples: SampleBatch) -> list[PoseDataSample]:
        """Return the samples with ``pred_instances`` in image space."""
        raise NotImplementedError

    @property
    def needed_head(self) -> Any:
        """The head.

        Raises:
            ValueError: if the model has none.
        """
        if self.head is None:
            raise ValueError(f"{type(self).__name__}: losses and predictions need a head; give model.head")
        return self.head

"""Detectors that predict the boxes of objects in one pass."""

from __future__ import annotations

from typing import Any

from posekit.models.backbones.base import BaseBackbone
from posekit.models.base_model import BaseModel, Inputs
from posekit.models.base_module import InitRules, Settings
from posekit.models.data_preprocessors.base import BaseDataPreprocessor
from posekit.models.heads.base import SampleBatch
from posekit.models.heads.dense_head import DenseHead
from posekit.models.necks.base import BaseNeck
from posekit.registry import MODELS
from posekit.structures import PoseDataSample


class SingleStageDetector(BaseModel):
    """Backbone, neck and dense head as one model that predicts boxes.

    Args:
        backbone: network from images to features at several scales.
        neck: network that joins the scales.
        bbox_head: head that turns features into losses and boxes.
        train_cfg: ``assigner``, the settings of the assigner of boxes to the points that learn them.
        test_cfg: settings for ``predict``: ``score_thr``, ``nms_pre``, ``nms=dict(iou_threshold=...)``,
            ``min_bbox_size``, ``max_per_img``.
        data_preprocessor: module that turns a collated batch into inputs.
        use_syncbn: whether the trainer shares batch statistics between devices.
        init_cfg: rules for the initial weights.

    Attributes:
        dataset_meta: ``classes``, the names of the classes, once known.
    """

    def __init__(
        self,
        backbone: BaseBackbone,
        neck: BaseNeck | None = None,
        bbox_head: DenseHead | None = None,
        train_cfg: Settings | None = None,
        test_cfg: Settings | None = None,
        data_preprocessor: BaseDataPreprocessor | None = None,
        use_syncbn: bool = False,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(data_preprocessor, init_cfg)
        self.take_parts(backbone, neck, train_cfg=train_cfg, test_cfg=test_cfg, use_syncbn=use_syncbn)
        if bbox_head is None:
            raise ValueError(f"{type(self).__name__}: a detector needs a head; give model.bbox_head")
        self.bbox_head = bbox_head
        assigner = self.train_cfg.get("assigner")
        if assigner is not None:
            bbox_head.assigner = MODELS.build(assigner)

    @property
    def head(self) -> Any:
        """The head, which state dicts call ``bbox_head``."""
        return self.bbox_head

    def predict(self, inputs: Inputs, data_samples: SampleBatch) -> list[PoseDataSample]:
        """Return the samples with ``pred_instances``: ``bboxes`` (N, 4) xyxy in image pixels, scores and labels."""
        samples = list(data_samples)
        if not samples:
            return []
        detections = self.bbox_head.predict(self.extract_feat(inputs), samples, test_cfg=self.test_cfg)
        for sample, instances in zip(samples, detections, strict=True):
            sample.pred_instances = instances
        return samples


@MODELS.register_module()
class RTMDet(SingleStageDetector):
    """RTMDet. Source: Lyu et al., arXiv 2212.07784. The arguments are those of SingleStageDetector."""


@MODELS.register_module()
class YOLOX(SingleStageDetector):
    """YOLOX. Source: Ge et al., arXiv 2107.08430. The arguments are those of SingleStageDetector."""

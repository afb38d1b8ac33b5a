"""Persons and their keypoints, decoded end to end from queries."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.ops import box_convert

from posekit.codecs.base import BaseCodec
from posekit.models.assigners.hungarian_assigner import Candidates, HungarianAssigner
from posekit.models.base_module import InitRules, Settings
from posekit.models.heads.base import Features, SampleBatch, as_columns, to_numpy
from posekit.models.heads.edpose_decoder import (
    COCO_KEYPOINTS,
    EDPoseDecoder,
    EDPoseOutHead,
    Layout,
    Stage,
    StageOutputs,
)
from posekit.models.heads.edpose_denoising import Denoising, Noised
from posekit.models.heads.transformer_head import TransformerHead, image_hw
from posekit.models.layers.deformable_attention import Tokens
from posekit.models.layers.detr_layers import inverse_sigmoid
from posekit.models.losses.base import BaseLoss, mean_count
from posekit.models.losses.bbox_loss import GIoULoss
from posekit.models.losses.classification_loss import FocalLoss
from posekit.models.losses.oks_loss import OKSLoss, PoseOKS
from posekit.models.losses.regression_loss import L1Loss
from posekit.registry import MODELS
from posekit.structures import InstanceData, PoseDataSample

COCO = "configs/_base_/datasets/coco.py"
LOSSES = ("cls", "bbox", "iou", "kpt", "oks")
NOISED_SHARES = {"cls": 0.15, "bbox": 0.5, "iou": 0.5}
"""Weights of the losses of noised queries, relative to those of others."""
IMPLIED = ("query_dim", "num_feature_levels", "num_dn", "return_intermediate", "num_queries", "num_pred_layer")
"""Settings of decoder and out_head in older configs that have one possible value or are given elsewhere."""


class Decoded(NamedTuple):
    """Result of the decoder.

    Attributes:
        stages: queries after each layer.
        layout: order of the queries.
        first_places: (B, G, K, 2) positions where the keypoints' queries start.
        proposals: outputs of the encoder for the cells that queries start from, or for all; None without two stages.
    """

    stages: list[Stage]
    layout: Layout
    first_places: Tensor
    proposals: StageOutputs | None


class Matched(NamedTuple):
    """The M queries of a batch that learn an instance: their indices (M,) among all, and the instance of each."""

    index: Tensor
    truth: InstanceData


@MODELS.register_module()
class EDPoseHead(TransformerHead):
    """ED-Pose: an encoder, a decoder for persons, and one for persons with their keypoints.

    Every instance is of the last class (released weights have two classes, and persons are the second).

    Shapes: B images, M cells of all maps or matched queries, Q queries, G persons, K keypoints, C channels.

    Args:
        num_queries: number of cells of the feature maps that queries start from.
        num_feature_levels: number of feature maps.
        num_keypoints: number of keypoints, K.
        as_two_stage: whether the encoder proposes where queries start; otherwise they are learned.
        encoder: settings of DeformableEncoder.
        decoder: settings of EDPoseDecoder.
        out_head: settings of EDPoseOutHead; ``num_classes`` is required.
        positional_encoding: settings of MaskedSinePositions.
        data_decoder: codec, EDPoseLabel.
        denosing_cfg: settings of Denoising.
        dec_pred_class_embed_share: whether the encoder shares the first layer's branches, if the next one is set too.
        dec_pred_bbox_embed_share: see ``dec_pred_class_embed_share``.
        refine_queries_num: greatest number of noised queries; 0 to train without them.
        two_stage_keep_all_tokens: whether all cells learn to propose, not only those that queries start from.
        assigner: assigner of instances to the queries that learn them.
        loss: a CombinedLoss of ``cls``, ``bbox``, ``iou``, ``kpt`` and ``oks``, all with the reduction ``sum``.
        init_cfg: rules for the initial weights.

    Source: Yang et al., arXiv 2302.01593.
    """

    def __init__(
        self,
        encoder: Settings,
        decoder: Settings,
        out_head: Settings,
        positional_encoding: Settings,
        num_queries: int = 100,
        num_feature_levels: int = 4,
        num_keypoints: int = COCO_KEYPOINTS,
        as_two_stage: bool = False,
        data_decoder: BaseCodec | None = None,
        denosing_cfg: Settings | None = None,
        dec_pred_class_embed_share: bool = False,
        dec_pred_bbox_embed_share: bool = False,
        refine_queries_num: int = 100,
        two_stage_keep_all_tokens: bool = False,
        assigner: HungarianAssigner | None = None,
        loss: BaseLoss | None = None,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(
            encoder,
            positional_encoding,
            num_feature_levels=num_feature_levels,
            num_queries=num_queries,
            data_decoder=data_decoder,
            init_cfg=init_cfg,
        )
        self.loss_module = outside_of_state(loss or default_losses(num_keypoints))
        self.num_keypoints, self.refine_queries_num = num_keypoints, refine_queries_num
        self.keep_all_tokens = two_stage_keep_all_tokens
        self.assigner = assigner or HungarianAssigner(oks_calculator=PoseOKS(sigmas_of(num_keypoints)))
        self.denoising = Denoising(**(denosing_cfg or {}))
        decoder, out_head = (
            {key: value for key, value in part.items() if key not in IMPLIED} for part in (decoder, out_head)
        )
        self.decoder: Any = EDPoseDecoder(num_keypoints=num_keypoints, **decoder)
        shared = {key: decoder[key] for key in ("embed_dims", "num_layers", "num_box_decoder_layers") if key in decoder}
        self.out_head = EDPoseOutHead(num_keypoints=num_keypoints, **shared, **out_head)
        self.decoder.share(self.out_head)
        self.label_enc = nn.Embedding(self.denoising.dn_labelbook_size + 1, self.embed_dims)
        self.memory_trans_fc = None
        if as_two_stage:
            self.add_proposals(share=dec_pred_class_embed_share and dec_pred_bbox_embed_share)
        else:
            self.query_embedding = nn.Embedding(num_queries, self.embed_dims)
            self.refpoint_embedding = nn.Embedding(num_queries, 4)

    def add_proposals(self, *, share: bool) -> None:
        """Add the layers by which the encoder proposes persons; with ``share`` they are the first layer's branches."""
        self.memory_trans_fc = nn.Linear(self.embed_dims, self.embed_dims)
        self.memory_trans_norm = nn.LayerNorm(self.embed_dims)
        first = self.out_head.bbox_embed[0], self.out_head.class_embed[0]
        self.enc_out_bbox_embed, self.enc_out_class_embed = first if share else (deepcopy(branch) for branch in first)

    def forward_decoder(self, memory: Tokens, noised: Noised | None = None) -> Decoded:
        start, proposals = self.propose(memory) if self.memory_trans_fc is not None else (self.learned(memory), None)
        groups = torch.zeros(0, dtype=torch.long, device=memory.values.device)
        if noised is not None:
            groups = noised.groups
            known = Stage(self.label_enc(noised.labels), noised.boxes)
            start = Stage(*(torch.cat(pair, 1) for pair in zip(known, start, strict=True)))
        stages, first_places = self.decoder(start, memory, groups)
        return Decoded(stages, Layout(len(groups), self.num_keypoints), first_places, proposals)

    def learned(self, memory: Tokens) -> Stage:
        """Return the same queries for all images."""
        queries = Stage(self.query_embedding.weight, self.refpoint_embedding.weight.sigmoid())
        return Stage(*(x.expand(len(memory.values), -1, -1) for x in queries))

    def propose(self, memory: Tokens) -> tuple[Stage, StageOutputs]:
        """Return queries at the most person-like cells, and the encoder's outputs for these cells, or for all."""
        assert self.memory_trans_fc is not None
        anchors, usable = anchor_boxes(memory)  # (B, M, 4), (B, M, 1)
        values = self.memory_trans_norm(self.memory_trans_fc(memory.values * usable))  # (B, M, C)
        logits = self.enc_out_class_embed(values).float()  # (B, M, number of classes)
        best = logits.amax(-1).topk(min(self.num_queries, logits.shape[1]), 1).indices  # (B, Q)
        places = inverse_sigmoid(anchors).masked_fill(~usable, torch.inf)  # (B, M, 4)
        all_of = (values, logits, places)
        chosen, chosen_logits, places = (torch.take_along_dim(x, best[..., None], 1) for x in all_of)
        boxes = (self.enc_out_bbox_embed(chosen) + places).sigmoid()  # (B, Q, 4)
        outputs = StageOutputs(chosen_logits, boxes)
        if self.keep_all_tokens:
            outputs = StageOutputs(logits, (self.enc_out_bbox_embed(values) + all_of[2]).sigmoid())
        return Stage(chosen.detach(), boxes.detach()), outputs

    def forward_out_head(self, decoded: Decoded) -> tuple[Tensor, Tensor, Tensor]:
        """Return logits (B, G, C), boxes (B, G, 4) and keypoints (B, G, 3 K) of the last layer.

        The keypoints are all x and y in alternation, followed by K meaningless numbers: there is no visibility.
        """
        outputs = self.out_head(decoded.stages[-1], len(decoded.stages) - 1, decoded.layout)
        places = outputs.keypoints.flatten(2)  # (B, G, 2 K)
        unused = torch.ones_like(outputs.keypoints[..., 0]).sigmoid()  # (B, G, K)
        return outputs.logits, outputs.boxes, torch.cat([places, unused], -1)

    def predict(self, feats: Any, batch: SampleBatch, test_cfg: dict[str, Any] | None = None) -> list[InstanceData]:
        if (test_cfg or {}).get("flip_test"):
            raise ValueError("EDPoseHead cannot average over mirror images; set test_cfg.flip_test=False")
        codec = self.codec
        logits, boxes, keypoints = self(feats, batch)
        arrays = to_numpy((logits.sigmoid(), boxes.float(), keypoints.float()))
        sizes = [np.array(image_hw(info)) for info in as_columns(batch).metainfos]
        poses = [codec.decode(size, *parts) for size, *parts in zip(sizes, *arrays, strict=True)]
        return [
            InstanceData(bboxes=boxes, bbox_scores=scores[:, 0], keypoints=points, keypoint_scores=scores)
            for boxes, points, scores in poses
        ]

    def loss(self, feats: Features, batch: SampleBatch, train_cfg: dict[str, Any] | None = None) -> dict[str, Tensor]:
        """Return the losses of all layers; those of the last layer have names of their own.

        In the names, ``aux`` means the layers before the last, ``enc`` the encoder's proposals, ``first`` the starting
        positions of keypoints and ``dn`` noised queries, which exist in training mode only.
        """
        truths = [self.truth(sample, feats[0].device) for sample in as_columns(batch)]
        noises = self.training and self.refine_queries_num > 0
        noised = self.denoising.make(truths, self.refine_queries_num) if noises else None
        decoded = self.forward_decoder(self.forward_encoder(feats, batch), noised)
        count = mean_count(sum(len(truth) for truth in truths), feats[0].device)
        losses: dict[str, Tensor] = {}

        def add(kind: str, parts: dict[str, Tensor]) -> None:
            for name, value in parts.items():
                losses[f"loss_{kind}{name}"] = losses.get(f"loss_{kind}{name}", 0) + value

        if decoded.proposals is not None:
            add("enc_", self.stage_losses(decoded.proposals, self.match(decoded.proposals, truths), count))
        for index, stage in enumerate(decoded.stages):
            known, outputs = self.out_head(stage, index, decoded.layout).split(decoded.layout.num_noised)
            matched = self.match(outputs, truths)
            add("" if index == len(decoded.stages) - 1 else "aux_", self.stage_losses(outputs, matched, count))
            if index == self.decoder.num_box_decoder_layers:
                add("first_", self.keypoint_losses(decoded.first_places, matched, count))
            if noised is not None:
                add("dn_", self.noised_losses(known, noised))
        return losses

    def truth(self, sample: PoseDataSample, device: torch.device) -> InstanceData:
        """Return the instances of an image in the form that HungarianAssigner takes.

        Raises:
            ValueError: if they are not encoded.
        """
        labels = sample.gt_instance_labels if "gt_instance_labels" in sample else InstanceData()
        if not all(name in labels for name in ("bboxes", "keypoints", "keypoints_visible")):
            raise ValueError(
                "EDPoseHead learns from boxes and keypoints as shares of the image; "
                "put GenerateTarget with the encoder EDPoseLabel before PackPoseInputs in the training pipeline"
            )

        def read(name: str) -> Tensor:
            return torch.as_tensor(labels[name], dtype=torch.float32, device=device)

        height, width = image_hw(sample.metainfo)
        boxes, count = read("bboxes"), len(labels)
        shares = read("areas") if "areas" in labels else boxes[:, 2:].prod(-1)
        values: dict[str, Any] = {
            "labels": torch.full((count,), self.out_head.num_classes - 1, device=device),
            "boxes": boxes,
            "keypoints": read("keypoints"),
            "visible": (read("keypoints_visible") > 0).float(),
            "sizes": boxes.new_tensor([width, height]).expand(count, 2),
            "areas": shares * (width * height),
        }
        return InstanceData(**values)

    def match(self, outputs: StageOutputs, truths: Sequence[InstanceData]) -> Matched:
        """Assign instances to the queries that learn them, image by image."""
        num_queries, indices, instances = outputs.boxes.shape[1], [], []
        for image, truth in enumerate(truths):
            poses = None if outputs.keypoints is None else outputs.keypoints[image]
            pairs = self.assigner.assign(Candidates(outputs.logits[image], outputs.boxes[image], poses), truth)
            indices.append(pairs.queries + image * num_queries)
            instances.append(truth[pairs.instances])
        return Matched(torch.cat(indices), InstanceData.cat(instances))

    def stage_losses(self, outputs: StageOutputs, matched: Matched, count: Tensor) -> dict[str, Tensor]:
        """Return the losses of a stage."""
        losses = self.person_losses(outputs, matched, count)
        if outputs.keypoints is None:
            return losses
        return losses | self.keypoint_losses(outputs.keypoints, matched, count)

    def person_losses(self, outputs: StageOutputs, matched: Matched, count: Tensor) -> dict[str, Tensor]:
        """Return the class loss of all queries and the box losses of the matched ones."""
        index, truth = matched
        # -> (B * Q, classes), (M, 4)
        logits, boxes = outputs.logits.flatten(0, 1), outputs.boxes.flatten(0, 1)[index]
        target = torch.zeros_like(logits)
        target[index, truth.labels] = 1
        corners = (box_convert(box, "cxcywh", "xyxy") for box in (boxes, truth.boxes))  # (M, 4) each
        return {
            "cls": self.loss_module["cls"](logits, target) / count,
            "bbox": self.loss_module["bbox"](boxes, truth.boxes) / count,
            "iou": self.loss_module["iou"](*corners) / count,
        }

    def keypoint_losses(self, keypoints: Tensor, matched: Matched, count: Tensor) -> dict[str, Tensor]:
        """Return the losses of the matched queries' keypoints; the similarity is measured on the image."""
        index, truth = matched
        places, size = keypoints.flatten(0, 1)[index], truth.sizes[:, None]  # (M, K, 2), (M, 1, 2)
        similar = self.loss_module["oks"](places * size, truth.keypoints * size, truth.visible, truth.areas)
        return {
            "kpt": self.loss_module["kpt"](places, truth.keypoints, truth.visible[..., None]) / count,
            "oks": similar / count,
        }

    def noised_losses(self, known: StageOutputs, noised: Noised) -> dict[str, Tensor]:
        """Return the losses of queries that should recover the box that they were made from."""
        logits, boxes = (x.flatten(0, 1)[noised.index] for x in (known.logits, known.boxes))  # (V, classes), (V, 4)
        each = Matched(torch.arange(len(noised.index), device=noised.index.device), noised.truth)
        losses = self.person_losses(
            StageOutputs(logits[None], boxes[None]), each, mean_count(len(noised.index), noised.index.device)
        )
        return {name: value * NOISED_SHARES[name] for name, value in losses.items()}


def anchor_boxes(memory: Tokens) -> tuple[Tensor, Tensor]:
    """Return a box (B, M, 4) around each cell, larger on coarser maps, and whether (B, M, 1) it is usable."""
    sides = 0.05 * 2.0**memory.levels  # (M,)
    centers = memory.centers  # (B, M, 2)
    anchors = torch.cat([centers, sides[:, None].expand(len(centers), -1, 2)], -1)  # (B, M, 4)
    usable = ((anchors > 0.01) & (anchors < 0.99)).all(-1) & ~memory.padding  # (B, M)
    return anchors, usable[..., None]


def sigmas_of(num_keypoints: int) -> str | None:
    """Return the keypoint set whose sigmas apply where a config names none."""
    return COCO if num_keypoints == COCO_KEYPOINTS else None


def default_losses(num_keypoints: int) -> nn.ModuleDict:
    """Return the losses, weighted as in the paper."""
    return nn.ModuleDict(
        {
            "cls": FocalLoss(loss_weight=2.0, reduction="sum"),
            "bbox": L1Loss("sum", loss_weight=5.0),
            "iou": GIoULoss("sum", loss_weight=2.0),
            "kpt": L1Loss("sum", use_target_weight=True, loss_weight=10.0),
            "oks": OKSLoss(sigmas_of(num_keypoints), "sum", norm_target_weight=True, loss_weight=4.0),
        }
    )


def outside_of_state(loss: nn.Module) -> nn.ModuleDict:
    """Keep the buffers of losses, such as sigmas, out of state dicts: released weights lack them.

    Raises:
        ValueError: if one of the losses is missing.
    """
    if not isinstance(loss, nn.ModuleDict) or not set(LOSSES) <= set(loss.keys()):
        raise ValueError(f"head.loss: EDPoseHead takes a CombinedLoss of {', '.join(LOSSES)}")
    for module in loss.modules():
        for name, buffer in list(module.named_buffers(recurse=False)):
            module.register_buffer(name, buffer, persistent=False)
    return loss

"""Persons and their keypoints, found end to end by queries."""

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
from posekit.models.heads.base import Batch, Features, as_columns, to_numpy
from posekit.models.heads.edpose_decoder import COCO_KEYPOINTS, EDPoseDecoder, EDPoseOutHead, Found, Layout, Stage
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
"""What the losses of noised queries count, relative to those of others."""
IMPLIED = ("query_dim", "num_feature_levels", "num_dn", "return_intermediate", "num_queries", "num_pred_layer")
"""Settings of decoder and out_head in older configs that can have one value only or are given elsewhere."""


class Decoded(NamedTuple):
    """What the decoder found.

    Attributes:
        stages: the queries after each layer.
        layout: their order.
        first_places: (B, G, K, 2) where the keypoints' queries start.
        proposals: what the encoder says of the cells that queries start from, or of all; None without two stages.
    """

    stages: list[Stage]
    layout: Layout
    first_places: Tensor
    proposals: Found | None


class Matched(NamedTuple):
    """M of a batch's queries that learn an instance: their index (M,) in a row of all, and the instance of each."""

    index: Tensor
    truth: InstanceData


@MODELS.register_module()
class EDPoseHead(TransformerHead):
    """ED-Pose: an encoder, a decoder for persons, and one for persons with their keypoints.

    Every instance is of the last class (released weights have two, and persons are the second).

    Args:
        num_queries: how many cells of the feature maps queries start from.
        num_feature_levels: how many feature maps there are.
        num_keypoints: K.
        as_two_stage: let the encoder propose where queries start; otherwise they are learned.
        encoder: settings of DeformableEncoder.
        decoder: settings of EDPoseDecoder.
        out_head: settings of EDPoseOutHead; ``num_classes`` is needed.
        positional_encoding: settings of MaskedSinePositions.
        data_decoder: the codec, EDPoseLabel.
        denosing_cfg: settings of Denoising.
        dec_pred_class_embed_share: let the encoder share the first layer's branches, if the next one is set too.
        dec_pred_bbox_embed_share: the other one.
        refine_queries_num: greatest number of noised queries; 0 for training without.
        two_stage_keep_all_tokens: let all cells learn to propose, not only those that queries start from.
        assigner: says which query learns which instance.
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
        """Add what the encoder proposes persons with, or ``share`` the branches of the first layer."""
        self.memory_trans_fc = nn.Linear(self.embed_dims, self.embed_dims)
        self.memory_trans_norm = nn.LayerNorm(self.embed_dims)
        first = self.out_head.bbox_embed[0], self.out_head.class_embed[0]
        self.enc_out_bbox_embed, self.enc_out_class_embed = first if share else (deepcopy(one) for one in first)

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
        return Stage(*(one.expand(len(memory.values), -1, -1) for one in queries))

    def propose(self, memory: Tokens) -> tuple[Stage, Found]:
        """Return queries at the cells that most look like a person, and what the encoder says of these, or of all."""
        assert self.memory_trans_fc is not None
        anchors, usable = anchor_boxes(memory)
        values = self.memory_trans_norm(self.memory_trans_fc(memory.values * usable))
        logits = self.enc_out_class_embed(values).float()
        best = logits.amax(-1).topk(min(self.num_queries, logits.shape[1]), 1).indices
        places = inverse_sigmoid(anchors).masked_fill(~usable, torch.inf)
        all_of = (values, logits, places)
        chosen, chosen_logits, places = (torch.take_along_dim(one, best[..., None], 1) for one in all_of)
        boxes = (self.enc_out_bbox_embed(chosen) + places).sigmoid()
        found = Found(chosen_logits, boxes)
        if self.keep_all_tokens:
            found = Found(logits, (self.enc_out_bbox_embed(values) + all_of[2]).sigmoid())
        return Stage(chosen.detach(), boxes.detach()), found

    def forward_out_head(self, decoded: Decoded) -> tuple[Tensor, Tensor, Tensor]:
        """Return logits (B, G, C), boxes (B, G, 4) and keypoints (B, G, 3 K) of the last layer.

        The keypoints are all x and y by turns, and then K numbers that mean nothing: there is no visibility.
        """
        found = self.out_head(decoded.stages[-1], len(decoded.stages) - 1, decoded.layout)
        places = found.keypoints.flatten(2)
        unused = torch.ones_like(found.keypoints[..., 0]).sigmoid()
        return found.logits, found.boxes, torch.cat([places, unused], -1)

    def predict(self, feats: Any, batch: Batch, test_cfg: dict[str, Any] | None = None) -> list[InstanceData]:
        if (test_cfg or {}).get("flip_test"):
            raise ValueError("EDPoseHead cannot average over mirror images; set test_cfg.flip_test=False")
        codec = self.codec
        logits, boxes, keypoints = self(feats, batch)
        arrays = to_numpy((logits.sigmoid(), boxes.float(), keypoints.float()))
        sizes = [np.array(image_hw(info)) for info in as_columns(batch).metainfos]
        found = [codec.decode(size, *one) for size, *one in zip(sizes, *arrays, strict=True)]
        return [
            InstanceData(bboxes=boxes, bbox_scores=scores[:, 0], keypoints=points, keypoint_scores=scores)
            for boxes, points, scores in found
        ]

    def loss(self, feats: Features, batch: Batch, train_cfg: dict[str, Any] | None = None) -> dict[str, Tensor]:
        """Return the losses of all layers, those of the last one apart.

        In the names stand ``aux`` for the layers before it, ``enc`` for the encoder's proposals, ``first`` for where
        keypoints start and ``dn`` for noised queries, which there are in training mode only.
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
            add("enc_", self.found_losses(decoded.proposals, self.match(decoded.proposals, truths), count))
        for index, stage in enumerate(decoded.stages):
            known, found = self.out_head(stage, index, decoded.layout).split(decoded.layout.num_noised)
            matched = self.match(found, truths)
            add("" if index == len(decoded.stages) - 1 else "aux_", self.found_losses(found, matched, count))
            if index == self.decoder.num_box_decoder_layers:
                add("first_", self.keypoint_losses(decoded.first_places, matched, count))
            if noised is not None:
                add("dn_", self.noised_losses(known, noised))
        return losses

    def truth(self, sample: PoseDataSample, device: torch.device) -> InstanceData:
        """Return the instances of an image as HungarianAssigner takes them.

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

    def match(self, found: Found, truths: Sequence[InstanceData]) -> Matched:
        """Choose the queries that learn an instance, image by image."""
        number, index, chosen = found.boxes.shape[1], [], []
        for image, truth in enumerate(truths):
            poses = None if found.keypoints is None else found.keypoints[image]
            pairs = self.assigner.assign(Candidates(found.logits[image], found.boxes[image], poses), truth)
            index.append(pairs.queries + image * number)
            chosen.append(truth[pairs.instances])
        return Matched(torch.cat(index), InstanceData.cat(chosen))

    def found_losses(self, found: Found, matched: Matched, count: Tensor) -> dict[str, Tensor]:
        """Return the losses of a stage."""
        losses = self.person_losses(found, matched, count)
        return losses if found.keypoints is None else losses | self.keypoint_losses(found.keypoints, matched, count)

    def person_losses(self, found: Found, matched: Matched, count: Tensor) -> dict[str, Tensor]:
        """Return the losses of classes, of all queries, and of the matched ones' boxes."""
        index, truth = matched
        logits, boxes = found.logits.flatten(0, 1), found.boxes.flatten(0, 1)[index]
        target = torch.zeros_like(logits)
        target[index, truth.labels] = 1
        corners = (box_convert(one, "cxcywh", "xyxy") for one in (boxes, truth.boxes))
        return {
            "cls": self.loss_module["cls"](logits, target) / count,
            "bbox": self.loss_module["bbox"](boxes, truth.boxes) / count,
            "iou": self.loss_module["iou"](*corners) / count,
        }

    def keypoint_losses(self, keypoints: Tensor, matched: Matched, count: Tensor) -> dict[str, Tensor]:
        """Return the losses of the matched queries' keypoints, their similarity as on the image."""
        index, truth = matched
        places, size = keypoints.flatten(0, 1)[index], truth.sizes[:, None]
        similar = self.loss_module["oks"](places * size, truth.keypoints * size, truth.visible, truth.areas)
        return {
            "kpt": self.loss_module["kpt"](places, truth.keypoints, truth.visible[..., None]) / count,
            "oks": similar / count,
        }

    def noised_losses(self, known: Found, noised: Noised) -> dict[str, Tensor]:
        """Return the losses of queries that should find the very box they are made of."""
        logits, boxes = (one.flatten(0, 1)[noised.index] for one in (known.logits, known.boxes))
        each = Matched(torch.arange(len(noised.index), device=noised.index.device), noised.truth)
        losses = self.person_losses(
            Found(logits[None], boxes[None]), each, mean_count(len(noised.index), noised.index.device)
        )
        return {name: value * NOISED_SHARES[name] for name, value in losses.items()}


def anchor_boxes(memory: Tokens) -> tuple[Tensor, Tensor]:
    """Return a box (B, M, 4) around each cell, larger on coarser maps, and whether (B, M, 1) it is of use."""
    sides = 0.05 * 2.0**memory.levels
    centers = memory.centers
    anchors = torch.cat([centers, sides[:, None].expand(len(centers), -1, 2)], -1)
    usable = ((anchors > 0.01) & (anchors < 0.99)).all(-1) & ~memory.padding
    return anchors, usable[..., None]


def sigmas_of(num_keypoints: int) -> str | None:
    """Return the keypoint set whose sigmas are taken where a config names none."""
    return COCO if num_keypoints == COCO_KEYPOINTS else None


def default_losses(num_keypoints: int) -> nn.ModuleDict:
    """Return the losses as the paper weights them."""
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
    """Keep what losses hold, such as sigmas, out of state dicts: released weights come without it.

    Raises:
        ValueError: if one of the losses is missing.
    """
    if not isinstance(loss, nn.ModuleDict) or not set(LOSSES) <= set(loss.keys()):
        raise ValueError(f"head.loss: EDPoseHead takes a CombinedLoss of {', '.join(LOSSES)}")
    for module in loss.modules():
        for name, buffer in list(module.named_buffers(recurse=False)):
            module.register_buffer(name, buffer, persistent=False)
    return loss

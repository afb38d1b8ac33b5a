"""The two decoders of ED-Pose: one for whole persons, then one for persons together with their keypoints."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from posekit.models.base_module import Settings
from posekit.models.heads.base import RARE
from posekit.models.layers.deformable_attention import MultiScaleDeformableAttention, Tokens
from posekit.models.layers.detr_layers import MLP, DetrDecoderLayer, inverse_sigmoid, without_implied
from posekit.models.layers.sine_positions import paired_waves
from posekit.models.layers.transformer import LN, MultiheadAttention

COCO_KEYPOINTS = 17
"""With this number of keypoints, their first positions have a branch of their own, as in released weights."""


class Layout(NamedTuple):
    """The order of queries in the second decoder: S noised persons, then G persons, each before its K keypoints."""

    num_noised: int
    num_keypoints: int

    def persons(self, x: Tensor) -> Tensor:
        """Return (B, S + G, ...) of (B, S + G * (1 + K), ...)."""
        # -> (B, S + G, ...)
        return torch.cat([x[:, : self.num_noised], x[:, self.num_noised :: self.num_keypoints + 1]], 1)

    def keypoints(self, x: Tensor) -> Tensor:
        """Return (B, G, K, ...) of (B, S + G * (1 + K), ...)."""
        return x[:, self.num_noised :].unflatten(1, (-1, self.num_keypoints + 1))[:, :, 1:]  # (B, G, K, ...)

    def join(self, persons: Tensor, keypoints: Tensor) -> Tensor:
        """Join (B, S + G, ...) and (B, G, K, ...) to (B, S + G * (1 + K), ...)."""
        poses = torch.cat([persons[:, self.num_noised :, None], keypoints], 2).flatten(1, 2)  # (B, G * (1 + K), ...)
        return torch.cat([persons[:, : self.num_noised], poses], 1)  # (B, S + G * (1 + K), ...)


class Stage(NamedTuple):
    """Queries (B, Q, C) after a layer, and the boxes (B, Q, 4) that entered it: centre and size as shares."""

    features: Tensor
    boxes: Tensor


class StageOutputs(NamedTuple):
    """Outputs for the queries after a layer.

    Attributes:
        logits: (B, Q, number of classes).
        boxes: (B, Q, 4) centre and size as shares of the image.
        keypoints: (B, G, K, 2) as shares of the image; None before the second decoder.
    """

    logits: Tensor
    boxes: Tensor
    keypoints: Tensor | None = None

    def split(self, num_noised: int) -> tuple[StageOutputs, StageOutputs]:
        """Split into the outputs of the noised queries and those of the others."""
        pairs = [(x[:, :num_noised], x[:, num_noised:]) for x in (self.logits, self.boxes)]
        return StageOutputs(pairs[0][0], pairs[1][0]), StageOutputs(pairs[0][1], pairs[1][1], self.keypoints)


def corrected(places: Tensor, correction: Tensor) -> Tensor:
    """Move shares of the image by a correction of their logits."""
    return (inverse_sigmoid(places) + correction).sigmoid()


class EDPoseOutHead(nn.Module):
    """A branch for each output of a stage: class, box, position and extent of keypoints.

    Args:
        num_classes: number of classes.
        num_keypoints: number of keypoints, K.
        embed_dims: channels of queries.
        num_layers: number of layers of both decoders together.
        num_box_decoder_layers: number of layers of the first decoder.
        cls_no_bias: whether the class branch has no bias.
        dec_pred_class_embed_share: whether all stages share the class branch.
        dec_pred_bbox_embed_share: whether all stages share the box branch.
        dec_pred_pose_embed_share: whether all stages share the branch of keypoint positions.
    """

    def __init__(
        self,
        num_classes: int,
        num_keypoints: int = COCO_KEYPOINTS,
        *,
        embed_dims: int = 256,
        num_layers: int = 6,
        num_box_decoder_layers: int = 2,
        cls_no_bias: bool = False,
        dec_pred_class_embed_share: bool = False,
        dec_pred_bbox_embed_share: bool = False,
        dec_pred_pose_embed_share: bool = False,
    ) -> None:
        super().__init__()
        self.num_classes, self.num_box_decoder_layers = num_classes, num_box_decoder_layers
        num_pose_layers = num_layers - num_box_decoder_layers

        def classes() -> nn.Module:
            branch = nn.Linear(embed_dims, num_classes, bias=not cls_no_bias)
            if not cls_no_bias:
                nn.init.constant_(branch.bias, RARE)
            return branch

        def correction(size: int) -> nn.Module:
            return MLP(embed_dims, embed_dims, embed_dims, size, starts_at_zero=True)

        def branches(count: int, make: Callable[[], nn.Module], shared: bool) -> nn.ModuleList:
            return nn.ModuleList([make()] * count if shared else [make() for _ in range(count)])

        has_first_pose = num_keypoints == COCO_KEYPOINTS
        self.bbox_embed = branches(num_layers, lambda: correction(4), dec_pred_bbox_embed_share)
        self.class_embed = branches(num_layers, classes, dec_pred_class_embed_share)
        self.pose_embed = branches(num_pose_layers + has_first_pose, lambda: correction(2), dec_pred_pose_embed_share)
        self.pose_hw_embed = branches(num_pose_layers, lambda: correction(2), True)

    def forward(self, stage: Stage, index: int, layout: Layout) -> StageOutputs:
        """Compute the outputs from the queries after layer ``index``."""
        features, boxes = stage
        if index < self.num_box_decoder_layers:
            return StageOutputs(self.class_embed[index](features).float(), self.boxes(index, features, boxes))
        persons = layout.persons(features)  # (B, S + G, C)
        return StageOutputs(
            self.class_embed[index](persons).float(),
            self.boxes(index, persons, layout.persons(boxes)),  # (B, S + G, 4)
            self.places(index, layout.keypoints(features), layout.keypoints(boxes)[..., :2]),  # (B, G, K, 2)
        )

    def boxes(self, index: int, features: Tensor, boxes: Tensor) -> Tensor:
        """Return the boxes (..., 4) corrected after layer ``index``."""
        return corrected(boxes, self.bbox_embed[index](features))

    def places(self, index: int, features: Tensor, places: Tensor) -> Tensor:
        """Return the keypoints' positions (..., 2) corrected after layer ``index``."""
        return corrected(places, self.pose_embed[index - self.num_box_decoder_layers](features))

    def extents(self, index: int, features: Tensor, sizes: Tensor) -> Tensor:
        """Return the width and height (..., 2) around keypoints corrected after layer ``index``."""
        return corrected(sizes, self.pose_hw_embed[index - self.num_box_decoder_layers](features))


class EDPoseDecoder(nn.Module):
    """Layers that decode persons, and from the ``num_box_decoder_layers``-th on their keypoints too.

    At that layer the best persons are selected, and each gets K further queries. Boxes are corrected from layer to
    layer. Only the extents of keypoints, which no loss supervises, receive gradients through the layers that use them.

    Shapes: B images, Q queries, S noised ones among them, G persons, K keypoints, C channels.

    Args:
        layer_cfg: ``self_attn_cfg``, ``cross_attn_cfg`` and ``ffn_cfg``.
        num_layers: number of layers of both decoders together.
        num_keypoints: number of keypoints, K.
        embed_dims: number of channels, C.
        num_box_decoder_layers: number of layers of the first decoder.
        num_group: number of persons to select, G.

    Raises:
        ValueError: if one of the decoders has no layer.

    Source: Yang et al., arXiv 2302.01593, section 3.
    """

    def __init__(
        self,
        layer_cfg: Settings,
        num_layers: int = 6,
        *,
        num_keypoints: int = COCO_KEYPOINTS,
        embed_dims: int = 256,
        num_box_decoder_layers: int = 2,
        num_group: int = 100,
    ) -> None:
        super().__init__()
        if not 0 < num_box_decoder_layers < num_layers:
            raise ValueError(
                f"head.decoder: num_box_decoder_layers={num_box_decoder_layers} of num_layers={num_layers} "
                "find persons; at least one has to, and one has to find keypoints"
            )
        self.num_box_decoder_layers = num_box_decoder_layers
        self.num_keypoints, self.num_group = num_keypoints, num_group
        self.layers = nn.ModuleList(deformable_decoder_layer(**layer_cfg) for _ in range(num_layers))
        self.norm = nn.LayerNorm(embed_dims)
        self.ref_point_head = MLP(2 * embed_dims, embed_dims, embed_dims)
        self.hw = nn.Embedding(num_keypoints, 2)
        self.keypoint_embed = nn.Embedding(num_keypoints, embed_dims)

    def share(self, branches: EDPoseOutHead) -> None:
        """Use the branches of the stages; state dicts name them here as well."""
        self.bbox_embed, self.class_embed = branches.bbox_embed, branches.class_embed
        self.pose_embed, self.pose_hw_embed = branches.pose_embed, branches.pose_hw_embed
        self.branches = (branches,)  # in a tuple, as it is no part of this module

    def forward(self, start: Stage, memory: Tokens, groups: Tensor) -> tuple[list[Stage], Tensor]:
        """Decode the encoded maps.

        Args:
            start: initial queries; the noised ones, of which there are none at test time, come first.
            memory: encoded maps.
            groups: (S,) group of each noised query; groups do not see each other.

        Returns:
            The queries after each layer, and the positions (B, G, K, 2) where the keypoints' queries start.
        """
        layout = Layout(len(groups), self.num_keypoints)
        features, boxes = start
        blocked = block_noised(groups, boxes.shape[1] - len(groups)) if len(groups) else None
        stages: list[Stage] = []
        first = boxes[:, :0]
        for index, layer in enumerate(self.layers):
            if index:
                boxes = self.next_boxes(index - 1, features, boxes, layout)
            if index == self.num_box_decoder_layers:
                features, boxes, first = self.expand(features, boxes, layout)
                blocked = block_noised(groups, boxes.shape[1] - len(groups), self.num_keypoints)
            features = layer(
                features,
                memory.values,
                query_pos=self.query_positions(boxes, memory),
                blocked=blocked,
                reference=memory.on_maps(boxes),
                sizes_hw=memory.sizes_hw,
                padding=memory.padding,
            )
            stages.append(Stage(self.norm(features), boxes))  # (B, Q, C), (B, Q, 4)
        return stages, first

    def query_positions(self, boxes: Tensor, memory: Tokens) -> Tensor:
        """Encode the boxes (B, Q, 4) on the finest map: y, x, width, height."""
        places = memory.on_maps(boxes)[:, :, 0, [1, 0, 2, 3]] * (2 * torch.pi)  # (B, Q, 4)
        return self.ref_point_head(paired_waves(places, self.norm.normalized_shape[0] // 2).flatten(-2))  # (B, Q, C)

    def next_boxes(self, index: int, features: Tensor, boxes: Tensor, layout: Layout) -> Tensor:
        """Return the boxes (B, Q, 4) corrected after layer ``index``."""
        (branches,) = self.branches
        if index < self.num_box_decoder_layers:
            return branches.boxes(index, features, boxes).detach()
        persons = branches.boxes(index, layout.persons(features), layout.persons(boxes)).detach()  # (B, S + G, 4)
        features, boxes = layout.keypoints(features), layout.keypoints(boxes)  # (B, G, K, C), (B, G, K, 4)
        places = branches.places(index, features, boxes[..., :2]).detach()  # (B, G, K, 2)
        # -> (B, Q, 4)
        return layout.join(persons, torch.cat([places, branches.extents(index, features, boxes[..., 2:])], -1))

    def expand(self, features: Tensor, boxes: Tensor, layout: Layout) -> tuple[Tensor, Tensor, Tensor]:
        """Select the best persons and insert queries for their keypoints behind each.

        Returns:
            Features, boxes, and the positions (B, G, K, 2) of the keypoints' boxes with gradient.
        """
        (branches,) = self.branches
        noised = layout.num_noised
        scores = branches.class_embed[self.num_box_decoder_layers - 1](features[:, noised:]).amax(-1)  # (B, Q - S)
        best = scores.topk(min(self.num_group, scores.shape[1]), 1).indices + noised  # (B, G)
        features, boxes = (
            torch.cat([x[:, :noised], torch.take_along_dim(x, best[..., None], 1)], 1) for x in (features, boxes)
        )
        keypoints = features[:, noised:, None] + self.keypoint_embed.weight  # (B, G, K, C)
        persons = boxes[:, noised:, None]  # (B, G, 1, 4)
        first_pose = branches.pose_embed[-1 if self.num_keypoints == COCO_KEYPOINTS else 0]
        places = corrected(persons[..., :2], first_pose(keypoints))  # (B, G, K, 2)
        extents = persons[..., 2:] * self.hw.weight.sigmoid()  # (B, G, K, 2)
        keypoint_boxes = torch.cat([places.detach(), extents], -1)  # (B, G, K, 4)
        return layout.join(features, keypoints), layout.join(boxes, keypoint_boxes), places


def deformable_decoder_layer(
    self_attn_cfg: Settings, cross_attn_cfg: Settings, ffn_cfg: Settings, norm_cfg: Settings = LN
) -> DetrDecoderLayer:
    """Build a layer that attends to feature maps by deformable attention."""
    self_attn = MultiheadAttention(**without_implied(self_attn_cfg))
    cross_attn = MultiScaleDeformableAttention(**without_implied(cross_attn_cfg))
    return DetrDecoderLayer(self_attn, cross_attn, self_attn_cfg["embed_dims"], ffn_cfg, norm_cfg)


def block_noised(groups: Tensor, num_queries: int, num_keypoints: int | None = None) -> Tensor:
    """Return a square mask of the queries (columns) that each query (row) must not see, noised ones first.

    Queries do not see noised ones, which know the answer; noised ones see their own group and the queries.
    With ``num_keypoints``, a keypoint sees only its person and that person's keypoints; persons also see one another.

    Args:
        groups: (S,) group of each noised query.
        num_queries: number of the other queries.
        num_keypoints: number of keypoint queries behind each person; None while there are persons only.
    """
    count = len(groups)
    blocked = groups.new_zeros((count + num_queries,) * 2, dtype=torch.bool)
    blocked[:count, :count] = groups[:, None] != groups
    blocked[count:, :count] = True
    if num_keypoints is not None:
        index = torch.arange(num_queries, device=groups.device)
        owner, is_person = index // (num_keypoints + 1), index % (num_keypoints + 1) == 0
        blocked[count:, count:] = (owner[:, None] != owner) & ~(is_person[:, None] & is_person)
    return blocked

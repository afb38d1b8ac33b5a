"""Key rewrites that let files of older versions fit today's models."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from torch import Tensor

TRAINING_ONLY = ("distill_losses.",)
"""Parts that only training needs: DWPoseDistiller's layers between the student's features and the teacher's."""
_STACKED_FINAL = re.compile(r"^(head\.(?:\w+_head\.)?)final_layer\.(\d+)\.(\w+)$")
_RENAMED = [
    (re.compile(pattern), name)
    for pattern, name in (
        # 0.x
        (r"^keypoint_head\.", "head."),
        (r"^head\.loss\.", "head.loss_module."),
        (r"^rescore_net\.", "head.rescore_net."),
        # CIDHead of 0.x
        (r"^head\.keypoint_center_conv\.", "head.iia_module.keypoint_root_conv."),
        (r"^head\.(conv_down|heatmap_conv)\.", r"head.gfd_module.\1."),
        (r"^head\.c_attn\.", "head.gfd_module.channel_attention."),
        (r"^head\.s_attn\.", "head.gfd_module.spatial_attention."),
        (r"^head\.fuse_attn\.", "head.gfd_module.fuse_attention."),
    )
]
_MMYOLO_RENAMED = [
    (re.compile(pattern), name)
    for pattern, name in (
        (r"^neck\.reduce_layers\.2\.", "neck.reduce_layers.0."),
        (r"^neck\.top_down_layers\.0\.1\.", "neck.reduce_layers.1."),
        (r"^neck\.top_down_layers\.0\.0\.", "neck.top_down_blocks.0."),
        (r"^neck\.top_down_layers\.1\.", "neck.top_down_blocks.1."),
        (r"^neck\.downsample_layers\.", "neck.downsamples."),
        (r"^neck\.bottom_up_layers\.", "neck.bottom_up_blocks."),
        (r"^neck\.out_layers\.", "neck.out_convs."),
    )
]
"""YOLOX's neck: in MMYOLO one of the layers that reduce channels is among those of the way down."""
_MMYOLO_LAYERS = {
    "multi_level_cls_convs": "conv_cls",
    "multi_level_reg_convs": "conv_reg",
    "multi_level_pose_convs": "conv_pose",
    "multi_level_conv_cls": "out_cls",
    "multi_level_conv_reg": "out_bbox",
    "multi_level_conv_obj": "out_obj",
    "multi_level_conv_offsets": "out_kpt",
    "multi_level_conv_vis": "out_kpt_vis",
}
"""Layers of YOLOX-Pose's head by their names in MMYOLO; a detector's head has those names in posekit as well."""
_VIT_RENAMED = {
    "patch_embed.proj.": "patch_embed.projection.",
    "blocks.": "layers.",
    ".norm1.": ".ln1.",
    ".norm2.": ".ln2.",
    ".mlp.fc1.": ".ffn.layers.0.0.",
    ".mlp.fc2.": ".ffn.layers.1.",
}


def upgrade(state: Mapping[str, Tensor], wanted: Collection[str]) -> dict[str, Tensor]:
    """Rewrite the keys of older files, and the values whose meaning has changed.

    Args:
        state: weights by key, without wrappers.
        wanted: the keys of the model they are for; a rewrite that depends on the model aims at them.
    """
    left_out = training_only(state, wanted)
    upgraded = {_new_name(key): value for key, value in state.items() if not (_is_left_out(key) or key in left_out)}
    upgraded = _rename_mmyolo(_rename_vit(upgraded, wanted), wanted)
    upgraded = _turn_displacements(_unstack_final_layer(upgraded))
    return {_nested_name(key, wanted): value for key, value in upgraded.items()}


def training_only(state: Collection[str], wanted: Collection[str]) -> list[str]:
    """Return the keys of parts that only training needs, where the model has no such parts."""
    return [key for key in state if key.startswith(TRAINING_ONLY) and key not in wanted]


def _is_left_out(key: str) -> bool:
    """Whether a key is of the preprocessor's constants, or of the copies that averaging once kept among the weights."""
    return key.startswith("data_preprocessor.") or (key.startswith("ema_") and "." not in key)


def _new_name(key: str) -> str:
    for pattern, name in _RENAMED:
        key = pattern.sub(name, key)
    return key


def _unstack_final_layer(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Split the stack that was once ``final_layer`` into ``conv_layers`` and the last convolution."""
    stacked = {key: match for key in state if (match := _STACKED_FINAL.match(key))}
    last: dict[str, int] = {}
    for match in stacked.values():
        last[match[1]] = max(last.get(match[1], 0), int(match[2]))
    renamed = {}
    for key, value in state.items():
        if match := stacked.get(key):
            is_last = int(match[2]) == last[match[1]]
            key = f"{match[1]}final_layer.{match[3]}" if is_last else f"{match[1]}conv_layers.{match[2]}.{match[3]}"
        renamed[key] = value
    return renamed


def _turn_displacements(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Upgrade DEKRHead of 0.x, whose displacements pointed the other way and whose first heatmap was the centre's."""
    if not any(key.startswith("head.offset_conv_layers.") for key in state):
        return state
    turned = {}
    for key, value in state.items():
        if key.startswith("head.offset_conv_layers.3."):
            value = -value
        elif key.startswith("head.heatmap_conv_layers.2."):
            value = value.roll(-1, 0)
        turned[key.replace("head.offset_conv_layers.", "head.displacement_conv_layers.", 1)] = value
    return turned


def _rename_vit(state: dict[str, Tensor], wanted: Collection[str]) -> dict[str, Tensor]:
    """Turn a vision transformer of ViTPose's own repository, of MAE or timm into MMPretrain's."""
    prefix = next((start for start in ("backbone.", "") if f"{start}blocks.0.attn.qkv.weight" in state), None)
    if prefix is None or f"{prefix}layers.0.ln1.weight" not in wanted:
        return state
    renamed = {}
    for key, value in state.items():
        if key.startswith(prefix):
            key = prefix + re.sub("^(last_)?norm\\.", "ln1.", key.removeprefix(prefix))
            for old, new in _VIT_RENAMED.items():
                key = key.replace(old, new)
        renamed[key] = value
    positions = f"{prefix}pos_embed"
    if f"{prefix}last_norm.weight" in state and f"{prefix}cls_token" not in wanted and positions in state:
        # ViTPose adds the class token's position to all patches and has no class token.
        renamed[positions] = state[positions][:, 1:] + state[positions][:, :1]
    return renamed


def _rename_mmyolo(state: dict[str, Tensor], wanted: Collection[str]) -> dict[str, Tensor]:
    """Turn YOLOX of MMYOLO, a detector or YOLOX-Pose, into that of MMDetection or posekit's YOLOX-Pose."""
    if not any(key.startswith("neck.top_down_layers.0.0.") for key in state):
        return state
    return {
        _mmyolo_name(key, wanted): value
        for key, value in state.items()
        if not key.startswith("bbox_head.assigner_oks_calculator.")
    }


def _mmyolo_name(key: str, wanted: Collection[str]) -> str:
    for pattern, name in _MMYOLO_RENAMED:
        if pattern.match(key):
            return pattern.sub(name, key)
    flat = key.replace("bbox_head.head_module.", "bbox_head.", 1)
    if flat in wanted or not key.startswith("bbox_head."):
        return flat
    _, part, layer, *rest = key.split(".")
    if part == "loss_pose":
        return "head.loss_oks.sigmas"
    return ".".join(["head", part, _MMYOLO_LAYERS.get(layer, layer), *rest])


def _nested_name(key: str, wanted: Collection[str]) -> str:
    """Move layers into the heatmap head that holds them now in other heads."""
    if key in wanted or not key.startswith("head."):
        return key
    nested = key.replace("head.", "head.simplebaseline_head.", 1)
    renamed = key.replace("head.simplebaseline_head.", "head.deconv_head.", 1)  # SimCCHead
    candidates = (nested, nested.replace(".conv_layers.", ".deconv_layers.", 1), renamed)
    return next((name for name in candidates if name in wanted), key)

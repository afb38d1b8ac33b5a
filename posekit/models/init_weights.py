"""Rules for initial weights, as ``init_cfg`` names them.

A rule is a dict: ``type`` (a key of ``RULES``, or ``Pretrained``), the rule's own numbers, ``bias`` or
``bias_prob``, ``layer`` (names of the classes whose weights it sets, base classes included; all without it) and
``override`` (rules for single named parts).
"""

from __future__ import annotations

import inspect
import logging
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from posekit.registry import strip_scope

CLASSIFIERS = "https://download.openmmlab.com/mmclassification/v0/"
CONVERTED = "https://download.openmmlab.com/pretrain/third_party/"
NAMED_URLS = {
    "mmcls://mobilenet_v2": CLASSIFIERS + "mobilenet_v2/mobilenet_v2_batch256_imagenet_20200708-3b2dc3af.pth",
    "mmcls://resnest50": CLASSIFIERS + "resnest/resnest50_imagenet_converted-1ebf0afe.pth",
    "mmcls://resnest101": CLASSIFIERS + "resnest/resnest101_imagenet_converted-032caa52.pth",
    "mmcls://resnest200": CLASSIFIERS + "resnest/resnest200_imagenet_converted-581a60f2.pth",
    "mmcls://resnest269": CLASSIFIERS + "resnest/resnest269_imagenet_converted-59930960.pth",
    "mmcls://resnet50_v1d": CLASSIFIERS + "resnet/resnetv1d50_b32x8_imagenet_20210531-db14775a.pth",
    "mmcls://resnet101_v1d": CLASSIFIERS + "resnet/resnetv1d101_b32x8_imagenet_20210531-6e13bcd3.pth",
    "mmcls://resnet152_v1d": CLASSIFIERS + "resnet/resnetv1d152_b32x8_imagenet_20210531-278cf22a.pth",
    "mmcls://resnext50_32x4d": CLASSIFIERS + "resnext/resnext50_32x4d_b32x8_imagenet_20210429-56066e27.pth",
    "mmcls://resnext101_32x4d": CLASSIFIERS + "resnext/resnext101_32x4d_b32x8_imagenet_20210506-e0fa3dd5.pth",
    "mmcls://resnext152_32x4d": CLASSIFIERS + "resnext/resnext152_32x4d_b32x8_imagenet_20210524-927787be.pth",
    "mmcls://se-resnet50": CLASSIFIERS + "se-resnet/se-resnet50_batch256_imagenet_20200804-ae206104.pth",
    "mmcls://se-resnet101": CLASSIFIERS + "se-resnet/se-resnet101_batch256_imagenet_20200804-ba5b51d4.pth",
    "mmcls://shufflenet_v1": CLASSIFIERS + "shufflenet_v1/shufflenet_v1_batch1024_imagenet_20200804-5d6cec73.pth",
    "mmcls://shufflenet_v2": CLASSIFIERS + "shufflenet_v2/shufflenet_v2_batch1024_imagenet_20200812-5bf4721e.pth",
    "mmcls://vgg16_bn": CLASSIFIERS + "vgg/vgg16_bn_batch256_imagenet_20210208-7e55cd29.pth",
    "open-mmlab://msra/hrnetv2_w18": CONVERTED + "hrnetv2_w18-00eb2006.pth",
    "open-mmlab://msra/hrnetv2_w32": CONVERTED + "hrnetv2_w32-dc9eeb4f.pth",
    "open-mmlab://msra/hrnetv2_w40": CONVERTED + "hrnetv2_w40-ed0b031c.pth",
    "open-mmlab://msra/hrnetv2_w48": CONVERTED + "hrnetv2_w48-d2186c55.pth",
}


def normal(weight: Tensor, *, mean: float = 0.0, std: float = 1.0) -> None:
    nn.init.normal_(weight, mean, std)


def trunc_normal(weight: Tensor, *, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0) -> None:
    nn.init.trunc_normal_(weight, mean, std, a, b)


def uniform(weight: Tensor, *, a: float = 0.0, b: float = 1.0) -> None:
    nn.init.uniform_(weight, a, b)


def constant(weight: Tensor, *, val: float) -> None:
    nn.init.constant_(weight, val)


def xavier(weight: Tensor, *, gain: float = 1.0, distribution: str = "normal") -> None:
    (nn.init.xavier_uniform_ if distribution == "uniform" else nn.init.xavier_normal_)(weight, gain)


def kaiming(
    weight: Tensor,
    *,
    a: float = 0.0,
    mode: str = "fan_out",
    nonlinearity: str = "relu",
    distribution: str = "normal",
) -> None:
    fill: Callable[..., Tensor] = nn.init.kaiming_uniform_ if distribution == "uniform" else nn.init.kaiming_normal_
    fill(weight, a=a, mode=mode, nonlinearity=nonlinearity)


def caffe2_xavier(weight: Tensor) -> None:
    nn.init.kaiming_uniform_(weight, a=1.0, mode="fan_in", nonlinearity="leaky_relu")


RULES: dict[str, Callable[..., None]] = {
    "Normal": normal,
    "TruncNormal": trunc_normal,
    "Uniform": uniform,
    "Constant": constant,
    "Xavier": xavier,
    "Kaiming": kaiming,
    "Caffe2Xavier": caffe2_xavier,
}


def rule_name(kind: str) -> str:
    """Return the name of a rule, which may be written as a class: ``mmengine.model.KaimingInit``."""
    return strip_scope(kind).removesuffix("Init")


def apply_rule(module: nn.Module, rule: dict[str, Any]) -> None:
    """Apply one ``init_cfg`` rule to ``module`` and all modules within it.

    Raises:
        ValueError: if the rule or an option is unknown, or an override names a part that does not exist.
    """
    options = {key: value for key, value in rule.items() if key not in ("type", "layer", "override", "map_location")}
    kind = rule_name(rule["type"])
    if kind == "Pretrained":
        load_pretrained(module, **options)
        return
    fill = _filler(kind, options)
    layers = [rule["layer"]] if isinstance(rule.get("layer"), str) else rule.get("layer")
    overrides = rule.get("override") or []
    for part in module.modules() if layers or not overrides else ():
        if not layers or any(base.__name__ in layers for base in type(part).__mro__):
            fill(part)
    for override in [overrides] if isinstance(overrides, dict) else overrides:
        _apply_override(module, override, {"type": kind, **options})


def _apply_override(module: nn.Module, override: dict[str, Any], default: dict[str, Any]) -> None:
    part = getattr(module, override.get("name", ""), None)
    if not isinstance(part, nn.Module):
        names = ", ".join(name for name, _ in module.named_children())
        raise ValueError(f"init_cfg override {override}: {type(module).__name__} has no such part; it has {names}")
    rule = {key: value for key, value in override.items() if key != "name"}
    apply_rule(part, rule if "type" in rule else {**default, **rule})


def _filler(kind: str, options: dict[str, Any]) -> Callable[[nn.Module], None]:
    if kind not in RULES:
        raise ValueError(f"init_cfg has no type '{kind}'; use one of {', '.join([*RULES, 'Pretrained'])}")
    known = {*list(inspect.signature(RULES[kind]).parameters)[1:], "bias", "bias_prob"}
    if unknown := options.keys() - known:
        raise ValueError(f"init_cfg {kind} has no option {sorted(unknown)}; it has {', '.join(sorted(known))}")
    numbers = {key: value for key, value in options.items() if key not in ("bias", "bias_prob")}
    probability = options.get("bias_prob")
    offset = options.get("bias", 0.0) if probability is None else -math.log((1 - probability) / probability)

    @torch.no_grad()
    def fill(part: nn.Module) -> None:
        weight, bias = getattr(part, "weight", None), getattr(part, "bias", None)
        if isinstance(weight, Tensor):
            RULES[kind](weight, **numbers)
        if isinstance(bias, Tensor):
            bias.fill_(offset)

    return fill


def load_pretrained(module: nn.Module, checkpoint: str, prefix: str | None = None) -> None:
    """Load the matching weights of a checkpoint into ``module``.

    Args:
        checkpoint: path, URL, or name: ``torchvision://resnet50``, ``timm://resnet50.a1_in1k``,
            ``mmcls://...`` and ``open-mmlab://msra/...`` (published classification weights).
        prefix: prefix of the keys to load, which is removed from them.

    Raises:
        ValueError: if no key of the checkpoint has the prefix, or the checkpoint belongs to another model.
    """
    from posekit.checkpoints.load import load_into, read_checkpoint

    scheme, _, name = checkpoint.rpartition("://")
    if scheme == "timm":
        import timm

        state = timm.create_model(name, pretrained=True).state_dict()
    else:
        state = read_checkpoint(_url(scheme, name) or checkpoint)
        prefix = "backbone" if scheme in ("mmcls", "mmpretrain") and prefix is None else prefix
    if prefix is not None:
        state = below(state, prefix, checkpoint)
    convert = getattr(module, "convert_state", None)
    report = load_into(module, convert(state) if convert else state, source=checkpoint)
    logging.getLogger(__name__).info("%s: %s", type(module).__name__, report)


def below(state: dict[str, Tensor], prefix: str, checkpoint: str) -> dict[str, Tensor]:
    """Return the weights whose keys have the prefix, without it."""
    head = prefix.rstrip(".") + "."
    inside = {key[len(head) :]: value for key, value in state.items() if key.startswith(head)}
    if not inside:
        parts = ", ".join(f"'{part}'" for part in dict.fromkeys(key.partition(".")[0] + "." for key in state))
        raise ValueError(f"init_cfg.prefix: '{prefix}' is the beginning of no key in {checkpoint}; keys begin {parts}")
    return inside


def _url(scheme: str, name: str) -> str | None:
    if scheme == "torchvision":
        from torchvision.models import get_model_weights

        return get_model_weights(name).__members__["IMAGENET1K_V1"].value.url
    key = f"{scheme.replace('mmpretrain', 'mmcls')}://{name}"
    if scheme in ("mmcls", "mmpretrain", "open-mmlab") and key not in NAMED_URLS:
        raise ValueError(f"no checkpoint is known as '{scheme}://{name}'; known: {', '.join(NAMED_URLS)}")
    return NAMED_URLS.get(key)

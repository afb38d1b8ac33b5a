"""The registries: one closed table per role, from names to classes.

A name is a key and never an import path. ``posekit/registry/index.py`` lists where each
of posekit's own components lives, so that building one imports nothing else.
A class of your own counts once its module is imported; posekit imports the
packages of a table before it calls a name unknown, so an import in their
``__init__.py`` is enough.

``build`` checks the whole tree of a config first and reports all its problems
at once. Which arguments are configs of further parts is said by their hints: a
hint that names a role class (one with a ``registry``) receives the built part.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast
from weakref import WeakValueDictionary

from posekit.registry.index import INDEX

if TYPE_CHECKING:
    from posekit.registry.signature import Slot

T = TypeVar("T", bound=Callable[..., Any])

PACKAGES = ("mmpose", "mmdet", "mmpretrain", "mmcls", "mmengine", "mmcv", "torch")
"""First parts of dotted names, such as ``mmpose.models.HeatmapHead`` in a dumped config, that mean posekit's tables."""

BOOKKEEPING = ("type", "_scope_")
"""Keys of a config that are no arguments."""

EXTERNAL: dict[str, dict[str, str]] = {
    "OPTIMIZERS": {
        name: f"torch.optim:{name}"
        for name in (
            "ASGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "LBFGS", "NAdam", "RAdam",
            "RMSprop", "Rprop", "SGD", "SparseAdam",
        )
    },
}  # fmt: skip
"""Names that belong to classes of other packages, in the form of the index."""


IN_TIMM = {
    "BEiTViT": "beit_base_patch16_224", "ConvMixer": "convmixer_768_32", "CSPDarkNet": "cspdarknet53",
    "CSPResNet": "cspresnet50", "CSPResNeXt": "cspresnext50", "DaViT": "davit_tiny",
    "DeiT3": "deit3_small_patch16_224", "DenseNet": "densenet121",
    "DistilledVisionTransformer": "deit_small_distilled_patch16_224", "EdgeNeXt": "edgenext_small",
    "EfficientFormer": "efficientformer_l1", "InceptionV3": "inception_v3", "LeViT": "levit_conv_128",
    "MlpMixer": "mixer_b16_224", "MobileViT": "mobilevit_s", "MViT": "mvitv2_tiny", "PCPVT": "twins_pcpvt_small",
    "PoolFormer": "poolformer_s12", "Res2Net": "res2net50_26w_4s", "SVT": "twins_svt_small",
    "SwinTransformerV2": "swinv2_tiny_window8_256", "TinyViT": "tiny_vit_5m_224", "TNT": "tnt_s_patch16_224",
    "ViTEVA02": "eva02_tiny_patch14_224", "ViTSAM": "samvit_base_patch16", "XCiT": "xcit_tiny_12_p8_224",
}  # fmt: skip
"""Backbones of MMPretrain that posekit has not, and a model of timm of the same kind."""

NOWHERE = (
    "CSPNet", "Conformer", "HiViT", "HorNet", "LeNet5", "MixMIMTransformer", "PyramidVig", "RIFormer", "RepLKNet",
    "RepMLPNet", "ResNetV1c", "ResNet_CIFAR", "RevVisionTransformer", "SparseConvNeXt", "SparseResNet", "T2T_ViT",
    "VAN", "Vig",
)  # fmt: skip
"""Backbones of MMPretrain that neither posekit nor timm has."""


NO_DETECTOR = (
    "ATSS", "CascadeRCNN", "CenterNet", "DETR", "DINO", "DeformableDETR", "FCOS", "FasterRCNN", "MaskRCNN", "RetinaNet",
    "SSD", "SingleStageDetector", "TwoStageDetector", "YOLOV3",
)  # fmt: skip
"""Detectors of MMDetection that posekit has not."""

NO_TRACKER = ("ByteTrack", "DeepSORT", "OCSORT", "QDTrack", "SORT", "StrongSORT", "Tracktor")
"""Trackers of MMDetection and MMTracking that posekit has not."""

ABSENT = {
    **dict.fromkeys(
        NO_DETECTOR,
        "posekit's detectors are RTMDet and YOLOX, such as posekit::detection/rtmdet/rtmdet_m_8xb32-300e_coco.py",
    ),
    **dict.fromkeys(
        NO_TRACKER, "posekit follows people with `posekit track`, for which a detector and a pose model are enough"
    ),
    "YOLODetector": "of MMYOLO's models posekit has YOLOX-Pose alone (`posekit config list yolox-pose`); its detectors "
    "are RTMDet and YOLOX, such as posekit::detection/rtmdet/rtmdet_m_8xb32-300e_coco.py",
}
"""Models that posekit has not -> what it has in their place."""


class UnknownNameError(KeyError, ValueError):
    """A table has no such name."""

    def __str__(self) -> str:
        return self.args[0]


WRONG_VALUE = (TypeError, AttributeError, LookupError, ArithmeticError, RuntimeError)
"""What constructors raise that were given a text for a number, a list too short and the like."""


class BuildError(ValueError):
    """Everything that is wrong with one config tree, a line for each problem."""

    def __init__(self, problems: Iterable[str], file: str = "") -> None:
        self.problems = list(problems)
        count = len(self.problems)
        head = f"{count} problem{'s' if count > 1 else ''} in {file or 'the config'}:"
        super().__init__("\n  ".join([head, *joined(self.problems)]))


def joined(problems: Iterable[str]) -> list[str]:
    """Return the problems with those that read alike as one, so that their list of names stands once."""
    places: dict[str, list[str]] = {}
    for problem in problems:
        place, _, reason = problem.partition(": ")
        places.setdefault(reason or problem, []).append(place)
    return [f"{', '.join(at)}: {reason}" if at != [reason] else reason for reason, at in places.items()]


class Registry:
    """A closed table from names to the classes of one role.

    Args:
        role: the table's name.
        package: package with classes of the role besides the packages that the index names.
        shared: whether equal settings give one and the same object.

    Example:
        >>> SHAPES = Registry("shapes")
        >>> @SHAPES.register_module()
        ... class Square:
        ...     def __init__(self, side: float) -> None:
        ...         self.side = side
        >>> SHAPES.build(dict(type="Square", side=2.0)).side
        2.0
    """

    def __init__(self, role: str, package: str = "", *, shared: bool = False) -> None:
        self.role = role
        self.package = package
        self.classes: dict[str, Callable[..., Any]] = {}
        self.index: dict[str, str] = {**EXTERNAL.get(role, {}), **INDEX.get(role, {})}
        self.built: WeakValueDictionary[Hashable, Any] | None = WeakValueDictionary() if shared else None
        self._replaced: set[str] = set()
        packages = (place.partition(":")[0].rpartition(".")[0] for place in INDEX.get(role, {}).values())
        self.unread_packages: list[str] = sorted({*packages, *([package] if package else [])})

    def register_module(
        self, name: str | Sequence[str] | None = None, force: bool = False, module: Any = None
    ) -> Callable[[T], T]:
        """Return a decorator that adds a class under ``name``, by default its own.

        Args:
            name: one name, or several for one class.
            force: replace the class that holds the name.
            module: class to add at once; it is returned in place of a decorator.

        Raises:
            TypeError: if ``name`` is no name, as without the parentheses of ``@MODELS.register_module()``.
            ValueError: if another class already holds the name.
        """
        names = [name] if isinstance(name, str) else name
        if names is not None and not (
            isinstance(names, Sequence) and names and all(isinstance(each, str) for each in names)
        ):
            raise TypeError(
                f"{self.role}.register_module: name must be a text or a list of texts, not {name!r}; "
                f"as a decorator it needs parentheses, @{self.role}.register_module()"
            )

        def register(cls: T) -> T:
            for key in names or [cls.__name__]:
                self._add(key, cls, force)
            return cls

        return register if module is None else register(module)

    def _add(self, key: str, cls: Callable[..., Any], force: bool) -> None:
        place = f"{cls.__module__}:{cls.__qualname__}"
        holder = self.classes.get(key)
        held = f"{holder.__module__}:{holder.__qualname__}" if holder else self.index.get(key, place)
        if held != place and not force:
            if key in self._replaced and self.index.get(key) == place:
                return  # posekit's own class, whose module was imported after the name had been taken from it
            raise ValueError(
                f"{self.role} already has '{key}' ({held}); choose another name for {place}, "
                "or replace the class with register_module(force=True)"
            )
        if held != place:
            self._replaced.add(key)
        self.classes[key] = cls

    def names(self) -> list[str]:
        return sorted({*self.classes, *self.index})

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._knows(strip_scope(name))

    def _knows(self, key: str) -> bool:
        """Whether the table has a name; packages that may register it are imported first if necessary."""
        while key not in self.classes and key not in self.index and self.unread_packages:
            importlib.import_module(self.unread_packages.pop())
        return key in self.classes or key in self.index

    def advice(self, name: object) -> str:
        """Say what to write in place of a name that the table lacks."""
        key = strip_scope(name) if isinstance(name, str) else ""
        if self.role == "MODELS" and key in NOWHERE:
            return f"neither posekit nor timm has {key}; choose another backbone"
        if self.role == "MODELS" and key in IN_TIMM:
            return f"use timm's, as in type='TimmBackbone', model_name='{IN_TIMM[key]}', out_indices=(-1,)"
        if self.role == "MODELS" and key in ABSENT:
            return ABSENT[key]
        from posekit.console import suggestion

        return suggestion(_last_part(name), self.names())

    def get(self, name: str) -> Any:
        """Return the class called ``name``.

        Raises:
            KeyError: if the table has no such name; the message suggests near ones.
        """
        key = strip_scope(name)
        if self._knows(key) and key not in self.classes:
            module, _, attribute = self.index[key].partition(":")
            self.classes[key] = getattr(importlib.import_module(module), attribute)
        if key not in self.classes:
            raise UnknownNameError(f"no name '{name}' in {self.role}; {self.advice(key)}")
        return self.classes[key]

    def build(self, config: Mapping[str, Any], **defaults: Any) -> Any:
        """Check ``dict(type=name, **arguments)`` and everything under it, then build it.

        Args:
            config: the arguments; those hinted with a role class are configs of further parts and built first.
            defaults: arguments for what the config leaves open.

        Raises:
            BuildError: if anything in the tree is wrong; nothing has been built then.
        """
        from posekit.registry.checking import file_of

        if problems := self.check(config, given=defaults):
            raise BuildError(problems, file_of(config))
        return self.construct(config, defaults)

    def check(self, config: Any, at: str = "", *, given: Iterable[str] = ()) -> list[str]:
        """Return what is wrong with a config tree; nothing is built.

        Args:
            config: the tree.
            at: its dotted path, for the messages; a loaded ``Config`` knows it.
            given: names of arguments that the config may leave out.
        """
        from posekit.registry.checking import Check  # importing a class takes neither checking nor building

        return list(Check(at).part(config, self, given=given))

    def construct(self, config: Mapping[str, Any], defaults: Mapping[str, Any] | None = None) -> Any:
        """Build a config that has been checked.

        Raises:
            BuildError: if a class cannot take the values it is given; the check knows names only.
        """
        from posekit.registry.signature import parameters

        cls: Any = config["type"] if callable(config["type"]) else self.get(config["type"])
        slots, _ = parameters(cls)
        arguments = {**(defaults or {}), **{key: item for key, item in config.items() if key not in BOOKKEEPING}}
        key = None if self.built is None else settings_key(cls, arguments)
        if self.built is not None and key in self.built:
            return self.built[key]
        arguments = {name: _built(value, slots.get(name)) for name, value in arguments.items()}
        try:
            part = cls(**arguments)
        except WRONG_VALUE as error:
            from posekit.registry.checking import ConfigSpot, file_of, spot_of

            spot, why = spot_of(config, "type", ConfigSpot(""), keep=True), str(error).partition("\n")[0]
            problem = f"{spot}: {cls.__name__} cannot be made of these values ({type(error).__name__}: {why})"
            raise BuildError([problem], file_of(config)) from error
        if self.built is not None and key is not None:
            self.built[key] = part
        return part


def strip_scope(name: str) -> str:
    """Return the last part of a dotted name that begins with a known package, and any other name as it is."""
    return name.rpartition(".")[2] if name.partition(".")[0] in PACKAGES else name


def settings_key(cls: Any, arguments: Mapping[str, Any]) -> Hashable | None:
    """Return a key that is equal for equal settings, defaults included; None where that cannot be told."""
    from posekit.registry.signature import parameters

    defaults = {name: slot.default for name, slot in parameters(cls)[0].items() if not slot.required}
    try:
        return cls, comparable({**defaults, **arguments})
    except TypeError:
        return None


def comparable(value: Any) -> Hashable:
    """Return a hashable that is equal for equal settings; arrays, lists and tuples are alike.

    Raises:
        TypeError: if the value holds anything else than settings.
    """
    if isinstance(value, Mapping):
        items = cast("Mapping[Any, Any]", value).items()
        return "dict", frozenset((key, comparable(item)) for key, item in items if key not in BOOKKEEPING[1:])
    if isinstance(value, (list, tuple)):
        return tuple(comparable(item) for item in cast("list[Any]", value))
    if isinstance(value, (set, frozenset)):
        return frozenset(cast("set[Any]", value))
    if hasattr(value, "tolist"):
        return comparable(value.tolist())
    if value is None or isinstance(value, (bool, int, float, str, type)):
        return value
    raise TypeError(f"{type(value).__name__} has no comparable value")


def _built(value: Any, slot: Slot | None) -> Any:
    if slot is None or slot.role is None:
        return value
    if isinstance(value, Mapping):
        settings = cast("Mapping[str, Any]", value)
        if "type" in settings:
            return slot.role.registry.construct(settings)
        return {key: _built(item, slot) for key, item in settings.items()}
    if isinstance(value, (list, tuple)):
        return [_built(item, slot) for item in cast("list[Any]", value)]
    return value


def _last_part(name: object) -> str:
    """Return what follows the last dot: a class is looked up without the package that the text names."""
    return str(name).rpartition(".")[2]


MODELS = Registry("MODELS", "posekit.models")
CODECS = KEYPOINT_CODECS = Registry("CODECS", "posekit.codecs", shared=True)
DATASETS = Registry("DATASETS", "posekit.datasets")
TRANSFORMS = Registry("TRANSFORMS", "posekit.datasets.transforms")
METRICS = Registry("METRICS", "posekit.evaluation")
HOOKS = Registry("HOOKS", "posekit.engine.hooks")
VISUALIZERS = Registry("VISUALIZERS", "posekit.visualization")
SAMPLERS = Registry("SAMPLERS", "posekit.datasets.samplers")
OPTIMIZERS = Registry("OPTIMIZERS", "posekit.engine.optimizers")
SCHEDULES = Registry("SCHEDULES", "posekit.engine.schedules")

TABLES = (MODELS, CODECS, DATASETS, TRANSFORMS, METRICS, HOOKS, VISUALIZERS, SAMPLERS, OPTIMIZERS, SCHEDULES)
"""All of them."""

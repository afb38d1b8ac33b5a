"""The registries: names, the index, checks of whole trees, shared codecs."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from posekit import registry
from posekit.config import loads
from posekit.registry import CODECS, MODELS, OPTIMIZERS, BuildError, Registry, settings_key, signature
from posekit.registry.index import INDEX

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[1]
PARTS = Registry("PARTS")
SHARED = Registry("SHARED", shared=True)


class BaseWheel:
    registry = PARTS


class BaseSeat:
    registry = PARTS


class BaseBell:
    registry = SHARED


@PARTS.register_module()
class Wheel(BaseWheel):
    def __init__(self, size: int, options: dict | None = None) -> None:
        self.size, self.options = size, options


@PARTS.register_module()
class BigWheel(Wheel):
    def __init__(self, extra: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.extra = extra


@PARTS.register_module()
class Unicycle(Wheel):
    def __init__(self, **kwargs: Any) -> None:
        self.age = kwargs.pop("age", 0)
        super().__init__(**kwargs)


@PARTS.register_module()
class Seat(BaseSeat):
    """A part without arguments."""


@PARTS.register_module("Foreign")
class Other:
    """A part that has no role."""


@SHARED.register_module()
class Bell(BaseBell):
    def __init__(self, tone: Sequence[float] = (1.0, 2.0), loud: bool = False, made: Any = None) -> None:
        self.tone = tone


@PARTS.register_module()
class Bike:
    def __init__(
        self,
        front: BaseWheel,
        back: BaseWheel | None = None,
        spare: list[BaseWheel] | None = None,
        seats: dict[str, BaseSeat] | None = None,
        bell: BaseBell | str | None = None,
        options: dict | None = None,
        *rest: int,
    ) -> None:
        self.front, self.back, self.spare, self.seats, self.bell = front, back, spare, seats, bell
        self.options = options


@PARTS.register_module()
class Tandem(Bike):
    def __init__(self, length: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)


WHEEL = dict(type="Wheel", size=20)


def test_parts_are_built_first():
    options = dict(type="Wheel", size=3)
    bike = PARTS.build(
        dict(
            type="mmpose.Bike",
            _scope_="mmpose",
            front=WHEEL,
            spare=(WHEEL, dict(type="mmdet.BigWheel", size=1)),
            seats=dict(a=dict(type="Seat")),
            bell=dict(type="Bell"),
            options=options,
        )
    )
    assert (bike.front.size, bike.back, type(bike.spare[1]), type(bike.seats["a"])) == (20, None, BigWheel, Seat)
    assert isinstance(bike.bell, Bell)
    assert bike.options is options


def test_arguments_of_the_parent_class_are_built_too():
    assert PARTS.build(dict(type="Tandem", front=WHEEL)).front.size == 20


def test_defaults_and_built_objects():
    wheel = Wheel(5)
    assert PARTS.build(dict(type="Bike"), front=wheel).front is wheel
    assert PARTS.build(dict(type="Bike", front=dict(type="Wheel", size=1)), front=wheel).front.size == 1
    assert PARTS.build(dict(type=Wheel, size=7)).size == 7
    assert PARTS.build(dict(type="Bike", front=WHEEL, bell="ring")).bell == "ring"
    assert isinstance(PARTS.build(dict(type="Bike", front=dict(type="Foreign"))).front, Other)


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        (dict(type="Weel"), "type: no part named 'Weel'; did you mean 'Wheel'"),
        (dict(type="os.system", command="true"), "type: no part named 'os.system'; known: BigWheel, Bike"),
        (dict(type=["Wheel"]), "type: no part named ['Wheel']"),
        (dict(type="Wheel", siz=1), "siz: Wheel has no argument 'siz'; did you mean 'size'"),
        (dict(type="Wheel", size=1, x=1), "x: Wheel has no argument 'x'; it has size, options"),
        (dict(type="Seat", x=1), "x: Seat has no argument 'x'; it has none"),
        (dict(type="Wheel"), "config: Wheel needs 'size'"),
        (dict(type="Bike", front=None), "front: needs a BaseWheel, as dict(type=...), not None"),
        (dict(type="Bike", front=3), "front: needs a BaseWheel, as dict(type=...), not 3"),
        (
            dict(type="Bike", front=dict(size=3)),
            "front: needs dict(type=...) with a name of PARTS, not a dict with the keys size",
        ),
        (dict(type="Bike", front=dict(type="Seat")), "front.type: Seat is a BaseSeat; a BaseWheel belongs here"),
        (dict(type="Bike", front=WHEEL, spare=[WHEEL, 3]), "spare.1: needs a BaseWheel"),
        (dict(type="Bike", front=WHEEL, seats=dict(a=dict(type="Bell"))), "seats.a.type: no part named 'Bell'"),
        (dict(type="Bike", front=WHEEL, bell=dict(type="Bell", tune=1)), "bell.tune: Bell has no argument 'tune'"),
        (dict(size=3), "config: needs dict(type=...) with a name of PARTS, not a dict with the keys size"),
        (3, "config: needs dict(type=...) with a name of PARTS, not 3"),
    ],
)
def test_one_problem(config, problem):
    with pytest.raises(BuildError, match="1 problem in the config:") as error:
        PARTS.build(config)
    assert len(error.value.problems) == 1
    assert problem in error.value.problems[0]


def test_all_problems_at_once_with_their_lines(tmp_path):
    config = loads(
        "seat = dict(type='Seet')\nbike = dict(\n    type='Bike',\n    front=dict(\n        type='Wheel',\n"
        "        sizes=3),\n    seats=dict(a=seat),\n    spare=[dict(\n        type='Wheeel')])\n",
        name="my.py",
    )
    with pytest.raises(BuildError) as error:
        PARTS.build(config.bike)
    assert str(error.value).splitlines() == [
        "3 problems in my.py:",
        "  bike.front.sizes (line 6): Wheel has no argument 'sizes'; did you mean 'size'?",
        "  bike.seats.a.type (line 1): no part named 'Seet'; did you mean 'Seat'?",
        "  bike.spare.0.type (line 9): no part named 'Wheeel'; did you mean 'Wheel' or 'BigWheel'?",
    ]


def test_nothing_is_built_before_all_is_checked(monkeypatch):
    built = []
    monkeypatch.setattr(Wheel, "__init__", lambda self, size, options=None: built.append(size))
    signature.parameters.cache_clear()
    with pytest.raises(BuildError):
        PARTS.build(dict(type="Bike", front=WHEEL, bel=3))
    assert built == []
    signature.parameters.cache_clear()


def test_classes_that_use_their_keywords_take_anything():
    assert PARTS.check(dict(type="Unicycle", age=3, sise=3)) == []


def test_classes_that_hand_their_keywords_on_take_the_parents():
    assert PARTS.check(dict(type="BigWheel", size=3)) == []
    assert PARTS.check(dict(type="BigWheel", sise=3)) == ["sise: BigWheel has no argument 'sise'; did you mean 'size'?"]


def test_a_check_of_a_plain_tree_names_the_place_it_is_given():
    assert PARTS.check(dict(type="Wheel"), "model.wheel") == ["model.wheel: Wheel needs 'size'"]


def test_register_twice():
    table = Registry("TABLE")
    table.register_module()(Wheel)
    table.register_module()(Wheel)
    with pytest.raises(ValueError, match=r"TABLE already has 'Wheel' .*test_registry:Wheel\); choose another name"):
        table.register_module("Wheel")(Seat)
    with pytest.raises(ValueError, match=r"MODELS already has 'ResNet' \(posekit\.models\.backbones\.resnet:ResNet\)"):
        MODELS.register_module("ResNet")(Seat)


def test_replace_a_class():
    table = Registry("TABLE")
    table.index["Wheel"] = "tests.wheels:Wheel"
    with pytest.raises(ValueError, match=r"or replace the class with register_module\(force=True\)"):
        table.register_module("Wheel")(Seat)
    table.register_module("Wheel", force=True)(Seat)
    assert table.get("Wheel") is Seat
    own = type("Wheel", (), {"__module__": "tests.wheels"})
    assert table.register_module()(own) is own
    assert table.get("Wheel") is Seat


def test_several_names_and_classes_without_a_decorator():
    table = Registry("TABLE")
    assert table.register_module(name=["A", "B"], module=Seat) is Seat
    assert table.get("A") is table.get("B") is Seat
    with pytest.raises(TypeError, match=r"as a decorator it needs parentheses, @TABLE.register_module\(\)"):
        table.register_module(Wheel)
    with pytest.raises(TypeError, match="a list of texts, not \\[\\]"):
        table.register_module([])


def test_packages_are_imported_before_a_name_is_unknown(tmp_path, monkeypatch):
    (tmp_path / "own_parts").mkdir()
    (tmp_path / "own_parts" / "__init__.py").write_text(
        "from test_registry import PARTS, Seat\nPARTS.classes['Own'] = Seat\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "test_registry", sys.modules[__name__])
    monkeypatch.setattr(PARTS, "classes", dict(PARTS.classes))
    monkeypatch.setattr(PARTS, "unread_packages", ["own_parts"])
    assert PARTS.get("Wheel") is Wheel
    assert "own_parts" not in sys.modules
    assert PARTS.get("Own") is Seat
    assert "Other" not in PARTS


def test_unknown_name():
    with pytest.raises(KeyError, match=r"^no name 'Weel' in PARTS; did you mean 'Wheel'"):
        PARTS.get("Weel")
    assert "Weel" not in PARTS
    assert 3 not in PARTS
    assert "mmpose.Wheel" in PARTS


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mmpose.models.pose_estimators.topdown.TopdownPoseEstimator", "TopdownPoseEstimator"),
        ("torch.optim.adamw.AdamW", "AdamW"),
        ("mmengine.model.PretrainedInit", "PretrainedInit"),
        ("my_lab.models.HeatmapHead", "my_lab.models.HeatmapHead"),
        ("HeatmapHead", "HeatmapHead"),
    ],
)
def test_dotted_names_of_known_packages_stand_for_their_last_part(name, expected):
    assert registry.strip_scope(name) == expected


def test_a_name_is_never_an_import_path():
    for name in ("os.system", "os:system", "posekit.models.backbones.resnet:ResNet", "mmpose.os.system", "__class__"):
        assert name not in MODELS
        with pytest.raises(BuildError, match="no model named"):
            MODELS.build(dict(type=name))


# --- shared objects ----------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {}),
        ({}, dict(tone=[1, 2], loud=False)),
        (dict(tone=np.array([1.0, 2.0])), dict(tone=(1.0, 2.0))),
        (dict(made=dict(a={1, 2}, b=np.float32(3))), dict(made=dict(b=3, a={2, 1}))),
        (dict(tone=np.zeros((2, 2))), dict(tone=[[0, 0], [0, 0]])),
    ],
)
def test_equal_settings_are_one_object(one, other):
    first = SHARED.build(dict(type="Bell", **one))
    assert SHARED.build(dict(type="posekit.Bell".removeprefix("posekit."), **other)) is first


@pytest.mark.parametrize("other", [dict(loud=True), dict(tone=(1.0, 2.5)), dict(made=[1])])
def test_unequal_settings_are_two_objects(other):
    first = SHARED.build(dict(type="Bell"))
    assert SHARED.build(dict(type="Bell", **other)) is not first


def test_settings_without_a_value_are_not_shared():
    config = dict(type="Bell", made=object())
    assert settings_key(Bell, dict(made=object())) is None
    assert SHARED.build(config) is not SHARED.build(config)


def test_codecs_are_shared():
    size = dict(input_size=(192, 256), heatmap_size=(48, 64), sigma=2)
    first = CODECS.build(dict(type="MSRAHeatmap", **size))
    assert CODECS.build(dict(type="mmpose.MSRAHeatmap", unbiased=False, **size)) is first
    assert CODECS.build(dict(type="MSRAHeatmap", unbiased=True, **size)) is not first


# --- the index ---------------------------------------------------------------


def test_index_is_up_to_date():
    done = subprocess.run([sys.executable, "tools/write_index.py", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, "run `python tools/write_index.py`"


def test_every_module_of_the_index_exists():
    places = {place.partition(":")[0] for rows in INDEX.values() for place in rows.values()}
    assert [place for place in places if not (ROOT / f"{place.replace('.', '/')}.py").is_file()] == []


@pytest.mark.parametrize("role", sorted(INDEX))
def test_every_package_of_a_table_exists(role):
    packages = Registry(role, getattr(registry, role).package).unread_packages
    assert packages
    assert [name for name in packages if not (ROOT / name.replace(".", "/") / "__init__.py").is_file()] == []


def test_optimizers_of_torch():
    assert OPTIMIZERS.get("AdamW").__module__.startswith("torch.optim")
    assert OPTIMIZERS.get("torch.optim.SGD") is OPTIMIZERS.get("SGD")


def test_a_lookup_imports_only_what_it_needs():
    code = (
        "import sys; from posekit.registry import CODECS; CODECS.get('RegressionLabel');"
        "print(*sorted(m for m in sys.modules if m.startswith('posekit.codecs.') or m in ('torch', 'cv2')))"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert "torch" not in done.stdout.split()
    assert "posekit.codecs.msra_heatmap" not in done.stdout.split()


def test_known_models_have_no_problem(shared):
    with gzip.open(shared / "conformance" / "models.json.gz", "rt") as file:
        records = json.load(file)
    problems = [problem for record in records for problem in MODELS.check(record["model"], "model")]
    assert [problem for problem in problems if "no model named" not in problem] == []


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("mmdet.FasterRCNN", "posekit's detectors are RTMDet and YOLOX, such as posekit::detection/rtmdet/"),
        ("DeepSORT", "posekit follows people with `posekit track`"),
        ("YOLODetector", "`posekit config list yolox-pose`"),
    ],
)
def test_absent_models_name_what_takes_their_place(name: str, instead: str) -> None:
    with pytest.raises(KeyError, match=re.escape(instead)):
        MODELS.get(name)


def test_problems_that_read_alike_stand_in_one_line():
    error = BuildError(
        ["train.type (a.py:3): no dataset 'X'; known: Y, Z", "broken", "val.type: no dataset 'X'; known: Y, Z"]
    )
    assert len(error.problems) == 3
    assert str(error).splitlines()[1:] == ["  train.type (a.py:3), val.type: no dataset 'X'; known: Y, Z", "  broken"]

"""Config: items as attributes, where they were set, copies, text; overrides and explanations."""

from __future__ import annotations

import copy
import pickle

import pytest

from posekit.config import Config, ConfigError, load, loads
from posekit.config.explain import explain
from posekit.config.overrides import parse_value


@pytest.fixture
def files(tmp_path, monkeypatch):
    folder = tmp_path / "configs"
    folder.mkdir()
    (folder / "base.py").write_text(
        "codec = dict(\n    type='MSRAHeatmap',\n    sigma=2)\nrun = dict(n=1, rates=[1, 2])\n"
    )
    (folder / "child.py").write_text(
        "_base_ = 'base.py'\n"
        "model = dict(\n    head=dict(type='HeatmapHead',\n        decoder=_base_.codec))\n"
        "run = dict(n=5)\n"
        "steps = [\n    dict(type='A'),\n    dict(type='B',\n         p=0.5),\n]\n"
    )
    monkeypatch.chdir(tmp_path)
    return folder


def test_attributes_and_keys():
    config = Config({"a": {"b": [{"c": 1}], "d": ({"e": 2},)}}, f=3)
    assert config.a.b[0].c == config["a"]["d"][0].e - 1 == 1
    config.a.g = {"h": 4}
    config["i"] = [{"j": 5}]
    config.update(k={"l": 6})
    assert (config.a.g.h, config.i[0].j, config.k.l, config.setdefault("m", {"n": 7}).n) == (4, 5, 6, 7)
    del config.a.b
    assert "b" not in config.a
    assert isinstance(config | {"z": {}}, Config)
    config |= {"y": {"x": 1}}
    assert config.y.x == 1


def test_missing_attribute():
    config = Config(model={"head": {}})
    with pytest.raises(AttributeError, match="has no 'modle'; it has model"):
        _ = config.modle
    with pytest.raises(AttributeError, match="did you mean 'model'"):
        del config.modle
    with pytest.raises(KeyError, match="the config has no 'modle'; did you mean 'model'"):
        _ = config["modle"]
    assert not hasattr(config, "train_cfg")
    assert config.get("train_cfg") is None


def test_plain_dict_is_independent():
    config = Config(a=[{"b": (1, {"c": {2}})}])
    plain = config.to_dict()
    assert plain == config
    assert type(plain["a"][0]) is dict
    plain["a"][0]["b"][1]["c"].add(3)
    assert config.a[0].b[1].c == {2}


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, Config, lambda c: pickle.loads(pickle.dumps(c))])
def test_copies_keep_their_marks(files, copied):
    config = load(files / "child.py")
    other = copied(config)
    assert type(other) is Config
    assert other == config
    assert other.where("model.head.type") == "configs/child.py:3"
    assert other.filename == config.filename
    other.model = 3
    assert config.model != 3


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("model", "configs/child.py:2"),
        ("model.head", "configs/child.py:3"),
        ("model.head.decoder", "configs/child.py:4"),
        ("model.head.decoder.sigma", "configs/base.py:3"),
        ("codec.type", "configs/base.py:2"),
        ("run.n", "configs/child.py:5"),
        ("run.rates", "configs/base.py:4"),
        ("run.rates.1", "configs/base.py:4"),
        ("steps", "configs/child.py:6"),
        ("steps.0", "configs/child.py:7"),
        ("steps.1", "configs/child.py:8"),
        ("steps.-1.p", "configs/child.py:9"),
    ],
)
def test_where(files, path, place):
    assert load(files / "child.py").where(path) == place


def test_where_after_changes(files):
    config = load(files / "child.py", ["run.n=7", "steps.1.p=1", "run.rates.0=9"])
    assert [config.where(p) for p in ("run.n", "steps.1.p", "run.rates.0")] == ["command line"] * 3
    assert config.where("run.rates.1") == "configs/base.py:4"
    config.run.n = 8
    assert config.where("run.n") == "set in Python"
    with pytest.raises(ConfigError, match="run has no 'm'; known: n, rates"):
        config.where("run.m")
    with pytest.raises(ConfigError, match="steps has no '2'"):
        config.where("steps.2")


def test_explain(files):
    found = explain(load(files / "child.py", ["run.n=7"]), "run.n")
    assert (found.path, found.text) == ("run.n", "7")
    assert [step.place for step in found.steps] == ["configs/child.py:5", "command line"]
    assert [tuple(step) for step in found.replaced] == [
        ("5", "configs/child.py:5", "run = dict(n=5)"),
        ("1", "configs/base.py:4", "run = dict(n=1, rates=[1, 2])"),
    ]


def test_overriding_one_use_of_a_value_leaves_the_other():
    config = loads(
        "codec = dict(sigma=2)\na = dict(codec=codec)\nb = [codec, codec]", ["a.codec.sigma=3", "b.0.sigma=4"]
    )
    assert [config.codec.sigma, config.a.codec.sigma, config.b[0].sigma, config.b[1].sigma] == [2, 3, 4, 2]


@pytest.mark.parametrize(
    ("override", "key", "value"),
    [
        ("a.b=3", "a", dict(b=3, c=[1, dict(d=2)])),
        ("a.c.1.d=x", "a", dict(b=1, c=[1, dict(d="x")])),
        ("a.c.-1=None", "a", dict(b=1, c=[1, None])),
        ("a.new.deep=true", "a", dict(b=1, c=[1, dict(d=2)], new=dict(deep=True))),
        ("a=dict(b=5)", "a", dict(b=5, c=[1, dict(d=2)])),
        ("a=dict(_delete_=True, e=5)", "a", dict(e=5)),
        ("t.0=5", "t", [5, 2]),
        ("k.1.n=5", "k", {1: dict(n=5)}),
    ],
)
def test_overrides(override, key, value):
    config = loads("a = dict(b=1, c=[1, dict(d=2)])\nt = (1, 2)\nk = {1: dict(n=1)}", [override])
    assert config.to_dict()[key] == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("-0.5", -0.5),
        ("1e-3", 1e-3),
        ("False", False),
        ("null", None),
        ("ResNet", "ResNet"),
        ("'3'", "3"),
        ("work_dirs/a-1.py", "work_dirs/a-1.py"),
        ("https://a.b/c?d=e", "https://a.b/c?d=e"),
        ("two words", "two words"),
        ("", ""),
        ("[1,2]", [1, 2]),
        ("[a,'b',[c/d]]", ["a", "b", ["c/d"]]),
        ("(192,256)", (192, 256)),
        ("1,2", [1, 2]),
        ("{'a':1,b:true}", {"a": 1, "b": True}),
        ("dict(type=A,n=[1])", {"type": "A", "n": [1]}),
        ("__import__('os').system('ls')", "__import__('os').system('ls')"),
        ("[x for x in y]", "[x for x in y]"),
        ("9**9**9**9", "9**9**9**9"),
    ],
)
def test_values_of_overrides(text, value):
    assert parse_value(text) == value


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("a", "'a' is no override; write path.to.key=value"),
        ("a..b=1", "is no override"),
        ("a.c.5=1", r"a.c is .*; it has items 0 to 1"),
        ("a.b.c=1", "a.b is 1; it has nothing to set inside"),
        ("a.b=dict(c=1)", "'a.b' is 1 in the base"),
        ("a=[1,", "no complete list or dict"),
        ("a=" + "9" * 100, "does not fit into 64 bits"),
        ("a=" + "9" * 200_000, "longer than 100,000"),
        ("a=" + "[" * 60 + "]" * 60, "nested more than 40 deep"),
    ],
)
def test_bad_overrides(override, message):
    with pytest.raises(ConfigError, match=f"command line: .*{message}"):
        loads("a = dict(b=1, c=[1, 2])", [override])


VALUES = """
a = dict(type='X', n=[1, 2.5, float('inf'), float('-inf')], empty=dict(), none=None, t=(1,), s={1, 2}, no=set())
b = {1: 'a', 'x-y': "it's", 'class': True, '{{$HOME}}': f'{{{{$HOME}}}}', 'n': 'a\\nb'}
c = [dict(type='LongName', value='v' * 40), dict(type='LongName', value='w' * 40), [[0.1] * 30]]
d = 'it {} a {} b'
"""


def test_dump_loads_to_the_same(tmp_path):
    config = loads(VALUES.replace("'{{$HOME}}':", "'home':"))
    text = config.dump(tmp_path / "resolved.py")
    assert load(tmp_path / "resolved.py").to_dict() == config.to_dict()
    assert load(tmp_path / "resolved.py").dump() == text
    assert max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize(
    ("config", "message"),
    [(Config({"a-b": 1}), "'a-b' is no name"), (Config(a={"b": [object()]}), "a.b.0 is a object")],
)
def test_what_cannot_be_written(config, message):
    with pytest.raises(ConfigError, match=message):
        config.dump()

"""What the config language evaluates, and everything that it refuses."""

from __future__ import annotations

import tracemalloc

import pytest

from posekit.config import ConfigError, load, loads


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x = [1, -2.5, 'a' 'b', True, None, 1e-3]", [1, -2.5, "ab", True, None, 1e-3]),
        ("x = dict(a=1, **{'b': 2})", {"a": 1, "b": 2}),
        ("x = {1: 'a', **dict(b=(2,))}", {1: "a", "b": (2,)}),
        ("x = {1, 2}", {1, 2}),
        ("x = 7 // 2 * 2 ** 3 - 5 % 3 + 1 / 2", 22.5),
        ("a = 3\nx = a > 2 and a < 4 or not a", True),
        ("x = 1 < 2 <= 2 != 3", True),
        ("x = 'low' if 3 in [1, 2] else 'high'", "high"),
        ("a = 3\nx = f'{a:>4}|{a / 2:.2f}|{[a]!r}'", "   3|1.50|[3]"),
        ("x = [i * j for i in range(3) if i for j in (1, 2)]", [1, 2, 2, 4]),
        ("x = {str(k): v for k, v in zip(range(2), ['a', 'b'])}", {"0": "a", "1": "b"}),
        ("x = tuple(i for i in [1, 2])", (1, 2)),
        ("x = [*range(2), *(5, 6)]", [0, 1, 5, 6]),
        ("x = range(3)", [0, 1, 2]),
        ("x = [len([1, 2]), min(3, 1), max([2, 9]), sum((1, 2)), abs(-1), round(2.567, 1)]", [2, 1, 9, 3, 1, 2.6]),
        ("x = list(reversed(sorted([2, 1, 3], reverse=True)))", [1, 2, 3]),
        ("x = [[i, v] for i, v in enumerate('ab', 1)]", [[1, "a"], [2, "b"]]),
        ("x = dict([('a', 1)])", {"a": 1}),
        ("x = [1]\nx.append(2)\nx.extend((3, 4))\nx.insert(0, 0)\nx.pop()", [0, 1, 2, 3]),
        ("x = dict(a=1)\nx.update(b=2)\nx.setdefault('c', 3)\nx.pop('a')\nx['d'] = x.get('e', 5)", dict(b=2, c=3, d=5)),
        ("d = dict(a=1)\nx = [list(d.keys()), d.values(), d.items()]", [["a"], [1], [("a", 1)]]),
        ("x = dict(a=dict(b=1))\nx.a.b = 2\nx.a['c'] = 3", {"a": {"b": 2, "c": 3}}),
        ("x = [1, 2, 3, 4][1:3]", [2, 3]),
        ("x = [1, 2, 3]\nx[1:] = [7]", [1, 7]),
        ("x = [1, 2, 3]\ndel x[0]", [2, 3]),
        ("x = 0\nfor i in range(4):\n    if i % 2:\n        x += i", 4),
        ("a, (b, c) = 1, (2, 3)\nx = [c, b, a]", [3, 2, 1]),
        ("x = [0] * 3 + [1]", [0, 0, 0, 1]),
        ("x = 2 * (1,) + (3,)", (1, 1, 3)),
        ("x = int('3') + float('0.5') + bool(1)", 4.5),
        ("x = 1\n'a text on its own'\npass", 1),
        ("from mmpose.models import HRNet as Net\nx = dict(type=Net)", dict(type="HRNet")),
        ("import torch\nfrom torch import nn\nx = [torch.optim.Adam, nn.ReLU]", ["Adam", "ReLU"]),
        ("from mmengine.config import read_base\nx = 1", 1),
    ],
)  # fmt: skip
def test_values(text, value):
    config = loads(text)
    assert config.to_dict()["x"] == value
    assert type(config.to_dict()["x"]) is type(value)


def test_names_of_loops_and_imports_do_not_stay():
    config = loads("from a import B\ni = 5\nx = [i for i in range(3)]")
    assert config.to_dict() == {"i": 5, "x": [0, 1, 2]}


def test_values_share_nothing():
    config = loads("a = dict(n=1)\nb = [a, a]")
    config.b[0].n = 2
    assert (config.a.n, config.b[1].n) == (1, 1)


REFUSED = {
    "import_call": ("import os\nx = os.system('ls')", r":2: calling '.system' of imported name is not allowed"),
    "import_attribute": ("import os\nx = os.__class__", "attribute '.__class__' of imported name"),
    "dunder_import": ("x = __import__('os')", "calling '__import__' is not allowed; functions are dict, list"),
    "open": ("x = open('/etc/passwd')", "calling 'open' is not allowed"),
    "eval": ("x = eval('1')", "calling 'eval'"),
    "type": ("x = type(1)", "calling 'type'"),
    "class": ("x = ().__class__", "attribute '.__class__' of tuple is not allowed; only dicts"),
    "class_of_dict": ("x = dict().__class__", "the dict has no '__class__'"),
    "subclasses": ("x = [].__class__.__base__.__subclasses__()", "attribute '.__class__' of list"),
    "format": ("x = '{0.__class__}'.format(1)", "calling '.format' of str is not allowed"),
    "percent": ("x = '%99999999d' % 1", "use an f-string"),
    "wide_format": ("x = f'{1:999999999}'", "format '999999999' is not allowed"),
    "computed_format": ("n = 10 ** 9\nx = f'{1:{n}}'", "widths and precisions have at most two digits"),
    "sort_key": ("x = sorted([1], key=len)", "'len' is a function and can only be called"),
    "call_result": ("x = (lambda: 1)()", "only named functions can be called"),
    "lambda": ("x = lambda: 1", "Lambda is not part of the config language; write the value"),
    "def": ("def f():\n    return 1", "FunctionDef is not part of the config language"),
    "decorator": ("@f\nclass A:\n    pass", "ClassDef .* --plugin my_package"),
    "while": ("while True:\n    pass", "While .* use a for loop over a range"),
    "try": ("try:\n    x = 1\nexcept ValueError:\n    pass", "Try .* leave it away"),
    "with": ("with open('x') as f:\n    pass", "the only allowed `with` is `with read_base"),
    "walrus": ("x = (y := 1)", "NamedExpr .* line of its own"),
    "async": ("async def f():\n    pass", "AsyncFunctionDef"),
    "yield": ("x = (yield)", "Yield is not part"),
    "global": ("global x", "Global is not part"),
    "match": ("match 1:\n    case 1:\n        pass", "Match .* use if"),
    "assert": ("assert 1", "Assert is not part"),
    "raise": ("raise ValueError", "Raise is not part"),
    "break": ("for i in [1]:\n    break", "Break is not part"),
    "loop_else": ("for i in []:\n    pass\nelse:\n    pass", "a loop with else"),
    "bytes": ("x = b'a'", "bytes is not allowed"),
    "complex": ("x = 1j", "complex is not allowed"),
    "ellipsis": ("x = ...", "ellipsis is not allowed"),
    "shift": ("x = 1 << 9", "operator LShift is not allowed"),
    "invert": ("x = ~1", "operator ~ is not allowed"),
    "huge_power": ("x = 9 ** 9 ** 9", "exponent 387420489 is not between"),
    "huge_integer": ("x = 10 ** 30", "does not fit into 64 bits"),
    "growing_integer": ("x = 1\nfor i in range(999):\n    x = x * 3", "does not fit into 64 bits"),
    "complex_power": ("x = (-8) ** 0.5", "complex number"),
    "round_digits": ("x = round(5, -999999999)", "round to -999999999 digits"),
    "integer_text": ("x = int('9' * 9999)", "more than 400 characters"),
    "long_text": ("x = 'a' * 10 ** 9", "at most 100,000"),
    "long_list": ("x = [0] * 10 ** 9", "more than 250,000 steps"),
    "long_range": ("x = list(range(10 ** 18))", "more than 250,000 steps"),
    "starred_range": ("x = [*range(10 ** 9)]", "more than 250,000 steps"),
    "endless_loop": ("for i in range(10 ** 18):\n    pass", "more than 250,000 steps"),
    "nested_loops": ("for i in range(9999):\n    for j in range(9999):\n        pass", "more than 250,000 steps"),
    "comprehension_bomb": ("x = [[[0 for i in range(999)] for j in range(999)] for k in range(999)]", "250,000 steps"),
    "doubling_list": ("x = [1]\nfor i in range(60):\n    x = x + x", "more than 250,000 steps"),
    "doubling_tuple": ("x = 1\nfor i in range(60):\n    x = (x, x)", "too large: it takes more than 250,000"),
    "doubling_dict": ("x = 1\nfor i in range(60):\n    x = dict(a=x, b=x)", "too large: it takes more than 250,000"),
    "doubling_comparison": ("x = y = 1\nfor i in range(60):\n    x, y = (x, x), (y, y)\nz = x == y", ":4: it takes"),
    "doubling_text": ("x = 'a'\nfor i in range(60):\n    x = f'{x}{x}'", "at most 100,000"),
    "many_texts": ("x = [f'{i}{\"a\" * 90000}' for i in range(9999)]", "more than 250,000 steps"),
    "slow_pop": ("x = list(range(99999))\nfor i in range(99999):\n    x.pop(0)", "more than 250,000 steps"),
    "slow_sum": ("x = sum([[1]] * 999, [])", "sum of something else than numbers"),
    "holds_itself": ("x = []\nx.append(x)", "more than 80 deep or holds itself"),
    "deep_value": ("x = 1\nfor i in range(200):\n    x = [x]", "more than 80 deep"),
    "deep_expression": ("x = " + "[" * 90 + "]" * 90, "nested more than 80 deep"),
    "deep_brackets": ("x = " + "(" * 99999, "too many nested parentheses"),
    "deep_signs": ("x = " + "-" * 99999 + "1", "nested too deeply|not valid Python"),
    "deep_attributes": ("x = a" + ".b" * 50000, "nested too deeply|nested more than 80 deep"),
    "null_byte": ("x = 1\0", "not valid Python"),
    "syntax": ("x = 1\ny = = 2", ":2: not valid Python"),
    "tuple_key": ("x = {(1, 2): 3}", "tuple as a key; keys and items of sets are texts and numbers"),
    "list_key": ("x = {}\nx[[1]] = 2", "list as a key"),
    "tuple_in_set": ("x = {(1, 2)}", "tuple as a key"),
    "unknown_name": ("colour = 1\nx = color", "name 'color' is not defined; did you mean 'colour'"),
    "unknown_key": ("x = dict(sigma=1)\ny = x.sigmas", "the dict has no 'sigmas'; did you mean 'sigma'"),
    "function_value": ("x = dict", "'dict' is a function and can only be called"),
    "reserved_name": ("dict = 3", "the name 'dict' is reserved"),
    "dunder_name": ("__file__ = 3", "the name '__file__' is reserved"),
    "unpack": ("a, b = 1, 2, 3", "3 values for 2 names"),
    "star_target": ("a, *b = 1, 2", "2 values for 2 names"),
    "loop_target": ("d = {}\nfor d['a'] in [1]:\n    pass", "a loop sets plain names only"),
    "assign_call": ("x = 3\nx.y = 1", "cannot set items of int"),
    "wrong_arguments": ("x = dict(1, 2)", r"dict\(\) does not take these arguments"),
    "wrong_order": ("x = sorted([1, 'a'])", r"sorted\(\): '<' not supported"),
    "zero_division": ("x = 1 / 0", ":1: division by zero"),
    "index": ("x = [1][3]", "list index out of range"),
    "add_types": ("x = 1 + 'a'", "Add of int and str is not allowed"),
    "relative_import": ("from . import x", "inside `with read_base"),
    "star_import": ("from os import *", "only allowed inside `with read_base"),
    "plugin": ("custom_imports = dict(imports=['my_package.models'])", "refused: .* --plugin my_package"),
    "plugin_number": ("custom_imports = 3", "custom_imports of '3' is refused"),
    "environment": ("x = '{{ $POSEKIT_NOT_SET }}'", "POSEKIT_NOT_SET is not set; set it, or give a default"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    text, message = REFUSED[name]
    with pytest.raises(ConfigError, match=message) as error:
        loads(text)
    assert str(error.value).startswith("config text:")


def test_refusing_needs_little_memory():
    texts = [REFUSED[name][0] for name in ("many_texts", "doubling_comparison", "doubling_list", "starred_range")]
    tracemalloc.start()
    for text in texts:
        with pytest.raises(ConfigError):
            loads(text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50e6


def test_a_type_is_only_a_name():
    assert loads("x = dict(type='os.system', command='true')").x.type == "os.system"


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.py", b"x = '\xff'", "a.py:1: not UTF-8"),
        ("a.py", b"#" * 600_000, "larger than 512 KiB"),
        ("a.txt", b"x = 1", "a config is a .py file, not '.txt'"),
        ("folder.py", None, "this is a folder"),
    ],
)
def test_files_that_are_no_configs(tmp_path, name, data, message):
    path = tmp_path / name
    if data is None:
        path.mkdir()
    else:
        path.write_bytes(data)
    with pytest.raises(ConfigError, match=message):
        load(path)


def test_missing_file_suggests_its_neighbour(tmp_path):
    (tmp_path / "rtmpose.py").write_text("x = 1")
    with pytest.raises(ConfigError, match=r"no such file; did you mean 'rtmpose\.py"):
        load(tmp_path / "rtmpos.py")
    with pytest.raises(ConfigError, match="does not exist either"):
        load(tmp_path / "nowhere" / "a.py")


def test_byte_order_mark(tmp_path):
    (tmp_path / "a.py").write_bytes(b"\xef\xbb\xbfx = 1")
    assert load(tmp_path / "a.py").x == 1

"""Whatever text comes in: a value or one ConfigError, soon, and nothing has run."""

from __future__ import annotations

import contextlib
import sys
import time

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from posekit.config import ConfigError, loads

NAMES = st.sampled_from(
    ["a", "a", "b", "b", "_base_", "dict", "list", "range", "len", "open", "__import__", "os", "sum", "print"]
)
LITERALS = st.one_of(
    st.integers(0, 3).map(repr),
    st.integers(-(10**20), 10**20).map(repr),
    st.floats().map(repr),
    st.text(max_size=5).map(repr),
    st.sampled_from(["None", "True", "b'x'", "1j", "...", "()", "[]", "{}"]),
)
OPERATORS = st.sampled_from(["+", "-", "*", "/", "//", "%", "**", "<<", "@", "|", "and", "or", "==", "<", "in", "is"])
ATTRIBUTES = st.sampled_from(
    ["append", "extend", "update", "pop", "get", "merge", "__class__", "system", "format", "a"]
)


def compound(inner):
    return st.one_of(
        st.lists(inner, max_size=3).map(lambda x: f"[{', '.join(x)}]"),
        st.lists(inner, max_size=3).map(lambda x: f"({', '.join(x)},)" if x else "()"),
        st.tuples(inner, OPERATORS, inner).map(lambda x: f"({x[0]} {x[1]} {x[2]})"),
        st.tuples(NAMES, inner).map(lambda x: f"{x[0]}({x[1]})"),
        st.tuples(inner, ATTRIBUTES, inner).map(lambda x: f"{x[0]}.{x[1]}({x[2]})"),
        st.tuples(inner, ATTRIBUTES).map(lambda x: f"{x[0]}.{x[1]}"),
        st.tuples(inner, inner).map(lambda x: f"{x[0]}[{x[1]}]"),
        st.tuples(inner, inner).map(lambda x: f"{{{x[0]}: {x[1]}}}"),
        st.tuples(inner, NAMES, inner).map(lambda x: f"[{x[0]} for {x[1]} in {x[2]}]"),
        st.tuples(inner, inner, inner).map(lambda x: f"({x[0]} if {x[1]} else {x[2]})"),
        inner.map(lambda x: f"dict(a={x}, **{x})"),
        inner.map(lambda x: f"(lambda: {x})()"),
        inner.map(lambda x: f"{{{{{x}}}}}"),
    )


EXPRESSIONS = st.recursive(st.one_of(NAMES, LITERALS), compound, max_leaves=8)
SIMPLE = st.one_of(
    st.tuples(NAMES, EXPRESSIONS).map(lambda x: f"{x[0]} = {x[1]}"),
    st.tuples(NAMES, EXPRESSIONS).map(lambda x: f"{x[0]} += {x[1]}"),
    st.tuples(EXPRESSIONS, EXPRESSIONS).map(lambda x: f"a = {x[0]}; a[{x[1]}] = a"),
    EXPRESSIONS,
    EXPRESSIONS.map(lambda x: f"del {x}"),
    st.sampled_from(["import os", "from os import *", "a = [a, a]", "a = a + a", "a.append(a)", "b = (a, b)", "pass"]),
)
BLOCKS = st.one_of(
    SIMPLE,
    st.tuples(NAMES, EXPRESSIONS, SIMPLE).map(lambda x: f"for {x[0]} in {x[1]}:\n    {x[2]}"),
    SIMPLE.map(lambda x: f"for i in range(10 ** 9):\n    for j in range(70):\n        {x}"),
    st.tuples(EXPRESSIONS, SIMPLE).map(lambda x: f"if {x[0]}:\n    {x[1]}\nelse:\n    pass"),
    SIMPLE.map(lambda x: f"while True:\n    {x}"),
    SIMPLE.map(lambda x: f"def f():\n    {x}\nf()"),
    SIMPLE.map(lambda x: f"with read_base():\n    {x}"),
)
PROGRAMS = st.lists(BLOCKS, min_size=1, max_size=3).map(lambda lines: "a = [1]\nb = 'x'\n" + "\n".join(lines))
RUNNING = ("os.system", "subprocess.Popen", "exec", "import", "socket.connect", "os.exec", "os.spawn", "os.remove")


GROWING = (
    "a = [a, a]",
    "a = a + a",
    "a += a",
    "a.append(a)",
    "a.extend(a)",
    "a = [(x, a) for x in a]",
    "a = [x for x in a for y in a]",
    "a = sorted(a)",
    "a.insert(0, a)",
    "b = b + b",
    "b = f'{b}{a}'",
    "b = str([b, a])",
    "c = dict(a=a, b=b, c=c)",
    "c.update(d=c)",
    "c.merge(dict(d=c))",
    "c = {str(i): c for i in range(99)}",
    "d = d * 3",
    "d = a == c",
    "d = a in a",
    "d = max(len(a), 2) ** 9",
)
GROWTH = st.lists(st.sampled_from(GROWING), min_size=1, max_size=5).map(
    lambda lines: "a = [1]\nb = 'x'\nc = dict()\nd = 2\nfor i in range(300):\n    " + "\n    ".join(lines)
)


class Watch:
    """Raises where the interpreter is about to run, import or delete something; only while it is on."""

    on = False
    added = False

    @classmethod
    def hear(cls, event: str, arguments: tuple) -> None:
        if cls.on and event in RUNNING:
            cls.on = False
            raise SystemExit(f"a config reached {event} {arguments}")


@pytest.fixture(scope="module")
def watch():
    if not Watch.added:
        sys.addaudithook(Watch.hear)
        Watch.added = True
    loads("a = f'{1}'").dump()
    return Watch


def read(text: str, watch: type[Watch]) -> None:
    began = time.process_time()
    watch.on = True
    with contextlib.suppress(ConfigError):
        loads(text).dump()
    watch.on = False
    assert time.process_time() - began < 20


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(PROGRAMS)
@example("a = [1]\nfor i in range(10 ** 9):\n    for j in range(70):\n        a = [a, a]")
def test_random_programs(watch, text):
    read(text, watch)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(GROWTH)
def test_growing_values(watch, text):
    read(text, watch)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text())
def test_random_text(watch, text):
    read(text, watch)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(), st.text())
def test_random_overrides(path, value):
    with contextlib.suppress(ConfigError):
        loads("a = dict(b=[1, dict(c=2)])", [f"a.b.1.{path}={value}"])

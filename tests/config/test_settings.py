"""Settings: bases that see what the configs that inherit them set."""

from __future__ import annotations

import pytest

from posekit.config import ConfigError, load

BASE = """
size: int = 3
codec: dict = dict(type='A', size=size, sigma=2)
model = dict(size=size, codec=codec)
"""


@pytest.fixture
def project(tmp_path):
    """Write files below a ``configs`` folder and load the first, with overrides."""

    def write(*overrides, **files):
        folder = tmp_path / "configs"
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / f"{name}.py").write_text(text)
        return load(folder / f"{next(iter(files))}.py", overrides)

    return write


def test_a_base_alone_has_its_defaults(project):
    config = project(base=BASE)
    assert config.model.to_dict() == dict(size=3, codec=dict(type="A", size=3, sigma=2))


@pytest.mark.parametrize(
    ("child", "model"),
    [
        ("size = 5", dict(size=5, codec=dict(type="A", size=5, sigma=2))),
        ("codec = dict(sigma=7)", dict(size=3, codec=dict(type="A", size=3, sigma=7))),
        ("codec = dict(_delete_=True, type='B')", dict(size=3, codec=dict(type="B"))),
        ("size = 2 + 2\ncodec = dict(size=size // 2)", dict(size=4, codec=dict(type="A", size=2, sigma=2))),
    ],
)
def test_a_base_computes_with_what_the_child_sets(project, child, model):
    assert project(child=f"_base_ = 'base.py'\n{child}\n", base=BASE).model.to_dict() == model


def test_the_outermost_config_wins_through_all_levels(project):
    files = dict(
        user="_base_ = 'leaf.py'\nsize = 9\n", leaf="_base_ = 'recipe.py'\nsize = 5\n", recipe="_base_ = 'base.py'\n"
    )
    config = project(**files, base=BASE)
    assert config.model.size == config.size == 9
    assert project("size=11", **files, base=BASE).model.codec.size == 11
    assert project("codec.sigma=4", **files, base=BASE).model.codec.sigma == 4


def test_a_base_sees_the_bases_listed_before_it(project):
    config = project(
        child="_base_ = ['data.py', 'base.py', 'head.py']\n",
        data="size = 4\nkeypoints = 17\n",
        base=BASE,
        head="keypoints: int\nsize: int = 1\nhead = dict(out=keypoints, size=size)\n",
    )
    assert config.model.size == 4
    assert config.head.to_dict() == dict(out=17, size=4)


def test_a_base_can_be_chosen_by_a_setting(project):
    recipe = "data: str = 'coco'\n_base_ = f'{data}.py'\nhead = dict(out=_base_.keypoints)\n"
    config = project(child="_base_ = 'recipe.py'\ndata = 'mpii'\n", recipe=recipe, mpii="keypoints = 16\n")
    assert config.head.out == 16
    with pytest.raises(ConfigError, match=r"recipe\.py:2: base 'mpi\.py' does not exist: .* mean 'mpii\.py'\?"):
        project(child="_base_ = 'recipe.py'\ndata = 'mpi'\n", recipe=recipe)


def test_read_base_hands_settings_on(project):
    child = "size = 6\nwith read_base():\n    from .base import *\n"
    assert project(child=child, base=BASE).model.size == 6


def test_a_base_cannot_change_what_its_child_owns(project):
    child = "a = dict(n=1)\n_base_ = 'base.py'\n"
    config = project(child=child, base="a: dict = {}\na['m'] = 2\nb = a\n")
    assert config.b.to_dict() == dict(n=1, m=2)
    assert config.a.to_dict() == dict(n=1, m=2)


def test_plain_names_of_a_base_do_not_see_the_child(project):
    config = project(child="_base_ = 'base.py'\nsize = 5\n", base="size = 3\nmodel = dict(size=size)\n")
    assert config.to_dict() == dict(size=5, model=dict(size=3))


@pytest.mark.parametrize(
    ("child", "base", "message"),
    [
        ("", "size: int\n", r"base\.py:1: 'size' is not set; a config that inherits this file has to set it"),
        ("size = 'x'", "size: int = 1\n", r"base\.py:1: 'size' is 'x'; it has to be int \(set at .*child\.py:2\)"),
        ("size = True", "size: int | None = 1\n", "'size' is True; it has to be int or None"),
        ("", "size: Path = 1\n", "the type of a setting is one of int, float, str"),
        ("", "a.b: int = 1\n", "a setting is a plain name"),
        (
            "size = _base_.n\n",
            "n = 2\nsize: int = 1\n",
            r"child\.py:2: 'size' is a setting of a base \(.*base\.py:2\), which has been read before this line; "
            "set it above the first use of _base_",
        ),
    ],
)
def test_mistakes(project, child, base, message):
    with pytest.raises(ConfigError, match=message):
        project(child=f"_base_ = 'base.py'\n{child}\n", base=base)


def test_settings_know_where_they_were_set(project):
    config = project(child="_base_ = 'base.py'\nsize = 5\n", base=BASE)
    assert config.where("size").endswith("child.py:2")
    assert config.where("model.size").endswith("base.py:4")
    assert config.mark("size").before.line == 2


@pytest.mark.parametrize(
    ("child", "override", "message"),
    [
        ("siez = 5", (), r"child\.py:2: nothing reads 'siez'; did you mean the setting 'size'\?"),
        ("", ("sizes=5",), r"command line: nothing reads 'sizes'; did you mean the setting 'size'\?"),
    ],
)
def test_a_misspelled_setting_is_refused(project, child, override, message):
    with pytest.raises(ConfigError, match=message):
        project(*override, child=f"_base_ = 'base.py'\n{child}\n", base=BASE)


def test_names_that_the_file_reads_are_its_own(project):
    config = project(child="_base_ = 'base.py'\nsizes = [5, 6]\nx = sizes[0]\n", base=BASE)
    assert (config.size, config.x) == (3, 5)

"""Bases: merging, deleting, references, variables, the ``read_base`` style, and where bases may lie."""

from __future__ import annotations

import pytest

from posekit.config import ConfigError, load, loads, packaged_configs


@pytest.fixture
def project(tmp_path):
    """Write files below a ``configs`` folder and load the first."""

    def write(**files):
        paths = [tmp_path / "configs" / f"{name.replace('_in_', '/')}.py" for name in files]
        for path, text in zip(paths, files.values(), strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return load(paths[0])

    return write


@pytest.mark.parametrize(
    ("base", "child", "value"),
    [
        ("x = 1", "", 1),
        ("x = 1", "x = 2", 2),
        ("x = dict(a=1, b=dict(c=2))", "x = dict(b=dict(d=3))", dict(a=1, b=dict(c=2, d=3))),
        ("x = dict(a=1)", "x = dict(_delete_=True, b=2)", dict(b=2)),
        ("x = dict(a=dict(b=1))", "x = dict(a=dict(_delete_=True))", dict(a={})),
        ("x = 1", "x = dict(_delete_=True, b=2)", dict(b=2)),
        ("x = None", "x = dict(b=2)", dict(b=2)),
        ("x = [1, 2]", "x = [3]", [3]),
        ("x = dict(a=1)", "x = 3", 3),
        ("x = [dict(a=1, b=1), 2]", "x = {0: dict(a=5)}", [dict(a=5, b=1), 2]),
        ("x = [1, [2, 3]]", "x = {'1': {'0': 7}}", [1, [7, 3]]),
        ("x = (1, 2)", "x = {1: 7}", (1, 7)),
        ("y = dict(a=dict(b=[1, 2]))", "x = _base_.y.a['b'][1]", 2),
        ("y = dict(a=dict(b=[1, 2]))", "x = {{_base_.y.a.b}}", [1, 2]),
        ("y = dict(a=dict(b=[1, 2]))", "x = ['{{_base_.y.a.b}}', 'n{{_base_.y.a.b.0}}']", [[1, 2], "n1"]),
        ("x = [dict(a=1)]", "_base_.x[0] = dict(b=1)", [dict(b=1)]),
        ("x = dict(type='A')", "x = {**_base_.x, 'b': 1}", dict(type="A", b=1)),
    ],
)
def test_merge(project, base, child, value):
    assert project(child=f"_base_ = './base.py'\n{child}\n", base=base).to_dict()["x"] == value


def test_several_levels_and_folders(project):
    config = project(
        task_in_child="_base_ = ['../parts/a.py', '../parts/b.py']\na = dict(n=3)\n",
        parts_in_a="_base_ = 'root.py'\na = dict(m=2)\n",
        parts_in_root="a = dict(n=1)\n",
        parts_in_b="b = 1\n",
    )
    assert config.to_dict() == dict(a=dict(n=3, m=2), b=1)


@pytest.mark.parametrize(
    ("child", "message"),
    [
        ("_base_ = ['b.py', 'c.py']", "'x' is set by two bases .*b.py:1 and .*c.py:2"),
        ("_base_ = 'bb.py'", ":1: base 'bb.py' does not exist"),
        ("_base_ = 'child.py'", "inherits from itself: .*child.py -> .*child.py"),
        ("_base_ = 3", "_base_ is a path or a list of paths, not 3"),
        ("_base_ = 'b.py'\n_base_ = 'c.py'", ":2: _base_ is set twice"),
        ("_base_ = '../../outside.py'", "lies outside of the config folders; bases may come from"),
        ("_base_ = '/etc/passwd'", "lies outside of the config folders"),
        ("_base_ = 'a\\0'", "is no path"),
        ("_base_ = 'posekit::../secret.py'", "leads out of posekit's configs"),
        ("_base_ = 'os::path.py'", "no configs of a package 'os'; packages are posekit, mmpose"),
        ("_base_ = 'b.py'\nx = dict(b=1)", ":2: 'x' is 1 in the base, .* write _delete_=True"),
        ("_base_ = 'd.py'\ny = dict(a=1)", "or edit items with a dict of their numbers"),
        ("_base_ = 'd.py'\ny = {2: 1}", "'y' has 2 items; there is none at 2"),
        ("_base_ = 'b.py'\ny = x", "name 'x' is not defined here; a value of the base is _base_.x"),
        ("_base_ = 'b.py'\ny = _base_.z", "no 'z'"),
        ("_base_ = 'b.py'\ny = '{{_base_.z.a}}'", "no 'z' in the bases"),
        ("with read_base():\n    from .b import y", "the base has no 'y'; it has x"),
        ("with read_base():\n    import os", "only `from .file import ...` is allowed"),
        ("with read_base():\n    from os.path import *", "is no config; write `from .file import"),
        ("with read_base():\n    from ...outside import *", "lies outside"),
    ],
)
def test_bad_bases(project, child, message):
    with pytest.raises(ConfigError, match=message):
        project(child=child, b="x = 1", c="\nx = 2", d="y = [1, 2]")


def test_symbolic_links_do_not_lead_out(project, tmp_path):
    (tmp_path / "secret.py").write_text("x = 1")
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "link.py").symlink_to(tmp_path / "secret.py")
    with pytest.raises(ConfigError, match="lies outside"):
        project(child="_base_ = 'link.py'")


def test_many_bases_are_refused(project):
    files = {f"f{i}": f"_base_ = ['f{i + 1}.py', 'f{i + 1}.py']" for i in range(20)}
    with pytest.raises(ConfigError, match="250,000 steps"):
        project(**files, f20="")
    with pytest.raises(ConfigError, match="more than 32 levels"):
        project(**{f"g{i}": f"_base_ = 'g{i + 1}.py'" for i in range(40)}, g40="")


def test_packaged_base():
    config = loads("_base_ = 'mmpose::_base_/default_runtime.py'\nresume = True")
    assert config.resume is True
    assert config.where("default_hooks").startswith(str(packaged_configs().name))


def test_packaged_configs_are_found_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = ("configs/_base_/datasets/coco.py", "_base_/datasets/coco.py", "posekit::_base_/datasets/coco.py")
    infos = [load(name).to_dict() for name in names]
    assert infos[0] == infos[1] == infos[2]
    assert len(infos[0]["dataset_info"]["keypoint_info"]) == 17


def test_read_base_style(project):
    config = project(
        child="from mmengine.config import read_base\n"
        "with read_base():\n    from .parts.run import *\n    from .parts.more import n as m\n"
        "from mmpose.models import RTMCCHead\n"
        "run.update(epochs=5)\nrun.merge(dict(hook=dict(b=2)))\nhead = dict(type=RTMCCHead, n=m)\n",
        parts_in_run="from x import Y\nrun = dict(epochs=1, hook=dict(a=1))\n",
        parts_in_more="n = 4\nunused = 5\n",
    )
    assert config.to_dict() == dict(run=dict(epochs=5, hook=dict(a=1, b=2)), m=4, head=dict(type="RTMCCHead", n=4))
    assert config.where("run.epochs").endswith("child.py:6")


def test_file_variables(project, tmp_path):
    config = project(
        child="_base_ = 'base.py'\nx = '{{ fileBasenameNoExtension }}{{fileExtname}} {{ other }}'",
        base="b = '{{ fileBasename }}'\nd = '{{ fileDirname }}/x'\nu = {{ fileBasename }}",
    )
    assert config.to_dict() == dict(x="child.py {{ other }}", b="base.py", u="base.py", d=f"{tmp_path / 'configs'}/x")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'{{ $POSEKIT_N:5 }}'", "8"),
        ("{{ '$POSEKIT_N:5' }}", 8),
        ("'a/{{$POSEKIT_N}}/b'", "a/8/b"),
        ("'{{$POSEKIT_NONE:5}}'", "5"),
        ("'{{$POSEKIT_NONE:}}'", ""),
        ("{{'$POSEKIT_NONE:0.5'}}", 0.5),
        ("{{'$POSEKIT_NONE:True'}}", True),
        ("{{'$POSEKIT_NONE:__import__(\"os\")'}}", '__import__("os")'),
    ],
)
def test_environment_values(text, value, monkeypatch):
    monkeypatch.setenv("POSEKIT_N", "8")
    assert loads(f"x = {text}").x == value


def test_custom_imports(project):
    text = "custom_imports = dict(imports=['{}.models'], allow_failed_imports=False)\nx = 1"
    assert project(child=text.format("mmpose")).to_dict() == {"x": 1}
    with pytest.raises(ConfigError, match=r"child.py:1: .*name it yourself on the command line: --plugin lab"):
        project(child=text.format("lab"))


def test_custom_imports_of_a_plugin(tmp_path):
    path = tmp_path / "a.py"
    path.write_text("custom_imports = ['lab.models']\nx = 1")
    assert load(path, plugins=["lab"]).to_dict() == {"x": 1}
    assert load(path, plugins=["lab.models"]).to_dict() == {"x": 1}
    with pytest.raises(ConfigError, match="refused"):
        load(path, plugins=["other"])


FOREIGN = "custom_imports = dict(imports=['models'], allow_failed_imports=False)\n"


def test_custom_imports_are_passed_over_where_nothing_is_missing(project, caplog):
    head = "model = dict(head=dict(type='mmpose.models.HeatmapHead', norm_cfg=dict(type='XBN')))"
    assert "custom_imports" not in project(child=FOREIGN + head)
    assert "child.py:1: custom_imports of 'models' passed over: posekit has every type used" in caplog.text


def test_custom_imports_say_what_is_missing(project):
    pipeline = "train_dataloader = dict(dataset=dict(type='CocoDataset', pipeline=[dict(type='Blend')]))"
    with pytest.raises(ConfigError, match=r"base.py:1: .* posekit has no 'Blend'; .* --plugin models"):
        project(child="_base_ = 'base.py'\n" + pipeline, base=FOREIGN)


def test_custom_imports_say_what_takes_the_place_of_known_models(project):
    with pytest.raises(ConfigError, match=r"no 'FasterRCNN' \(posekit's detectors are RTMDet and YOLOX"):
        project(child=FOREIGN + "model = dict(type='FasterRCNN')")


def test_bases_from_folders_that_the_person_allows(project, tmp_path):
    shared = tmp_path / "lab"
    (shared / "parts").mkdir(parents=True)
    (shared / "parts" / "base.py").write_text("_base_ = '../more.py'\nx = 1")
    (shared / "more.py").write_text("y = 2")
    child = f"_base_ = '{shared}/parts/base.py'"
    with pytest.raises(ConfigError, match="allow more with --config-root FOLDER"):
        project(child=child)
    assert load(tmp_path / "configs" / "child.py", roots=[shared]).to_dict() == dict(x=1, y=2)
    with pytest.raises(ConfigError, match=r"--config-root .*/lap: no such folder"):
        load(tmp_path / "configs" / "child.py", roots=[tmp_path / "lap"])


@pytest.mark.parametrize("package", ["mmpose/configs/new.py", "mmpose/__init__.py"])
def test_a_checkouts_configs_come_before_the_packaged(package, tmp_path):
    for name, text in {
        package: "",
        "configs/_base_/own.py": "x = 1",
        "projects/my/a.py": "_base_ = ['mmpose::_base_/own.py', 'mmpose::_base_/default_runtime.py']",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    config = load(tmp_path / "projects" / "my" / "a.py")
    assert config.x == 1
    assert "default_hooks" in config


def test_detectors_of_mmdet_are_posekits_own(tmp_path):
    (tmp_path / "mine.py").write_text("_base_ = 'mmdet::rtmdet/rtmdet_tiny_8xb32-300e_coco.py'\n", encoding="utf-8")
    assert load(tmp_path / "mine.py").model.type == "RTMDet"
    with pytest.raises(ConfigError, match=r"leads out of posekit's configs"):
        load("mmdet::../body_2d_keypoint/rtmo/coco/rtmo-s_8xb32-600e_coco-640x640.py")

"""Training with a teacher through the engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_run import tiny_config

from posekit.apis import init_model
from posekit.config import Config, load
from posekit.engine.config_check import check_config
from posekit.engine.evaluate import evaluate
from posekit.engine.hooks.base import BaseHook
from posekit.engine.task import initialised_model
from posekit.engine.train import train
from posekit.registry import HOOKS, BuildError

EPOCHS = 2


@pytest.fixture
def teacher(data: Path, tmp_path: Path) -> Path:
    """The folder of a trained teacher; its config is ``teacher.py`` and the student's the same."""
    config = tiny_config(data, train_cfg={"max_epochs": 1}, custom_hooks=[])
    train(config, work_dir=tmp_path / "teacher", device="cpu")
    (tmp_path / "teacher.py").write_text(f"model = {config.model.to_dict()!r}\n")
    return tmp_path


def distilling(data: Path, folder: Path, *, two_dis: bool) -> Config:
    features = {"type": "FeaLoss", "name": "loss_fea", "student_channels": 8, "teacher_channels": 8, "alpha_fea": 0.01}
    methods = [] if two_dis else [{**features, "use_this": True}]
    model = {
        "type": "DWPoseDistiller",
        "two_dis": two_dis,
        "teacher_cfg": str(folder / "teacher.py"),
        "student_cfg": str(folder / "teacher.py"),
        "teacher_pretrained": str(folder / "teacher" / "last.pth"),
        "distill_cfg": [{"methods": [*methods, {"type": "KDLoss", "name": "loss_logit", "use_this": True}]}],
    }
    return tiny_config(data, model=model, train_cfg={"max_epochs": EPOCHS})


@pytest.mark.parametrize("two_dis", [False, True], ids=["one", "two"])
def test_a_run_trains_the_student_alone(
    teacher: Path, data: Path, tmp_path: Path, two_dis: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights: list[float] = []

    class Weights(BaseHook):
        def on_train_batch_end(self, trainer: Any, pl_module: Any, *_: Any) -> None:
            weights.append(pl_module.model.epoch_weight)

    monkeypatch.setitem(HOOKS.classes, "Weights", Weights)
    config = distilling(data, teacher, two_dis=two_dis)
    config["custom_hooks"] = [*config["custom_hooks"], {"type": "Weights"}]
    result = train(config, work_dir=tmp_path / "run", device="cpu")
    taught = torch.load(teacher / "teacher" / "last.pth", weights_only=True)["state_dict"]
    for key, value in result.model.teacher.state_dict().items():
        assert torch.equal(value, taught[key])
    assert set(weights) == ({1.0} if two_dis else {1.0, 0.5})

    saved = torch.load(tmp_path / "run" / "last.pth", weights_only=True)["state_dict"]
    assert set(saved) == set(taught)
    moved = {key.partition(".")[0] for key, value in saved.items() if not torch.equal(value, taught[key])}
    assert moved == ({"head"} if two_dis else {"head", "backbone"})

    student = init_model(tiny_config(data), tmp_path / "run" / "last.pth")
    assert student.dataset_meta["dataset_name"] == "coco"
    by_student = evaluate(tiny_config(data), tmp_path / "run" / "last.pth", device="cpu").metrics
    by_distiller = evaluate(config, tmp_path / "run" / "last.pth", device="cpu").metrics
    assert by_student == by_distiller


def test_the_students_codec_must_be_the_pipelines(teacher: Path, data: Path, tmp_path: Path) -> None:
    text = (teacher / "teacher.py").read_text()
    (teacher / "teacher.py").write_text(text.replace("'sigma': 2.0", "'sigma': 3.0"))
    with pytest.raises(BuildError, match=r"teacher\.py: model\.head\.decoder .*: differs .* sigma is 3\.0 here"):
        train(distilling(data, teacher, two_dis=False), work_dir=tmp_path / "run", device="cpu")


def test_the_student_lies_beside_the_configs_own_root(
    teacher: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, elsewhere = tmp_path / "project" / "configs", tmp_path / "elsewhere" / "configs"
    for folder in (project, elsewhere):
        folder.mkdir(parents=True)
    (project / "student.py").write_text((teacher / "teacher.py").read_text())
    (elsewhere / "student.py").write_text("model = dict(type='no such model')")
    config = distilling(data, teacher, two_dis=False)
    config.model["student_cfg"] = "configs/student.py"
    config.dump(project / "distil.py")
    monkeypatch.chdir(elsewhere.parent)
    loaded = load(project / "distil.py")
    assert check_config(loaded) == []
    for build in (initialised_model, init_model):
        assert type(build(loaded).head).__name__ == "SimCCHead"
    (project / "student.py").unlink()  # the working directory is what remains
    with pytest.raises(BuildError, match="no such model"):
        initialised_model(loaded)

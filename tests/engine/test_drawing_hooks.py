"""Hooks that draw predictions, on a small run."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from tiny_run import tiny_config

from posekit.cli.main import main
from posekit.engine.evaluate import evaluate
from posekit.engine.hooks.bad_case_analysis_hook import BadCaseAnalysisHook
from posekit.engine.hooks.pose_visualization_hook import PoseVisualizationHook
from posekit.engine.task import initialised_model
from posekit.engine.train import train
from posekit.keypoints.skeleton import Skeleton
from posekit.media.image_header import ImageFileError
from posekit.structures import InstanceData, PoseDataSample

TEST_SIZE = 8


def enabled(**hooks: dict[str, Any]) -> dict[str, Any]:
    types = {"visualization": "PoseVisualizationHook", "badcase": "BadCaseAnalysisHook"}
    return {name: {"type": types[name], "enable": True, **settings} for name, settings in hooks.items()}


def evaluated(data: Path, folder: Path, model: Any = None, **hooks: dict[str, Any]) -> Any:
    config = tiny_config(data, default_hooks=enabled(**hooks))
    return evaluate(config, None, model=model or initialised_model(config), device="cpu", work_dir=folder)


def lone_sample(path: Path, *, scores: float = 1.0, **labels: Any) -> PoseDataSample:
    points = np.zeros((1, 17, 2), np.float32)
    points[0, :2] = (20, 30), (60, 30)
    predicted = InstanceData(keypoints=points, keypoint_scores=np.full((1, 17), scores))
    visible = np.zeros((1, 17))
    visible[0, :2] = 1
    true = {"keypoints": points + np.float32([3, 4]), "keypoints_visible": visible, **labels}
    return PoseDataSample(
        metainfo={"img_path": str(path), "id": 5}, pred_instances=predicted, gt_instances=InstanceData(**true)
    )


def lone_run(folder: Path) -> tuple[Any, Any]:
    trainer = SimpleNamespace(
        default_root_dir=folder, global_rank=0, world_size=1, is_global_zero=True, loggers=[], current_epoch=0,
        sanity_checking=False,
    )  # fmt: skip
    model = SimpleNamespace(dataset_meta=Skeleton.load("coco").metainfo())
    return trainer, SimpleNamespace(model=model, iterations=7)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "street.png"
    cv2.imwrite(str(path), np.full((50, 100, 3), 255, np.uint8))
    return path


def test_every_sample_of_a_test_is_drawn_under_the_name_of_its_image(data: Path, tmp_path: Path) -> None:
    evaluated(data, tmp_path, visualization={})
    names = {path.name for path in (tmp_path / "visualization").iterdir()}
    assert names == {f"{number}.jpg" for number in range(TEST_SIZE)}
    evaluated(data, tmp_path, visualization={"test_interval": 3, "out_dir": str(tmp_path / "some")})
    assert len(list((tmp_path / "some").iterdir())) == 3


def test_people_of_one_image_get_files_of_their_own(image: Path, tmp_path: Path) -> None:
    hook = PoseVisualizationHook(enable=True)
    run = lone_run(tmp_path)
    hook.setup(*run, "test")
    hook.on_test_batch_end(*run, [lone_sample(image), lone_sample(image)], None, 0)
    assert {path.name for path in (tmp_path / "visualization").iterdir()} == {"street.jpg", "street_1.jpg"}


def test_images_are_read_safely(tmp_path: Path) -> None:
    path = tmp_path / "broken.png"
    path.write_bytes(b"no image")
    hook = PoseVisualizationHook(enable=True)
    run = lone_run(tmp_path)
    hook.setup(*run, "test")
    with pytest.raises(ImageFileError, match=r"image .*broken.png: "):
        hook.on_test_batch_end(*run, [lone_sample(path)], None, 0)


def test_drawn_predictions_have_the_colors_of_the_set(image: Path, tmp_path: Path) -> None:
    hook = PoseVisualizationHook(enable=True)
    run = lone_run(tmp_path)
    hook.setup(*run, "test")
    hook.on_test_batch_end(*run, [lone_sample(image)], None, 0)
    drawn = cv2.imread(str(tmp_path / "visualization" / "street.jpg"))
    blue, green, red = drawn[30, 20].tolist()
    assert blue > green > red  # the nose is (51, 153, 255), R, G, B


def test_bad_cases_are_drawn_and_listed_worst_first(data: Path, tmp_path: Path) -> None:
    evaluated(data, tmp_path, badcase={"badcase_thr": 0})
    cases = json.loads((tmp_path / "badcase" / "results.json").read_text())
    losses = [case["KeypointMSELoss"] for case in cases]
    assert len(losses) == TEST_SIZE
    assert losses == sorted(losses, reverse=True)
    assert all((tmp_path / "badcase" / case["drawn"]).is_file() for case in cases)
    assert cases[0]["bbox"] == [[8, 8, 88, 88]]


def test_bad_cases_by_an_accuracy(data: Path, tmp_path: Path) -> None:
    accuracy = {"metric_type": "accuracy", "metric": [{"type": "PCKAccuracy", "thr": 0.1}], "badcase_thr": 0.05}
    result = evaluated(data, tmp_path, badcase=accuracy)
    cases = json.loads((tmp_path / "badcase" / "results.json").read_text())
    assert all(case["PCK"] <= 0.05 for case in cases)
    assert 0 < len(cases) < TEST_SIZE or result.metrics["PCK"] in (0, 1)
    with pytest.raises(ValueError, match="metric_key: no value 'AP'; there are PCK"):
        evaluated(data, tmp_path, badcase={"metric_type": "accuracy", "metric_key": "AP"})


def test_the_loss_counts_labelled_keypoints_only(image: Path) -> None:
    assert BadCaseAnalysisHook(enable=True).loss_of(lone_sample(image)) == pytest.approx((9 + 16) / 2)
    unlabelled = lone_sample(image, keypoints_visible=np.zeros((1, 17)))
    assert np.isnan(BadCaseAnalysisHook(enable=True).loss_of(unlabelled))


def test_labels_are_blue_and_predictions_red(image: Path, tmp_path: Path) -> None:
    hook = BadCaseAnalysisHook(enable=True, out_dir=str(tmp_path / "bad"))
    run = lone_run(tmp_path)
    hook.setup(*run, "test")
    hook.on_test_start(*run)
    hook.on_test_batch_end(*run, [lone_sample(image, scores=0.1)], None, 0)
    drawn = cv2.imread(str(next((tmp_path / "bad").glob("street_KeypointMSELoss_12.50.jpg"))))
    blue, _, red = drawn[30, 58].tolist()
    assert red > 180 > blue
    blue, _, red = drawn[35, 64].tolist()
    assert blue > 180 > red


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"metric_type": "AP"}, "neither 'loss' nor 'accuracy'"),
        ({"metric": {"type": "KeypointMSE"}}, "did you mean 'KeypointMSELoss'"),
    ],
)
def test_impossible_analyses_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BadCaseAnalysisHook(**settings)


@pytest.mark.parametrize(
    ("settings", "labels", "message"),
    [
        ({}, {"keypoints": np.zeros((2, 17, 2)), "keypoints_visible": np.ones((2, 17))}, "use metric_type='accuracy'"),
        (
            {"metric": {"type": "AssociativeEmbeddingLoss"}},
            {},
            "AssociativeEmbeddingLoss does not compare keypoints .* such as KeypointMSELoss",
        ),
    ],
)
def test_what_cannot_be_compared_is_named(
    settings: dict[str, Any], labels: dict[str, Any], message: str, image: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        BadCaseAnalysisHook(enable=True, **settings).loss_of(lone_sample(image, **labels))


def test_validation_is_drawn_and_goes_to_the_loggers(data: Path, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    backends = [{"type": "LocalVisBackend"}, {"type": "TensorboardVisBackend"}]
    hooks = {"logger": {"curves": None, "interval": 2}, **enabled(visualization={"interval": 1})}
    config = tiny_config(
        data, train_cfg={"max_epochs": 1}, default_hooks=hooks, custom_hooks=[],
        visualizer={"type": "PoseLocalVisualizer", "vis_backends": backends, "name": "visualizer"},
    )  # fmt: skip
    train(config, work_dir=tmp_path, device="cpu")
    assert len(list((tmp_path / "visualization").glob("epoch_1_*.jpg"))) == 2
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert events.Tags()["images"] == ["val/0", "val/1"]
    assert {"train/loss", "val/PCK"} <= set(events.Tags()["scalars"])


@pytest.fixture(scope="module")
def weights(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A config file and a checkpoint for it."""
    import torch

    folder = tmp_path_factory.mktemp("weights")
    config = tiny_config(data)
    config.dump(folder / "tiny.py")
    torch.save({"state_dict": initialised_model(config).state_dict()}, folder / "tiny.pth")
    return folder / "tiny.py", folder / "tiny.pth"


def command(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    return int(stopped.value.code or 0)


def test_the_test_command_draws_dumps_and_analyses(
    weights: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    options = ["--work-dir", tmp_path / "run", "--show-dir", tmp_path / "shown", "--interval", 4, "--badcase"]
    assert command("test", *weights, "--device", "cpu", "--dump", tmp_path / "p.json", *options) == 0
    assert len(list((tmp_path / "shown").iterdir())) == 2
    assert len(json.loads((tmp_path / "p.json").read_text())) == TEST_SIZE
    assert "PCK" in json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert (tmp_path / "run" / "badcase" / "results.json").is_file()
    assert f"images: {tmp_path / 'shown'}" in capsys.readouterr().out


SIGMA = 0.3
"""So wide that the poses of an untrained model count as near."""


@pytest.mark.parametrize("metric", [{"type": "CocoMetric", "sigmas": [SIGMA] * 17}, {"type": "PCKAccuracy"}])
def test_report_reads_what_test_writes(
    metric: dict[str, Any],
    data: Path,
    weights: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    config = tiny_config(data, test_evaluator=metric)
    config.test_dataloader.dataset.indices = None
    config.dump(tmp_path / "all.py")
    files = ["--out", tmp_path / "p.json", "--metrics-out", tmp_path / "m.json"]
    assert command("test", tmp_path / "all.py", weights[1], "--device", "cpu", *files) == 0
    capsys.readouterr()
    labels = [data / "train.json", tmp_path / "p.json", "--sigmas", SIGMA, "--bootstrap", 0]
    assert command("report", *labels) == 0
    rows = [[cell.strip() for cell in line.split("│")] for line in capsys.readouterr().out.splitlines()]
    values = {row[1]: float(row[2]) for row in rows if len(row) == 4 and row[1] in ("AP", "AR")}
    assert values["AR"] >= values["AP"] > 0.05
    if metric["type"] == "CocoMetric":
        scores = json.loads((tmp_path / "m.json").read_text())
        assert values == {name: pytest.approx(scores[f"coco/{name}"], abs=1e-3) for name in values}


def test_the_train_command_draws_and_ends_with_the_result(
    weights: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    options = ["--work-dir", tmp_path / "run", "--show-dir", tmp_path / "shown", "--interval", 2]
    assert command("train", weights[0], "--device", "cpu", "--max-epochs", 1, *options) == 0
    assert len(list((tmp_path / "shown").iterdir())) == 1
    line = capsys.readouterr().out.splitlines()[-1]
    assert line.startswith("trained 1 epoch, 5 steps, in 0:")
    assert line.endswith(f"last: {tmp_path / 'run' / 'last.pth'}")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--dump", "p.pkl"], "written as JSON, not pickled"),
        (["--interval", "2"], "nothing is drawn; give --show-dir"),
        (["--show-dir", "tiny.py"], "is a file; name a folder"),
    ],
)
def test_wrong_options_are_refused(
    options: list[str],
    message: str,
    weights: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    monkeypatch.chdir(weights[0].parent)
    assert command("test", *weights, *options) == 2
    assert message in capsys.readouterr().err

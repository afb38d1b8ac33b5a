"""Orders, positions and stages of the training data."""

from __future__ import annotations

import copy
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_run import tiny_config

from posekit.config import Config
from posekit.datasets.base import BadSampleError
from posekit.datasets.samplers.default_sampler import DefaultSampler
from posekit.datasets.transforms.base import DeviceTransform
from posekit.datasets.transforms.pipeline import Pipeline
from posekit.engine.data_module import PoseDataModule, StagedDataset
from posekit.engine.hooks.accuracy_hook import KEYPOINTS
from posekit.engine.loader import EpochBatches, ResumableLoader, collate_columns
from posekit.engine.train import train
from posekit.registry import TRANSFORMS
from posekit.structures import InstanceData, PoseDataSample


class Numbers:
    """A dataset that says which index was read in which epoch."""

    def __init__(self, size: int = 10) -> None:
        self.size, self.epoch, self.seed = size, 0, 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> tuple[int, int]:
        return self.epoch, index


def loader(size: int = 10, batch_size: int = 4, *, drop_last: bool = False) -> ResumableLoader:
    dataset = Numbers(size)
    return ResumableLoader(
        dataset, EpochBatches(DefaultSampler(dataset, seed=3), batch_size, drop_last), collate_fn=list
    )


def epochs(source: ResumableLoader, count: int) -> list[Any]:
    return list(itertools.chain.from_iterable(list(source) for _ in range(count)))


def test_each_epoch_visits_every_sample_once_in_its_own_order() -> None:
    batches = epochs(loader(), 2)
    first, second = (list(itertools.chain(*half)) for half in (batches[:3], batches[3:]))
    assert sorted(first) == [(0, index) for index in range(10)]
    assert sorted(second) == [(1, index) for index in range(10)]
    assert [index for _, index in first] != [index for _, index in second]


@pytest.mark.parametrize("done", range(7))
def test_seeking_continues_where_another_loader_stopped(done: int) -> None:
    whole, stopped = epochs(loader(), 3), loader()
    batches = itertools.chain.from_iterable(iter(stopped) for _ in range(3))
    for _ in range(done):
        next(batches)
    resumed = loader()
    resumed.seek(stopped.position())
    rest = list(itertools.islice(itertools.chain.from_iterable(iter(resumed) for _ in range(3)), len(whole) - done))
    assert rest == whole[done:]


def test_loading_does_not_draw_on_the_models_random_numbers() -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    epochs(loader(), 1)
    assert torch.equal(before, torch.get_rng_state())


def test_drop_last() -> None:
    assert [len(batch) for batch in epochs(loader(drop_last=True), 1)] == [4, 4]
    assert [len(batch) for batch in epochs(loader(), 1)] == [4, 4, 2]


@pytest.mark.parametrize(("round_up", "lengths"), [(True, [4, 4, 4]), (False, [4, 3, 3])])
def test_ranks_share_the_samples(round_up: bool, lengths: list[int]) -> None:
    shares = [DefaultSampler(range(10), seed=1, round_up=round_up, rank=rank, world_size=3) for rank in range(3)]
    assert [len(share) for share in shares] == lengths
    assert [len(list(share)) for share in shares] == lengths
    assert set(itertools.chain(*shares)) == set(range(10))


def test_stages_begin_at_their_epoch() -> None:
    first, second = Numbers(), Numbers()
    staged = StagedDataset([(0, first), (2, second)])
    for epoch, expected in ((0, first), (1, first), (2, second), (5, second)):
        staged.set_epoch(epoch)
        assert staged.current is expected


def test_stages_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="must be of one length; found \\[9, 10\\]"):
        StagedDataset([(0, Numbers(10)), (1, Numbers(9))])


def data_module(data: Path, **options: Any) -> PoseDataModule:
    config = tiny_config(data)
    return PoseDataModule({"train": config.train_dataloader, "val": config.val_dataloader}, **options)


def test_device_targets_equal_those_of_the_workers(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fast, slow = data_module(data, seed=4), data_module(data, seed=4)
    ours = next(iter(fast.train_dataloader()))
    monkeypatch.setattr(Pipeline, "split", lambda pipeline: (pipeline, []))
    theirs = next(iter(slow.train_dataloader()))
    assert torch.equal(ours["inputs"], theirs["inputs"])
    assert "gt_instance_labels.keypoint_x_labels" not in ours["data_samples"]
    for step in fast.device_steps:
        step.apply(ours["inputs"], ours["data_samples"])
    for name in ("keypoint_x_labels", "keypoint_y_labels", "keypoint_weights"):
        device, worker = (batch["data_samples"].column(f"gt_instance_labels.{name}") for batch in (ours, theirs))
        assert device.shape == worker.shape
        np.testing.assert_allclose(device.numpy(), worker.numpy(), atol=1e-5)


class Shift(DeviceTransform):
    """A made-up augmentation: moves images and keypoints a pixel to the right, and notes what it saw."""

    def __init__(self) -> None:
        self.seen: list[torch.Tensor] = []

    def apply(self, inputs: torch.Tensor, samples: Any) -> torch.Tensor:
        keypoints = samples.column(KEYPOINTS)
        self.seen.append(keypoints)
        samples.set_column(KEYPOINTS, keypoints + torch.tensor([1.0, 0.0]))
        return inputs.roll(1, dims=3)


def shifted(data: Path, place: int) -> Config:
    """Return a config with ``Shift`` at a place of its training pipeline."""
    config = tiny_config(data, train_cfg={"max_epochs": 1}, val_dataloader=None, custom_hooks=[], default_hooks={})
    config.train_dataloader.dataset.pipeline.insert(place, {"type": "Shift"})
    return config


@pytest.fixture
def _shift(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TRANSFORMS.classes, "Shift", Shift)


@pytest.mark.usefixtures("_shift")
def test_an_augmentation_on_the_device_comes_before_the_targets(data: Path) -> None:
    module, plain = PoseDataModule({"train": shifted(data, -2).train_dataloader}), data_module(data)
    batch, same = next(iter(module.train_dataloader())), next(iter(plain.train_dataloader()))
    shift, encode = module.device_steps
    assert isinstance(shift, Shift)
    inputs = encode.apply(shift.apply(batch["inputs"], batch["data_samples"]), batch["data_samples"])
    [other] = plain.device_steps
    other.apply(same["inputs"], same["data_samples"])
    assert torch.equal(inputs, same["inputs"].roll(1, dims=3))
    name = "gt_instance_labels.keypoint_x_labels"
    moved, before = (batch["data_samples"].column(name), same["data_samples"].column(name))
    centred = (before.argmax(-1) > 10) & (before.argmax(-1) < 50)  # the curve is not cut off at the border
    assert torch.equal(moved.argmax(-1)[centred], before.argmax(-1)[centred] + 2)  # a pixel is two bins


@pytest.mark.usefixtures("_shift")
def test_training_runs_the_steps_of_the_device(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    steps: list[Any] = []
    split = Pipeline.split
    monkeypatch.setattr(Pipeline, "split", lambda pipeline: steps.append(split(pipeline)) or steps[-1])
    train(shifted(data, -2), work_dir=tmp_path, device="cpu")
    assert len(steps[-1][1][0].seen) == 5
    table = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "KeepKeypoints, PackPoseInputs; device: Shift, targets of SimCCLabel" in table
    assert "device: Shift, targets of SimCCLabel" in (tmp_path / "log.txt").read_text()


@pytest.mark.usefixtures("_shift")
def test_a_step_of_the_device_before_one_of_the_workers_is_refused(data: Path, tmp_path: Path) -> None:
    message = r"pipeline\[4\] Shift runs on the training device, .* in workers: TopdownAffine, .* before PackPoseInputs"
    with pytest.raises(ValueError, match=message):
        train(shifted(data, 4), work_dir=tmp_path, device="cpu")


def test_a_step_of_the_device_takes_no_single_sample(data: Path) -> None:
    with pytest.raises(ValueError, match="Shift changes whole batches on the training device"):
        Pipeline([*tiny_config(data).val_dataloader.dataset.pipeline[:-1], Shift()])(
            data_module(data).dataset("train").get_data_info(0)
        )


@pytest.mark.filterwarnings("ignore:This DataLoader will create 2 worker")  # on a machine with one core
def test_a_sample_is_the_same_in_any_worker(data: Path) -> None:
    config = tiny_config(data)
    with_worker = copy.deepcopy(config.train_dataloader)
    with_worker.update(num_workers=2)
    plain, parallel = (
        PoseDataModule({"train": settings}, seed=9) for settings in (config.train_dataloader, with_worker)
    )
    for one, other in zip(plain.train_dataloader(), parallel.train_dataloader(), strict=True):
        assert torch.equal(one["inputs"], other["inputs"])


def test_another_pipeline_from_an_epoch_on(data: Path) -> None:
    module = data_module(data)
    steps = tiny_config(data).train_dataloader.dataset.pipeline
    module.add_stage(1, pipeline=[step for step in steps if not step["type"].startswith("Random")])
    source = module.train_dataloader()
    batches = epochs(source, 2)
    flipped = [[info["flip"] for info in batch["data_samples"].metainfos if "flip" in info] for batch in batches]
    assert any(any(flags) for flags in flipped[:5])
    assert not any(any(flags) for flags in flipped[5:])


def combined(data: Path, *, workers: int = 0, batch_size: int = 6) -> dict[str, Any]:
    """Return a loader of two datasets, of 20 and 8 samples, in shares of 2 to 1."""
    settings = copy.deepcopy(tiny_config(data, workers=workers).train_dataloader.to_dict())
    whole = settings["dataset"]
    steps, own = whole.pop("pipeline"), [dict(type="KeypointConverter", mapping="coco_to_coco")]
    parts = [dict(whole, pipeline=own), dict(whole, pipeline=own, indices=8)]
    metainfo = {"from_file": "configs/_base_/datasets/coco.py"}
    settings["dataset"] = dict(type="CombinedDataset", metainfo=metainfo, datasets=parts, pipeline=steps)
    settings.update(batch_size=batch_size, sampler=dict(type="MultiSourceSampler", batch_size=6, source_ratio=[2, 1]))
    return settings


def test_batches_mix_data_sets_and_resume(data: Path) -> None:
    module = PoseDataModule({"train": combined(data)}, seed=3)
    source = module.train_dataloader()
    order = np.array(list(source.batch_sampler.sampler)).reshape(-1, 6)  # pyright: ignore
    assert ((order >= 20).sum(axis=1) == 2).all()
    batches = epochs(source, 2)
    again = PoseDataModule({"train": combined(data, workers=1)}, seed=3)
    again.load_state_dict({"epoch": 1, "done": 2})
    for one, other in zip(batches[7:], again.train_dataloader(), strict=True):
        assert torch.equal(one["inputs"], other["inputs"])


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_batch_of_samples_that_hold_different_labels(order: tuple[int, int]) -> None:
    kinds: list[dict[str, Any]] = [
        {"bboxes": np.zeros((1, 4))},
        {"bboxes": np.ones((1, 4)), "head_size": np.ones((1, 1))},
    ]
    samples = [PoseDataSample(gt_instances=InstanceData(**kinds[kind])) for kind in order]
    batch = collate_columns([{"inputs": torch.zeros(1), "data_samples": sample} for sample in samples])["data_samples"]
    assert batch.column("gt_instances.bboxes").shape == (2, 1, 4)
    assert ["head_size" in sample.gt_instances for sample in batch] == [kind == 1 for kind in order]


def test_batches_that_a_sampler_does_not_mix(data: Path, caplog: pytest.LogCaptureFixture) -> None:
    PoseDataModule({"train": combined(data, batch_size=12)}).train_dataloader()
    assert not caplog.text
    PoseDataModule({"train": combined(data, batch_size=4)}).train_dataloader()
    assert "batches of 4, but MultiSourceSampler mixes its datasets in every 6 samples" in caplog.text


@pytest.mark.parametrize("changes", [{"batch_size": 30, "drop_last": True}, {"dataset": Numbers(0)}])
def test_training_on_nothing_is_refused(data: Path, changes: dict[str, Any]) -> None:
    settings = copy.deepcopy(tiny_config(data).train_dataloader.to_dict())
    settings.update(changes)
    with pytest.raises(ValueError, match=r"train_dataloader: \d+ samples make no batch of"):
        PoseDataModule({"train": settings}).train_dataloader()


def test_another_pipeline_for_a_repeated_data_set(data: Path) -> None:
    settings = copy.deepcopy(tiny_config(data).train_dataloader.to_dict())
    steps = settings["dataset"]["pipeline"]
    settings["dataset"] = dict(type="RepeatDataset", dataset=settings["dataset"], times=2)
    module = PoseDataModule({"train": settings})
    module.add_stage(1, pipeline=[step for step in steps if step["type"] != "RandomFlip"])
    batches = epochs(module.train_dataloader(), 2)
    assert module.device_steps
    flips = [any(info.get("flip") for info in batch["data_samples"].metainfos) for batch in batches]
    assert (any(flips[:10]), any(flips[10:])) == (True, False)


class Broken(Numbers):
    def __getitem__(self, index: int) -> Any:
        if index == 3:
            raise IndexError("list index out of range")
        return index

    def get_data_info(self, index: int) -> dict[str, str]:
        return {"img_path": f"{index}.png"}


@pytest.mark.parametrize("workers", [0, 1])
def test_an_error_names_its_sample_without_a_traceback(workers: int) -> None:
    dataset = StagedDataset([(0, Broken())])
    batches = EpochBatches(DefaultSampler(dataset), 4, drop_last=False)
    source = ResumableLoader(dataset, batches, num_workers=workers, collate_fn=list)
    with pytest.raises(BadSampleError) as caught:
        list(source)
    assert str(caught.value).startswith("sample 3 of Broken (3.png): IndexError: list index out of range (test_loader")


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize(
    ("pipeline", "message"),
    [
        ([], r"sample \d+ of CocoDataset .*its pipeline is empty, .* end it with PackPoseInputs"),
        ([{"type": "LoadImage"}], r"sample \d+ of CocoDataset .*its pipeline ends with LoadImage, .*'inputs'"),
    ],
)
def test_a_pipeline_that_packs_nothing_is_named(
    data: Path, tmp_path: Path, workers: int, pipeline: list[Any], message: str
) -> None:
    config = tiny_config(data, workers=workers)
    config.train_dataloader.dataset.pipeline = pipeline
    with pytest.raises(BadSampleError, match=message):
        train(config, work_dir=tmp_path, device="cpu")

"""The folder of a job takes no other one, and forgets what was not noted whole."""

from __future__ import annotations

import pytest

from posekit.batch.job_folder import JobFolder
from posekit.folder_lock import FolderInUseError

JOB = {"model": "a.onnx", "max_people": None, "sources": ["/in"], "inputs": {"sha256": "1", "count": 7}}


@pytest.fixture
def folder(tmp_path):
    return JobFolder(tmp_path / "out")


def test_the_same_job_goes_on(folder):
    with folder.opened(JOB) as committed:
        assert committed == {}
    line = '{"shard": 3, "source": "in", "poses": 5, "errors": 1}\n'
    (folder.path / "manifest.jsonl").write_text(line + line[:20])
    with folder.opened(JOB) as committed:
        assert list(committed) == [3]
    assert (folder.path / "manifest.jsonl").read_text() == line


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "b.onnx"}, 'model was "a.onnx", is "b.onnx"'),
        ({"sources": ["/other"], "inputs": {"sha256": "2", "count": 7}}, "sources was"),
        ({"inputs": {"sha256": "2", "count": 8}}, "inputs was .*7.* is .*8"),
        ({"max_people": 1}, "max_people was null, is 1"),
    ],
)
def test_another_job_is_refused(folder, changes, message):
    with folder.opened(JOB):
        pass
    with (
        pytest.raises(ValueError, match=f"out: holds another job .*{message}.*another --out"),
        folder.opened(JOB | changes),
    ):
        pass


def test_a_folder_of_other_things_is_refused(folder):
    folder.path.mkdir()
    (folder.path / "photo.jpg").touch()
    with pytest.raises(FileExistsError, match=r"holds photo\.jpg and no batch job"), folder.opened(JOB):
        pass


def test_one_run_at_a_time(folder):
    with folder.opened(JOB), pytest.raises(FolderInUseError, match="with --out"), folder.opened(JOB):
        pass

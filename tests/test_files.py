"""Places that files are written to."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from posekit.files import require_writable


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()


@pytest.mark.parametrize("folder", [False, True])
@pytest.mark.parametrize("path", ["new", "folder/new", "new/newer/newest"])
def test_new_places_are_allowed(path: str, folder: bool) -> None:
    require_writable(Path(path), folder=folder)
    assert not Path(path).exists()


@pytest.mark.parametrize(("path", "folder"), [("file", False), ("folder", True)])
def test_what_is_there_may_be_written_to(path: str, folder: bool) -> None:
    require_writable(Path(path), folder=folder)


@pytest.mark.parametrize(
    ("path", "folder", "message"),
    [
        ("folder", False, "folder: is a folder; name a file to write"),
        ("file", True, "file: is a file; name a folder to write"),
        ("file/a/b", True, "file is a file; choose another place"),
        ("file/a.json", False, "file is a file; choose another place"),
    ],
)
def test_other_places_are_refused(path: str, folder: bool, message: str) -> None:
    with pytest.raises(OSError, match=re.escape(message)):
        require_writable(Path(path), folder=folder)


def test_folders_of_others_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(OSError, match=r"new: cannot be written, because .* is not writable for you"):
        require_writable(Path("folder/new"))

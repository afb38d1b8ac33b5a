"""The documentation builds as a site: no broken link, no page without a home."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def test_the_site_builds_without_warnings(tmp_path):
    pytest.importorskip("mkdocs_static_i18n")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for page in ("index.html", "tour/index.html", "tutorials/own_package/index.html", "zh/index.html"):
        assert (tmp_path / "site" / page).exists()


def test_the_chinese_index_lists_every_chinese_page():
    folder = ROOT / "docs" / "zh"
    index = (folder / "index.md").read_text(encoding="utf-8")
    pages = [page.relative_to(folder).as_posix() for page in folder.rglob("*.md")]
    assert not [page for page in pages if page != "index.md" and f"({page})" not in index]


def test_chinese_pages_show_the_commands_of_the_english_ones():
    folder = ROOT / "docs" / "zh"
    for page in folder.rglob("*.md"):
        english = (ROOT / "docs" / "en" / page.relative_to(folder)).read_text(encoding="utf-8")
        ours = re.findall(r"^ {4}(posekit .*?)(?: *#.*)?$", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert not [command for command in ours if command not in english], page.name


def test_the_reference_is_that_of_the_code():
    command = [sys.executable, "tools/write_reference.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

"""Recorded encodings and decodings of the field's reference implementation."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest


def test_recorded_cases(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Golden numbers: ``shared/conformance/codecs.npz``, 63 cases."""
    folder = shared / "conformance"
    monkeypatch.syspath_prepend(str(folder))
    spec = importlib.util.spec_from_file_location("conformance_check", folder / "check.py")
    assert spec is not None
    assert spec.loader is not None
    check = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(check)
    failures = []
    for name, run, case in check.collect("codecs"):
        try:
            run(case)
        except check.Mismatch as error:
            failures.append(f"{name}: {error}")
    assert not failures

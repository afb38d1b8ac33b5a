"""Recorded encodings and decodings of the field's reference implementation."""

from __future__ import annotations

from typing import Any


def test_recorded_cases(checker: Any) -> None:
    """Golden numbers: ``shared/conformance/codecs.npz``, 63 cases."""
    failures = []
    for name, run, case in checker.collect("codecs"):
        try:
            run(case)
        except checker.Mismatch as error:
            failures.append(f"{name}: {error}")
    assert not failures
